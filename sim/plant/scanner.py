"""The simulated controller of an inspection booth's scanner, with the review of its image."""

from collections import deque
from collections.abc import Callable
from random import Random

from actors.effects import CancelTimer, Effect, Send, SetTimer
from actors.messages import (
    ClearFault,
    FaultChanged,
    InjectFault,
    Message,
    QueryState,
    ScanFinished,
    ScannerState,
    StartScan,
    TimerFired,
    Verdict,
)
from actors.safety import LimitSpeed
from robotics.telemetry import StationSignal

DONE_KEPT = 8
"""Finished scans that are remembered, so that a repeated request finds its image."""


Imager = Callable[[str, StartScan, float], ScanFinished | None]
"""Makes the image of a scan by the device of that name, of containers of which that share has
something hidden in it. None: it is being made, and the controller is told when it is there."""


class ScannerController:
    """Machine of the plant.

    A scan and its review take `scan_s` in the mean, up to `spread` (a share) less or more. With an
    `imager` there is an image of each scan, and something hidden in `suspicious_share` of the
    containers. Without one, as in studies of a gate's capacity, nobody makes images, and that share
    of them is called suspicious. A fault spoils the image being made.
    """

    def __init__(
        self, device: str, scan_s: float, spread: float, suspicious_share: float, random: Random
    ) -> None:
        self.name = f"{device}/controller"
        self.device = device
        self._scan_s, self._spread, self._random = scan_s, spread, random
        self._suspicious_share = suspicious_share
        self.imager: Imager | None = None
        self._job: StartScan | None = None
        self._began_ns = 0
        self._ends_ns = 0
        self._fault = ""
        self._limit = LimitSpeed(0, None)
        self._done: deque[ScanFinished] = deque(maxlen=DONE_KEPT)

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """Scan what is asked, once for each step."""
        match message:
            case StartScan(step):
                for scan in self._done:
                    if scan.step == step:
                        return [Send(self.device, scan)]
                if self._job is not None or self._fault or self._limit.held:
                    return []
                factor = 1 + self._spread * self._random.uniform(-1, 1)
                self._job, self._began_ns = message, now_ns
                self._ends_ns = now_ns + round(self._scan_s * factor * 1e9)
                return [SetTimer("scan", self._ends_ns)]
            case TimerFired("scan") if self._job is not None:
                made = self._image_of(self._job)
                return self._finish(made) if made is not None else []
            case ScanFinished(step) if self._job is not None and self._job.step == step:
                # One that was spoiled may come while its scan is made anew.
                return self._finish(message) if now_ns >= self._ends_ns else []
            case QueryState():
                step = self._job.step if self._job is not None else 0
                truth = ScannerState(step, tuple(self._done), self._fault, self._limit.number)
                return [Send(self.device, truth)]
            case InjectFault(fault) if fault and not self._fault:
                self._fault, self._job = fault, None
                return [CancelTimer("scan"), Send(self.device, FaultChanged(fault))]
            case ClearFault() if self._fault:
                self._fault = ""
                return [Send(self.device, FaultChanged(""))]
            case LimitSpeed() if message.number > self._limit.number:
                self._limit = message
                if not message.held:
                    return []
                self._job = None  # an image that is interrupted is spoiled
                return [CancelTimer("scan")]
            case _:
                return []

    def _image_of(self, job: StartScan) -> ScanFinished | None:
        if self.imager is not None:
            return self.imager(self.device, job, self._suspicious_share)
        suspicious = self._random.random() < self._suspicious_share
        verdict: Verdict = "suspicious" if suspicious else "clear"
        return ScanFinished(job.step, verdict, f"{self.device}-{job.step}")

    def _finish(self, scan: ScanFinished) -> list[Effect]:
        self._job = None
        self._done.append(scan)
        return [Send(self.device, scan)]

    def signal(self, now_ns: int) -> StationSignal:
        """What the scanner shows of itself at this moment."""
        if self._job is None:
            return StationSignal(self.device, "idle", 0.0, self._fault or self._limit.held)
        share = (now_ns - self._began_ns) / max(self._ends_ns - self._began_ns, 1)
        return StationSignal(self.device, "scan", round(min(share, 1.0), 3))
