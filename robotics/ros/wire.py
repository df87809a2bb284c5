"""The messages of `bordergate_msgs` and their parts as rosbridge writes them in JSON.

Field names are those of the interface package (`interfaces/bordergate_msgs`), whose comments are
the contract. rosbridge writes NaN and infinity as null, which no number here takes. Fields that are
not known are skipped, so that the package can grow.
"""

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from robotics.ros.refusal import RefusedError

MAP_FRAME = "map"

Unsigned = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Seq = Annotated[int, Meta(ge=-1, lt=2**62)]
"""Of a visit; -1: none."""
Share = Annotated[float, Meta(ge=0, le=1)]
Name = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=1024)]
Coordinate = Annotated[float, Meta(ge=-1e6, le=1e6)]
"""[m]"""


class Time(msgspec.Struct, frozen=True, gc=False):
    """`builtin_interfaces/Time` [UTC of the gate]."""

    sec: Annotated[int, Meta(ge=0, lt=2**31)]
    nanosec: Annotated[int, Meta(ge=0, lt=10**9)]

    @property
    def ns(self) -> int:
        """The same in one number [ns]."""
        return self.sec * 10**9 + self.nanosec


class Header(msgspec.Struct, frozen=True, gc=False):
    """`std_msgs/Header`."""

    stamp: Time
    frame_id: Name


class Point(msgspec.Struct, frozen=True, gc=False):
    """`geometry_msgs/Point` [m]."""

    x: Coordinate
    y: Coordinate
    z: Coordinate = 0.0


class Quaternion(msgspec.Struct, frozen=True, gc=False):
    """`geometry_msgs/Quaternion`."""

    x: float
    y: float
    z: float
    w: float


class Pose(msgspec.Struct, frozen=True, gc=False):
    """`geometry_msgs/Pose`."""

    position: Point
    orientation: Quaternion


class Vector3(msgspec.Struct, frozen=True, gc=False):
    """`geometry_msgs/Vector3`."""

    x: float
    y: float
    z: float


class Twist(msgspec.Struct, frozen=True, gc=False):
    """`geometry_msgs/Twist` [m/s, rad/s]."""

    linear: Vector3
    angular: Vector3


class Edge(msgspec.Struct, frozen=True, gc=False):
    """`Edge` of a grant."""

    id: str
    points: tuple[Point, ...]
    length: float
    speed_limit: float


class Visit(msgspec.Struct, frozen=True, gc=False):
    """`Visit` of a grant."""

    seq: int
    zone: str
    edges: tuple[Edge, ...]


class Grant(msgspec.Struct, frozen=True):
    """Gate -> AGV, topic `grant`."""

    header: Header
    number: int
    deadline: Time
    visits: tuple[Visit, ...]


class GrantAck(msgspec.Struct, frozen=True, gc=False):
    """AGV -> gate, topic `grant_ack`."""

    header: Header
    number: Unsigned
    result: Annotated[int, Meta(ge=0, le=3)]
    taken: Unsigned
    end_seq: Seq
    reason: Text


GRANT_RESULTS = ("accepted", "late", "no_join", "invalid")
"""What `GrantAck.result` counts up."""


class AgvState(msgspec.Struct, frozen=True, gc=False):
    """AGV -> gate, topic `state`."""

    header: Header
    pose: Pose
    twist: Twist
    battery: Share
    container: Name
    load_step: Unsigned
    grant: Unsigned
    end_seq: Seq
    cleared_seq: Seq
    stood_seq: Seq
    fault: Text
    mode: Annotated[int, Meta(ge=0, le=2)]
    safety_state: Annotated[int, Meta(ge=0, le=2)]
    limit: Unsigned


class HeldVisit(msgspec.Struct, frozen=True, gc=False):
    """A visit as an AGV holds it."""

    seq: Seq
    zone: Name
    edges: Annotated[tuple[Name, ...], Meta(max_length=64)]


