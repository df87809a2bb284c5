"""What devices say over a rosbridge server, listened to for a while and judged against the site.

Nothing is moved by this: devices are listened to, and asked only what tells. An AGV is given a
grant whose deadline has long passed, and which leads nowhere even if it is taken; actions are asked
to cancel a goal that nobody has given. Where the server has rosapi, it is asked what is there under
other types; many servers run without.
"""

import secrets
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from actors.messages import DeviceKind
from robotics.clock import GateTime
from robotics.ros import wire
from robotics.ros.client import Client, UnreachableError, event_loop
from robotics.ros.refusal import RefusedError
from robotics.ros.talk import INTERFACE_VERSION, PACKAGE, Talk, body

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
ACTIONS = {"vehicle": "charge", "crane": "transfer", "booth": "scan"}
GRANT = "grant"
"""What AGVs are given and answer on `grant_ack`, beside their services and action."""
TRIES = 3
"""All is asked so often, and the quickest answer counts: for the first one, ROS has to find who is
asked [ours]."""
GRANT_S = 0.3
"""Between grants: those that are said before ROS has found the AGV are lost [ours]."""
POLL_S = 0.1
ASK_AGAIN_S = 3.0
"""What has not answered is asked again: ROS goes on calling a server that was killed until it finds
out, which takes it some ten seconds, though another has taken its place [ours]."""
ANSWER_S = 20.0
"""Devices that speak are heard so much longer for what they have not answered yet: a server on a
busy machine passes calls on late, above all beside calls that nobody answers [ours]."""
GRANT_LATE_NS = 3600 * 10**9
"""So long ago is the deadline of such a grant: clocks differ by less, or are found to differ."""


class _Stamped(msgspec.Struct):
    """Any sample, as far as its stamp."""

    header: wire.Header


class _Topics(msgspec.Struct):
    """Answer of rosapi's service `topics`."""

    topics: tuple[str, ...]
    types: tuple[str, ...]


