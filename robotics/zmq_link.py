"""Link to a controller over ZeroMQ and MessagePack.

Two sockets, so that commands go out from any thread while the link's own thread listens: commands
PUSH -> PULL as [device, message]; reports and heartbeats DEALER <-> ROUTER, where an empty frame is
a heartbeat. Each end takes the other for lost after `SILENCE_S` without a frame.
"""

import contextlib
import threading
import time
from collections.abc import Callable

import msgspec
import zmq

from actors.codec import decode_message, encode
from actors.messages import LinkLost, LinkRestored, Message
from robotics.clock import GateTime
from robotics.link_account import LinkAccount
from robotics.telemetry import Bus, SignalPublisher

HEARTBEAT_S = 0.5
"""How often each end says that it is there, on the wall clock."""
SILENCE_S = 2.0
"""Nothing heard for so long: the link is lost, and the controller stops its robot."""
COMMANDS_KEPT = 100
"""Commands under way on a live link; more would mean that the other end is stuck."""


class ZmqLink:
    """One device's link; see `actors.ports.Link`."""

    def __init__(self, bus: Bus, device: str, account: LinkAccount) -> None:
        self._device = device.encode()
        self._account = account
        self._bus = bus
        self._alive = False
        self._closed = threading.Event()
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
        self._commands = context.socket(zmq.PUSH)
        self._commands.setsockopt(zmq.SNDHWM, COMMANDS_KEPT)
        self._commands.setsockopt(zmq.IMMEDIATE, 1)  # to a live connection or not at all
        self._commands.setsockopt(zmq.LINGER, 0)
        self._commands.connect(bus.commands_at)

    def open(self, deliver: Callable[[Message], None]) -> None:
        """Start to listen."""
        threading.Thread(target=self._listen, args=(deliver,), name="link", daemon=True).start()

    def send(self, command: Message) -> None:
        """Pass a command on; dropped while the link is lost."""
        if not self._alive:
            self._account.count("dropped")
            return
        try:
            self._commands.send_multipart([self._device, encode(command)], zmq.NOBLOCK)
        except zmq.Again:
            self._account.count("dropped")

    def close(self) -> None:
        """Stop listening; the controller hears no more heartbeats."""
        self._closed.set()

    def _listen(self, deliver: Callable[[Message], None]) -> None:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
        reports = context.socket(zmq.DEALER)
        reports.setsockopt(zmq.IDENTITY, self._device)
        reports.setsockopt(zmq.LINGER, 0)
        reports.connect(self._bus.reports_at)
        heard = beaten = -SILENCE_S
        while not self._closed.is_set():
            now = time.monotonic()
            if now - beaten >= HEARTBEAT_S:
                beaten = now
                with contextlib.suppress(zmq.Again):  # nobody there yet
                    reports.send(b"", zmq.NOBLOCK)
            if self._alive and now - heard >= SILENCE_S:
                self._alive = False
                self._account.count("silences")
                deliver(LinkLost())
            self._account.tell(self._alive, self._account.counts)
            if not reports.poll(round(max(beaten + HEARTBEAT_S - now, 0.001) * 1000)):
                continue
            frame = reports.recv()
            heard = time.monotonic()
            if not self._alive:
                self._alive = True
                deliver(LinkRestored())
            if frame:
                self._pass_on(frame, deliver)
        reports.close()
        self._commands.close()
        self._account.close()

    def _pass_on(self, frame: bytes, deliver: Callable[[Message], None]) -> None:
        try:
            message = decode_message(frame)
        except msgspec.DecodeError as error:
            self._account.refuse("refused: form", f"report of the controller: {error}")
            return
        deliver(message)


class ZmqLinks(msgspec.Struct, frozen=True):
    """Makes links in the devices' own processes; see `actors.ports.LinkFactory`."""

    bus: Bus
    gate_time: GateTime
    controlled: frozenset[str]
    """The devices that have a controller."""

    def __call__(self, device: str) -> ZmqLink | None:
        """The link of one device, not yet open."""
        if device not in self.controlled:
            return None
        account = LinkAccount(device, self.gate_time(), SignalPublisher(self.bus))
        return ZmqLink(self.bus, device, account)