class Road(msgspec.Struct, frozen=True, gc=False):
    """Answer of the service `get_road`."""

    state: AgvState
    road: Annotated[tuple[HeldVisit, ...], Meta(max_length=1024)]


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """Answer of the services `confirm_load` and `set_position`."""

    accepted: bool
    reason: Text


class ChargeResult(msgspec.Struct, frozen=True, gc=False):
    """Result of the action `charge`."""

    step: Unsigned
    battery: Share


class TransferResult(msgspec.Struct, frozen=True, gc=False):
    """Result of the action `transfer`."""

    step: Unsigned


class EStop(msgspec.Struct, frozen=True, gc=False):
    """Gate -> all devices, topic `/e_stop`."""

    stamp: Time
    number: Unsigned
    engaged: bool
    reason: Text


class CraneState(msgspec.Struct, frozen=True, gc=False):
    """Crane -> gate, topic `state`."""

    header: Header
    step: Unsigned
    done: Annotated[tuple[Unsigned, ...], Meta(max_length=256)]
    progress: Share
    gantry: Coordinate
    trolley: Coordinate
    hoist: Annotated[float, Meta(ge=0, le=100)]
    twistlocks_locked: bool
    fault: Text
    mode: Annotated[int, Meta(ge=0, le=2)]
    limit: Unsigned


class KeyValue(msgspec.Struct, frozen=True, gc=False):
    """`diagnostic_msgs/KeyValue`."""

    key: Name
    value: Text


class ScanReport(msgspec.Struct, frozen=True, gc=False):
    """What came of one scan."""

    step: Unsigned
    verdict: Annotated[int, Meta(ge=0, le=1)]
    image_uri: Text
    image_sha256: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]
    readings: Annotated[tuple[KeyValue, ...], Meta(max_length=256)]


class ScanResult(msgspec.Struct, frozen=True, gc=False):
    """Result of the action `scan`."""

    report: ScanReport


class ScannerState(msgspec.Struct, frozen=True, gc=False):
    """Scanner -> gate, topic `state`."""

    header: Header
    step: Unsigned
    done: Annotated[tuple[ScanReport, ...], Meta(max_length=256)]
    progress: Share
    fault: Text
    mode: Annotated[int, Meta(ge=0, le=2)]
    limit: Unsigned


class DeviceInfo(msgspec.Struct, frozen=True, gc=False):
    """What the service `get_device_info` says; more of it than this is for people."""

    kind: Annotated[int, Meta(ge=0, le=2)]
    device_id: Name
    manufacturer: Text
    model: Text
    interface_version: Name


class DeviceInfoAnswer(msgspec.Struct, frozen=True, gc=False):
    """Answer of the service `get_device_info`."""

    info: DeviceInfo


MODES = ("AUTOMATIC", "MANUAL", "MAINTENANCE")
SAFETY_STATES = ("SAFE", "PROTECTIVE_STOP", "EMERGENCY_STOP")

_T = TypeVar("_T")


_decoders: dict[type, msgspec.json.Decoder[Any]] = {}
"""Made once for each struct: as many as there are above."""


def time_of(ns: int) -> Time:
    """A moment as ROS writes it."""
    return Time(*divmod(ns, 10**9))


def read(data: msgspec.Raw | bytes, kind: type[_T], where: str) -> _T:
    """JSON from rosbridge as one of the structs above.

    Raises:
        RefusedError: it is none; `where` names the topic or service that it came by.
    """
    decoder: msgspec.json.Decoder[_T] | None = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        said, _, path = str(error).partition(" - at `$")
        raise RefusedError("form", where + path.rstrip("`"), said, kind.__name__) from error
    except RecursionError as error:  # not turned into its own error by msgspec
        raise RefusedError("form", where, "too deep a nesting", kind.__name__) from error


def stop_reason(fault: str, mode: int, safety_state: int = 0) -> str:
    """Why a device stands, for the gate: its fault, and what people have switched; or empty."""
    words = [SAFETY_STATES[safety_state]] if safety_state else []
    if mode:
        words.append(MODES[mode])
    return ", ".join([*words, fault] if fault else words)
