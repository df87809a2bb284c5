"""Rectangles, the gaps between them and when they meet, against oracles that only sample."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sim.footprint import GRAZE_M, Body, Footprint, first_contact_s

BODY = Body(15.0, 3.0)
ANGLES = st.floats(-math.pi, math.pi)
POSES = st.builds(Footprint.at, st.floats(-12, 12), st.floats(-12, 12), ANGLES)


def grid(one: Footprint, steps: int) -> np.ndarray:
    """Points all over a footprint, its border among them."""
    along = np.linspace(-BODY.length_m / 2, BODY.length_m / 2, 5 * steps + 1)
    across = np.linspace(-BODY.width_m / 2, BODY.width_m / 2, steps + 1)
    a, b = (axis.ravel() for axis in np.meshgrid(along, across))
    return np.column_stack([one.x + a * one.cos - b * one.sin, one.y + a * one.sin + b * one.cos])


def inside(points: np.ndarray, one: Footprint, margin_m: float) -> bool:
    dx, dy = points[:, 0] - one.x, points[:, 1] - one.y
    along = np.abs(dx * one.cos + dy * one.sin) <= BODY.length_m / 2 + margin_m
    across = np.abs(dy * one.cos - dx * one.sin) <= BODY.width_m / 2 + margin_m
    return bool((along & across).any())


@given(POSES, POSES)
def test_two_touch_exactly_when_a_point_of_one_is_in_the_other(one: Footprint, other: Footprint):
    gap_m = BODY.gap_m(one, other)
    points = grid(one, 24)
    pitch_m = 3.0 / 24
    if gap_m > 0:
        assert not inside(points, other, -1e-9)
    elif gap_m < -2 * pitch_m:  # deep enough for the grid of points to meet it
        assert inside(points, other, 0)


@given(POSES, POSES)
def test_the_gap_is_never_more_than_the_distance_of_any_two_points(
    one: Footprint, other: Footprint
):
    gap_m = BODY.gap_m(one, other)
    a, b = grid(one, 4), grid(other, 4)
    nearest_m = np.hypot(*(a[:, None, :] - b[None, :, :]).transpose(2, 0, 1)).min()
    assert gap_m <= nearest_m + 1e-9
    assert gap_m == pytest.approx(BODY.gap_m(other, one), abs=1e-9)


@pytest.mark.parametrize(
    ("x", "y", "heading_rad", "gap_m"),
    [
        (15, 0, 0, 0), (15.5, 0, 0, 0.5), (0, 3, 0, 0), (0, 3.25, math.pi, 0.25),
        (9, 0, math.pi / 2, 0), (0, 0, 0, -3), (10, 10, math.pi / 2, 1),
    ],
)  # fmt: skip
def test_gaps_that_can_be_reckoned_by_hand(x: float, y: float, heading_rad: float, gap_m: float):
    found = BODY.gap_m(Footprint.at(0, 0, 0), Footprint.at(x, y, heading_rad))
    assert found == pytest.approx(gap_m, abs=1e-9)


@given(st.lists(POSES, min_size=1, max_size=4), st.lists(POSES, min_size=1, max_size=4))
def test_many_at_once_have_the_least_of_all_gaps(ones: list[Footprint], others: list[Footprint]):
    rows = [np.array([(p.x, p.y, p.cos, p.sin) for p in poses]) for poses in (ones, others)]
    least_m = min(BODY.gap_m(a, b) for a, b in product(ones, others))
    assert BODY.least_gap_m(*rows) == pytest.approx(least_m, abs=1e-9)


class Drive:
    """A motion in which front and rear never move faster than `speed_mps`: a body on a path of
    straights, quarter turns and stops, here drawn as headings that turn at a bounded rate."""

    def __init__(self, x: float, y: float, heading: float, speed: float, turn: float) -> None:
        self.x, self.y, self.heading, self.speed, self.turn = x, y, heading, speed, turn

    def __call__(self, at_s: float) -> Footprint:
        heading = self.heading + self.turn * at_s
        if abs(self.turn) < 1e-6:
            dx = self.speed * at_s * math.cos(self.heading)
            dy = self.speed * at_s * math.sin(self.heading)
        else:
            radius = self.speed / self.turn
            dx = radius * (math.sin(heading) - math.sin(self.heading))
            dy = radius * (math.cos(self.heading) - math.cos(heading))
        return Footprint.at(self.x + dx, self.y + dy, heading)

    @property
    def fastest_mps(self) -> float:
        """No corner moves faster."""
        return self.speed + abs(self.turn) * math.hypot(7.5, 1.5)


DRIVES = st.builds(
    Drive, st.floats(-40, 40), st.floats(-40, 40), ANGLES, st.floats(0, 6), st.floats(-0.4, 0.4)
)


@given(DRIVES, DRIVES)
def test_contact_is_found_as_by_looking_every_ten_milliseconds(one: Drive, other: Drive):
    closing_mps = one.fastest_mps + other.fastest_mps
    assume(closing_mps > 0.1)
    found_s = first_contact_s(BODY, one, other, (0.0, 10.0), closing_mps)
    dense = [BODY.gap_m(one(i / 100), other(i / 100)) for i in range(1001)]
    if found_s is None:
        assert min(dense) > -GRAZE_M - 1e-9
    else:
        assert BODY.gap_m(one(found_s), other(found_s)) <= 0
        before = dense[: math.ceil(found_s * 100)]
        assert all(gap_m > -GRAZE_M - 1e-9 for gap_m in before)
