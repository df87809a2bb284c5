"""The gate as a 3D viewer draws it: roads by zone, lanes, places, the boundary, and the AGVs.

Everything is one message that is told once; AGVs are boxes that move with their own frames.
"""

import itertools
import math
from collections.abc import Iterator

from actors.site.boundary import border_point
from actors.site.devices import Device
from actors.site.model import Site
from actors.site.roadmap import PlaceKind, Roadmap
from interfaces.recording.samples import MAP_FRAME, ROADMAP_TOPIC, Sample, base_link
from robotics.ros.definitions import MARKER_ARRAY
from robotics.ros.messages import (
    CUBE,
    LINE_LIST,
    TEXT_VIEW_FACING,
    Marker,
    Pose2,
    Rgba,
    markers,
)
from robotics.ros.names import ros_name

ORIGIN = Pose2(0.0, 0.0, 0.0)

ROAD: tuple[Rgba, Rgba] = ((0.45, 0.48, 0.52, 1.0), (0.62, 0.65, 0.69, 1.0))
LANE: tuple[Rgba, Rgba] = ((0.10, 0.45, 0.80, 1.0), (0.35, 0.65, 0.95, 1.0))
"""Two shades each, by turns, so that one sees where a zone ends."""
BOUNDARY: Rgba = (0.85, 0.15, 0.15, 1.0)
TEXT: Rgba = (1.0, 1.0, 1.0, 0.9)
AGV: Rgba = (0.95, 0.60, 0.10, 0.9)
PLACES: dict[PlaceKind, Rgba] = {
    "pickup": (0.20, 0.65, 0.35, 0.5),
    "dropoff": (0.10, 0.50, 0.50, 0.5),
    "booth_outbound": (0.60, 0.35, 0.75, 0.5),
    "booth_inbound": (0.60, 0.35, 0.75, 0.5),
    "charger": (0.90, 0.80, 0.20, 0.5),
    "parking": (0.50, 0.50, 0.50, 0.4),
}
LINE_M = 0.4
MARGIN_M = 15.0
AGV_HEIGHT_M = 1.6
TEXT_M = 1.5


def roadmap_sample(site: Site, roadmap: Roadmap, devices: list[Device]) -> Sample:
    """The whole scene; the same for the gate's whole life, and so of no time."""
    drawn = [
        *_roads(roadmap),
        *_boundary(site, roadmap),
        *_places(site, roadmap),
        *_vehicles(site, devices),
    ]
    return Sample(ROADMAP_TOPIC, MARKER_ARRAY, 0, markers(0, drawn))


def _roads(roadmap: Roadmap) -> Iterator[Marker]:
    """All edges as two bundles of lines, each zone in the other shade than the one before."""
    shade = {zone: n % 2 for n, zone in enumerate(dict.fromkeys(
        edge.zone for edge in roadmap.edges.values()
    ))}  # fmt: skip
    for layer, shades, in_lane in (("roads", ROAD, False), ("lanes", LANE, True)):
        points: list[tuple[float, float]] = []
        colors: list[Rgba] = []
        for edge in roadmap.edges.values():
            if bool(edge.lane) is in_lane:
                for pair in itertools.pairwise(edge.points):
                    points += pair
                    colors += [shades[shade[edge.zone]]] * 2
        yield Marker(
            frame=MAP_FRAME, layer=layer, number=0, kind=LINE_LIST, pose=ORIGIN,
            scale_m=(LINE_M, 0.0, 0.0), color=shades[0], points=tuple(points), colors=tuple(colors),
        )  # fmt: skip


def _boundary(site: Site, roadmap: Roadmap) -> Iterator[Marker]:
    """North-south across all lanes; none where the lanes do not reach the boundary."""
    at = border_point(site, roadmap)
    if at is None:
        return
    heights = [y for e in roadmap.edges.values() if e.lane for _, y in e.points]
    ends = ((at[0], min(heights) - MARGIN_M), (at[0], max(heights) + MARGIN_M))
    yield Marker(
        frame=MAP_FRAME, layer="boundary", number=0, kind=LINE_LIST, pose=ORIGIN,
        scale_m=(LINE_M, 0.0, 0.0), color=BOUNDARY, points=ends,
    )  # fmt: skip


def _places(site: Site, roadmap: Roadmap) -> Iterator[Marker]:
    """A plate under the body of an AGV that stands there, and the name."""
    length, width = site.vehicles.length_m, site.vehicles.width_m
    for number, place in enumerate(roadmap.places.values()):
        (x0, y0), (x_m, y_m) = roadmap.standing_edge(place.id).points[-2:]
        heading = math.atan2(y_m - y0, x_m - x0)
        middle = Pose2(
            x_m - length / 2 * math.cos(heading), y_m - length / 2 * math.sin(heading), heading
        )
        yield Marker(
            frame=MAP_FRAME, layer="places", number=number, kind=CUBE, pose=middle,
            scale_m=(length, width, 0.05), color=PLACES[place.kind],
        )  # fmt: skip
        yield Marker(
            frame=MAP_FRAME, layer="names", number=number, kind=TEXT_VIEW_FACING, pose=middle,
            z_m=3.0, scale_m=(0.0, 0.0, TEXT_M), color=TEXT, text=place.id,
        )  # fmt: skip


def _vehicles(site: Site, devices: list[Device]) -> Iterator[Marker]:
    size = (site.vehicles.length_m, site.vehicles.width_m, AGV_HEIGHT_M)
    vehicles = [device for device in devices if device.kind == "vehicle"]
    for number, vehicle in enumerate(vehicles):
        frame = base_link(ros_name(vehicle.id))
        yield Marker(
            frame=frame, layer="vehicles", number=number, kind=CUBE, pose=ORIGIN,
            z_m=AGV_HEIGHT_M / 2, scale_m=size, color=AGV,
        )  # fmt: skip
        yield Marker(
            frame=frame, layer="vehicle names", number=number, kind=TEXT_VIEW_FACING, pose=ORIGIN,
            z_m=4.0, scale_m=(0.0, 0.0, TEXT_M), color=TEXT, text=vehicle.id,
        )  # fmt: skip
