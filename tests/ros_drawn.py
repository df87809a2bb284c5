"""What robots say over ROS, for tests: sound samples, and strategies within the ranges."""

import math
import typing

import msgspec
from hypothesis import strategies as st
from msgspec.structs import replace

from robotics.ros import wire
from robotics.ros.bounds import Bounds
from tests.gate import S

NOW = 1_800_000_000 * S
BOUNDS = Bounds(speed_mps_max=10.0, skew_ns=S // 2)


def level(yaw_rad: float) -> wire.Quaternion:
    """A heading as a rotation."""
    return wire.Quaternion(0.0, 0.0, math.sin(yaw_rad / 2), math.cos(yaw_rad / 2))


def header(at_ns: int = NOW, frame: str = "map") -> wire.Header:
    return wire.Header(wire.time_of(at_ns), frame)


def agv_state(at_ns: int = NOW, **changes: object) -> wire.AgvState:
    """An AGV that stands well at the end of its first visit."""
    state = wire.AgvState(
        header=header(at_ns),
        pose=wire.Pose(wire.Point(3.0, 4.0), level(0.5)),
        twist=wire.Twist(wire.Vector3(0.0, 0.0, 0.0), wire.Vector3(0.0, 0.0, 0.0)),
        battery=0.75,
        container="",
        load_step=0,
        grant=0,
        end_seq=0,
        cleared_seq=-1,
        stood_seq=0,
        fault="",
        mode=0,
        safety_state=0,
        limit=0,
    )
    return replace(state, **changes)


def crane_state(at_ns: int = NOW, **changes: object) -> wire.CraneState:
    state = wire.CraneState(header(at_ns), 0, (), 0.0, 0.0, 0.0, 0.0, False, "", 0, 0)
    return replace(state, **changes)


def report(step: int, verdict: int = 0) -> wire.ScanReport:
    return wire.ScanReport(step, verdict, "", "", ())


def scanner_state(at_ns: int = NOW, **changes: object) -> wire.ScannerState:
    return replace(wire.ScannerState(header(at_ns), 0, (), 0.0, "", 0, 0), **changes)


def raw(item: object) -> msgspec.Raw:
    """As rosbridge writes it."""
    return msgspec.Raw(msgspec.json.encode(item))


def of_kind(kind: typing.Any) -> st.SearchStrategy[typing.Any]:
    """Values of a type of `wire`, within the ranges that it declares."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = typing.get_type_hints(kind, include_extras=True)
        return st.builds(kind, **{name: of_kind(hints[name]) for name in kind.__struct_fields__})
    if typing.get_origin(kind) is tuple:
        return st.lists(of_kind(typing.get_args(kind)[0]), max_size=3).map(tuple)
    if typing.get_origin(kind) is not typing.Annotated:
        plain: dict[typing.Any, st.SearchStrategy[typing.Any]] = {
            bool: st.booleans(),
            float: st.floats(-1, 1),
            str: st.text(max_size=8),
        }
        return plain[kind]
    inner, meta = typing.get_args(kind)
    if inner is int:
        return st.integers(meta.ge, meta.lt - 1 if meta.lt is not None else meta.le)
    if inner is float:
        return st.floats(meta.ge, meta.le)
    if inner is str:
        return st.sampled_from(["", "ab" * 32]) if meta.pattern else st.text(max_size=8)
    return of_kind(inner)


json_values: st.SearchStrategy[typing.Any] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=8)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def damaged(draw: st.DrawFn, item: typing.Any) -> bytes:
    """The JSON of a sound message in which something is replaced by anything, or left out."""
    tree = msgspec.to_builtins(item)
    node = tree
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = draw(st.sampled_from(keys))
        if isinstance(node[key], dict | list) and node[key] and draw(st.booleans()):
            node = node[key]
            continue
        if isinstance(node, dict) and draw(st.booleans()):
            del node[key]
        else:
            node[key] = draw(json_values)
        return msgspec.json.encode(tree)
