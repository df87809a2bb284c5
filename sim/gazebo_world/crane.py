"""A crane as an SDF model: a portal over its bays that travels along the AGVs that stand in them.

Its legs stand to the left and right of all bays, where no AGV comes. The joints: `gantry` along the
AGVs, `trolley` across them from bay to bay and on to the truck lane, `hoist` down. The model's
origin lies on the ground in the middle of the bays; x is ahead as the AGVs stand, y to their left.
"""

import math
from xml.etree import ElementTree as ET

import msgspec

from actors.site.model import VehiclesSection
from actors.site.roadmap import Roadmap
from sim.gazebo_world.elements import (
    At,
    Rgba,
    box_visual,
    child,
    inertial,
    joint,
    limits,
    link,
    model,
    number,
    solid_box,
    system,
)
from sim.gazebo_world.inertia import box_inertia
from sim.gazebo_world.release import Release

GANTRY_MPS, TROLLEY_MPS, HOIST_MPS = 240 / 60, 48 / 60, 60 / 60
"""Data sheet, verified; the hoist empty."""
HOIST_LOADED_MPS = 36 / 60
HEIGHT_M = 14.0
"""Under the girder: a container over another on an AGV, and the spreader [ours]."""
LEG_M = 0.8
LEG_CLEAR_M = 0.6
"""Between a leg and the swept path of a bay; 5 m lie between two of them [ours]."""
TRUCK_LANE_M = 5.0
"""From the last bay to the trucks' lane, as from bay to bay."""
TRAVEL_M = 3.0
"""Of the gantry, each way: containers are not set down exactly in the middle of an AGV [ours]."""
PORTAL_KG, TROLLEY_KG, SPREADER_KG = 80_000.0, 20_000.0, 8_000.0
"""[ours]"""
EFFORT_N = 1e7
"""Of every drive [ours]: enough to stop 108 t from full speed within 0.1 m. DART asks for a limit
in joints that are told velocities."""
END_M = 0.3
"""From where a joint goes to where it ends [ours]. DART cannot bring back a joint that is at a
limit, of its place or of its speed, and is told a velocity that leads away from it."""
SPREADER_M = (12.2, 2.4, 0.5)
SPREADER_UP_M = HEIGHT_M - 1.0
"""Its middle over the ground with the hoist up."""
STEEL: Rgba = (0.20, 0.35, 0.60, 1.0)
YELLOW: Rgba = (0.95, 0.80, 0.10, 1.0)


class Bays(msgspec.Struct, frozen=True):
    """Where a crane stands: the middle of its bays, and from where to where they lie across it."""

    at: At
    right_m: float
    left_m: float
    """Of the rightmost and the leftmost bay's middle, in the crane's own frame (y)."""


def bays_of(crane: str, roadmap: Roadmap, vehicles: VehiclesSection) -> Bays:
    """The bays of a crane; they lie abreast, as the heading of the first one has it."""
    middles: list[tuple[float, float]] = []
    heading = 0.0
    for place in roadmap.places.values():
        if place.station == crane:
            at = standing_pose(place.id, roadmap, vehicles.length_m)
            heading = heading if middles else at.yaw
            middles.append((at.x, at.y))
    left = (-math.sin(heading), math.cos(heading))
    across = [x * left[0] + y * left[1] for x, y in middles]
    x = sum(x for x, _ in middles) / len(middles)
    y = sum(y for _, y in middles) / len(middles)
    origin = x * left[0] + y * left[1]
    return Bays(At(x, y, 0.0, heading), min(across) - origin, max(across) - origin)


def standing_pose(place: str, roadmap: Roadmap, length_m: float) -> At:
    """The middle of an AGV that stands in a place."""
    (x0, y0), (x1, y1) = roadmap.standing_edge(place).points[-2:]
    heading = math.atan2(y1 - y0, x1 - x0)
    return At(
        x1 - length_m / 2 * math.cos(heading), y1 - length_m / 2 * math.sin(heading), 0.0, heading
    )


