"""A site in virtual time whose AGVs are models of a Gazebo server that is told each of its steps.

The server is paused; it makes as many steps as an odometry's period has, then the site's machines
go on by as much. So the two keep step, as fast as both of them can, and nothing hangs on how fast
this machine is.
"""

import queue
import time
from collections.abc import Sequence

from robotics.gazebo.messages import Package
from robotics.gazebo.models import Models, Pose, Touch
from robotics.gazebo.node import Node
from robotics.gazebo.stepper import PATIENCE_S, Stepper
from robotics.gazebo.vehicle import GazeboVehicle, Posed
from sim.gazebo_world.agv import ODOMETRY_HZ
from sim.gazebo_world.world import STEP_S
from sim.world import World

PERIOD_NS = 10**9 // ODOMETRY_HZ
STEPS, STEP_NS = round(1 / ODOMETRY_HZ / STEP_S), round(STEP_S * 1e9)
LAG_S = 0.2
"""Of the wall clock: so long after the clock an odometry may come that is not silent [ours]."""


class GazeboError(RuntimeError):
    """There is no server, or it does not answer any more."""


class GazeboRun:
    """Lets a world's time pass. Its AGVs are `GazeboVehicle`s.

    Raises:
        GazeboError: no such server is there.
    """

    def __init__(
        self, node: Node, world: World, site: str, agvs: Sequence[str], length_m: float,
        package: Package = "ignition.msgs",
    ) -> None:  # fmt: skip
        self._world = world
        self._came: queue.SimpleQueue[Pose | Touch] = queue.SimpleQueue()
        self._models = Models(node, agvs, length_m, package, self._came.put)
        self._vehicles = {agv: self._vehicle(agv) for agv in agvs}
        self._silent: set[str] = set()
        """They are not waited for."""
        try:
            self._stepper = Stepper(node, self._models, site, package, STEPS, STEP_NS)
        except ConnectionError as error:
            raise GazeboError(f"no Gazebo server of this world: {error}") from None
        missing = self._models.wait(PATIENCE_S)
        if missing:
            raise GazeboError(missing)

    def run(self, until_ns: int) -> None:
        """Handle every event up to and including `until_ns`, at an odometry's period at most."""
        world, models = self._world, self._models
        while world.now_ns + PERIOD_NS <= until_ns:
            self._go_on()
            now_ns = world.now_ns + PERIOD_NS
            world.run(now_ns)
            for pose in self._poses():
                world.post(f"{pose.agv}/controller", Posed(pose.front), now_ns)
            world.run(now_ns)
            for agv, vehicle in self._vehicles.items():
                models.drive(agv, vehicle.drive)

    def _vehicle(self, agv: str) -> GazeboVehicle:
        vehicle = self._world.machine(f"{agv}/controller")
        assert isinstance(vehicle, GazeboVehicle)
        return vehicle

    def _go_on(self) -> None:
        """A period's steps, until the server's clock shows them."""
        try:
            self._stepper.go_on()
        except ConnectionError as error:
            raise GazeboError(f"the Gazebo server is no longer there: {error}") from None
        if not self._models.wait_clock(self._stepper.due_ns, PATIENCE_S):
            raise GazeboError(f"the server's clock stands at {self._models.sim_ns / 1e9:.3f} s")

    def _poses(self) -> list[Pose]:
        """The newest pose of each AGV that has come since; who does not tell it is not awaited."""
        found: dict[str, Pose] = {}
        until_s = time.monotonic() + LAG_S
        while True:
            missing = [a for a in self._vehicles if a not in found and a not in self._silent]
            wait_s = max(until_s - time.monotonic(), 0.0) if missing else 0.0
            try:
                pose = self._came.get(block=wait_s > 0, timeout=wait_s)
            except queue.Empty:
                self._silent.update(missing)
                return list(found.values())
            if isinstance(pose, Pose):
                found[pose.agv] = pose
                self._silent.discard(pose.agv)
