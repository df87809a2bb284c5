"""A link in virtual time that drops, repeats, delays and reorders what it is given, and is cut."""

from random import Random

import msgspec

LEAST_NS = 50 * 10**6
"""No letter takes less than this from gate to gate [ours]: two worlds may run so far apart."""
USUAL_NS = 30 * 10**6
DELAY_NS = 4 * 10**9
REORDER_NS = 20 * 10**9
"""So long letters are held back at most, so that later ones come before them [ours]."""


class LinkCounts(msgspec.Struct):
    """What has become of letters and receipts, both ways."""

    sent: int = 0
    dropped: int = 0
    cut: int = 0
    repeated: int = 0
    delayed: int = 0
    reordered: int = 0


class BadLink:
    """Both ways of one link; each harm befalls its own share of what is sent."""

    def __init__(self, random: Random, harm: float) -> None:
        self.counts = LinkCounts()
        self.harm = harm
        self.cuts: list[tuple[int, int]] = []
        """From when until when nothing passes [ns]."""
        self._random = random

    def arrivals(self, now_ns: int) -> list[int]:
        """When what is sent now arrives, as often as it does."""
        random, counts = self._random, self.counts
        counts.sent += 1
        if any(since <= now_ns < until for since, until in self.cuts):
            counts.cut += 1
            return []
        if random.random() < self.harm:
            counts.dropped += 1
            return []
        at_ns = now_ns + LEAST_NS + round(random.random() * USUAL_NS)
        if random.random() < self.harm:
            counts.delayed += 1
            at_ns += round(random.random() * DELAY_NS)
        if random.random() < self.harm:
            counts.reordered += 1
            at_ns += round(random.random() * REORDER_NS)
        found = [at_ns]
        if random.random() < self.harm:
            counts.repeated += 1
            found.append(at_ns + round(random.random() * REORDER_NS))
        return found
