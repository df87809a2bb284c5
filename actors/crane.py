"""A crane: one lift at a time, for the AGVs that stand in its bays, in the order they asked.

Out of service it refuses those that wait, so that they go elsewhere. A lift that may have been
commanded is never refused: nobody knows whether the container hangs in the air.
"""

from collections import deque

from actors.effects import CancelTimer, Command, Effect, Emit, Send, SetTimer
from actors.messages import (
    CraneState,
    DeviceChanged,
    FaultChanged,
    LinkLost,
    LinkRestored,
    Message,
    QueryReport,
    QueryState,
    RequestTransfer,
    ServiceRefused,
    SetService,
    Started,
    StartTransfer,
    StationReport,
    TimerFired,
    TransferDone,
    TransferFinished,
)
from actors.safety import LimitSpeed

QUERY_NS = 10**9
"""An unknown controller is asked this often [ours]."""
SILENT_NS = 60 * 10**9
"""A controller that does not answer for so long is out of order [ours]."""
WATCH_NS = 30 * 10**9
"""During a lift the controller is asked this often whether it still lifts [ours]."""


class Crane:
    """Machine of one crane. `fleet` is the name of the fleet manager.

    States: `unknown` (the controller has not said what is true), `idle`, `lifting`, `faulted` (its
    controller says so, or is silent for too long). A request is
    known by its step: what is done is answered again, what waits is kept once. The queue is as
    long as there are bays, since only AGVs that stand in one ask.
    """

    def __init__(self, name: str, fleet: str) -> None:
        self.name, self.fleet = name, fleet
        self.state = "unknown"
        self._detail = ""
        self._known = False
        """The controller has said what is true."""
        self._under_way = 0
        """The lift that the controller last said it makes; 0: none."""
        self._fault = ""
        """What its controller says is wrong, else why it is held."""
        self._limit = LimitSpeed(0, None)
        self._kept_limit = 0
        """Number of the limit that its controller kept to when it was asked last."""
        self._withdrawn = False
        self._lift: RequestTransfer | None = None
        self._queue: deque[RequestTransfer] = deque()
        self._done: deque[int] = deque(maxlen=64)
        self._refused: deque[int] = deque(maxlen=64)
        """Steps that were told to go elsewhere: what is still asked for them comes late."""

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """One message in, effects out."""
        match message:
            case RequestTransfer():
                return self._on_request(message, now_ns)
            case TransferFinished(step):
                return self._on_finished(step, now_ns)
            case CraneState():
                return self._on_state(message, now_ns)
            case FaultChanged(fault) if self._known:
                return self._on_fault(fault or self._limit.held, now_ns)
            case LimitSpeed():
                return self._on_limit(message, now_ns)
            case TimerFired("silent") if not self._known:
                return self._on_fault("its controller does not answer", now_ns)
            case SetService(_, in_service):
                self._withdrawn = not in_service
                return [self._report(now_ns), *self._start_next(now_ns)]
            case QueryReport():  # asked for as long as it is out of order: that may be over
                return [self._report(now_ns), Command(QueryState())]
            case TimerFired("watch"):
                return [Command(QueryState()), SetTimer("watch", now_ns + WATCH_NS)]
            case Started() | LinkLost() | LinkRestored() | TimerFired("query"):
                known, self._known = self._known, False
                effects: list[Effect] = []
                if known or isinstance(message, Started):
                    effects.append(SetTimer("silent", now_ns + SILENT_NS))
                return [
                    *effects,
                    *self._show("unknown", ""),
                    Command(QueryState()),
                    SetTimer("query", now_ns + QUERY_NS),
                ]
            case _:
                return []

    def _on_request(self, request: RequestTransfer, now_ns: int) -> list[Effect]:
        if request.step in self._done:
            return [Send(request.agv, TransferDone(request.step, self.name))]
        if request.step in self._refused:
            return [self._refuse(request)]
        if all(request.step != known.step for known in (self._lift, *self._queue) if known):
            self._queue.append(request)
        return self._start_next(now_ns)

    def _start_next(self, now_ns: int) -> list[Effect]:
        effects: list[Effect] = []
        if self._out and self._known:
            refused = [request for request in self._queue if request.step != self._under_way]
            self._queue = deque(request for request in self._queue if request not in refused)
            effects += [self._refuse(request) for request in refused]
        if not self._known or self._lift is not None:
            return effects
        while self._queue:
            lift = self._queue.popleft()
            if lift.step in self._done:  # made before a restart, finished while it waited
                effects.append(Send(lift.agv, TransferDone(lift.step, self.name)))
                continue
            self._lift = lift
            return [*effects, *self._show("lifting", lift.order), *self._command(lift, now_ns)]
        return effects + self._show("idle", "")

    @property
    def _out(self) -> str:
        """Why it is out of service; empty if it is not."""
        return self._fault or ("withdrawn" if self._withdrawn else "")

    def _refuse(self, request: RequestTransfer) -> Effect:
        """Say that this lift will not be made; or that it has been."""
        if request.step in self._done:
            return Send(request.agv, TransferDone(request.step, self.name))
        if request.step not in self._refused:
            self._refused.append(request.step)
        return Send(request.agv, ServiceRefused(request.step, self.name, self._out or "was out"))

    def _on_fault(self, fault: str, now_ns: int) -> list[Effect]:
        if fault == self._fault:
            return []
        self._fault = fault
        lift = self._lift
        shown = self._show("lifting", lift.order) if lift is not None else self._show("idle", "")
        effects = [*shown, self._report(now_ns), *self._start_next(now_ns)]
        return effects if fault else [*effects, Command(QueryState())]

    def _on_limit(self, limit: LimitSpeed, now_ns: int) -> list[Effect]:
        """Held, it lifts no further and takes no more; what its controller says is asked anew."""
        if limit.number < self._limit.number:
            return []
        self._limit = limit
        passed: list[Effect] = [Command(limit), self._report(now_ns), Command(QueryState())]
        return [*passed, *self._on_fault(limit.held, now_ns)] if limit.held else passed

    def _report(self, now_ns: int) -> Effect:
        number = max(self._limit.number, self._kept_limit)
        report = StationReport(self.name, now_ns, self._fault, self._withdrawn, number)
        return Send(self.fleet, report)

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
            return self._command(lift, now_ns) if self._known else []
        self._lift = None
        return [
            CancelTimer("watch"),
            Send(lift.agv, TransferDone(step, self.name)),
            *self._start_next(now_ns),
        ]

    def _on_state(self, truth: CraneState, now_ns: int) -> list[Effect]:
        """Go on from what the controller says; a lift that it does not make is commanded again."""
        self._done.extend(step for step in truth.done if step not in self._done)
        effects: list[Effect] = [CancelTimer("query"), CancelTimer("silent")]
        lift = self._lift
        self._under_way, self._kept_limit = truth.step, truth.limit
        fault = truth.fault or self._limit.held
        if not self._known and self._limit.number:
            effects.append(Command(self._limit))
        if not self._known or self._fault != fault:
            self._known, self._fault = True, fault
            effects.append(self._report(now_ns))
        if lift is None:
            effects += self._show("idle", "")
            return effects + self._start_next(now_ns)
        effects += self._show("lifting", lift.order)
        if lift.step in self._done:
            return effects + self._on_finished(lift.step, now_ns)
        if truth.step == lift.step or fault:
            return effects
        return effects + self._command(lift, now_ns)

    def _show(self, state: str, detail: str) -> list[Effect]:
        if self._fault:
            state, detail = "faulted", self._fault
        if (state, detail) == (self.state, self._detail):
            return []
        self.state, self._detail = state, detail
        return [Emit(DeviceChanged(self.name, "crane", state, detail))]
