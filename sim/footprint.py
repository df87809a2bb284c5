"""The ground under a vehicle: rectangles, the gaps between them, and when two can meet.

The gap is the widest by which any of the four axes of two rectangles separates them (separating
axis theorem; S. Gottschalk, M. Lin, D. Manocha, OBBTree, 1996). It is never more than the distance,
and not above zero exactly when the rectangles touch.

Whether two meet *between* two looks is settled by conservative advancement (B. Mirtich, 1996): over
a gap that they cannot close before some moment, nobody needs to look until then.
"""

import math
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

GRAZE_M = 0.1
"""Rectangles that come to touch less deeply than this between two looks may pass unseen: else two
that touch all but would have to be looked at without end."""

Poses = NDArray[np.float64]
"""Rows of x, y [m], cosine and sine of the heading."""


class Footprint(msgspec.Struct, frozen=True, gc=False):
    """A rectangle on the map: its middle [m], and its heading as cosine and sine."""

    x: float
    y: float
    cos: float
    sin: float

    @staticmethod
    def at(x: float, y: float, heading_rad: float) -> "Footprint":
        """The footprint with a heading counter-clockwise from east."""
        return Footprint(x, y, math.cos(heading_rad), math.sin(heading_rad))


class Body(msgspec.Struct, frozen=True):
    """The size that all footprints have."""

    length_m: float
    width_m: float

    def gap_m(self, one: Footprint, other: Footprint) -> float:
        """By how much the two are apart at least [m]; zero or less when they touch."""
        dx, dy = other.x - one.x, other.y - one.y
        half_l, half_w = self.length_m / 2, self.width_m / 2
        along = abs(one.cos * other.cos + one.sin * other.sin)
        across = abs(one.cos * other.sin - one.sin * other.cos)
        in_length = half_l + half_l * along + half_w * across
        in_width = half_w + half_l * across + half_w * along
        return max(
            abs(dx * one.cos + dy * one.sin) - in_length,
            abs(dy * one.cos - dx * one.sin) - in_width,
            abs(dx * other.cos + dy * other.sin) - in_length,
            abs(dy * other.cos - dx * other.sin) - in_width,
        )

    def least_gap_m(self, ones: Poses, others: Poses) -> float:
        """The least gap between any of the first and any of the second: `gap_m` for arrays."""
        dx = others[None, :, 0] - ones[:, None, 0]
        dy = others[None, :, 1] - ones[:, None, 1]
        c, s = ones[:, None, 2], ones[:, None, 3]
        c2, s2 = others[None, :, 2], others[None, :, 3]
        half_l, half_w = self.length_m / 2, self.width_m / 2
        along, across = np.abs(c * c2 + s * s2), np.abs(c * s2 - s * c2)
        in_length = half_l + half_l * along + half_w * across
        in_width = half_w + half_l * across + half_w * along
        gaps = np.maximum(np.abs(dx * c + dy * s) - in_length, np.abs(dy * c - dx * s) - in_width)
        gaps = np.maximum(gaps, np.abs(dx * c2 + dy * s2) - in_length)
        gaps = np.maximum(gaps, np.abs(dy * c2 - dx * s2) - in_width)
        return float(gaps.min())

    def swing(self) -> float:
        """How much faster than front and rear any point of the body moves, at most.

        Front and rear are on the road and move no faster than the vehicle's speed v, and so does
        all between them. In a curve they are nearer to each other than the body is long, by not
        more than a tenth [ours: 0.94 of it at 12 m radius and 15 m length]: the corners are beyond
        them by a twentieth of the length, and half the width beside, and the body turns at not
        more than 2 v over their distance.
        """
        corner_m = math.hypot(0.05 * self.length_m, self.width_m / 2)
        return 1 + 2 * corner_m / (0.9 * self.length_m)


def unseen_s(gap_m: float, closing_mps: float) -> float:
    """For how long two need no look, that are so far apart and can close so fast at most [s]."""
    return max(gap_m, GRAZE_M) / closing_mps if closing_mps > 0 else math.inf


def first_contact_s(
    body: Body,
    one: Callable[[float], Footprint],
    other: Callable[[float], Footprint],
    span_s: tuple[float, float],
    closing_mps: float,
) -> float | None:
    """When two motions first touch within a span of time, or None.

    `closing_mps` is the most by which the gap between them shrinks in a second. What is found is
    contact; contact less deep than `GRAZE_M` may be missed.
    """
    now_s, end_s = span_s
    while now_s <= end_s:
        gap_m = body.gap_m(one(now_s), other(now_s))
        if gap_m <= 0:
            return now_s
        now_s += unseen_s(gap_m, closing_mps)
    return None
