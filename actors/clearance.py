"""The clearance of one side: what officers decide about consignments, and what follows from it.

It commands its own side's decisions only, and tells the other side's clearance what that has to
know. All that it sends is repeated until it is answered; all that it takes in twice changes nothing
the second time. Which step comes when, stands in `actors.consignment.transitions`.
"""

import msgspec

from actors.base import Message, Side
from actors.border import (
    AskReady,
    ClearanceResult,
    Crossed,
    CustodyTaken,
    Decide,
    Declare,
    Dispose,
    ExchangeAnswer,
    GateIn,
    LiftHold,
    PreAdvice,
    PutHold,
    Ready,
    Register,
    SetDownLoad,
    SetSide,
    StandDown,
)  # fmt: skip
from actors.consignment import exchange, transport
from actors.consignment.commands import command
from actors.consignment.desk import Book, Desk
from actors.consignment.metering import call_forward
from actors.consignment.record import Record
from actors.consignment.steps import advance
from actors.effects import Effect, Emit, Send, SetTimer
from actors.messages import Alarm, OrderReport, QueryOrder, Started, TimerFired
from actors.site.rules import BorderRules

REPEAT_NS = 5 * 10**9
"""What is not answered is sent again after this time [ours]."""


class SnapshotError(ValueError):
    """Bytes that a clearance cannot be restored from, and why."""


def clearance_name(side: Side) -> str:
    """The name of a side's clearance."""
    return f"clearance-{side}"


class Clearance:
    """Machine of one side's clearance. `fleet` is the fleet manager's name."""

    def __init__(self, side: Side, fleet: str, rules: BorderRules) -> None:
        self.name, self.side = clearance_name(side), side
        other = clearance_name(next(s for s in rules.sides if s != side))
        self._desk = Desk(side, self.name, other, fleet, rules)

    @property
    def records(self) -> dict[str, Record]:
        """Its consignments by their ids, ended ones too."""
        return self._desk.book.records

    @property
    def is_open(self) -> bool:
        """Whether its side lets crossings begin, its hours apart."""
        return self._desk.book.is_open

    @property
    def rules(self) -> BorderRules:
        """The rules by which it decides."""
        return self._desk.rules

    def is_going_down(self, consignment: str) -> bool:
        """Whether the fleet was told to set it down, and has not said yet that it has."""
        return self._desk.outbox.has("down", consignment)

    def snapshot(self) -> bytes:
        """All that it remembers, as MessagePack.

        A clearance is deterministic: the inputs since the snapshot, handled anew at their times,
        bring about the same state and the same effects.
        """
        return msgspec.msgpack.encode(self._desk.book)

    def restore(self, snapshot: bytes) -> None:
        """Remember what a clearance of this side remembered.

        Raises:
            SnapshotError: it is none of a clearance of this side; nothing is changed.
        """
        try:
            book = msgspec.msgpack.decode(snapshot, type=Book)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SnapshotError(f"{self.name}: no snapshot of a clearance: {error}") from None
        wrong = {record.side for record in book.records.values()} - {self.side}
        if wrong:
            raise SnapshotError(f"{self.name}: a snapshot of side {', '.join(wrong)}")
        self._desk.book = book

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """One message in; then every step is taken that has become possible."""
        desk = self._desk
        match message:
            case (
                Declare() | Register() | GateIn() | Decide() | PutHold() | LiftHold()
                | SetDownLoad() | Dispose() | SetSide()
            ):  # fmt: skip
                return command(desk, message, now_ns)
            case PreAdvice():
                return exchange.on_pre_advice(desk, message, now_ns)
            case ExchangeAnswer():
                return exchange.on_answer(desk, message, now_ns)
            case AskReady(asked, consignment):
                return exchange.on_ask_ready(desk, asked, consignment, now_ns)
            case Ready():
                return exchange.on_ready(desk, message, now_ns)
            case StandDown():
                return exchange.on_stand_down(desk, message)
            case Crossed():
                return exchange.on_crossed(desk, message, now_ns)
            case CustodyTaken(event_id, consignment):
                return exchange.on_custody_taken(desk, event_id, consignment, now_ns)
            case ClearanceResult():
                return exchange.on_result(desk, message)
            case OrderReport():
                return transport.on_report(desk, message, now_ns)
            case Started():
                return [SetTimer("repeat", now_ns + REPEAT_NS)]
            case TimerFired("repeat"):
                return self._repeat(now_ns)
            case _:
                return []

    def _perishes(self, record: Record, now_ns: int) -> list[Effect]:
        """The perishables clock: it runs from the declaration, whatever is waited for."""
        most_h = self.rules.at(now_ns).perishable_h_max
        declared = record.steps.get("declared")
        if not record.declaration.perishable or declared is None or record.perishing:
            return []
        if not record.has_custody or now_ns - declared.at_ns <= most_h * 3600e9:
            return []
        record.perishing = True
        waits = record.held if record.holds else f"waits for {record.next}"
        text = f"perishables, declared {most_h:g} h ago; {waits}"
        return [Emit(Alarm(self.name, "consignment_perishes", record.id, text))]

    def _repeat(self, now_ns: int) -> list[Effect]:
        """Say again what is not answered; see whether time has made a step possible."""
        desk = self._desk
        effects = [*desk.outbox.repeats(), *call_forward(desk, now_ns)]
        stay_ns = round(desk.rules.at(now_ns).stay_h_max * 3600e9)
        for name, record in self.records.items():
            if record.ended or "gated_out" in record.steps:
                continue
            effects += advance(desk, record, now_ns)
            if record.order:
                known = record.report.number if record.report is not None else 0
                effects.append(Send(desk.fleet, QueryOrder(record.order, self.name, known)))
            came = record.steps.get("gated_in" if record.is_origin else "handed_over")
            late = came is not None and now_ns - came.at_ns > stay_ns
            if late and record.has_custody and not record.overstayed:
                record.overstayed = True
                text = f"longer than {stay_ns // (3600 * 10**9)} h on side {self.side}"
                effects.append(Emit(Alarm(self.name, "consignment_stays", name, text)))
            effects += self._perishes(record, now_ns)
        return [*effects, SetTimer("repeat", now_ns + REPEAT_NS)]
