"""Where an AGV was at any moment, from samples in which it says so and the road it was granted.

Between two samples, which are seconds of driving if the gate's clock is fast, it is taken to have
kept to its road as it does in both of them, at one speed: so it is never beyond what they say, nor
faster than it can be.
"""

import math
from collections import deque

import msgspec

from robotics.telemetry import VehicleSignal
from sim.checker import OFF_WAY_M
from sim.footprint import Footprint
from sim.sweep import Way


class Sample(msgspec.Struct):
    """What an AGV said of itself."""

    at_ns: int
    signal: VehicleSignal
    front_m: float | None = None
    """Where its front was on the way; None: not reckoned, or it was off the way."""


class Track:
    """The way of one AGV, and its samples from the last moment that was asked for.

    Args:
        way: What it has been granted at first, at the end of which it stands; it grows.
        length_m: Of the AGV.
        speed_mps: It is no faster.
    """

    def __init__(self, way: Way, length_m: float, speed_mps: float) -> None:
        self.way = way
        self._length_m, self._speed_mps = length_m, speed_mps
        self._samples: deque[Sample] = deque()
        self._front_m, self._front_ns = way.end_m, -1
        """Where its front was last known to be, and when; -1: it has not been heard of."""

    @property
    def newest_ns(self) -> int | None:
        """When it was last heard of; None: never."""
        return self._samples[-1].at_ns if self._samples else None

    def add(self, at_ns: int, signal: VehicleSignal) -> float:
        """It says where it was at a time that is later than all before; how far it has come [m]."""
        before = self._samples[-1].signal if self._samples else signal
        self._samples.append(Sample(at_ns, signal))
        return math.hypot(signal.x_m - before.x_m, signal.y_m - before.y_m)

    def forget(self, before_ns: int) -> None:
        """Drop the samples that say nothing about that time or later."""
        while len(self._samples) > 1 and self._samples[1].at_ns <= before_ns:
            self._locate(self._samples[0])
            self._samples.popleft()
        self.way.forget(self._front_m - 2 * self._length_m)

    def show(self, now_ns: int) -> VehicleSignal:
        """As it was at a time; what was before is forgotten. Beyond its samples it stands."""
        self.forget(now_ns)
        one = self._samples[0]
        if len(self._samples) == 1 or now_ns <= one.at_ns:
            return one.signal
        other = self._samples[1]
        self._locate(one)
        self._locate(other)
        return self._between(one, other, (now_ns - one.at_ns) / (other.at_ns - one.at_ns))

    def _locate(self, sample: Sample) -> None:
        """Find its front on the way: near where it can be by its speed, else anywhere ahead."""
        if sample.front_m is not None:
            return
        signal, known = sample.signal, self._front_ns >= 0
        passed_s = (sample.at_ns - self._front_ns) / 1e9 if known else 0.0
        guess_m = self._front_m + signal.speed_mps * passed_s
        front_m, off_m = self.way.find(signal.x_m, signal.y_m, guess_m)
        at_m, reach_m = self._front_m, self._front_m + self._speed_mps * passed_s
        while off_m > OFF_WAY_M and at_m < min(reach_m, self.way.end_m) + self._length_m:
            front_m, off_m = self.way.find(signal.x_m, signal.y_m, at_m)
            at_m += self._length_m / 2
        if off_m <= OFF_WAY_M:
            sample.front_m = front_m
            self._front_m, self._front_ns = front_m, sample.at_ns

    def _between(self, one: Sample, other: Sample, share: float) -> VehicleSignal:
        """After a share of the time between two samples; straight on if one is off the way."""
        here, there = one.signal, other.signal
        if one.front_m is None or other.front_m is None or other.front_m <= one.front_m:
            turned_rad = math.remainder(there.heading_rad - here.heading_rad, math.tau)
            x_m, y_m = _mean(here.x_m, there.x_m, share), _mean(here.y_m, there.y_m, share)
            return _signal(here, there, share, x_m, y_m, here.heading_rad + turned_rad * share)
        body = self.way.body(_mean(one.front_m, other.front_m, share))
        # Beside its way it is as it was in both samples.
        begin, end = self.way.body(one.front_m), self.way.body(other.front_m)
        turned_rad = math.remainder(_heading_rad(body) - _heading_rad(begin), math.tau)
        return _signal(
            here,
            there,
            share,
            body.x + _mean(here.x_m - begin.x, there.x_m - end.x, share),
            body.y + _mean(here.y_m - begin.y, there.y_m - end.y, share),
            here.heading_rad + turned_rad,
        )


def _mean(one: float, other: float, share: float) -> float:
    return one + (other - one) * share


def _heading_rad(body: Footprint) -> float:
    return math.atan2(body.sin, body.cos)


def _signal(
    here: VehicleSignal,
    there: VehicleSignal,
    share: float,
    x_m: float,
    y_m: float,
    heading_rad: float,
) -> VehicleSignal:
    speed_mps = _mean(here.speed_mps, there.speed_mps, share)
    return msgspec.structs.replace(
        here, x_m=x_m, y_m=y_m, heading_rad=heading_rad, speed_mps=speed_mps
    )
