"""An inspection booth: one AGV at a time; silence is never clearance.

Out of service it refuses the AGV that stands in it, unless its image is being made.
"""

from collections import deque

from actors.effects import CancelTimer, Command, Effect, Emit, Send, SetTimer
from actors.messages import (
    DeviceChanged,
    FaultChanged,
    LinkLost,
    LinkRestored,
    Message,
    QueryReport,
    QueryState,
    RequestScan,
    ScanDecided,
    ScanFinished,
    ScannerState,
    ServiceRefused,
    SetService,
    Started,
    StartScan,
    StationReport,
    TimerFired,
)
from actors.safety import LimitSpeed

QUERY_NS = 10**9
"""An unknown scanner is asked this often [ours]."""
SILENT_NS = 60 * 10**9
"""A scanner that does not answer for so long is out of order [ours]."""


class Booth:
    """Machine of one booth. `scan_ns_max` is the longest that scan and review may take.

    States: `unknown` (the scanner has not said what is true), `idle`, `scanning`, `faulted` (no
    image in time: the AGV stays, and the scanner is asked until it answers with an image; or the
    scanner reports a fault or is silent for too long). `fleet` is the fleet manager's name.
    """

    def __init__(self, name: str, fleet: str, scan_ns_max: int) -> None:
        self.name, self.fleet = name, fleet
        self.state = "unknown"
        self._known = False
        """The scanner has said what is true."""
        self._fault = ""
        """What its scanner says is wrong, else why it is held."""
        self._limit = LimitSpeed(0, None)
        self._kept_limit = 0
        """Number of the limit that its controller kept to when it was asked last."""
        self._withdrawn = False
        self._scan_ns_max = scan_ns_max
        self._scan: RequestScan | None = None
        self._done: deque[ScanFinished] = deque(maxlen=16)
        self._refused: deque[int] = deque(maxlen=16)
        """Steps that were told to go elsewhere: what is still asked for them comes late."""

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """One message in, effects out."""
        match message:
            case RequestScan():
                return self._on_request(message, now_ns)
            case ScanFinished():
                return self._on_finished(message)
            case ScannerState():
                return self._on_state(message, now_ns)
            case TimerFired("overdue") if self._scan is not None:
                return [*self._show("faulted", self._scan.order), *self._ask(now_ns)]
            case FaultChanged(fault) if self._known:
                return [*self._note(fault or self._limit.held, now_ns), *self._ask(now_ns)]
            case LimitSpeed():
                return self._on_limit(message, now_ns)
            case TimerFired("silent") if not self._known:
                return self._note("its scanner does not answer", now_ns)
            case SetService(_, in_service):
                self._withdrawn = not in_service
                return [self._report(now_ns)]
            case QueryReport():  # asked for as long as it is out of order: that may be over
                return [self._report(now_ns), Command(QueryState())]
            case TimerFired("query"):
                return self._ask(now_ns)
            case Started() | LinkLost() | LinkRestored():
                self._known = False
                silent = SetTimer("silent", now_ns + SILENT_NS)
                return [*self._show("unknown", ""), silent, *self._ask(now_ns)]
            case _:
                return []

    def _on_request(self, request: RequestScan, now_ns: int) -> list[Effect]:
        for scan in self._done:
            if scan.step == request.step:
                return [self._decided(request.agv, scan)]
        if request.step in self._refused:
            return [self._refuse(request)]
        if self._scan is not None:
            return []  # a repeat; another AGV cannot stand here, and would ask again
        if not self._known:
            self._scan = request
            return []
        if self._out:
            return [self._refuse(request)]
        self._scan = request
        return self._start(request, now_ns)

    @property
    def _out(self) -> str:
        """Why it is out of service; empty if it is not."""
        return self._fault or ("withdrawn" if self._withdrawn else "")

    def _decided(self, agv: str, scan: ScanFinished) -> Effect:
        return Send(agv, ScanDecided(scan.step, self.name, scan.verdict, scan.image, scan.no_image))

    def _refuse(self, request: RequestScan) -> Effect:
        if request.step not in self._refused:
            self._refused.append(request.step)
        return Send(request.agv, ServiceRefused(request.step, self.name, self._out or "was out"))

    def _note(self, fault: str, now_ns: int) -> list[Effect]:
        """Whether the scanner is out of order; tell people and the fleet manager if that is new."""
        if fault == self._fault:
            return []
        self._fault = fault
        state = "scanning" if self._scan is not None else "idle"
        return [*self._show(state, ""), self._report(now_ns)]

    def _on_limit(self, limit: LimitSpeed, now_ns: int) -> list[Effect]:
        """Held, it makes no image; what its scanner says is asked anew."""
        if limit.number < self._limit.number:
            return []
        self._limit = limit
        noted = self._note(limit.held, now_ns) if limit.held else []
        return [Command(limit), self._report(now_ns), *noted, *self._ask(now_ns)]

    def _report(self, now_ns: int) -> Effect:
        number = max(self._limit.number, self._kept_limit)
        report = StationReport(self.name, now_ns, self._fault, self._withdrawn, number)
        return Send(self.fleet, report)

    def _start(self, request: RequestScan, now_ns: int) -> list[Effect]:
        scan = StartScan(request.step, request.container, request.size_type, request.hs)
        return [
            *self._show("scanning", request.order),
            Command(scan),
            SetTimer("overdue", now_ns + self._scan_ns_max),
        ]

    def _on_finished(self, scan: ScanFinished) -> list[Effect]:
        if scan not in self._done:
            self._done.append(scan)
        request = self._scan
        if request is None or request.step != scan.step:
            return []  # of a scan from before a restart: its AGV asks again and is answered
        self._scan = None
        return [
            CancelTimer("overdue"),
            CancelTimer("query"),
            *self._show("idle", ""),
            self._decided(request.agv, scan),
        ]

    def _on_state(self, truth: ScannerState, now_ns: int) -> list[Effect]:
        """Go on from what the scanner says; a scan that it does not make is commanded again."""
        self._done.extend(scan for scan in truth.done if scan not in self._done)
        effects: list[Effect] = [CancelTimer("query"), CancelTimer("silent")]
        fault, self._kept_limit = truth.fault or self._limit.held, truth.limit
        if not self._known:
            if self._limit.number:
                effects.append(Command(self._limit))
            self._known, self._fault = True, fault
            effects.append(self._report(now_ns))
        effects += self._note(fault, now_ns)
        request = self._scan
        if request is None:
            return effects + self._show("idle", "")
        for scan in self._done:
            if scan.step == request.step:
                return effects + self._on_finished(scan)
        if self._out and truth.step != request.step:
            self._scan = None
            overdue = CancelTimer("overdue")
            return [*effects, overdue, *self._show("idle", ""), self._refuse(request)]
        if truth.step == request.step and self.state == "scanning":
            return effects
        return effects + self._start(request, now_ns)

    def _ask(self, now_ns: int) -> list[Effect]:
        return [Command(QueryState()), SetTimer("query", now_ns + QUERY_NS)]

    def _show(self, state: str, detail: str) -> list[Effect]:
        if self._fault:
            state, detail = "faulted", self._fault
        if state == self.state:
            return []
        self.state = state
        return [Emit(DeviceChanged(self.name, "booth", state, detail))]
