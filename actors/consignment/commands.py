"""Officers' commands: who may say what, and what follows from it."""

from typing import Literal

from actors.border import (
    BorderAnswer,
    ClearanceResult,
    Command,
    Decide,
    Declare,
    Dispose,
    Fate,
    GateIn,
    HoldChanged,
    HoldKind,
    ImageJudged,
    LiftHold,
    Matter,
    Officer,
    Outcome,
    PutHold,
    Register,
    SetDownLoad,
    SetSide,
    SideChanged,
    Step,
    StepTaken,
)  # fmt: skip
from actors.consignment.desk import Desk
from actors.consignment.goods import commodity, misnumbered, misread, risk
from actors.consignment.identity import IdentityError, channel, plate
from actors.consignment.record import Record, Taken
from actors.consignment.steps import advance
from actors.consignment.transitions import TRANSITIONS
from actors.effects import Effect, Emit, Reply
from actors.messages import SetDown

COMMANDS_MAX = 1000
"""So many commands are taken for one consignment [ours]: their answers are all kept."""
ANSWERS_MAX = 100_000
"""So many answers about declarations and the side are kept, the newest [ours]."""


class RefusedError(Exception):
    """A command that is not carried out, and why."""


def command(desk: Desk, message: Command, now_ns: int) -> list[Effect]:
    """Carry a command out, or answer its repeat as it was answered."""
    name = _subject(message)
    record = desk.book.records.get(name)
    answers: dict[str, tuple[Command, BorderAnswer]] | None = None
    if isinstance(message, Declare | SetSide):
        answers = desk.book.answers
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
        effects = _carry_out(desk, message, record, now_ns)
    except RefusedError as refused:
        effects, outcome, reason = [], "refused", str(refused)
    record = desk.book.records.get(name)
    if record is not None:
        effects += advance(desk, record, now_ns)
    elif isinstance(message, SetSide):
        for other in desk.book.records.values():
            effects += advance(desk, other, now_ns)
    answer = BorderAnswer(message.id, outcome, reason, record.last if record else None)
    answers[message.id] = (message, answer)
    if len(desk.book.answers) > ANSWERS_MAX:
        del desk.book.answers[next(iter(desk.book.answers))]
    return [Reply(answer), *effects]


def _carry_out(desk: Desk, message: Command, record: Record | None, now_ns: int) -> list[Effect]:
    by = message.by
    if by.side != desk.side:
        raise RefusedError(f"an officer of {by.side}, on side {desk.side}")
    if by.role in ("system", "engineer") or not by.name:
        raise RefusedError("no decision without an officer's name and role")
    deciders = desk.rules.at(now_ns).deciders
    if isinstance(message, Declare):
        return _declare(desk, message, record, now_ns)
    if isinstance(message, SetSide):
        _need(by, deciders.side, message.reason)
        desk.book.is_open = message.is_open
        return [Emit(SideChanged(desk.side, message.is_open, by, message.reason))]
    assert record is not None
    if record.ended:
        raise RefusedError(f"it has ended: {record.ended}")
    match message:
        case Register():
            return _register(desk, record, message, now_ns)
        case GateIn():
            return _gate_in(desk, record, message, now_ns)
        case Decide(_, _, _, what, reason):
            if what == "papers" or what == "inspection" or what == "release":
                return _settle(desk, record, what, by, reason, now_ns)
            return _decide(desk, record, what, by, reason, now_ns)
        case PutHold(_, _, _, kind, reason):
            return _put_hold(desk, record, kind, by, reason, now_ns)
        case LiftHold(_, _, _, kind, reason):
            _need(by, getattr(desk.rules.at(now_ns).holds, kind), reason)
            if kind not in record.holds:
                raise RefusedError(f"no hold {kind}")
            del record.holds[kind]
            return [Emit(HoldChanged(record.id, desk.side, kind, False, by, reason))]
        case SetDownLoad(_, _, _, reason):
            return _set_down(desk, record, by, reason)
        case Dispose(_, _, _, fate, reason):
            _need(by, deciders.ended, reason)
            return _dispose(desk, record, fate, by, reason)


