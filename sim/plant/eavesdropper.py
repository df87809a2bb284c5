"""Listens to the talk of AGVs over ROS on a connection of its own, for the independent checker."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Self, TypeVar

import msgspec

from robotics.clock import GateTime
from robotics.ros import wire
from robotics.ros.client import Client, event_loop
from robotics.ros.refusal import RefusedError
from robotics.ros.talk import PACKAGE
from sim.plant.overheard import Overheard

LOOK_S = 0.2
"""So often what was heard is judged."""
FINISH_S = 20.0

T = TypeVar("T")


class Eavesdropper:
    """Enter it to listen until it is left; then `found` says what the checker found.

    `vehicles` are the namespaces of AGVs.
    """

    def __init__(
        self, url: str, vehicles: Mapping[str, str], overheard: Overheard, gate_time: GateTime
    ) -> None:
        self._url, self._vehicles, self._overheard = url, vehicles, overheard
        self._clock = gate_time()
        self._loop = event_loop()
        self.found: list[str] = []

    def __enter__(self) -> Self:
        self._loop.call_soon_threadsafe(self._begin)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result(FINISH_S)

    # --- all below runs in the loop's thread ------------------------------------------------

    def _begin(self) -> None:
        self._leaves = False
        self._client = Client(
            self._url,
            on_open=self._on_open,
            on_end=self._on_end,
            on_refused=lambda error: self._overheard.missed(str(error)),
            on_status=lambda _level, _text: None,
        )
        self._look()

    def _on_open(self) -> None:
        for vehicle, name in self._vehicles.items():
            self._listen(vehicle, f"/{name}/state", wire.AgvState, self._overheard.told)
            self._listen(vehicle, f"/{name}/grant", wire.Grant, self._overheard.granted)

    def _on_end(self) -> None:
        if not self._leaves:
            self._overheard.missed("the connection to the rosbridge server has ended")

    def _listen(
        self, vehicle: str, topic: str, kind: type[T], tell: Callable[[str, T], None]
    ) -> None:
        def take(data: msgspec.Raw) -> None:
            try:
                tell(vehicle, wire.read(data, kind, topic))
            except RefusedError as error:
                self._overheard.missed(str(error))

        self._client.listen(topic, f"{PACKAGE}/msg/{kind.__name__}", take)

    def _look(self) -> None:
        if not self._leaves:
            self._loop.call_later(LOOK_S, self._look)
            self._overheard.look(self._clock.now_ns())

    async def _finish(self) -> None:
        self._leaves = True
        self._client.end()
        self.found = self._overheard.finish(self._clock.now_ns())
