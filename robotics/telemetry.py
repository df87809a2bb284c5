"""The data plane: periodic signals and domain events over ZeroMQ, as MessagePack, past Ray.

Signals (poses, speeds, charge, device activity; 10 Hz; and how links are) go PUB -> forwarder ->
SUB: a slow reader loses old samples and slows nobody. Domain events go PUSH -> PULL to the one
process that keeps them: they queue at their source while that process is away and are not dropped.

Sockets are Unix sockets in a folder that only the gate's own user can enter.
"""

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import msgspec
import zmq
from zmq.devices import ThreadProxy

from actors.codec import decode_event, encode
from actors.messages import Event

SIGNALS_KEPT = 64
"""Samples kept for a reader that lags, in messages; what comes on top of them is dropped."""
COPIES_KEPT = 100_000
"""Events kept for a recorder that lags or is away; what comes on top of them is counted and lost.
A day of the gate at its target has about half as many."""


class VehicleSignal(msgspec.Struct, frozen=True, gc=False):
    """One AGV as its controller sees it; position is the middle of the vehicle [m]."""

    id: str
    x_m: float
    y_m: float
    heading_rad: float
    """Counter-clockwise from east (REP 103)."""
    speed_mps: float
    battery_pct: float
    container: str
    """Empty when it carries none."""
    fault: str = ""


class StationSignal(msgspec.Struct, frozen=True, gc=False):
    """A crane or booth as its controller sees it."""

    id: str
    activity: str
    """`idle`, or what it does: `truck_to_agv`, `agv_to_truck`, `scan`."""
    progress: float
    """0..1 of the present job."""
    fault: str = ""


class LinkSignal(msgspec.Struct, frozen=True, gc=False):
    """The link to a device's controller as the gate's end sees it."""

    id: str
    connected: bool
    """Whether commands are passed on."""
    counts: dict[str, int]
    """How often something happened that people should know of, by its name; none that is 0."""
    refusal: str = ""
    """What was refused last, for people; empty: nothing yet."""
    refused_ns: int = 0
    """When that was [UTC of the gate, ns]."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """All that one source sampled at one moment."""

    stamp_ns: int
    vehicles: tuple[VehicleSignal, ...] = ()
    stations: tuple[StationSignal, ...] = ()
    links: tuple[LinkSignal, ...] = ()
    source: str = ""
    """Who publishes it; written by the publisher, as the number is."""
    number: int = 0
    """Grows by one from frame to frame of a source, so that readers see what they have lost."""


class Bus(msgspec.Struct, frozen=True):
    """Addresses of the data plane; travels to every process that takes part in it."""

    folder: str

    @property
    def publish_at(self) -> str:
        """Where sources of signals connect."""
        return f"ipc://{self.folder}/signals-in"

    @property
    def read_at(self) -> str:
        """Where readers of signals connect."""
        return f"ipc://{self.folder}/signals-out"

    @property
    def events_at(self) -> str:
        """Where the keeper of domain events binds and machines' hosts connect."""
        return f"ipc://{self.folder}/events"

    @property
    def copies_at(self) -> str:
        """Where the recorder of domain events binds and their keeper connects."""
        return f"ipc://{self.folder}/event-copies"

    @property
    def commands_at(self) -> str:
        """Where simulated controllers take commands from their links."""
        return f"ipc://{self.folder}/commands"

    @property
    def reports_at(self) -> str:
        """Where simulated controllers answer their links."""
        return f"ipc://{self.folder}/reports"

    def check_folder(self) -> None:
        """Refuse a folder that others may enter.

        Raises:
            PermissionError: group or others have rights on the folder.
        """
        mode = Path(self.folder).stat().st_mode & 0o777
        if mode & 0o077:
            raise PermissionError(f"{self.folder}: mode {mode:o}, allowed is 700 (owner only)")


class SignalForwarder:
    """Takes signals from any number of sources to any number of readers, in its own thread."""

    def __init__(self, bus: Bus) -> None:
        bus.check_folder()
        self._proxy = ThreadProxy(zmq.XSUB, zmq.XPUB)  # type: ignore[no-untyped-call]
        self._proxy.bind_in(bus.publish_at)
        self._proxy.bind_out(bus.read_at)
        self._proxy.setsockopt_in(zmq.RCVHWM, SIGNALS_KEPT)
        self._proxy.setsockopt_out(zmq.SNDHWM, SIGNALS_KEPT)
        self._proxy.start()


