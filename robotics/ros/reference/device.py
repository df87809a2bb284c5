"""What all devices have in common: heartbeat and e-stop, faults, time, and what they are."""

import math
import time

from bordergate_msgs.msg import DeviceInfo, EStop, Heartbeat, Limit
from bordergate_msgs.srv import GetDeviceInfo
from builtin_interfaces.msg import Time
from rclpy.clock import Clock, ClockType
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String, UInt8

from robotics.clock import GateClock

STATE_S = 0.1
"""`state` is said at 10 Hz; the contract asks cranes and scanners for 2 Hz at least."""
QUEUE = 10
"""Messages that wait for a device that is busy for a moment."""
AUTOMATIC = 0
MODES = ("automatic", "manual", "maintenance")
MANUFACTURER = "bordergate"
SOFTWARE_VERSION = "1.0.0"
INTERFACE_VERSION = "1.0.0"
"""As in the package.xml of bordergate_msgs."""
FAULT_LENGTH_MAX = 200
HELD = "held: "
"""So begins the fault of a device that the gate lets not move."""


class Device(Node):
    """A ROS node of one device. A device's own file says what it does when it `must_stop`."""

    def __init__(self, kind: str, device: str, namespace: str, clock: GateClock) -> None:
        # Without the parameter services there are seven services less to wait for.
        super().__init__(kind, namespace=namespace, start_parameter_services=False)
        self.device = device
        self.gate_clock = clock
        self.fault = ""
        self.mode = AUTOMATIC
        self.e_stopped = False
        self._e_stop_number = 0
        self.limit = Limit()
        """How fast it may be, by the gate's newest word; kept whatever becomes of the gate."""
        self._heard_s = -math.inf
        self._silence_s = 0.0
        self.cut_off = True
        """Whether the gate is silent: true until it is heard for the first time."""
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)  # which nobody sets
        self._wake = self.create_timer(3600.0, self._on_wake, clock=self._steady)
        self._wake.cancel()
        self._wake_ns = 0
        self.create_subscription(Heartbeat, "gate_heartbeat", self._on_heartbeat, QUEUE)
        # A device that is switched on late is told what was said before, if its sender keeps it.
        # Such a subscription does not hear senders that keep nothing: so there are two.
        kept = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        quiet = SubscriptionEventCallbacks(use_default_callbacks=False)  # warns of such senders
        self.create_subscription(EStop, "/e_stop", self._on_e_stop, kept, event_callbacks=quiet)
        self.create_subscription(EStop, "/e_stop", self._on_e_stop, QUEUE)
        self.create_service(GetDeviceInfo, "get_device_info", self._on_get_device_info)
        # Not of the contract: for tests of the gate, and of its operators.
        self.create_subscription(String, "inject_fault", self._on_inject_fault, QUEUE)
        self.create_subscription(UInt8, "inject_mode", self._on_inject_mode, QUEUE)

    def begin(self) -> None:
        """Say `state` from now on. Devices of one process begin together: waking takes the time."""
        self.create_timer(STATE_S, self._on_tick, clock=self._steady)

    # --- for the device's own file ------------------------------------------------------------

    def describe(self, info: DeviceInfo) -> None:
        """Fill in what the device is."""
        raise NotImplementedError

    def publish_state(self) -> None:
        """Say `state`."""
        raise NotImplementedError

    def on_stop_changed(self) -> None:
        """`must_stop` or `limit` may have changed: stop, or go on."""
        raise NotImplementedError

    def on_wake(self, now_ns: int) -> None:
        """The moment has come that `wake_at` was given."""
        raise NotImplementedError

    @property
    def must_stop(self) -> bool:
        """Whether the robot may not move now, whatever it has been granted."""
        stopped = self.e_stopped or self.cut_off or bool(self.held)
        return stopped or bool(self.fault) or self.mode != AUTOMATIC

    @property
    def held(self) -> str:
        """Why the gate lets it not move, as a fault in words; empty: it does."""
        stands = self.limit.limited and self.limit.speed <= 0
        return HELD + self.limit.reason[:FAULT_LENGTH_MAX] if stands else ""

    def now_ns(self) -> int:
        """The gate's time [UTC, ns]."""
        return self.gate_clock.now_ns()

    def stamp(self) -> Time:
        """The gate's time as ROS writes it."""
        return to_time(self.now_ns())

    def wake_at(self, at_ns: int) -> None:
        """Have `on_wake` called then; of several moments only the last one asked for counts."""
        self._wake_ns = at_ns
        wait_s = max(self.gate_clock.wall_s(at_ns - self.now_ns()), 0.0)
        self._wake.timer_period_ns = round(wait_s * 1e9) + 1
        self._wake.reset()

    def sleep_on(self) -> None:
        """Forget what `wake_at` was given."""
        self._wake.cancel()

    # --- callbacks ----------------------------------------------------------------------------

    def _on_wake(self) -> None:
        self._wake.cancel()  # it fires once
        now_ns = self.now_ns()
        if now_ns < self._wake_ns:
            self.wake_at(self._wake_ns)  # the clocks were rounded differently
        else:
            self.on_wake(now_ns)

    def _on_tick(self) -> None:
        if not self.cut_off and time.monotonic() - self._heard_s > self._silence_s:
            self.cut_off = True
            self._on_changed()
        else:
            self.publish_state()

    def _on_heartbeat(self, beat: Heartbeat) -> None:
        """The gate is there. Its silence is measured on the wall clock, however time is sped up."""
        silence_s = beat.silence.sec + beat.silence.nanosec / 1e9
        if silence_s <= 0:
            return  # makes no sense, so that it is none
        self._heard_s, self._silence_s = time.monotonic(), silence_s
        was_cut_off, self.cut_off = self.cut_off, False
        if self._take_limit(beat.limit) or was_cut_off:
            self._on_changed()

    def _take_limit(self, limit: Limit) -> bool:
        """Keep the newest; whether this is it. One that makes no sense is none."""
        if limit.number <= self.limit.number or not 0 <= limit.speed < math.inf:
            return False
        self.limit = limit
        return True

    def _on_e_stop(self, order: EStop) -> None:
        """Latched: only a higher number changes it."""
        if order.number <= self._e_stop_number:
            return
        self._e_stop_number = order.number
        if order.engaged != self.e_stopped:
            self.get_logger().warning(f"e-stop engaged: {order.engaged}; {order.reason}")
            self.e_stopped = order.engaged
            self._on_changed()

    def _on_inject_fault(self, fault: String) -> None:
        text = fault.data[:FAULT_LENGTH_MAX]
        if text != self.fault:
            self.fault = text
            self._on_changed()

    def _on_inject_mode(self, mode: UInt8) -> None:
        if mode.data < len(MODES) and mode.data != self.mode:
            self.mode = mode.data
            self._on_changed()

    def _on_get_device_info(
        self, _request: GetDeviceInfo.Request, response: GetDeviceInfo.Response
    ) -> GetDeviceInfo.Response:
        info = response.info
        info.device_id, info.manufacturer = self.device, MANUFACTURER
        info.model, info.serial_number = "reference", f"{self.device}-0"
        info.software_version, info.interface_version = SOFTWARE_VERSION, INTERFACE_VERSION
        self.describe(info)
        return response

    def _on_changed(self) -> None:
        self.on_stop_changed()
        self.publish_state()


def to_time(at_ns: int) -> Time:
    """A moment as ROS writes it."""
    sec, nanosec = divmod(at_ns, 10**9)
    return Time(sec=sec, nanosec=nanosec)


def to_ns(at: Time) -> int:
    """A moment in one number [ns]."""
    return int(at.sec) * 10**9 + int(at.nanosec)
