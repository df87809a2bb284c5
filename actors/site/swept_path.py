"""Swept paths: the ground that each edge's share of a vehicle's body passes over.

A vehicle's front follows the roadmap; its rear is the point of the same way one length behind, and
its body is the rectangle along the chord between the two. In a curve the body leaves the line that
was drawn, to the inside, so neither the line nor its width tells where a vehicle may be.

The body is cut across into slices, one for each edge on which a part of the vehicle's length lies,
in proportion to that length. The swept path of an edge is what its slices pass over, on all ways
that lead over it. Slices are the form to reckon with because they add up: at every moment the body
is exactly the union of the slices of edges whose zones its vehicle holds. So if two bodies touch,
two slices touch, and with them the swept paths of two edges that are held at that moment. Had the
swept path of an edge been that of the whole body, an edge would lay claim to ground that the body
covers only while it holds other zones, too.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import pairwise

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from actors.site.model import Site
from actors.site.roadmap import Edge, Roadmap

Array = NDArray[np.float64]

LATERAL_M = 0.15
"""Kept free on each side of every body, for what it strays from its way and for loads that stick
out; two bodies keep twice that apart sideways [assumed: three times a position error of 5 cm]."""
STEP_M = 0.75
"""The sweep between two positions so far apart is taken as their convex hull. On a radius of 4 m
a corner's arc then bulges out of the hull by 30 mm, which the lateral clearance covers [ours]."""
TURN_MAX_RAD = math.radians(135)
"""No vehicle goes on into an edge that turns off more sharply: it cannot turn back on the spot."""
WAY_EDGES_MAX = 5_000
"""Edges in all ways of a vehicle's length that end in one edge: the bound of the search. The
layouts have 30; a survey with more has edges drawn many times over."""
STRAIGHT_RAD = 1e-4
NEAR_M = 1e-6


class Footprint(msgspec.Struct, frozen=True):
    """The rectangle that a vehicle takes up, and what it keeps free around it [m]."""

    length_m: float
    width_m: float
    clearance_m: float
    """Behind the rear, before a zone is given back."""
    lateral_m: float = LATERAL_M
    """On each side."""

    @property
    def held_m(self) -> float:
        """How far behind the front the road is held."""
        return self.length_m + self.clearance_m


def footprint(site: Site) -> Footprint:
    """The footprint of the site's vehicles."""
    vehicles = site.vehicles
    return Footprint(vehicles.length_m, vehicles.width_m, vehicles.clearance_m)


class WaysError(ValueError):
    """More ways lead into an edge than are looked at."""

    def __init__(self, edge: str) -> None:
        super().__init__(f"ways of more than {WAY_EDGES_MAX} edges in all end in {edge}")
        self.edge = edge


class Sweep(msgspec.Struct, frozen=True, gc=False):
    """What the slices of one edge pass over while their vehicle is on the same run of edges."""

    edge: str
    held: tuple[str, ...]
    """The edges that the vehicle holds meanwhile, the rearmost first: of each, a part lies between
    its front and the clearance behind its rear."""
    hulls: Array
    """(n, 8, 2) corners of the slice at the beginning and at the end of each step [m], from
    `origin`."""
    origin: tuple[float, float]
    box: tuple[float, float, float, float]
    """x and y from - to [m]: what it lies in."""

    def polygons(self) -> NDArray[np.object_]:
        """Convex polygons (n,) whose union is the ground passed over."""
        corners = shapely.multipoints(self.hulls + self.origin)
        return np.array(shapely.convex_hull(corners), dtype=np.object_)


