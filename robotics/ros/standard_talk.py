"""What the gate says to an AGV that speaks standard ROS messages only, and makes of its answers.

Such a robot follows a path and says where it is. The account that another robot keeps of its road
itself is kept here (`robotics.road_tracker`) and put in the words of that robot's own samples, so
that both are checked by the same rules.

The path is said again with every beat: a robot that no longer hears it has to stop by itself. An
empty path says so while the gate hears it. An AGV with Nav2 is given goals, see
`robotics.ros.follow_path`; the path then only says that the gate is there.
"""

import math
from collections import Counter
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from actors.messages import (
    Charged,
    ConfirmLoad,
    ExtendGrant,
    GrantAccepted,
    LoadConfirmed,
    Message,
    QueryState,
    SetPosition,
    StartCharge,
    Visit,
)
from actors.safety import LimitSpeed
from actors.site.model import RobotsSection
from robotics.road_tracker import XY, Body, Found, Front, RoadTracker, stands_on
from robotics.ros import standard_wire, wire
from robotics.ros.account_file import AccountFile, KeptAccount
from robotics.ros.agv_state import AgvSamples
from robotics.ros.bounds import Bounds
from robotics.ros.follow_path import FollowPathGoals
from robotics.ros.road_file import EdgeShape
from robotics.ros.talk import Call, Outgoing, Publish, Reaction, Remark, body
from robotics.telemetry import Frame

BACK_ON_ROAD = 0.5
"""An AGV that was off its road goes on only within this share of the limit [ours]."""
FAULTS_KEPT = 64
"""Faulty components that are remembered by name; with more, the AGV stands anyway."""
FAULT_CHARS_MAX = 1024
ROUNDING = 1e-6
"""Charges come in single precision."""


