"""What an AGV says of itself, checked: the samples of its topic `state`, and `get_road`."""

import math
from collections.abc import Mapping

from actors.messages import AgvState, FaultChanged, Message, RearClear, Stood, Visit
from robotics.ros import wire
from robotics.ros.bounds import Bounds
from robotics.ros.freshness import Freshness
from robotics.ros.refusal import RefusedError
from robotics.ros.road_file import EdgeShape
from robotics.telemetry import VehicleSignal

NORM_TOLERANCE = 0.01
"""Unit quaternions may be off by so much [ours]; single precision is off by 1e-7."""
TILT_MAX = 0.1
"""x and y of an orientation: about 11 degrees of roll or pitch [ours]."""
REVERSE_MPS_MAX = 0.05
"""Speed is never negative by contract; a resting AGV's measured one may waver by this [ours]."""


def yaw_rad(turn: wire.Quaternion, where: str) -> float:
    """Heading counter-clockwise from east [rad].

    Raises:
        RefusedError: it is no rotation, or not one in the plane.
    """
    norm = math.sqrt(turn.x**2 + turn.y**2 + turn.z**2 + turn.w**2)
    if not abs(norm - 1) <= NORM_TOLERANCE:
        allowed = f"1 +- {NORM_TOLERANCE}"
        raise RefusedError("pose", f"{where}.orientation", f"a norm of {norm:.6g}", allowed)
    if abs(turn.x) > TILT_MAX or abs(turn.y) > TILT_MAX:
        given = f"x {turn.x:.3g}, y {turn.y:.3g}"
        raise RefusedError("pose", f"{where}.orientation", given, f"at most {TILT_MAX}: level")
    return math.atan2(2 * (turn.w * turn.z + turn.x * turn.y), 1 - 2 * (turn.y**2 + turn.z**2))


