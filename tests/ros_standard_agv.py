"""A robot for tests that speaks standard messages only, in the ROS environment.

Run as `ros_standard_agv.py NAMESPACE X Y HEADING SPEED [BATTERY EPOCH_NS GATE_SPEED [nav2]]`. It
follows the last path at one speed [m/s] and stands when it has heard none for two seconds. SIGUSR1
takes its odometry to another frame and back, SIGUSR2 makes it NaN and sound again, SIGHUP has its
drive report an ERROR and be well again. With a BATTERY [0..1], that is what it begins with; it
charges wherever it comes to rest, in ten minutes of a gate that is GATE_SPEED times as fast as
the wall clock since EPOCH_NS. With `nav2` it follows the last goal of the action `follow_path`, and
ends it when it has heard neither path nor goal for two seconds; SIGALRM jams it, so that it aborts
goals, and frees it again.
"""

import math
import signal
import sys
import time
from itertools import pairwise
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from nav_msgs.msg import Odometry, Path
from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import BatteryState
from std_srvs.srv import SetBool

from robotics.clock import GateTime

TICK_S = 0.05
TIMEOUT_S = 2.0
CHARGE_S = 600.0
NEAR_M = 1e-6
TURN_RAD_S = 2.0
"""In its curves it turns no faster: its middle is metres behind its front."""


class Follower(Node):  # type: ignore[misc]
    """Pose, path and load."""

    def __init__(
        self,
        namespace: str,
        pose: tuple[float, float, float],
        speed: float,
        battery: float | None,
        gate_time: GateTime,
    ) -> None:
        super().__init__("follower", namespace=namespace)
        self._charge, self._charges = battery or 0.5, battery is not None
        self._gate_clock = gate_time()
        self._moved_ns = self._gate_clock.now_ns()
        self._hot = self._driven = False
        self._x, self._y, self._heading = pose
        self._top, self._speed, self._frame = speed, 0.0, "map"
        self._nan = False
        self._way: list[tuple[float, float]] = []
        self._heard_s = 0.0
        self._odometry = self.create_publisher(Odometry, "odom", 10)
        self._battery = self.create_publisher(BatteryState, "battery_state", 10)
        self._diagnostics = self.create_publisher(DiagnosticArray, "diagnostics", 10)
        self.create_subscription(Path, "path", self._on_path, 10)
        self.create_service(SetBool, "load", self._on_load)
        self.create_timer(TICK_S, self._move)
        self.create_timer(0.2, self._tell)

    def _on_path(self, path: Path) -> None:
        self._heard_s = time.monotonic()
        self.follow(path)

    def follow(self, path: Path) -> None:
        """From where it is on this path to its end."""
        points = [(p.pose.position.x, p.pose.position.y) for p in path.poses]
        # It has driven on since the gate has heard where it is: what lies behind it is left out.
        offs_m = [self._off_m(a, b) for a, b in pairwise(points)]
        nearest = max(
            (i for i, off_m in enumerate(offs_m) if off_m <= min(offs_m) + NEAR_M), default=0
        )
        self._way = points[nearest + 1 :]

    def _off_m(self, a: tuple[float, float], b: tuple[float, float]) -> float:
        """How far it is from a stretch of its path."""
        dx, dy = b[0] - a[0], b[1] - a[1]
        square = dx * dx + dy * dy
        along = ((self._x - a[0]) * dx + (self._y - a[1]) * dy) / square if square else 0.0
        along = min(max(along, 0.0), 1.0)
        return math.hypot(self._x - a[0] - along * dx, self._y - a[1] - along * dy)

    def _on_load(self, request: Any, response: Any) -> Any:
        print("load", request.data, flush=True)
        response.success = True
        return response

    def say_wrong(self, number: int, _frame: object) -> None:
        """Begin or end what the signal stands for."""
        if number == signal.SIGUSR1:
            self._frame = "odom" if self._frame == "map" else "map"
        elif number == signal.SIGHUP:
            self._hot = not self._hot
        else:
            self._nan = not self._nan

    def _move(self) -> None:
        now_ns = self._gate_clock.now_ns()
        span_s = (now_ns - self._moved_ns) / 1e9
        self._moved_ns = now_ns
        left_m = self._top * span_s
        moves = bool(self._way) and time.monotonic() - self._heard_s < TIMEOUT_S
        self._speed = self._top if moves else 0.0
        while moves and self._way and left_m > NEAR_M:
            x, y = self._way[0]
            far_m = math.hypot(x - self._x, y - self._y)
            if far_m > NEAR_M:
                turn = math.remainder(
                    math.atan2(y - self._y, x - self._x) - self._heading, math.tau
                )
                most = TURN_RAD_S * span_s
                self._heading += min(max(turn, -most), most)
            share = min(left_m / far_m, 1.0) if far_m > NEAR_M else 1.0
            self._x += (x - self._x) * share
            self._y += (y - self._y) * share
            left_m -= far_m * share
            if share == 1.0:
                self._way.pop(0)
        self._driven = self._driven or moves
        if self._charges and self._driven and not moves:
            self._charge = min(self._charge + span_s / CHARGE_S, 1.0)
        said = Odometry()
        said.header.frame_id = self._frame
        said.header.stamp.sec, said.header.stamp.nanosec = divmod(now_ns, 10**9)
        said.pose.pose.position.x, said.pose.pose.position.y = self._x, self._y
        if self._nan:
            said.pose.pose.position.x = math.nan
        said.pose.pose.orientation.z = math.sin(self._heading / 2)
        said.pose.pose.orientation.w = math.cos(self._heading / 2)
        said.twist.twist.linear.x = self._speed
        self._odometry.publish(said)

    def _tell(self) -> None:
        battery = BatteryState(percentage=self._charge, voltage=math.nan)
        self._battery.publish(battery)
        level = DiagnosticStatus.ERROR if self._hot else DiagnosticStatus.OK
        drive = DiagnosticStatus(level=level, name="drive", message="hot" if self._hot else "well")
        self._diagnostics.publish(DiagnosticArray(status=[drive]))


