"""The clearance of one side: what officers decide about consignments, and what follows from it.

It commands its own side's decisions only, and tells the other side's clearance what that has to
know. All that it sends is repeated until it is answered (`_outbox`); all that it takes in twice
changes nothing the second time. Which step comes when, stands in `actors.consignment.transitions`.
"""

from typing import Literal

from actors.base import Message, Side
from actors.border import (
    AskReady,
    BorderAnswer,
    Channel,
    ClearanceResult,
    ConsignmentEnded,
    Crossed,
    Custody,
    CustodyChanged,
    CustodyTaken,
    Decide,
    Declaration,
    Declare,
    Dispose,
    ExchangeAnswer,
    Fate,
    GateIn,
    HoldChanged,
    HoldKind,
    LiftHold,
    Matter,
    Officer,
    Outcome,
    PreAdvice,
    PutHold,
    Ready,
    Register,
    Result,
    SetDownLoad,
    SetSide,
    SideChanged,
    StandDown,
    Step,
    StepsVoided,
    StepTaken,
)  # fmt: skip
from actors.consignment.identity import IdentityError, channel, container_number, hs_code
from actors.consignment.record import Hold, Record, Taken
from actors.consignment.transitions import TRANSITIONS
from actors.effects import Effect, Emit, Reply, Send, SetTimer
from actors.messages import (
    Alarm,
    AllowLeg,
    CancelOrder,
    Guard,
    GuardOrder,
    Leg,
    OrderReport,
    OrderRequest,
    QueryOrder,
    SetDown,
    Started,
    TimerFired,
)  # fmt: skip
from actors.site.model import CommoditySection
from actors.site.rules import BorderRules

REPEAT_NS = 5 * 10**9
"""What is not answered is sent again after this time [ours]."""
READY_NS = 120 * 10**9
"""For so long a lane may be granted after the other side has said that it is ready [ours]."""
COMMANDS_MAX = 1000
"""So many commands are taken for one consignment [ours]: their answers are all kept."""
ANSWERS_MAX = 100_000
"""So many answers about declarations and the side are kept, the newest [ours]."""
Command = (
    Declare | Register | GateIn | Decide | PutHold | LiftHold | SetDownLoad | Dispose | SetSide
)


class RefusedError(Exception):
    """A command that is not carried out, and why."""


def clearance_name(side: Side) -> str:
    """The name of a side's clearance."""
    return f"clearance-{side}"


