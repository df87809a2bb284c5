"""The independent checker beside simulated controllers, in a world or in the live plant."""

from collections.abc import Callable, Sequence

from actors.effects import Effect, Send
from actors.messages import ExtendGrant, Message
from actors.site.model import Site
from actors.site.roadmap import Roadmap
from robotics.gazebo.vehicle import GazeboVehicle
from robotics.vehicle import Vehicle
from sim.checker import Checker
from sim.footprint import Body


def checker_of(
    site: Site,
    roadmap: Roadmap,
    vehicles: Sequence[Vehicle],
    wake: Callable[[int], None],
) -> Checker:
    """A checker of vehicles that stand in their places; see `Checker` for `wake`."""
    data = site.vehicles
    return Checker(
        roadmap,
        Body(data.length_m, data.width_m),
        max(data.speed_empty_mps, data.speed_loaded_mps),
        {vehicle.device: vehicle.signal for vehicle in vehicles},
        {vehicle.device: vehicle.passages[-1].visit for vehicle in vehicles},
        wake,
    )


def finds(checker: Checker, vehicles: Sequence[Vehicle]) -> list[str]:
    """What it has found, in words; of vehicles in Gazebo without `jump`.

    It knows to a hand's breadth where the middle of a body that goes by plan is; one that is
    steered at both ends cuts corners by up to 0.4 m.
    """
    steered = any(isinstance(vehicle, GazeboVehicle) for vehicle in vehicles)
    return [found for found in checker.found if not (steered and found.startswith("jump:"))]


class Watched:
    """The checker of a live plant: it sees what reaches controllers and what they answer.

    A grant is seen when it reaches the controller. What it needs to be free has been reported clear
    on the same wire before.
    """

    def __init__(self, site: Site, roadmap: Roadmap, vehicles: Sequence[Vehicle]) -> None:
        self.due_ns: int | None = None
        """When it is to look; None: it waits for news."""
        self._vehicles = vehicles
        self._checker = checker_of(site, roadmap, vehicles, self._wake)

    def _wake(self, at_ns: int) -> None:
        self.due_ns = at_ns if self.due_ns is None else min(at_ns, self.due_ns)

    def saw(self, device: str, message: Message, effects: list[Effect], now_ns: int) -> None:
        """A controller took a message in, and this came of it."""
        if isinstance(message, ExtendGrant):
            self._checker.observe("", message, [Send(device, message)], now_ns)
        self._checker.observe(f"{device}/controller", message, effects, now_ns)

    def look(self, now_ns: int) -> None:
        """Look at what is due."""
        self.due_ns = None
        self._checker.look(now_ns)

    def finish(self, now_ns: int) -> list[str]:
        """What was found, in words."""
        self._checker.finish(now_ns)
        return finds(self._checker, self._vehicles)
