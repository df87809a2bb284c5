"""Who is in which zone, reckoned from grants and rear-clears alone; and the waits of all queues."""

from collections import deque

from actors.fleet.traffic import Traffic
from actors.messages import Visit
from actors.site.roadmap import Roadmap
from sim.waits import circular


class ZoneAccount:
    """The judge's own account: it shares nothing with traffic but what was granted and cleared."""

    def __init__(self, roadmap: Roadmap, rear_clear_m: float) -> None:
        self._edges = roadmap.edges
        self._rear_clear_m = rear_clear_m
        self._holder: dict[str, str] = {}
        self.road: dict[str, deque[Visit]] = {}
        """By vehicle, what is granted and not cleared."""
        self.overlaps = 0
        """How often a zone was granted to one vehicle while another held it."""

    def stand(self, vehicle: str, visit: Visit) -> None:
        """A vehicle has been put on the road."""
        self.road[vehicle] = deque()
        self.grant(vehicle, visit)

    def grant(self, vehicle: str, visit: Visit) -> None:
        """A vehicle has been granted one more visit."""
        for zone in self.zones(visit):
            self.overlaps += self._holder.setdefault(zone, vehicle) != vehicle
        self.road[vehicle].append(visit)

    def clear(self, vehicle: str, cleared: int) -> None:
        """The rear has left all visits up to `cleared`."""
        road = self.road[vehicle]
        while road and road[0].seq <= cleared:
            self._release(vehicle, road.popleft())

    def lift(self, vehicle: str) -> None:
        """The vehicle has been taken off the road."""
        self.clear(vehicle, self.road[vehicle][-1].seq)
        del self.road[vehicle]

    def _release(self, vehicle: str, visit: Visit) -> None:
        kept = {zone for other in self.road[vehicle] for zone in self.zones(other)}
        for zone in self.zones(visit) - kept:
            if self._holder.get(zone) == vehicle:
                del self._holder[zone]

    def zones(self, visit: Visit) -> set[str]:
        """All zones that a vehicle holds on a visit."""
        return {zone for edge in visit.edges for zone in self._edges[edge].zones}

    def length_m(self, visit: Visit) -> float:
        """How long the way through a visit is."""
        return sum(self._edges[edge].length_m for edge in visit.edges)

    def has_circle(self, traffic: Traffic) -> bool:
        """Whether visits in the queues, as they now stand, wait for each other in a circle."""
        roads: dict[str, list[int]] = {}
        leaves_in: dict[tuple[str, int], int] = {}
        for vehicle in self.road:
            visits = traffic.road(vehicle)
            roads[vehicle] = [visit.seq for visit in visits]
            for i, visit in enumerate(visits):
                beyond_m, later = 0.0, i
                while beyond_m < self._rear_clear_m and later + 1 < len(visits):
                    later += 1
                    beyond_m += self.length_m(visits[later])
                out = later if beyond_m >= self._rear_clear_m else len(visits)
                leaves_in[vehicle, visit.seq] = visits[0].seq + out
        return circular(roads, list(traffic.orders().values()), leaves_in)
