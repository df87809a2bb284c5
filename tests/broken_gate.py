"""A gate in virtual time in which things are broken, towed and repaired."""

from collections.abc import Callable
from typing import TypeVar

from actors.messages import (
    Alarm,
    ClearFault,
    Event,
    InjectFault,
    Message,
    OrderChanged,
    PlaceAnswer,
    PlaceVehicle,
    PutOrder,
    Service,
    ServiceChanged,
)
from actors.site.devices import FLEET_MANAGER
from actors.site.model import Site
from sim.plant.vehicle import VehicleController
from sim.simulate import build
from tests.gate import DAY, DEMO, S, order
from tests.test_checker import CLEAN

ENDED = ("done", "cancelled", "failed")
__all__ = ["CLEAN", "BrokenGate"]
A = TypeVar("A", bound=Message)


class BrokenGate:
    """The demo gate with orders, and what people were told of it."""

    def __init__(self, orders: int = 0, seed: int = 1, site: Site = DEMO) -> None:
        self.world, self.checker = build(site, DAY, 0, seed)
        self.orders: dict[str, str] = {}
        self.history: dict[str, list[str]] = {}
        self.carrier: dict[str, str] = {}
        self.alarms: list[Alarm] = []
        self.service: dict[str, Service] = {}
        self.world.on_event = self._note
        machines = self.world._machines
        self.robots = {
            one.device: one for one in machines.values() if isinstance(one, VehicleController)
        }
        self.homes: dict[str, str] = machines[FLEET_MANAGER].plan.homes  # type: ignore[attr-defined]
        self.run(5)
        for number in range(orders):
            self.put(number)
        self.run(0)

    def _note(self, _name: str, event: Event, _at_ns: int) -> None:
        if isinstance(event, OrderChanged):
            name = event.order.request.id
            self.orders[name] = event.order.state
            self.history.setdefault(name, []).append(event.order.state)
            self.carrier[name] = event.order.vehicle
        elif isinstance(event, Alarm):
            self.alarms.append(event)
        elif isinstance(event, ServiceChanged):
            self.service[event.name] = event.service

    def put(self, number: int) -> None:
        request = order(number, "VN" if number % 3 == 0 else "CN")
        self.world.post(FLEET_MANAGER, PutOrder(request), self.world.now_ns)
        self.orders.setdefault(request.id, "queued")

    def ask(self, message: Message, kind: type[A]) -> A:
        """What the fleet manager answers."""
        asked = len(self.world.replies)
        self.world.post(FLEET_MANAGER, message, self.world.now_ns)
        self.world.run(self.world.now_ns)
        (answer,) = self.world.replies[asked:]
        assert isinstance(answer, kind)
        return answer

    def run(self, seconds: float) -> None:
        self.world.run(self.world.now_ns + round(seconds * S))

    def until(self, holds: Callable[[], bool], seconds: int = 3600) -> None:
        """Go on until something has come about, which must be within so many seconds."""
        for _ in range(seconds):
            if holds():
                return
            self.run(1)
        raise AssertionError(f"not within {seconds} s: {self.orders}")

    def zone_of(self, agv: str) -> str:
        """The zone in which its front is."""
        robot = self.robots[agv]
        at_m, _ = robot.front(self.world.now_ns)
        passage = next((p for p in robot.passages if at_m <= p.end_m), robot.passages[-1])
        return passage.visit.zone

    def break_down(self, device: str) -> None:
        self.world.post(f"{device}/controller", InjectFault("broken down"), self.world.now_ns)

    def repair(self, device: str) -> None:
        self.world.post(f"{device}/controller", ClearFault(), self.world.now_ns)

    def tow(self, agv: str, place: str) -> PlaceAnswer:
        return self.ask(PlaceVehicle(agv, place), PlaceAnswer)

    def open_orders(self) -> int:
        return sum(state not in ENDED for state in self.orders.values())

    def finish(self, minutes: int = 240) -> dict[str, int]:
        """Until all orders have ended, or so many minutes are over; the checker's counts."""
        for _ in range(minutes):
            if not self.open_orders():
                break
            self.run(60)
        return self.checker.finish(self.world.now_ns)
