"""One connection to a rosbridge server: made once, never again.

roslibpy keeps what is published while its connection is down, without bound, and sends it all when
it has connected anew: old grants would reach robots. So a client here lives as long as its one
connection: it does not reconnect, and whatever is left in it when that ends is lost with it. Who
wants another connection makes another client.

All of it runs in the thread of roslibpy's event loop, where `event_loop().call_soon_threadsafe`
leads, so that no moment lies between finding the connection open and writing to it.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from roslibpy import Ros
from roslibpy.comm.comm_asyncio import AsyncioRosBridgeClientFactory, AsyncioRosBridgeProtocol

from robotics.ros.refusal import RefusedError

PING_S = 1.0
"""A server of which nothing has come for so long is asked whether it is there."""
PONG_S = 2.0
"""A server that does not answer for so long is gone, though its socket may look open."""
FRAME_BYTES_MAX = 2**20
"""Frames that are longer end the connection; the longest road is a tenth of that."""
UNSENT_BYTES_MAX = 2**16
"""With more than this waiting to be sent, the server does not read: nothing is added."""

Answer = Callable[[msgspec.Raw], None]
Failure = Callable[[str], None]

# It writes a warning for every attempt that fails; who makes the client hears of the end by itself.
logging.getLogger("roslibpy").setLevel(logging.CRITICAL)


class UnreachableError(ConnectionError):
    """No rosbridge server answers at the address, or it has ended the connection."""


def event_loop() -> asyncio.AbstractEventLoop:
    """The loop that all clients of this process share; it is started if it does not run."""
    loop: asyncio.AbstractEventLoop = AsyncioRosBridgeClientFactory("ws://localhost").manager.loop
    return loop


class _Frame(msgspec.Struct, frozen=True, gc=False):
    """What of a frame from rosbridge is looked at; the rest is left as it is."""

    op: str
    id: str | None = None
    topic: str = ""
    level: str | None = None
    msg: msgspec.Raw = msgspec.Raw(b"null")
    values: msgspec.Raw = msgspec.Raw(b"null")
    result: bool = True
    status: int = 4
    """Of an action's result; 4: it succeeded (`action_msgs/msg/GoalStatus`)."""


SUCCEEDED = 4
_frames = msgspec.json.Decoder(_Frame)
_sayings = msgspec.json.Encoder()


TEXT_FRAME = 0x81
"""First byte of a websocket message that is text, whole and not compressed (RFC 6455, 5.2)."""
LENGTH_IN_2_BYTES = 126
LENGTHS_IN_2_BYTES = range(126, 2**16)


def whole_text(data: bytes) -> bytes | None:
    """The message of a server, if these octets are one text of common length and nothing else."""
    size = len(data)
    if size < 2 or data[0] != TEXT_FRAME:
        return None
    length = data[1]  # were it masked, it would be above all lengths
    if length < LENGTH_IN_2_BYTES:
        return data[2:] if length == size - 2 else None
    if length == LENGTH_IN_2_BYTES and size >= 4:
        length = int.from_bytes(data[2:4], "big")
        return data[4:] if length == size - 4 and length in LENGTHS_IN_2_BYTES else None
    return None


