"""A crane: one lift at a time, each once for its step."""

import math
from random import Random

from bordergate_msgs.action import Transfer
from bordergate_msgs.msg import CraneState, DeviceInfo
from rclpy.action import ActionServer, GoalResponse
from rclpy.action.server import ServerGoalHandle

from robotics.clock import GateClock
from robotics.ros.reference.device import QUEUE, Device, to_ns
from robotics.ros.reference.job import Jobs
from robotics.ros.reference.order import CraneSetup

DONE_KEPT = 32
"""Finished lifts that are remembered; more than any crane has bays, so repeats find theirs."""
TROLLEY_M, HOIST_M = 12.0, 6.0
"""How far the trolley goes, and how high the spreader is when it does [ours]."""
E_STOP = "e-stop"
"""A crane has no safety state to say: it shows an e-stop as a fault."""


class Crane(Device):
    """A ROS node of one crane. What stops it interrupts a lift, which is taken up again after."""

    def __init__(self, setup: CraneSetup, clock: GateClock, random: Random) -> None:
        super().__init__("crane", setup.device, setup.namespace, clock)
        self._setup, self._random = setup, random
        self._lifts: Jobs[int] = Jobs(
            DONE_KEPT, lambda step: Transfer.Result(step=step), Transfer.Result
        )
        self._kind = int(Transfer.Goal.TRUCK_TO_AGV)
        self._state = self.create_publisher(CraneState, "state", QUEUE)
        ActionServer(
            self, Transfer, "transfer", execute_callback=_never, result_timeout=60,
            goal_callback=self._may_lift, handle_accepted_callback=self._lift,
        )  # fmt: skip

    def _may_lift(self, goal: Transfer.Goal) -> GoalResponse:
        known = goal.kind in (Transfer.Goal.TRUCK_TO_AGV, Transfer.Goal.AGV_TO_TRUCK)
        if not known or not goal.bay:
            return GoalResponse.REJECT
        late = to_ns(goal.deadline) <= self.now_ns()
        return self._lifts.answer(goal.step, late, self.must_stop)

    def _lift(self, goal: ServerGoalHandle) -> None:
        if self._lifts.accept(goal):
            self._kind = goal.request.kind
            factor = 1 + self._setup.spread * self._random.uniform(-1, 1)
            self.wake_at(self._lifts.begin(self.now_ns(), self._setup.lift_s * factor))
        self.publish_state()

    def on_wake(self, _now_ns: int) -> None:
        """The lift is done."""
        if self._lifts.step:
            self._lifts.finish(self._lifts.step)
            self.publish_state()

    def on_stop_changed(self) -> None:
        """Stop where it is, or go on from there."""
        if self.must_stop:
            self._lifts.pause(self.now_ns())
            self.sleep_on()
            return
        ends_ns = self._lifts.go_on(self.now_ns())
        if ends_ns:
            self.wake_at(ends_ns)

    def publish_state(self) -> None:
        """Say what it does and where its spreader is."""
        progress = self._lifts.progress(self.now_ns())
        trolley, hoist, locked = self._spreader(progress)
        state = CraneState(
            step=self._lifts.step,
            done=[step for step, _ in self._lifts.done],
            progress=progress,
            trolley=trolley,
            hoist=hoist,
            twistlocks_locked=locked,
            fault=self.fault or (E_STOP if self.e_stopped else self.held),
            mode=self.mode,
            limit=self.limit.number,
        )
        state.header.stamp = self.stamp()
        self._state.publish(state)
        feedback = Transfer.Feedback(progress=progress, trolley=trolley, hoist=hoist)
        feedback.twistlocks_locked = locked
        self._lifts.tell(feedback)

    def _spreader(self, progress: float) -> tuple[float, float, bool]:
        """Trolley [m], hoist [m], twistlocks: down and up here, across, down and up there."""
        if not self._lifts.step:
            return 0.0, HOIST_M, False
        across = min(max((progress - 0.4) / 0.2, 0.0), 1.0)
        hoist = HOIST_M * abs(math.cos(progress / 0.4 * math.pi / 2)) if progress < 0.4 else HOIST_M
        if progress > 0.6:
            hoist = HOIST_M * abs(math.cos((progress - 0.6) / 0.4 * math.pi))
        from_truck = self._kind == Transfer.Goal.TRUCK_TO_AGV
        trolley = TROLLEY_M * (across if from_truck else 1 - across)
        return trolley, hoist, 0.2 <= progress <= 0.8

    def describe(self, info: DeviceInfo) -> None:
        """What it is."""
        info.kind = DeviceInfo.CRANE


def _never(_goal: ServerGoalHandle) -> Transfer.Result:
    raise AssertionError("goals are executed by Jobs")
