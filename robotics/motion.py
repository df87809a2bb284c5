"""How a vehicle moves along a path: trapezoid speed profiles under speed limits.

Used by the simulated controllers; times are seconds from the profile's start, distances metres
along the path.
"""

import math
from bisect import bisect_right

import msgspec

EPS_MPS = 1e-9
"""Speeds closer than this are equal."""


class Piece(msgspec.Struct, frozen=True, gc=False):
    """Motion with constant acceleration, from the moment `t_s` on."""

    t_s: float
    at_m: float
    speed_mps: float
    acceleration_mps2: float


class Profile:
    """A whole motion that ends at rest; before its start and after its end the vehicle stands."""

    def __init__(self, pieces: list[Piece], end_s: float, end_m: float) -> None:
        self.pieces = pieces
        self.end_s = end_s
        self.end_m = end_m

    def at(self, t_s: float) -> tuple[float, float]:
        """Position [m] and speed [m/s] at `t_s` after the start."""
        if t_s >= self.end_s:
            return self.end_m, 0.0
        index = bisect_right(self.pieces, t_s, key=lambda piece: piece.t_s) - 1
        piece = self.pieces[max(index, 0)]
        dt = max(t_s - piece.t_s, 0.0)
        speed = piece.speed_mps + piece.acceleration_mps2 * dt
        return piece.at_m + (piece.speed_mps + speed) / 2 * dt, max(speed, 0.0)

    def time_at(self, at_m: float) -> float:
        """When the position is reached [s after the start]; infinite beyond the end."""
        if at_m > self.end_m:
            return math.inf
        index = bisect_right(self.pieces, at_m, key=lambda piece: piece.at_m) - 1
        if index < 0:
            return 0.0
        piece = self.pieces[index]
        distance = at_m - piece.at_m
        if distance <= 0:
            return piece.t_s
        a = piece.acceleration_mps2
        if a == 0:
            return piece.t_s + distance / piece.speed_mps
        root = math.sqrt(max(piece.speed_mps**2 + 2 * a * distance, 0.0))
        return piece.t_s + 2 * distance / (piece.speed_mps + root)


def standing(at_m: float) -> Profile:
    """No motion at all."""
    return Profile([], 0.0, at_m)


def plan(
    at_m: float,
    speed_mps: float,
    stretches: list[tuple[float, float]],
    acceleration_mps2: float,
    deceleration_mps2: float,
) -> Profile:
    """The fastest motion from a place and speed that keeps all limits and ends at rest.

    `stretches` are (end of the stretch [m], its speed limit [m/s]), ends rising from `at_m`. Where
    the speed at the start is too high for what follows, braking is as hard as needed.
    """
    limits: list[tuple[float, float]] = []
    for end_m, limit in stretches:  # stretches with the same limit are driven as one
        if limits and limits[-1][1] == limit:
            limits[-1] = (end_m, limit)
        else:
            limits.append((end_m, limit))
    # Backward: the highest speed at each boundary from which the rest can be kept.
    caps = [0.0] * len(limits)
    for i in range(len(limits) - 2, -1, -1):
        length = limits[i + 1][0] - limits[i][0]
        braked = math.sqrt(caps[i + 1] ** 2 + 2 * deceleration_mps2 * length)
        caps[i] = min(braked, limits[i][1], limits[i + 1][1])
    # Forward: accelerate, cruise and brake within each stretch.
    pieces: list[Piece] = []
    t, at, speed = 0.0, at_m, speed_mps
    for (end_m, limit), cap in zip(limits, caps, strict=True):
        length = end_m - at
        if length <= 0:
            continue
        t, speed = _drive_stretch(
            pieces, t, at, length, speed, limit, cap, acceleration_mps2, deceleration_mps2
        )
        at = end_m
    return Profile(pieces, t, at)


def _drive_stretch(
    pieces: list[Piece],
    t: float,
    at: float,
    length: float,
    speed: float,
    limit: float,
    cap: float,
    up: float,
    down: float,
) -> tuple[float, float]:
    """Append the pieces of one stretch; returns the time and speed at its end."""
    if speed * speed - cap * cap > 2 * down * length:  # must brake harder than planned
        rate = (speed * speed - cap * cap) / (2 * length)
        pieces.append(Piece(t, at, speed, -rate))
        return t + 2 * length / (speed + cap), cap
    if speed > limit + EPS_MPS:  # a limit that was not foreseen: down to it first
        pieces.append(Piece(t, at, speed, -down))
        slowed_m = (speed * speed - limit * limit) / (2 * down)
        t, at = t + (speed - limit) / down, at + slowed_m
        speed, length = limit, length - slowed_m
    cap = min(cap, math.sqrt(speed * speed + 2 * up * length))  # what can be reached at all
    # Peak of the triangle "accelerate, then brake to the cap", not above the limit.
    peak2 = (2 * up * down * length + down * speed * speed + up * cap * cap) / (up + down)
    peak = max(min(math.sqrt(peak2), limit), speed)
    if peak > speed:
        pieces.append(Piece(t, at, speed, up))
        dt = (peak - speed) / up
        t, at = t + dt, at + (speed + peak) / 2 * dt
        length -= (speed + peak) / 2 * dt
    out = min(cap, peak)
    braking = (peak * peak - out * out) / (2 * down)
    cruise = length - braking
    if cruise > 1e-9:
        pieces.append(Piece(t, at, peak, 0.0))
        t, at = t + cruise / peak, at + cruise
    if peak > out:
        pieces.append(Piece(t, at, peak, -down))
        t += (peak - out) / down
    return t, out
