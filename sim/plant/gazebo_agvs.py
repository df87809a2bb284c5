"""The AGVs of a live plant as models of a Gazebo server, whose clock is the gate's."""

import contextlib
import math
import os
import queue
from collections.abc import Mapping, Sequence
from typing import Any

from actors.messages import InjectFault, Message
from actors.site.model import Site
from actors.site.roadmap import Roadmap
from robotics.clock import ClockKeeper, GateTime
from robotics.gazebo.follower import STAND
from robotics.gazebo.messages import Package, message_class
from robotics.gazebo.models import (
    Models,
    Pose,
    Touch,
    missing_models,
    served_package,
    served_world,
)
from robotics.gazebo.network import network_of
from robotics.gazebo.node import Node, NoReplyError
from robotics.gazebo.stepper import Stepper, runs_by_itself
from robotics.gazebo.vehicle import GazeboVehicle, Posed
from sim.gazebo_world.agv import ODOMETRY_HZ, agv_model
from sim.gazebo_world.crane import standing_pose
from sim.gazebo_world.elements import document
from sim.gazebo_world.release import release_for
from sim.gazebo_world.world import STEP_S
from sim.plant.gazebo_loads import GazeboLoads

STEPS, STEP_NS = round(1 / ODOMETRY_HZ / STEP_S), round(STEP_S * 1e9)
"""A period of the odometry, in steps of the world."""
LAG_S = 0.2
"""So long after the clock, on the wall clock, an odometry may come that is not silent [ours]."""
SERVER_S = 120.0
"""A server is given so long to show its clock: large worlds load slowly [ours]."""
SHOW_S = 3.0
"""From then on a model that is there so long to be seen: offers are said once a second [ours]."""
SPAWN_S = 10.0
"""And one that is put into the world so long to be there [ours]."""
ANEW_NS = 10**9
"""A clock that has gone back by more than this is a new server's, or the world was reset: the
gate's time goes on from where it was."""