class Nav2Follower(Follower):
    """Follows goals, and says what becomes of each; paths only tell that the gate is there."""

    def __init__(self, *of_follower: Any) -> None:
        from nav2_msgs.action import FollowPath

        super().__init__(*of_follower)
        self._action = FollowPath
        self._goal: ServerGoalHandle | None = None
        self._jammed = False
        ActionServer(
            self, FollowPath, "follow_path", execute_callback=self._never, result_timeout=60,
            handle_accepted_callback=self._on_goal, cancel_callback=lambda _: CancelResponse.ACCEPT,
        )  # fmt: skip

    def jam(self, _number: int, _frame: object) -> None:
        """It can follow nothing, or can again."""
        self._jammed = not self._jammed

    def _on_path(self, _path: Path) -> None:
        self._heard_s = time.monotonic()

    def _on_goal(self, goal: ServerGoalHandle) -> None:
        self._end("preempted")
        self._goal, self._heard_s = goal, time.monotonic()  # a goal is a sign of the gate, too
        print("goal", len(goal.request.path.poses), goal.request.controller_id, flush=True)
        self.follow(goal.request.path)

    def _move(self) -> None:
        goal = self._goal
        if goal is not None and goal.is_cancel_requested:
            self._end("canceled")
        elif self._jammed:
            self._end("jammed")
        elif time.monotonic() - self._heard_s >= TIMEOUT_S:
            self._end("unheard")
        super()._move()
        if self._goal is not None:
            self._goal.publish_feedback(self._action.Feedback(speed=self._speed))
            if not self._way:
                self._end("reached")

    def _end(self, how: str) -> None:
        """Nothing is followed any more."""
        goal, self._goal, self._way = self._goal, None, []
        if goal is None:
            return
        print(how, flush=True)

        def execute(ended: ServerGoalHandle) -> Any:
            end = {"reached": ended.succeed, "canceled": ended.canceled}.get(how, ended.abort)
            end()
            return self._action.Result()

        goal.execute(execute)

    def _never(self, _goal: ServerGoalHandle) -> Any:
        raise AssertionError("goals are executed when they end")


def main() -> None:
    """Until the context is shut down."""
    rclpy.init()
    x, y, heading, speed = map(float, sys.argv[2:6])
    battery, gate_time = None, GateTime(time.time_ns())
    if len(sys.argv) > 6:
        battery = float(sys.argv[6])
        gate_time = GateTime(int(sys.argv[7]), float(sys.argv[8]))
    kind = Nav2Follower if "nav2" in sys.argv[9:] else Follower
    node = kind(sys.argv[1], (x, y, heading), speed, battery, gate_time)
    if isinstance(node, Nav2Follower):
        signal.signal(signal.SIGALRM, node.jam)
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
        signal.signal(number, node.say_wrong)
    print("ready", flush=True)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        return


if __name__ == "__main__":
    main()
