"""What devices say over a rosbridge server, listened to for a while and judged against the site.

Nothing is moved by this: devices are listened to, and asked only what tells. Where the server has
rosapi, it is asked what is there under other types; many servers run without.
"""

import statistics
import threading
import time
from collections.abc import Mapping
from functools import partial

import msgspec

from actors.messages import DeviceKind
from robotics.clock import GateTime
from robotics.ros import wire
from robotics.ros.client import Client, UnreachableError, event_loop
from robotics.ros.refusal import RefusedError
from robotics.ros.talk import INTERFACE_VERSION, PACKAGE, Talk

RATE_HZ_MIN = {"vehicle": 8.0, "crane": 1.8, "booth": 1.8}
"""By contract 10 Hz, and 2 Hz for stations; less a share for what the time of listening cuts off.
"""
KINDS = {"vehicle": 0, "crane": 1, "booth": 2}
"""`DeviceInfo.kind`."""
SERVICES = {
    "vehicle": ("get_device_info", "get_road"),
    "crane": ("get_device_info",),
    "booth": ("get_device_info",),
}
"""Asked of each kind; they only tell."""


class _Stamped(msgspec.Struct):
    """Any sample, as far as its stamp."""

    header: wire.Header


class _Topics(msgspec.Struct):
    """Answer of rosapi's service `topics`."""

    topics: tuple[str, ...]
    types: tuple[str, ...]


class Found(msgspec.Struct):
    """What was found of one device."""

    device: str
    name: str
    """Its namespace."""
    kind: DeviceKind
    samples: int = 0
    refused: int = 0
    refusal: str = ""
    """The first sample or answer that was refused, and why."""
    skews_s: list[float] = msgspec.field(default_factory=list)
    """Stamp less time of arrival of each sample [s]."""
    rate_hz: float = 0.0
    answers_s: dict[str, float] = msgspec.field(default_factory=dict)
    """How long each service took to answer [s]."""
    failures: dict[str, str] = msgspec.field(default_factory=dict)
    """Services that answered with an error."""
    info: wire.DeviceInfo | None = None
    complaints: list[str] = msgspec.field(default_factory=list)
    """What the server said of its topics and services."""
    other_type: str = ""
    """Under which the topic `state` is there, if rosapi says so."""

    @property
    def skew_s(self) -> float | None:
        """How far the device's clock is ahead of the gate's, the way of samples not counted [s]."""
        if not self.skews_s:
            return None
        way_s = min(self.answers_s.values(), default=0.0) / 2
        return statistics.median(self.skews_s) + way_s

    def wrong(self, skew_s_max: float) -> list[str]:
        """What is missing or wrong, and how to mend it."""
        said = []
        state = f"/{self.name}/state"
        if self.samples == 0 and self.refused == 0:
            kind = {"vehicle": "AgvState", "crane": "CraneState", "booth": "ScannerState"}[
                self.kind
            ]
            there = f" (there is one of type {self.other_type})" if self.other_type else ""
            said.append(
                f"nothing on {state}{there}: start its controller in the namespace /{self.name} and"
                f" the ROS domain of the rosbridge server; the type is {PACKAGE}/msg/{kind}"
            )
        elif self.refused:
            said.append(f"{self.refused} messages refused; the first: {self.refusal}")
        if self.samples and self.rate_hz < RATE_HZ_MIN[self.kind]:
            allowed = 10 if self.kind == "vehicle" else 2
            said.append(f"{state} at {self.rate_hz:.1f} Hz: publish at {allowed} Hz")
        if self.skew_s is not None and abs(self.skew_s) > skew_s_max:
            side = "ahead of" if self.skew_s > 0 else "behind"
            said.append(
                f"its clock is {abs(self.skew_s):.3f} s {side} the gate's, allowed:"
                f" {skew_s_max:g} s; keep both with NTP, and stamp when the sample is taken"
            )
        for service in SERVICES[self.kind] if self.samples or self.answers_s else ():
            if service in self.failures:
                said.append(f"/{self.name}/{service} failed: {self.failures[service]}")
            elif service not in self.answers_s:
                said.append(f"/{self.name}/{service} does not answer: offer that service")
        return said + self._wrong_info() + self.complaints

    def _wrong_info(self) -> list[str]:
        info = self.info
        if info is None:
            return []
        said = []
        if info.device_id != self.device:
            said.append(f"it calls itself {info.device_id!r}, the site calls it {self.device!r}")
        if info.kind != KINDS[self.kind]:
            said.append(f"its kind is {info.kind}, the site takes it for {KINDS[self.kind]}")
        if info.interface_version.split(".")[0] != INTERFACE_VERSION.split(".")[0]:
            said.append(
                f"it speaks {PACKAGE} {info.interface_version!r}, the gate {INTERFACE_VERSION}:"
                " build its controller against the gate's interface package"
            )
        return said