class GazeboAgvs:
    """The models of the server that the environment names (`robotics.gazebo.network`).

    AGVs that are not in its world are put there, each in its home. Whatever time the server shows
    when we come is taken for the gate's epoch. One that is paused then makes its steps as we tell
    it to, at most so many times as fast as the wall clock as the gate's speed is; one that runs by
    itself is followed, and models drive on as they were told last while we are late.

    Raises:
        ConnectionError: no server shows its clock, or it does not take an AGV.
        OSError: the address of `GZ_IP` is not here.
        ValueError: the environment names no address, or no partition.
    """

    def __init__(
        self,
        gate_time: GateTime,
        site: Site,
        roadmap: Roadmap,
        vehicles: Sequence[GazeboVehicle],
        environment: Mapping[str, str],
    ) -> None:
        self._epoch_ns, self._speed = gate_time.epoch_ns, gate_time.speed
        self._keeper = ClockKeeper(gate_time)
        self._zero_ns: int | None = None
        """What the server's clock shows at the gate's epoch."""
        self._site, self._roadmap = site, roadmap
        self._agvs = [vehicle.device for vehicle in vehicles]
        self._came: queue.SimpleQueue[Pose | Touch] = queue.SimpleQueue()
        self.woken, self._wake = os.pipe()
        """Readable when news have come."""
        os.set_blocking(self._wake, False)
        self._stepper: Stepper | None = None
        self._heard: set[str] = set()
        """AGVs that have said where they are since the last step that was told."""
        self._silent: set[str] = set()
        """AGVs that are not waited for."""
        self._done_s = 0.0
        """When the server was seen to have made its steps."""
        self._next_s = 0.0
        """When it may make others."""
        self.node = Node(network_of(environment))
        """For all that the same server shows."""
        self.node.__enter__()
        try:
            world, self.package, self._models = self._found(vehicles)
        except ConnectionError:
            self.node.__exit__(None, None, None)
            raise
        self._loads = GazeboLoads(self.node, world, self.package)

    @property
    def is_served(self) -> bool:
        """Whether the server is still there; paused it is."""
        return served_package(self.node) is not None

    def drive(self, vehicle: GazeboVehicle, now_ns: int) -> None:
        """Have a model drive and carry as its controller says."""
        self._models.drive(vehicle.device, vehicle.drive)
        self._loads.show(vehicle, now_ns)

    def news(self) -> list[tuple[str, Message]]:
        """What AGVs are to hear: of poses the newest, for who is late has no use for the others."""
        os.read(self.woken, 65536)
        poses: dict[str, Message] = {}
        touches: dict[str, Message] = {}
        while not self._came.empty():
            match self._came.get():
                case Pose(agv, _, front):
                    poses[agv] = Posed(front)
                    self._heard.add(agv)
                case Touch(agv, other):
                    touches[agv] = InjectFault(f"it touches {other}")
        return [*poses.items(), *touches.items()]

    def go_on(self, now_s: float) -> float:
        """Let a paused server go on if all AGVs have been told what to do; call it after the news.

        `now_s` is of the monotonic clock. Returns how long it may be until the next call, unless
        there are news before [s].
        """
        if self._stepper is None or not self._stepper.is_done:
            return math.inf  # news come when it has made its steps
        self._done_s = self._done_s or now_s
        self._silent -= self._heard
        missing = {agv for agv in self._agvs if agv not in self._heard} - self._silent
        if missing and now_s < self._done_s + LAG_S:
            return self._done_s + LAG_S - now_s
        if now_s < self._next_s:
            return self._next_s - now_s
        self._silent |= missing
        period_s = self._stepper.period_ns / 1e9 / self._speed
        self._next_s = max(self._next_s + period_s, now_s)
        self._heard.clear()
        self._done_s = 0.0
        try:
            self._stepper.go_on()
        except NoReplyError:
            self._stepper = None  # it has gone, and its AGVs with it
        return math.inf

    def close(self) -> None:
        """Leave no model driving, for nobody is there any more to stop it, and none loaded."""
        for agv in self._agvs:
            self._models.drive(agv, STAND)
        self._loads.close()
        self.node.__exit__(None, None, None)
        os.close(self.woken)
        os.close(self._wake)

    # --- the world --------------------------------------------------------------------------

    def _found(self, vehicles: Sequence[GazeboVehicle]) -> tuple[str, Package, Models]:
        """All AGVs, when they are there, with the world and the messages of their server."""
        node, network = self.node, self.node.network
        node.wait_until(lambda: self.is_served, SERVER_S)
        package = served_package(node)
        if package is None:
            raise ConnectionError(
                f"no Gazebo server shows its clock in partition {network.partition!r}"
                f" at {network.ip}"
            )
        missing = missing_models(node, self._agvs, SHOW_S)
        world = served_world(node, self._site.name)
        length_m = self._site.vehicles.length_m
        models = Models(node, self._agvs, length_m, package, self._take, self._show)
        for vehicle in vehicles:
            if vehicle.device in missing:
                self._put(world, package, vehicle)
        unheard = models.wait(SPAWN_S)
        if unheard:
            raise ConnectionError(f"world {world!r} of the Gazebo server: {unheard}")
        models.feel(world)
        if not runs_by_itself(models):
            self._stepper = Stepper(node, models, world, package, STEPS, STEP_NS)
        return world, package, models

    def _put(self, world: str, package: Package, vehicle: GazeboVehicle) -> None:
        """Put an AGV into the world, in its home."""
        agv, vehicles = vehicle.device, self._site.vehicles
        at = standing_pose(vehicle.home_place, self._roadmap, vehicles.length_m)
        model = agv_model(agv, at, vehicles, release_for(package))
        order: Any = message_class("EntityFactory", package)()
        order.name, order.sdf = agv, document(model).decode()
        try:
            self.node.call(
                f"/world/{world}/create", order, message_class("Boolean", package), SPAWN_S
            )
        except NoReplyError as error:
            raise ConnectionError(f"the Gazebo server does not take {agv}: {error}") from error

    # --- in the node's thread ---------------------------------------------------------------

    def _take(self, news: Pose | Touch) -> None:
        if isinstance(news, Pose):
            self._show(news.sim_ns)
        self._came.put(news)
        self._awake()

    def _show(self, sim_ns: int) -> None:
        now_ns = self._keeper.now_ns
        if self._zero_ns is None or self._zero_ns + now_ns - self._epoch_ns - sim_ns > ANEW_NS:
            self._zero_ns = sim_ns - (now_ns - self._epoch_ns)
        if self._stepper is not None and self._stepper.is_done:
            self._awake()
        self._keeper.show(self._epoch_ns + sim_ns - self._zero_ns)

    def _awake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full: it will wake anyway
            os.write(self._wake, b"!")
