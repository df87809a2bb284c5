"""The form in which measurements are told."""

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One measured value, beside the same of a bare baseline where there is one."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None


def compared(name: str, value: float, unit: str, baseline: float) -> Figure:
    """A figure with its ratio to the baseline."""
    return Figure(name, round(value, 4), unit, round(baseline, 4), round(value / baseline, 3))


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values were measured")
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
