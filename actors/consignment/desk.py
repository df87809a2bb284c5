"""What one side knows of all its consignments, and the plain changes of it.

Each change says what is to be recorded or sent; whether it may be made is asked elsewhere: of
officers in `commands`, of conditions in `steps`, of the other side in `exchange`.
"""

import msgspec

from actors.base import Side
from actors.border import (
    BorderAnswer,
    Command,
    ConsignmentEnded,
    Custody,
    CustodyChanged,
    Declaration,
    HoldChanged,
    HoldKind,
    Officer,
    Result,
    Step,
    StepTaken,
)  # fmt: skip
from actors.consignment.outbox import Outbox
from actors.consignment.record import Hold, Record, Taken
from actors.effects import Effect, Emit
from actors.site.rules import BorderRules


class Book(msgspec.Struct):
    """All that a side has to remember: nothing else decides what it does next."""

    is_open: bool = True
    records: dict[str, Record] = {}
    other_closed_until_ns: int = 0
    """The other side has said that it is closed; it is asked again before this."""
    room: dict[str, str] = {}
    """Consignments for which room is kept, with the question that it was kept for."""
    outbox: Outbox = msgspec.field(default_factory=Outbox)
    answers: dict[str, tuple[Command, BorderAnswer]] = {}
    """Those to `Declare` and `SetSide`; of any other command, its consignment keeps it."""


class Desk:
    """The book of one side, with the names and rules by which it is kept."""

    def __init__(self, side: Side, name: str, other: str, fleet: str, rules: BorderRules) -> None:
        self.side, self.name, self.other, self.fleet = side, name, other, fleet
        self.rules = rules
        self.system = Officer(name, "system", side)
        self._told = Officer(other, "system", next(s for s in rules.sides if s != side))
        self.book = Book()

    @property
    def outbox(self) -> Outbox:
        """What waits for an answer."""
        return self.book.outbox

    def may_begin(self, now_ns: int) -> bool:
        """Whether this side lets crossings begin."""
        return self.book.is_open and self.rules.is_hour(self.side, now_ns)

    def is_other_closed(self, now_ns: int) -> bool:
        """Whether the other side has said lately that it is closed."""
        return now_ns < self.book.other_closed_until_ns

    def new(self, goods: Declaration) -> Record:
        """Begin to keep a consignment."""
        scan = self.rules.scans[f"{goods.from_side}-{goods.to_side}"]
        record = self.book.records[goods.id] = Record(self.side, goods, scan)
        return record

    def take(
        self, record: Record, step: Step, by: Officer, reason: str, now_ns: int, event_id: str = ""
    ) -> list[Effect]:
        """Note the next step as taken."""
        assert record.next == step
        record.steps[step] = Taken(by, now_ns, reason)
        return [Emit(StepTaken(record.id, self.side, step, by, reason, event_id))]

    def mirror(self, record: Record, until: Step, now_ns: int) -> None:
        """Note steps that the other side has taken: they are told of there."""
        for step in record.way[: record.way.index(until) + 1]:
            record.steps.setdefault(step, Taken(self._told, now_ns, "told by the other side"))

    def hold(
        self, record: Record, kind: HoldKind, by: Officer, reason: str, now_ns: int
    ) -> list[Effect]:
        """Stop a consignment; nothing is asked of the other side for it any more."""
        record.holds[kind] = Hold(by, now_ns, reason)
        self.outbox.drop(record.id, "ask")
        return [Emit(HoldChanged(record.id, self.side, kind, True, by, reason))]

    def end(self, record: Record, result: Result, by: Officer, reason: str) -> list[Effect]:
        """End a consignment on this side."""
        record.ended = result
        self.book.room.pop(record.id, None)
        self.outbox.drop(record.id, "advice", "ask")
        return [Emit(ConsignmentEnded(record.id, self.side, result, by, reason))]

    def custody(self, record: Record, custody: Custody, event_id: str) -> Effect:
        """Say who answers for the container now."""
        return Emit(CustodyChanged(record.id, self.side, custody, event_id))
