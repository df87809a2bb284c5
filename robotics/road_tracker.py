"""The account of the road that an AGV holds, kept for one that does not keep it itself.

From what has been granted and from poses it tells how far the front has come, what the rear has
left, and that the AGV rests at its road's end. It draws no conclusion from one pose alone: the road
may cross itself or lead over the same edge twice, so a pose is looked for only where the AGV can
have come to since the one before, and never behind.
"""

import math
from collections import deque
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from actors.messages import Visit

JOIN_M = 0.01
"""The end of one edge and the start of the next are the same node [ours]."""
REST_MPS = 0.05
"""An AGV that is measured to be slower than this rests [ours]."""

XY = tuple[float, float]
"""A point of the map [m]."""


class Body(msgspec.Struct, frozen=True, gc=False):
    """What of an AGV has to have left a visit for it to be cleared."""

    length_m: float
    clearance_m: float


class Front(msgspec.Struct, frozen=True, gc=False):
    """The middle of an AGV's front, which is what follows the road."""

    x_m: float
    y_m: float
    heading_rad: float
    """Of the body, counter-clockwise from east: in curves not that of the road."""
    speed_mps: float

    def shifted(self, by_m: float) -> XY:
        """The point of the body's middle line so far ahead of it; behind, if negative."""
        return (
            self.x_m + by_m * math.cos(self.heading_rad),
            self.y_m + by_m * math.sin(self.heading_rad),
        )


class Found(msgspec.Struct, frozen=True, gc=False):
    """Where a front is on the road."""

    at_m: float
    """Along the road, from where the account began."""
    off_m: float
    """How far beside the road; behind what was reached and beyond its end count as beside it."""
    on_road: bool


class RoadPoint(msgspec.Struct, frozen=True, gc=False):
    """A point of the road ahead, and the way the road leads there."""

    x_m: float
    y_m: float
    heading_rad: float


class _Segment(msgspec.Struct, frozen=True, gc=False):
    begin_m: float
    length_m: float
    start: XY
    end: XY

    @property
    def heading_rad(self) -> float:
        return math.atan2(self.end[1] - self.start[1], self.end[0] - self.start[0])

    def point(self, at_m: float) -> XY:
        share = (at_m - self.begin_m) / self.length_m
        (x0, y0), (x1, y1) = self.start, self.end
        return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share

    def nearest(self, x_m: float, y_m: float, from_m: float, until_m: float) -> tuple[float, float]:
        """Place along the road and distance of its nearest point between two places."""
        (x0, y0), (x1, y1) = self.start, self.end
        along = ((x_m - x0) * (x1 - x0) + (y_m - y0) * (y1 - y0)) / self.length_m
        low = max(from_m, self.begin_m)
        high = max(min(until_m, self.begin_m + self.length_m), low)
        at_m = min(max(self.begin_m + along, low), high)
        x, y = self.point(at_m)
        return at_m, math.hypot(x_m - x, y_m - y)


class _Passage(msgspec.Struct, gc=False):
    visit: Visit
    segments: tuple[_Segment, ...]
    end_m: float


