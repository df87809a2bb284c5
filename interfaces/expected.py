"""When a consignment will be through, by how long those before it took from where it stands.

From each step, consignments of the same direction and channel that were released took so long to
their end; the band is between the tenth and the ninetieth of a hundred of them. It looks only at
those that took longer than this one has waited already. What an officer will decide is not
foretold: a consignment that is held has no expected time.
"""

from collections.abc import Iterable

import msgspec

from actors.border import Step
from interfaces.api.border_models import Whole

SAMPLES_MIN = 10
"""Fewer tell nothing of a tenth."""
SAMPLES_MAX = 300
"""The newest: of about two hours at the gate's target [ours]."""
SHARES = (0.1, 0.5, 0.9)


class Expected(msgspec.Struct, frozen=True):
    """Times [UTC, ns] at which it will be through."""

    earliest_ns: int
    likely_ns: int
    latest_ns: int
    samples: int


def expected(whole: Whole, others: Iterable[Whole], now_ns: int) -> Expected | str:
    """The expected time of a consignment, or why there is none; `others` are the newest first."""
    if whole.ended is not None:
        return f"it is {whole.ended}"
    if holds := whole.holds():
        return f"it is held: {', '.join(hold.kind for hold in holds)}"
    steps = whole.steps()
    if not steps:
        return "it is not declared on its side"
    [*_, (last, taken)] = steps.items()
    waited_ns = now_ns - taken.at_ns
    took = sorted(span_ns for span_ns in _spans_ns(last, whole, others) if span_ns > waited_ns)
    if len(took) < SAMPLES_MIN:
        return f"too few like it have come through lately: {len(took)} of {SAMPLES_MIN}"
    early_ns, likely_ns, late_ns = (
        taken.at_ns + took[round(share * (len(took) - 1))] for share in SHARES
    )
    return Expected(early_ns, likely_ns, late_ns, len(took))


def _spans_ns(step: Step, whole: Whole, others: Iterable[Whole]) -> list[int]:
    """How long others took from a step to their end."""
    found: list[int] = []
    for other in others:
        if other.ended != "released" or other.kind != whole.kind:
            continue
        steps = other.steps()
        if step in steps:
            found.append(max(taken.at_ns for taken in steps.values()) - steps[step].at_ns)
            if len(found) == SAMPLES_MAX:
                break
    return found
