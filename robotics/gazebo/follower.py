"""Follows a road with front and rear: pure pursuit under a speed profile that ends with the road.

An AGV steers its front and its rear each by itself, so that both run on the road, which is what
swept paths and zones reckon with (`actors.site.swept_path`). Front and rear are each pointed at the
place on the road a little ahead of it (R. C. Coulter, Implementation of the pure pursuit path
tracking algorithm, 1992); that the body between them is rigid then settles how it moves and turns.
"""

import math
from collections import deque
from itertools import pairwise

import msgspec

from robotics.road_tracker import XY, Front

LOOK_S, LOOK_M_MIN = 0.3, 0.8
"""So far ahead the front is pointed: by its speed, and at least [ours]. On a circle of 12 m it runs
`12 - sqrt(144 - look²)` inside, 0.03 m at 3 m/s."""
REACH_M = 2.0
"""An end is looked for on the road up to so far beyond where it was found before [ours]."""
STEER_MAX_RAD = math.radians(75)
"""To which angle an end of the body steers at most [ours]."""
LATE_S = 0.06
"""Braking begins so much earlier: a pose is up to 0.02 s old, and a command takes effect as late,
with the drive's own lag [ours]."""
CREEP_PER_S = 1.2
"""Close to the end the speed is so many times the way left, so that it is met without a jolt."""
STOP_M = 0.015
"""So near to the end it stops [ours]."""


class Drive(msgspec.Struct, frozen=True, gc=False):
    """What the body is to do: how its middle moves, in its own frame, and how it turns."""

    ahead_mps: float
    left_mps: float
    turn_rad_s: float
    """Counter-clockwise."""

    def moved(self, front: Front, length_m: float, span_s: float) -> Front:
        """Where the front is after so long, of a body that does just this."""
        turn_rad = self.turn_rad_s * span_s
        middle = front.shifted(-length_m / 2)
        half_rad = front.heading_rad + turn_rad / 2
        cos, sin = math.cos(half_rad), math.sin(half_rad)
        x_m = middle[0] + (self.ahead_mps * cos - self.left_mps * sin) * span_s
        y_m = middle[1] + (self.ahead_mps * sin + self.left_mps * cos) * span_s
        heading_rad = front.heading_rad + turn_rad
        ahead = Front(x_m, y_m, heading_rad, self.ahead_mps).shifted(length_m / 2)
        return Front(*ahead, heading_rad, self.ahead_mps)


class Limits(msgspec.Struct, frozen=True, gc=False):
    """Of the data sheet."""

    length_m: float
    speed_mps: float
    """The highest, as it is loaded now."""
    acceleration_mps2: float
    deceleration_mps2: float


STAND = Drive(0.0, 0.0, 0.0)


class _Piece(msgspec.Struct, frozen=True, gc=False):
    begin_m: float
    length_m: float
    start: XY
    end: XY
    speed_mps: float

    def point(self, at_m: float) -> XY:
        """Also beyond either of its ends."""
        share = (at_m - self.begin_m) / self.length_m
        (x0, y0), (x1, y1) = self.start, self.end
        return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share


