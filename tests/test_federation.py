"""Two gates, a side each, in virtual time over a link that harms, cut, killed and started again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.messages import Alarm
from interfaces.exchange.rehearsal import Federation, judged
from sim.border_officers import declaration
from tests.gate import DAY, DEMO

pytestmark = pytest.mark.timeout(900)  # hours of two gates, event for event


def federation(seed: int, harm: float, count: int) -> Federation:
    made = Federation(DEMO, DAY, seed, harm)
    made.keep_fleet()
    for number in range(1, count + 1):
        direction = "VN-CN" if number % 2 else "CN-VN"
        goods = declaration(f"K{number}", direction)
        made.declare(goods, "green", made.now_ns + number * 60 * 10**9)
    return made


def test_over_a_good_link_both_gates_see_all_through():
    gates = federation(1, 0.0, 4)
    gates.finish(hours_max=12)
    assert judged(gates) == ([], {"released": 4})
    assert not [event for _, _, event in gates.log if isinstance(event, Alarm)]


# Seed 5: one gate is down while what it gave is taken, and leaves.
@pytest.mark.parametrize("seed", [1, 2, 5])
def test_over_a_bad_link_cut_for_an_hour_with_both_gates_killed_all_end_in_one_custody(seed: int):
    gates = federation(seed, 0.2, 6)
    gates.plan_restart("CN", 700, 120)
    gates.plan_cut(1200, 3600)
    gates.plan_restart("VN", 2000, 90)
    gates.plan_restart("CN", 4900, 60)
    gates.finish(hours_max=24)
    assert judged(gates) == ([], {"released": 6})
    assert gates.restarts == 3
    counts = gates.link.counts
    assert min(counts.dropped, counts.repeated, counts.delayed, counts.reordered, counts.cut) > 10
    silences = [
        e for _, _, e in gates.log if isinstance(e, Alarm) and e.kind == "other_side_silent"
    ]
    assert silences


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 3000), st.integers(1, 600), st.integers(0, 3000))
def test_whenever_a_gate_is_killed_and_the_link_is_cut_all_end(
    seed: int, killed_s: int, down_s: int, cut_s: int
):
    gates = federation(seed, 0.2, 2)
    gates.plan_restart("VN" if seed % 2 else "CN", killed_s, down_s)
    gates.plan_cut(cut_s, 900)
    gates.finish(hours_max=24)
    assert judged(gates) == ([], {"released": 2})