class SweptPaths:
    """All swept paths of a roadmap, by edge."""

    def __init__(self, roadmap: Roadmap, body: Footprint) -> None:
        self.body = body
        self.of: dict[str, list[Sweep]] = {edge: [] for edge in roadmap.edges}
        self.along: set[tuple[str, str]] = set()
        """Pairs of edges (rear, front) that one vehicle can hold at the same time."""
        into = _edges_into(roadmap)
        known: dict[tuple[object, ...], list[_Shape]] = {}
        for edge in roadmap.edges.values():
            for way in _ways_into(edge, into, body.held_m):
                self._follow(way, known)
        self.edges = list(self.of)
        boxes = np.array([_around(sweeps) for sweeps in self.of.values()]).reshape(-1, 4)
        self.boxes = shapely.box(boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3])
        self.tree = shapely.STRtree(self.boxes)

    def _follow(
        self, way: tuple[Edge, ...], known: dict[tuple[object, ...], list["_Shape"]]
    ) -> None:
        """Add what is swept along a way; ways of the same form are reckoned once."""
        x0, y0 = way[-1].points[0]
        form: tuple[object, ...] = tuple(
            (edge.length_m, *((round(x - x0, 3), round(y - y0, 3)) for x, y in edge.points))
            for edge in way
        )
        shapes = known.get(form)
        if shapes is None:
            shapes = known[form] = list(_shapes(way, self.body))
        names = tuple(edge.id for edge in way)
        self.along.update((name, names[-1]) for name in names[:-1])
        for shape in shapes:
            x_min, y_min, x_max, y_max = shape.box
            box = (x_min + x0, y_min + y0, x_max + x0, y_max + y0)
            edge = names[shape.edge]
            self.of[edge].append(Sweep(edge, names[shape.held :], shape.hulls, (x0, y0), box))

    def edges_under(self, outline: shapely.Polygon) -> list[str]:
        """The edges whose swept paths an outline touches."""
        found = []
        for number in sorted(self.tree.query(outline)):
            edge = self.edges[number]
            if any(shapely.intersects(sweep.polygons(), outline).any() for sweep in self.of[edge]):
                found.append(edge)
        return found


def zones_under(roadmap: Roadmap, swept: SweptPaths, outline: shapely.Polygon) -> list[str]:
    """The zones in which a vehicle could touch something with this outline, sorted.

    A vehicle that keeps out of them touches it nowhere: each part of its body is in the swept path
    of an edge whose zone it holds. The zones that an edge has besides its own are not among them,
    for the other edges that have those are touched only where they are found themselves.
    """
    return sorted({roadmap.edges[edge].zone for edge in swept.edges_under(outline)})


def outline_of(
    x_m: float, y_m: float, heading_rad: float, length_m: float, width_m: float
) -> shapely.Polygon:
    """The outline of a body by its middle, as telemetry has it (`robotics.telemetry`)."""
    ahead = np.array([math.cos(heading_rad), math.sin(heading_rad)]) * length_m / 2
    aside = np.array([-math.sin(heading_rad), math.cos(heading_rad)]) * width_m / 2
    middle = np.array([x_m, y_m])
    return shapely.Polygon(
        [middle + ahead + aside, middle + ahead - aside, middle - ahead - aside,
         middle - ahead + aside]
    )  # fmt: skip


# --- ways -------------------------------------------------------------------------------------


def _edges_into(roadmap: Roadmap) -> dict[str, list[Edge]]:
    """For each edge, those from which a vehicle drives on into it."""
    ending: dict[str, list[Edge]] = {}
    for edge in roadmap.edges.values():
        ending.setdefault(edge.end, []).append(edge)
    return {
        edge.id: [before for before in ending.get(edge.start, ()) if _drives_on(before, edge)]
        for edge in roadmap.edges.values()
    }


def _drives_on(before: Edge, after: Edge) -> bool:
    """Whether the way from one edge into the other does not turn back on the spot."""
    turn = _heading(after.points[0], after.points[1]) - _heading(*before.points[-2:])
    return abs(math.remainder(turn, math.tau)) <= TURN_MAX_RAD


def _heading(a: tuple[float, float], b: tuple[float, float]) -> float:
    return math.atan2(b[1] - a[1], b[0] - a[0])


def _ways_into(
    edge: Edge, into: dict[str, list[Edge]], behind_m: float
) -> Iterator[tuple[Edge, ...]]:
    """The ways that end with an edge and begin so far before it, or where nothing leads on.

    Raises:
        WaysError: there are too many.
    """
    budget = WAY_EDGES_MAX
    rest: list[tuple[tuple[Edge, ...], float]] = [((edge,), 0.0)]
    while rest:
        way, length_m = rest.pop()
        budget -= len(way)
        if budget < 0:
            raise WaysError(edge.id)
        before = into[way[0].id] if length_m < behind_m else []
        if not before:
            yield way
        rest += [((one, *way), length_m + one.length_m) for one in before]


# --- the sweep along one way ------------------------------------------------------------------


class _Shape(msgspec.Struct, frozen=True):
    """A sweep along a way, with edges by their numbers in it, from the last edge's start."""

    edge: int
    held: int
    """The first edge that is held; so are all after it."""
    hulls: Array
    box: tuple[float, float, float, float]