def _decide(
    desk: Desk, record: Record, step: Step, by: Officer, reason: str, now_ns: int
) -> list[Effect]:
    if step in ("registered", "gated_in", "declared"):
        raise RefusedError(f"{step} has a command of its own")
    role = getattr(desk.rules.at(now_ns).deciders, step, None)
    set_down = step == "on_truck" and record.set_down
    if role is None or not (TRANSITIONS[step].taker == "command" or set_down):
        raise RefusedError(f"{step} is not decided by officers")
    _need(by, role, reason)
    if set_down and record.holds:
        raise RefusedError(record.held)
    if step == "image_decided" and not record.image and "inspection" not in record.matters:
        raise RefusedError("there is no image: it is inspected by hand first")
    effects = _take_own(desk, record, step, by, reason, now_ns)
    if step == "image_decided":
        effects.append(_judged(desk, record, "clear", by, reason))
    if step == "gated_out":
        name = record.id
        effects.append(desk.custody(record, "left", f"{name}/gated_out"))
        effects += desk.end(record, "released", by, reason)
    return effects


def _declare(desk: Desk, message: Declare, record: Record | None, now_ns: int) -> list[Effect]:
    goods = message.declaration
    if message.by.role != "enterprise":
        raise RefusedError("enterprises declare")
    if record is not None:
        raise RefusedError(f"{goods.id} has been declared")
    wrong = misread(goods)
    if wrong:
        raise RefusedError(wrong)
    direction = f"{goods.from_side}-{goods.to_side}"
    if goods.from_side != desk.side or direction not in desk.rules.scans:
        raise RefusedError(f"direction {direction}, on side {desk.side}")
    if commodity(desk.rules, goods, now_ns) is None:
        raise RefusedError(f"HS {goods.hs} of {goods.origin} is not allowed {direction}")
    record = desk.new(goods)
    return desk.take(record, "declared", message.by, "", now_ns)


def _register(desk: Desk, record: Record, message: Register, now_ns: int) -> list[Effect]:
    _need(message.by, desk.rules.at(now_ns).deciders.registered, "registered")
    wrong = misnumbered(desk.rules, desk.side, record.declaration, message.number)
    if wrong:
        raise RefusedError(wrong)
    colour = risk(desk.rules, record.declaration, now_ns)
    if message.channel:
        try:
            colour = channel(message.channel, "channel").colour
        except IdentityError as error:
            raise RefusedError(str(error)) from None
    effects = _take_own(desk, record, "registered", message.by, message.channel, now_ns)
    record.number, record.channel = message.number, colour
    return effects


def _gate_in(desk: Desk, record: Record, message: GateIn, now_ns: int) -> list[Effect]:
    """What was read is a fact; what differs from the declaration is a hold."""
    rules, goods = desk.rules.at(now_ns), record.declaration
    _need(message.by, rules.deciders.gated_in, "read at the gate")
    effects = _take_own(desk, record, "gated_in", message.by, "", now_ns)
    name = record.id
    effects.append(desk.custody(record, "taken", f"{name}/gated_in"))
    differs = [
        f"{what}: read {read}, declared {declared}"
        for what, read, declared in (
            ("plate", plate(message.plate).normal, plate(goods.plate).normal),
            ("container", message.container, goods.container),
            ("seal", message.seal, goods.seal),
        )
        if read != declared
    ]
    tolerance_kg = goods.weight_kg * rules.weight_tolerance_pct / 100
    if abs(message.weight_kg - goods.weight_kg) > tolerance_kg:
        differs.append(f"weight: read {message.weight_kg}, declared {goods.weight_kg} [kg]")
    if differs:
        effects += desk.hold(record, "identity", desk.system, "; ".join(differs), now_ns)
    return effects


