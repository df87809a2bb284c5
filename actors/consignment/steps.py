"""The steps that need no officer's word: automatic ones, and facts of the fleet.

`advance` takes as many as it can, and sees to it that what may be moved is moved.
"""

from actors.border import AskReady, ClearanceResult, Crossed, PreAdvice, Step
from actors.consignment.desk import Desk
from actors.consignment.goods import commodity
from actors.consignment.record import Record
from actors.consignment.transitions import TRANSITIONS
from actors.effects import Effect
from actors.messages import AllowLeg, CancelOrder, Guard, GuardOrder, Leg, OrderRequest


def advance(desk: Desk, record: Record, now_ns: int) -> list[Effect]:
    """Take every step that needs no word of an officer, as far as it goes."""
    effects: list[Effect] = []
    while not record.ended:
        step = record.next
        if step is None or record.side_of(step) != desk.side:
            break
        if TRANSITIONS[step].stopped_by_holds and record.holds:
            break
        effects += _try(desk, record, step, now_ns)
        if record.next == step:
            break
    return effects + _see_to_order(desk, record, now_ns)


def _try(desk: Desk, record: Record, step: Step, now_ns: int) -> list[Effect]:
    """The conditions of steps that are automatic, or facts of the fleet; nothing: not yet."""
    rules, report, name = desk.rules.at(now_ns), record.report, record.id
    channel = getattr(rules.channels, record.channel)

    def take(reason: str) -> list[Effect]:
        return desk.take(record, step, desk.system, reason, now_ns)

    match step:
        case "pre_advised" if not record.holds and not desk.outbox.has("advice", name):
            goods = record.declaration
            advice = PreAdvice(f"{name}/advice", goods, record.number, record.channel)
            return [desk.outbox.tell("advice", name, desk.other, advice)]
        case "quarantine_cleared":
            allowed = commodity(desk.rules, record.declaration, now_ns)
            needed = allowed is None or allowed.quarantine
            return [] if needed else take("not needed")
        case "exit_approved" if all(matter in record.matters for matter in channel.exit):
            return take(f"{record.channel}: {', '.join(channel.exit) or 'nothing needed'}")
        case "on_agv" if report is not None and report.loaded:
            return take(report.order)
        case "scanned" if report is not None and report.verdict is not None:
            effects = take(report.verdict)
            record.image, record.verdict = report.image, report.verdict
            doubtful = report.verdict in ("suspicious", "unreadable")
            if doubtful or not report.image:
                why = f": {report.no_image}" if report.no_image else ""
                text = f"image {report.verdict}" if report.image else f"no image{why}"
                effects += desk.hold(record, "image", desk.system, text, now_ns)
            return effects
        case "scanned" if record.set_down and "inspection" in record.matters:
            return take("not scanned: opened by hand")
        case "lane_granted":
            return _try_grant(desk, record, now_ns)
        case "crossed" if report is not None and report.crossed:
            event_id = f"{report.order}/crossed"
            effects = desk.take(record, step, desk.system, report.order, now_ns, event_id)
            crossed = Crossed(event_id, name, now_ns)
            effects.append(desk.custody(record, "offered", event_id))
            return [*effects, desk.outbox.tell("crossed", name, desk.other, crossed)]
        case "entry_cleared" if all(matter in record.matters for matter in channel.entry):
            return take(f"{record.channel}: {', '.join(channel.entry) or 'nothing needed'}")
        case "on_truck" if report is not None and report.state == "done":
            record.order = ""
            return take(report.order)
        case "released":
            result = ClearanceResult(f"{name}/result", name, "released", "")
            return [*take("on its truck"), desk.outbox.tell("result", name, desk.other, result)]
        case _:
            return []


def _try_grant(desk: Desk, record: Record, now_ns: int) -> list[Effect]:
    """The lane permit's two phases: the other side keeps room, then this one grants."""
    name = record.id
    if not desk.may_begin(now_ns):
        return []
    if desk.outbox.has("down", name):
        return []
    if record.ready_until_ns > now_ns:
        desk.outbox.drop(name, "ask")
        return desk.take(record, "lane_granted", desk.system, "the other side is ready", now_ns)
    if desk.outbox.has("ask", name):
        return []
    asking = AskReady(f"{name}/ready{record.asks}", name)
    return [desk.outbox.tell("ask", name, desk.other, asking)]


def _see_to_order(desk: Desk, record: Record, now_ns: int) -> list[Effect]:
    """Have what may be moved moved, and nothing else."""
    name, report = record.id, record.report
    steps = record.steps
    if record.is_origin and "exit_approved" in steps and "on_agv" not in steps:
        if record.holds or record.ended:
            unsent = not desk.outbox.has("cancel", name)
            if record.order and unsent and (report is None or not report.loaded):
                cancel = CancelOrder(record.order, desk.name)
                return [desk.outbox.tell("cancel", name, desk.fleet, cancel)]
            return []
        desk.outbox.drop(name, "cancel")
        if not record.order and not desk.is_other_closed(now_ns):
            return [_order(desk, record)]
        return []
    if not record.order:
        return []
    leg: Leg | None = None
    if record.is_origin and "lane_granted" in steps and "crossed" not in steps:
        leg = "cross"
    elif not record.is_origin and "entry_cleared" in steps and "on_truck" not in steps:
        leg = "unload"
    if leg is None or desk.outbox.has(leg, name):
        return []
    if report is not None and leg in report.allowed:
        return []
    allowing = AllowLeg(f"{record.order}/{leg}", record.order, leg, desk.name)
    return [desk.outbox.tell(leg, name, desk.fleet, allowing)]


def _order(desk: Desk, record: Record) -> Effect:
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
        hs=goods.hs,
    )
    guard = Guard(goods.id, desk.name, desk.other)
    return desk.outbox.tell("order", goods.id, desk.fleet, GuardOrder(request, guard))
