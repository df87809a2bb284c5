"""A lane across the border: gives permits while it has room, and counts who is in it."""

from collections import deque
from typing import Literal

import msgspec

from actors.effects import Effect, Emit, Send, SetTimer
from actors.messages import (
    DeviceChanged,
    LaneEntered,
    LaneLeft,
    LaneNoted,
    LaneTruth,
    Message,
    PermitGranted,
    PermitRefused,
    QueryLane,
    RequestPermit,
    Side,
    Started,
    TimerFired,
)

PERMIT_NS = 120 * 10**9
"""A permit that is neither used nor renewed in this time is void, once the fleet manager has said
that no AGV is on its way with it [ours]."""
QUERY_NS = 10**9
"""The fleet manager is asked this often who is in the lane, after a start [ours]."""
RECOUNT_NS = 60 * 10**9
"""And this often while AGVs wait for room [ours]."""


class Permit(msgspec.Struct):
    """A place in the lane: promised until `expires_ns`, taken once it is known to be `inside`."""

    agv: str
    expires_ns: int
    inside: bool = False
    inside_ns: int = 0
    """Since when it is known."""

    def enter(self, now_ns: int) -> None:
        """The AGV is in the lane."""
        if not self.inside:
            self.inside, self.inside_ns = True, now_ns


class Lane:
    """Machine of one lane that leads away from `from_side` and has room for `room` AGVs.

    States: `unknown` (who is in it has not been said yet), `open`. Those who ask while there is
    no room wait in the order they asked, and are answered when a place is free. While they wait,
    the fleet manager is asked now and then who is in the lane: it may be that an AGV has forgotten
    to say that it left, or that one with a permit will never come.
    """

    def __init__(self, name: str, fleet: str, from_side: Side, room: int) -> None:
        self.name, self.fleet = name, fleet
        self.state: Literal["unknown", "open"] = "unknown"
        self._from_side, self._room = from_side, room
        self._permits: dict[int, Permit] = {}
        self._left: deque[int] = deque(maxlen=64)
        """Steps that have left: what is still said of them comes late."""
        self._waiting: dict[int, str] = {}
        """AGV by step, in the order of asking."""
        self._asked_ns = -1
        self._counts_again = False
        """The timer for the next question is set."""

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """One message in, effects out."""
        match message:
            case RequestPermit():
                return self._on_request(message, now_ns)
            case LaneEntered(step, agv):
                if step not in self._left:
                    self._permits.setdefault(step, Permit(agv, now_ns)).enter(now_ns)
                return [Send(agv, LaneNoted(step, self.name, entered=True)), *self._occupied()]
            case LaneLeft(step, agv):
                self._permits.pop(step, None)
                self._waiting.pop(step, None)
                if step not in self._left:
                    self._left.append(step)
                noted = Send(agv, LaneNoted(step, self.name, entered=False))
                return [noted, *self._occupied(), *self._admit(now_ns)]
            case TimerFired("recount"):
                self._counts_again = False
                return [*self._ask(now_ns), *self._admit(now_ns)] if self._waiting else []
            case LaneTruth(_, asked_ns, occupants) if asked_ns == self._asked_ns:
                return self._on_truth(occupants, now_ns)
            case Started():
                self.state = "unknown"
                shown = Emit(DeviceChanged(self.name, "lane", "unknown"))
                return [shown, *self._ask(now_ns), SetTimer("query", now_ns + QUERY_NS)]
            case TimerFired("query") if self.state == "unknown":
                return [*self._ask(now_ns), SetTimer("query", now_ns + QUERY_NS)]
            case _:
                return []

    def _ask(self, now_ns: int) -> list[Effect]:
        self._asked_ns = now_ns
        return [Send(self.fleet, QueryLane(self.name, now_ns))]

    def _on_truth(self, occupants: tuple[tuple[int, str], ...], now_ns: int) -> list[Effect]:
        """Take out who is gone and those whose permits ran out; count in who was not known."""
        known = dict(occupants)
        for step, permit in list(self._permits.items()):
            since_ns = permit.inside_ns if permit.inside else permit.expires_ns
            if step not in known and since_ns < self._asked_ns:
                del self._permits[step]
        for step, agv in occupants:
            if step not in self._left and step not in self._permits:
                self._permits[step] = Permit(agv, now_ns + PERMIT_NS)
                self._permits[step].enter(now_ns)
            self._waiting.pop(step, None)  # it has its place: told when it asks again
        self.state = "open"
        return [*self._occupied(), *self._admit(now_ns)]

    def _on_request(self, request: RequestPermit, now_ns: int) -> list[Effect]:
        if request.from_side != self._from_side:
            reason = f"leads away from {self._from_side}, not from {request.from_side}"
            return [Send(request.agv, PermitRefused(request.step, self.name, reason))]
        if request.step in self._left:
            return []  # comes late
        permit = self._permits.get(request.step)
        if permit is not None and self.state == "open":
            permit.expires_ns = now_ns + PERMIT_NS
            return [
                Send(request.agv, PermitGranted(request.step, self.name, permit.expires_ns)),
            ]
        if permit is None:
            self._waiting.setdefault(request.step, request.agv)
        return self._admit(now_ns)

    def _admit(self, now_ns: int) -> list[Effect]:
        """Give what is free to those who wait longest."""
        if self.state == "unknown":
            return []
        effects: list[Effect] = []
        while self._waiting and len(self._permits) < self._room:
            step = next(iter(self._waiting))
            permit = Permit(self._waiting.pop(step), now_ns + PERMIT_NS)
            self._permits[step] = permit
            effects.append(Send(permit.agv, PermitGranted(step, self.name, permit.expires_ns)))
        if self._waiting and not self._counts_again:
            self._counts_again = True
            effects.append(SetTimer("recount", now_ns + RECOUNT_NS))
        return effects

    def _occupied(self) -> list[Effect]:
        """Tell people how many are in the lane."""
        inside = sum(permit.inside for permit in self._permits.values())
        detail = f"{inside} inside, leads away from {self._from_side}"
        return [Emit(DeviceChanged(self.name, "lane", self.state, detail))]
