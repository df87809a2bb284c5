"""Standard messages from plain values to bytes; the fields stand in `robotics.ros.definitions`.

Lengths are in metres, angles in radians, as ROS wants them (REP 103). What is not measured is zero
in poses, twists and covariances, and NaN where the message's own documentation asks for it.
"""

import math
import struct
from collections.abc import Sequence

import msgspec

from robotics.ros.cdr import CdrWriter

OK = 0
ERROR = 2
"""Levels of `diagnostic_msgs/DiagnosticStatus`."""

CUBE = 1
LINE_LIST = 5
TEXT_VIEW_FACING = 9
"""Types of `visualization_msgs/Marker`."""

_TIME = struct.Struct("<iI")
_BYTES_4 = struct.Struct("<4B")
_BYTE = struct.Struct("<B")
_INTS_3 = struct.Struct("<3i")
_FLOATS_4 = struct.Struct("<4f")
_FLOATS_7 = struct.Struct("<7f")
_DOUBLES_3 = struct.Struct("<3d")
_DOUBLES_7 = struct.Struct("<7d")
_DOUBLES_10 = struct.Struct("<10d")
_ODOMETRY = struct.Struct("<7d288x6d288x")
"""Pose and twist, each with its covariance of 36 zeros."""

Rgba = tuple[float, float, float, float]
"""Each 0..1."""


class Pose2(msgspec.Struct, frozen=True, gc=False):
    """A position on the ground and a heading, counter-clockwise from east."""

    x_m: float
    y_m: float
    heading_rad: float


class Status(msgspec.Struct, frozen=True, gc=False):
    """One `diagnostic_msgs/DiagnosticStatus`."""

    level: int
    name: str
    message: str
    values: tuple[tuple[str, str], ...]


class Marker(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One `visualization_msgs/Marker` that stays until it is replaced."""

    frame: str
    layer: str
    """The marker's `ns`: viewers show and hide it as one."""
    number: int
    kind: int
    pose: Pose2
    z_m: float = 0.0
    scale_m: tuple[float, float, float]
    color: Rgba
    points: tuple[tuple[float, float], ...] = ()
    colors: tuple[Rgba, ...] = ()
    text: str = ""


def odometry(stamp_ns: int, frame: str, child: str, pose: Pose2, speed_mps: float) -> bytes:
    """Pose in `frame` and forward speed of `child`; both covariances are zero: not known."""
    writer = _begun(stamp_ns, frame)
    writer.string(child)
    x, y, z, w = _quaternion(pose.heading_rad)
    writer.put(
        _ODOMETRY, 8, pose.x_m, pose.y_m, 0.0, x, y, z, w, speed_mps, 0.0, 0.0, 0.0, 0.0, 0.0
    )
    return writer.done()


def battery_state(stamp_ns: int, frame: str, share: float) -> bytes:
    """Charge as a share, 0..1; status, health and technology are not known."""
    writer = _begun(stamp_ns, frame)
    nan = math.nan
    writer.put(_FLOATS_7, 4, nan, nan, nan, nan, nan, nan, share)
    writer.put(_BYTES_4, 1, 0, 0, 0, 1)
    writer.count(0)
    writer.count(0)
    writer.string("")
    writer.string("")
    return writer.done()


def transforms(stamp_ns: int, frame: str, children: Sequence[tuple[str, Pose2]]) -> bytes:
    """Where frames stand in `frame`."""
    writer = CdrWriter()
    writer.count(len(children))
    for child, pose in children:
        _header(writer, stamp_ns, frame)
        writer.string(child)
        x, y, z, w = _quaternion(pose.heading_rad)
        writer.put(_DOUBLES_7, 8, pose.x_m, pose.y_m, 0.0, x, y, z, w)
    return writer.done()


def diagnostics(stamp_ns: int, statuses: Sequence[Status]) -> bytes:
    """The state of devices in words; the hardware's id is the device's own name."""
    writer = _begun(stamp_ns, "")
    writer.count(len(statuses))
    for status in statuses:
        writer.put(_BYTE, 1, status.level)
        writer.string(status.name)
        writer.string(status.message)
        writer.string(status.name)
        writer.count(len(status.values))
        for key, value in status.values:
            writer.string(key)
            writer.string(value)
    return writer.done()


def markers(stamp_ns: int, drawn: Sequence[Marker]) -> bytes:
    """Things to draw; each moves with its frame."""
    writer = CdrWriter()
    writer.count(len(drawn))
    for marker in drawn:
        _header(writer, stamp_ns, marker.frame)
        writer.string(marker.layer)
        writer.put(_INTS_3, 4, marker.number, marker.kind, 0)
        pose = marker.pose
        writer.put(
            _DOUBLES_10, 8, pose.x_m, pose.y_m, marker.z_m,
            *_quaternion(pose.heading_rad), *marker.scale_m,
        )  # fmt: skip
        writer.put(_FLOATS_4, 4, *marker.color)
        writer.put(_TIME, 4, 0, 0)  # lifetime: for ever
        writer.put(_BYTE, 1, 1)  # frame_locked
        writer.count(len(marker.points))
        for x_m, y_m in marker.points:
            writer.put(_DOUBLES_3, 8, x_m, y_m, 0.0)
        writer.count(len(marker.colors))
        for color in marker.colors:
            writer.put(_FLOATS_4, 4, *color)
        writer.string("")  # texture_resource
        _header(writer, 0, "")  # texture: none
        writer.string("")
        writer.count(0)
        writer.count(0)  # uv_coordinates
        writer.string(marker.text)
        writer.string("")  # mesh_resource
        writer.string("")  # mesh_file: none
        writer.count(0)
        writer.put(_BYTE, 1, 0)
    return writer.done()


def gate_event(stamp_ns: int, source: str, kind: str, subject: str, json: str) -> bytes:
    """The project's own `bordergate_msgs/GateEvent`."""
    writer = CdrWriter()
    writer.put(_TIME, 4, *divmod(stamp_ns, 10**9))
    for text in (source, kind, subject, json):
        writer.string(text)
    return writer.done()


def _begun(stamp_ns: int, frame: str) -> CdrWriter:
    writer = CdrWriter()
    _header(writer, stamp_ns, frame)
    return writer


def _header(writer: CdrWriter, stamp_ns: int, frame: str) -> None:
    writer.put(_TIME, 4, *divmod(stamp_ns, 10**9))
    writer.string(frame)


def _quaternion(heading_rad: float) -> tuple[float, float, float, float]:
    half = heading_rad / 2
    return (0.0, 0.0, math.sin(half), math.cos(half))