def _shapes(way: tuple[Edge, ...], body: Footprint) -> Iterator[_Shape]:
    """What is swept while the front passes over the last edge of a way."""
    places, points, ends = _line(way, body.length_m)
    begins = np.concatenate(([0.0], ends[:-1]))
    cuts = _steps(places, points, ends, body)
    fronts, rears = _at(cuts, places, points), _at(cuts - body.length_m, places, points)
    chord = fronts - rears
    length = np.hypot(chord[:, 0], chord[:, 1])
    ahead = np.where(length[:, None] > NEAR_M, chord / np.maximum(length, NEAR_M)[:, None], [1, 0])
    aside = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) * (body.width_m / 2 + body.lateral_m)
    nose = (fronts + rears) / 2 + ahead * body.length_m / 2
    middles = (cuts[1:] + cuts[:-1]) / 2
    held = np.searchsorted(ends, middles - body.held_m, side="right")
    for number in range(len(way)):
        # How far behind the nose the slice of this edge begins and ends.
        near = np.clip(cuts - ends[number], 0.0, body.length_m)
        far = np.clip(cuts - begins[number], 0.0, body.length_m)
        if number == 0:
            far[:] = body.length_m
        front, back = nose - ahead * near[:, None], nose - ahead * far[:, None]
        corners = np.stack([front + aside, front - aside, back - aside, back + aside], axis=1)
        hulls = np.concatenate([corners[:-1], corners[1:]], axis=1)
        present = np.maximum(far[1:] - near[1:], far[:-1] - near[:-1]) > NEAR_M
        for first in np.unique(held[present]):
            chosen = hulls[present & (held == first)]
            low, high = chosen.min(axis=(0, 1)), chosen.max(axis=(0, 1))
            box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
            yield _Shape(number, int(first), chosen, box)


def _line(way: tuple[Edge, ...], before_m: float) -> tuple[Array, Array, Array]:
    """The way as one polyline: places along it [m] and points, and where each edge ends.

    An arc is a little longer than its polyline; for the difference the front stays at its end. A
    body that is longer than the way lies straight behind its beginning.
    """
    x0, y0 = way[-1].points[0]
    heading = _heading(*way[0].points[:2])
    x1, y1 = way[0].points[0]
    places = [-before_m]
    points = [(x1 - x0 - math.cos(heading) * before_m, y1 - y0 - math.sin(heading) * before_m)]
    ends: list[float] = []
    begin = 0.0
    for edge in way:
        end = begin + edge.length_m
        at = begin
        places.append(at)
        for a, b in pairwise(edge.points):
            at = min(at + math.dist(a, b), end)
            places.append(at)
        points += [(x - x0, y - y0) for x, y in edge.points]
        places.append(end)
        points.append(points[-1])
        ends.append(end)
        begin = end
    return np.array(places), np.array(points), np.array(ends)


def _at(along: Array, places: Array, points: Array) -> Array:
    """The points (n, 2) at places along a polyline."""
    x = np.interp(along, places, points[:, 0])
    return np.stack([x, np.interp(along, places, points[:, 1])], axis=1)


def _steps(places: Array, points: Array, ends: Array, body: Footprint) -> Array:
    """Places of the front [m]: wherever something changes, and closely where the body turns."""
    end = ends[-1]
    begin = ends[-2] if len(ends) > 1 else 0.0
    cuts = np.concatenate(
        [places, places + body.length_m, ends + body.length_m, ends + body.held_m, [begin, end]]
    )
    cuts = np.unique(cuts[(cuts >= begin) & (cuts <= end)])
    cuts = cuts[np.concatenate(([True], np.diff(cuts) > NEAR_M))]
    runs = np.diff(points, axis=0)
    drawn = np.hypot(runs[:, 0], runs[:, 1]) > NEAR_M
    headings = np.unwrap(np.arctan2(runs[drawn, 1], runs[drawn, 0])).tolist()
    firsts, lasts = places[:-1][drawn].tolist(), places[1:][drawn].tolist()
    found = [cuts[:1]]
    for a, b in pairwise(cuts.tolist()):
        under = headings[bisect_right(lasts, a - body.length_m) : bisect_left(firsts, b)]
        straight = not under or max(under) - min(under) < STRAIGHT_RAD
        pieces = 1 if straight else math.ceil((b - a) / STEP_M)
        found.append(np.linspace(a, b, pieces + 1)[1:])
    return np.concatenate(found)


def _around(sweeps: list[Sweep]) -> tuple[float, float, float, float]:
    boxes = [sweep.box for sweep in sweeps]
    return (
        min(box[0] for box in boxes), min(box[1] for box in boxes),
        max(box[2] for box in boxes), max(box[3] for box in boxes),
    )  # fmt: skip
