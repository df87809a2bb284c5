"""The road that an AGV holds: what may be added to it, and where on it the AGV is.

Everything that was granted is put end to end on one line, on which places are distances from where
the AGV was switched on [m].
"""

import math
from collections import deque
from itertools import pairwise

import msgspec
from bordergate_msgs.msg import Edge, Visit

JOIN_M = 0.1
"""Pieces of road that begin so far from the end of the one before do not go on there [ours]."""
LENGTH_TOLERANCE_M, LENGTH_TOLERANCE = 0.05, 0.02
"""A length may differ so much, and by this share, from that of its polyline: points are rounded,
and curves are longer than the chords that are drawn for them [ours]."""
NEAR_M = 1e-6
"""Distances closer than this are equal: timers are rounded to whole nanoseconds."""
COORDINATE_MAX_M = 1e6
"""As far as a map reaches."""

Point = tuple[float, float]


class BadRoadError(ValueError):
    """Visits that make no sense by themselves."""


class NoJoinError(ValueError):
    """Visits that do not go on where the road held ends."""


class HeldEdge(msgspec.Struct, frozen=True, gc=False):
    """A piece of road as it was granted."""

    id: str
    points: tuple[Point, ...]
    length_m: float
    speed_mps: float


class Passage(msgspec.Struct, frozen=True, gc=False):
    """A visit with where it lies on the line [m]."""

    seq: int
    zone: str
    edges: tuple[HeldEdge, ...]
    begin_m: float
    end_m: float


class Road:
    """The passages held, the rearmost first; there is always one."""

    def __init__(self, seq: int, zone: str, edge: HeldEdge) -> None:
        self.passages = deque([Passage(seq, zone, (edge,), 0.0, edge.length_m)])

    @property
    def end_seq(self) -> int:
        """The last visit that may be driven."""
        return self.passages[-1].seq

    @property
    def end_m(self) -> float:
        """Where the front has to stop at the latest."""
        return self.passages[-1].end_m

    def fresh(self, visits: list[Visit]) -> list[Visit]:
        """The visits that are not held or behind yet; the others have to be those that are held.

        Raises:
            BadRoadError: a visit makes no sense.
            NoJoinError: one does not go on where the one before ends.
        """
        held = {passage.seq: passage for passage in self.passages}
        for number, visit in enumerate(visits):
            if visit.seq != visits[0].seq + number:
                raise BadRoadError(f"visit {visit.seq} after {visits[0].seq + number - 1}")
            edges = held_edges(visit)
            known = held.get(visit.seq)
            if known is not None and (known.zone, known.edges) != (visit.zone, edges):
                raise NoJoinError(f"visit {visit.seq} is not the one that is held")
        return [visit for visit in visits if visit.seq > self.end_seq]

    def extend(self, visits: list[Visit]) -> None:
        """Add visits to the end; all of them or, if one does not fit, none.

        Raises:
            BadRoadError: a visit makes no sense.
            NoJoinError: one does not go on where the one before ends.
        """
        last = self.passages[-1]
        if visits[0].seq != last.seq + 1:
            raise NoJoinError(f"visit {visits[0].seq} does not follow {last.seq}")
        end = last.edges[-1].points[-1]
        begin_m, added = last.end_m, []
        for visit in visits:
            edges = held_edges(visit)
            for edge in edges:
                if math.dist(end, edge.points[0]) > JOIN_M:
                    raise NoJoinError(f"edge {edge.id} does not begin where the road ends")
                end = edge.points[-1]
            end_m = begin_m + sum(edge.length_m for edge in edges)
            added.append(Passage(visit.seq, visit.zone, edges, begin_m, end_m))
            begin_m = end_m
        self.passages += added

    def move_to(self, visit: Visit) -> None:
        """Hold this visit and nothing else: the AGV has been brought to its end.

        Raises:
            BadRoadError: the visit makes no sense.
        """
        edges = held_edges(visit)
        begin_m = self.end_m
        end_m = begin_m + sum(edge.length_m for edge in edges)
        self.passages = deque([Passage(visit.seq, visit.zone, edges, begin_m, end_m)])

    def drop_cleared(self, rear_m: float) -> int:
        """Drop what lies behind `rear_m`, but for the last passage; the last seq dropped, or -1."""
        cleared = -1
        while len(self.passages) > 1 and self.passages[0].end_m <= rear_m + NEAR_M:
            cleared = self.passages.popleft().seq
        return cleared

    def stretches(self, at_m: float, speed_max_mps: float) -> list[tuple[float, float]]:
        """(end [m], speed limit [m/s]) of every edge ahead of `at_m`."""
        found = []
        for passage in self.passages:
            end_m = passage.begin_m
            for edge in passage.edges:
                end_m += edge.length_m
                if end_m > at_m + NEAR_M:
                    found.append((end_m, min(edge.speed_mps, speed_max_mps)))
        return found

    def point(self, at_m: float) -> Point:
        """The point of the map at a place on the line; the road's own ends beyond them."""
        for passage in self.passages:
            begin_m = passage.begin_m
            for edge in passage.edges:
                if at_m <= begin_m + edge.length_m + NEAR_M:
                    return _along(edge, max(at_m - begin_m, 0.0))
                begin_m += edge.length_m
        return self.passages[-1].edges[-1].points[-1]


def held_edges(visit: Visit) -> tuple[HeldEdge, ...]:
    """The edges of a visit, if they make sense.

    Raises:
        BadRoadError: they do not.
    """
    if visit.seq < 0 or not visit.zone or not visit.edges:
        raise BadRoadError(f"visit {visit.seq} in zone {visit.zone!r}: {len(visit.edges)} edges")
    return tuple(_held_edge(edge) for edge in visit.edges)


def _held_edge(edge: Edge) -> HeldEdge:
    points = tuple((point.x, point.y) for point in edge.points)
    # Not written as `>`: NaN is neither greater nor smaller than anything.
    inside = all(abs(x) <= COORDINATE_MAX_M and abs(y) <= COORDINATE_MAX_M for x, y in points)
    if not edge.id or len(points) < 2 or not inside:
        raise BadRoadError(f"edge {edge.id!r}: {len(points)} points, not all on the map")
    measured_m = sum(math.dist(*pair) for pair in pairwise(points))
    tolerance_m = LENGTH_TOLERANCE_M + LENGTH_TOLERANCE * measured_m
    if not (edge.length > 0 and abs(edge.length - measured_m) <= tolerance_m):
        raise BadRoadError(f"edge {edge.id}: length {edge.length}, its points {measured_m:.3f} m")
    if not 0 < edge.speed_limit < math.inf:
        raise BadRoadError(f"edge {edge.id}: speed limit {edge.speed_limit}")
    return HeldEdge(edge.id, points, edge.length, edge.speed_limit)


def _along(edge: HeldEdge, distance_m: float) -> Point:
    """The point of an edge at a distance from its start; its end beyond its length."""
    left = distance_m
    for (x0, y0), (x1, y1) in pairwise(edge.points):
        length = math.dist((x0, y0), (x1, y1))
        if left <= length and length > 0:
            share = left / length
            return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share
        left -= length
    return edge.points[-1]