class SignalPublisher:
    """A source of signals."""

    def __init__(self, bus: Bus) -> None:
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUB)
        self._socket.setsockopt(zmq.SNDHWM, SIGNALS_KEPT)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(bus.publish_at)
        self._encoder = msgspec.msgpack.Encoder()
        self._source = secrets.token_hex(4)
        self._number = 0

    def publish(self, frame: Frame) -> None:
        """Send one frame; never waits."""
        self._number += 1
        numbered = msgspec.structs.replace(frame, source=self._source, number=self._number)
        self._socket.send(self._encoder.encode(numbered), zmq.NOBLOCK)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


class SignalReader:
    """A reader of all signals; what does not parse is counted and dropped."""

    def __init__(self, bus: Bus) -> None:
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        self._socket.setsockopt(zmq.RCVHWM, SIGNALS_KEPT)
        self._socket.setsockopt(zmq.SUBSCRIBE, b"")
        self._socket.connect(bus.read_at)
        self._decoder = msgspec.msgpack.Decoder(Frame)
        self.refused = 0
        """Messages that were no frame."""
        self.lost = 0
        """Frames that were sent and did not come, because this reader was slow."""
        self._numbers: dict[str, int] = {}

    def read(self, timeout_ms: int) -> Iterator[Frame]:
        """All frames that have come, after waiting at most `timeout_ms` for the first."""
        if not self._socket.poll(timeout_ms):
            return
        for _ in range(SIGNALS_KEPT):  # bounded, so that a flood cannot hold the reader
            try:
                data = self._socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                frame = self._decoder.decode(data)
            except msgspec.DecodeError:
                self.refused += 1
                continue
            before = self._numbers.get(frame.source, frame.number - 1)
            self.lost += max(frame.number - before - 1, 0)
            self._numbers[frame.source] = frame.number
            yield frame

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close(linger=0)


class EventSink:
    """Where a host's machine's domain events go; made in the host's own process."""

    def __init__(self, bus: Bus, source: str) -> None:
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUSH)
        self._socket.setsockopt(zmq.SNDHWM, 0)
        self._socket.setsockopt(zmq.LINGER, 500)
        self._socket.connect(bus.events_at)
        self._source = source.encode()

    def record(self, event: Event, at_ns: int) -> None:
        """Send one event on its way; never waits. Call from one thread at a time."""
        self._socket.send_multipart([self._source, at_ns.to_bytes(8, "big"), encode(event)])


class RecordedEvent(msgspec.Struct, frozen=True, gc=False):
    """A domain event with who emitted it and when [UTC, ns]."""

    source: str
    at_ns: int
    event: Event


class EventKeeper:
    """The reading end of all `EventSink`s, or, at `bus.copies_at`, of `EventCopies`."""

    def __init__(self, bus: Bus, at: str = "") -> None:
        bus.check_folder()
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PULL)
        self._socket.setsockopt(zmq.RCVHWM, 0)
        self._socket.bind(at or bus.events_at)
        self.refused = 0
        """Messages that were no event."""
        self.ended = False
        """The copies have come to their end."""

    def read(self, timeout_ms: int) -> Iterator[RecordedEvent]:
        """All events that have come, after waiting at most `timeout_ms` for the first."""
        if not self._socket.poll(timeout_ms):
            return
        while True:
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if parts == END_OF_COPIES:
                self.ended = True
                continue
            try:
                source, at, data = parts
                yield RecordedEvent(source.decode(), int.from_bytes(at, "big"), decode_event(data))
            except (ValueError, msgspec.DecodeError):
                self.refused += 1

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close(linger=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


END_OF_COPIES = [b""]


class EventCopies:
    """Hands the domain events that their keeper has taken on to a recorder, in another process.

    Never waits. For one thread, which also closes it.
    """

    def __init__(self, bus: Bus) -> None:
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUSH)
        self._socket.setsockopt(zmq.SNDHWM, COPIES_KEPT)
        self._socket.setsockopt(zmq.LINGER, 500)
        self._socket.connect(bus.copies_at)
        self.lost = 0
        """Events that found no room: the recorder was away for long, or is dead."""

    def record(self, recorded: RecordedEvent) -> None:
        """Send one event on its way."""
        at = recorded.at_ns.to_bytes(8, "big")
        try:
            self._socket.send_multipart(
                [recorded.source.encode(), at, encode(recorded.event)], zmq.NOBLOCK
            )
        except zmq.Again:
            self.lost += 1

    def close(self) -> None:
        """Say that no more will come, and give the socket back."""
        with contextlib.suppress(zmq.Again):
            self._socket.send_multipart(END_OF_COPIES, zmq.NOBLOCK)
        self._socket.close()


class EventSinks(msgspec.Struct, frozen=True):
    """Makes sinks in the machines' own processes; see `actors.ports.SinkFactory`."""

    bus: Bus

    def __call__(self, source: str) -> EventSink:
        """The sink of one machine."""
        return EventSink(self.bus, source)
