"""`bordergate bench assignment`: which AGV takes which order, beside bare scipy.

The times to reach are those of a town of streets, as a yard's are: vehicles and orders that lie
near each other agree on what is near. Costs drawn one by one would be far easier.
"""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from actors.fleet import auction
from actors.fleet.assignment import assign
from interfaces.bench.figures import Figure, compared

SIZES = ((200, 200, 51), (500, 2_000, 15), (2_000, 2_000, 7))
"""AGVs, orders, rounds: more where a round takes milliseconds."""
STREETS_M = 3_000.0
SPEED_MPS = 8.0
CRANE_WAIT_S_MAX = 60.0


def measure() -> list[Figure]:
    """Ours against scipy on the same costs, taken in turns; medians, and the gap to the optimum."""
    auction.warm_up()
    figures = []
    for vehicles, orders, rounds in SIZES:
        ours_s: list[float] = []
        bare_s: list[float] = []
        gaps_pct: list[float] = []
        for seed in range(rounds):
            cost_s = town(vehicles, orders, seed)
            # In turns, each first as often, so that neither always finds the matrix in the cache.
            if seed % 2:
                bare, ours = _timed(_bare, cost_s, bare_s), _timed(_ours, cost_s, ours_s)
            else:
                ours, bare = _timed(_ours, cost_s, ours_s), _timed(_bare, cost_s, bare_s)
            gaps_pct.append((ours / bare - 1) * 100)
        size = f"{vehicles:,} x {orders:,}"
        middle = rounds // 2
        figures += [
            compared(size, sorted(ours_s)[middle] * 1e3, "ms", sorted(bare_s)[middle] * 1e3),
            Figure(f"{size}, above the optimum, worst", round(max(gaps_pct), 4), "%"),
        ]
    return figures


def town(vehicles: int, orders: int, seed: int) -> NDArray[np.float64]:
    """Times to drive through streets, and to wait for each order's crane, (vehicles, orders)."""
    draw = np.random.default_rng(seed)
    at = draw.uniform(0, STREETS_M, (vehicles, 2))
    goals = draw.uniform(0, STREETS_M, (orders, 2))
    reach_s: NDArray[np.float64] = np.abs(at[:, None] - goals[None]).sum(-1) / SPEED_MPS
    return reach_s + draw.uniform(0, CRANE_WAIT_S_MAX, orders)


def _timed(
    solve: Callable[[NDArray[np.float64]], float], cost_s: NDArray[np.float64], times_s: list[float]
) -> float:
    began = time.perf_counter()
    total_s = solve(cost_s)
    times_s.append(time.perf_counter() - began)
    return total_s


def _ours(cost_s: NDArray[np.float64]) -> float:
    return float(sum(cost_s[pair] for pair in assign(cost_s)))


def _bare(cost_s: NDArray[np.float64]) -> float:
    return float(cost_s[linear_sum_assignment(cost_s)].sum())
