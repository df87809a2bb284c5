"""A lane across the border: gives permits while it has room, and counts who is in it."""

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
"""A permit that is neither used nor renewed in this time is void [ours]."""
QUERY_NS = 10**9
"""The fleet manager is asked this often who is in the lane, after a start [ours]."""


class Permit(msgspec.Struct):
    """A place in the lane: promised until `expires_ns`, taken once `inside`."""

    agv: str
    expires_ns: int
    inside: bool = False


class Lane:
    """Machine of one lane that leads away from `from_side` and has room for `room` AGVs.

    States: `unknown` (who is in it has not been said yet), `open`. Those who ask while there is
    no room wait in the order they asked, and are answered when a place is free.
    """

    def __init__(self, name: str, fleet: str, from_side: Side, room: int) -> None:
        self.name, self.fleet = name, fleet
        self.state: Literal["unknown", "open"] = "unknown"
        self._from_side, self._room = from_side, room
        self._permits: dict[int, Permit] = {}
        self._waiting: dict[int, str] = {}
        """AGV by step, in the order of asking."""

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """One message in, effects out."""
        match message:
            case RequestPermit():
                return self._on_request(message, now_ns)
            case LaneEntered(step, agv):
                self._permits.setdefault(step, Permit(agv, now_ns)).inside = True
                return [Send(agv, LaneNoted(step, self.name, entered=True)), *self._occupied()]
            case LaneLeft(step, agv):
                self._permits.pop(step, None)
                noted = Send(agv, LaneNoted(step, self.name, entered=False))
                return [noted, *self._occupied(), *self._admit(now_ns)]
            case TimerFired("expiry"):
                return self._admit(now_ns)
            case LaneTruth(_, occupants):
                return self._on_truth(occupants, now_ns)
            case Started():
                self.state = "unknown"
                return [Emit(DeviceChanged(self.name, "lane", "unknown")), *self._ask(now_ns)]
            case TimerFired("query") if self.state == "unknown":
                return self._ask(now_ns)
            case _:
                return []

    def _ask(self, now_ns: int) -> list[Effect]:
        return [
            Send(self.fleet, QueryLane(self.name)),
            SetTimer("query", now_ns + QUERY_NS),
        ]

    def _on_truth(self, occupants: tuple[tuple[int, str], ...], now_ns: int) -> list[Effect]:
        if self.state != "unknown":
            return []
        for step, agv in occupants:
            self._permits.setdefault(step, Permit(agv, now_ns + PERMIT_NS)).inside = True
        self.state = "open"
        return [*self._occupied(), *self._admit(now_ns)]

    def _on_request(self, request: RequestPermit, now_ns: int) -> list[Effect]:
        if request.from_side != self._from_side:
            reason = f"leads away from {self._from_side}, not from {request.from_side}"
            return [Send(request.agv, PermitRefused(request.step, self.name, reason))]
        permit = self._permits.get(request.step)
        if permit is not None:
            permit.expires_ns = now_ns + PERMIT_NS
            return [
                Send(request.agv, PermitGranted(request.step, self.name, permit.expires_ns)),
            ]
        self._waiting.setdefault(request.step, request.agv)
        return self._admit(now_ns)

    def _admit(self, now_ns: int) -> list[Effect]:
        """Void permits that have expired, and give what is free to those who wait longest."""
        if self.state == "unknown":
            return []
        for step, permit in list(self._permits.items()):
            if not permit.inside and permit.expires_ns <= now_ns:
                del self._permits[step]
        effects: list[Effect] = []
        while self._waiting and len(self._permits) < self._room:
            step = next(iter(self._waiting))
            permit = Permit(self._waiting.pop(step), now_ns + PERMIT_NS)
            self._permits[step] = permit
            effects.append(Send(permit.agv, PermitGranted(step, self.name, permit.expires_ns)))
        promised = [p.expires_ns for p in self._permits.values() if not p.inside]
        if self._waiting and promised:
            effects.append(SetTimer("expiry", min(promised)))
        return effects

    def _occupied(self) -> list[Effect]:
        """Tell people how many are in the lane."""
        inside = sum(permit.inside for permit in self._permits.values())
        detail = f"{inside} inside, leads away from {self._from_side}"
        return [Emit(DeviceChanged(self.name, "lane", self.state, detail))]
