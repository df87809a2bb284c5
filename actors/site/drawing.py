"""Straights, arcs and S-bends, drawn in a yard's own frame and put down in the site's map frame.

A drawing collects nodes and edges. Every coordinate is rounded to a millimetre, so that two curves
that end in the same point of an aisle share its node.
"""

import math
from collections.abc import Callable, Iterable
from itertools import pairwise

from actors.site.model import Point
from actors.site.roadmap import Edge, Place

ARC_SAMPLES = 6
"""Pieces of the polyline of one arc: a quarter of 12 m radius is met within 0.11 m."""

Frame = Callable[[Point], Point]


def as_drawn(point: Point) -> Point:
    """The frame of the western yard, which is the map's own."""
    return point


def half_turned(length_m: float, height_m: float) -> Frame:
    """The frame of the eastern yard: turned by 180° about the middle of the road [m]."""
    return lambda point: (length_m - point[0], height_m - point[1])


def mm(metres: float) -> float:
    """Rounded to a millimetre [m], and never -0.0."""
    return round(metres, 3) + 0.0


class Drawing:
    """The nodes, edges and places of a roadmap while it is being laid out."""

    def __init__(self) -> None:
        self.nodes: dict[str, Point] = {}
        self.edges: dict[str, Edge] = {}
        self.places: dict[str, Place] = {}

    def add_node(self, node: str, at: Point, frame: Frame) -> str:
        """Put a node down at `at` [m] of `frame`; returns its name."""
        assert node not in self.nodes, node
        x, y = frame(at)
        self.nodes[node] = (mm(x), mm(y))
        return node

    def add_edge(
        self,
        edge: str,
        start: str,
        end: str,
        *,
        zone: str,
        speed_mps: float,
        lane: str = "",
        via: Iterable[Point] = (),
        length_m: float | None = None,
    ) -> str:
        """Join two nodes, through the map points `via`; straight if no length [m] is given."""
        assert edge not in self.edges, edge
        points = (self.nodes[start], *((mm(x), mm(y)) for x, y in via), self.nodes[end])
        if length_m is None:
            length_m = polyline_m(points)
        self.edges[edge] = Edge(edge, start, end, zone, lane, speed_mps, points, mm(length_m))
        return edge


def polyline_m(points: Iterable[Point]) -> float:
    """Length of a polyline [m]."""
    steps = list(points)
    return sum(math.dist(a, b) for a, b in pairwise(steps))


def quarter(start: Point, end: Point, *, along_x: bool) -> list[Point]:
    """Points between the ends of a quarter circle that leaves `start` along x, or along y."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    found = []
    for i in range(1, ARC_SAMPLES):
        far = math.sin(math.pi / 2 * i / ARC_SAMPLES)
        near = 1 - math.cos(math.pi / 2 * i / ARC_SAMPLES)
        across, up = (far, near) if along_x else (near, far)
        found.append((start[0] + dx * across, start[1] + dy * up))
    return found


def s_bend(start: Point, end: Point) -> tuple[list[Point], float, float]:
    """Two equal arcs that leave and arrive along x: points between, length [m], radius [m]."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    radius = (dx * dx + dy * dy) / (4 * abs(dy))
    turn = 2 * math.atan2(abs(dy), abs(dx))
    half = []
    for i in range(1, ARC_SAMPLES + 1):
        angle = turn * i / ARC_SAMPLES
        half.append((radius * math.sin(angle), radius * (1 - math.cos(angle))))
    sx, sy = math.copysign(1, dx), math.copysign(1, dy)
    first = [(start[0] + sx * x, start[1] + sy * y) for x, y in half]
    second = [(end[0] - sx * x, end[1] - sy * y) for x, y in reversed(half[:-1])]
    return first + second, 2 * radius * turn, radius
