"""Messages that come with every ROS 2, as rosbridge writes them in JSON: what of them is looked at.

Covariances and the like are skipped, so they may be NaN.
"""

import base64
import math
from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from robotics.road_tracker import RoadPoint
from robotics.ros.wire import (
    MAP_FRAME,
    Header,
    Point,
    Pose,
    Quaternion,
    Share,
    Text,
    Twist,
    time_of,
)

ODOMETRY = "nav_msgs/msg/Odometry"
PATH = "nav_msgs/msg/Path"
BATTERY = "sensor_msgs/msg/BatteryState"
DIAGNOSTICS = "diagnostic_msgs/msg/DiagnosticArray"
SET_BOOL = "std_srvs/srv/SetBool"
CANCEL_GOAL = "action_msgs/srv/CancelGoal"
FOLLOW_PATH = "nav2_msgs/action/FollowPath"


class PosedWithCovariance(msgspec.Struct, frozen=True, gc=False):
    """`geometry_msgs/PoseWithCovariance`."""

    pose: Pose


class MovedWithCovariance(msgspec.Struct, frozen=True, gc=False):
    """`geometry_msgs/TwistWithCovariance`."""

    twist: Twist


class Odometry(msgspec.Struct, frozen=True, gc=False):
    """`nav_msgs/Odometry`."""

    header: Header
    pose: PosedWithCovariance
    twist: MovedWithCovariance


class BatteryState(msgspec.Struct, frozen=True, gc=False):
    """`sensor_msgs/BatteryState`."""

    percentage: Share


Level = Annotated[int, Meta(ge=0, le=3)]
LEVEL_TEXTS = {
    text: level
    for level in range(4)
    for text in (chr(level), base64.b64encode(bytes([level])).decode())
}
LevelText = Annotated[str, Meta(pattern="^([\\x00-\\x03]|A[AQgw]==)\\Z")]
"""One of the texts above."""


class DiagnosticStatus(msgspec.Struct, frozen=True, gc=False):
    """`diagnostic_msgs/DiagnosticStatus`.

    `level` is a `byte`, which Python's ROS has as bytes of length 1. Servers write it as a number,
    a list of one, a string of that one character, or in base64.
    """

    level: Level | Annotated[tuple[Level, ...], Meta(min_length=1, max_length=1)] | LevelText
    name: Annotated[str, Meta(max_length=256)]
    message: Text

    @property
    def severity(self) -> int:
        """`level` as the number that is meant."""
        if isinstance(self.level, str):
            return LEVEL_TEXTS[self.level]
        return self.level if isinstance(self.level, int) else self.level[0]


ERROR = 2
"""What `severity` is of what does not work; 3 is of what has not been heard of."""


class DiagnosticArray(msgspec.Struct, frozen=True, gc=False):
    """`diagnostic_msgs/DiagnosticArray`."""

    status: Annotated[tuple[DiagnosticStatus, ...], Meta(max_length=256)]


class SetBoolAnswer(msgspec.Struct, frozen=True, gc=False):
    """Answer of a `std_srvs/SetBool`."""

    success: bool
    message: Text


class PoseStamped(msgspec.Struct, frozen=True, gc=False):
    """`geometry_msgs/PoseStamped`."""

    header: Header
    pose: Pose


class Path(msgspec.Struct, frozen=True, gc=False):
    """`nav_msgs/Path`."""

    header: Header
    poses: tuple[PoseStamped, ...]


class FollowPathFeedback(msgspec.Struct, frozen=True, gc=False):
    """Feedback of Nav2's `nav2_msgs/FollowPath`."""

    speed: float
    """[m/s]"""


class GoalsCancelled(msgspec.Struct, frozen=True, gc=False):
    """Answer of an `action_msgs/CancelGoal`."""

    return_code: int


CANCEL_REJECTED = 1
"""`return_code` of a server that goes on with its goals; of the others it has none."""


def path_of(points: Iterable[RoadPoint], now_ns: int) -> Path:
    """A road to be driven; without points: stand still."""
    header = Header(time_of(now_ns), MAP_FRAME)
    poses = []
    for point in points:
        half_rad = point.heading_rad / 2
        turn = Quaternion(0.0, 0.0, math.sin(half_rad), math.cos(half_rad))
        poses.append(PoseStamped(header, Pose(Point(point.x_m, point.y_m), turn)))
    return Path(header, tuple(poses))