class _Cancelled(msgspec.Struct):
    """Answer of `action_msgs/srv/CancelGoal`; whatever it says, the action is there."""

    return_code: int


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
    """How long the quickest answer of each service, action and of `GRANT` took [s]."""
    failures: dict[str, str] = msgspec.field(default_factory=dict)
    """Services and actions that answered with an error."""
    late_grants: list[str] = msgspec.field(default_factory=list)
    """What an AGV said to grants whose deadline had passed."""
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

    @property
    def owes_answers(self) -> bool:
        """Whether it speaks, and has left something that was asked without an answer."""
        asked = {*SERVICES[self.kind], ACTIONS[self.kind]} - {*self.answers_s, *self.failures}
        return self.samples > 0 and (
            bool(asked) or (self.kind == "vehicle" and not self.late_grants)
        )

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
        if self.samples or self.answers_s:
            said += self._wrong_answers()
        return said + self._wrong_info() + self.complaints

    def _wrong_answers(self) -> list[str]:
        said = []
        kinds = dict.fromkeys(SERVICES[self.kind], "service") | {ACTIONS[self.kind]: "action"}
        for name, kind in kinds.items():
            if name in self.failures:
                said.append(f"/{self.name}/{name} failed: {self.failures[name]}")
            elif name not in self.answers_s:
                said.append(f"/{self.name}/{name} does not answer: offer that {kind}")
        if self.kind == "vehicle" and not self.late_grants:
            said.append(
                f"/{self.name}/grant is not answered on /{self.name}/grant_ack: subscribe to it,"
                " and answer every grant, those that come late too"
            )
        elif {*self.late_grants} == {"accepted"}:
            said.append(
                "it accepts a grant whose deadline has passed: compare the deadline with its clock"
            )
        return said

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
        self._granted, self._granted_s = 0, 0.0
        """Number of the last grant that was given, and when."""
        self._calls: dict[str, tuple[float, str, Callable[[], None]]] = {}
        """What has not answered: since when, the number of the call, and how to ask again."""
        assert "state" in talk.listens, f"{found.device} speaks standard messages only"
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
        if self.found.kind == "vehicle":
            self.client.advertise(f"/{self.found.name}/{GRANT}", f"{PACKAGE}/msg/Grant")
        for service in SERVICES[self.found.kind]:
            kind = f"{PACKAGE}/srv/{''.join(word.title() for word in service.split('_'))}"
            read = partial(self._read, service)
            self._ask(service, f"/{self.found.name}/{service}", kind, {}, read)
        action = ACTIONS[self.found.kind]
        self._ask(
            action,
            f"/{self.found.name}/{action}/_action/cancel_goal",
            "action_msgs/srv/CancelGoal",
            _goal_of_nobody(),
            lambda data: wire.read(data, _Cancelled, f"{action}.cancel_goal"),
        )

    def _ask(
        self,
        name: str,
        path: str,
        kind: str,
        args: Mapping[str, object],
        read: Callable[[msgspec.Raw], object],
        tries: int = TRIES,
    ) -> None:
        """Call a service, and again when it has answered."""
        asked_s = time.monotonic()

        def answered(data: msgspec.Raw) -> None:
            self._calls.pop(name, None)
            self._note(name, time.monotonic() - asked_s)
            try:
                read(data)
            except RefusedError as error:
                self._refuse(error)
                return
            if tries > 1:
                self._ask(name, path, kind, args, read, tries - 1)

        number = self.client.call(path, kind, args, answered, partial(self._failed, name))
        again = partial(self._ask, name, path, kind, args, read, tries)
        self._calls[name] = asked_s, number, again

    def _ask_again(self, now_s: float) -> None:
        """What has been asked in vain for long."""
        for asked_s, number, again in list(self._calls.values()):
            if now_s > asked_s + ASK_AGAIN_S:
                self.client.give_up(number)
                again()

    def _note(self, name: str, took_s: float) -> None:
        self.found.answers_s[name] = min(took_s, self.found.answers_s.get(name, took_s))

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
            self._ask_again(now_s)
            found = self.found
            found.skews_s.append((stamp_ns - now_ns) / 1e9)
            if found.samples == 0:
                self._first_s = now_s
            found.samples += 1
            if found.samples > 1:
                found.rate_hz = (found.samples - 1) / (now_s - self._first_s)
            if found.kind == "vehicle" and len(found.late_grants) < TRIES:
                self._grant_late(wire.read(data, wire.AgvState, topic), now_s, now_ns)
        elif topic == "grant_ack":
            self._take_ack(wire.read(data, wire.GrantAck, topic), now_s)

    def _grant_late(self, state: wire.AgvState, now_s: float, now_ns: int) -> None:
        """Give what it holds already, without road to drive, and too late."""
        if now_s < self._granted_s + GRANT_S:
            return
        self._granted, self._granted_s = max(state.grant, 1), now_s
        grant = wire.Grant(
            header=wire.Header(wire.time_of(now_ns), wire.MAP_FRAME),
            number=self._granted,
            deadline=wire.time_of(now_ns - GRANT_LATE_NS),
            visits=(wire.Visit(max(state.end_seq, 0), "", ()),),
        )
        self.client.publish(f"/{self.found.name}/{GRANT}", body(grant))

    def _take_ack(self, ack: wire.GrantAck, now_s: float) -> None:
        """An acceptance may also be the answer to a running gate."""
        if ack.number == self._granted and len(self.found.late_grants) < TRIES:
            self.found.late_grants.append(wire.GRANT_RESULTS[ack.result])
            self._note(GRANT, now_s - self._granted_s)
            self._granted_s = 0.0

    def _read(self, service: str, data: msgspec.Raw) -> None:
        if service == "get_device_info":
            self.found.info = wire.read(data, wire.DeviceInfoAnswer, service).info
        else:
            wire.read(data, wire.Road, service)

    def _failed(self, service: str, text: str) -> None:
        self._calls.pop(service, None)
        self.found.failures[service] = text

    def _refuse(self, error: RefusedError) -> None:
        self.found.refused += 1
        self.found.refusal = self.found.refusal or str(error)

    def _complain(self, level: str, text: str) -> None:
        if level in ("error", "warning"):
            self.found.complaints.append(f"rosbridge: {text}")


def _goal_of_nobody() -> dict[str, object]:
    """A goal of an id by chance, to be cancelled.

    With the stamp, all goals before it are meant too: so none of others, even if the id gets lost.
    """
    goal = {"uuid": list(secrets.token_bytes(16))}
    return {"goal_info": {"goal_id": goal, "stamp": {"sec": 0, "nanosec": 1}}}


def survey(
    url: str,
    devices: Mapping[str, tuple[str, DeviceKind, Talk]],
    gate_time: GateTime,
    connect_s: float,
    listen_s: float,
) -> list[Found]:
    """Listen to all devices at once: {device: (namespace, kind, talk)}.

    For `listen_s`, and for `ANSWER_S` longer at most until those that speak have answered.

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
        until_s = time.monotonic() + ANSWER_S
        while any(_.found.owes_answers for _ in listeners) and time.monotonic() < until_s:
            time.sleep(POLL_S)
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
