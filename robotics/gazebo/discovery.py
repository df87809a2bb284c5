"""Who publishes what, found by UDP multicast: one instance for topics and one for services.

Every process says once a second that it is there and what it offers; one that is silent for three
seconds is gone. The numbers are those of Gazebo Transport's wire, version 10.
"""

import contextlib
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import msgspec
from google.protobuf.message import DecodeError

from robotics.gazebo.messages import message_class
from robotics.gazebo.network import Network

WIRE_VERSION = 10
ADVERTISE, SUBSCRIBE, UNADVERTISE, HEARTBEAT, BYE, NEW_CONNECTION, END_CONNECTION = range(1, 8)
SCOPE_ALL = 2
HEARTBEAT_S, SILENCE_S = 1.0, 3.0
"""As Gazebo's own nodes have it."""
DATAGRAM_MAX = 65_507
PROCESSES_MAX = 10_000
"""Processes that are remembered; what comes on top of them is not heard."""

# Which of the two packages does not matter: only the wire form does.
_Discovery: Any = message_class("Discovery", "gz.msgs")


class Offer(msgspec.Struct, frozen=True):
    """A topic or service that a process offers, or a subscription that it registers."""

    topic: str
    """Its qualified name."""
    address: str
    process: str
    node: str
    type: str = ""
    """Of a topic's messages; of a service's requests."""
    reply_type: str = ""
    socket_id: str = ""
    """Of a service: the identity of the socket that answers."""
    control: str = ""
    """Of a registration: the process that is subscribed to."""


class Discovery:
    """Not safe for threads: it belongs to the node's own. `changed` hears (type, offer)."""

    def __init__(
        self,
        network: Network,
        port: int,
        process: str,
        *,
        services: bool,
        changed: Callable[[int, Offer], None],
    ) -> None:
        self._network, self._port, self._process = network, port, process
        self._services, self._changed = services, changed
        self._heard: dict[str, float] = {}
        self._known: dict[tuple[str, str, str], Offer] = {}
        self._own: list[Offer] = []
        self._wanted: set[str] = set()
        self._beat_s = 0.0
        self.malformed = 0
        """Datagrams that were no discovery messages."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDP)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        self.socket.setblocking(False)
        self.socket.bind(("", port))
        for interface in network.interfaces:
            member = socket.inet_aton(network.group) + socket.inet_aton(interface)
            with contextlib.suppress(OSError):  # an interface that has no multicast
                self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)

    def offers(self) -> list[Offer]:
        """All that others offer now, in all partitions."""
        return list(self._known.values())

    def is_offered(self, offer: Offer) -> bool:
        """Whether somebody offers just this now."""
        return (offer.topic, offer.process, offer.node) in self._known

    def offer(self, offer: Offer) -> None:
        """Offer something, until the end."""
        self._own.append(offer)
        self._send_offer(ADVERTISE, offer)

    def withdraw(self, offer: Offer) -> None:
        """Offer it no longer."""
        self._own.remove(offer)
        self._send_offer(UNADVERTISE, offer)

    def want(self, topic: str) -> None:
        """Ask who offers a topic; those that are known already are told of again."""
        self._wanted.add(topic)
        message = self._message(SUBSCRIBE)
        message.sub.topic = topic
        self._send(message)
        for offer in self.offers():
            if offer.topic == topic:
                self._changed(ADVERTISE, offer)

    def register(self, kind: int, offer: Offer) -> None:
        """Tell the publisher of a topic that one subscribes, or does no longer."""
        self._send_offer(kind, offer)

    def due_s(self) -> float:
        """How long it may be before `tick` [s]."""
        return max(self._beat_s - time.monotonic(), 0.0)

    def tick(self) -> None:
        """Say once a second what is offered here, and forget who is silent."""
        now_s = time.monotonic()
        if now_s < self._beat_s:
            return
        self._beat_s = now_s + HEARTBEAT_S
        self._send(self._message(HEARTBEAT))
        for offer in self._own:
            self._send_offer(ADVERTISE, offer)
        for process, heard_s in list(self._heard.items()):
            if now_s - heard_s > SILENCE_S:
                self._gone(process)

    def take(self) -> None:
        """Read what has come."""
        while True:
            try:
                data, _ = self.socket.recvfrom(DATAGRAM_MAX)
            except BlockingIOError:
                return
            message = _Discovery()
            try:
                [size] = struct.unpack_from("<H", data)
                message.ParseFromString(data[2 : 2 + size])
            except (struct.error, DecodeError):
                self.malformed += 1
                continue
            if message.version == WIRE_VERSION and message.process_uuid != self._process:
                self._take(message)

    def close(self) -> None:
        """Say goodbye."""
        self._send(self._message(BYE))
        self.socket.close()

    def _take(self, message: Any) -> None:
        if message.flags.relay:
            return  # meant for one that passes it on
        process: str = message.process_uuid
        if process not in self._heard and len(self._heard) >= PROCESSES_MAX:
            return
        self._heard[process] = time.monotonic()
        match message.type:
            case 1 | 3:
                offer = self._read(message.pub)
                key = (offer.topic, offer.process, offer.node)
                if message.type == UNADVERTISE:
                    if self._known.pop(key, None) is not None:
                        self._changed(UNADVERTISE, offer)
                else:
                    self._known[key] = offer
                    self._changed(ADVERTISE, offer)
            case 2:
                for offer in self._own:
                    if offer.topic == message.sub.topic:
                        self._send_offer(ADVERTISE, offer)
            case 5:
                self._gone(process)
            case 6 | 7:
                self._changed(message.type, self._read(message.pub))
            case _:
                pass  # a heartbeat, or what a later release says

    def _gone(self, process: str) -> None:
        self._heard.pop(process, None)
        for key, offer in list(self._known.items()):
            if offer.process == process:
                del self._known[key]
                self._changed(UNADVERTISE, offer)

    def _read(self, pub: Any) -> Offer:
        if self._services:
            srv = pub.srv_pub
            return Offer(
                pub.topic, pub.address, pub.process_uuid, pub.node_uuid,
                srv.request_type, srv.response_type, srv.socket_id,
            )  # fmt: skip
        return Offer(
            pub.topic, pub.address, pub.process_uuid, pub.node_uuid, pub.msg_pub.msg_type,
            control=pub.msg_pub.ctrl,
        )  # fmt: skip

    def _message(self, kind: int) -> Any:
        return _Discovery(version=WIRE_VERSION, process_uuid=self._process, type=kind)

    def _send_offer(self, kind: int, offer: Offer) -> None:
        message = self._message(kind)
        pub = message.pub
        pub.topic, pub.address, pub.scope = offer.topic, offer.address, SCOPE_ALL
        pub.process_uuid, pub.node_uuid = offer.process, offer.node
        if self._services:
            pub.srv_pub.socket_id = offer.socket_id
            pub.srv_pub.request_type = offer.type
            pub.srv_pub.response_type = offer.reply_type
        else:
            pub.msg_pub.ctrl, pub.msg_pub.msg_type = offer.control, offer.type
        self._send(message)

    def _send(self, message: Any) -> None:
        data = message.SerializeToString()
        datagram = struct.pack("<H", len(data)) + data
        for interface in self._network.interfaces:
            # An interface that is down now may be up again at the next heartbeat.
            with contextlib.suppress(OSError):
                self.socket.setsockopt(
                    socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface)
                )
                self.socket.sendto(datagram, (self._network.group, self._port))