class Clearance:
    """Machine of one side's clearance. `fleet` is the fleet manager's name."""

    def __init__(self, side: Side, fleet: str, rules: BorderRules) -> None:
        self.name = clearance_name(side)
        self.side, self.fleet, self.rules = side, fleet, rules
        self.other = clearance_name(next(s for s in rules.sides if s != side))
        self.records: dict[str, Record] = {}
        self.is_open = True
        self._system = Officer(self.name, "system", side)
        self._room: dict[str, str] = {}
        """Consignments for which room is kept, with the question that it was kept for."""
        self._void: set[str] = set()
        """Questions for room that were taken back: they come late."""
        self._outbox: dict[tuple[str, str], tuple[str, Message]] = {}
        """What is not answered, by kind and consignment: to whom, and what."""
        self._answers: dict[str, tuple[Message, BorderAnswer]] = {}
        """Those to `Declare` and `SetSide`; of any other command, its consignment keeps it."""

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """One message in; then every step is taken that has become possible."""
        match message:
            case (
                Declare() | Register() | GateIn() | Decide() | PutHold() | LiftHold()
                | SetDownLoad() | Dispose() | SetSide()
            ):  # fmt: skip
                return self._command(message, now_ns)
            case PreAdvice():
                return self._on_pre_advice(message, now_ns)
            case ExchangeAnswer():
                return self._on_answer(message, now_ns)
            case AskReady(asked, consignment):
                return self._on_ask_ready(asked, consignment, now_ns)
            case Ready():
                return self._on_ready(message, now_ns)
            case StandDown(number, consignment, asked):
                self._void.add(asked)
                if self._room.get(consignment) == asked:
                    del self._room[consignment]
                return [Send(self.other, ExchangeAnswer(number, consignment, "ack"))]
            case Crossed():
                return self._on_crossed(message, now_ns)
            case CustodyTaken(event_id, consignment):
                return self._on_custody_taken(event_id, consignment, now_ns)
            case ClearanceResult():
                return self._on_result(message)
            case OrderReport():
                return self._on_report(message, now_ns)
            case Started():
                return [SetTimer("repeat", now_ns + REPEAT_NS)]
            case TimerFired("repeat"):
                return self._repeat(now_ns)
            case _:
                return []

    # --- commands -----------------------------------------------------------------------------

    def _command(self, message: Command, now_ns: int) -> list[Effect]:
        """Carry a command out, or answer its repeat as it was answered."""
        name = _subject(message)
        record = self.records.get(name)
        answers: dict[str, tuple[Message, BorderAnswer]] | None = None
        if isinstance(message, Declare | SetSide):
            answers = self._answers
        elif record is not None:
            answers = record.answers
        if answers is not None and message.id in answers:
            known, answer = answers[message.id]
            if known != message:
                answer = BorderAnswer(message.id, "conflict", "the id is of another command")
            return [Reply(answer)]
        if answers is None:
            return [Reply(BorderAnswer(message.id, "unknown", f"no consignment {name}"))]
        if record is not None and len(record.answers) >= COMMANDS_MAX:
            return [Reply(BorderAnswer(message.id, "refused", f"{COMMANDS_MAX} commands"))]
        outcome: Outcome = "done"
        reason = ""
        try:
            effects = self._carry_out(message, record, now_ns)
        except RefusedError as refused:
            effects, outcome, reason = [], "refused", str(refused)
        record = self.records.get(name)
        if record is not None:
            effects += self._advance(record, now_ns)
        elif isinstance(message, SetSide):
            for other in self.records.values():
                effects += self._advance(other, now_ns)
        answer = BorderAnswer(message.id, outcome, reason, record.last if record else None)
        answers[message.id] = (message, answer)
        if len(self._answers) > ANSWERS_MAX:
            del self._answers[next(iter(self._answers))]
        return [Reply(answer), *effects]

    def _carry_out(self, message: Command, record: Record | None, now_ns: int) -> list[Effect]:
        by = message.by
        if by.side != self.side:
            raise RefusedError(f"an officer of {by.side}, on side {self.side}")
        if by.role == "system" or not by.name:
            raise RefusedError("no decision without an officer's name and role")
        deciders = self.rules.at(now_ns).deciders
        if isinstance(message, Declare):
            return self._declare(message, record, now_ns)
        if isinstance(message, SetSide):
            _need(by, deciders.side, message.reason)
            self.is_open = message.is_open
            return [Emit(SideChanged(self.side, message.is_open, by, message.reason))]
        assert record is not None
        if record.ended:
            raise RefusedError(f"it has ended: {record.ended}")
        match message:
            case Register():
                return self._register(record, message, now_ns)
            case GateIn():
                return self._gate_in(record, message, now_ns)
            case Decide(_, _, _, what, reason):
                if what == "papers" or what == "inspection" or what == "release":
                    return self._settle(record, what, by, reason, now_ns)
                return self._decide(record, what, by, reason, now_ns)
            case PutHold(_, _, _, kind, reason):
                return self._put_hold(record, kind, by, reason, now_ns)
            case LiftHold(_, _, _, kind, reason):
                _need(by, getattr(self.rules.at(now_ns).holds, kind), reason)
                if kind not in record.holds:
                    raise RefusedError(f"no hold {kind}")
                del record.holds[kind]
                return [Emit(HoldChanged(_id(record), self.side, kind, False, by, reason))]
            case SetDownLoad(_, _, _, reason):
                return self._set_down(record, by, reason)
            case Dispose(_, _, _, fate, reason):
                _need(by, deciders.ended, reason)
                return self._dispose(record, fate, by, reason)

    def _decide(
        self, record: Record, step: Step, by: Officer, reason: str, now_ns: int
    ) -> list[Effect]:
        if step in ("registered", "gated_in", "declared"):
            raise RefusedError(f"{step} has a command of its own")
        role = getattr(self.rules.at(now_ns).deciders, step, None)
        set_down = step == "on_truck" and record.set_down
        if role is None or not (TRANSITIONS[step].taker == "command" or set_down):
            raise RefusedError(f"{step} is not decided by officers")
        _need(by, role, reason)
        effects = self._take_own(record, step, by, reason, now_ns)
        if step == "gated_out":
            name = _id(record)
            effects.append(self._custody(name, "left", f"{name}/gated_out"))
            effects += self._end(record, "released", by, reason)
        return effects

    def _declare(self, message: Declare, record: Record | None, now_ns: int) -> list[Effect]:
        goods = message.declaration
        if message.by.role != "enterprise":
            raise RefusedError("enterprises declare")
        if record is not None:
            raise RefusedError(f"{goods.id} has been declared")
        wrong = _misread(goods)
        if wrong:
            raise RefusedError(wrong)
        direction = f"{goods.from_side}-{goods.to_side}"
        if goods.from_side != self.side or direction not in self.rules.scans:
            raise RefusedError(f"direction {direction}, on side {self.side}")
        if self._commodity(goods, now_ns) is None:
            raise RefusedError(f"HS {goods.hs} of {goods.origin} is not allowed {direction}")
        record = self._new(goods)
        return self._take(record, "declared", message.by, "", now_ns)

    def _register(self, record: Record, message: Register, now_ns: int) -> list[Effect]:
        _need(message.by, self.rules.at(now_ns).deciders.registered, "registered")
        colour = self._risk(record.declaration, now_ns)
        if message.channel:
            try:
                colour = channel(message.channel, "channel").colour
            except IdentityError as error:
                raise RefusedError(str(error)) from None
        effects = self._take_own(record, "registered", message.by, message.channel, now_ns)
        record.number, record.channel = message.number, colour
        return effects

    def _gate_in(self, record: Record, message: GateIn, now_ns: int) -> list[Effect]:
        """What was read is a fact; what differs from the declaration is a hold."""
        rules, goods = self.rules.at(now_ns), record.declaration
        _need(message.by, rules.deciders.gated_in, "read at the gate")
        effects = self._take_own(record, "gated_in", message.by, "", now_ns)
        name = _id(record)
        effects.append(self._custody(name, "taken", f"{name}/gated_in"))
        differs = [
            f"{what}: read {read}, declared {declared}"
            for what, read, declared in (
                ("plate", message.plate, goods.plate),
                ("container", message.container, goods.container),
                ("seal", message.seal, goods.seal),
            )
            if read != declared
        ]
        tolerance_kg = goods.weight_kg * rules.weight_tolerance_pct / 100
        if abs(message.weight_kg - goods.weight_kg) > tolerance_kg:
            differs.append(f"weight: read {message.weight_kg}, declared {goods.weight_kg} [kg]")
        if differs:
            effects += self._hold(record, "identity", self._system, "; ".join(differs), now_ns)
        return effects

    def _settle(
        self, record: Record, matter: Matter, by: Officer, reason: str, now_ns: int
    ) -> list[Effect]:
        _need(by, getattr(self.rules.at(now_ns).deciders, matter), reason)
        if matter in record.matters:
            raise RefusedError(f"{matter} has been decided")
        if not record.has_custody or record.holds:
            raise RefusedError("not in this side's custody" if not record.holds else _held(record))
        if record.is_origin and "gated_in" not in record.steps:
            raise RefusedError("not gated in")
        record.matters[matter] = Taken(by, now_ns, reason)
        return [Emit(StepTaken(_id(record), self.side, matter, by, reason))]

    def _put_hold(
        self, record: Record, kind: HoldKind, by: Officer, reason: str, now_ns: int
    ) -> list[Effect]:
        if by.role == "enterprise" or not reason:
            raise RefusedError("an officer puts a hold, with a reason")
        if kind in record.holds:
            raise RefusedError(f"hold {kind} is on")
        if record.is_origin and "lane_granted" in record.steps:
            raise RefusedError("its lane has been granted: the receiving side decides")
        return self._hold(record, kind, by, reason, now_ns)

    def _set_down(self, record: Record, by: Officer, reason: str) -> list[Effect]:
        if by.role == "enterprise" or not reason:
            raise RefusedError("an officer sets down, with a reason")
        report = record.report
        if not record.has_custody or report is None or not report.loaded or record.set_down:
            raise RefusedError("it is not on an AGV in this side's custody")
        if record.is_origin and "lane_granted" in record.steps:
            raise RefusedError("its lane has been granted: the receiving side decides")
        if report.state in ("done", "failed", "cancelled"):
            raise RefusedError(f"its order is {report.state}")
        down = SetDown(f"{record.order}/down", record.order, self.name, reason)
        return [self._tell("down", _id(record), self.fleet, down)]

    def _dispose(self, record: Record, fate: Fate, by: Officer, reason: str) -> list[Effect]:
        """End it, where the container is nowhere that it would have to be fetched from."""
        if not record.has_custody or record.order:
            raise RefusedError("it is under way on an AGV, or not in this side's custody")
        if fate == "diverted" and "on_agv" in record.steps:
            raise RefusedError("it has been loaded")
        if "released" in record.steps:
            raise RefusedError("it is released")
        name = _id(record)
        effects = self._end(record, fate, by, reason)
        if "gated_in" in record.steps:
            effects.append(self._custody(name, "left", f"{name}/{fate}"))
        if not record.is_origin and fate in ("seized", "returned"):
            result = ClearanceResult(f"{name}/result", name, fate, reason)
            effects.append(self._tell("result", name, self.other, result))
        return effects

    # --- steps --------------------------------------------------------------------------------

    def _take_own(
        self, record: Record, step: Step, by: Officer, reason: str, now_ns: int
    ) -> list[Effect]:
        """A step that an officer takes: it is the next one, this side's, and nothing holds it."""
        if record.next != step:
            raise RefusedError(f"the next step is {record.next}")
        if record.side_of(step) != self.side:
            raise RefusedError(f"{step} is decided by {record.side_of(step)}")
        if TRANSITIONS[step].stopped_by_holds and record.holds:
            raise RefusedError(_held(record))
        return self._take(record, step, by, reason, now_ns)

    def _take(
        self, record: Record, step: Step, by: Officer, reason: str, now_ns: int, event_id: str = ""
    ) -> list[Effect]:
        assert record.next == step
        record.steps[step] = Taken(by, now_ns, reason)
        return [Emit(StepTaken(_id(record), self.side, step, by, reason, event_id))]

    def _advance(self, record: Record, now_ns: int) -> list[Effect]:
        """Take every step that needs no word of an officer, as far as it goes."""
        effects: list[Effect] = []
        while not record.ended:
            step = record.next
            if step is None or record.side_of(step) != self.side:
                break
            if TRANSITIONS[step].stopped_by_holds and record.holds:
                break
            effects += self._try(record, step, now_ns)
            if record.next == step:
                break
        return effects + self._see_to_order(record)

    def _try(self, record: Record, step: Step, now_ns: int) -> list[Effect]:
        """The conditions of steps that are automatic, or facts of the fleet; nothing: not yet."""
        rules, report, name = self.rules.at(now_ns), record.report, _id(record)
        channel = getattr(rules.channels, record.channel)

        def take(reason: str) -> list[Effect]:
            return self._take(record, step, self._system, reason, now_ns)

        match step:
            case "pre_advised" if not record.holds and ("advice", name) not in self._outbox:
                goods = record.declaration
                advice = PreAdvice(f"{name}/advice", goods, record.number, record.channel)
                return [self._tell("advice", name, self.other, advice)]
            case "quarantine_cleared":
                allowed = self._commodity(record.declaration, now_ns)
                needed = allowed is None or allowed.quarantine
                return [] if needed else take("not needed")
            case "exit_approved" if all(matter in record.matters for matter in channel.exit):
                return take(f"{record.channel}: {', '.join(channel.exit) or 'nothing needed'}")
            case "on_agv" if report is not None and report.loaded:
                return take(report.order)
            case "scanned" if report is not None and report.verdict is not None:
                effects = take(report.verdict)
                if report.verdict != "clear":
                    text = f"image {report.verdict}"
                    effects += self._hold(record, "image", self._system, text, now_ns)
                return effects
            case "lane_granted":
                return self._try_grant(record, now_ns)
            case "crossed" if report is not None and report.crossed:
                event_id = f"{report.order}/crossed"
                effects = self._take(record, step, self._system, report.order, now_ns, event_id)
                crossed = Crossed(event_id, name, now_ns)
                effects.append(self._custody(name, "offered", event_id))
                return [*effects, self._tell("crossed", name, self.other, crossed)]
            case "entry_cleared" if all(matter in record.matters for matter in channel.entry):
                return take(f"{record.channel}: {', '.join(channel.entry) or 'nothing needed'}")
            case "on_truck" if report is not None and report.state == "done":
                record.order = ""
                return take(report.order)
            case "released":
                result = ClearanceResult(f"{name}/result", name, "released", "")
                return [*take("on its truck"), self._tell("result", name, self.other, result)]
            case _:
                return []

    def _try_grant(self, record: Record, now_ns: int) -> list[Effect]:
        """The lane permit's two phases: the other side keeps room, then this one grants."""
        name = _id(record)
        if not (self.is_open and self.rules.is_hour(self.side, now_ns)):
            return []
        if ("down", name) in self._outbox:
            return []
        if record.ready_until_ns > now_ns:
            self._outbox.pop(("ask", name), None)
            return self._take(
                record, "lane_granted", self._system, "the other side is ready", now_ns
            )
        if ("ask", name) in self._outbox:
            return []
        asking = AskReady(f"{name}/ready{record.asks}", name)
        return [self._tell("ask", name, self.other, asking)]

    def _see_to_order(self, record: Record) -> list[Effect]:
        """Have what may be moved moved, and nothing else."""
        name, report = _id(record), record.report
        steps = record.steps
        if record.is_origin and "exit_approved" in steps and "on_agv" not in steps:
            if record.holds or record.ended:
                unsent = ("cancel", name) not in self._outbox
                if record.order and unsent and (report is None or not report.loaded):
                    return [self._tell("cancel", name, self.fleet, CancelOrder(record.order))]
                return []
            self._outbox.pop(("cancel", name), None)
            if not record.order:
                return [self._order(record)]
            return []
        if not record.order:
            return []
        leg: Leg | None = None
        if record.is_origin and "lane_granted" in steps and "crossed" not in steps:
            leg = "cross"
        elif not record.is_origin and "entry_cleared" in steps and "on_truck" not in steps:
            leg = "unload"
        if leg is None or (leg, name) in self._outbox:
            return []
        if report is not None and leg in report.allowed:
            return []
        allowing = AllowLeg(f"{record.order}/{leg}", record.order, leg, self.name)
        return [self._tell(leg, name, self.fleet, allowing)]

    def _order(self, record: Record) -> Effect:
        goods = record.declaration
        record.attempts += 1
        record.order, record.report = f"{goods.id}-{record.attempts}", None
        request = OrderRequest(
            id=record.order,
            container=goods.container,
            size_type=goods.size_type,
            from_side=goods.from_side,
            to_side=goods.to_side,
            priority=int(goods.perishable),
            twin_container=goods.twin_container,
        )
        guard = Guard(goods.id, self.name, self.other)
        return self._tell("order", goods.id, self.fleet, GuardOrder(request, guard))

    def _hold(
        self, record: Record, kind: HoldKind, by: Officer, reason: str, now_ns: int
    ) -> list[Effect]:
        record.holds[kind] = Hold(by, now_ns, reason)
        self._outbox.pop(("ask", _id(record)), None)
        return [Emit(HoldChanged(_id(record), self.side, kind, True, by, reason))]

    def _end(self, record: Record, result: Result, by: Officer, reason: str) -> list[Effect]:
        record.ended = result
        name = _id(record)
        self._room.pop(name, None)
        for kind in ("advice", "ask"):
            self._outbox.pop((kind, name), None)
        return [Emit(ConsignmentEnded(name, self.side, result, by, reason))]

    def _custody(self, name: str, custody: Custody, event_id: str) -> Effect:
        return Emit(CustodyChanged(name, self.side, custody, event_id))

    # --- the other side -----------------------------------------------------------------------

    def _on_pre_advice(self, advice: PreAdvice, now_ns: int) -> list[Effect]:
        goods = advice.declaration
        outcome: Literal["ack", "nak"]
        if goods.to_side != self.side:
            return []
        if goods.id in self.records:
            same = self.records[goods.id].declaration == goods
            outcome, why = ("ack", "") if same else ("nak", f"{goods.id} is another consignment")
        elif wrong := _misread(goods):
            outcome, why = "nak", wrong
        elif self._commodity(goods, now_ns) is None:
            outcome, why = "nak", f"HS {goods.hs} of {goods.origin} is not allowed"
        else:
            outcome, why = "ack", ""
            record = self._new(goods)
            record.number, record.channel = advice.number, advice.channel
            self._mirror(record, "pre_advised", now_ns)
        answer = ExchangeAnswer(advice.id, goods.id, outcome, why)
        return [Send(self.other, answer)]

    def _on_answer(self, answer: ExchangeAnswer, now_ns: int) -> list[Effect]:
        name, record = answer.consignment, self.records.get(answer.consignment)
        for kind in ("advice", "result", "stand_down"):
            waiting = self._outbox.get((kind, name))
            if waiting is None or waiting[1].id != answer.id:  # type: ignore[attr-defined]
                continue
            del self._outbox[kind, name]
            if kind != "advice" or record is None or record.ended:
                continue
            if answer.outcome == "nak":
                if "other_side" in record.holds:
                    return []
                return self._hold(record, "other_side", self._system, answer.reason, now_ns)
            effects = self._take(record, "pre_advised", self._system, "acknowledged", now_ns)
            return effects + self._advance(record, now_ns)
        return []

    def _on_ask_ready(self, asked: str, name: str, now_ns: int) -> list[Effect]:
        """Keep room, unless this side is closed, full, or holds the consignment itself."""
        record = self.records.get(name)
        if asked in self._void or record is None or record.is_origin:
            return []
        why = ""
        if record.ended or "crossed" in record.steps:
            return []  # comes late
        if not (self.is_open and self.rules.is_hour(self.side, now_ns)):
            why = "closed"
        elif record.holds:
            why = _held(record)
        elif name not in self._room and len(self._room) >= self.rules.at(now_ns).room:
            why = "no room"
        if why:
            return [Send(self.other, Ready(asked, name, ready=False, reason=why))]
        self._room[name] = asked
        return [Send(self.other, Ready(asked, name, ready=True, until_ns=now_ns + READY_NS))]

    def _on_ready(self, ready: Ready, now_ns: int) -> list[Effect]:
        record = self.records.get(ready.consignment)
        if record is None or record.ended or not ready.ready:
            return []  # asked again
        if record.next != "lane_granted" or ready.id != f"{ready.consignment}/ready{record.asks}":
            return []
        record.ready_until_ns = max(record.ready_until_ns, ready.until_ns)
        return self._advance(record, now_ns)

    def _on_crossed(self, crossed: Crossed, now_ns: int) -> list[Effect]:
        """Authority passes: log it under the same number, and say that it is had."""
        record = self.records.get(crossed.consignment)
        if record is None or record.is_origin:
            return []
        name = crossed.consignment
        effects: list[Effect] = []
        if "crossed" not in record.steps:
            self._mirror(record, "lane_granted", now_ns)
            effects += self._take(record, "crossed", self._system, "", now_ns, crossed.id)
            effects += self._take(record, "handed_over", self._system, "", now_ns, crossed.id)
            effects.append(self._custody(name, "taken", crossed.id))
        effects.append(Send(self.other, CustodyTaken(crossed.id, name)))
        return effects + self._advance(record, now_ns)

    def _on_custody_taken(self, event_id: str, name: str, now_ns: int) -> list[Effect]:
        waiting = self._outbox.get(("crossed", name))
        if waiting is None or waiting[1].id != event_id:  # type: ignore[attr-defined]
            return []
        del self._outbox["crossed", name]
        record = self.records[name]
        self._mirror(record, "handed_over", now_ns)
        record.order = ""
        return [self._custody(name, "given", event_id)]

    def _on_result(self, message: ClearanceResult) -> list[Effect]:
        record = self.records.get(message.consignment)
        if record is None or not record.is_origin or "handed_over" not in record.steps:
            return []  # its custody answer is under way: asked again
        effects: list[Effect] = []
        if not record.ended:
            effects = self._end(record, message.result, self._system, message.reason)
        answer = ExchangeAnswer(message.id, message.consignment, "ack")
        return [*effects, Send(self.other, answer)]

    # --- the fleet ----------------------------------------------------------------------------

    def _on_report(self, report: OrderReport, now_ns: int) -> list[Effect]:
        name, record = report.consignment, self.records.get(report.consignment)
        if record is None:
            return []
        known = record.report
        if record.is_origin and record.order != report.order:
            return []  # of an order that is over
        if known is not None and _newness(known) >= _newness(report):
            return []
        record.report = report
        if not record.is_origin:
            record.order = report.order
        for kind in ("order", *report.allowed, *(("cancel",) if report.loaded else ())):
            self._outbox.pop((kind, name), None)
        effects: list[Effect] = []
        if report.state in ("failed", "cancelled"):
            effects = self._on_set_down(record, report)
        elif report.state == "done":
            self._outbox.pop(("down", name), None)
            if not record.is_origin:
                self._room.pop(name, None)
        return effects + self._advance(record, now_ns)

    def _on_set_down(self, record: Record, report: OrderReport) -> list[Effect]:
        """Its order has ended short of the truck: the container stands in this side's yard."""
        name = _id(record)
        for kind in ("down", "cancel", "cross", "unload"):
            self._outbox.pop((kind, name), None)
        if report.crossed:
            if not record.is_origin:
                record.set_down, record.order = True, ""
                self._room.pop(name, None)
            return []
        if not record.is_origin or "crossed" in record.steps:
            return []
        record.order, record.report = "", None
        effects: list[Effect] = []
        later = record.way[record.way.index("exit_approved") + 1 :]
        if any(step in record.steps for step in later):
            for step in later:
                record.steps.pop(step, None)
            reason = f"{report.order} {report.state}"
            effects.append(Emit(StepsVoided(name, self.side, "exit_approved", reason)))
        if report.loaded:
            asked = f"{name}/ready{record.asks}"
            record.asks, record.ready_until_ns = record.asks + 1, 0
            self._outbox.pop(("ask", name), None)
            down = StandDown(f"{asked}/down", name, asked)
            effects.append(self._tell("stand_down", name, self.other, down))
        return effects

    # --- repeating ----------------------------------------------------------------------------

    def _tell(self, kind: str, name: str, to: str, message: Message) -> Effect:
        """Send, and send again until it is answered."""
        self._outbox[kind, name] = (to, message)
        return Send(to, message)

    def _repeat(self, now_ns: int) -> list[Effect]:
        effects: list[Effect] = [Send(to, message) for to, message in self._outbox.values()]
        stay_ns = round(self.rules.at(now_ns).stay_h_max * 3600e9)
        for name, record in self.records.items():
            if record.ended or "gated_out" in record.steps:
                continue
            effects += self._advance(record, now_ns)
            if record.order:
                effects.append(Send(self.fleet, QueryOrder(record.order, self.name)))
            came = record.steps.get("gated_in" if record.is_origin else "handed_over")
            late = came is not None and now_ns - came.at_ns > stay_ns
            if late and record.has_custody and not record.overstayed:
                record.overstayed = True
                text = f"longer than {stay_ns // (3600 * 10**9)} h on side {self.side}"
                effects.append(Emit(Alarm(self.name, "consignment_stays", name, text)))
        return [*effects, SetTimer("repeat", now_ns + REPEAT_NS)]

    # --- records ------------------------------------------------------------------------------

    def _new(self, goods: Declaration) -> Record:
        scan = self.rules.scans[f"{goods.from_side}-{goods.to_side}"]
        record = self.records[goods.id] = Record(self.side, goods, scan)
        return record

    def _mirror(self, record: Record, until: Step, now_ns: int) -> None:
        """Note steps that the other side has taken: they are told of there."""
        other = Officer(self.other, "system", next(s for s in self.rules.sides if s != self.side))
        for step in record.way[: record.way.index(until) + 1]:
            record.steps.setdefault(step, Taken(other, now_ns, "told by the other side"))

    def _commodity(self, goods: Declaration, now_ns: int) -> CommoditySection | None:
        direction, code = f"{goods.from_side}-{goods.to_side}", hs_code(goods.hs, "hs")
        for allowed in self.rules.at(now_ns).commodities:
            fits = goods.origin in allowed.origins and code.digits.startswith(allowed.hs)
            if fits and allowed.direction == direction:
                return allowed
        return None

    def _risk(self, goods: Declaration, now_ns: int) -> Channel:
        code = hs_code(goods.hs, "hs")
        for entry in self.rules.at(now_ns).risk:
            if goods.origin in entry.origins and code.digits.startswith(entry.hs):
                return entry.channel
        return "red"


def _subject(message: Command) -> str:
    if isinstance(message, Declare):
        return message.declaration.id
    return "" if isinstance(message, SetSide) else message.consignment


def _misread(goods: Declaration) -> str:
    """What of a declaration's identities cannot be one; empty: all can."""
    try:
        container_number(goods.container, "container")
        if goods.twin_container:
            container_number(goods.twin_container, "twin_container")
        hs_code(goods.hs, "hs")
    except IdentityError as error:
        return str(error)
    return ""


def _id(record: Record) -> str:
    return record.declaration.id


def _newness(report: OrderReport) -> tuple[int, int]:
    """Attempts are counted upwards, and so are the reports on each."""
    return int(report.order.rpartition("-")[2]), report.number


def _held(record: Record) -> str:
    return f"held: {', '.join(record.holds)}"


def _need(by: Officer, role: str, reason: str) -> None:
    if by.role != role:
        raise RefusedError(f"decided by {role}, not {by.role}")
    if not reason:
        raise RefusedError("no decision without a reason")
