"""A lane across the border: gives permits while it has room, counts who is in it, and is drained.

People open, close, block and reverse it by way of the fleet manager. It never leads both ways at
once: it turns when no AGV is in it, none has the road into it and no permit of it is valid.
"""

from collections import deque

import msgspec

from actors.effects import Effect, Emit, Send, SetTimer
from actors.messages import (
    DeviceChanged,
    LaneEntered,
    LaneLeft,
    LaneNoted,
    LaneOrder,
    LaneReport,
    LaneState,
    LaneTruth,
    Message,
    OrderLane,
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
DRAIN_NS = 5 * 10**9
"""And this often while the lane is drained [ours]."""


class Permit(msgspec.Struct):
    """A place in the lane: promised until `expires_ns`, taken once it is known to be `inside`."""

    agv: str
    expires_ns: int
    inside: bool = False
    inside_ns: int = 0
    """Since when it is known."""
    certain: bool = True
    """False after a restart, until the AGV has said whether it holds the permit."""

    def enter(self, now_ns: int) -> None:
        """The AGV is in the lane."""
        if not self.inside:
            self.inside, self.inside_ns = True, now_ns


class Lane:
    """Machine of one lane that leads away from `from_side` and has room for `room` AGVs.

    States: `unknown` (who is in it and how it is to be has not been said yet), `open`, `closing`
    and `reversing` (no new permits; until all have left), `closed`, `blocked`. While it is open,
    those who ask when there is no room wait in the order they asked, and are answered when a place
    is free; in all other states they are refused. While AGVs wait or the lane is drained, the
    fleet manager is asked now and then who is in the lane: it may be that an AGV has forgotten to
    say that it left, or that one with a permit will never come.
    """

    def __init__(self, name: str, fleet: str, from_side: Side, room: int) -> None:
        self.name, self.fleet = name, fleet
        self.state: LaneState = "unknown"
        self._order = LaneOrder(0, "open", from_side)
        self._from_side, self._room = from_side, room
        self._permits: dict[int, Permit] = {}
        self._left: deque[int] = deque(maxlen=64)
        """Steps that have left: what is still said of them comes late."""
        self._waiting: dict[int, RequestPermit] = {}
        """By step, in the order of asking."""
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
                    permit = self._permits.setdefault(step, Permit(agv, now_ns))
                    permit.enter(now_ns)
                    permit.certain = True
                return [Send(agv, LaneNoted(step, self.name, entered=True)), *self._occupied()]
            case LaneLeft(step, agv):
                self._permits.pop(step, None)
                self._waiting.pop(step, None)
                if step not in self._left:
                    self._left.append(step)
                noted = Send(agv, LaneNoted(step, self.name, entered=False))
                return [noted, *([] if self.state == "unknown" else self._settle(now_ns))]
            case TimerFired("recount"):
                self._counts_again = False
                if not self._waiting and not self._drains:
                    return []
                return [*self._ask(now_ns), *self._admit(now_ns)]
            case LaneTruth(_, asked_ns) if asked_ns == self._asked_ns:
                return self._on_truth(message, now_ns)
            case OrderLane(order) if self.state != "unknown":
                return self._on_order(order, now_ns)
            case Started():
                self.state = "unknown"
                shown = Emit(DeviceChanged(self.name, "lane", "unknown"))
                return [shown, *self._ask(now_ns), SetTimer("query", now_ns + QUERY_NS)]
            case TimerFired("query") if self.state == "unknown":
                return [*self._ask(now_ns), SetTimer("query", now_ns + QUERY_NS)]
            case _:
                return []

    # --- who is in the lane -------------------------------------------------------------------

    def _ask(self, now_ns: int) -> list[Effect]:
        self._asked_ns = now_ns
        return [Send(self.fleet, QueryLane(self.name, now_ns))]

    def _on_truth(self, truth: LaneTruth, now_ns: int) -> list[Effect]:
        """Take out who is gone and those whose permits ran out; count in who was not known."""
        known = dict(truth.occupants)
        for step, permit in list(self._permits.items()):
            since_ns = permit.inside_ns if permit.inside else permit.expires_ns
            if step not in known and since_ns < self._asked_ns:
                del self._permits[step]
        for step, agv in truth.occupants:
            if step not in self._left and step not in self._permits:
                self._permits[step] = Permit(agv, now_ns + PERMIT_NS)
                self._permits[step].enter(now_ns)
            self._waiting.pop(step, None)  # it has its place: told when it asks again
        if self.state == "unknown":
            self._order, self._from_side = truth.order, truth.from_side
            for step, agv in truth.asking:
                # It may hold a permit from before the restart; who asks without one, holds none.
                if not {step} & (self._permits.keys() | self._waiting.keys() | set(self._left)):
                    self._permits[step] = Permit(agv, now_ns + PERMIT_NS, certain=False)
        elif truth.order.number > self._order.number:
            self._order = truth.order
        return self._settle(now_ns)

    # --- how it is to be ----------------------------------------------------------------------

    @property
    def _drains(self) -> bool:
        return self.state in ("closing", "reversing")

    def _on_order(self, order: LaneOrder, now_ns: int) -> list[Effect]:
        if order.number <= self._order.number:
            return [self._report(now_ns)]  # a repeat: the report was lost, or is on its way
        self._order = order
        effects = self._settle(now_ns)
        return [*effects, *self._ask(now_ns)] if self._drains else effects

    def _settle(self, now_ns: int) -> list[Effect]:
        """Come into the state that the order and the permits allow, and do what follows from it."""
        order, before = self._order, (self.state, self._from_side)
        drained = not self._permits
        if drained and order.mode != "blocked":
            self._from_side = order.from_side
        if order.mode == "blocked":
            self.state = "blocked"
        elif order.mode == "closed":
            self.state = "closed" if drained else "closing"
        else:
            self.state = "open" if self._from_side == order.from_side else "reversing"
        effects = self._occupied()
        if (self.state, self._from_side) != before:
            effects.append(self._report(now_ns))
            self._counts_again = False
        return [*effects, *self._admit(now_ns)]

    # --- permits ------------------------------------------------------------------------------

    def _on_request(self, request: RequestPermit, now_ns: int) -> list[Effect]:
        step, holds = request.step, request.held_until_ns > now_ns
        if step in self._left:
            return []  # comes late
        permit = self._permits.get(step)
        if self.state == "unknown":
            if permit is None and holds:
                self._permits[step] = Permit(request.agv, request.held_until_ns)
            elif permit is None:
                self._waiting.setdefault(step, request)
            return []
        if permit is not None and not permit.certain:
            if not holds:
                del self._permits[step]
                self._waiting[step] = request
                return self._settle(now_ns)
            permit.certain, permit.expires_ns = True, request.held_until_ns
        if permit is not None:
            if self.state == "open":  # else it is not renewed: drains have an end
                permit.expires_ns = now_ns + PERMIT_NS
            return [Send(request.agv, PermitGranted(step, self.name, permit.expires_ns))]
        self._waiting.setdefault(step, request)
        return self._admit(now_ns)

    def _admit(self, now_ns: int) -> list[Effect]:
        """Give what is free to those who wait longest; refuse those who cannot be let in."""
        if self.state == "unknown":
            return []
        effects: list[Effect] = []
        for request in list(self._waiting.values()):
            reason = self._refuses(request)
            if reason:
                del self._waiting[request.step]
                refused = PermitRefused(request.step, self.name, reason)
                effects.append(Send(request.agv, refused))
            elif len(self._permits) < self._room:
                del self._waiting[request.step]
                permit = Permit(request.agv, now_ns + PERMIT_NS)
                self._permits[request.step] = permit
                granted = PermitGranted(request.step, self.name, permit.expires_ns)
                effects.append(Send(request.agv, granted))
        if (self._waiting or self._drains) and not self._counts_again:
            self._counts_again = True
            wait_ns = DRAIN_NS if self._drains else RECOUNT_NS
            effects.append(SetTimer("recount", now_ns + wait_ns))
        return effects

    def _refuses(self, request: RequestPermit) -> str:
        """Why the request cannot be met, however long it waits; empty if it can."""
        if self.state != "open":
            return f"is {self.state}"
        if request.from_side != self._from_side:
            return f"leads away from {self._from_side}, not from {request.from_side}"
        return ""

    # --- saying -------------------------------------------------------------------------------

    def _report(self, now_ns: int) -> Send:
        number = self._order.number
        return Send(self.fleet, LaneReport(self.name, now_ns, number, self.state, self._from_side))

    def _occupied(self) -> list[Effect]:
        """Tell people how many are in the lane."""
        inside = sum(permit.inside for permit in self._permits.values())
        shown = DeviceChanged(self.name, "lane", self.state, f"{inside} inside", self._from_side)
        return [Emit(shown)]
