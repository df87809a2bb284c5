"""SDF elements: poses, boxes, inertias and systems, built as a tree and never as text."""

from xml.etree import ElementTree as ET

import msgspec

from sim.gazebo_world.inertia import Inertia
from sim.gazebo_world.release import Release

SDF_VERSION = "1.9"
"""What Fortress (sdformat 12) reads, and with it all after it."""

Size = tuple[float, float, float]
Rgba = tuple[float, float, float, float]


class At(msgspec.Struct, frozen=True):
    """A pose: metres, and a turn about the vertical [rad], counter-clockwise."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float = 0.0


def number(value: float) -> str:
    """A number as SDF has it: a micrometre is exact enough, and never -0.0."""
    return repr(round(float(value), 6) + 0.0)


def numbers(*values: float) -> str:
    """Numbers in one element."""
    return " ".join(number(value) for value in values)


def child(parent: ET.Element, tag: str, text: str = "", **attributes: str) -> ET.Element:
    """A new last child of an element."""
    element = ET.SubElement(parent, tag, attributes)
    if text:
        element.text = text
    return element


def put(parent: ET.Element, at: At, *, roll: float = 0.0) -> None:
    """Give an element its pose."""
    child(parent, "pose", numbers(at.x, at.y, at.z, roll, 0.0, at.yaw))


def model(name: str, at: At, *, static: bool) -> ET.Element:
    """A model without links."""
    element = ET.Element("model", {"name": name})
    put(element, at)
    child(element, "static", "true" if static else "false")
    return element


def link(parent: ET.Element, name: str, at: At, *, roll: float = 0.0) -> ET.Element:
    """A link of a model."""
    element = child(parent, "link", name=name)
    put(element, at, roll=roll)
    return element


def inertial(parent: ET.Element, inertia: Inertia, z_m: float = 0.0) -> None:
    """The mass of a link, with its middle at a height over the link's origin."""
    element = child(parent, "inertial")
    put(element, At(z=z_m))
    child(element, "mass", number(inertia.mass_kg))
    moments = child(element, "inertia")
    for tag, value in (
        ("ixx", inertia.ixx), ("ixy", 0.0), ("ixz", 0.0),
        ("iyy", inertia.iyy), ("iyz", 0.0), ("izz", inertia.izz),
    ):  # fmt: skip
        child(moments, tag, number(value))


def box_visual(parent: ET.Element, name: str, at: At, size: Size, color: Rgba) -> None:
    """A box that is seen only."""
    _visual(parent, name, at, color, _box(size))


def box_collision(parent: ET.Element, name: str, at: At, size: Size) -> ET.Element:
    """A box that is touched only; returned so that it can be given a surface."""
    element = child(parent, "collision", name=solid(name))
    put(element, at)
    element.append(_box(size))
    return element


def solid(name: str) -> str:
    """The name of what is touched; in SDF a visual beside it cannot have the same."""
    return f"{name}-solid"


def solid_box(parent: ET.Element, name: str, at: At, size: Size, color: Rgba) -> None:
    """A box that is seen and touched."""
    box_collision(parent, name, at, size)
    box_visual(parent, name, at, size, color)


def friction(collision: ET.Element, mu: float) -> None:
    """How a collision slides, the same in both directions."""
    ode = child(child(child(collision, "surface"), "friction"), "ode")
    child(ode, "mu", number(mu))
    child(ode, "mu2", number(mu))


def joint(
    parent: ET.Element, name: str, kind: str, of: str, moves: str, axis: tuple[int, int, int]
) -> ET.Element:
    """A joint with one axis; returns the axis, for its limits."""
    element = child(parent, "joint", name=name, type=kind)
    child(element, "parent", of)
    child(element, "child", moves)
    along = child(element, "axis")
    child(along, "xyz", numbers(*axis))
    return along


def limits(axis: ET.Element, low: float, high: float, speed_mps: float, effort_n: float) -> None:
    """How far, how fast and with which force at most a prismatic joint moves [m, m/s, N]."""
    element = child(axis, "limit")
    child(element, "lower", number(low))
    child(element, "upper", number(high))
    child(element, "effort", number(effort_n))
    child(element, "velocity", number(speed_mps))


def system(
    parent: ET.Element, release: Release, library: str, kind: str, **settings: str
) -> ET.Element:
    """A system of Gazebo with its settings."""
    filename, name = release.system(library, kind)
    element = child(parent, "plugin", filename=filename, name=name)
    for tag, text in settings.items():
        child(element, tag, text)
    return element


def document(content: ET.Element) -> bytes:
    """The file with one world or model in it; the same content is the same bytes."""
    root = ET.Element("sdf", {"version": SDF_VERSION})
    root.append(content)
    return text_of(root)


def text_of(root: ET.Element) -> bytes:
    """A whole XML file, indented."""
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _box(size: Size) -> ET.Element:
    geometry = ET.Element("geometry")
    child(child(geometry, "box"), "size", numbers(*size))
    return geometry


def _visual(parent: ET.Element, name: str, at: At, color: Rgba, geometry: ET.Element) -> None:
    element = child(parent, "visual", name=name)
    put(element, at)
    element.append(geometry)
    material = child(element, "material")
    child(material, "ambient", numbers(*color))
    child(material, "diffuse", numbers(*color))
