"""An AGV: forwards grants to its controller, and at each stop does the step's action with others.

It decides nothing about the road: it may drive what it has been granted, and reports what its rear
has cleared. At a bay it asks the crane, in a booth the booth, before a lane the lane; every request
carries the step's number and is repeated until it is answered.
"""

from typing import Literal

import msgspec
from msgspec.structs import replace

from actors.effects import CancelTimer, Command, Effect, Emit, Send, SetTimer
from actors.messages import (
    AbandonStep,
    AgvReport,
    AgvState,
    Charged,
    ConfirmLoad,
    DeviceChanged,
    ExtendGrant,
    FaultChanged,
    GrantAccepted,
    LaneEntered,
    LaneLeft,
    LaneNoted,
    LinkLost,
    LinkRestored,
    LoadConfirmed,
    Message,
    PermitGranted,
    PermitRefused,
    QueryReport,
    QueryState,
    RearClear,
    RequestPermit,
    RequestScan,
    RequestTransfer,
    ScanDecided,
    ServiceRefused,
    SetPosition,
    StartCharge,
    Started,
    StartStep,
    StepPhase,
    Stood,
    TimerFired,
    TransferDone,
    Visit,
)
from actors.safety import LimitSpeed

RETRY_NS = 5 * 10**9
"""Requests and commands without an answer are repeated after this time [ours]."""
QUERY_NS = 10**9
"""While the controller's state is unknown it is asked this often [ours]."""

State = Literal[
    "unknown", "link_lost", "faulted", "idle", "driving", "waiting_permit", "crossing",
    "loading", "unloading", "scanning", "charging", "parked",
]  # fmt: skip


class Crossing(msgspec.Struct):
    """A lane that this AGV has a permit for, is in, or has just left."""

    lane: str
    enter: int
    """0 while the road into the lane is not made."""
    arrive: int
    expires_ns: int
    """When the permit ends, unless it is renewed or the lane entered."""
    entered: bool = False
    left: bool = False
    noted: bool = True
    """The lane has confirmed the last of the two that was told."""


