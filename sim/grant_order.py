"""Are grants given in order? An account of who was granted which zone, from the wire alone."""

from collections import deque

import msgspec

from actors.messages import Visit
from actors.site.roadmap import Edge


class Granted(msgspec.Struct):
    """The visits granted to one vehicle whose rear has not been reported clear of them."""

    visits: deque[Visit]
    node: str
    """Where the last of them ends."""


class GrantOrder:
    """Told of every grant that is sent and every rear that a controller reports clear.

    Each grant goes on where the one before ended, by number and on the map; what is repeated is as
    it was; and no zone is granted to a vehicle while another that was granted it has not been
    reported clear of it.
    """

    def __init__(self, edges: dict[str, Edge], starts: dict[str, Visit]) -> None:
        self._edges = edges
        self._granted = {
            vehicle: Granted(deque([visit]), edges[visit.edges[-1]].end)
            for vehicle, visit in starts.items()
        }
        self._holders: dict[str, list[str]] = {}
        for vehicle, visit in starts.items():
            self._holders.setdefault(visit.zone, []).append(vehicle)

    def sent(self, vehicle: str, visits: tuple[Visit, ...]) -> list[str]:
        """A grant was sent; what is wrong with it, in words."""
        granted = self._granted[vehicle]
        found: list[str] = []
        before = visits[0].seq - 1
        for visit in visits:
            if visit.seq != before + 1:
                found.append(f"{vehicle}: visit {visit.seq} after {before} in one grant")
            before = visit.seq
            end = granted.visits[-1].seq
            if visit.seq <= end:
                found += self._repeated(vehicle, granted, visit)
            elif visit.seq > end + 1:
                found.append(f"{vehicle}: visit {visit.seq} is granted after {end}")
                self._take(vehicle, granted, visit, found)
            else:
                self._take(vehicle, granted, visit, found)
        return found

    def clear(self, vehicle: str, cleared: int) -> None:
        """The vehicle's controller has reported its rear clear of all visits up to `cleared`."""
        granted = self._granted[vehicle]
        while len(granted.visits) > 1 and granted.visits[0].seq <= cleared:
            self._holders[granted.visits.popleft().zone].remove(vehicle)

    def set_down(self, vehicle: str, visit: Visit) -> None:
        """A tow has set the vehicle down in `visit`, and its controller has said so."""
        for held in self._granted[vehicle].visits:
            self._holders[held.zone].remove(vehicle)
        node = self._edges[visit.edges[-1]].end
        self._granted[vehicle] = Granted(deque([visit]), node)
        self._holders.setdefault(visit.zone, []).append(vehicle)

    def _repeated(self, vehicle: str, granted: Granted, visit: Visit) -> list[str]:
        known = next((one for one in granted.visits if one.seq == visit.seq), visit)
        if known == visit:
            return []
        return [f"{vehicle}: visit {visit.seq} was {known.edges}, is now {visit.edges}"]

    def _take(self, vehicle: str, granted: Granted, visit: Visit, found: list[str]) -> None:
        for edge_id in visit.edges:
            edge = self._edges.get(edge_id)
            if edge is None or edge.start != granted.node or edge.zone != visit.zone:
                place = f"{edge_id} in zone {visit.zone}"
                found.append(f"{vehicle}: {place} does not go on from {granted.node}")
            if edge is not None:
                granted.node = edge.end
        holders = self._holders.setdefault(visit.zone, [])
        others = [other for other in holders if other != vehicle]
        if others:
            found.append(f"{vehicle}: zone {visit.zone} is still held by {', '.join(others)}")
        holders.append(vehicle)
        granted.visits.append(visit)