class RoadTracker:
    """Knows nothing until it is told where the AGV stands."""

    def __init__(self, body: Body, stand_m: float) -> None:
        self._body, self._stand_m = body, stand_m
        self._passages: deque[_Passage] = deque()
        self._at_m = 0.0
        self._cleared = -1
        self._assumed = False
        """The number of the only visit is a guess: the first grant says the true one."""

    @property
    def known(self) -> bool:
        """Whether it has been told where the AGV stands."""
        return bool(self._passages)

    @property
    def visits(self) -> tuple[Visit, ...]:
        """The road held, the rearmost visit first."""
        return tuple(passage.visit for passage in self._passages)

    @property
    def end_seq(self) -> int:
        """`seq` of the last visit that may be driven; -1 if nothing is known."""
        return self._passages[-1].visit.seq if self._passages else -1

    def stand(self, visit: Visit, points: Sequence[XY], *, assumed: bool = False) -> None:
        """The AGV rests at the end of `visit` and holds nothing else."""
        passage = _passage(visit, points, 0.0)
        self._passages = deque([passage])
        self._at_m, self._cleared, self._assumed = passage.end_m, visit.seq - 1, assumed

    @property
    def at_m(self) -> float:
        """How far the front has come, from the start of the rearmost visit held."""
        return self._at_m - self._passages[0].segments[0].begin_m if self._passages else 0.0

    @property
    def cleared_seq(self) -> int:
        """The last visit that is known to have been left."""
        return self._cleared

    @property
    def assumed(self) -> bool:
        """Whether the number of its only visit is a guess."""
        return self._assumed

    def restore(
        self,
        road: Sequence[tuple[Visit, Sequence[XY]]],
        at_m: float,
        cleared: int,
        *,
        assumed: bool,
    ) -> None:
        """Go on with an account of which all but the AGV's place is known to be true."""
        self._passages = deque()
        end_m = 0.0
        for visit, points in road:
            self._passages.append(_passage(visit, points, end_m))
            end_m = self._passages[-1].end_m
        self._at_m, self._cleared, self._assumed = at_m, cleared, assumed

    def extend(self, road: Sequence[tuple[Visit, Sequence[XY]]]) -> bool:
        """Take the visits that are new; none of them if they do not go on where the road ends."""
        if not self._passages:
            return False
        fresh = [(visit, points) for visit, points in road if visit.seq > self.end_seq]
        if not fresh:
            return True
        last = self._passages[-1]
        seq, end = last.visit.seq, last.segments[-1].end
        if self._assumed:
            seq = fresh[0][0].seq - 1
        for number, (visit, points) in enumerate(fresh, seq + 1):
            if visit.seq != number or math.dist(points[0], end) > JOIN_M:
                return False
            end = points[-1]
        if self._assumed:
            last.visit = msgspec.structs.replace(last.visit, seq=seq)
            self._cleared, self._assumed = seq - 1, False
        for visit, points in fresh:
            self._passages.append(_passage(visit, points, self._passages[-1].end_m))
        return True

    # --- from poses -------------------------------------------------------------------------

    def locate(self, front: Front, reach_m: float, within_m: float) -> Found:
        """Look for the front from where it was to `reach_m` further.

        Of several stretches of road that pass by within `within_m`, the first counts: what is told
        to be cleared is then too little, not too much.
        """
        until_m = self._at_m + reach_m
        best: Found | None = None
        nearest_m = math.inf
        for segment in self._segments():
            if segment.begin_m + segment.length_m < self._at_m:
                continue
            if segment.begin_m > until_m:
                break
            at_m, off_m = segment.nearest(front.x_m, front.y_m, self._at_m, until_m)
            nearest_m = min(nearest_m, off_m)
            ahead = math.cos(segment.heading_rad - front.heading_rad) > 0
            if off_m <= within_m and ahead:
                if best is None or off_m < best.off_m:
                    best = Found(at_m, off_m, True)
            elif best is not None:
                break
        return best or Found(self._at_m, nearest_m, False)

    def cleared(self, at_m: float) -> int:
        """The last visit that the rear and its clearance have left, with the front at `at_m`."""
        cleared = self._cleared
        for passage in list(self._passages)[:-1]:
            if passage.end_m + self._body.length_m + self._body.clearance_m > at_m:
                break
            cleared = passage.visit.seq
        return cleared

    def stood(self, front: Front, at_m: float) -> int:
        """The visit at whose end the AGV rests, if it is the road's end; else -1."""
        last = self._passages[-1]
        near = at_m >= last.end_m - self._stand_m
        return (
            last.visit.seq if near and rests_at(front, last.segments[-1].end, self._stand_m) else -1
        )

    def advance(self, at_m: float) -> None:
        """The front has come to `at_m`: what lies behind it is no longer held."""
        self._cleared = self.cleared(at_m)
        self._at_m = max(self._at_m, at_m)
        while self._passages[0].visit.seq <= self._cleared:
            self._passages.popleft()

    def ahead(self) -> list[RoadPoint]:
        """The way from the front to the road's end; empty at the end."""
        found: list[RoadPoint] = []
        for segment in self._segments():
            end_m = segment.begin_m + segment.length_m
            if end_m > self._at_m:
                heading = segment.heading_rad
                if not found:
                    found.append(
                        RoadPoint(*segment.point(max(self._at_m, segment.begin_m)), heading)
                    )
                found.append(RoadPoint(*segment.end, heading))
        return found

    def _segments(self) -> list[_Segment]:
        return [segment for passage in self._passages for segment in passage.segments]


def rests_at(front: Front, point: XY, within_m: float) -> bool:
    """Whether the AGV rests with its front at a point."""
    near = math.hypot(front.x_m - point[0], front.y_m - point[1]) <= within_m
    return near and abs(front.speed_mps) <= REST_MPS


def stands_on(front: Front, points: Sequence[XY], within_m: float) -> bool:
    """Whether the AGV rests at the end of a polyline, turned the way it leads."""
    segment = _passage(Visit(0, "", ()), points, 0.0).segments[-1]
    return rests_at(front, segment.end, within_m) and (
        math.cos(segment.heading_rad - front.heading_rad) > 0
    )


def _passage(visit: Visit, points: Sequence[XY], begin_m: float) -> _Passage:
    segments = []
    at_m = begin_m
    for start, end in pairwise(points):
        length_m = math.dist(start, end)
        if length_m > 0:
            segments.append(_Segment(at_m, length_m, start, end))
            at_m += length_m
    return _Passage(visit, tuple(segments), at_m)
