"""An AGV: drives the road that it is granted, and stops at its end by itself."""

import math
from collections import deque

from bordergate_msgs.action import Charge
from bordergate_msgs.msg import AgvState, DeviceInfo, Grant, GrantAck, HeldVisit
from bordergate_msgs.srv import ConfirmLoad, GetRoad, SetPosition
from rclpy.action import ActionServer, GoalResponse
from rclpy.action.server import ServerGoalHandle
from std_msgs.msg import Bool

from robotics.clock import GateClock
from robotics.motion import Profile, plan, standing
from robotics.ros.reference.device import QUEUE, Device, to_ns, to_time
from robotics.ros.reference.order import AgvSetup
from robotics.ros.reference.road import NEAR_M, BadRoadError, HeldEdge, NoJoinError, Road

MAP_FRAME = "map"
CHARGES_KEPT = 8
"""Charges that are remembered, so that a repeat is known for one."""


class Agv(Device):
    """A ROS node of one AGV; it is switched on at the end of its visit 0."""

    def __init__(self, setup: AgvSetup, clock: GateClock) -> None:
        super().__init__("agv", setup.device, setup.namespace, clock)
        self.data = setup
        start = setup.start
        edge = HeldEdge(start.edge, start.points, start.length_m, start.speed_mps)
        self.road = Road(0, start.zone, edge)
        self._profile: Profile = standing(edge.length_m)
        self._began_ns = 0
        """When `_profile` starts."""
        self._grant = 0
        self._cleared_seq, self._stood_seq = -1, 0
        self._container, self._load_step = "", 0
        self._protective_stop = False
        self._battery_pct, self._drawn_at_m = 100.0, edge.length_m
        self._charges: list[ServerGoalHandle] = []
        self._charge_step, self._charge_until_pct = 0, 0.0
        self._charge_began_ns = 0
        self._charged: deque[int] = deque(maxlen=CHARGES_KEPT)
        self._state = self.create_publisher(AgvState, "state", QUEUE)
        self._grant_ack = self.create_publisher(GrantAck, "grant_ack", QUEUE)
        self.create_subscription(Grant, "grant", self._on_grant, QUEUE)
        self.create_service(GetRoad, "get_road", self._on_get_road)
        self.create_service(ConfirmLoad, "confirm_load", self._on_confirm_load)
        self.create_service(SetPosition, "set_position", self._on_set_position)
        self.create_subscription(Bool, "inject_obstacle", self._on_inject_obstacle, QUEUE)
        ActionServer(
            self, Charge, "charge", execute_callback=self._charge_over, result_timeout=60,
            goal_callback=self._may_charge, handle_accepted_callback=self._charge,
        )  # fmt: skip

    # --- road ---------------------------------------------------------------------------------

    def _on_grant(self, grant: Grant) -> None:
        """Take the visits that are new, if all is as the contract says; answer in any case."""
        try:
            result, reason = self._take_grant(grant), ""
        except NoJoinError as error:
            result, reason = GrantAck.NO_JOIN, str(error)
        except BadRoadError as error:
            result, reason = GrantAck.INVALID, str(error)
        ack = GrantAck(number=grant.number, result=result, reason=reason)
        ack.header.stamp, ack.header.frame_id = self.stamp(), MAP_FRAME
        ack.taken, ack.end_seq = self._grant, self.road.end_seq
        self._grant_ack.publish(ack)

    def _take_grant(self, grant: Grant) -> int:
        if to_ns(grant.deadline) <= self.now_ns():
            return int(GrantAck.LATE)
        if grant.header.frame_id != MAP_FRAME or grant.number == 0 or not grant.visits:
            where = f"in frame {grant.header.frame_id!r}"
            raise BadRoadError(f"grant {grant.number} {where}: {len(grant.visits)} visits")
        fresh = self.road.fresh(grant.visits)
        if fresh and grant.number <= self._grant:
            raise BadRoadError(f"grant {grant.number} with new road after {self._grant}")
        if fresh:
            self.road.extend(fresh)
            self._end_charge()  # who drives off is no longer connected
        self._grant = max(self._grant, grant.number)
        if fresh:
            self._replan()
            self.publish_state()
        return int(GrantAck.ACCEPTED)

    def _on_get_road(self, _: GetRoad.Request, response: GetRoad.Response) -> GetRoad.Response:
        response.state = self._present_state()
        response.road = [
            HeldVisit(seq=passage.seq, zone=passage.zone, edges=[edge.id for edge in passage.edges])
            for passage in self.road.passages
        ]
        return response

    def _on_set_position(
        self, request: SetPosition.Request, response: SetPosition.Response
    ) -> SetPosition.Response:
        """Stand where people say that they have brought it."""
        _, speed = self._front()
        response.reason = ""
        if to_ns(request.deadline) <= self.now_ns():
            response.reason = "its deadline had passed"
        elif speed > 0:
            response.reason = "it moves"
        elif request.visit.seq < self.road.end_seq:
            response.reason = f"visit {request.visit.seq} is before {self.road.end_seq}"
        elif request.visit.seq > self.road.end_seq:
            try:
                self.road.move_to(request.visit)
            except BadRoadError as error:
                response.reason = str(error)
            else:
                self._stand_at_end()
        response.accepted = not response.reason
        return response

    def _stand_at_end(self) -> None:
        self._draw(self._front()[0])
        self._end_charge()
        self._profile, self._began_ns = standing(self.road.end_m), self.now_ns()
        self._drawn_at_m = self.road.end_m  # it has not driven there by itself
        self._stood_seq, self._cleared_seq = self.road.end_seq, self.road.end_seq - 1
        self._wake_for_charge()
        self.publish_state()

    # --- motion -------------------------------------------------------------------------------

    def _front(self) -> tuple[float, float]:
        """Place of the front on the road's line [m] and speed [m/s]."""
        return self._profile.at((self.now_ns() - self._began_ns) / 1e9)

    def on_stop_changed(self) -> None:
        """Brake, or go on along the road that is held, as fast as it may."""
        self._replan()

    def _replan(self) -> None:
        """Make the speed profile anew from where the AGV is."""
        now_ns, data = self.now_ns(), self.data
        at_m, speed = self._profile.at((now_ns - self._began_ns) / 1e9)
        self._draw(at_m)
        braking = data.emergency_mps2 if self.e_stopped else data.deceleration_mps2
        if self.must_stop or self._protective_stop:
            stop_m = at_m + speed * speed / (2 * braking)
            stretches = [(min(stop_m, self.road.end_m), speed)] if speed > 0 else []
        else:
            top = data.speed_loaded_mps if self._container else data.speed_empty_mps
            if self.limit.limited:
                top = min(top, self.limit.speed)
            stretches = self.road.stretches(at_m, top)
        self._began_ns = now_ns
        if stretches:
            self._profile = plan(at_m, speed, stretches, data.acceleration_mps2, braking)
            self._stood_seq = -1
            self._wake_for_next()
        else:
            self._profile = standing(at_m)
            self._wake_for_charge()

    def _wake_for_next(self) -> None:
        """At the next visit that the rear leaves, or at the stop, whichever comes first."""
        clear_m = self.road.passages[0].end_m + self.data.length_m + self.data.clearance_m
        event_s = min(self._profile.end_s, self._profile.time_at(clear_m))
        self.wake_at(self._began_ns + math.ceil(event_s * 1e9))

    def on_wake(self, now_ns: int) -> None:
        """Note what the rear has left, the stop at the road's end, and the end of a charge."""
        if self._charges and now_ns >= self._charge_ends_ns():
            self._finish_charge()
        at_m, _ = self._profile.at((now_ns - self._began_ns) / 1e9)
        self._draw(at_m)
        cleared = self.road.drop_cleared(at_m - self.data.length_m - self.data.clearance_m)
        self._cleared_seq = max(self._cleared_seq, cleared)
        if now_ns < self._began_ns + math.ceil(self._profile.end_s * 1e9):
            self._wake_for_next()
        elif at_m >= self.road.end_m - NEAR_M:
            self._stood_seq = self.road.end_seq
        self.publish_state()

    def _draw(self, at_m: float) -> None:
        """Take the energy of the way driven since the last call from the battery."""
        if at_m > self._drawn_at_m:
            way_m = at_m - self._drawn_at_m
            used = self.data.battery.drawn_pct(way_m, bool(self._container))
            self._battery_pct = max(self._battery_pct - used, 0.0)
            self._drawn_at_m = at_m

    # --- load and energy ----------------------------------------------------------------------

    def _on_confirm_load(
        self, request: ConfirmLoad.Request, response: ConfirmLoad.Response
    ) -> ConfirmLoad.Response:
        """Reckon with another load; a step that was taken before is only answered."""
        response.reason = ""
        if to_ns(request.deadline) <= self.now_ns():
            response.reason = "its deadline had passed"
        elif request.step > self._load_step and self._front()[1] > 0:
            response.reason = "it moves"
        elif request.step > self._load_step:
            self._container, self._load_step = request.container, request.step
            self.publish_state()
        response.accepted = not response.reason
        return response

    def _may_charge(self, goal: Charge.Goal) -> GoalResponse:
        if goal.step in self._charged or (self._charges and goal.step == self._charge_step):
            return GoalResponse.ACCEPT
        late = to_ns(goal.deadline) <= self.now_ns()
        if goal.step == 0 or late or self._charges or self._stood_seq < 0 or self.must_stop:
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT if 0 < goal.until <= 1 else GoalResponse.REJECT

    def _charge(self, goal: ServerGoalHandle) -> None:
        if goal.request.step in self._charged:
            goal.execute()
            return
        self._charges.append(goal)
        if len(self._charges) == 1:
            self._charge_step, self._charge_until_pct = goal.request.step, goal.request.until * 100
            self._charge_began_ns = self.now_ns()
            self._wake_for_charge()

    def _wake_for_charge(self) -> None:
        """At rest, nothing else is to come."""
        if self._charges:
            self.wake_at(self._charge_ends_ns())
        else:
            self.sleep_on()

    def _charge_ends_ns(self) -> int:
        needed_s = self.data.battery.charging_s(self._battery_pct, self._charge_until_pct)
        return self._charge_began_ns + round(needed_s * 1e9)

    def _present_pct(self) -> float:
        """Charge of the battery now [%]."""
        if self._charges:
            gained_min = (self.now_ns() - self._charge_began_ns) / 60e9
            charged = self._battery_pct + gained_min * 100 / self.data.battery.charge_full_min
            return min(charged, max(self._charge_until_pct, self._battery_pct))
        way_m = self._front()[0] - self._drawn_at_m
        used = self.data.battery.drawn_pct(way_m, bool(self._container))
        return max(self._battery_pct - used, 0.0)

    def _finish_charge(self) -> None:
        self._charged.append(self._charge_step)
        self._end_charge()

    def _end_charge(self) -> None:
        """Done, or broken off; what was taken stays."""
        if self._charges:
            self._battery_pct = self._present_pct()
        charges, self._charges = self._charges, []
        for goal in charges:
            goal.execute()

    def _charge_over(self, goal: ServerGoalHandle) -> Charge.Result:
        """A goal counts as executed when its charge has ended: nothing waits in the meantime."""
        if goal.request.step in self._charged:
            goal.succeed()
        else:
            goal.abort()
        return Charge.Result(step=goal.request.step, battery=self._present_pct() / 100)

    # --- saying -------------------------------------------------------------------------------

    def publish_state(self) -> None:
        """Say where it is and what is true of it."""
        self._state.publish(self._present_state())
        for goal in self._charges:
            goal.publish_feedback(Charge.Feedback(battery=self._present_pct() / 100))

    def _present_state(self) -> AgvState:
        # The pose's stamp is the moment of the pose, however long the rest takes.
        now_ns = self.now_ns()
        at_m, speed = self._profile.at((now_ns - self._began_ns) / 1e9)
        front, rear = self.road.point(at_m), self.road.point(at_m - self.data.length_m)
        heading_rad = math.atan2(front[1] - rear[1], front[0] - rear[0])
        state = AgvState(
            battery=min(self._present_pct() / 100, 1.0),
            container=self._container,
            load_step=self._load_step,
            grant=self._grant,
            end_seq=self.road.end_seq,
            cleared_seq=self._cleared_seq,
            stood_seq=self._stood_seq,
            fault=self.fault or self.held,
            mode=self.mode,
            safety_state=self._safety_state(),
            limit=self.limit.number,
        )
        state.header.stamp, state.header.frame_id = to_time(now_ns), MAP_FRAME
        state.pose.position.x = (front[0] + rear[0]) / 2
        state.pose.position.y = (front[1] + rear[1]) / 2
        state.pose.orientation.z = math.sin(heading_rad / 2)
        state.pose.orientation.w = math.cos(heading_rad / 2)
        state.twist.linear.x = speed
        return state

    def _safety_state(self) -> int:
        if self.e_stopped:
            return int(AgvState.EMERGENCY_STOP)
        return int(AgvState.PROTECTIVE_STOP if self._protective_stop else AgvState.SAFE)

    def describe(self, info: DeviceInfo) -> None:
        """Its data sheet."""
        data = self.data
        info.kind = DeviceInfo.AGV
        info.length, info.width = data.length_m, data.width_m
        info.speed_max = max(data.speed_empty_mps, data.speed_loaded_mps)
        info.acceleration_max = data.acceleration_mps2
        info.deceleration_max = data.deceleration_mps2
        info.emergency_deceleration_max = data.emergency_mps2
        info.turn_radius_min = data.turn_radius_m
        info.battery_capacity = data.battery.capacity_kwh

    def _on_inject_obstacle(self, there: Bool) -> None:
        """For tests: something is in its protective field, or is no longer."""
        self._protective_stop = there.data
        self._replan()
        self.publish_state()
