"""Assignment: as many possible pairs as can be, at the least total cost, and no impossible one."""

import math
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from actors.fleet.assignment import assign

costs = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=4),
    elements=st.one_of(st.just(math.inf), st.integers(-1000, 1000).map(float)),
)


def best(cost_s: NDArray[np.float64]) -> tuple[int, float]:
    """How many pairs there can be, and the least cost of so many, from all there are."""
    rows, columns = cost_s.shape
    for count in range(min(rows, columns), 0, -1):
        totals = [
            sum(cost_s[r, c] for r, c in zip(chosen, order, strict=True))
            for chosen in combinations(range(rows), count)
            for order in permutations(range(columns), count)
        ]
        if math.isfinite(min(totals)):
            return count, min(totals)
    return 0, 0.0


@given(costs)
def test_most_pairs_at_least_cost_and_none_impossible(cost_s: NDArray[np.float64]):
    pairs = assign(cost_s)
    assert len({row for row, _ in pairs}) == len(pairs) == len({column for _, column in pairs})
    count, total_s = best(cost_s)
    assert len(pairs) == count
    assert sum(cost_s[pair] for pair in pairs) == pytest.approx(total_s)


def test_nothing_possible_is_no_pair():
    assert assign(np.full((2, 3), math.inf)) == []
