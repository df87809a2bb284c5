"""A node of Gazebo Transport: publishes, subscribes, calls services and provides them.

Data goes over ZeroMQ PUB/SUB in four frames: the topic's qualified name, the publisher's address,
the message, and its type. Services go over ROUTER sockets. One thread of the node's own does all
but publishing; what it calls must not wait.
"""

import os
import queue
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import msgspec
import zmq
from google.protobuf.message import DecodeError, Message

from robotics.gazebo.discovery import (
    ADVERTISE,
    END_CONNECTION,
    NEW_CONNECTION,
    UNADVERTISE,
    Discovery,
    Offer,
)
from robotics.gazebo.messages import type_name
from robotics.gazebo.network import Network

KEPT = 20_000
"""Messages under way to one peer, at most; PUB drops what comes on top of them."""
REGISTER_S = 0.2
"""From connecting to a publisher until one says that one listens, for ZeroMQ to have told it which
topics; Gazebo's own nodes wait 0.3 s."""
LEAVE_S = 1.0
"""A publisher that has said goodbye is listened to for so long: its last messages come over ZeroMQ
and its goodbye by UDP, and may be overtaken [ours]."""
LINGER_MS = 500
"""What was published last is given so long to leave when a node ends [ours]."""
STREAM_MS = 1
"""Whoever has read a message waits so long for the next one: to look at all sockets for each
message of a stream takes longer than to read it."""
BATCH = 500
"""Messages taken before the node looks after its other sockets."""
TICK_S = 0.25
LISTEN_S = 0.01
"""How often it is looked for listeners while they are waited for."""


class NoReplyError(ConnectionError):
    """A service was not there, did not answer in time, or said that it failed."""


class _Subscription(msgspec.Struct):
    kind: bytes
    parse: Callable[[bytes], Any]
    callback: Callable[[Any], None]


class _Call(msgspec.Struct):
    service: str
    request: bytes
    types: tuple[str, str]
    answer: "queue.SimpleQueue[tuple[bytes, bool]]"
    number: str
    until_s: float
    sent: bool = False


class _Provided(msgspec.Struct):
    request: type[Message]
    answer: Callable[[Any], Message]


class Publisher:
    """Publishes one topic; from any thread."""

    def __init__(self, node: "Node", offer: Offer, kind: type[Message]) -> None:
        self._node, self.offer, self._class = node, offer, kind
        self._head = (offer.topic.encode(), offer.address.encode())
        self._kind = offer.type.encode()

    def publish(self, message: Message) -> None:
        """Send a message to all that listen now.

        Raises:
            TypeError: it is of another type than the topic.
        """
        if type(message) is not self._class:
            raise TypeError(
                f"{self.offer.topic}: given {message.DESCRIPTOR.full_name}, "
                f"allowed: {self.offer.type}"
            )
        self._node.send((*self._head, message.SerializeToString(), self._kind))

    def wait(self, timeout_s: float) -> bool:
        """Wait until somebody listens, so that the next message is heard; whether one does."""
        return self._node.wait_listener(self.offer.topic, timeout_s)


