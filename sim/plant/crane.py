"""The simulated controller of a crane: one lift at a time, in the time of the data sheet."""

from collections import deque
from random import Random

from actors.effects import CancelTimer, Effect, Send, SetTimer
from actors.messages import (
    ClearFault,
    CraneState,
    FaultChanged,
    InjectFault,
    Message,
    QueryState,
    StartTransfer,
    TimerFired,
    TransferFinished,
)
from actors.safety import LimitSpeed
from robotics.telemetry import StationSignal

DONE_KEPT = 32
"""Finished lifts that are remembered; more than any crane has bays, so repeats find theirs."""


class CraneController:
    """Machine of the plant.

    `lift_s` is the mean time of a lift; each takes up to `spread` (a share) less or more. Two
    containers are lifted one after the other [assumed: no twin spreader]. A fault interrupts a
    lift, which then takes the time that it still needed.
    """

    def __init__(self, device: str, lift_s: float, spread: float, random: Random) -> None:
        self.name = f"{device}/controller"
        self.device = device
        self.lift_s = lift_s
        self._spread, self._random = spread, random
        self.job: StartTransfer | None = None
        """The lift that is being made."""
        self._began_ns = 0
        self._ends_ns = 0
        self._fault = ""
        self._limit = LimitSpeed(0, None)
        self._broke_ns = 0
        self._done: deque[int] = deque(maxlen=DONE_KEPT)

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """Lift what is asked, once for each step."""
        match message:
            case StartTransfer(step):
                if step in self._done:
                    return [Send(self.device, TransferFinished(step))]
                if self.job is not None or self._stands:
                    return []  # a repeat, or a second job: its machine gives one at a time
                factor = 1 + self._spread * self._random.uniform(-1, 1)
                lifts = len(message.container.split(" + "))
                self.job, self._began_ns = message, now_ns
                self._ends_ns = now_ns + round(lifts * self.lift_s * factor * 1e9)
                return [SetTimer("lift", self._ends_ns)]
            case TimerFired("lift") if self.job is not None and not self._stands:
                step, self.job = self.job.step, None
                self._done.append(step)
                return [Send(self.device, TransferFinished(step))]
            case QueryState():
                step = self.job.step if self.job is not None else 0
                truth = CraneState(step, tuple(self._done), self._fault, self._limit.number)
                return [Send(self.device, truth)]
            case InjectFault(fault) if fault and not self._fault:
                frozen = self._freeze(now_ns)
                self._fault = fault
                return [*frozen, Send(self.device, FaultChanged(fault))]
            case ClearFault() if self._fault:
                self._fault = ""
                return [Send(self.device, FaultChanged("")), *self._go_on(now_ns)]
            case LimitSpeed() if message.number > self._limit.number:
                frozen = self._freeze(now_ns) if message.held else []
                stood, self._limit = self._stands, message
                return frozen or (self._go_on(now_ns) if stood else [])
            case _:
                return []

    @property
    def _stands(self) -> bool:
        """Out of order, or held: whatever hangs in the air stays there."""
        return bool(self._fault or self._limit.held)

    def _freeze(self, now_ns: int) -> list[Effect]:
        if self._stands:
            return []
        self._broke_ns = now_ns
        return [CancelTimer("lift")]

    def _go_on(self, now_ns: int) -> list[Effect]:
        """Make the lift that was interrupted, if nothing stands against it any more."""
        if self._stands or self.job is None:
            return []
        self._began_ns += now_ns - self._broke_ns
        self._ends_ns += now_ns - self._broke_ns
        return [SetTimer("lift", self._ends_ns)]

    def signal(self, now_ns: int) -> StationSignal:
        """What the crane shows of itself at this moment."""
        if self.job is None:
            return StationSignal(self.device, "idle", 0.0, self._fault or self._limit.held)
        return StationSignal(
            self.device,
            self.job.transfer,
            round(self.share(now_ns), 3),
            self._fault or self._limit.held,
        )

    def share(self, now_ns: int) -> float:
        """How much of its lift's time is over, 0..1; of no meaning without one."""
        now_ns = self._broke_ns if self._stands else now_ns
        return min((now_ns - self._began_ns) / max(self._ends_ns - self._began_ns, 1), 1.0)
