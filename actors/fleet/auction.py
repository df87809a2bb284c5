"""Assignment of many vehicles to as many orders by auction, near the optimum and far faster.

Vehicles without an order bid for the one that is cheapest to them at present prices, and raise its
price by as much as they gain on their second choice, and by epsilon more, so that bidding ends.
The answer costs at most n epsilon more than the optimum. Epsilon is lowered in phases, prices are
kept from phase to phase. (D. P. Bertsekas: The auction algorithm, Annals of Operations Research 14,
1988: forward auction, Gauss-Seidel bidding, epsilon scaling.)

`bid` is plain Python, and is what tests compare with; `solve` runs it compiled by numba, which is
loaded by `warm_up` where a fleet is large enough to need it: smaller gates do not pay for it.
"""

from collections.abc import Callable
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

Bid = Callable[
    [NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], float, int],
    int,
]

GAP = 0.004
"""Bidding ends when the answer is proven to cost at most this share more than the optimum [ours]:
inside the 0.5 % asked for, and what takes a tenth of the time of a proof of the optimum itself."""
EPSILON_FIRST = 1.0
"""Epsilon of the first phase, as a share of the mean cost of each vehicle's cheapest order [ours:
the smaller, the longer vehicles with the same first choice outbid each other by little]."""
EPSILON_FIRST_MIN_S = 1e-6
"""It is no less than this, where the cheapest cost nothing."""
EPSILON_STEP = 1 / 5
"""Epsilon of a phase, as a share of the one before: four to ten are Bertsekas's own advice."""
PHASES_MAX = 12
BIDS_MAX = 200
"""So many bids a vehicle there may be in a phase [ours], ten times what random costs take; after
them the problem is given back unsolved. Orders that too few vehicles can reach have no end."""


def bid(
    cost: NDArray[np.float64],
    price: NDArray[np.float64],
    order_of: NDArray[np.int64],
    vehicle_of: NDArray[np.int64],
    epsilon: float,
    bids_max: int,
) -> int:
    """One phase: bid until every vehicle has an order; how many bids that took, -1 for too many.

    `price` (n,), `order_of` (n,) and `vehicle_of` (n,) are written; vehicles begin without orders.
    """
    n = cost.shape[0]
    waiting = np.arange(n)[::-1].copy()
    left = n
    order_of[:] = -1
    vehicle_of[:] = -1
    bids = 0
    while left > 0:
        bids += 1
        if bids > bids_max:
            return -1
        left -= 1
        vehicle = waiting[left]
        best = second = np.inf
        chosen = -1
        for order in range(n):
            asked = cost[vehicle, order] + price[order]
            if asked < second:
                if asked < best:
                    second = best
                    best = asked
                    chosen = order
                else:
                    second = asked
        if chosen < 0:
            return -1  # it can do none
        price[chosen] += (second - best if second < np.inf else 0.0) + epsilon
        before = vehicle_of[chosen]
        if before >= 0:
            order_of[before] = -1
            waiting[left] = before
            left += 1
        vehicle_of[chosen] = vehicle
        order_of[vehicle] = chosen
    return bids


@cache
def _compiled() -> Bid:
    import numba

    return cast(Bid, numba.njit(cache=True)(bid))


def warm_up() -> None:
    """Load numba and compile, which takes seconds once on a machine and is kept on disk."""
    solve(np.ones((1, 1)))


def solve(cost: NDArray[np.float64], run: Bid | None = None) -> NDArray[np.int64] | None:
    """The order of each vehicle, shape (n,), of a square problem; None if bidding came to no end.

    Args:
        cost: shape (n, n); infinite where a pair is impossible, which is never in the answer.
        run: What bids; `bid` itself for the plain way.
    """
    n = cost.shape[0]
    assert cost.shape == (n, n), "square"
    cost = np.ascontiguousarray(cost, np.float64)
    run = run or _compiled()
    cheapest = cost.min(axis=1)
    if not np.isfinite(cheapest).all():
        return None
    price = np.zeros(n)
    order_of, vehicle_of = np.empty(n, np.int64), np.empty(n, np.int64)
    epsilon = max(EPSILON_FIRST * float(np.abs(cheapest).mean()), EPSILON_FIRST_MIN_S)
    for _ in range(PHASES_MAX):
        if run(cost, price, order_of, vehicle_of, epsilon, BIDS_MAX * n) < 0:
            return None
        total = float(cost[np.arange(n), order_of].sum())
        # By duality no assignment costs less than this, at any prices.
        at_least = float((cost + price).min(axis=1).sum() - price.sum())
        if total - at_least <= GAP * abs(at_least):
            break
        epsilon *= EPSILON_STEP
    return order_of
