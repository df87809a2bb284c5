"""Motion: within every limit, continuous, and at rest exactly at the end; and what it costs."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from robotics.battery import BatteryData
from robotics.motion import Profile, plan, standing

UP, DOWN = 0.5, 0.7
EPS = 1e-6

lengths = st.floats(0.01, 200.0)
limits = st.sampled_from((1.0, 3.0, 5.0, 6.1))
roads = st.lists(st.tuples(lengths, limits), min_size=1, max_size=8)


def stretches_of(road: list[tuple[float, float]], at_m: float = 0.0) -> list[tuple[float, float]]:
    found = []
    for length_m, limit in road:
        at_m += length_m
        found.append((at_m, limit))
    return found


def limit_at(stretches: list[tuple[float, float]], at_m: float) -> float:
    """The highest limit of the stretches that touch this place."""
    start, touching = -math.inf, []
    for end_m, limit in stretches:
        if start - EPS <= at_m <= end_m + EPS:
            touching.append(limit)
        start = end_m
    return max(touching)


def check(profile: Profile, stretches: list[tuple[float, float]], at_m: float, speed: float):
    assert profile.at(0.0) == pytest.approx((at_m, speed), abs=EPS)
    assert profile.at(profile.end_s) == (stretches[-1][0], 0.0)
    assert profile.at(profile.end_s + 100) == (stretches[-1][0], 0.0)
    before_m, before_mps, steps = at_m, speed, 400
    dt = profile.end_s / steps
    for step in range(1, steps + 1):
        now_m, now_mps = profile.at(step * dt)
        assert now_m >= before_m - EPS
        assert now_m <= stretches[-1][0] + EPS
        assert now_mps <= limit_at(stretches, now_m) + EPS
        assert -DOWN * dt - 1e-4 <= now_mps - before_mps <= UP * dt + 1e-4
        assert now_m - before_m == pytest.approx((before_mps + now_mps) / 2 * dt, abs=dt * dt + EPS)
        before_m, before_mps = now_m, now_mps


@given(roads)
def test_from_rest_every_limit_is_kept_and_the_end_is_met_at_rest(road: list[tuple[float, float]]):
    stretches = stretches_of(road)
    check(plan(0.0, 0.0, stretches, UP, DOWN), stretches, 0.0, 0.0)


@given(roads, roads, st.floats(0, 1))
def test_road_granted_while_moving_is_driven_on_without_a_jolt_and_never_overshot(
    road: list[tuple[float, float]], more: list[tuple[float, float]], share: float
):
    first = plan(0.0, 0.0, stretches_of(road), UP, DOWN)
    at_m, speed = first.at(share * first.end_s)
    whole = [s for s in stretches_of(road + more) if s[0] > at_m + EPS]
    assume(speed <= limit_at(whole, at_m) + EPS)
    second = plan(at_m, speed, whole, UP, DOWN)
    check(second, whole, at_m, speed)
    assert (
        second.end_s
        <= first.end_s
        - share * first.end_s
        + plan(first.end_m, 0.0, stretches_of(more, first.end_m), UP, DOWN).end_s
        + EPS
    ), "going on is never slower than stopping in between"


@given(roads, st.floats(0, 1))
def test_the_time_at_a_place_is_when_it_is_there(road: list[tuple[float, float]], share: float):
    profile = plan(0.0, 0.0, stretches_of(road), UP, DOWN)
    at_m = share * profile.end_m
    assert profile.at(profile.time_at(at_m))[0] == pytest.approx(at_m, abs=1e-5)
    t_s = share * profile.end_s
    assert profile.time_at(profile.at(t_s)[0]) == pytest.approx(t_s, abs=1e-2)
    assert math.isinf(profile.time_at(profile.end_m + 1))


@given(st.floats(0.5, 6.1), st.floats(0.01, 5.0))
def test_too_fast_for_what_is_left_it_brakes_harder_and_does_not_overshoot(
    speed: float, left_m: float
):
    profile = plan(10.0, speed, [(10.0 + left_m, speed)], UP, DOWN)
    assert profile.at(profile.end_s) == (10.0 + left_m, 0.0)
    assert all(profile.at(profile.end_s * k / 50)[0] <= 10.0 + left_m + EPS for k in range(51))


@given(st.floats(3.1, 6.1), st.floats(40.0, 200.0))
def test_faster_than_a_new_limit_it_brakes_to_it_at_once(speed: float, left_m: float):
    profile = plan(0.0, speed, [(left_m, 3.0)], UP, DOWN)
    braked_m = (speed**2 - 3.0**2) / (2 * DOWN)
    for k in range(101):
        at_m, now_mps = profile.at(profile.end_s * k / 100)
        assert now_mps <= 3.0 + EPS or at_m <= braked_m + EPS


def test_standing_is_no_motion():
    assert standing(7.0).at(5.0) == (7.0, 0.0)
    assert standing(7.0).end_s == 0.0


BATTERY = BatteryData(335.0, 2.5, 1.5, 90.0)


@given(st.floats(0, 1e5), st.floats(0, 1e5), st.booleans())
def test_energy_adds_up_over_the_way_and_a_load_costs_more(a_m: float, b_m: float, loaded: bool):
    parts = BATTERY.drawn_pct(a_m, loaded) + BATTERY.drawn_pct(b_m, loaded)
    assert BATTERY.drawn_pct(a_m + b_m, loaded) == pytest.approx(parts)
    assert BATTERY.drawn_pct(a_m, True) >= BATTERY.drawn_pct(a_m, False)


def test_the_data_sheets_figures():
    assert BATTERY.drawn_pct(134_000, loaded=True) == pytest.approx(100.0)
    assert BATTERY.charging_s(0, 100) == 90 * 60
    assert BATTERY.charging_s(50, 30) == 0.0