def _settle(
    desk: Desk, record: Record, matter: Matter, by: Officer, reason: str, now_ns: int
) -> list[Effect]:
    _need(by, getattr(desk.rules.at(now_ns).deciders, matter), reason)
    if matter in record.matters:
        raise RefusedError(f"{matter} has been decided")
    if not record.has_custody or record.holds:
        raise RefusedError("not in this side's custody" if not record.holds else record.held)
    if record.is_origin and "gated_in" not in record.steps:
        raise RefusedError("not gated in")
    record.matters[matter] = Taken(by, now_ns, reason)
    return [Emit(StepTaken(record.id, desk.side, matter, by, reason))]


def _put_hold(
    desk: Desk, record: Record, kind: HoldKind, by: Officer, reason: str, now_ns: int
) -> list[Effect]:
    if by.role == "enterprise" or not reason:
        raise RefusedError("an officer puts a hold, with a reason")
    if kind in record.holds:
        raise RefusedError(f"hold {kind} is on")
    if record.is_origin and "lane_granted" in record.steps:
        raise RefusedError("its lane has been granted: the receiving side decides")
    effects = desk.hold(record, kind, by, reason, now_ns)
    if kind == "image" and record.image:
        effects.append(_judged(desk, record, "suspicious", by, reason))
    return effects


def _set_down(desk: Desk, record: Record, by: Officer, reason: str) -> list[Effect]:
    if by.role == "enterprise" or not reason:
        raise RefusedError("an officer sets down, with a reason")
    if not record.has_custody or not record.is_on_agv:
        raise RefusedError("it is not on an AGV in this side's custody")
    if record.is_origin and "lane_granted" in record.steps:
        raise RefusedError("its lane has been granted: the receiving side decides")
    if desk.outbox.has("down", record.id):
        raise RefusedError("it is being set down")
    down = SetDown(f"{record.order}/down", record.order, desk.name, reason)
    return [desk.outbox.tell("down", record.id, desk.fleet, down)]


def _dispose(desk: Desk, record: Record, fate: Fate, by: Officer, reason: str) -> list[Effect]:
    """End it, where the container is nowhere that it would have to be fetched from."""
    if not record.has_custody or record.order:
        raise RefusedError("it is under way on an AGV, or not in this side's custody")
    if fate == "diverted" and "on_agv" in record.steps:
        raise RefusedError("it has been loaded")
    if "released" in record.steps:
        raise RefusedError("it is released")
    name = record.id
    effects = desk.end(record, fate, by, reason)
    if "gated_in" in record.steps:
        effects.append(desk.custody(record, "left", f"{name}/{fate}"))
    if not record.is_origin or record.number:  # else the other side has not been told of it
        result = ClearanceResult(f"{name}/result", name, fate, reason)
        effects.append(desk.outbox.tell("result", name, desk.other, result))
    return effects


def _take_own(
    desk: Desk, record: Record, step: Step, by: Officer, reason: str, now_ns: int
) -> list[Effect]:
    """A step that an officer takes: it is the next one, this side's, and nothing holds it."""
    if record.next != step:
        raise RefusedError(f"the next step is {record.next}")
    if record.side_of(step) != desk.side:
        raise RefusedError(f"{step} is decided by {record.side_of(step)}")
    if TRANSITIONS[step].stopped_by_holds and record.holds:
        raise RefusedError(record.held)
    return desk.take(record, step, by, reason, now_ns)


def _judged(
    desk: Desk, record: Record, judged: Literal["clear", "suspicious"], by: Officer, reason: str
) -> Effect:
    """An officer's word on the image, beside the review's."""
    return Emit(ImageJudged(record.id, desk.side, record.image, record.verdict, judged, by, reason))


def _subject(message: Command) -> str:
    if isinstance(message, Declare):
        return message.declaration.id
    return "" if isinstance(message, SetSide) else message.consignment


def _need(by: Officer, role: str, reason: str) -> None:
    if by.role != role:
        raise RefusedError(f"decided by {role}, not {by.role}")
    if not reason:
        raise RefusedError("no decision without a reason")
