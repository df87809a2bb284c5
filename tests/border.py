"""The whole gate with its border in virtual time, for the rows of the domain's exceptions."""

from collections.abc import Callable
from typing import TypeVar

from msgspec import structs

from actors.base import Event, Message
from actors.border import Channel, HoldChanged, Officer, StepTaken
from actors.fleet_manager import FleetManager
from actors.messages import (
    Alarm,
    DeviceChanged,
    ObstacleChanged,
    OrderChanged,
    ServiceChanged,
)
from actors.site.devices import FLEET_MANAGER
from actors.site.model import Site
from sim.authority import BorderGate
from sim.booth_images import BoothImages
from sim.border_officers import declaration
from tests.gate import DAY
from tests.test_border_drive import both_scans

A = TypeVar("A", bound=Message)
E = TypeVar("E", bound=Event)
__all__ = ["Alarm", "Border", "ObstacleChanged", "ServiceChanged", "officer"]


def officer(role: str, side: str) -> Officer:
    return Officer("Q", role, side)  # type: ignore[arg-type]


class Border:
    """A border gate in which things happen, and what the log says of it."""

    def __init__(
        self, site: Site | None = None, seed: int = 1, images: BoothImages | None = None
    ) -> None:
        self.gate = BorderGate(site or both_scans(), DAY, seed, images)
        self.world = self.gate.world
        self.run(10)

    @property
    def manager(self) -> FleetManager:
        manager = self.world.machine(FLEET_MANAGER)
        assert isinstance(manager, FleetManager)
        return manager

    def bring(
        self, name: str = "K1", direction: str = "VN-CN", hs: str = "854231",
        channel: Channel = "green", perishable: bool = False,
    ) -> str:  # fmt: skip
        goods = structs.replace(declaration(name, direction, hs), perishable=perishable)
        self.gate.declare(goods, channel, self.world.now_ns)
        return name

    def run(self, seconds: float) -> None:
        self.gate.run(seconds)

    def until(self, holds: Callable[[], bool], hours: float = 6) -> None:
        for _ in range(round(hours * 360)):
            if holds():
                return
            self.run(10)
        raise AssertionError([(at_ns, event) for at_ns, event in self.gate.log[-20:]])

    def until_step(self, name: str, step: str) -> None:
        self.until(lambda: step in self.steps(name))

    def events(self, kind: type[E]) -> list[E]:
        return [event for _, event in self.gate.log if isinstance(event, kind)]

    def alarms(self, kind: str) -> list[Alarm]:
        return [alarm for alarm in self.events(Alarm) if alarm.kind == kind]

    def steps(self, name: str) -> list[str]:
        return [e.what for e in self.events(StepTaken) if e.consignment == name]

    def order_states(self) -> list[str]:
        return [e.order.state for e in self.events(OrderChanged)]

    def holds_put(self, name: str) -> list[str]:
        put = self.events(HoldChanged)
        return [e.kind for e in put if e.consignment == name and e.present]

    def device_states(self, device: str) -> list[str]:
        return [e.state for e in self.events(DeviceChanged) if e.device == device]

    def crossing(self) -> str:
        """A loaded AGV that is in a lane now, if there is one; else empty."""
        for vehicle in self.manager.vehicles.values():
            if vehicle.job is not None and vehicle.job.state == "crossing":
                return vehicle.name
        return ""

    def command(self, side: str, command: Message) -> None:
        self.world.post(f"clearance-{side}", command, self.world.now_ns)
        self.run(1)

    def tell(self, to: str, message: Message) -> None:
        self.world.post(to, message, self.world.now_ns)
        self.run(1)

    def ask(self, message: Message, kind: type[A]) -> A:
        """What the fleet manager answers."""
        asked = len(self.world.replies)
        self.world.post(FLEET_MANAGER, message, self.world.now_ns)
        self.world.run(self.world.now_ns)
        (answer,) = (r for r in self.world.replies[asked:] if isinstance(r, kind))
        return answer

    def moved_m(self, seconds: float) -> float:
        """How far all AGVs together drive meanwhile [m]."""
        before = self._driven_m()
        self.run(seconds)
        return self._driven_m() - before

    def _driven_m(self) -> float:
        now_ns = self.world.now_ns
        return sum(
            self.world.machine(f"{agv}/controller").front(now_ns)[0]  # type: ignore[attr-defined]
            for agv in self.manager.vehicles
        )

    def speeds(self) -> list[float]:
        now_ns = self.world.now_ns
        return [
            self.world.machine(f"{agv}/controller").front(now_ns)[1]  # type: ignore[attr-defined]
            for agv in self.manager.vehicles
        ]

    def ends(self, *passed: str) -> None:
        """All that is open ends; nothing is skipped; these pass."""
        self.gate.finish(hours_max=36)
        assert self.gate.open == {}
        assert self.gate.reader.found == []
        assert set(passed) <= self.gate.reader.released
        found = self.gate.checker.finish(self.world.now_ns)
        assert not any(found.values()), self.gate.checker.found
