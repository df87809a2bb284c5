"""Keeps the operational e-stop for devices that come later: the gate's end of its latch.

Who engages or releases it says so and goes. The keeper hears that, and says the newest order again:
at once, so that a device that is switched on later is told what was said last; every few seconds,
for devices that only hear what is said while they listen; and anew on each connection. It never
orders anything by itself. One for a gate; it ends with it.
"""

import contextlib
import random
from typing import Self

import msgspec

from robotics.ros import wire
from robotics.ros.client import Client, event_loop
from robotics.ros.e_stop import TOPIC
from robotics.ros.link import RECONNECT_S, RECONNECT_SPREAD
from robotics.ros.refusal import RefusedError
from robotics.ros.talk import PACKAGE, body

REPEAT_S = 2.0
TYPE = f"{PACKAGE}/msg/EStop"


class EStopKeeper:
    """Enter it to have the order kept. Its methods below run in the loop's thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = event_loop()
        self._client: Client | None = None
        self._closed = False
        self.order: wire.EStop | None = None
        """The newest that was heard."""

    def __enter__(self) -> Self:
        self._loop.call_soon_threadsafe(self._connect)
        self._loop.call_soon_threadsafe(self._repeat)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._close)

    def _close(self) -> None:
        self._closed = True
        if self._client is not None:
            self._client.end()

    def _connect(self) -> None:
        if not self._closed:
            self._client = Client(
                self._url,
                on_open=self._on_open,
                on_end=self._on_end,
                on_refused=lambda _error: None,
                on_status=lambda _level, _text: None,
            )

    def _on_open(self) -> None:
        assert self._client is not None
        self._client.advertise(TOPIC, TYPE, latch=True)
        self._client.listen(TOPIC, TYPE, self._take)
        self._say()

    def _on_end(self) -> None:
        spread = 1 + RECONNECT_SPREAD * random.uniform(-1, 1)
        self._loop.call_later(RECONNECT_S * spread, self._connect)

    def _take(self, data: msgspec.Raw) -> None:
        with contextlib.suppress(RefusedError):  # devices do not take it either
            order = wire.read(data, wire.EStop, TOPIC)
            if self.order is None or order.number > self.order.number:
                self.order = order
                self._say()

    def _repeat(self) -> None:
        if self._closed:
            return
        self._loop.call_later(REPEAT_S, self._repeat)
        if self.order is not None and self.order.engaged:
            self._say()

    def _say(self) -> None:
        if self.order is not None and self._client is not None:
            self._client.publish(TOPIC, body(self.order), latch=True)
