"""Which AGV takes which order: the assignment with the least total cost."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from actors.fleet import auction

AUCTION_FROM = 1_000
"""Square problems of so many vehicles are auctioned [ours]: below, scipy takes milliseconds and is
exact. Rectangular ones are easy for scipy at any size, and auctions know no epsilon scaling there.
"""


def prepare(vehicles: int) -> None:
    """Compile now what assigning that many vehicles may need, so that no round waits for it."""
    if vehicles >= AUCTION_FROM:
        auction.warm_up()


def assign(cost_s: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs (vehicle, order) with the least total cost, each of both at most once.

    Args:
        cost_s: shape (n_vehicle, n_order) [s]; infinite where a pair is impossible.

    Impossible pairs are left out of the answer. (H. W. Kuhn's assignment problem, solved by
    scipy's shortest augmenting paths; a large square one by auction, within 0.4 % of the least.)
    """
    if cost_s.shape[0] == cost_s.shape[1] >= AUCTION_FROM:
        order_of = auction.solve(cost_s)
        if order_of is not None:
            return list(enumerate(order_of.tolist()))
    possible = np.isfinite(cost_s)
    if not possible.any():
        return []
    # A finite price that no set of possible pairs can outweigh keeps the problem feasible.
    least, most = cost_s[possible].min(), cost_s[possible].max()
    forbidden = most + (most - least + 1.0) * (min(cost_s.shape) + 1)
    rows, columns = linear_sum_assignment(np.where(possible, cost_s, forbidden))
    return [
        (int(row), int(column))
        for row, column in zip(rows, columns, strict=True)
        if possible[row, column]
    ]


def assign_in_turn(cost_s: NDArray[np.float64], first: list[int]) -> list[tuple[int, int]]:
    """Like `assign`, but the orders `first` are given the best vehicle left, one by one, before."""
    pairs: list[tuple[int, int]] = []
    left_s = cost_s.copy()
    for column in first:
        row = int(np.argmin(left_s[:, column]))
        if np.isfinite(left_s[row, column]):
            pairs.append((row, column))
            left_s[row, :] = np.inf
    left_s[:, first] = np.inf
    rows, columns = _others(cost_s.shape[0], [r for r, _ in pairs]), _others(cost_s.shape[1], first)
    if rows and columns:
        chosen = assign(left_s[np.ix_(rows, columns)])
        pairs += [(rows[row], columns[column]) for row, column in chosen]
    return pairs


def _others(count: int, taken: list[int]) -> list[int]:
    return [i for i in range(count) if i not in set(taken)]
