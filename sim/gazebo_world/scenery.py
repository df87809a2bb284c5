"""What does not move: ground, yards, roads, lanes with their kerbs, booths, places, the boundary.

Kerbs and the walls of booths can be touched; all else is paint. Names that no device or place has
begin with an underscore, with which no name in a site file does.
"""

import math
from itertools import pairwise
from xml.etree import ElementTree as ET

from actors.site.boundary import border_point
from actors.site.model import Point, Site
from actors.site.roadmap import Edge, Place, PlaceKind, Roadmap
from actors.site.swept_path import LATERAL_M
from sim.gazebo_world.crane import standing_pose
from sim.gazebo_world.elements import (
    At,
    Rgba,
    Size,
    box_visual,
    child,
    link,
    model,
    numbers,
    solid,
    solid_box,
)

PAINT_M = 0.01
"""Thickness of a layer of paint; each lies on the one before."""
KERB_CLEAR_M = 0.6
"""Between the swept path of a lane and its kerb [ours]."""
KERB_WIDTH_M, KERB_HEIGHT_M = 0.3, 0.2
WALL_CLEAR_M, WALL_M, WALL_LENGTH_M, BOOTH_HEIGHT_M = 0.6, 0.4, 4.0, 6.0
"""Of a booth: from a swept path to the wall, the wall's thickness and length, and under the roof
[ours]. A scanner's portal is short: AGVs come to it out of a bend."""
MARGIN_M = 20.0
"""Ground and yards reach so far beyond what stands on them."""
GROUND: Rgba = (0.35, 0.42, 0.33, 1.0)
YARD: Rgba = (0.55, 0.55, 0.53, 1.0)
ROAD: Rgba = (0.30, 0.31, 0.33, 1.0)
LANES: tuple[Rgba, Rgba] = ((0.16, 0.22, 0.32, 1.0), (0.22, 0.30, 0.42, 1.0))
"""By turns, so that one sees where a zone ends."""
KERB: Rgba = (0.75, 0.75, 0.72, 1.0)
WALL: Rgba = (0.60, 0.35, 0.75, 1.0)
BOUNDARY: Rgba = (0.85, 0.15, 0.15, 1.0)
PLACES: dict[PlaceKind, Rgba] = {
    "pickup": (0.20, 0.65, 0.35, 1.0),
    "dropoff": (0.10, 0.50, 0.50, 1.0),
    "booth_outbound": (0.60, 0.35, 0.75, 1.0),
    "booth_inbound": (0.60, 0.35, 0.75, 1.0),
    "charger": (0.90, 0.80, 0.20, 1.0),
    "parking": (0.50, 0.50, 0.50, 1.0),
}


def scenery(site: Site, roadmap: Roadmap) -> list[ET.Element]:
    """All models that stand still."""
    found = [_ground(), _yards(site, roadmap), _roads(site, roadmap)]
    for lane in dict.fromkeys(way.lane for way in roadmap.lane_ways):
        found.append(_lane(lane, site, roadmap))
    found += [_place(place, site, roadmap) for place in roadmap.places.values()]
    at = border_point(site, roadmap)
    if at is not None:
        found.append(_boundary(at, roadmap))
    return found


def _ground() -> ET.Element:
    element = model("_ground", At(), static=True)
    ground = link(element, "ground", At())
    for tag in ("collision", "visual"):
        shape = child(ground, tag, name=solid("plane") if tag == "collision" else "plane")
        plane = child(child(shape, "geometry"), "plane")
        child(plane, "normal", numbers(0, 0, 1))
        child(plane, "size", numbers(10_000, 10_000))
        if tag == "visual":
            material = child(shape, "material")
            child(material, "ambient", numbers(*GROUND))
            child(material, "diffuse", numbers(*GROUND))
    return element


