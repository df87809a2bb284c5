"""The auction: scipy judges its answers, its plain form the compiled one."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from actors.fleet import assignment, auction
from actors.fleet.assignment import assign

INSIDE = 1.005
"""What is asked for: at most 0.5 % above the optimum."""

sides = st.integers(1, 12)
squares = sides.flatmap(
    lambda n: hnp.arrays(
        np.float64,
        (n, n),
        elements=st.one_of(st.just(math.inf), st.integers(1, 1000).map(float)),
    )
)


def least_s(cost_s: NDArray[np.float64]) -> float:
    rows, columns = linear_sum_assignment(cost_s)
    return float(cost_s[rows, columns].sum())


def town(n: int, seed: int) -> NDArray[np.float64]:
    """Times over a town of streets, with a wait at each order's crane [s]."""
    draw = np.random.default_rng(seed)
    vehicles, orders = draw.uniform(0, 3000, (n, 2)), draw.uniform(0, 3000, (n, 2))
    ways: NDArray[np.float64] = np.abs(vehicles[:, None] - orders[None]).sum(-1) / 8
    return ways + draw.uniform(0, 60, n)


@settings(deadline=None)
@given(squares)
def test_compiled_and_plain_bidding_end_alike_to_the_last_bit(cost_s: NDArray[np.float64]):
    compiled, plain = auction.solve(cost_s), auction.solve(cost_s, auction.bid)
    assert (compiled is None) == (plain is None)
    if compiled is not None and plain is not None:
        assert compiled.tolist() == plain.tolist()


@settings(deadline=None)
@given(squares)
def test_an_answer_is_whole_possible_and_near_the_optimum(cost_s: NDArray[np.float64]):
    answer = auction.solve(cost_s)
    if answer is None:
        return
    assert sorted(answer.tolist()) == list(range(len(cost_s)))
    assert cost_s[np.arange(len(cost_s)), answer].sum() <= least_s(cost_s) * INSIDE + 1e-9


@pytest.mark.parametrize("seed", [1, 2])
def test_a_large_square_problem_is_auctioned_near_the_optimum_and_always_alike(seed: int):
    cost_s = town(assignment.AUCTION_FROM, seed)
    pairs = assign(cost_s)
    assert len({column for _, column in pairs}) == len(pairs) == len(cost_s)
    assert sum(cost_s[pair] for pair in pairs) <= least_s(cost_s) * INSIDE
    assert assign(cost_s) == pairs


def test_no_impossible_pair_is_taken_where_bidding_comes_to_no_end():
    cost_s = town(assignment.AUCTION_FROM, 3)
    cost_s[:3, 2:] = math.inf  # three vehicles, and two orders that they can reach
    assert auction.solve(cost_s) is None
    pairs = assign(cost_s)
    assert len(pairs) == len(cost_s) - 1
    assert all(math.isfinite(cost_s[pair]) for pair in pairs)


def test_small_problems_load_no_compiler():
    code = (
        "import sys, numpy; from actors.fleet.assignment import assign; "
        "assert len(assign(numpy.eye(200))) == 200; assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("large_from", "loaded"), [(1_000, False), (6, True)])
def test_a_fleet_large_enough_for_auctions_compiles_before_its_first_round(
    large_from: int, loaded: bool
):
    code = (
        "import sys, numpy; from actors.fleet import assignment, auction; "
        "from actors.wiring import fleet_manager; from tests.gate import DAY, DEMO; "
        f"assignment.AUCTION_FROM = {large_from}; fleet_manager(DEMO, DAY); "
        "compiled = len(auction._compiled().signatures); "
        f"assert bool(compiled) == {loaded}; "
        f"assert not compiled or assignment.assign(numpy.eye(8) + 1.0); "
        "assert len(auction._compiled().signatures) == compiled"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