class _Protocol(AsyncioRosBridgeProtocol):  # type: ignore[misc]
    """The websocket: hands every frame to the client, unread.

    What rosbridge says comes as one whole text after the other nearly always. These are taken past
    autobahn, whose way for them is made of streams of fragments, hooks and futures and takes longer
    than reading and judging them. Whatever else comes is its business.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:
        client = self.factory.client
        client.transport = transport
        if client.ended:  # while it was being made
            transport.abort()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        client = self.factory.client
        client.heard = True
        between_frames = (
            self.state == self.STATE_OPEN
            and self.current_frame is None
            and not (self.data or self.inside_message or self.receive_queue)
        )
        payload = whole_text(data) if between_frames else None
        if payload is None:
            super().data_received(data)
        else:
            client.take(payload)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803 - autobahn's
        self.factory.client.take(payload)

    def sendData(  # noqa: N802 - autobahn's, which composes two texts for a log of each call
        self, data: bytes, sync: bool = False, chopsize: int | None = None
    ) -> None:
        if sync or chopsize or self.send_queue:
            super().sendData(data, sync, chopsize)
        else:
            self.transport.write(data)


class _Factory(AsyncioRosBridgeClientFactory):  # type: ignore[misc]
    """Makes one connection and no second."""

    protocol = _Protocol
    maxRetries = 0  # noqa: N815 - roslibpy's

    def __init__(self, url: str, client: "Client") -> None:
        super().__init__(url)
        self.client = client
        self.setProtocolOptions(
            maxFramePayloadSize=FRAME_BYTES_MAX,
            maxMessagePayloadSize=FRAME_BYTES_MAX,
            openHandshakeTimeout=PONG_S,
            tcpNoDelay=True,
            utf8validateIncoming=False,  # JSON's reader does
        )

    def ready(self, proto: _Protocol) -> None:
        if self.client.ended:
            proto.transport.abort()
            return
        super().ready(proto)
        self.client.opened(proto)

    def _schedule_reconnect(self) -> None:
        """Called by roslibpy when the connection could not be made, or has ended."""
        self.client.end()


class Client(Ros):  # type: ignore[misc]
    """A rosbridge server, from connecting to the end of the connection.

    `on_open` and `on_end` are each called at most once; `on_refused` for what the server says that
    cannot be read, `on_status` for its complaints.
    """

    def __init__(
        self,
        url: str,
        *,
        on_open: Callable[[], None],
        on_end: Callable[[], None],
        on_refused: Callable[[RefusedError], None],
        on_status: Callable[[str, str], None],
    ) -> None:
        self.transport: asyncio.Transport | None = None
        self.ended = False
        self.heard = False
        """Whether anything has come since it was looked for last; set by the connection."""
        self._silent_s = 0.0
        self.unsent = 0
        """Messages that were not sent, since the server does not read."""
        self._protocol: _Protocol | None = None
        self._on_open, self._on_end = on_open, on_end
        self._on_refused, self._on_status = on_refused, on_status
        self._listeners: dict[str, Callable[[msgspec.Raw], None]] = {}
        self._pending: dict[str, tuple[Answer, Failure, Answer | None]] = {}
        # What `Ros` does, but for its choice of the factory.
        self._id_counter = 0
        self.factory = _Factory(url, self)
        self.is_connecting = False
        self.connect()

    @property
    def is_open(self) -> bool:
        """Whether what is sent now goes out on the connection."""
        return self._protocol is not None and not self.ended

    def opened(self, protocol: _Protocol) -> None:
        """Called by the connection."""
        self._protocol = protocol
        self._watch_again()
        self._on_open()

    def _watch_again(self) -> None:
        self.heard = False
        self.factory.manager.loop.call_later(PING_S, self._watch)

    def _watch(self) -> None:
        """Ask a server that is silent whether it is there; a pong is heard like all else."""
        if self.ended:
            return
        assert self._protocol is not None
        self._silent_s = 0.0 if self.heard else self._silent_s + PING_S
        if self._silent_s > PONG_S:
            self.end()
            return
        if not self.heard:
            self._protocol.sendPing()
        self._watch_again()

    def end(self) -> None:
        """End the connection at once; nothing is sent or heard any more."""
        if self.ended:
            return
        self.ended = True
        if self.transport is not None:
            self.transport.abort()
        self._pending.clear()
        self._listeners.clear()
        self._on_end()

    # --- saying -----------------------------------------------------------------------------

    def listen(self, topic: str, kind: str, listener: Callable[[msgspec.Raw], None]) -> None:
        """Subscribe; `listener` gets each message as the JSON that it came as."""
        self._listeners[topic] = listener
        self._say("subscribe", id=self._new_id(topic), topic=topic, type=kind)

    def advertise(self, topic: str, kind: str, *, latch: bool = False) -> None:
        """Say that messages of this type will be published."""
        self._say("advertise", id=self._new_id(topic), topic=topic, type=kind, latch=latch)

    def publish(self, topic: str, body: Mapping[str, Any], *, latch: bool = False) -> None:
        """Publish a message."""
        self._say("publish", topic=topic, msg=body, latch=latch)

    def call(
        self, service: str, kind: str, args: Mapping[str, Any], answer: Answer, failure: Failure
    ) -> str:
        """Call a service. The number that is returned is for `give_up`."""
        number = self._new_id(service)
        self._pending[number] = (answer, failure, None)
        self._say("call_service", id=number, service=service, type=kind, args=args)
        return number

    def pursue(
        self,
        action: str,
        kind: str,
        args: Mapping[str, Any],
        answer: Answer,
        failure: Failure,
        feedback: Answer,
    ) -> str:
        """Send a goal to an action server. The number that is returned is for `give_up`."""
        number = self._new_id(action)
        self._pending[number] = (answer, failure, feedback)
        self._say(
            "send_action_goal",
            id=number,
            action=action,
            action_type=kind,
            args=args,
            feedback=True,
        )
        return number

    def give_up(self, number: str) -> None:
        """Wait no longer for the answer of a call or goal; if it comes, it is left out."""
        self._pending.pop(number, None)

    def _new_id(self, name: str) -> str:
        return f"{name}:{self.id_counter}"

    def _say(self, op: str, **fields: object) -> None:
        if not self.is_open:
            return
        assert self.transport is not None
        assert self._protocol is not None
        if self.transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            self.unsent += 1
            return
        # At once: roslibpy's own way wakes the loop for each message, by a write to a socket.
        self._protocol.sendMessage(_sayings.encode({"op": op, **fields}))

    # --- hearing ----------------------------------------------------------------------------

    def take(self, payload: bytes) -> None:
        """Called by the connection with each frame."""
        if self.ended:
            return
        try:
            frame = _frames.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._on_refused(RefusedError("form", "rosbridge", error, "its protocol in JSON"))
            return
        except RecursionError:
            self._on_refused(RefusedError("form", "rosbridge", "too deep a nesting", "JSON"))
            return
        match frame.op:
            case "publish":
                listener = self._listeners.get(frame.topic)
                if listener is not None:
                    listener(frame.msg)
            case "status":
                self._take_status(frame)
            case "service_response" | "action_result":
                self._take_answer(frame)
            case "action_feedback":
                pending = self._pending.get(frame.id or "")
                if pending is not None and pending[2] is not None:
                    pending[2](frame.values)
            case _:
                allowed = "publish, status, service_response, action_result, action_feedback"
                self._on_refused(RefusedError("form", "rosbridge.op", repr(frame.op), allowed))

    def _take_answer(self, frame: _Frame) -> None:
        pending = self._pending.pop(frame.id or "", None)
        if pending is None:
            return  # it was given up
        answer, failure, feedback = pending
        if not frame.result or (feedback is not None and frame.status != SUCCEEDED):
            failure(bytes(frame.values).decode(errors="replace"))
        else:
            answer(frame.values)

    def _take_status(self, frame: _Frame) -> None:
        """A complaint of the server; of a call or goal, it is also its end."""
        text = bytes(frame.msg).decode(errors="replace")
        self._on_status(frame.level or "", text)
        if frame.level == "error":
            pending = self._pending.pop(frame.id or "", None)
            if pending is not None:
                pending[1](text)
