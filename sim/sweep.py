"""Ways over the map, the ground that a body sweeps on them, and which sweeps come close.

A vehicle's way is drawn from its edges as they are granted. Its reference point, the middle of its
front, is on the way, and so is the middle of its rear: the body is the chord between them.
"""

import math
from bisect import bisect_right
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from actors.site.roadmap import Edge
from sim.footprint import GRAZE_M, Body, Footprint, Poses

SAMPLE_M = 1.0
"""A sweep is looked at each metre of way."""
STRAIGHT_M = 0.01
"""A way that leaves a line by less is straight."""
KEPT_VERTICES = 200
"""Vertices of a way that are kept behind the body before the old ones are dropped."""


class Way:
    """A line on the map, by distance [m] along it; it grows at its end and is forgotten behind.

    Distances go by the edges' lengths as the roadmap gives them: where the drawing of a curve is
    shorter, the last of the edge's length is its end point.
    """

    def __init__(self, length_m: float) -> None:
        self.end_m = 0.0
        self._body_m = length_m
        self._at: list[float] = []
        self._points: list[tuple[float, float]] = []
        self._ahead = (1.0, 0.0)
        """Direction at the end."""

    def append(self, edge: Edge) -> None:
        """Go on along an edge that starts where the way ends."""
        begin_m = self.end_m
        self.end_m += edge.length_m
        if not self._at:
            self._at.append(0.0)
            self._points.append(edge.points[0])
        at_m = 0.0
        for (x0, y0), (x1, y1) in pairwise(edge.points):
            piece_m = math.hypot(x1 - x0, y1 - y0)
            if piece_m == 0 or at_m >= edge.length_m:
                continue
            at_m = min(at_m + piece_m, edge.length_m)
            self._at.append(begin_m + at_m)
            self._points.append((x1, y1))
            self._ahead = ((x1 - x0) / piece_m, (y1 - y0) / piece_m)
        if at_m < edge.length_m:
            self._at.append(self.end_m)
            self._points.append(edge.points[-1])

    def forget(self, before_m: float) -> None:
        """Drop what lies further behind than a place, now and then."""
        keep = bisect_right(self._at, before_m) - 2
        if keep > KEPT_VERTICES:
            del self._at[:keep], self._points[:keep]

    def point(self, at_m: float) -> tuple[float, float]:
        """The point at a distance; straight on before the start and beyond the end."""
        if at_m >= self.end_m:
            x, y = self._points[-1]
            return x + (at_m - self.end_m) * self._ahead[0], y + (at_m - self.end_m) * self._ahead[
                1
            ]
        index = min(max(bisect_right(self._at, at_m), 1), len(self._at) - 1)
        (x0, y0), (x1, y1) = self._points[index - 1], self._points[index]
        begin_m, end_m = self._at[index - 1], self._at[index]
        share = (at_m - begin_m) / (end_m - begin_m)
        return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share

    def points(self, at_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """The points at distances between start and end, as rows."""
        x, y = np.array(self._points).T
        return np.column_stack([np.interp(at_m, self._at, x), np.interp(at_m, self._at, y)])

    def box(self, front_m: float, half_width_m: float) -> tuple[float, float, float, float]:
        """Bounds of the ground of a body from where its front is to the end: x, y low, x, y high.

        The body is a chord of the way. Where that is straight it lies on it; elsewhere it may be
        shorter than the body, by a tenth at most (see `Body.swing`).
        """
        first = max(bisect_right(self._at, front_m - self._body_m) - 1, 0)
        points = self._points[first + 1 :]
        points.append(self.point(front_m - self._body_m))
        xs, ys = [x for x, _ in points], [y for _, y in points]
        x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
        around_m = half_width_m + self._body_m / 20
        straight_x, straight_y = y1 - y0 < STRAIGHT_M, x1 - x0 < STRAIGHT_M
        beside_x = STRAIGHT_M if straight_x else around_m
        beside_y = STRAIGHT_M if straight_y else around_m
        return x0 - beside_x, y0 - beside_y, x1 + beside_x, y1 + beside_y

    def body(self, at_m: float) -> Footprint:
        """The footprint of a body whose front is at a distance."""
        x0, y0 = self.point(at_m - self._body_m)
        x1, y1 = self.point(at_m)
        chord = math.hypot(x1 - x0, y1 - y0) or 1.0
        return Footprint((x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / chord, (y1 - y0) / chord)

    def find(self, x: float, y: float, guess_m: float) -> tuple[float, float]:
        """Where the front of a body is whose middle is at x, y: (distance, how far off the way).

        Slides along the way from the guess; a guess within a body's length of the place finds it.
        """
        at_m = guess_m
        off_m = math.inf
        for _ in range(12):
            body = self.body(at_m)
            dx, dy = x - body.x, y - body.y
            ahead_m = dx * body.cos + dy * body.sin
            off_m = math.hypot(dx, dy)
            at_m += ahead_m
            if abs(ahead_m) < 0.02:  # what is left is a fifth of it at most
                break
        return at_m, off_m


class Sweeps:
    """The sweeps of a body on a roadmap's edges: each for one way of coming to the edge.

    A sweep is a number; it lasts from the front's entry into the edge until it leaves it.

    Which of them come close is found out when it is first asked and then known.
    """

    def __init__(self, body: Body, edges: dict[str, Edge]) -> None:
        self._body = body
        self._edges = edges
        self._after: dict[tuple[int, str], int] = {}
        self._numbers: dict[tuple[str, ...], int] = {}
        self._keys: list[tuple[str, ...]] = []
        self._poses: list[Poses] = []
        self._boxes = np.empty((0, 4))
        self._around: list[set[int]] = []
        self._close: dict[tuple[int, int], bool] = {}
        self._margin_m = SAMPLE_M * body.swing() + 2 * GRAZE_M
        """Between two samples each body is off the nearer one by half a step."""

    def number(self, before: int, edge: str) -> int:
        """The sweep on an edge, after the sweep on the edge before it; -1 if there is none."""
        number = self._after.get((before, edge))
        if number is None:
            number = self._after[before, edge] = self._number(before, edge)
        return number

    def _number(self, before: int, edge: str) -> int:
        edges = (*self._keys[before], edge) if before >= 0 else (edge,)
        tail_m, first = 0.0, len(edges) - 1
        while first > 0 and tail_m < self._body.length_m:
            first -= 1
            tail_m += self._edges[edges[first]].length_m
        key = edges[first:]
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._poses)
            self._keys.append(key)
            self._add(key)
        return number

    def around(self, number: int) -> set[int]:
        """All sweeps so far that may come close to this one, itself among them."""
        return self._around[number]

    def close(self, one: int, other: int) -> bool:
        """Whether bodies on both sweeps might touch."""
        key = (one, other) if one < other else (other, one)
        known = self._close.get(key)
        if known is None:
            gap_m = self._body.least_gap_m(self._poses[one], self._poses[other])
            known = self._close[key] = gap_m <= self._margin_m
            if not known:
                self._around[one].discard(other)
                self._around[other].discard(one)
        return known

    def _add(self, edges: tuple[str, ...]) -> None:
        way = Way(self._body.length_m)
        for edge in edges:
            way.append(self._edges[edge])
        begin_m = way.end_m - self._edges[edges[-1]].length_m
        begin_m = max(begin_m, min(self._body.length_m, way.end_m)) if len(edges) == 1 else begin_m
        samples = max(2, math.ceil((way.end_m - begin_m) / SAMPLE_M) + 1)
        at_m = np.linspace(begin_m, way.end_m, samples)
        rear, front = way.points(at_m - self._body.length_m), way.points(at_m)
        along = front - rear
        chord = np.hypot(along[:, 0], along[:, 1])[:, None]
        poses = np.hstack([(front + rear) / 2, along / chord])
        half_x = np.abs(poses[:, 2]) * self._body.length_m / 2
        half_x += np.abs(poses[:, 3]) * self._body.width_m / 2
        half_y = np.abs(poses[:, 3]) * self._body.length_m / 2
        half_y += np.abs(poses[:, 2]) * self._body.width_m / 2
        half = self._margin_m / 2
        box = np.array([
            (poses[:, 0] - half_x).min() - half, (poses[:, 1] - half_y).min() - half,
            (poses[:, 0] + half_x).max() + half, (poses[:, 1] + half_y).max() + half,
        ])  # fmt: skip
        number = len(self._poses)
        self._poses.append(poses)
        self._boxes = np.vstack([self._boxes, box])
        boxes = self._boxes
        meet = (boxes[:, 0] <= box[2]) & (boxes[:, 2] >= box[0])
        meet &= (boxes[:, 1] <= box[3]) & (boxes[:, 3] >= box[1])
        around = set(np.flatnonzero(meet).tolist())
        self._around.append(around)
        for other in around:
            self._around[other].add(number)
