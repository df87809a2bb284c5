"""From frames and domain events to what files and viewers take: topic, schema, time and bytes."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from actors.messages import (
    Alarm,
    DeviceChanged,
    Event,
    LaneOrdered,
    ObstacleChanged,
    OrderChanged,
    ServiceChanged,
)
from actors.site.devices import Device
from robotics.ros import messages
from robotics.ros.definitions import (
    BATTERY_STATE,
    DIAGNOSTIC_ARRAY,
    MARKER_ARRAY,
    ODOMETRY,
    TF_MESSAGE,
    Schema,
    schema,
)
from robotics.ros.messages import Pose2, Status
from robotics.ros.names import ros_names
from robotics.telemetry import Frame, RecordedEvent, StationSignal, VehicleSignal

MAP_FRAME = "map"
"""The site's map: x is east, y is north [m]."""
ROADMAP_TOPIC = "/roadmap"
DIAGNOSTICS_NS = 10**9
"""Diagnostics are repeated after this time, as ROS does, and told at once when they change."""
BATTERY_PCT_MAX = 1e6
"""More is no charge but nonsense, and would not fit the message."""
STAMP_NS_MAX = 2**31 * 10**9 - 1
"""ROS times end in the year 2038."""

_GATE_EVENT_FILE = Path(__file__).parents[1] / "bordergate_msgs" / "msg" / "GateEvent.msg"
GATE_EVENT = schema(
    "bordergate_msgs/GateEvent",
    {"bordergate_msgs/GateEvent": _GATE_EVENT_FILE.read_text(encoding="utf-8")},
)


class Sample(msgspec.Struct, frozen=True, gc=False):
    """One message of one topic."""

    topic: str
    schema: Schema
    stamp_ns: int
    data: bytes
    """CDR."""


class SampleMaker:
    """Writes frames and events of one site as ROS 2 messages.

    Left out and counted is what does not make sense: devices that the site does not have, numbers
    that are none, times before 1970 and after 2038.

    Raises:
        ValueError: two devices of the site have the same ROS name.
    """

    def __init__(self, devices: Iterable[Device]) -> None:
        devices = list(devices)
        self._names = ros_names(device.id for device in devices)
        self._frames = {
            device.id: base_link(self._names[device.id])
            for device in devices
            if device.kind == "vehicle"
        }
        self._stations = {d.id for d in devices if d.kind in ("crane", "booth")}
        self._told: dict[str, Status] = {}
        self._told_ns: dict[str, int] = {}
        self.refused = 0
        """Signals and events left out."""

    def topics(self) -> dict[str, Schema]:
        """Every topic there will be, and its type."""
        found = {
            "/events": GATE_EVENT,
            "/tf": TF_MESSAGE,
            "/diagnostics": DIAGNOSTIC_ARRAY,
            ROADMAP_TOPIC: MARKER_ARRAY,
        }
        for vehicle in self._frames:
            found[f"/{self._names[vehicle]}/odom"] = ODOMETRY
            found[f"/{self._names[vehicle]}/battery"] = BATTERY_STATE
        for station in sorted(self._stations):
            found[f"/{self._names[station]}/state"] = DIAGNOSTIC_ARRAY
        return found

    def frame(self, frame: Frame) -> Iterator[Sample]:
        """Everything that one frame says."""
        stamp_ns = frame.stamp_ns
        if not 0 <= stamp_ns <= STAMP_NS_MAX:
            self.refused += 1
            return
        placed = []
        statuses = []
        for vehicle in frame.vehicles:
            link = self._frames.get(vehicle.id)
            if link is None or not _is_sound(vehicle):
                self.refused += 1
                continue
            pose = Pose2(vehicle.x_m, vehicle.y_m, vehicle.heading_rad)
            placed.append((link, pose))
            statuses.append(_status(vehicle.id, vehicle.fault, (("container", vehicle.container),)))
            space = f"/{self._names[vehicle.id]}"
            speed = vehicle.speed_mps
            data = messages.odometry(stamp_ns, MAP_FRAME, link, pose, speed)
            yield Sample(space + "/odom", ODOMETRY, stamp_ns, data)
            data = messages.battery_state(stamp_ns, link, vehicle.battery_pct / 100)
            yield Sample(space + "/battery", BATTERY_STATE, stamp_ns, data)
        for station in frame.stations:
            if station.id not in self._stations or not math.isfinite(station.progress):
                self.refused += 1
                continue
            statuses.append(_status(station.id, station.fault, (("activity", station.activity),)))
            data = messages.diagnostics(stamp_ns, [station_status(station)])
            topic = f"/{self._names[station.id]}/state"
            yield Sample(topic, DIAGNOSTIC_ARRAY, stamp_ns, data)
        if placed:
            data = messages.transforms(stamp_ns, MAP_FRAME, placed)
            yield Sample("/tf", TF_MESSAGE, stamp_ns, data)
        news = [status for status in statuses if self._is_news(status, stamp_ns)]
        if news:
            data = messages.diagnostics(stamp_ns, news)
            yield Sample("/diagnostics", DIAGNOSTIC_ARRAY, stamp_ns, data)

    def event(self, recorded: RecordedEvent) -> Iterator[Sample]:
        """The event, whole, as JSON."""
        at_ns, event = recorded.at_ns, recorded.event
        if not 0 <= at_ns <= STAMP_NS_MAX:
            self.refused += 1
            return
        json = msgspec.json.encode(event).decode()
        data = messages.gate_event(
            at_ns, recorded.source, type(event).__name__, subject(event), json
        )
        yield Sample("/events", GATE_EVENT, at_ns, data)

    def _is_news(self, status: Status, stamp_ns: int) -> bool:
        device = status.name
        since_ns = stamp_ns - self._told_ns.get(device, -DIAGNOSTICS_NS)
        if self._told.get(device) == status and since_ns < DIAGNOSTICS_NS:
            return False
        self._told[device] = status
        self._told_ns[device] = stamp_ns
        return True


def base_link(name: str) -> str:
    """The frame of the AGV of that ROS name; its origin is the middle of the AGV."""
    return f"{name}/base_link"


def station_status(station: StationSignal) -> Status:
    """All that a crane or booth says of itself."""
    values = (("activity", station.activity), ("progress", repr(station.progress)))
    return _status(station.id, station.fault, values)


def subject(event: Event) -> str:
    """What the event is about."""
    match event:
        case OrderChanged():
            return event.order.request.id
        case DeviceChanged():
            return event.device
        case LaneOrdered():
            return event.lane
        case ServiceChanged():
            return event.name
        case ObstacleChanged():
            return event.obstacle.id
        case Alarm():
            return event.subject
        case _:
            raise AssertionError(f"an event that has no subject: {type(event).__name__}")


def _status(device: str, fault: str, values: tuple[tuple[str, str], ...]) -> Status:
    return Status(messages.ERROR if fault else messages.OK, device, fault, values)


def _is_sound(vehicle: VehicleSignal) -> bool:
    numbers = (vehicle.x_m, vehicle.y_m, vehicle.heading_rad, vehicle.speed_mps)
    return all(map(math.isfinite, numbers)) and abs(vehicle.battery_pct) <= BATTERY_PCT_MAX
