"""An inspection booth: one AGV at a time; silence is never clearance."""

from collections import deque

from actors.effects import CancelTimer, Command, Effect, Emit, Send, SetTimer
from actors.messages import (
    DeviceChanged,
    LinkLost,
    LinkRestored,
    Message,
    QueryState,
    RequestScan,
    ScanDecided,
    ScanFinished,
    ScannerState,
    Started,
    StartScan,
    TimerFired,
)

QUERY_NS = 10**9
"""An unknown scanner is asked this often [ours]."""


class Booth:
    """Machine of one booth. `scan_ns_max` is the longest that scan and review may take.

    States: `unknown` (the scanner has not said what is true), `idle`, `scanning`, `faulted` (no
    image in time: the AGV stays, and the scanner is asked until it answers with an image).
    """

    def __init__(self, name: str, scan_ns_max: int) -> None:
        self.name = name
        self.state = "unknown"
        self._scan_ns_max = scan_ns_max
        self._scan: RequestScan | None = None
        self._done: deque[ScanFinished] = deque(maxlen=16)

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
            case TimerFired("query"):
                return self._ask(now_ns)
            case Started() | LinkLost() | LinkRestored():
                return [*self._show("unknown", ""), *self._ask(now_ns)]
            case _:
                return []

    def _on_request(self, request: RequestScan, now_ns: int) -> list[Effect]:
        for scan in self._done:
            if scan.step == request.step:
                return [Send(request.agv, ScanDecided(scan.step, self.name, scan.verdict))]
        if self._scan is not None:
            return []  # a repeat; another AGV cannot stand here, and would ask again
        self._scan = request
        return [] if self.state == "unknown" else self._start(request, now_ns)

    def _start(self, request: RequestScan, now_ns: int) -> list[Effect]:
        return [
            *self._show("scanning", request.order),
            Command(StartScan(request.step, request.container)),
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
            Send(request.agv, ScanDecided(scan.step, self.name, scan.verdict)),
        ]

    def _on_state(self, truth: ScannerState, now_ns: int) -> list[Effect]:
        """Go on from what the scanner says; a scan that it does not make is commanded again."""
        self._done.extend(scan for scan in truth.done if scan not in self._done)
        effects: list[Effect] = [CancelTimer("query")]
        request = self._scan
        if request is None:
            return effects + self._show("idle", "")
        for scan in self._done:
            if scan.step == request.step:
                return effects + self._on_finished(scan)
        if truth.step == request.step and self.state == "scanning":
            return effects
        return effects + self._start(request, now_ns)

    def _ask(self, now_ns: int) -> list[Effect]:
        return [Command(QueryState()), SetTimer("query", now_ns + QUERY_NS)]

    def _show(self, state: str, detail: str) -> list[Effect]:
        if state == self.state:
            return []
        self.state = state
        return [Emit(DeviceChanged(self.name, "booth", state, detail))]