class AgvSamples:
    """The samples of one AGV: each is checked, by itself and beside the one before.

    What has changed since the sample before becomes messages to the AGV's machine. `where` names
    the topic.
    """

    def __init__(self, agv: str, bounds: Bounds, where: str = "state") -> None:
        self._agv, self._bounds, self._where = agv, bounds, where
        self._freshness = Freshness(where, bounds)
        self._last: wire.AgvState | None = None
        self._moved_by_hand = False
        self._given_grant, self._given_end = 0, -1
        """The newest grant and the last visit that the gate has given."""

    @property
    def late(self) -> int:
        """Samples that came too late to say anything."""
        return self._freshness.late

    @property
    def newest_ns(self) -> int:
        """Stamp of the newest sample that was taken."""
        return self._freshness.newest_ns

    @property
    def mode(self) -> int:
        """As last said; automatic before."""
        return self._last.mode if self._last is not None else 0

    def forget(self) -> None:
        """Begin anew: whatever is said next is the new truth."""
        self._last = None
        self._freshness.forget()

    def expect_jump(self, seq: int) -> None:
        """The AGV is told that it has been brought to the end of visit `seq`."""
        self._moved_by_hand = True
        self._given_end = max(self._given_end, seq)

    def expect_grant(self, number: int, end_seq: int) -> None:
        """The AGV is told that it may drive to the end of visit `end_seq`."""
        self._given_grant = max(self._given_grant, number)
        self._given_end = max(self._given_end, end_seq)

    def check_given(self, grant: int, end_seq: int, where: str) -> None:
        """The AGV cannot have taken what neither the gate gave nor its last sample showed.

        Raises:
            RefusedError: it says so all the same.
        """
        last = self._last
        for field, given, most in (
            ("grant", grant, max(self._given_grant, last.grant if last else 0)),
            ("end_seq", end_seq, max(self._given_end, last.end_seq if last else -1)),
        ):
            if given > most:
                raise RefusedError("seq", f"{where}.{field}", given, f"at most {most}, as given")

    def check_motion(self, header: wire.Header, pose: wire.Pose, twist: wire.Twist) -> float:
        """A pose on the map and a speed that the AGV can have; its heading [rad].

        Raises:
            RefusedError: it is none.
        """
        if header.frame_id != wire.MAP_FRAME:
            where, given = f"{self._where}.header.frame_id", repr(header.frame_id)
            raise RefusedError("frame", where, given, wire.MAP_FRAME)
        heading_rad = yaw_rad(pose.orientation, f"{self._where}.pose")
        speed, fastest = twist.linear.x, self._bounds.speed_mps_max
        if not -REVERSE_MPS_MAX <= speed <= fastest:
            allowed = f"0 to {fastest:g} [m/s]"
            raise RefusedError("range", f"{self._where}.twist.linear.x", f"{speed:.6g}", allowed)
        return heading_rad

    def take(self, state: wire.AgvState, now_ns: int) -> list[Message] | None:
        """What is new in a sample; None if it comes too late to say anything.

        Raises:
            RefusedError: it cannot be true.
        """
        self._check(state)
        if not self._freshness.is_news(state.header, now_ns):
            return None
        if self._last is not None:
            self.check_given(state.grant, state.end_seq, "state")
        before, self._last = self._last, state
        if before is None:
            return []
        self._check_pair(before, state)
        return self._news(before.cleared_seq, before.stood_seq, _stop(before), state)

    def answer(self, road: wire.Road, edges: Mapping[str, EdgeShape], now_ns: int) -> list[Message]:
        """The truth that the machine asked for, then what samples have said since.

        Raises:
            RefusedError: it cannot be true, or comes too late.
        """
        state = road.state
        self._check(state)
        visits = _visits(road, edges)
        newest = self._last
        truth = AgvState(
            agv=self._agv,
            grant=state.grant,
            visits=visits,
            cleared=state.cleared_seq,
            stood=state.stood_seq,
            battery_pct=_pct(state.battery),
            container=state.container,
            step_loaded=state.load_step,
            fault=_stop(state),
            limit=state.limit,
        )
        if newest is not None and newest.header.stamp.ns > state.header.stamp.ns:
            news = self._news(state.cleared_seq, state.stood_seq, _stop(state), newest)
            return [truth, *news]
        if not self._freshness.is_news(state.header, now_ns):
            return []  # the machine asks again
        if newest is not None:
            self._check_pair(newest, state)
        self._last = state
        return [truth]

    def signal(self) -> VehicleSignal | None:
        """What the AGV shows of itself; None before it has said anything."""
        state = self._last
        if state is None:
            return None
        position = state.pose.position
        return VehicleSignal(
            id=self._agv,
            x_m=round(position.x, 3),
            y_m=round(position.y, 3),
            heading_rad=round(yaw_rad(state.pose.orientation, "state.pose"), 4),
            speed_mps=round(max(state.twist.linear.x, 0.0), 3),
            battery_pct=_pct(state.battery),
            container=state.container,
            fault=_stop(state),
        )

    def _news(self, cleared: int, stood: int, stop: str, state: wire.AgvState) -> list[Message]:
        found: list[Message] = []
        if _stop(state) != stop:
            found.append(FaultChanged(_stop(state)))
        if state.cleared_seq > cleared:
            found.append(RearClear(self._agv, state.cleared_seq))
        if state.stood_seq not in (stood, -1):
            found.append(Stood(self._agv, state.stood_seq, _pct(state.battery)))
        return found

    def _check(self, state: wire.AgvState) -> None:
        """What one sample says must be possible by itself."""
        self.check_motion(state.header, state.pose, state.twist)
        if state.cleared_seq > state.end_seq:
            allowed = f"at most end_seq, {state.end_seq}"
            raise RefusedError("seq", "state.cleared_seq", state.cleared_seq, allowed)
        if state.stood_seq != -1 and not state.cleared_seq < state.stood_seq <= state.end_seq:
            allowed = f"-1, or more than cleared_seq, {state.cleared_seq}, to end_seq"
            raise RefusedError("seq", "state.stood_seq", state.stood_seq, allowed)

    def _check_pair(self, before: wire.AgvState, state: wire.AgvState) -> None:
        """Numbers do not fall, and nobody drives faster than he can."""
        for field in ("grant", "end_seq", "cleared_seq", "load_step"):
            was, given = getattr(before, field), getattr(state, field)
            if given < was:
                raise RefusedError("seq", f"state.{field}", given, f"at least {was}, as before")
        if self._moved_by_hand:
            self._moved_by_hand = False
            return
        dt_s = (state.header.stamp.ns - before.header.stamp.ns) / 1e9
        allowed_m = self._bounds.speed_mps_max * dt_s + self._bounds.jump_m
        here, there = state.pose.position, before.pose.position
        moved_m = math.hypot(here.x - there.x, here.y - there.y)
        if moved_m > allowed_m:
            given = f"{moved_m:.2f} m in {dt_s:.3f} s"
            raise RefusedError("jump", f"{self._where}.pose.position", given, f"{allowed_m:.2f} m")


def _visits(road: wire.Road, edges: Mapping[str, EdgeShape]) -> tuple[Visit, ...]:
    """The road held, if it is one: consecutive numbers, edges of the site, up to the end."""
    visits = []
    for i, held in enumerate(road.road):
        where = f"get_road.road[{i}]"
        expected = road.road[0].seq + i
        if held.seq != expected or held.seq <= road.state.cleared_seq:
            allowed = f"{max(expected, road.state.cleared_seq + 1)}: one after the other"
            raise RefusedError("seq", f"{where}.seq", held.seq, allowed)
        for edge in held.edges:
            if edge not in edges:
                raise RefusedError("name", f"{where}.edges", repr(edge), "edges of the site")
            if edges[edge].zone != held.zone:
                raise RefusedError("name", f"{where}.zone", repr(held.zone), edges[edge].zone)
        visits.append(Visit(held.seq, held.zone, held.edges))
    if visits and visits[-1].seq != road.state.end_seq:
        allowed = f"as the last visit, {visits[-1].seq}"
        raise RefusedError("seq", "get_road.state.end_seq", road.state.end_seq, allowed)
    return tuple(visits)


def _stop(state: wire.AgvState) -> str:
    return wire.stop_reason(state.fault, state.mode, state.safety_state)


def _pct(share: float) -> float:
    return round(share * 100, 2)
