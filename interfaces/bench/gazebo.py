"""`bordergate bench gazebo`: messages over our end of Gazebo Transport, beside bare pyzmq.

Both ways, a publisher in this thread and a subscriber in another send the same odometry, as often
as they can; the bare one sends bytes that were made once, and reads nothing of what it hears.
"""

import os
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import zmq

from interfaces.bench.figures import Figure, compared, percentile
from robotics.gazebo.messages import message_class
from robotics.gazebo.network import network_of
from robotics.gazebo.node import KEPT, Node

MESSAGES = 15_000
"""In one go: fewer than either end keeps, so that none is lost."""
ROUNDS = 5
"""Ours and the bare one by turns; the best of each counts, as the least disturbed."""
PATIENCE_S = 60.0


class LostError(RuntimeError):
    """Messages have not come."""


def measure(say: Callable[[str], None]) -> list[Figure]:
    """Rates [1/s]."""
    kind: Any = message_class("Odometry", "gz.msgs")
    message = kind()
    message.header.stamp.sec = 1
    message.pose.position.x, message.pose.position.y = 100.0, 27.0
    message.pose.orientation.w, message.twist.linear.x = 1.0, 6.1
    bare_rates, our_rates = [], []
    for number in range(1, ROUNDS + 1):
        say(f"round {number} of {ROUNDS}")
        bare_rates.append(_bare_rate(message.SerializeToString()))
        our_rates.append(_our_rate(kind, message))
    bare, ours = max(bare_rates), max(our_rates)
    return [
        Figure("messages a round", MESSAGES, "messages"),
        compared("rate, published to heard", ours, "1/s", bare),
        compared(
            "the same, the middle round", percentile(our_rates, 0.5), "1/s",
            percentile(bare_rates, 0.5),
        ),
    ]  # fmt: skip


def _our_rate(kind: type[Any], message: Any) -> float:
    network = network_of({**os.environ, "GZ_IP": "127.0.0.1", "GZ_PARTITION": uuid.uuid4().hex})
    done = threading.Event()
    heard = 0

    def hear(_message: Any) -> None:
        nonlocal heard
        heard += 1
        if heard == MESSAGES:
            done.set()

    with Node(network) as one, Node(network) as other:
        publisher = one.advertise("/odometry", kind)
        other.subscribe("/odometry", kind, hear)
        if not publisher.wait(PATIENCE_S):
            raise LostError("the nodes have not found each other")
        began = time.perf_counter()
        for _ in range(MESSAGES):
            publisher.publish(message)
        if not done.wait(PATIENCE_S):
            raise LostError(f"ours: {heard} of {MESSAGES} messages have come")
        return MESSAGES / (time.perf_counter() - began)


def _bare_rate(data: bytes) -> float:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    source = context.socket(zmq.XPUB)
    source.setsockopt(zmq.SNDHWM, KEPT)
    source.bind("tcp://127.0.0.1:*")
    address: bytes = source.getsockopt(zmq.LAST_ENDPOINT)  # type: ignore[assignment]
    ended = threading.Event()

    def listen() -> None:
        sink = context.socket(zmq.SUB)
        sink.setsockopt(zmq.RCVHWM, KEPT)
        sink.setsockopt(zmq.SUBSCRIBE, b"@/bench@/odometry")
        sink.connect(address.rstrip(b"\0").decode())
        for _ in range(MESSAGES):
            sink.recv_multipart()
        ended.set()
        sink.close(0)

    threading.Thread(target=listen, daemon=True).start()
    source.recv()  # the subscription
    began = time.perf_counter()
    for _ in range(MESSAGES):
        source.send_multipart((b"@/bench@/odometry", address, data, b"gz.msgs.Odometry"))
    if not ended.wait(PATIENCE_S):
        raise LostError("bare pyzmq has lost messages")
    took_s = time.perf_counter() - began
    source.close(0)
    context.term()
    return MESSAGES / took_s
