"""AGVs as models of a Gazebo server: their poses come in, and what they are to do goes out.

So does the server's clock. All of it is Gazebo Transport's; topics are those of generated worlds
(docs/gazebo.md).
"""

import math
import threading
from collections.abc import Callable, Sequence
from typing import Any, get_args

import msgspec

from robotics.gazebo.follower import Drive
from robotics.gazebo.messages import Package, message_class
from robotics.gazebo.node import Node
from robotics.road_tracker import Front

CLOCK = "/clock"
LOAD = "-load"
"""What an AGV carries is called as it is, with this behind."""


class Pose(msgspec.Struct, frozen=True, gc=False):
    """Where one model's front is."""

    agv: str
    sim_ns: int
    """Of the server's clock."""
    front: Front


class Touch(msgspec.Struct, frozen=True):
    """The contact sensor of one model: its body touches another's that it does not carry."""

    agv: str
    other: str
    """The name of the other model."""


class Models:
    """The AGVs of one server.

    In the node's thread `take` is called with every pose and every touch, and `show` with every
    time of the server's clock [ns].
    """

    def __init__(
        self,
        node: Node,
        agvs: Sequence[str],
        length_m: float,
        package: Package,
        take: Callable[[Pose | Touch], None],
        show: Callable[[int], None] = lambda _sim_ns: None,
    ) -> None:
        self._node, self._take, self._show = node, take, show
        self.sim_ns = 0
        """The server's clock, as it was heard last."""
        self._half_m = length_m / 2
        self._ticked = threading.Condition()
        self._package: Package = package
        self._twist = message_class("Twist", package)
        self._told: dict[str, Drive] = {}
        self._commands = {agv: node.advertise(f"/model/{agv}/cmd_vel", self._twist) for agv in agvs}
        for agv in agvs:
            node.subscribe(odometry_of(agv), message_class("Odometry", package), self._hears(agv))
        node.subscribe(CLOCK, message_class("Clock", package), self._on_clock)

    def feel(self, world: str) -> None:
        """Listen to the contact sensors, too."""
        kind = message_class("Contacts", self._package)
        for agv in self._commands:
            topic = f"/world/{world}/model/{agv}/link/body/sensor/contact/contact"
            self._node.subscribe(topic, kind, self._feels(agv))

    def wait(self, timeout_s: float) -> str:
        """Wait until a server runs that hears and shows all AGVs; what is missing, if it does not.

        For people; empty: nothing is missing.
        """
        for agv, command in self._commands.items():
            if not command.wait(timeout_s):
                return f"nobody takes /model/{agv}/cmd_vel"
        return ""

    def wait_clock(self, until_ns: int, timeout_s: float) -> bool:
        """Wait until the server's clock shows a time; whether it does."""
        with self._ticked:
            return self._ticked.wait_for(lambda: self.sim_ns >= until_ns, timeout_s)

    def drive(self, agv: str, drive: Drive) -> None:
        """Tell a model how to move, unless that is what it was told last."""
        if self._told.get(agv) == drive:
            return
        self._told[agv] = drive
        twist: Any = self._twist()
        twist.linear.x, twist.linear.y = drive.ahead_mps, drive.left_mps
        twist.angular.z = drive.turn_rad_s
        self._commands[agv].publish(twist)

    def _hears(self, agv: str) -> Callable[[Any], None]:
        def hear(odometry: Any) -> None:
            at, turned = odometry.pose.position, odometry.pose.orientation
            heading_rad = math.atan2(
                2 * (turned.w * turned.z + turned.x * turned.y),
                1 - 2 * (turned.y * turned.y + turned.z * turned.z),
            )
            middle = Front(at.x, at.y, heading_rad, odometry.twist.linear.x)
            x_m, y_m = middle.shifted(self._half_m)
            front = Front(x_m, y_m, middle.heading_rad, middle.speed_mps)
            self._take(Pose(agv, nanoseconds(odometry.header.stamp), front))

        return hear

    def _feels(self, agv: str) -> Callable[[Any], None]:
        own = {agv, agv + LOAD}

        def feel(contacts: Any) -> None:
            for contact in contacts.contact:
                for solid in (contact.collision1, contact.collision2):
                    other = solid.name.partition("::")[0]
                    if other not in own:
                        self._take(Touch(agv, other))

        return feel

    def _on_clock(self, clock: Any) -> None:
        with self._ticked:
            self.sim_ns = nanoseconds(clock.sim)
            self._show(self.sim_ns)
            self._ticked.notify_all()


def odometry_of(agv: str) -> str:
    """The topic on which a model says where it is."""
    return f"/model/{agv}/odometry"


def served_package(node: Node) -> Package | None:
    """The messages of the server that shows its clock here; None: there is no server."""
    clock = node.network.qualified(CLOCK)
    kinds = {f"{package}.Clock": package for package in get_args(Package)}
    offered = (kinds.get(offer.type) for offer in node.offered() if offer.topic == clock)
    return next(offered, None)


def served_world(node: Node, wanted: str) -> str:
    """The world that the server runs, by its topics; `wanted` if it is among them, or none is."""
    prefix = node.network.qualified("/world") + "/"
    topics = (offer.topic for offer in node.offered() if offer.topic.startswith(prefix))
    worlds = {topic.removeprefix(prefix).partition("/")[0] for topic in topics}
    return wanted if wanted in worlds or not worlds else min(worlds)


def missing_models(node: Node, agvs: Sequence[str], timeout_s: float) -> list[str]:
    """The AGVs of which the server shows nothing, however long it is waited."""

    def missing() -> list[str]:
        shown = {offer.topic for offer in node.offered()}
        return [agv for agv in agvs if node.network.qualified(odometry_of(agv)) not in shown]

    node.wait_until(lambda: not missing(), timeout_s)
    return missing()


def nanoseconds(moment: Any) -> int:
    """A time of Gazebo's."""
    return int(moment.sec) * 10**9 + int(moment.nsec)
