"""Signals of a virtual run, sampled as the live plant samples its own."""

from typing import Protocol

from actors.site.devices import Device
from robotics.telemetry import Frame, RecordedEvent
from robotics.vehicle import Vehicle
from sim.plant.crane import CraneController
from sim.plant.scanner import ScannerController
from sim.world import World


class Recorder(Protocol):
    """Takes down what happens in a run."""

    def frame(self, frame: Frame) -> None:
        """All controllers' signals at one moment."""

    def event(self, recorded: RecordedEvent) -> None:
        """One domain event."""


class Sampler:
    """Lets a world's time pass and gives a recorder all signals once a period; changes nothing."""

    def __init__(
        self, world: World, devices: list[Device], recorder: Recorder, period_ns: int
    ) -> None:
        self._world = world
        self._recorder = recorder
        self._period_ns = period_ns
        self._next_ns = world.now_ns + period_ns
        self._vehicles: list[Vehicle] = []
        self._stations: list[CraneController | ScannerController] = []
        for device in devices:
            name = f"{device.id}/controller"
            controller = world.machine(name) if name in world else None
            if isinstance(controller, Vehicle):
                self._vehicles.append(controller)
            elif isinstance(controller, CraneController | ScannerController):
                self._stations.append(controller)

    def run(self, until_ns: int) -> None:
        """Handle every event up to and including `until_ns`."""
        while self._next_ns <= until_ns:
            now_ns = self._next_ns
            self._world.run(now_ns)
            vehicles = tuple(controller.signal(now_ns) for controller in self._vehicles)
            stations = tuple(controller.signal(now_ns) for controller in self._stations)
            self._recorder.frame(Frame(now_ns, vehicles, stations))
            self._next_ns += self._period_ns
        self._world.run(until_ns)