class _Listener:
    """Listens to one device on a connection of its own, as its link would. In the loop's thread."""

    def __init__(self, url: str, found: Found, talk: Talk, gate_time: GateTime) -> None:
        self.found, self._talk, self._clock = found, talk, gate_time()
        self._first_s = 0.0
        self.state_type = talk.listens["state"]
        self.opened = threading.Event()
        self.client = Client(
            url,
            on_open=self._begin,
            on_end=lambda: None,
            on_refused=self._refuse,
            on_status=self._complain,
        )

    def _begin(self) -> None:
        self.opened.set()
        for topic, kind in self._talk.listens.items():
            self.client.listen(f"/{self.found.name}/{topic}", kind, partial(self._take, topic))
        for service in SERVICES[self.found.kind]:
            kind = f"{PACKAGE}/srv/{''.join(word.title() for word in service.split('_'))}"
            path = f"/{self.found.name}/{service}"
            answered = partial(self._answered, service, time.monotonic())
            self.client.call(path, kind, {}, answered, partial(self._failed, service))

    def _take(self, topic: str, data: msgspec.Raw) -> None:
        now_s, now_ns = time.monotonic(), self._clock.now_ns()
        try:
            stamp_ns = wire.read(data, _Stamped, topic).header.stamp.ns
            self._talk.take(topic, data, stamp_ns)  # its clock is judged apart
        except RefusedError as error:
            self._talk.forget()
            self._refuse(error)
            return
        if topic == "state":
            found = self.found
            found.skews_s.append((stamp_ns - now_ns) / 1e9)
            if found.samples == 0:
                self._first_s = now_s
            found.samples += 1
            if found.samples > 1:
                found.rate_hz = (found.samples - 1) / (now_s - self._first_s)

    def _answered(self, service: str, asked_s: float, data: msgspec.Raw) -> None:
        self.found.answers_s[service] = time.monotonic() - asked_s
        try:
            if service == "get_device_info":
                self.found.info = wire.read(data, wire.DeviceInfoAnswer, service).info
            else:
                wire.read(data, wire.Road, service)
        except RefusedError as error:
            self._refuse(error)

    def _failed(self, service: str, text: str) -> None:
        self.found.failures[service] = text

    def _refuse(self, error: RefusedError) -> None:
        self.found.refused += 1
        self.found.refusal = self.found.refusal or str(error)

    def _complain(self, level: str, text: str) -> None:
        if level in ("error", "warning"):
            self.found.complaints.append(f"rosbridge: {text}")


def survey(
    url: str,
    devices: Mapping[str, tuple[str, DeviceKind, Talk]],
    gate_time: GateTime,
    connect_s: float,
    listen_s: float,
) -> list[Found]:
    """Listen to all devices at once: {device: (namespace, kind, talk)}.

    Raises:
        UnreachableError: no server answers within `connect_s`.
    """
    loop = event_loop()
    listeners = [
        _Listener(url, Found(device, name, kind), talk, gate_time)
        for device, (name, kind, talk) in devices.items()
    ]
    try:
        if not listeners[0].opened.wait(connect_s):
            raise UnreachableError(f"{url}: no rosbridge server answers there")
        loop.call_soon_threadsafe(_ask_rosapi, listeners)
        time.sleep(listen_s)
    finally:
        for listener in listeners:
            loop.call_soon_threadsafe(listener.client.end)
    return [listener.found for listener in listeners]


def _ask_rosapi(listeners: list[_Listener]) -> None:
    def answered(data: msgspec.Raw) -> None:
        try:
            topics = wire.read(data, _Topics, "/rosapi/topics")
        except RefusedError:
            return  # a server whose rosapi is another one: as if it had none
        types = dict(zip(topics.topics, topics.types, strict=False))
        for listener in listeners:
            found = types.get(f"/{listener.found.name}/state", "")
            if found not in ("", listener.state_type):
                listener.found.other_type = found

    client = listeners[0].client
    client.call("/rosapi/topics", "rosapi_msgs/srv/Topics", {}, answered, lambda _text: None)
