"""The gate's clock: UTC, or faster than that when the gate is run sped up, or a simulator's."""

import mmap
import struct
import time
from pathlib import Path

import msgspec

_KEPT = struct.Struct("=qd")
"""A simulator's time [UTC, ns], and how many times as fast as the wall clock it is."""
RATE_S = 0.5
"""A simulator's rate is measured over so much of the wall clock [ours]."""
LOOK_S, LOOK_S_MAX = 0.005, 1.0
"""Who waits for a simulator's time looks again after so long at the earliest, for it may stand, and
at the latest, for it may have become faster [ours]."""


class GateTime(msgspec.Struct, frozen=True):
    """What all processes of a gate agree on; call it for the clock of one process."""

    epoch_ns: int
    """Wall time at which the gate's time was the same as the wall's [UTC, ns]."""
    speed: float = 1.0
    """So many times as fast as the wall clock; a simulator has a rate of its own."""
    kept_in: str = ""
    """The file in which a simulator's time is kept; empty: the wall clock is the gate's."""

    def __call__(self) -> "GateClock":
        """The clock of this process."""
        return KeptClock(self) if self.kept_in else GateClock(self)


class GateClock:
    """Reads the wall clock once and the monotonic clock from then on, so that it never jumps."""

    def __init__(self, gate_time: GateTime) -> None:
        self._speed = gate_time.speed
        self._began_mono_ns = time.monotonic_ns()
        ahead_ns = time.time_ns() - gate_time.epoch_ns
        self._began_ns = gate_time.epoch_ns + round(ahead_ns * self._speed)

    def now_ns(self) -> int:
        """The gate's time [UTC, ns]."""
        return self._began_ns + round((time.monotonic_ns() - self._began_mono_ns) * self._speed)

    @property
    def rate(self) -> float:
        """So many times as fast as the wall clock it goes."""
        return self._speed

    def wall_s(self, span_ns: int) -> float:
        """How long a span of the gate's time takes on the wall clock [s].

        Whoever has waited for so long looks at the clock again: a simulator may have been slower.
        """
        return span_ns / self.rate / 1e9


class KeptClock(GateClock):
    """Shows what a `ClockKeeper` has written last, in whatever process; stands when that does."""

    def __init__(self, gate_time: GateTime) -> None:
        super().__init__(gate_time)
        with open(gate_time.kept_in, "rb") as file:
            self._kept = mmap.mmap(file.fileno(), _KEPT.size, access=mmap.ACCESS_READ)

    def now_ns(self) -> int:
        """The gate's time [UTC, ns]."""
        now_ns: int = _KEPT.unpack_from(self._kept)[0]
        return now_ns

    @property
    def rate(self) -> float:
        """As the simulator has gone lately."""
        rate: float = _KEPT.unpack_from(self._kept)[1]
        return rate

    def wall_s(self, span_ns: int) -> float:
        """As the simulator has gone lately; from `LOOK_S` to `LOOK_S_MAX`."""
        return min(max(super().wall_s(span_ns), LOOK_S), LOOK_S_MAX)


class ClockKeeper:
    """Writes a simulator's time for all processes of a gate; it never goes back.

    Of one thread. It may be made anew for the same file, and goes on from what is there.
    """

    def __init__(self, gate_time: GateTime) -> None:
        path = Path(gate_time.kept_in)
        if not path.exists():
            path.write_bytes(_KEPT.pack(gate_time.epoch_ns, gate_time.speed))
        with path.open("r+b") as file:
            self._kept = mmap.mmap(file.fileno(), _KEPT.size)
        self.now_ns: int = _KEPT.unpack_from(self._kept)[0]
        """What it shows [UTC, ns]."""
        self._rate: float = _KEPT.unpack_from(self._kept)[1]
        self._measure(time.monotonic())

    def _measure(self, now_s: float) -> None:
        """Measure the rate from now on."""
        self._since_ns, self._since_s = self.now_ns, now_s
        self._shown_s = now_s

    def show(self, now_ns: int) -> None:
        """It is so late [UTC, ns]."""
        if now_ns <= self.now_ns:
            return
        self.now_ns = now_ns
        now_s = time.monotonic()
        if now_s - self._shown_s >= RATE_S:  # it has stood
            self._measure(now_s)
        elif now_s - self._since_s >= RATE_S:
            self._rate = (now_ns - self._since_ns) / (now_s - self._since_s) / 1e9
            self._measure(now_s)
        self._shown_s = now_s
        _KEPT.pack_into(self._kept, 0, now_ns, self._rate)
