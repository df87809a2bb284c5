"""The gate's clock: UTC, or faster than that when the gate is run sped up."""

import time

import msgspec


class GateTime(msgspec.Struct, frozen=True):
    """What all processes of a gate agree on; call it for the clock of one process."""

    epoch_ns: int
    """Wall time at which the gate's time was the same as the wall's [UTC, ns]."""
    speed: float = 1.0

    def __call__(self) -> "GateClock":
        """The clock of this process."""
        return GateClock(self)


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

    def wall_s(self, span_ns: int) -> float:
        """How long a span of the gate's time takes on the wall clock [s]."""
        return span_ns / self._speed / 1e9
