"""A scanner with the review of its images: one scan at a time, each once for its step."""

from random import Random

from bordergate_msgs.action import Scan
from bordergate_msgs.msg import DeviceInfo, ScannerState, ScanReport
from diagnostic_msgs.msg import KeyValue
from rclpy.action import ActionServer, GoalResponse
from rclpy.action.server import ServerGoalHandle

from robotics.clock import GateClock
from robotics.ros.reference.device import QUEUE, Device, to_ns
from robotics.ros.reference.job import Jobs
from robotics.ros.reference.order import ScannerSetup

DONE_KEPT = 8
"""Finished scans that are remembered, so that a repeated request finds its report."""
E_STOP = "e-stop"
"""A scanner has no safety state to say: it shows an e-stop as a fault."""


class Scanner(Device):
    """A ROS node of one scanner. What stops it spoils the image being made: it is made anew."""

    def __init__(self, setup: ScannerSetup, clock: GateClock, random: Random) -> None:
        super().__init__("scanner", setup.device, setup.namespace, clock)
        self._setup, self._random = setup, random
        self._scans: Jobs[ScanReport] = Jobs(
            DONE_KEPT, lambda report: Scan.Result(report=report), Scan.Result
        )
        self._state = self.create_publisher(ScannerState, "state", QUEUE)
        ActionServer(
            self, Scan, "scan", execute_callback=_never, result_timeout=60,
            goal_callback=self._may_scan, handle_accepted_callback=self._scan,
        )  # fmt: skip

    def _may_scan(self, goal: Scan.Goal) -> GoalResponse:
        late = to_ns(goal.deadline) <= self.now_ns()
        return self._scans.answer(goal.step, late, self.must_stop)

    def _scan(self, goal: ServerGoalHandle) -> None:
        if self._scans.accept(goal):
            factor = 1 + self._setup.spread * self._random.uniform(-1, 1)
            self.wake_at(self._scans.begin(self.now_ns(), self._setup.scan_s * factor))
        self.publish_state()

    def on_wake(self, _now_ns: int) -> None:
        """The image is made and reviewed."""
        if self._scans.step:
            suspicious = self._random.random() < self._setup.suspicious_share
            report = ScanReport(
                step=self._scans.step,
                verdict=ScanReport.SUSPICIOUS if suspicious else ScanReport.CLEAR,
                readings=[KeyValue(key="dose_rate_usv_per_h", value="0.1")],
            )
            self._scans.finish(report)
            self.publish_state()

    def on_stop_changed(self) -> None:
        """Break off what is being made; who asked for it asks again."""
        if self.must_stop:
            self._scans.spoil()
            self.sleep_on()

    def publish_state(self) -> None:
        """Say what it does and what it has found."""
        progress = self._scans.progress(self.now_ns())
        state = ScannerState(
            step=self._scans.step,
            done=[report for _, report in self._scans.done],
            progress=progress,
            fault=self.fault or (E_STOP if self.e_stopped else self.held),
            mode=self.mode,
            limit=self.limit.number,
        )
        state.header.stamp = self.stamp()
        self._state.publish(state)
        self._scans.tell(Scan.Feedback(progress=progress))

    def describe(self, info: DeviceInfo) -> None:
        """What it is."""
        info.kind = DeviceInfo.SCANNER


def _never(_goal: ServerGoalHandle) -> Scan.Result:
    raise AssertionError("goals are executed by Jobs")
