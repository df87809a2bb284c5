"""A crane: one lift at a time, for the AGVs that stand in its bays, in the order they asked."""

from collections import deque

from actors.effects import CancelTimer, Command, Effect, Emit, Send, SetTimer
from actors.messages import (
    CraneState,
    DeviceChanged,
    LinkLost,
    LinkRestored,
    Message,
    QueryState,
    RequestTransfer,
    Started,
    StartTransfer,
    TimerFired,
    TransferDone,
    TransferFinished,
)

QUERY_NS = 10**9
"""An unknown controller is asked this often [ours]."""
WATCH_NS = 30 * 10**9
"""During a lift the controller is asked this often whether it still lifts [ours]."""


class Crane:
    """Machine of one crane.

    States: `unknown` (the controller has not said what is true), `idle`, `lifting`. A request is
    known by its step: what is done is answered again, what waits is kept once. The queue is as
    long as there are bays, since only AGVs that stand in one ask.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.state = "unknown"
        self._detail = ""
        self._lift: RequestTransfer | None = None
        self._queue: deque[RequestTransfer] = deque()
        self._done: deque[int] = deque(maxlen=64)

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """One message in, effects out."""
        match message:
            case RequestTransfer():
                return self._on_request(message, now_ns)
            case TransferFinished(step):
                return self._on_finished(step, now_ns)
            case CraneState():
                return self._on_state(message, now_ns)
            case TimerFired("watch"):
                return [Command(QueryState()), SetTimer("watch", now_ns + WATCH_NS)]
            case Started() | LinkLost() | LinkRestored() | TimerFired("query"):
                return [
                    *self._show("unknown", ""),
                    Command(QueryState()),
                    SetTimer("query", now_ns + QUERY_NS),
                ]
            case _:
                return []

    def _on_request(self, request: RequestTransfer, now_ns: int) -> list[Effect]:
        if request.step in self._done:
            return [Send(request.agv, TransferDone(request.step, self.name))]
        if all(request.step != known.step for known in (self._lift, *self._queue) if known):
            self._queue.append(request)
        return self._start_next(now_ns)

    def _start_next(self, now_ns: int) -> list[Effect]:
        if self.state == "unknown" or self._lift is not None:
            return []
        effects: list[Effect] = []
        while self._queue:
            lift = self._queue.popleft()
            if lift.step in self._done:  # made before a restart, finished while it waited
                effects.append(Send(lift.agv, TransferDone(lift.step, self.name)))
                continue
            self._lift = lift
            return [*effects, *self._show("lifting", lift.order), *self._command(lift, now_ns)]
        return effects + self._show("idle", "")

    def _command(self, lift: RequestTransfer, now_ns: int) -> list[Effect]:
        return [
            Command(StartTransfer(lift.step, lift.bay, lift.transfer, lift.container)),
            SetTimer("watch", now_ns + WATCH_NS),
        ]

    def _on_finished(self, step: int, now_ns: int) -> list[Effect]:
        if step not in self._done:
            self._done.append(step)
        lift = self._lift
        if lift is None:
            return []  # of a lift from before a restart: its AGV asks again and is answered
        if lift.step != step:  # the same; the controller was busy with it when told of ours
            return [] if self.state == "unknown" else self._command(lift, now_ns)
        self._lift = None
        return [
            CancelTimer("watch"),
            Send(lift.agv, TransferDone(step, self.name)),
            *self._start_next(now_ns),
        ]

    def _on_state(self, truth: CraneState, now_ns: int) -> list[Effect]:
        """Go on from what the controller says; a lift that it does not make is commanded again."""
        self._done.extend(step for step in truth.done if step not in self._done)
        effects: list[Effect] = [CancelTimer("query")]
        lift = self._lift
        if lift is None:
            if self.state == "unknown":
                effects += self._show("idle", "")
            return effects + self._start_next(now_ns)
        effects += self._show("lifting", lift.order)
        if lift.step in self._done:
            return effects + self._on_finished(lift.step, now_ns)
        return effects if truth.step == lift.step else effects + self._command(lift, now_ns)

    def _show(self, state: str, detail: str) -> list[Effect]:
        if (state, detail) == (self.state, self._detail):
            return []
        self.state, self._detail = state, detail
        return [Emit(DeviceChanged(self.name, "crane", state, detail))]
