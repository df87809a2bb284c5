import math
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from interfaces.recording.samples import GATE_EVENT
from robotics.ros import definitions, messages
from robotics.ros.definitions import Schema
from robotics.ros.messages import Marker, Pose2, Status

JAZZY = get_typestore(Stores.ROS2_JAZZY)
STANDARD = [
    definitions.ODOMETRY,
    definitions.BATTERY_STATE,
    definitions.DIAGNOSTIC_ARRAY,
    definitions.TF_MESSAGE,
    definitions.MARKER_ARRAY,
]
stamps = st.integers(0, 2**31 * 10**9 - 1)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
numbers = st.floats(-1e6, 1e6)
poses = st.builds(Pose2, numbers, numbers, st.floats(-math.pi, math.pi))
colors = st.tuples(*[st.floats(0, 1, width=32)] * 4)


@cache
def reader(schema: Schema) -> Typestore:
    """What reads a message with nothing but the definition that goes with it."""
    store = get_typestore(Stores.EMPTY)
    store.register(get_types_from_msg(schema.text, schema.name))
    return store


def read(schema: Schema, data: bytes) -> Any:
    """The message as rosbags reads it."""
    return reader(schema).deserialize_cdr(data, schema.name)


def ns(stamp: Any) -> int:
    return int(stamp.sec) * 10**9 + int(stamp.nanosec)


def assert_turned(quaternion: Any, heading_rad: float) -> None:
    assert (quaternion.x, quaternion.y) == (0, 0)
    assert 2 * math.atan2(quaternion.z, quaternion.w) == pytest.approx(heading_rad, abs=1e-9)


@pytest.mark.parametrize("schema", STANDARD, ids=lambda schema: schema.name)
def test_definitions_are_those_of_ros_2_jazzy(schema: Schema) -> None:
    store = get_typestore(Stores.EMPTY)
    types = get_types_from_msg(schema.text, schema.name)
    store.register(types)
    for name in types:
        assert store.hash_rihs01(name) == JAZZY.hash_rihs01(name)


def test_the_projects_own_message_is_defined_by_its_interface_package() -> None:
    assert GATE_EVENT.name == "bordergate_msgs/msg/GateEvent"
    fields = get_types_from_msg(GATE_EVENT.text, GATE_EVENT.name)[GATE_EVENT.name][1]
    assert [name for name, _ in fields] == ["stamp", "source", "kind", "subject", "json"]


@given(stamps, texts, texts, poses, numbers)
def test_odometry_is_read_as_it_was_written(
    stamp_ns: int, frame: str, child: str, pose: Pose2, speed: float
) -> None:
    data = messages.odometry(stamp_ns, frame, child, pose, speed)
    found = read(definitions.ODOMETRY, data)
    assert ns(found.header.stamp) == stamp_ns
    assert (found.header.frame_id, found.child_frame_id) == (frame, child)
    position = found.pose.pose.position
    assert (position.x, position.y, position.z) == (pose.x_m, pose.y_m, 0)
    assert_turned(found.pose.pose.orientation, pose.heading_rad)
    linear, angular = found.twist.twist.linear, found.twist.twist.angular
    assert (linear.x, linear.y, linear.z) == (speed, 0, 0)
    assert (angular.x, angular.y, angular.z) == (0, 0, 0)
    assert not found.pose.covariance.any()
    assert not found.twist.covariance.any()


@given(stamps, texts, st.floats(0, 1, width=32))
def test_charge_is_a_share_and_all_else_of_the_battery_is_unknown(
    stamp_ns: int, frame: str, share: float
) -> None:
    found = read(definitions.BATTERY_STATE, messages.battery_state(stamp_ns, frame, share))
    assert (ns(found.header.stamp), found.header.frame_id) == (stamp_ns, frame)
    assert found.percentage == share
    unknown = (found.voltage, found.temperature, found.current, found.charge, found.capacity)
    assert all(map(math.isnan, (*unknown, found.design_capacity)))
    assert found.present
    assert not any((len(found.cell_voltage), len(found.cell_temperature), found.location))


