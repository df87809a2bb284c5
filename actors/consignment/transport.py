"""What the fleet manager reports about the order of a consignment."""

from actors.border import StandDown, StepsVoided
from actors.consignment.desk import Desk
from actors.consignment.record import Record
from actors.consignment.steps import advance
from actors.effects import Effect, Emit
from actors.messages import OrderReport


def on_report(desk: Desk, report: OrderReport, now_ns: int) -> list[Effect]:
    """Take in what is newer than what is known, and go on from it."""
    name, record = report.consignment, desk.book.records.get(report.consignment)
    if record is None:
        return []
    known = record.report
    if record.is_origin and record.order != report.order:
        return []  # of an order that is over
    if _attempt(report.order) < _attempt(record.order):
        return []  # of one before that which has crossed
    if known is not None and _newness(known) >= _newness(report):
        return []
    record.report = report
    if not record.is_origin:
        record.order = report.order
    for kind in ("order", *report.allowed, *(("cancel",) if report.loaded else ())):
        desk.outbox.drop(name, kind)
    effects: list[Effect] = []
    if report.state in ("failed", "cancelled"):
        effects = _on_set_down(desk, record, report)
    elif report.state == "done":
        desk.outbox.drop(name, "down")
        if not record.is_origin:
            desk.book.room.pop(name, None)
    return effects + advance(desk, record, now_ns)


def _on_set_down(desk: Desk, record: Record, report: OrderReport) -> list[Effect]:
    """Its order has ended short of the truck: the container stands in this side's yard."""
    name = record.id
    for kind in ("down", "cancel", "cross", "unload"):
        desk.outbox.drop(name, kind)
    if report.crossed:
        if not record.is_origin:
            record.set_down, record.order = True, ""
            desk.book.room.pop(name, None)
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
        effects.append(Emit(StepsVoided(name, desk.side, "exit_approved", reason)))
    if report.loaded:
        asked = f"{name}/ready{record.asks}"
        record.asks, record.ready_until_ns = record.asks + 1, 0
        desk.outbox.drop(name, "ask")
        down = StandDown(f"{asked}/down", name, asked)
        effects.append(desk.outbox.tell("stand_down", name, desk.other, down))
    return effects


def _newness(report: OrderReport) -> tuple[int, int]:
    """Attempts are counted upwards, and so are the reports on each."""
    return _attempt(report.order), report.number


def _attempt(order: str) -> int:
    """Which of the orders of its consignment it is; 0: there is none, or its name says nothing."""
    number = order.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0