def _yards(site: Site, roadmap: Roadmap) -> ET.Element:
    """A paved rectangle around the places of each side."""
    element = model("_yards", At(), static=True)
    for side in site.sides:
        nodes = [roadmap.nodes[p.node] for p in roadmap.places.values() if p.side == side]
        if not nodes:
            continue
        xs, ys = [x for x, _ in nodes], [y for _, y in nodes]
        size = (max(xs) - min(xs) + 2 * MARGIN_M, max(ys) - min(ys) + 4 * MARGIN_M, PAINT_M)
        at = At((max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2)
        box_visual(link(element, side, At()), "paving", at, size, YARD)
    return element


def _roads(site: Site, roadmap: Roadmap) -> ET.Element:
    """Straight pieces of road outside of lanes; curves are left to the eye.

    They are one link: to a physics engine every link is a body that costs time at each step.
    """
    element = model("_roads", At(), static=True)
    roads = link(element, "roads", At())
    for edge in roadmap.edges.values():
        if not edge.lane and len(edge.points) == 2:
            at, length_m = _between(*edge.points)
            size = (length_m, site.vehicles.width_m, PAINT_M)
            box_visual(roads, edge.id, _raised(at, PAINT_M), size, ROAD)
    return element


def _lane(lane: str, site: Site, roadmap: Roadmap) -> ET.Element:
    """One lane with its zones painted by turns, and a kerb on each side."""
    element = model(lane, At(), static=True)
    paint = link(element, "lane", At())
    way = next(way for way in roadmap.lane_ways if way.lane == lane)
    edges = [roadmap.edges[edge] for edge in way.edges]
    for number, edge in enumerate(edges):
        for piece, (start, end) in enumerate(pairwise(edge.points)):
            at, length_m = _between(start, end)
            name = edge.zone if piece == 0 else f"{edge.zone}:{piece}"
            size = (length_m, site.vehicles.width_m + 2 * LATERAL_M, PAINT_M)
            box_visual(paint, name, _raised(at, 2 * PAINT_M), size, LANES[number % 2])
    kerbs = link(element, "kerbs", At())
    for name, at, length_m in kerb_places(edges, site):
        size = (length_m, KERB_WIDTH_M, KERB_HEIGHT_M)
        solid_box(kerbs, name, _raised(at, KERB_HEIGHT_M / 2), size, KERB)
    return element


def kerb_places(edges: list[Edge], site: Site) -> list[tuple[str, At, float]]:
    """Name, middle and length [m] of the kerbs along a lane, on both sides.

    They begin where an AGV that turns into the lane has come straight, and end likewise.
    """
    vehicles = site.vehicles
    free_m = vehicles.length_m + vehicles.clearance_m
    beside_m = vehicles.width_m / 2 + LATERAL_M + KERB_CLEAR_M + KERB_WIDTH_M / 2
    pieces = [pair for edge in edges for pair in pairwise(edge.points)]
    whole_m = sum(math.dist(a, b) for a, b in pieces)
    found = []
    begin_m = 0.0
    for number, (a, b) in enumerate(pieces):
        length_m = math.dist(a, b)
        low = max(free_m - begin_m, 0.0)
        high = min(whole_m - free_m - begin_m, length_m)
        begin_m += length_m
        if high - low < 1.0:
            continue
        ahead = ((b[0] - a[0]) / length_m, (b[1] - a[1]) / length_m)
        heading = math.atan2(ahead[1], ahead[0])
        along = (low + high) / 2
        for side, across in (("left", beside_m), ("right", -beside_m)):
            x = a[0] + ahead[0] * along - ahead[1] * across
            y = a[1] + ahead[1] * along + ahead[0] * across
            found.append((f"kerb-{side}-{number:03d}", At(x, y, 0.0, heading), high - low))
    return found


def _place(place: Place, site: Site, roadmap: Roadmap) -> ET.Element:
    """A plate under the AGV that stands there; a booth is a portal over it, too."""
    vehicles = site.vehicles
    element = model(place.id, standing_pose(place.id, roadmap, vehicles.length_m), static=True)
    marker = link(element, "marker", At())
    size: Size = (vehicles.length_m, vehicles.width_m, PAINT_M)
    box_visual(marker, "marker", At(z=3 * PAINT_M), size, PLACES[place.kind])
    if place.kind in ("booth_outbound", "booth_inbound"):
        portal = link(element, "portal", At())
        beside_m = booth_wall_m(site)
        for side, y in (("left", beside_m), ("right", -beside_m)):
            wall = (WALL_LENGTH_M, WALL_M, BOOTH_HEIGHT_M)
            solid_box(portal, side, At(0.0, y, BOOTH_HEIGHT_M / 2), wall, WALL)
        roof = (WALL_LENGTH_M, 2 * beside_m + WALL_M, WALL_M)
        solid_box(portal, "roof", At(z=BOOTH_HEIGHT_M + WALL_M / 2), roof, WALL)
    return element


def booth_wall_m(site: Site) -> float:
    """From the middle of a booth to the middle of its walls [m]."""
    return site.vehicles.width_m / 2 + LATERAL_M + WALL_CLEAR_M + WALL_M / 2


def _boundary(at: Point, roadmap: Roadmap) -> ET.Element:
    """A line across all lanes at km 0, and a post at each of its ends."""
    heights = [y for edge in roadmap.edges.values() if edge.lane for _, y in edge.points]
    low, high = min(heights) - MARGIN_M, max(heights) + MARGIN_M
    element = model("_boundary", At(at[0], (low + high) / 2), static=True)
    line = link(element, "line", At())
    box_visual(line, "line", At(z=3 * PAINT_M), (0.4, high - low, PAINT_M), BOUNDARY)
    for name, y in (("south", low - high), ("north", high - low)):
        solid_box(line, name, At(0.0, y / 2, 2.0), (0.6, 0.6, 4.0), BOUNDARY)
    return element


def _between(start: Point, end: Point) -> tuple[At, float]:
    """The middle of a straight piece, along it, and its length [m]."""
    heading = math.atan2(end[1] - start[1], end[0] - start[0])
    at = At((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, 0.0, heading)
    return at, math.dist(start, end)


def _raised(at: At, z_m: float) -> At:
    return At(at.x, at.y, z_m, at.yaw)