class Follower:
    """Knows no road until it is told on which it stands."""

    def __init__(self) -> None:
        self._pieces: deque[_Piece] = deque()
        self._at_m = self._rear_m = self._end_m = 0.0
        """Of the front, of the rear, and of the road's end, along the road."""
        self._speed_mps = 0.0
        """What was commanded last."""
        self.off_m = self.rear_off_m = 0.0
        """How far front and rear were beside the road when they were last looked for."""

    @property
    def at_m(self) -> float:
        """Where the front is along the road."""
        return self._at_m

    @property
    def rear_m(self) -> float:
        """Where the rear is; in curves the road between them is longer than the body."""
        return self._rear_m

    @property
    def left_m(self) -> float:
        """From the front to the end of the road."""
        return max(self._end_m - self._at_m, 0.0)

    def stand(self, points: tuple[XY, ...], length_m: float, begin_m: float = 0.0) -> None:
        """It stands with its front at the end of these points, its body on them; no other road.

        `begin_m` is what the road is counted from.
        """
        self._pieces.clear()
        self._end_m, self._speed_mps = begin_m, 0.0
        self.off_m = self.rear_off_m = 0.0
        self.extend(points, 0.0)
        self._at_m, self._rear_m = self._end_m, self._end_m - length_m

    def extend(self, points: tuple[XY, ...], speed_mps: float) -> None:
        """The road goes on along these points, at this speed at most."""
        for start, end in pairwise(points):
            length_m = math.dist(start, end)
            if length_m > 0:
                self._pieces.append(_Piece(self._end_m, length_m, start, end, speed_mps))
                self._end_m += length_m

    def drive(self, front: Front, limits: Limits, span_s: float, *, halt: bool = False) -> Drive:
        """What to do now, `span_s` after what was said last; `halt`: come to rest on the road."""
        if not self._pieces:
            return STAND
        rear = front.shifted(-limits.length_m)
        self._at_m, self.off_m = self._nearest((front.x_m, front.y_m), self._at_m)
        self._rear_m, self.rear_off_m = self._nearest(rear, self._rear_m)
        while len(self._pieces) > 1 and self._pieces[1].begin_m <= self._rear_m:
            self._pieces.popleft()
        look_m = max(LOOK_M_MIN, LOOK_S * front.speed_mps)
        ahead_rad = self._steer((front.x_m, front.y_m), front.heading_rad, self._at_m + look_m)
        behind_rad = self._steer(rear, front.heading_rad, self._rear_m + look_m)
        if halt:
            speed = self._speed_mps - limits.deceleration_mps2 * span_s
        else:
            faster = self._speed_mps + limits.acceleration_mps2 * span_s
            speed = min(self._allowed(front.speed_mps, limits), faster)
        self._speed_mps = speed = max(speed, 0.0)
        along = speed * math.cos(ahead_rad)  # the same for all of a rigid body
        front_left, rear_left = speed * math.sin(ahead_rad), along * math.tan(behind_rad)
        return Drive(
            along, (front_left + rear_left) / 2, (front_left - rear_left) / limits.length_m
        )

    def _steer(self, at: XY, heading_rad: float, aim_m: float) -> float:
        """The angle from the body to a place on the road, as far as an end steers."""
        x, y = self._point(aim_m)
        off_rad = math.remainder(math.atan2(y - at[1], x - at[0]) - heading_rad, math.tau)
        return max(-STEER_MAX_RAD, min(STEER_MAX_RAD, off_rad))

    def _allowed(self, speed_mps: float, limits: Limits) -> float:
        """The highest speed from which all that lies ahead can be kept."""
        at_m = self._at_m + speed_mps * LATE_S
        left_m = self._end_m - at_m
        if self.left_m <= STOP_M:
            return 0.0
        twice = 2 * limits.deceleration_mps2
        allowed = min(math.sqrt(twice * max(left_m, 0.0)), CREEP_PER_S * self.left_m)
        for piece in self._pieces:
            if piece.begin_m + piece.length_m <= self._at_m:
                continue
            slow_m = max(piece.begin_m - at_m, 0.0)
            if twice * slow_m > limits.speed_mps**2:
                break
            limit = min(piece.speed_mps, limits.speed_mps)
            allowed = min(allowed, math.sqrt(limit * limit + twice * slow_m))
        return allowed

    def _nearest(self, point: XY, from_m: float) -> tuple[float, float]:
        """The nearest place on the road and how far it is: not behind `from_m`, nor far beyond."""
        until_m = from_m + REACH_M
        best, best_m = from_m, math.inf
        for piece in self._pieces:
            if piece.begin_m > until_m:
                break
            if piece.begin_m + piece.length_m < from_m:
                continue
            (x0, y0), (x1, y1) = piece.start, piece.end
            along = (point[0] - x0) * (x1 - x0) + (point[1] - y0) * (y1 - y0)
            low = max(from_m, piece.begin_m)
            high = max(min(until_m, piece.begin_m + piece.length_m), low)
            at_m = min(max(piece.begin_m + along / piece.length_m, low), high)
            off_m = math.dist(piece.point(at_m), point)
            if off_m < best_m:
                best, best_m = at_m, off_m
        return best, best_m

    def _point(self, at_m: float) -> XY:
        """A place on the road; beyond its end straight on."""
        for piece in self._pieces:
            if at_m <= piece.begin_m + piece.length_m:
                return piece.point(at_m)
        return self._pieces[-1].point(at_m)