class Agv:
    """Machine of one AGV. `fleet` is the name of the fleet manager."""

    def __init__(self, name: str, fleet: str) -> None:
        self.name, self.fleet = name, fleet
        self.state: State = "unknown"
        self._grant = 0
        self._cleared = -1
        self._stood = -1
        self._battery_pct = 0.0
        self._robot_fault = ""
        self._fault = ""
        """What its controller says is wrong, else why it is held."""
        self._limit = LimitSpeed(0, None)
        self._kept_limit = 0
        """Number of the limit that its controller kept to when it was asked last."""
        self._step: StartStep | None = None
        self._next: StartStep | None = None
        self._phase: StepPhase = "done"
        self._outcome = ""
        self._image = self._no_image = ""
        self._load_told = False
        self._crossings: dict[int, Crossing] = {}

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """One message in, effects out; what does not fit the moment is a repeat or late."""
        if self.state in ("unknown", "link_lost"):
            return self._while_unknown(message, now_ns)
        match message:
            case RearClear(_, cleared):
                return self._on_rear_clear(cleared, now_ns)
            case Stood(_, seq, battery_pct):
                if seq <= self._cleared:
                    return []  # comes late
                self._stood, self._battery_pct = seq, battery_pct
                return self._on_arrival(now_ns)
            case ExtendGrant():
                return self._on_grant(message, now_ns)
            case GrantAccepted(_, grant, _):
                self._grant = max(self._grant, grant)
                return []
            case StartStep():
                return self._on_start_step(message, now_ns)
            case AbandonStep(step):
                return self._on_abandon(step, now_ns)
            case QueryReport():
                return [Command(QueryState())]
            case FaultChanged(fault):
                return self._on_fault(fault, now_ns)
            case LimitSpeed():
                return self._on_limit(message, now_ns)
            case SetPosition(visit):
                return self._on_position(visit, now_ns)
            case ServiceRefused(step):
                return self._on_service_refused(step, now_ns)
            case TransferDone(step) | ScanDecided(step) | LoadConfirmed(_, step) | Charged(_, step):
                if self._step is not None and step == self._step.step and self._phase == "serving":
                    return self._on_served(message, now_ns)
                return []
            case PermitGranted(step, _, expires_ns):
                return self._on_permit(step, expires_ns, now_ns)
            case PermitRefused(step):
                return self._on_permit_refused(step, now_ns)
            case LaneNoted(step, _, entered):
                return self._on_lane_noted(step, entered)
            case TimerFired("retry"):
                return self._ask_again(now_ns)
            case TimerFired("lane"):
                return self._tell_lanes(now_ns, repeat=True)
            case AgvState():
                return self._on_state(message, now_ns)
            case LinkLost():
                return self._show("link_lost", "")
            case Started():
                return self._ask_controller(now_ns)
            case _:
                return []

    # --- not knowing --------------------------------------------------------------------------

    def _while_unknown(self, message: Message, now_ns: int) -> list[Effect]:
        """Only what the controller says counts; the fleet manager asks and sends again."""
        match message:
            case Started() | LinkRestored() | TimerFired("query"):
                return self._ask_controller(now_ns)
            case AgvState():
                return self._on_state(message, now_ns)
            case LimitSpeed():
                return self._on_limit(message, now_ns)
            case _:
                return []

    def _ask_controller(self, now_ns: int) -> list[Effect]:
        return [
            *self._show("unknown", ""),
            Command(QueryState()),
            SetTimer("query", now_ns + QUERY_NS),
        ]

    def _on_state(self, truth: AgvState, now_ns: int) -> list[Effect]:
        """Now it is known where the AGV stands and what it holds: go on from there."""
        self._grant = max(self._grant, truth.grant)
        self._cleared = max(self._cleared, truth.cleared)
        self._stood, self._battery_pct = truth.stood, truth.battery_pct
        self._robot_fault, self._kept_limit = truth.fault, truth.limit
        self._fault = truth.fault or self._limit.held
        self._forget_expired(now_ns)
        effects: list[Effect] = [CancelTimer("query"), *self._show_present()]
        effects.append(self._report(now_ns, truth.visits))
        effects += [*self._follow_cleared(now_ns), *self._on_arrival(now_ns)]
        # What was asked for meanwhile may be lost, and so are the timers that would repeat it.
        if self._limit.number:
            effects.append(Command(self._limit))
        return [*effects, *self._ask_again(now_ns), *self._tell_lanes(now_ns, repeat=True)]

    def _on_fault(self, fault: str, now_ns: int) -> list[Effect]:
        """The robot has stopped, or is well and goes on along the road that it holds by itself."""
        self._robot_fault = fault
        fault = fault or self._limit.held
        if fault == self._fault:
            return []
        self._fault = fault
        return [*self._show_present(), self._report(now_ns)]

    def _on_limit(self, limit: LimitSpeed, now_ns: int) -> list[Effect]:
        """Pass on how fast it may be; held at a standstill, it is out of service."""
        if limit.number < self._limit.number:
            return []
        self._limit = limit
        passed = Command(limit)
        if self.state in ("unknown", "link_lost"):
            return [passed]  # reported as soon as it is known what is true
        self._fault = self._robot_fault or limit.held
        return [passed, *self._show_present(), self._report(now_ns)]

    def _on_position(self, visit: Visit, now_ns: int) -> list[Effect]:
        """The AGV has been brought to another place: what it was under way to do is void."""
        effects: list[Effect] = []
        if visit.seq > self._cleared + 1:  # else a repeat
            if self._next is not None:
                effects += self._give_up_next(now_ns)
            if self._phase not in ("done", "refused"):
                effects += self._void(now_ns)
        return [*effects, Command(SetPosition(visit))]

    # --- driving ------------------------------------------------------------------------------

    def _on_rear_clear(self, cleared: int, now_ns: int) -> list[Effect]:
        if cleared <= self._cleared:
            return []
        self._cleared = cleared
        crossed = self._follow_cleared(now_ns)
        return [self._report(now_ns), *crossed]

    def _on_grant(self, grant: ExtendGrant, now_ns: int) -> list[Effect]:
        """Pass the road on, and note where on it the steps' drives now end."""
        if grant.visits[-1].seq > self._stood:  # else a repeat
            self._stood = -1
        for road in grant.steps:
            if self._step is not None and self._step.step == road.step:
                self._step = replace(self._step, enter=road.enter, arrive=road.arrive)
            if self._next is not None and self._next.step == road.step:
                self._next = replace(self._next, enter=road.enter, arrive=road.arrive)
            crossing = self._crossings.get(road.step)
            if crossing is not None and not crossing.left:
                crossing.enter, crossing.arrive = road.enter, road.arrive
        return [Command(grant), *self._follow_cleared(now_ns), *self._on_arrival(now_ns)]

    def _follow_cleared(self, now_ns: int) -> list[Effect]:
        """Tell lanes that were entered or left, and go over to the step that follows a lane."""
        effects: list[Effect] = []
        step = self._step
        changed = False
        if self._in_lane_unawares():
            assert step is not None
            self._phase = "permitted"
            self._crossings[step.step] = Crossing(step.station, step.enter, step.arrive, now_ns)
        for crossing in self._crossings.values():
            if crossing.enter == 0:
                continue  # its road is not made yet
            if self._cleared >= crossing.arrive and not crossing.left:
                crossing.entered = crossing.left = changed = True
            elif self._cleared >= crossing.enter - 1 and not crossing.entered:
                crossing.entered = changed = True
                effects += self._show("crossing", crossing.lane)
        if changed:
            effects += self._tell_lanes(now_ns, repeat=False)
        if (
            step is not None
            and step.action == "cross"
            and self._phase == "permitted"
            and self._cleared >= step.arrive >= 0
        ):
            effects += self._finish(now_ns)
        return effects

    def _on_arrival(self, now_ns: int) -> list[Effect]:
        """At rest: if this is where the step's drive ends, begin its action."""
        step = self._step
        if step is None or self._stood != step.arrive or self._stood < 0:
            return []
        match self._phase, step.action:
            case "abandoned", _:
                self._outcome = "abandoned"
                return self._finish(now_ns)
            case "accepted", "park":
                return self._finish(now_ns)
            case "accepted", "load" | "unload" | "scan" | "charge":
                self._phase = "serving"
                self._load_told = False
                return [
                    *self._show_serving(step),
                    self._report(now_ns),
                    *self._serve(step, now_ns),
                ]
            case _:
                return []

    # --- steps --------------------------------------------------------------------------------

    def _on_start_step(self, step: StartStep, now_ns: int) -> list[Effect]:
        accepted = self._accepted()
        if step.step <= accepted:
            return [self._report(now_ns)]
        effects = self._drop(step.replaces, now_ns)
        if self._step is not None and self._phase != "done":
            if self._step.step <= step.instead_of and self._may_give_up_crossing():
                given_back = self._give_up_crossing(now_ns)
                return given_back + self._begin(step, now_ns)
            if self._step.action == "cross" and self._phase == "permitted":
                told = self._give_up_next(now_ns) if self._next is not None else []
                self._next = step  # taken up when the lane is behind
                if step.action == "cross":
                    told += self._ask_permit(step, now_ns)
                return [*effects, *told, self._report(now_ns)]
            if self._phase not in ("refused", "abandoned"):
                return [*effects, self._report(now_ns)]
        return [*effects, *self._begin(step, now_ns)]

    def _drop(self, replaced: int, now_ns: int) -> list[Effect]:
        """Give up steps up to this number that have not begun, or are a charge that can be ended.

        A lane that has been entered is driven to its end.
        """
        effects: list[Effect] = []
        if self._next is not None and self._next.step <= replaced:
            effects = self._give_up_next(now_ns)
        step = self._step
        if step is None or step.step > replaced:
            return effects
        match self._phase, step.action:
            case ("accepted", _) | ("serving", "charge"):
                return effects + self._void(now_ns)
            case "permitted", "cross" if not self._crossings[step.step].entered:
                return effects + self._void(now_ns)
            case _:
                return effects

    def _void(self, now_ns: int) -> list[Effect]:
        """Give the present step up, and back to the lane the permit held or asked for."""
        step = self._step
        if step is None:
            return []
        self._phase = "abandoned"
        effects: list[Effect] = [CancelTimer("retry")]
        if step.action == "cross":
            effects += self._give_permit_back(step, now_ns)
        return [*effects, *self._show("idle", "")]

    def _begin(self, step: StartStep, now_ns: int) -> list[Effect]:
        self._step, self._phase, self._outcome = step, "accepted", ""
        self._image = self._no_image = ""
        effects: list[Effect] = [CancelTimer("retry")]
        if step.action == "cross":
            if step.step in self._crossings:
                self._phase = "permitted"  # while the lane before was being left
                effects += [*self._show_driving(), *self._ask_permit(step, now_ns)]
            elif not self._in_lane_unawares():
                effects += self._show("waiting_permit", step.station)
                effects += self._ask_permit(step, now_ns)
        elif self._stood != step.arrive:
            effects += self._show_driving()
        effects.append(self._report(now_ns))
        return effects + self._follow_cleared(now_ns) + self._on_arrival(now_ns)

    def _finish(self, now_ns: int) -> list[Effect]:
        """The step is done: say so, and take up the one that waits."""
        step = self._step
        assert step is not None
        self._phase = "done"
        effects: list[Effect] = [CancelTimer("retry"), self._report(now_ns)]
        if self._next is not None:
            following, self._next = self._next, None
            return effects + self._begin(following, now_ns)
        return effects + self._show("parked" if step.action == "park" else "idle", "")

    def _on_abandon(self, step: int, now_ns: int) -> list[Effect]:
        given_up = self._step
        if given_up is not None and given_up.step == step and given_up.action == "cross":
            if self._may_give_up_crossing():
                return [*self._give_up_crossing(now_ns), self._report(now_ns)]
        elif given_up is not None and given_up.step == step and self._phase == "accepted":
            self._phase = "abandoned"
        elif self._next is not None and self._next.step == step:
            if self._next.action == "cross":
                return [*self._give_up_next(now_ns), self._report(now_ns)]
            return []  # asked again by the fleet manager once the step has begun
        return [self._report(now_ns), *self._on_arrival(now_ns)]

    def _serve(self, step: StartStep, now_ns: int) -> list[Effect]:
        """Ask the station, or the own controller, for the step's action; safe to repeat."""
        retry = SetTimer("retry", now_ns + RETRY_NS)
        if self._load_told:
            loaded = step.container if step.action == "load" else ""
            return [Command(ConfirmLoad(step.step, loaded)), retry]
        request: Message
        match step.action:
            case "scan":
                request = RequestScan(
                    step.step, self.name, step.order, step.container, step.size_type, step.hs
                )
            case "charge":
                return [Command(StartCharge(step.step, step.until_pct)), retry]
            case "load":
                request = RequestTransfer(
                    step.step, self.name, step.place, "truck_to_agv", step.order, step.container
                )
            case _:
                request = RequestTransfer(
                    step.step, self.name, step.place, "agv_to_truck", step.order, step.container
                )
        return [Send(step.station, request), retry]

    def _on_served(self, answer: Message, now_ns: int) -> list[Effect]:
        step = self._step
        assert step is not None
        match answer:
            case TransferDone() if step.action in ("load", "unload"):
                self._load_told = True
                return self._serve(step, now_ns)
            case LoadConfirmed() if self._load_told:
                return self._finish(now_ns)
            case ScanDecided() if step.action == "scan":
                self._outcome = answer.verdict
                self._image, self._no_image = answer.image, answer.no_image
                return self._finish(now_ns)
            case Charged(_, _, battery_pct) if step.action == "charge":
                self._battery_pct = battery_pct
                return self._finish(now_ns)
            case _:
                return []

    def _on_service_refused(self, step_number: int, now_ns: int) -> list[Effect]:
        """The crane or booth has not begun and will not: the fleet manager finds another."""
        step = self._step
        if step is None or step.step != step_number or self._phase != "serving":
            return []
        if self._load_told or step.action == "charge":
            return []
        self._phase = "refused"
        return [CancelTimer("retry"), *self._show("idle", ""), self._report(now_ns)]

    def _ask_again(self, now_ns: int) -> list[Effect]:
        """Repeat the request that is open, if there is one."""
        step = self._step
        if step is None:
            return []
        if self._phase == "serving":
            return self._serve(step, now_ns)
        crossing = self._crossings.get(step.step)
        if step.action == "cross" and self._phase in ("accepted", "permitted"):
            if crossing is None or not crossing.entered:
                return self._ask_permit(step, now_ns)
            if self._next is not None and self._next.action == "cross":
                return self._ask_permit(self._next, now_ns)
        return []

    # --- lanes --------------------------------------------------------------------------------

    def _ask_permit(self, step: StartStep, now_ns: int) -> list[Effect]:
        crossing = self._crossings.get(step.step)
        held_until_ns = crossing.expires_ns if crossing is not None else 0
        request = RequestPermit(step.step, self.name, step.place, held_until_ns)
        return [
            Send(step.station, request),
            SetTimer("retry", now_ns + RETRY_NS),
        ]

    def _in_lane_unawares(self) -> bool:
        """Whether a crossing begun before a restart has already brought the AGV into the lane.

        It was permitted then, and another permit might never come.
        """
        step = self._step
        return (
            step is not None
            and step.action == "cross"
            and self._phase == "accepted"
            and step.enter > 0
            and self._cleared >= step.enter - 1
        )

    def _forget_expired(self, now_ns: int) -> None:
        """A permit that ran out while nobody could renew it is asked for anew."""
        step = self._step
        if step is None or step.action != "cross" or self._phase != "permitted":
            return
        crossing = self._crossings[step.step]
        if not crossing.entered and crossing.expires_ns <= now_ns:
            del self._crossings[step.step]
            self._phase = "accepted"

    def _on_permit(self, step_number: int, expires_ns: int, now_ns: int) -> list[Effect]:
        """Hold the permit, and renew it in good time for as long as the lane is not entered."""
        step = self._step
        if self._next is not None and self._next.step == step_number:
            step = self._next
        if step is None or step.step != step_number or step.action != "cross":
            return []
        if expires_ns <= now_ns:
            return []  # comes late
        effects: list[Effect] = []
        if step is self._next or self._phase == "accepted":
            if step is not self._next:
                self._phase = "permitted"
            if step.step not in self._crossings:
                crossed = Crossing(step.station, step.enter, step.arrive, expires_ns)
                self._crossings[step.step] = crossed
                effects += [*self._show_driving(), self._report(now_ns)]
        crossing = self._crossings.get(step.step)
        if crossing is not None and not crossing.entered:
            crossing.expires_ns = max(crossing.expires_ns, expires_ns)
            renew_ns = now_ns + max((crossing.expires_ns - now_ns) // 2, QUERY_NS)
            effects.append(SetTimer("retry", renew_ns))
        return effects

    def _on_permit_refused(self, step_number: int, now_ns: int) -> list[Effect]:
        step = self._step
        if step is None or step.step != step_number or self._phase != "accepted":
            return []  # whether a crossing that was permitted is given up, the fleet manager says
        if not self._may_give_up_crossing():
            return []
        return [*self._give_up_crossing(now_ns), self._report(now_ns)]

    def _may_give_up_crossing(self) -> bool:
        """Whether the present step is a crossing, and the lane has not been entered."""
        step = self._step
        if step is None or step.action != "cross" or self._phase not in ("accepted", "permitted"):
            return False
        crossing = self._crossings.get(step.step)
        entered = crossing is not None and crossing.entered
        return not entered and not self._in_lane_unawares()

    def _give_up_crossing(self, now_ns: int) -> list[Effect]:
        """Leave the present step, and give its permit back."""
        step = self._step
        assert step is not None
        self._phase = "refused"
        return [
            CancelTimer("retry"), *self._show("idle", ""), *self._give_permit_back(step, now_ns),
        ]  # fmt: skip

    def _give_up_next(self, now_ns: int) -> list[Effect]:
        """Leave the step that was to follow the lane."""
        following, self._next = self._next, None
        assert following is not None
        return self._give_permit_back(following, now_ns) if following.action == "cross" else []

    def _give_permit_back(self, step: StartStep, now_ns: int) -> list[Effect]:
        """Also one that was given and has not come."""
        given_back = Crossing(step.station, 0, -1, 0, entered=True, left=True)
        self._crossings[step.step] = given_back
        return self._tell_lanes(now_ns, repeat=False)

    def _tell_lanes(self, now_ns: int, repeat: bool) -> list[Effect]:
        """Say what is new, or repeat what a lane has not confirmed."""
        effects: list[Effect] = []
        for step, crossing in self._crossings.items():
            if not crossing.entered or (repeat and crossing.noted):
                continue
            crossing.noted = False
            told = LaneLeft if crossing.left else LaneEntered
            effects.append(Send(crossing.lane, told(step, self.name)))
        if effects:
            effects.append(SetTimer("lane", now_ns + RETRY_NS))
        return effects

    def _on_lane_noted(self, step: int, entered: bool) -> list[Effect]:
        crossing = self._crossings.get(step)
        if crossing is None or entered == crossing.left:
            return []  # of what was told before the last
        crossing.noted = True
        if crossing.left:
            del self._crossings[step]
        waiting = any(c.entered and not c.noted for c in self._crossings.values())
        return [] if waiting else [CancelTimer("lane")]

    # --- saying -------------------------------------------------------------------------------

    def _accepted(self) -> int:
        newest = self._next or self._step
        return newest.step if newest is not None else 0

    def _report(self, now_ns: int, visits: tuple[Visit, ...] = ()) -> Send:
        step = self._step
        report = AgvReport(
            agv=self.name,
            stamp_ns=now_ns,
            accepted=self._accepted(),
            step=step.step if step is not None else 0,
            phase=self._phase,
            outcome=self._outcome,
            grant=self._grant,
            cleared=self._cleared,
            stood=self._stood,
            battery_pct=self._battery_pct,
            permitted=max((n for n, c in self._crossings.items() if not c.left), default=0),
            visits=visits,
            fault=self._fault,
            limit=max(self._limit.number, self._kept_limit),
            image=self._image,
            no_image=self._no_image,
        )
        return Send(self.fleet, report)

    def _show_present(self) -> list[Effect]:
        step = self._step
        if step is None or self._phase in ("done", "refused"):
            return self._show("idle", "")
        if self._phase == "serving":
            return self._show_serving(step)
        return self._show_driving()

    def _show_driving(self) -> list[Effect]:
        step = self._step
        if step is None or self._phase not in ("accepted", "permitted", "abandoned"):
            return []
        if step.action == "cross":
            if self._phase == "abandoned":
                return self._show("idle", "")
            crossing = self._crossings.get(step.step)
            if crossing is None:
                return self._show("waiting_permit", step.station)
            return self._show("crossing" if crossing.entered else "driving", step.station)
        return self._show("driving", step.place)

    def _show_serving(self, step: StartStep) -> list[Effect]:
        serving: dict[str, State] = {
            "load": "loading", "unload": "unloading", "scan": "scanning", "charge": "charging",
        }  # fmt: skip
        return self._show(serving[step.action], step.station or step.place)

    def _show(self, state: State, detail: str) -> list[Effect]:
        """Go over to a state; people hear of it when it is another one.

        A fault is what they are to see for as long as it lasts.
        """
        if self._fault and state not in ("unknown", "link_lost"):
            state, detail = "faulted", self._fault
        if state == self.state:
            return []
        self.state = state
        return [Emit(DeviceChanged(self.name, "vehicle", state, detail))]
