"""The two ends of the exchange with the other side's clearance.

What it says is taken in once, and answered each time: an answer may have been lost.
"""

from typing import Literal

from actors.border import (
    ClearanceResult,
    Crossed,
    CustodyTaken,
    ExchangeAnswer,
    PreAdvice,
    Ready,
    StandDown,
)  # fmt: skip
from actors.consignment.desk import Desk
from actors.consignment.goods import commodity, misread
from actors.consignment.record import Record
from actors.consignment.steps import advance
from actors.effects import Effect, Send

CLOSED = "closed"
"""Why a side that lets nothing cross is not ready."""
CLOSED_NS = 60 * 10**9
"""For so long nothing is loaded and nobody called after the other side has said that it is closed:
those that wait at the boundary ask it again before [ours]."""
READY_NS = 120 * 10**9
"""For so long a lane may be granted after the other side has said that it is ready [ours]."""


def on_pre_advice(desk: Desk, advice: PreAdvice, now_ns: int) -> list[Effect]:
    """Begin to keep what is going to come, or say why it may not."""
    goods = advice.declaration
    outcome: Literal["ack", "nak"]
    if goods.to_side != desk.side:
        return []
    if goods.id in desk.book.records:
        same = desk.book.records[goods.id].declaration == goods
        outcome, why = ("ack", "") if same else ("nak", f"{goods.id} is another consignment")
    elif wrong := misread(goods):
        outcome, why = "nak", wrong
    elif commodity(desk.rules, goods, now_ns) is None:
        outcome, why = "nak", f"HS {goods.hs} of {goods.origin} is not allowed"
    else:
        outcome, why = "ack", ""
        record = desk.new(goods)
        record.number, record.channel = advice.number, advice.channel
        desk.mirror(record, "pre_advised", now_ns)
    answer = ExchangeAnswer(advice.id, goods.id, outcome, why)
    return [Send(desk.other, answer)]


def on_answer(desk: Desk, answer: ExchangeAnswer, now_ns: int) -> list[Effect]:
    """What was said is taken in there; what is refused there is held here."""
    name, record = answer.consignment, desk.book.records.get(answer.consignment)
    for kind in ("advice", "result", "stand_down"):
        if not desk.outbox.answered(kind, name, answer.id):
            continue
        if kind != "advice" or record is None or record.ended:
            continue
        if answer.outcome == "nak":
            if "other_side" in record.holds:
                return []
            return desk.hold(record, "other_side", desk.system, answer.reason, now_ns)
        effects = desk.take(record, "pre_advised", desk.system, "acknowledged", now_ns)
        return effects + advance(desk, record, now_ns)
    return []


def on_ask_ready(desk: Desk, asked: str, name: str, now_ns: int) -> list[Effect]:
    """Keep room, unless this side is closed, full, or holds the consignment itself."""
    record = desk.book.records.get(name)
    if record is None or record.is_origin or asked in record.void:
        return []
    why = ""
    if record.ended or "crossed" in record.steps:
        return []  # comes late
    if not desk.may_begin(now_ns):
        why = CLOSED
    elif record.holds:
        why = record.held
    elif name not in desk.book.room and len(desk.book.room) >= desk.rules.at(now_ns).room:
        why = "no room"
    if why:
        return [Send(desk.other, Ready(asked, name, ready=False, reason=why))]
    desk.book.room[name] = asked
    return [Send(desk.other, Ready(asked, name, ready=True, until_ns=now_ns + READY_NS))]


def on_ready(desk: Desk, ready: Ready, now_ns: int) -> list[Effect]:
    """Room is kept there for some time: the lane may be granted."""
    record = desk.book.records.get(ready.consignment)
    closed = not ready.ready and ready.reason == CLOSED
    desk.book.other_closed_until_ns = now_ns + CLOSED_NS if closed else 0
    if record is None or record.ended or not ready.ready:
        return []  # asked again
    if record.next != "lane_granted" or ready.id != f"{ready.consignment}/ready{record.asks}":
        return []
    record.ready_until_ns = max(record.ready_until_ns, ready.until_ns)
    return advance(desk, record, now_ns)


def on_crossed(desk: Desk, crossed: Crossed, now_ns: int) -> list[Effect]:
    """Authority passes: log it under the same number, and say that it is had."""
    record = desk.book.records.get(crossed.consignment)
    if record is None or record.is_origin:
        return []
    name = crossed.consignment
    effects: list[Effect] = []
    if "crossed" not in record.steps:
        desk.mirror(record, "lane_granted", now_ns)
        _follow(record, crossed.id)
        effects += desk.take(record, "crossed", desk.system, "", now_ns, crossed.id)
        effects += desk.take(record, "handed_over", desk.system, "", now_ns, crossed.id)
        effects.append(desk.custody(record, "taken", crossed.id))
    effects.append(Send(desk.other, CustodyTaken(crossed.id, name)))
    return effects + advance(desk, record, now_ns)


def _follow(record: Record, crossing: str) -> None:
    """Know the order that has crossed by its crossing: every report on it may have been lost here.

    The fleet manager is asked about an order that is known, and answers who asks.
    """
    order, _, fact = crossing.rpartition("/")
    if fact != "crossed" or order.rpartition("-")[0] != record.id:
        return  # another gate's way of naming: its reports have to tell
    if record.report is None or record.report.order != order:
        record.order, record.report = order, None


def on_custody_taken(desk: Desk, event_id: str, name: str, now_ns: int) -> list[Effect]:
    """The other side has it: from now on this one only follows it."""
    if not desk.outbox.answered("crossed", name, event_id):
        return []
    record = desk.book.records[name]
    desk.mirror(record, "handed_over", now_ns)
    record.order = ""
    return [desk.custody(record, "given", event_id)]


def on_result(desk: Desk, message: ClearanceResult) -> list[Effect]:
    """How it ended there is how it ended."""
    record = desk.book.records.get(message.consignment)
    ack = Send(desk.other, ExchangeAnswer(message.id, message.consignment, "ack"))
    if record is None:
        return [ack]  # it has never been told of
    if record.is_origin != ("handed_over" in record.steps):
        return []  # a word on the custody is under way: asked again
    effects: list[Effect] = []
    if not record.ended:
        effects = desk.end(record, message.result, desk.system, message.reason)
    return [*effects, ack]


def on_stand_down(desk: Desk, message: StandDown) -> list[Effect]:
    """It will not cross under that question: the room kept for it is free."""
    name, record = message.consignment, desk.book.records.get(message.consignment)
    if record is not None and message.asked not in record.void:
        record.void += (message.asked,)
    if desk.book.room.get(name) == message.asked:
        del desk.book.room[name]
    return [Send(desk.other, ExchangeAnswer(message.id, name, "ack"))]
