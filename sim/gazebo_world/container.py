"""A container as an SDF model that joins itself to who carries it, and can be let go.

Put into a world, on a deck or under a spreader, it is fixed there; a message on its topic `detach`
lets it go. Both releases know that much of the detachable joint; to take it up again, Fortress has
to be given a new one, so that a container is put into the world anew with each carrier.
"""

from xml.etree import ElementTree as ET

import msgspec

from sim.gazebo_world.elements import At, Rgba, inertial, link, model, solid_box, system
from sim.gazebo_world.inertia import box_inertia
from sim.gazebo_world.release import Release

GROSS_KG_MAX = 30_480.0
"""ISO 668, all sizes."""
WIDTH_M = 2.438
LENGTHS_M = {"2": 6.058, "4": 12.192, "L": 13.716}
"""By the first character of the size-type (ISO 6346), of ISO 668."""
HEIGHTS_M = {"0": 2.438, "2": 2.591, "5": 2.896}
"""By the second character."""
RED: Rgba = (0.65, 0.15, 0.15, 1.0)


class Carrier(msgspec.Struct, frozen=True):
    """What a container is fixed to."""

    model: str
    link: str


def container_size_m(size_type: str) -> tuple[float, float, float]:
    """Length, width and height [m].

    Raises:
        ValueError: it is none of those that an AGV carries.
    """
    try:
        return LENGTHS_M[size_type[:1]], WIDTH_M, HEIGHTS_M[size_type[1:2]]
    except KeyError:
        raise ValueError(
            f"size-type: given {size_type!r}, allowed: ISO 6346 with length 2, 4 or L and "
            "height 0, 2 or 5: 45G1"
        ) from None


def container_model(
    name: str, at: At, size_type: str, mass_kg: float, carrier: Carrier, release: Release
) -> ET.Element:
    """One container with its underside at `at`, fixed to its carrier."""
    size = container_size_m(size_type)
    element = model(name, at, static=False)
    box = link(element, "box", At())
    inertial(box, box_inertia(mass_kg, size), size[2] / 2)
    solid_box(box, "box", At(z=size[2] / 2), size, RED)
    system(
        element, release, "detachable-joint", "DetachableJoint",
        parent_link="box",
        child_model=carrier.model,
        child_link=carrier.link,
        topic=f"/model/{name}/detach",
    )  # fmt: skip
    return element