class Node:
    """Enter it to take part in the network.

    Raises:
        OSError: on entering; there is no such address here.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.process, self._id = str(uuid.uuid4()), str(uuid.uuid4())
        self.counts: Counter[str] = Counter()
        """How often something was left out, by its name."""
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._publishing = threading.Lock()
        self._listened: set[bytes] = set()
        """What others have subscribed to, as far as our socket has heard of it."""
        self._subscriptions: dict[bytes, list[_Subscription]] = {}
        self._connected: dict[str, set[str]] = {}
        """Publishers' addresses, and the processes and topics that are heard over each."""
        self._registering: list[tuple[float, Offer]] = []
        self._leaving: list[tuple[float, Offer]] = []
        self._calls: dict[str, _Call] = {}
        self._provided: dict[str, _Provided] = {}
        self._repliers: set[str] = set()
        self._offers: list[Offer] = []
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        try:
            self._pub = self._bound(zmq.XPUB)
            self._sub = self._context.socket(zmq.SUB)
            self._sub.setsockopt(zmq.RCVHWM, KEPT)
            self._sub.setsockopt(zmq.RCVTIMEO, STREAM_MS)
            self._requester = self._context.socket(zmq.ROUTER)
            self._response_id = str(uuid.uuid4())
            self._responses = self._bound(zmq.ROUTER, self._response_id)
            self._replier_id = str(uuid.uuid4())
            self._replier = self._bound(zmq.ROUTER, self._replier_id)
            for router in (self._requester, self._responses, self._replier):
                router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        except zmq.ZMQError as error:
            self._context.destroy(0)
            raise OSError(f"GZ_IP: given {self.network.ip!r}: {error}") from error
        self._wake_out, self._wake_in = os.pipe()
        self._topics = Discovery(
            self.network, self.network.message_port, self.process,
            services=False, changed=self._on_topic,
        )  # fmt: skip
        self._services = Discovery(
            self.network, self.network.service_port, self.process,
            services=True, changed=self._on_service,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._run, name="gazebo", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed.set()
        os.write(self._wake_in, b"!")
        self._thread.join()
        os.close(self._wake_in)
        os.close(self._wake_out)
        self._context.destroy()

    # --- from any thread --------------------------------------------------------------------

    def advertise(self, topic: str, kind: type[Message]) -> Publisher:
        """Offer a topic.

        Raises:
            ValueError: it is no name.
        """
        offer = Offer(
            self.network.qualified(topic), self._endpoint(self._pub), self.process, self._id,
            type_name(kind),
        )  # fmt: skip
        self._do(lambda: self._topics.offer(offer))
        return Publisher(self, offer, kind)

    def subscribe(self, topic: str, kind: type[Any], callback: Callable[[Any], None]) -> None:
        """Hear a topic, whoever publishes it, now or later; `callback` is called in our thread.

        Raises:
            ValueError: it is no name.
        """
        name = self.network.qualified(topic)
        fresh = _Subscription(type_name(kind).encode(), kind.FromString, callback)

        def begin() -> None:
            self._subscriptions.setdefault(name.encode(), []).append(fresh)
            self._sub.setsockopt(zmq.SUBSCRIBE, name.encode())
            self._topics.want(name)

        self._do(begin)

    def provide(
        self, service: str, request: type[Message], reply: type[Message],
        answer: Callable[[Any], Message],
    ) -> None:  # fmt: skip
        """Answer a service.

        Raises:
            ValueError: it is no name.
        """
        name = self.network.qualified(service)
        offer = Offer(
            name, self._endpoint(self._replier), self.process, self._id,
            type_name(request), type_name(reply), self._replier_id,
        )  # fmt: skip

        def begin() -> None:
            self._provided[name] = _Provided(request, answer)
            self._services.offer(offer)

        self._do(begin)

    def call(self, service: str, request: Message, reply: type[Any], timeout_s: float) -> Any:
        """Call a service, wherever it is, and wait for its answer.

        Raises:
            NoReplyError: there was none in time, or the service failed.
            ValueError: it is no name.
        """
        name = self.network.qualified(service)
        call = _Call(
            name, request.SerializeToString(), (request.DESCRIPTOR.full_name, type_name(reply)),
            queue.SimpleQueue(), str(uuid.uuid4()), time.monotonic() + timeout_s,
        )  # fmt: skip

        def begin() -> None:
            self._calls[call.number] = call
            self._services.want(name)

        self._do(begin)
        try:
            data, good = call.answer.get(timeout=timeout_s)
        except queue.Empty:
            raise NoReplyError(f"{service}: no answer in {timeout_s} s") from None
        finally:
            self._do(lambda: self._calls.pop(call.number, None))
        if not good:
            raise NoReplyError(f"{service}: it failed")
        return reply.FromString(data)

    def offered(self) -> list[Offer]:
        """Topics that others offer in this partition, as far as is known."""
        return [offer for offer in list(self._offers) if self._is_ours(offer)]

    def wait_until(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for something that others have to do; whether they have."""
        until_s = time.monotonic() + timeout_s
        while not holds():
            if time.monotonic() >= until_s or self._closed.wait(LISTEN_S):
                return False
        return True

    def send(self, frames: tuple[bytes, ...]) -> None:
        """Put frames on the wire."""
        # One by one: pyzmq takes three times as long for all at once.
        with self._publishing:
            for frame in frames[:-1]:
                self._pub.send(frame, zmq.SNDMORE)
            self._pub.send(frames[-1])

    def wait_listener(self, topic: str, timeout_s: float) -> bool:
        """Wait until somebody listens to a topic; whether one does."""
        return self.wait_until(lambda: self._is_listened(topic.encode()), timeout_s)

    def _is_listened(self, topic: bytes) -> bool:
        with self._publishing:
            while self._pub.poll(0, zmq.POLLIN):
                change = self._pub.recv()
                subscribes = change[:1] == b"\x01"
                (self._listened.add if subscribes else self._listened.discard)(change[1:])
        return any(topic.startswith(prefix) for prefix in self._listened)

    def _do(self, job: Callable[[], object]) -> None:
        self._jobs.put(lambda: (job(), None)[1])
        os.write(self._wake_in, b"!")

    # --- all below runs in the node's thread ------------------------------------------------

    def _run(self) -> None:
        poller = zmq.Poller()
        for each in (self._sub, self._responses, self._replier):
            poller.register(each, zmq.POLLIN)
        for number in (
            self._wake_out,
            self._topics.socket.fileno(),
            self._services.socket.fileno(),
        ):
            poller.register(number, zmq.POLLIN)
        while not self._closed.is_set():
            wait_s = min(TICK_S, self._topics.due_s(), self._services.due_s())
            if self._registering:
                wait_s = min(wait_s, max(self._registering[0][0] - time.monotonic(), 0.0))
            ready = dict(poller.poll(int(wait_s * 1000) + 1))
            if self._wake_out in ready:
                os.read(self._wake_out, 4096)
                while not self._jobs.empty():
                    self._jobs.get()()
            if self._sub in ready:
                self._take_messages()
            if self._topics.socket.fileno() in ready:
                self._topics.take()
            if self._services.socket.fileno() in ready:
                self._services.take()
            if self._replier in ready:
                self._answer()
            if self._responses in ready:
                self._take_response()
            self._topics.tick()
            self._services.tick()
            self._register()
            self._leave()
        self._topics.close()
        self._services.close()

    def _take_messages(self) -> None:
        receive, known = self._sub.recv, self._subscriptions
        for _ in range(BATCH):
            try:  # one by one, as in `send`; the second is the publisher's address
                topic, _, data, kind = receive(), receive(), receive(), receive()
            except zmq.Again:
                return
            if self._sub.getsockopt(zmq.RCVMORE):
                self._to_next_message()
                continue
            for subscription in known.get(topic, ()):
                if kind != subscription.kind:
                    self.counts["other type"] += 1
                    continue
                try:
                    message = subscription.parse(data)
                except DecodeError:
                    self.counts["malformed"] += 1
                    continue
                subscription.callback(message)

    def _to_next_message(self) -> None:
        """Leave out what is no message of four frames, or goes on after the end of one."""
        self.counts["malformed"] += 1
        while self._sub.getsockopt(zmq.RCVMORE):
            self._sub.recv()

    def _on_topic(self, kind: int, offer: Offer) -> None:
        if kind in (NEW_CONNECTION, END_CONNECTION):
            return  # our socket hears of subscriptions itself, and when they take effect
        self._offers = self._topics.offers()
        if kind == UNADVERTISE:
            self._leaving.append((time.monotonic() + LEAVE_S, offer))
        elif kind == ADVERTISE and offer.topic.encode() in self._subscriptions:
            heard = self._connected.get(offer.address)
            if heard is None:
                heard = self._connected[offer.address] = set()
                self._sub.connect(offer.address)
            if offer.topic not in heard:
                heard.add(offer.topic)
            # Again with each heartbeat: a datagram may be lost, and a repeat changes nothing.
            self._registering.append((time.monotonic() + REGISTER_S, offer))

    def _leave(self) -> None:
        """Let go of publishers that have gone for a while."""
        now_s = time.monotonic()
        while self._leaving and self._leaving[0][0] <= now_s:
            _, offer = self._leaving.pop(0)
            heard = self._connected.get(offer.address)
            if heard is None or self._topics.is_offered(offer):
                continue
            heard.discard(offer.topic)
            if not heard:
                del self._connected[offer.address]
                self._sub.disconnect(offer.address)

    def _register(self) -> None:
        now_s = time.monotonic()
        while self._registering and self._registering[0][0] <= now_s:
            _, offer = self._registering.pop(0)
            mine = msgspec.structs.replace(
                offer, process=self.process, node=self._id, control=offer.process
            )
            self._topics.register(NEW_CONNECTION, mine)

    def _on_service(self, kind: int, offer: Offer) -> None:
        if kind == UNADVERTISE:
            if offer.address in self._repliers:
                self._repliers.discard(offer.address)
                self._requester.disconnect(offer.address)
            return
        if kind != ADVERTISE:
            return
        for call in self._calls.values():
            if call.service != offer.topic or call.sent:
                continue
            if (offer.type, offer.reply_type) != call.types:
                self.counts["other type"] += 1
                continue
            if offer.address not in self._repliers:
                self._repliers.add(offer.address)
                self._requester.connect(offer.address)
            frames = (
                offer.socket_id.encode(), call.service.encode(),
                self._endpoint(self._responses).encode(), self._response_id.encode(),
                self._id.encode(), call.number.encode(), call.request,
                *(name.encode() for name in call.types),
            )  # fmt: skip
            try:
                self._requester.send_multipart(frames, zmq.NOBLOCK)
            except zmq.ZMQError:
                continue  # not connected yet: the next heartbeat of the service is soon
            call.sent = True

    def _take_response(self) -> None:
        frames = self._responses.recv_multipart()
        if len(frames) != 6:
            self.counts["malformed"] += 1
            return
        call = self._calls.get(frames[3].decode(errors="replace"))
        if call is not None:
            call.answer.put((frames[4], frames[5] == b"1"))

    def _answer(self) -> None:
        frames = self._replier.recv_multipart()
        provided = self._provided.get(frames[1].decode(errors="replace"))
        if len(frames) < 7 or provided is None:
            self.counts["malformed"] += 1
            return
        _, topic, sender, asker, node, number, data, *_ = frames
        good, reply = b"1", b""
        try:
            reply = provided.answer(provided.request.FromString(data)).SerializeToString()
        except DecodeError:
            good = b"0"
        address = sender.decode(errors="replace")
        if address not in self._repliers:
            self._repliers.add(address)
            self._replier.connect(address)
        self._reply((asker, topic, node, number, reply, good), time.monotonic() + 1.0)

    def _reply(self, frames: tuple[bytes, ...], until_s: float) -> None:
        """Send an answer as soon as its asker is connected."""
        try:
            self._replier.send_multipart(frames, zmq.NOBLOCK)
        except zmq.ZMQError:
            if time.monotonic() < until_s:
                self._do(lambda: self._reply(frames, until_s))
            else:
                self.counts["unanswerable"] += 1

    def _is_ours(self, offer: Offer) -> bool:
        return offer.topic.startswith(f"@/{self.network.partition}@")

    def _bound(self, kind: int, identity: str = "") -> zmq.Socket[bytes]:
        each = self._context.socket(kind)
        each.setsockopt(zmq.LINGER, LINGER_MS)
        each.setsockopt(zmq.SNDHWM, KEPT)
        if identity:
            each.setsockopt(zmq.IDENTITY, identity.encode())
        each.bind(f"tcp://{self.network.ip}:*")
        return each

    def _endpoint(self, each: zmq.Socket[bytes]) -> str:
        end: bytes = each.getsockopt(zmq.LAST_ENDPOINT)  # type: ignore[assignment]
        return end.rstrip(b"\0").decode()
