"""The operational e-stop: said to all devices of a site at once, until all AGVs show it.

It is said again and again for a while, since a device may just be finding the topic; a device that
is off hears nothing of it. Numbers are taken from the clock, so that they grow from one process to
the next.
"""

import threading
import time
from collections.abc import Mapping
from functools import partial

import msgspec

from robotics.clock import GateTime
from robotics.ros import wire
from robotics.ros.client import Client, UnreachableError, event_loop
from robotics.ros.refusal import RefusedError
from robotics.ros.talk import PACKAGE, body

TOPIC = "/e_stop"
REPEAT_S = 0.2
NUMBERS_PER_S = 10**6
"""Microseconds: exact even for readers that take JSON's numbers for double precision."""
EMERGENCY_STOP = wire.SAFETY_STATES.index("EMERGENCY_STOP")


class EStopSender:
    """Says one state of the e-stop on one connection; `vehicles` are AGVs by their namespace."""

    def __init__(self, url: str, vehicles: Mapping[str, str], gate_time: GateTime) -> None:
        self._url, self._vehicles = url, vehicles
        self._clock = gate_time()
        self._changed = threading.Condition()
        self._ended = False
        self._engaged: dict[str, bool] = {}
        """What each AGV showed last."""

    def say(self, *, engaged: bool, reason: str, wait_s: float) -> dict[str, bool]:
        """Engage or release; whether each AGV has come to show it, by device.

        Raises:
            UnreachableError: no connection, or it ended before all AGVs showed it.
        """
        number = time.time_ns() * NUMBERS_PER_S // 10**9
        until_s = time.monotonic() + wait_s
        loop = event_loop()
        client = self._connect(until_s)
        try:
            with self._changed:
                while not self._all_show(engaged) and time.monotonic() < until_s:
                    if self._ended:
                        raise UnreachableError(f"{self._url}: the connection has ended")
                    order = {
                        "stamp": body(wire.time_of(self._clock.now_ns())),
                        "number": number,
                        "engaged": engaged,
                        "reason": reason,
                    }
                    loop.call_soon_threadsafe(_publish, client, order)
                    self._changed.wait(REPEAT_S)
                return {
                    device: self._engaged.get(name) is engaged
                    for name, device in self._vehicles.items()
                }
        finally:
            loop.call_soon_threadsafe(client.end)

    def _connect(self, until_s: float) -> Client:
        opened = threading.Event()
        client = Client(
            self._url,
            on_open=opened.set,
            on_end=self._end,
            on_refused=_leave_out,
            on_status=lambda _level, _text: None,
        )
        while not opened.wait(REPEAT_S):
            if self._ended or time.monotonic() >= until_s:
                event_loop().call_soon_threadsafe(client.end)
                raise UnreachableError(f"{self._url}: no rosbridge server answers there")
        event_loop().call_soon_threadsafe(self._introduce, client)
        return client

    def _introduce(self, client: Client) -> None:
        client.advertise(TOPIC, f"{PACKAGE}/msg/EStop", latch=True)
        for name in self._vehicles:
            client.listen(
                f"/{name}/state",
                f"{PACKAGE}/msg/AgvState",
                partial(self._take, name),
            )

    def _take(self, name: str, data: msgspec.Raw) -> None:
        try:
            state = wire.read(data, wire.AgvState, f"/{name}/state")
        except RefusedError as error:
            _leave_out(error)
            return
        with self._changed:
            engaged = state.safety_state == EMERGENCY_STOP
            if self._engaged.get(name) is not engaged:
                self._engaged[name] = engaged
                self._changed.notify()

    def _all_show(self, engaged: bool) -> bool:
        return all(self._engaged.get(name) is engaged for name in self._vehicles)

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()


def _publish(client: Client, order: dict[str, object]) -> None:
    client.publish(TOPIC, order, latch=True)


def _leave_out(_error: RefusedError) -> None:
    """An AGV that speaks nonsense shows nothing: it counts as one that has not heard."""
