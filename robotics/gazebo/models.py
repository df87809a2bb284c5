"""AGVs as models of a Gazebo server: their poses come in, and what they are to do goes out.

So does the server's clock. All of it is Gazebo Transport's; topics are those of generated worlds
(docs/gazebo.md).
"""

import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from robotics.gazebo.follower import Drive
from robotics.gazebo.messages import Package, message_class
from robotics.gazebo.node import Node
from robotics.road_tracker import Front


class Pose(msgspec.Struct, frozen=True, gc=False):
    """Where one model's front is."""

    agv: str
    sim_ns: int
    """Of the server's clock."""
    front: Front


class Models:
    """The AGVs of one server. `take` is called with every pose, in the node's thread."""

    def __init__(
        self,
        node: Node,
        agvs: Sequence[str],
        length_m: float,
        package: Package,
        take: Callable[[Pose], None],
    ) -> None:
        self._take = take
        self.sim_ns = 0
        """The server's clock, as it was heard last."""
        self._half_m = length_m / 2
        self._ticked = threading.Condition()
        self._twist = message_class("Twist", package)
        self._told: dict[str, Drive] = {}
        self._commands = {agv: node.advertise(f"/model/{agv}/cmd_vel", self._twist) for agv in agvs}
        for agv in agvs:
            node.subscribe(
                f"/model/{agv}/odometry", message_class("Odometry", package), self._hears(agv)
            )
        node.subscribe("/clock", message_class("Clock", package), self._on_clock)

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

    def _hears(self, agv: str) -> Any:
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

    def _on_clock(self, clock: Any) -> None:
        with self._ticked:
            self.sim_ns = nanoseconds(clock.sim)
            self._ticked.notify_all()


def nanoseconds(time: Any) -> int:
    """A time of Gazebo's."""
    return int(time.sec) * 10**9 + int(time.nsec)
