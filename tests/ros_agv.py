"""An AGV's controller for tests, in the ROS environment: keeps the contract and notes all it does.

Run as `python ros_agv.py NAMESPACE MEMORY SPEED`. It drives its road at one speed [m/s], by dead
reckoning, and keeps its account in the file MEMORY, so that it can be killed and started again.
What it takes and does goes to standard output, a line of JSON each.
"""

import json
import math
import os
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import rclpy
from bordergate_msgs.action import Charge
from bordergate_msgs.msg import AgvState, EStop, Grant, GrantAck, Heartbeat, HeldVisit
from bordergate_msgs.srv import ConfirmLoad, GetDeviceInfo, GetRoad, SetPosition
from rclpy.action import ActionServer
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

TICK_S = 0.02
STATE_S = 0.1
CHARGE_S = 0.3
REAR_M = 5.0
"""A visit is clear when the front is so far beyond its end."""


class Agv(Node):  # type: ignore[misc]
    """The account and the motion; `lock` is held for every change."""

    def __init__(self, namespace: str, memory: Path, speed_mps: float) -> None:
        super().__init__("controller", namespace=namespace)
        self._memory, self._speed_mps = memory, speed_mps
        self._lock = threading.Lock()
        self._road: list[dict[str, Any]] = []
        """Visits with `begin_m`, `end_m` and points."""
        self._at_m = 0.0
        self._end_seq, self._cleared, self._stood = -1, -1, -1
        self._grant, self._load_step, self._container = 0, 0, ""
        self._charged: dict[int, float] = {}
        self._charging = 0
        self._heard_s, self._silence_s = time.monotonic() - 1e9, 2.0
        self._e_stop, self._stopped = 0, False
        self._limit, self._held = 0, False
        if memory.exists():
            for name, value in json.loads(memory.read_text()).items():
                setattr(self, name, value)
            self._charged = {int(step): share for step, share in self._charged.items()}
        together = ReentrantCallbackGroup()
        self._states = self.create_publisher(AgvState, "state", 10)
        self._acks = self.create_publisher(GrantAck, "grant_ack", 10)
        self.create_subscription(Grant, "grant", self._on_grant, 10)
        self.create_subscription(Heartbeat, "gate_heartbeat", self._on_heartbeat, 10)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(EStop, "/e_stop", self._on_e_stop, latched)
        self.create_service(GetRoad, "get_road", self._on_get_road)
        self.create_service(ConfirmLoad, "confirm_load", self._on_confirm_load)
        self.create_service(SetPosition, "set_position", self._on_set_position)
        self.create_service(GetDeviceInfo, "get_device_info", self._on_get_device_info)
        self._charger = ActionServer(
            self, Charge, "charge", self._on_charge, callback_group=together
        )
        self.create_timer(TICK_S, self._move)
        self.create_timer(STATE_S, self._publish)

    # --- what comes ---------------------------------------------------------------------------

    def _on_heartbeat(self, beat: Heartbeat) -> None:
        self._heard_s = time.monotonic()
        self._silence_s = beat.silence.sec + beat.silence.nanosec / 1e9
        with self._lock:
            if beat.limit.number > self._limit:
                self._limit = beat.limit.number
                self._held = beat.limit.limited and beat.limit.speed <= 0
                note(limit=self._limit, held=self._held)

    def _on_e_stop(self, order: EStop) -> None:
        with self._lock:
            if order.number > self._e_stop:
                self._e_stop, self._stopped = order.number, order.engaged

    def _on_grant(self, grant: Grant) -> None:
        with self._lock:
            result = self._take(grant)
            late_s = time.time() - _seconds(grant.deadline)
            note(grant=grant.number, result=result, late_s=late_s, end=grant.visits[-1].seq)
            ack = GrantAck(number=grant.number, result=result, taken=self._grant)
            ack.header = self._header()
            ack.end_seq = self._end_seq
        self._acks.publish(ack)
        self._publish()

    def _take(self, grant: Grant) -> int:
        if _seconds(grant.deadline) < time.time():
            return int(GrantAck.LATE)
        fresh = [visit for visit in grant.visits if visit.seq > self._end_seq]
        if fresh and self._road and fresh[0].seq != self._end_seq + 1:
            return int(GrantAck.NO_JOIN)
        for visit in fresh:
            self._append(visit)
            self._stood = -1
        self._grant = max(self._grant, grant.number)
        return int(GrantAck.ACCEPTED)

    def _append(self, visit: Any) -> None:
        begin_m = self._road[-1]["end_m"] if self._road else self._at_m
        self._road.append(
            {
                "seq": visit.seq,
                "zone": visit.zone,
                "edges": [edge.id for edge in visit.edges],
                "points": [[p.x, p.y] for edge in visit.edges for p in edge.points],
                "begin_m": begin_m,
                "end_m": begin_m + sum(edge.length for edge in visit.edges),
            }
        )
        self._end_seq = visit.seq

    def _on_confirm_load(self, request: Any, response: Any) -> Any:
        with self._lock:
            if _seconds(request.deadline) < time.time():
                response.reason = "late"
                return response
            if request.step > self._load_step:
                self._load_step, self._container = request.step, request.container
                note(loaded=request.step)
            response.accepted = True
        self._publish()
        return response

    def _on_set_position(self, request: Any, response: Any) -> Any:
        with self._lock:
            if _seconds(request.deadline) >= time.time() and request.visit.seq > self._end_seq:
                self._road = []
                self._append(request.visit)
                self._at_m = self._road[0]["end_m"]
                self._stood, self._cleared = self._end_seq, self._end_seq - 1
                response.accepted = True
        self._publish()
        return response

    def _on_get_road(self, _request: Any, response: Any) -> Any:
        with self._lock:
            response.state = self._state()
            response.road = [
                HeldVisit(seq=v["seq"], zone=v["zone"], edges=v["edges"]) for v in self._road
            ]
        return response

    def _on_get_device_info(self, _request: Any, response: Any) -> Any:
        response.info.device_id = self.get_namespace().strip("/").upper().replace("_", "-")
        response.info.interface_version = "1.0.0"
        return response

    def _on_charge(self, goal: ServerGoalHandle) -> Charge.Result:
        step = goal.request.step
        with self._lock:
            begin = step not in self._charged and self._charging != step
            if begin and _seconds(goal.request.deadline) < time.time():
                goal.abort()
                return Charge.Result()
            if begin:
                self._charging = step
                note(charging=step)
        until_s = time.monotonic() + CHARGE_S
        while begin and time.monotonic() < until_s:
            goal.publish_feedback(Charge.Feedback(battery=0.5))
            time.sleep(0.1)
        while not begin and step not in self._charged:
            time.sleep(0.02)
        with self._lock:
            self._charged[step] = goal.request.until
        goal.succeed()
        return Charge.Result(step=step, battery=self._charged[step])

    # --- motion -------------------------------------------------------------------------------

    def _move(self) -> None:
        with self._lock:
            if not self._road:
                return
            cut_off = time.monotonic() - self._heard_s > self._silence_s
            end_m = self._road[-1]["end_m"]
            before = (self._cleared, self._stood)
            stopped = cut_off or self._stopped or self._held
            if not stopped and self._at_m < end_m:
                self._at_m = min(self._at_m + self._speed_mps * TICK_S, end_m)
                note(at_m=round(self._at_m, 2), end=self._end_seq)
            while len(self._road) > 1 and self._at_m >= self._road[0]["end_m"] + REAR_M:
                self._cleared = self._road.pop(0)["seq"]
            if self._at_m >= end_m:
                self._stood = self._end_seq
            changed = before != (self._cleared, self._stood)
            self._remember()
        if changed:
            self._publish()

    def _remember(self) -> None:
        kept = (
            "_road", "_at_m", "_end_seq", "_cleared", "_stood", "_grant", "_load_step",
            "_container", "_charged", "_e_stop", "_stopped",
            "_limit", "_held",
        )  # fmt: skip
        draft = self._memory.with_suffix(".new")
        draft.write_text(json.dumps({name: getattr(self, name) for name in kept}))
        draft.rename(self._memory)

    # --- saying -------------------------------------------------------------------------------

    def _publish(self) -> None:
        with self._lock:
            state = self._state()
        self._states.publish(state)

    def _state(self) -> AgvState:
        x, y, yaw = self._pose()
        state = AgvState(
            header=self._header(), battery=0.5, container=self._container,
            load_step=self._load_step, grant=self._grant, end_seq=self._end_seq,
            cleared_seq=self._cleared, stood_seq=self._stood,
            safety_state=AgvState.EMERGENCY_STOP if self._stopped else AgvState.SAFE,
            fault="held" if self._held else "", limit=self._limit,
        )  # fmt: skip
        state.pose.position.x, state.pose.position.y = x, y
        state.pose.orientation.z, state.pose.orientation.w = math.sin(yaw / 2), math.cos(yaw / 2)
        return state

    def _header(self) -> Any:
        header = AgvState().header
        header.frame_id = "map"
        header.stamp.sec, header.stamp.nanosec = divmod(time.time_ns(), 10**9)
        return header

    def _pose(self) -> tuple[float, float, float]:
        for visit in self._road:
            if self._at_m <= visit["end_m"]:
                left = self._at_m - visit["begin_m"]
                points = visit["points"]
                for (x0, y0), (x1, y1) in pairwise(points):
                    length = math.hypot(x1 - x0, y1 - y0)
                    if length > 0 and left <= length:
                        share = left / length
                        yaw = math.atan2(y1 - y0, x1 - x0)
                        return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share, yaw
                    left -= length
                return (*points[-1], 0.0)
        return 0.0, 0.0, 0.0


def _seconds(moment: Any) -> float:
    return float(moment.sec + moment.nanosec / 1e9)


def note(**what: Any) -> None:
    """One line of the log."""
    os.write(1, json.dumps(what).encode() + b"\n")


def main() -> None:
    """Until the context is shut down."""
    rclpy.init()
    agv = Agv(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
    executor = MultiThreadedExecutor(4)
    executor.add_node(agv)
    note(ready=True)
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        executor.shutdown()


if __name__ == "__main__":
    main()
