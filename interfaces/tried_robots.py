"""Robots of a live gate that a scenario is tried on: driven, broken on purpose, and watched."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from actors.messages import Visit
from actors.ports import LinkFactory
from interfaces.drivers import Driven, Driver, attached_gazebo, gazebo, plant, reference_robots
from robotics.ros.link import SILENCE_S
from robotics.ros.links import RosLinks
from robotics.telemetry import Bus
from sim.footprint import Body
from sim.plant.eavesdropper import Eavesdropper
from sim.plant.fault_injection import FaultInjection
from sim.plant.mishaps import PlantMishaps
from sim.plant.overheard import Overheard
from sim.plant.wire import Wire, WiredLinks
from sim.scenario.mishaps import Mishaps
from sim.scenario.model import CutLink, Scenario, Stop


class TriedRobots(msgspec.Struct, frozen=True):
    """For one run."""

    driver: Driver
    mishaps: Callable[[Bus], AbstractContextManager[Mishaps]]
    """Of a gate that has been entered; to be entered themselves."""
    found: list[str]
    """What the checker has found, in words, once the gate has been left."""
    simulated_time: bool = False
    """See `interfaces.gate.LiveGate`."""


def simulated() -> TriedRobots:
    """Simulated controllers in a process, with the checker in it."""
    found: list[str] = []
    driver = plant(found=found)
    return TriedRobots(driver, lambda bus: contextlib.closing(PlantMishaps(bus)), found)


def in_gazebo(world: Path | None, *, attach: bool) -> TriedRobots:
    """As `simulated`, with AGVs in Gazebo: see `interfaces.drivers.gazebo`."""
    found: list[str] = []
    driver = attached_gazebo(found=found) if attach else gazebo(world, found=found)
    return TriedRobots(
        driver, lambda bus: contextlib.closing(PlantMishaps(bus)), found, simulated_time=True
    )


def over_ros(scenario: Scenario, say: Callable[[str], None]) -> TriedRobots:
    """Reference controllers as ROS nodes and a checker that listens; `say` hears of the set-up."""
    trial = _RosTrial(scenario)
    driver = reference_robots(say, trial.between)
    return TriedRobots(driver, lambda _bus: contextlib.nullcontext(trial), trial.found)


class _RosTrial:
    """What a scenario needs between links and robots over ROS. See `sim.scenario.mishaps.Mishaps`.

    Only what the scenario breaks is prepared for that.
    """

    def __init__(self, scenario: Scenario) -> None:
        faults = scenario.faults
        self._broken = {fault.device for fault in faults if isinstance(fault, Stop)}
        self._cut = {fault.device for fault in faults if isinstance(fault, CutLink)}
        self.found: list[str] = []

    @contextlib.contextmanager
    def between(self, driven: Driven, links: RosLinks) -> Iterator[LinkFactory]:
        """See `interfaces.drivers.Between`."""
        self._names = links.names
        broken = [links.names[device] for device in self._broken]
        with contextlib.ExitStack() as running:
            listener = running.enter_context(_listener(driven, links))
            self._faults = running.enter_context(FaultInjection(links.url, broken))
            self._wires = {name: running.enter_context(Wire(links.url)) for name in self._cut}
            yield WiredLinks(links, {name: wire.url for name, wire in self._wires.items()})
        self.found += listener.found

    def stop(self, device: str, reason: str) -> None:
        self._faults.say(self._names[device], reason)

    def repair(self, device: str) -> None:
        self._faults.say(self._names[device], "")

    def cut(self, device: str) -> None:
        self._wires[device].cut()

    def join(self, device: str) -> None:
        self._wires[device].join()


def _listener(driven: Driven, links: RosLinks) -> Eavesdropper:
    data = driven.site.vehicles
    homes = {d.id: d.home for d in driven.devices if d.kind == "vehicle"}
    stand = {name: driven.roadmap.standing_edge(home) for name, home in homes.items()}
    overheard = Overheard(
        driven.roadmap,
        Body(data.length_m, data.width_m),
        max(data.speed_empty_mps, data.speed_loaded_mps),
        {name: Visit(0, edge.zone, (edge.id,)) for name, edge in stand.items()},
        round(SILENCE_S * driven.gate_time.speed * 1e9),
    )
    names = {vehicle: links.names[vehicle] for vehicle in homes}
    return Eavesdropper(links.url, names, overheard, driven.gate_time)
