"""The measures of a layout [m] that follow from the vehicle and the number of lanes."""

import math
from itertools import pairwise

import msgspec
import shapely

from actors.site.model import Point, Site
from actors.site.swept_path import footprint, outline_of

RUNG_PITCH_M = 5.0
TRACK_PITCH_M = 6.0
BEND_M = 30.0
"""Length along the aisle of the S-bends to the booth tracks; the outermost has 17 m radius of 3."""
YARD_HEIGHT_M_MIN = 60.0
NOSE_M = 2.0
"""From a place to the end of its zone: a vehicle in the place keeps so far from the next zone."""
RUNGS_PER_BLOCK = 4
SPARE_M = 0.2
SPARE_SHARE_M = 0.06
"""Between bodies in places and those in curves, beyond their lateral clearance: swept paths are
reckoned a little too wide on the inside of curves. The second is for each radius that the body is
long: 20 m on a radius of 4 m need 0.25 m, the most that was found."""
CORNER_SAMPLES = 64
"""Positions of a body that leaves a curve at which it is looked how far it reaches."""
ROUNDING_M = 0.01
"""Zones are laid out longer by this than they need be, since nodes are put on whole millimetres."""


class Measures(msgspec.Struct, frozen=True):
    """What both yards and the road of one site are drawn with; all in metres."""

    radius: float
    arc: float
    """Length of a quarter circle."""
    room: float
    """A vehicle with its clearance: no zone is driven over less than this."""
    side_gap: float
    """From the middle of a vehicle's path to the border of its zone."""
    rung_pitch: float
    track_pitch: float
    corner_run: float
    """Straight piece that belongs to the zone of each corner."""
    height: float
    """From collector to feeder."""
    lanes: tuple[float, ...]
    """y of each lane of the site file, from south to north."""
    mouths: tuple[tuple[float, float], ...]
    """Stretch of the western column, from - to, of each mouth; lanes share one in pairs."""


def mouth_of(lane_index: int) -> int:
    """The index of the mouth of a lane: lanes go in pairs from the south."""
    return lane_index // 2


def measure(site: Site) -> Measures:
    """The measures of `site`. They depend on all its lanes, not on the day."""
    vehicles = site.vehicles
    radius = vehicles.turn_radius_m
    arc = radius * math.pi / 2
    room = vehicles.length_m + vehicles.clearance_m + ROUNDING_M
    before_curve = max(0.0, room - arc)
    pitch = max(TRACK_PITCH_M, vehicles.width_m + 3.0)
    sizes = []
    for first in range(0, len(site.road.lanes), 2):
        pair = site.road.lanes[first : first + 2]
        sizes.append(2 * (radius + before_curve) + pitch * (len(pair) - 1))
    height = max(
        YARD_HEIGHT_M_MIN,
        2 * radius + room + NOSE_M,
        2 * radius + sum(sizes),
    )
    height = float(math.ceil(height))
    lanes: list[float] = []
    mouths = []
    south = (height - sum(sizes)) / 2
    for number, size in enumerate(sizes):
        count = min(2, len(site.road.lanes) - 2 * number)
        middle = south + size / 2
        lanes += [middle + pitch * (i - (count - 1) / 2) for i in range(count)]
        mouths.append((south, south + size))
        south += size
    return Measures(
        radius=radius,
        arc=arc,
        room=room,
        side_gap=vehicles.width_m / 2 + 0.5,
        rung_pitch=max(RUNG_PITCH_M, vehicles.width_m + 2.0, _beside_curve_m(site)),
        track_pitch=pitch,
        corner_run=max(2.0, room - arc),
        height=height,
        lanes=tuple(lanes),
        mouths=tuple(mouths),
    )


def _beside_curve_m(site: Site) -> float:
    """How far apart two straights must be that end in curves, so that bodies clear each other [m].

    One body stands on its straight up to where the curve begins, the other leaves its own by the
    curve, towards the first. When that one's front is round the corner, the chord to its rear cuts
    the corner, and the longer the body for the radius, the further it reaches over to the side.
    Ways in are the same, mirrored.
    """
    body = footprint(site)
    radius, half = site.vehicles.turn_radius_m, body.width_m / 2 + body.lateral_m
    above = shapely.box(-body.length_m, 0.0, 2 * body.length_m, 2 * body.length_m)
    first, last = -body.length_m, radius * math.pi / 2
    reach = 0.0
    for i in range(CORNER_SAMPLES + 1):
        rear_m = first + (last - first) * i / CORNER_SAMPLES
        (x0, y0), (x1, y1) = (_round_corner(m, radius) for m in (rear_m, rear_m + body.length_m))
        heading = math.atan2(y1 - y0, x1 - x0)
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        over = outline_of(*middle, heading, body.length_m, 2 * half).intersection(above)
        if not over.is_empty:
            reach = max(reach, over.bounds[2])
    return reach + half + max(SPARE_M, SPARE_SHARE_M * body.length_m / radius)


def _round_corner(at_m: float, radius_m: float) -> Point:
    """The point at a place along a way from the north that turns east, from the origin (0) on."""
    angle = min(max(at_m, 0.0) / radius_m, math.pi / 2)
    beyond = max(0.0, at_m - radius_m * math.pi / 2)
    x = radius_m * (1 - math.cos(angle)) + beyond
    return x, max(0.0, -at_m) - radius_m * math.sin(angle)


def equal_parts(start: float, end: float, size: float, least: float) -> list[tuple[float, float]]:
    """The stretch from `start` to `end` in equal parts of about `size`, none under `least`."""
    total = end - start
    count = max(1, min(round(total / size), math.floor(total / least + 1e-9)))
    cuts = [start + total * i / count for i in range(count + 1)]
    return list(pairwise(cuts))
