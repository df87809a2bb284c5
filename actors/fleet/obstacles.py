"""What is not ours and stands on the road, and zones that operators block."""

from collections.abc import Iterable

from actors.fleet.traffic import Traffic
from actors.messages import Obstacle, ObstacleAnswer


class Obstacles:
    """Obstacles by id, and the zones that they keep AGVs out of."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self.zones = {edge.zone for edge in traffic.roadmap.edges.values()}
        """All zones of the site."""
        self._present: dict[str, Obstacle] = {}

    def put(self, obstacle: Obstacle, vehicles: Iterable[str], now_s: float) -> ObstacleAnswer:
        """Let nobody into its zones from now on; AGVs that may already drive there are named."""
        unknown = [zone for zone in obstacle.zones if zone not in self.zones]
        if unknown:
            return ObstacleAnswer("refused", f"no zone of the site: {', '.join(unknown)}")
        in_use = self._in_use(obstacle, vehicles)
        before = self._present.get(obstacle.id)
        if before == obstacle:
            return ObstacleAnswer("same", in_use=in_use)
        by = _blocker(obstacle.id)
        if before is not None:
            self._traffic.unblock(by)
        self._present[obstacle.id] = obstacle
        self._traffic.block(obstacle.zones, by, now_s)
        return ObstacleAnswer("created" if before is None else "changed", in_use=in_use)

    def remove(self, id: str) -> Obstacle | None:
        """The obstacle is gone; None if there was none of that id."""
        gone = self._present.pop(id, None)
        if gone is not None:
            self._traffic.unblock(_blocker(id))
        return gone

    def occupy(self, zones: Iterable[str]) -> bool:
        """Whether an obstacle stands in one of the zones, or an operator has blocked one."""
        wanted = set(zones)
        return any(not wanted.isdisjoint(obstacle.zones) for obstacle in self._present.values())

    def _in_use(self, obstacle: Obstacle, vehicles: Iterable[str]) -> tuple[str, ...]:
        return tuple(
            vehicle
            for vehicle in vehicles
            if any(
                zone in obstacle.zones
                for visit in self._traffic.granted(vehicle)
                for edge in visit.edges
                for zone in self._traffic.roadmap.edges[edge].zones
            )
        )


def _blocker(id: str) -> str:
    return f"obstacle {id}"