class StandardTalk:
    """See `robotics.ros.talk.Talk`. `standing` are the edges at whose ends AGVs stand in places."""

    def __init__(
        self,
        agv: str,
        robots: RobotsSection,
        edges: Mapping[str, EdgeShape],
        standing: tuple[str, ...],
        size: Body,
        bounds: Bounds,
        file: AccountFile,
    ) -> None:
        self.listens: Mapping[str, str] = {
            robots.odometry: standard_wire.ODOMETRY,
            robots.battery: standard_wire.BATTERY,
            robots.diagnostics: standard_wire.DIAGNOSTICS,
        }
        self.speaks: Mapping[str, str] = {robots.path: standard_wire.PATH}
        self._goals = FollowPathGoals(robots) if robots.profile == "nav2" else None
        self._agv, self._robots, self._size = agv, robots, size
        self._edges, self._standing, self._bounds = edges, standing, bounds
        self._samples = AgvSamples(agv, bounds, robots.odometry)
        self._tracker = RoadTracker(size, robots.stand_m)
        self._grant = self._accepted = 0
        """The newest grant that was taken, and the newest of which the machine was told."""
        self._container, self._load_step = "", 0
        self._battery: float | None = None
        self._charging: StartCharge | None = None
        self._faults: dict[str, str] = {}
        self._off_road = ""
        self._asked = False
        self._set_down: Visit | None = None
        self._counts: Counter[str] = Counter()
        self._limit = LimitSpeed(0, None)
        self._unknown = ""
        """Why it is not known where it stands on which road, as people were told."""
        self._file = file
        self._kept = file.read()
        if self._kept is not None:
            self._restore(self._kept)

    def take(self, topic: str, data: msgspec.Raw, now_ns: int) -> list[Reaction] | None:
        """Read where it is, what its battery holds, or what is wrong with it."""
        if topic == self._robots.odometry:
            return self._on_odometry(wire.read(data, standard_wire.Odometry, topic), now_ns)
        if topic == self._robots.battery:
            self._battery = wire.read(data, standard_wire.BatteryState, topic).percentage
            return self._charged()
        return self._on_diagnostics(wire.read(data, standard_wire.DiagnosticArray, topic), now_ns)

    def tell(self, command: Message, now_ns: int) -> list[Outgoing]:
        """What needs a message of the robot's first is answered with its next pose."""
        match command:
            case QueryState():
                self._asked = True
                return []
            case SetPosition(visit):
                self._set_down = visit
                return []
            case ExtendGrant(grant, visits):
                return self._extend(grant, visits, now_ns)
            case ConfirmLoad(step, container):

                def taken(data: msgspec.Raw, _now_ns: int) -> list[Reaction]:
                    answer = wire.read(data, standard_wire.SetBoolAnswer, self._robots.load)
                    if not answer.success:
                        self._counts["calls refused by the AGV"] += 1
                        return []
                    if step > self._load_step:
                        self._load_step, self._container = step, container
                        self._keep()
                    return [LoadConfirmed(self._agv, step)]

                loaded = {"data": bool(container)}
                return [Call(self._robots.load, standard_wire.SET_BOOL, loaded, taken)]
            case StartCharge():
                self._charging = command
                return []
            case _:
                raise AssertionError(f"an AGV has no {type(command).__name__}")

    def limit(self, limit: LimitSpeed) -> None:
        """Held, it has an empty path; how fast it may be cannot be said to it."""
        if limit.number > self._limit.number:
            self._limit = limit
            if limit.speed_mps is not None and not limit.held:
                self._counts["speed limits not carried"] += 1
            self._keep()

    def beat(self, now_ns: int) -> list[Outgoing]:
        """Say the path again."""
        if self._goals is not None:
            self._goals.beat()
        return self._path(now_ns)

    def forget(self) -> None:
        """What the robot says next is checked by itself; the account of its road stays true."""
        self._samples.forget()
        self._asked, self._set_down = False, None
        if self._goals is not None:
            self._goals.forget()

    def frame(self, now_ns: int) -> Frame | None:
        """The AGV as its last pose shows it."""
        signal = self._samples.signal()
        return Frame(now_ns, vehicles=(signal,)) if signal is not None else None

    def counts(self) -> Mapping[str, int]:
        """Grants that were not taken, poses that came late, calls that were refused."""
        return {**self._counts, "late samples": self._samples.late}

    def _on_diagnostics(
        self, said: standard_wire.DiagnosticArray, now_ns: int
    ) -> list[Reaction] | None:
        """The machine hears of a fault with the next pose; the robot has to stand at once."""
        before = dict(self._faults)
        for status in said.status:
            if status.severity != standard_wire.ERROR:
                self._faults.pop(status.name, None)
            elif status.name in self._faults or len(self._faults) < FAULTS_KEPT:
                self._faults[status.name] = status.message or status.name
        return [*self._path(now_ns)] if self._faults != before else []

    # --- the road ---------------------------------------------------------------------------

    def _extend(self, grant: int, visits: tuple[Visit, ...], now_ns: int) -> list[Outgoing]:
        if not self._tracker.extend([(visit, self._points(visit)) for visit in visits]):
            self._counts["grant no_join"] += 1
            why = self._unknown or "it does not go on where its road ends"
            return [Remark(f"grant {grant}: no_join: {why}")]
        self._charging = None  # who drives off is no longer connected
        self._grant = max(self._grant, grant)
        self._samples.expect_grant(grant, self._tracker.end_seq)
        self._keep()
        return self._path(now_ns)

    def _points(self, visit: Visit) -> list[XY]:
        return [point for edge in visit.edges for point in self._edges[edge].points]

    def _path(self, now_ns: int) -> list[Outgoing]:
        """What it may drive: as a path, and as a goal where Nav2 follows it."""
        stands = bool(self._fault(self._off_road))
        ahead = [] if stands else self._tracker.ahead()
        said = Publish(self._robots.path, body(standard_wire.path_of(ahead, now_ns)))
        if self._goals is None:
            return [said]
        if stands:
            return [said, *self._goals.stand()]
        return [said, *self._goals.drive(ahead, self._tracker.end_seq, now_ns)]

    def _fault(self, off_road: str) -> str:
        """Why it must not drive; empty: it may."""
        reasons = [off_road, *self._faults.values(), self._limit.held]
        return ", ".join(reason for reason in reasons if reason)[:FAULT_CHARS_MAX]

    # --- poses ------------------------------------------------------------------------------

    def _on_odometry(self, odometry: standard_wire.Odometry, now_ns: int) -> list[Reaction] | None:
        """Follow the robot along its road; nothing is noted of a pose that is refused or late."""
        front = self._front(odometry)
        found = self._locate(front, odometry.header.stamp.ns)
        off_road = self._off_road_text(found)
        state = self._state(odometry, front, found, off_road)
        news = self._samples.take(state, now_ns)
        if news is None:
            return None
        told: list[Reaction] = [*news]
        if off_road != self._off_road:
            self._off_road = off_road
            told += self._path(now_ns)
        if found is not None:
            self._tracker.advance(found.at_m)
            self._keep()
            if self._asked and self._battery is not None:
                told = [*self._truth(state, now_ns)]
            if self._accepted < self._grant:
                self._accepted = self._grant
                told.append(GrantAccepted(self._agv, self._grant, self._tracker.end_seq))
        if self._set_down is not None:
            self._set(self._set_down, front)
        elif found is None:
            self._localise(front)
        return told + self._say_unknown() + self._charged()

    def _front(self, odometry: standard_wire.Odometry) -> Front:
        pose, twist = odometry.pose.pose, odometry.twist.twist
        heading_rad = self._samples.check_motion(odometry.header, pose, twist)
        x_m, y_m = _shifted(pose.position, heading_rad, self._robots.front_m)
        return Front(x_m, y_m, heading_rad, twist.linear.x)

    def _locate(self, front: Front, stamp_ns: int) -> Found | None:
        """Where on its road it is; None if it is not known to have one."""
        if not self._tracker.known:
            return None
        reach_m = math.inf
        if self._samples.newest_ns:
            span_s = max(stamp_ns - self._samples.newest_ns, 0) / 1e9
            reach_m = self._bounds.speed_mps_max * span_s + self._bounds.jump_m
        limit_m = self._robots.off_road_m * (BACK_ON_ROAD if self._off_road else 1.0)
        return self._tracker.locate(front, reach_m, limit_m)

    def _off_road_text(self, found: Found | None) -> str:
        """As long as it is off its road, what was said of it first."""
        if found is None or found.on_road:
            return ""
        return self._off_road or f"{found.off_m:.2f} m off its road, or turned against it"

    def _state(
        self, odometry: standard_wire.Odometry, front: Front, found: Found | None, off_road: str
    ) -> wire.AgvState:
        """What a robot with an account of its own would say."""
        pose = odometry.pose.pose
        back_m = self._robots.front_m - self._size.length_m / 2
        middle = wire.Point(*_shifted(pose.position, front.heading_rad, back_m))
        return wire.AgvState(
            header=odometry.header,
            pose=wire.Pose(middle, pose.orientation),
            twist=odometry.twist.twist,
            battery=self._battery or 0.0,
            container=self._container,
            load_step=self._load_step,
            grant=self._grant,
            end_seq=self._tracker.end_seq,
            cleared_seq=self._tracker.cleared(found.at_m) if found is not None else -1,
            stood_seq=self._tracker.stood(front, found.at_m) if found is not None else -1,
            fault=self._fault(off_road) or (self._goals.fault if self._goals else ""),
            mode=0,
            safety_state=0,
            limit=self._limit.number,
        )

    def _truth(self, state: wire.AgvState, now_ns: int) -> list[Message]:
        self._asked = False
        self._accepted = self._grant
        held = tuple(wire.HeldVisit(v.seq, v.zone, v.edges) for v in self._tracker.visits)
        return self._samples.answer(wire.Road(state, held), self._edges, now_ns)

    def _set(self, visit: Visit, front: Front) -> None:
        """It has been brought to a place, if that is where it rests; the machine hears either."""
        self._set_down, self._asked = None, True
        points = self._points(visit)
        if visit.seq > self._tracker.end_seq and stands_on(front, points, self._robots.stand_m):
            self._tracker.stand(visit, points)
            self._samples.expect_grant(0, visit.seq)
            self._charging = None
            self._keep()

    def _localise(self, front: Front) -> None:
        """Nothing is known yet: an AGV that rests in a place is taken to stand there."""
        for edge in self._standing:
            shape = self._edges[edge]
            if stands_on(front, shape.points, self._robots.stand_m):
                self._tracker.stand(Visit(0, shape.zone, (edge,)), shape.points, assumed=True)
                self._samples.expect_grant(0, 0)
                self._keep()
                return

    def _say_unknown(self) -> list[Reaction]:
        """Tell people once why the machine gets no answer."""
        why = ""
        if not self._tracker.known:
            why = "it rests in no place of the site, and no account of its road has been kept"
        elif self._battery is None:
            why = f"nothing has come on {self._robots.battery}"
        changed, self._unknown = why != self._unknown, why
        return [Remark(f"not known: {why}")] if why and changed else []

    # --- over a restart of the gate's process -------------------------------------------------

    def _keep(self) -> None:
        """Before anybody is told. Without the place, so that it is not done for each pose."""
        tracker, before = self._tracker, self._kept
        kept = KeptAccount(
            visits=tracker.visits,
            at_m=tracker.at_m,
            cleared=tracker.cleared_seq,
            assumed=tracker.assumed,
            grant=self._grant,
            container=self._container,
            load_step=self._load_step,
            limit=self._limit,
        )
        if before is None or kept != replace(before, at_m=kept.at_m):
            self._kept = kept
            self._file.write(kept)

    def _restore(self, kept: KeptAccount) -> None:
        """The road is held since it was given, wherever on it the AGV has come to meanwhile."""
        road = [(visit, self._points(visit)) for visit in kept.visits]
        self._tracker.restore(road, kept.at_m, kept.cleared, assumed=kept.assumed)
        self._grant = self._accepted = kept.grant
        self._container, self._load_step = kept.container, kept.load_step
        self._limit = kept.limit
        self._samples.expect_grant(kept.grant, self._tracker.end_seq)

    def _charged(self) -> list[Reaction]:
        charge = self._charging
        if charge is None or self._battery is None:
            return []
        if self._battery < charge.until_pct / 100 - ROUNDING:
            return []
        self._charging = None
        return [Charged(self._agv, charge.step, round(self._battery * 100, 2))]


def _shifted(point: wire.Point, heading_rad: float, by_m: float) -> tuple[float, float]:
    return point.x + by_m * math.cos(heading_rad), point.y + by_m * math.sin(heading_rad)