def leg_places_m(bays: Bays, vehicles: VehiclesSection) -> tuple[float, float]:
    """The middles of the legs to the right and to the left, in the crane's frame (y)."""
    beside = vehicles.width_m / 2 + LEG_CLEAR_M + LEG_M / 2
    return bays.right_m - beside, bays.left_m + TRUCK_LANE_M + beside


def truck_m(bays: Bays) -> float:
    """Where the trolley is over the truck lane [m]."""
    return bays.left_m + TRUCK_LANE_M


def over(at: At, bays: Bays) -> tuple[float, float]:
    """Where gantry and trolley are over an AGV whose middle is at a pose [m]."""
    x, y = at.x - bays.at.x, at.y - bays.at.y
    cos, sin = math.cos(bays.at.yaw), math.sin(bays.at.yaw)
    return x * cos + y * sin, y * cos - x * sin


def hoist_m(top_m: float) -> float:
    """Where the hoist is with the spreader on something that is so high [m]."""
    return top_m + SPREADER_M[2] / 2 - SPREADER_UP_M


def crane_model(name: str, bays: Bays, vehicles: VehiclesSection, release: Release) -> ET.Element:
    """One crane, its trolley over the middle of its bays and its spreader up."""
    element = model(name, bays.at, static=False)
    rails = link(element, "rails", At())
    inertial(rails, box_inertia(PORTAL_KG, (1.0, 1.0, 1.0)))
    anchor = child(element, "joint", name="anchor", type="fixed")
    child(anchor, "parent", "world")
    child(anchor, "child", "rails")
    right, left = leg_places_m(bays, vehicles)
    width = left - right
    middle = (left + right) / 2
    portal = link(element, "portal", At())
    inertial(portal, box_inertia(PORTAL_KG, (6.0, width, 1.5)), HEIGHT_M)
    for side, y in (("right", right), ("left", left)):
        for end, x in (("rear", -2.5), ("front", 2.5)):
            size = (LEG_M, LEG_M, HEIGHT_M)
            solid_box(portal, f"leg-{side}-{end}", At(x, y, HEIGHT_M / 2 + 0.05), size, STEEL)
    girder = (6.0, width + LEG_M, 1.5)
    box_visual(portal, "girder", At(0.0, middle, HEIGHT_M + 0.75), girder, STEEL)
    trolley = link(element, "trolley", At(z=HEIGHT_M))
    inertial(trolley, box_inertia(TROLLEY_KG, (4.0, 3.0, 1.0)))
    box_visual(trolley, "trolley", At(), (4.0, 3.0, 1.0), YELLOW)
    spreader = link(element, "spreader", At(z=SPREADER_UP_M))
    inertial(spreader, box_inertia(SPREADER_KG, SPREADER_M))
    solid_box(spreader, "spreader", At(), SPREADER_M, YELLOW)
    for kind, of, moves, along, low, high, speed in (
        ("gantry", "rails", "portal", (1, 0, 0), -TRAVEL_M, TRAVEL_M, GANTRY_MPS),
        ("trolley", "portal", "trolley", (0, 1, 0), bays.right_m, truck_m(bays), TROLLEY_MPS),
        ("hoist", "trolley", "spreader", (0, 0, 1), 1.0 - SPREADER_UP_M, 0.0, HOIST_MPS),
    ):  # fmt: skip
        name_ = f"{kind}-joint"
        # cmd_max is the speed; the limit is only to be far from it.
        axis = joint(element, name_, "prismatic", of, moves, along)
        limits(axis, low - END_M, high + END_M, 2 * speed, EFFORT_N)
        system(
            element, release, "joint-position-controller", "JointPositionController",
            joint_name=name_,
            topic=f"/model/{name}/{kind}",
            use_velocity_commands="true",
            cmd_max=number(speed),
            cmd_min=number(-speed),
        )  # fmt: skip
    system(
        element, release, "joint-state-publisher", "JointStatePublisher",
        topic=f"/model/{name}/joint_state",
    )  # fmt: skip
    return element
