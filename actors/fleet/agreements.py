"""What needs the word of both sides: a lane that is turned, and a tow with a load out of a lane.

A lane is turned in two phases. Both sides ask for it: it is closed, and drained. When the lane has
said that it is closed - nobody is in it by what the AGVs report, and no permit is valid - both
sides confirm that it is empty: it opens the other way. Either side may call it off before.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from actors.border import Officer
from actors.effects import Effect, Emit, Reply
from actors.fleet.lanes import Lanes
from actors.messages import CommandLane, LaneAnswer, LaneOutcome, Side
from actors.safety import (
    AgreeReversal,
    PermitTow,
    ReversalChanged,
    StopAnswer,
)

Phase = Literal["asked", "draining", "empty"]


class Reversal(msgspec.Struct):
    """One that is under way."""

    from_side: Side
    phase: Phase = "asked"
    agreed: dict[Side, Officer] = {}
    """Who has agreed to the present phase."""


class Agreements:
    """Reversals under way by lane, and tows that are permitted by AGV."""

    def __init__(self, lanes: Lanes, sides: Iterable[Side]) -> None:
        self._lanes, self._sides = lanes, tuple(sides)
        self._reversals: dict[str, Reversal] = {}
        self._tows: dict[str, dict[Side, Officer]] = {}

    # --- lanes --------------------------------------------------------------------------------

    def agree(self, message: AgreeReversal) -> tuple[list[Effect], CommandLane | None]:
        """One side's word; with the other's, the command for the lane that follows from both."""
        lane, by = message.lane, message.by
        if lane not in self._lanes:
            return [Reply(LaneAnswer("unknown", lane))], None
        if message.from_side not in self._lanes[lane].ways or by.side not in self._sides:
            allowed = " or ".join(self._sides)
            return [self._say("invalid", lane, allowed)], None
        if not by.name or not message.reason:
            return [self._say("refused", lane, "an officer of a side agrees, with a reason")], None
        known = self._reversals.get(lane)
        if known is None and message.word != "ask":
            return [self._say("refused", lane, "nobody has asked to turn it")], None
        if known is None:
            if self._lanes[lane].is_meant_to_lead(message.from_side):
                return [self._say("same", lane)], None
            known = self._reversals[lane] = Reversal(message.from_side)
        if known.from_side != message.from_side:
            text = f"it is being turned to lead away from {known.from_side}"
            return [self._say("refused", lane, text)], None
        return self._word(message, known)

    def _word(
        self, message: AgreeReversal, known: Reversal
    ) -> tuple[list[Effect], CommandLane | None]:
        lane, by = message.lane, message.by
        if message.word == "call_off":
            del self._reversals[lane]
            told = self._tell(lane, known.from_side, "called_off", by, message.reason)
            command = CommandLane(lane, "open") if known.phase != "asked" else None
            return [self._say("ordered", lane), told], command
        needed = {"asked": "ask", "draining": "", "empty": "confirm_empty"}[known.phase]
        if message.word != needed:
            if message.word == "ask":
                return [self._say("same", lane)], None
            return [self._say("refused", lane, "it has not been proved empty")], None
        known.agreed[by.side] = by
        told = self._tell(lane, known.from_side, message.word, by, message.reason)
        effects = [self._say("ordered", lane), told]
        if len(known.agreed) < len(self._sides):
            return effects, None
        known.agreed = {}
        if known.phase == "asked":
            known.phase = "draining"
            return effects, CommandLane(lane, "close")
        del self._reversals[lane]
        return effects, CommandLane(lane, "reverse", known.from_side)

    def refused(self, lane: str) -> None:
        """The lane could not be closed: no other leads its way."""
        self._reversals.pop(lane, None)

    def closed(self, lane: str) -> list[Effect]:
        """The lane has said that it has carried its order out: it is closed, so it is empty."""
        known = self._reversals.get(lane)
        if known is None or known.phase != "draining" or self._lanes[lane].state != "closed":
            return []
        known.phase = "empty"
        system = Officer(lane, "system", "")
        return [self._tell(lane, known.from_side, "proved_empty", system, "nobody is in it")]

    def _say(self, outcome: LaneOutcome, lane: str, reason: str = "") -> Effect:
        return Reply(self._lanes[lane].answer(outcome, lane, reason))

    def _tell(self, lane: str, from_side: Side, word: str, by: Officer, reason: str) -> Effect:
        return Emit(ReversalChanged(lane, from_side, word, by, reason))

    # --- tows ---------------------------------------------------------------------------------

    def permit_tow(self, message: PermitTow) -> list[Effect]:
        """One side lets a loaded AGV be towed out of a lane; good for one tow."""
        by = message.by
        if by.side not in self._sides or not by.name or not message.reason:
            text = "an officer of a side permits, with a reason"
            return [Reply(StopAnswer(message.id, "refused", text))]
        permits = self._tows.setdefault(message.agv, {})
        outcome: Literal["done", "same"] = "same" if by.side in permits else "done"
        permits[by.side] = by
        return [Reply(StopAnswer(message.id, outcome, stopped=tuple(permits)))]

    def missing_tow(self, agv: str) -> tuple[Side, ...]:
        """The sides that have not permitted it."""
        return tuple(side for side in self._sides if side not in self._tows.get(agv, {}))

    def towed(self, agv: str) -> None:
        """The permits are used."""
        self._tows.pop(agv, None)
