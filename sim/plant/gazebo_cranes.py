"""The cranes of a live plant, shown by those of a Gazebo server: it is told where joints are to be.

Nothing comes back. Whether a crane of the server is there, and follows, is nothing to the plant,
whose controllers go by their own times.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from actors.site.model import Site
from actors.site.roadmap import Roadmap
from robotics.gazebo.messages import Package, message_class
from robotics.gazebo.node import Node, Publisher
from sim.gazebo_world.agv import DECK_M
from sim.gazebo_world.crane import bays_of, hoist_m, over, standing_pose, truck_m
from sim.plant.crane import CraneController
from sim.plant.crane_motion import CraneMotion, Joints
from sim.plant.gazebo_loads import LOAD_HEIGHT_M

PERIOD_NS = 100_000_000
"""Joints are told so often where to be [ours]; while they move, at most a tenth of a metre on."""
CLEAR_M = 0.05
"""Between a spreader that is down and the container [ours]: locks are not modelled."""


class _Crane(msgspec.Struct):
    controller: CraneController
    motion: CraneMotion
    joints: tuple[Publisher, Publisher, Publisher]
    told: list[float | None]


class GazeboCranes:
    """The joints of all cranes of a site, on the topics of its generated world."""

    def __init__(
        self,
        node: Node,
        package: Package,
        site: Site,
        roadmap: Roadmap,
        controllers: Sequence[CraneController],
    ) -> None:
        self._double: Any = message_class("Double", package)
        self._due_ns = 0
        self._cranes = []
        for controller in controllers:
            name = controller.device
            motion = crane_motion(name, controller.lift_s, site, roadmap)
            gantry, trolley, hoist = (
                node.advertise(f"/model/{name}/{joint}", self._double)
                for joint in ("gantry", "trolley", "hoist")
            )
            self._cranes.append(
                _Crane(controller, motion, (gantry, trolley, hoist), [None, None, None])
            )

    def show(self, now_ns: int) -> None:
        """Tell the joints where they are to be now; call it often."""
        if now_ns < self._due_ns:
            return
        self._due_ns = now_ns + PERIOD_NS
        for crane in self._cranes:
            controller = crane.controller
            joints = crane.motion.joints(controller.job, controller.share(now_ns))
            for number, place_m in enumerate(msgspec.structs.astuple(joints)):
                publisher = crane.joints[number]
                # What is told before the server listens is lost, and would not be told again.
                if crane.told[number] != place_m and publisher.wait(0.0):
                    crane.told[number] = place_m
                    publisher.publish(self._double(data=place_m))


def crane_motion(crane: str, lift_s: float, site: Site, roadmap: Roadmap) -> CraneMotion:
    """The motion of a crane of a site whose lifts take so long in the mean."""
    bays = bays_of(crane, roadmap, site.vehicles)
    length_m = site.vehicles.length_m
    places = {
        place.id: Joints(*over(standing_pose(place.id, roadmap, length_m), bays))
        for place in roadmap.places.values()
        if place.station == crane
    }
    # Trucks' decks are reckoned as high as those of AGVs.
    down_m = hoist_m(DECK_M + LOAD_HEIGHT_M + CLEAR_M)
    return CraneMotion(places, truck_m(bays), down_m, lift_s)
