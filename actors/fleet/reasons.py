"""Why orders have the AGVs that they have: the chosen pair and the runner-up of each assignment."""

import math

from actors.messages import OrderExplained, PairCost

KEPT = 20_000
"""So many assignments are remembered, six days at the gate's target; the oldest go first."""


class Reasons:
    """The reasons of the latest assignments, by order."""

    def __init__(self) -> None:
        self._kept: dict[str, OrderExplained] = {}

    def keep(
        self, order: str, pairs: list[PairCost], chosen: int, promoted: bool, at_ns: int
    ) -> None:
        """Note an assignment.

        Args:
            order: The order.
            pairs: It with every AGV that was free.
            chosen: The number of the pair that was chosen.
            promoted: Whether the order was assigned before all others.
            at_ns: When it was assigned.
        """
        possible = [pair for pair in pairs if math.isfinite(pair.terms.total_s)]
        others = [pair for pair in possible if pair is not pairs[chosen]]
        self._kept[order] = OrderExplained(
            "assigned",
            order,
            at_ns=at_ns,
            vehicles=len(possible),
            promoted=promoted,
            chosen=pairs[chosen],
            runner_up=min(others, key=lambda pair: pair.terms.total_s, default=None),
        )
        if len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]

    def of(self, order: str) -> OrderExplained | None:
        """What is remembered of the order's assignment."""
        return self._kept.get(order)
