"""Reads recordings with readers that are not ours, and runs a data plane to record."""

import contextlib
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import msgspec
import pytest
from mcap.exceptions import McapError
from mcap.reader import NonSeekingReader
from mcap_ros2.decoder import DecoderFactory
from rosbags.highlevel import AnyReader

from actors.site.devices import devices
from interfaces.recording.samples import SampleMaker
from robotics.ros.names import ros_name
from robotics.telemetry import Frame, RecordedEvent, StationSignal, VehicleSignal
from tests.gate import DAY, DEMO

EVERY = devices(DEMO, DAY)
START_NS = 1_782_870_000_000_000_000
MB = 10**6
Read = tuple[str, int, Any]
"""Topic, time [ns], message."""


def read_back(path: Path) -> list[Read]:
    """All messages of a whole file, by rosbags."""
    with AnyReader([path]) as reader:
        return [
            (connection.topic, at_ns, reader.deserialize(raw, connection.msgtype))
            for connection, at_ns, raw in reader.messages()
        ]


def read_cut_off(path: Path) -> list[Read]:
    """All messages of a file up to where it ends too soon, by mcap."""
    found: list[Read] = []
    with path.open("rb") as stream, contextlib.suppress(McapError, struct.error):
        reader = NonSeekingReader(stream, decoder_factories=[DecoderFactory()])
        for _, channel, message, decoded in reader.iter_decoded_messages(log_time_order=False):
            found.append((channel.topic, message.log_time, decoded))
    return found


def maker() -> SampleMaker:
    return SampleMaker(EVERY)


def frame(number: int) -> Frame:
    """All devices of the demo at its moment `number`; no two values of it are the same."""
    vehicles = [device.id for device in EVERY if device.kind == "vehicle"]
    stations = [device.id for device in EVERY if device.kind in ("crane", "booth")]
    return Frame(
        START_NS + number * 10**8,
        tuple(
            VehicleSignal(
                name,
                x_m=number + nth / 8,
                y_m=-number - nth / 16,
                heading_rad=(number + nth) / 100,
                speed_mps=nth + number / 1000,
                battery_pct=100 - number / 100 - nth,
                container=f"CSQU{number // 7:06d}{nth}" if nth % 2 else "",
                fault=f"tyre {number // 7}" if nth == 3 else "",
            )
            for nth, name in enumerate(vehicles)
        ),
        tuple(
            StationSignal(name, "scan" if nth % 2 else "idle", number % 100 / 100 + nth / 1000)
            for nth, name in enumerate(stations)
        ),
    )


def until(what: Callable[[], bool], then: Callable[[], object], within_s: float = 60.0) -> None:
    """Do `then` again and again until `what` is so."""
    ends_s = monotonic() + within_s
    while not what():
        assert monotonic() < ends_s, "it did not come about in time"
        then()
        sleep(0.01)


def recordings(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.glob("*.mcap")))


def ns(stamp: Any) -> int:
    return int(stamp.sec) * 10**9 + int(stamp.nanosec)


def odometry_of(read: list[Read], device: str) -> list[Read]:
    return [r for r in read if r[0] == f"/{ros_name(device)}/odom"]


def assert_same(read: list[Read], frames: list[Frame]) -> None:
    """Every value of every frame, in order, in the messages of its topic."""
    by_topic: dict[str, list[Read]] = {}
    for message in read:
        by_topic.setdefault(message[0], []).append(message)
    for nth, vehicle in enumerate(frames[0].vehicles):
        space = f"/{ros_name(vehicle.id)}"
        link = space.removeprefix("/") + "/base_link"
        columns = (by_topic[space + "/odom"], by_topic[space + "/battery"], by_topic["/tf"])
        for sent, odom, battery, tf in zip(frames, *columns, strict=True):
            was = sent.vehicles[nth]
            for _, at_ns, message in (odom, battery):
                assert at_ns == ns(message.header.stamp) == sent.stamp_ns
            pose, moved = odom[2].pose.pose, tf[2].transforms[nth]
            assert (odom[2].header.frame_id, odom[2].child_frame_id) == ("map", link)
            assert (moved.header.frame_id, moved.child_frame_id) == ("map", link)
            assert (pose.position.x, pose.position.y) == (was.x_m, was.y_m)
            at = moved.transform.translation
            assert (tf[1], at.x, at.y) == (sent.stamp_ns, was.x_m, was.y_m)
            assert odom[2].twist.twist.linear.x == was.speed_mps
            assert battery[2].percentage == pytest.approx(was.battery_pct / 100, rel=1e-6)
    for nth, station in enumerate(frames[0].stations):
        states = by_topic[f"/{ros_name(station.id)}/state"]
        for sent, (_, at_ns, message) in zip(frames, states, strict=True):
            [status] = message.status
            now = sent.stations[nth]
            assert at_ns == sent.stamp_ns
            assert {v.key: v.value for v in status.values} == {
                "activity": now.activity, "progress": repr(now.progress),
            }  # fmt: skip
    assert_diagnosed(by_topic["/diagnostics"], frames)


def assert_diagnosed(told: list[Read], frames: list[Frame]) -> None:
    """At every moment what was told last is what is so."""
    waiting = list(told)
    known: dict[str, tuple[int, str, str]] = {}
    for sent in frames:
        while waiting and waiting[0][1] <= sent.stamp_ns:
            for status in waiting.pop(0)[2].status:
                known[status.name] = (status.level, status.message, status.values[0].value)
        for vehicle in sent.vehicles:
            level = 2 if vehicle.fault else 0
            assert known[vehicle.id] == (level, vehicle.fault, vehicle.container)
        for station in sent.stations:
            assert known[station.id] == (0, "", station.activity)


def assert_told(read: list[Read], events: list[RecordedEvent]) -> None:
    """Every event, in order and whole."""
    told = [message for topic, _, message in read if topic == "/events"]
    for message, event in zip(told, events, strict=True):
        assert (ns(message.stamp), message.source) == (event.at_ns, event.source)
        assert message.kind == type(event.event).__name__
        assert msgspec.json.decode(message.json, type=type(event.event)) == event.event
