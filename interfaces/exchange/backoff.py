"""How long to wait before trying again."""

from random import Random

FIRST_NS = 10**9
MOST_NS = 60 * 10**9
"""A peer that comes back after a long outage is tried again within this time [ours]."""


class Backoff:
    """Twice as long after each failure, and each time drawn: so that not all try at once."""

    def __init__(self, random: Random, first_ns: int = FIRST_NS, most_ns: int = MOST_NS) -> None:
        self._random, self._first_ns, self._most_ns = random, first_ns, most_ns

    def wait_ns(self, failures: int) -> int:
        """After so many failures in a row, at least 1: between half of the span and all of it."""
        span_ns: int = min(self._first_ns * 2 ** min(failures - 1, 60), self._most_ns)
        return round(span_ns * self._random.uniform(0.5, 1.0))