@given(stamps, texts, st.lists(st.tuples(texts, poses), max_size=4))
def test_transforms_are_read_as_they_were_written(
    stamp_ns: int, frame: str, children: list[tuple[str, Pose2]]
) -> None:
    found = read(definitions.TF_MESSAGE, messages.transforms(stamp_ns, frame, children))
    for (child, pose), read_child in zip(children, found.transforms, strict=True):
        assert (ns(read_child.header.stamp), read_child.header.frame_id) == (stamp_ns, frame)
        assert read_child.child_frame_id == child
        moved = read_child.transform.translation
        assert (moved.x, moved.y, moved.z) == (pose.x_m, pose.y_m, 0)
        assert_turned(read_child.transform.rotation, pose.heading_rad)


@given(
    stamps,
    st.lists(
        st.builds(
            Status,
            st.sampled_from([messages.OK, messages.ERROR]),
            texts,
            texts,
            st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
        ),
        max_size=4,
    ),
)
def test_diagnostics_are_read_as_they_were_written(stamp_ns: int, told: list[Status]) -> None:
    found = read(definitions.DIAGNOSTIC_ARRAY, messages.diagnostics(stamp_ns, told))
    assert ns(found.header.stamp) == stamp_ns
    assert told == [
        Status(s.level, s.name, s.message, tuple((v.key, v.value) for v in s.values))
        for s in found.status
    ]
    assert [s.hardware_id for s in found.status] == [s.name for s in told]


@given(
    stamps,
    st.lists(
        st.builds(
            Marker,
            frame=texts,
            layer=texts,
            number=st.integers(0, 1000),
            kind=st.sampled_from([messages.CUBE, messages.LINE_LIST, messages.TEXT_VIEW_FACING]),
            pose=poses,
            z_m=numbers,
            scale_m=st.tuples(numbers, numbers, numbers),
            color=colors,
            points=st.lists(st.tuples(numbers, numbers), max_size=3).map(tuple),
            colors=st.lists(colors, max_size=3).map(tuple),
            text=texts,
        ),
        max_size=3,
    ),
)
def test_markers_are_read_as_they_were_written(stamp_ns: int, drawn: list[Marker]) -> None:
    found = read(definitions.MARKER_ARRAY, messages.markers(stamp_ns, drawn))
    for marker, seen in zip(drawn, found.markers, strict=True):
        assert (ns(seen.header.stamp), seen.header.frame_id) == (stamp_ns, marker.frame)
        assert (seen.ns, seen.id, seen.type, seen.text) == (
            marker.layer, marker.number, marker.kind, marker.text,
        )  # fmt: skip
        at = seen.pose.position
        assert (at.x, at.y, at.z) == (marker.pose.x_m, marker.pose.y_m, marker.z_m)
        assert_turned(seen.pose.orientation, marker.pose.heading_rad)
        assert (seen.scale.x, seen.scale.y, seen.scale.z) == marker.scale_m
        every = [marker.color, *marker.colors]
        assert every == [(c.r, c.g, c.b, c.a) for c in (seen.color, *seen.colors)]
        assert [(p.x, p.y) for p in seen.points] == list(marker.points)
        assert (seen.action, ns(seen.lifetime), seen.frame_locked) == (0, 0, True)


@given(stamps, texts, texts, texts, texts)
def test_gate_events_are_read_as_they_were_written(
    stamp_ns: int, source: str, kind: str, subject: str, json: str
) -> None:
    found = read(GATE_EVENT, messages.gate_event(stamp_ns, source, kind, subject, json))
    assert ns(found.stamp) == stamp_ns
    assert (found.source, found.kind, found.subject, found.json) == (source, kind, subject, json)


def test_what_stands_after_a_nul_in_a_text_is_left_out() -> None:
    found = read(GATE_EVENT, messages.gate_event(0, "a\0b", "", "", ""))
    assert (found.source, found.kind) == ("a", "")
