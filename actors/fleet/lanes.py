"""How every lane is to be and how it last said that it is; which of them AGVs may be sent into."""

import msgspec

from actors.effects import Effect, Send
from actors.messages import (
    CommandLane,
    LaneAnswer,
    LaneMode,
    LaneOrder,
    LaneOutcome,
    LaneReport,
    LaneState,
    OrderLane,
    Side,
)
from actors.site.roadmap import LaneWay, Roadmap

MODE_OF: dict[str, LaneMode] = {
    "open": "open", "reverse": "open", "close": "closed", "block": "blocked",
}  # fmt: skip


class LaneRecord(msgspec.Struct):
    """One lane. Nobody is sent into it before it has said that the newest order is carried out."""

    ways: dict[Side, LaneWay]
    """In both directions, by the side that it leads away from."""
    order: LaneOrder
    from_side: Side
    """The side that it leads away from, as it last said."""
    state: LaneState = "unknown"
    """As it last said."""
    stamp_ns: int = -1
    """When it said so."""
    carried_out: int = 0
    """Number of the last order that it has carried out."""

    def is_meant_to_lead(self, from_side: Side) -> bool:
        """Whether it is ordered to be open in this direction."""
        return self.order.mode == "open" and self.order.from_side == from_side

    def answer(self, outcome: LaneOutcome, lane: str, reason: str = "") -> LaneAnswer:
        """What is said to who has commanded it."""
        return LaneAnswer(outcome, lane, self.order, self.state, self.from_side, reason)


class Lanes:
    """All lanes of a roadmap that are in use; at first open as `open_ways` says."""

    def __init__(self, roadmap: Roadmap, open_ways: tuple[LaneWay, ...]) -> None:
        self._records = {
            way.lane: LaneRecord(
                {w.from_side: w for w in roadmap.lane_ways if w.lane == way.lane},
                LaneOrder(0, "open", way.from_side),
                way.from_side,
            )
            for way in open_ways
        }
        self._list_open()

    def __contains__(self, lane: str) -> bool:
        return lane in self._records

    def __getitem__(self, lane: str) -> LaneRecord:
        return self._records[lane]

    def open_ways(self, from_side: Side) -> list[LaneWay]:
        """The lanes that lead away from a side and have said that they are open, by name."""
        return self._open.get(from_side, [])

    def _list_open(self) -> None:
        self._open: dict[Side, list[LaneWay]] = {}
        for _, record in sorted(self._records.items()):
            if record.order.mode == "open" and record.carried_out == record.order.number:
                side = record.order.from_side
                self._open.setdefault(side, []).append(record.ways[side])

    def command(self, message: CommandLane) -> LaneAnswer:
        """Take in what people want of a lane, unless no lane would lead its way any more."""
        record = self._records.get(message.lane)
        if record is None:
            return LaneAnswer("unknown", message.lane)
        order = record.order
        if message.from_side not in ("", *record.ways):
            allowed = " or ".join(record.ways)
            return self._answer("invalid", message.lane, allowed)
        mode, from_side = MODE_OF[message.command], order.from_side
        if message.command == "reverse":
            from_side = message.from_side or self._turned(record)
        if (mode, from_side) == (order.mode, order.from_side):
            return self._answer("same", message.lane)
        if message.command == "reverse" and order.mode == "blocked":
            return self._answer("refused", message.lane, "it is blocked: open or close it first")
        if message.command != "block" and self._is_last(message.lane, turns=from_side):
            to_side = record.ways[order.from_side].to_side
            reason = f"no other lane is open from {order.from_side} to {to_side}"
            return self._answer("refused", message.lane, reason)
        record.order = LaneOrder(order.number + 1, mode, from_side)
        self._list_open()
        return self._answer("ordered", message.lane)

    def _is_last(self, lane: str, turns: Side) -> bool:
        """Whether without this lane none would lead its way, or none could be opened that way."""
        record = self._records[lane]
        side = record.order.from_side
        others = [other for name, other in self._records.items() if name != lane]
        if record.order.mode == "open":
            return not any(other.is_meant_to_lead(side) for other in others)
        return turns != side and not any(other.order.from_side == side for other in others)

    def _turned(self, record: LaneRecord) -> Side:
        """The side that a lane is to lead away from when it is reversed."""
        if record.order.from_side != record.from_side:
            return record.order.from_side  # it is being reversed: this is a repeat
        return record.ways[record.from_side].to_side

    def _answer(self, outcome: LaneOutcome, lane: str, reason: str = "") -> LaneAnswer:
        return self._records[lane].answer(outcome, lane, reason)

    def note(self, report: LaneReport) -> bool:
        """Take in what a lane says; whether it has carried an order out."""
        record = self._records.get(report.lane)
        if record is None or report.stamp_ns < record.stamp_ns:
            return False
        if report.from_side not in record.ways:
            return False
        record.stamp_ns, record.state = report.stamp_ns, report.state
        record.from_side = report.from_side
        order = record.order
        turned = order.mode == "blocked" or report.from_side == order.from_side
        if report.number != order.number or report.state != order.mode or not turned:
            return False  # of an older order, or not done yet
        if record.carried_out == order.number:
            return False
        record.carried_out = order.number
        self._list_open()
        return True

    def orders_to_repeat(self) -> list[Effect]:
        """The orders that are not known to be carried out, once more."""
        return [
            Send(lane, OrderLane(record.order))
            for lane, record in self._records.items()
            if record.carried_out != record.order.number
        ]
