"""Which AGV takes which order: the assignment with the least total cost."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from actors.fleet import auction

AUCTION_FROM = 1_000
"""Square problems of so many vehicles are auctioned [ours]: below, scipy takes milliseconds and is
exact. Rectangular ones are easy for scipy at any size, and auctions know no epsilon scaling there.
"""


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
    forbidden = (cost_s[possible].max() + 1.0) * (min(cost_s.shape) + 1)
    rows, columns = linear_sum_assignment(np.where(possible, cost_s, forbidden))
    return [
        (int(row), int(column))
        for row, column in zip(rows, columns, strict=True)
        if possible[row, column]
    ]
