"""Whether an image can be reviewed at all."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotics.imaging.review import Quality

FULL = 65_535
SATURATED_SHARE_MAX = 0.002
AIR_MIN = 8_000
"""With less than an eighth of the range for air, what is behind steel drowns in the readout."""
DARK_SHARE_MIN = 0.05
"""Of pixels that something hides from the beam; none are in an image of air."""
SIZE_OFF_MAX = 0.03
"""By which share an image may be longer or higher than the container with its margins."""


def quality(image: NDArray[Any], shape: tuple[int, int]) -> Quality:
    """What is wrong with an image that is to have about that shape (rows, columns)."""
    if image.dtype != np.uint16 or image.ndim != 2:
        return Quality((f"given {image.ndim}-d {image.dtype}, allowed: 2-d uint16",))
    for lines, given, allowed in zip(("rows", "columns"), image.shape, shape, strict=True):
        if abs(given - allowed) > SIZE_OFF_MAX * allowed:
            return Quality((f"given {given} {lines}, allowed: about {allowed}",))
    flaws = []
    air = float(np.percentile(image, 99))
    saturated = float(np.count_nonzero(image == FULL) / image.size)
    if saturated > SATURATED_SHARE_MAX:
        flaws.append(f"{saturated:.1%} of pixels saturated, allowed: {SATURATED_SHARE_MAX:.1%}")
    if air < AIR_MIN:
        flaws.append(f"air at {air:.0f}, allowed: {AIR_MIN} and more")
    if np.count_nonzero(image < air / 2) < DARK_SHARE_MIN * image.size:
        flaws.append("blank: nothing in the beam")
    # Noise makes neighbours differ everywhere; rows or columns that were filled in are even.
    for axis, lines in ((1, "rows"), (0, "columns")):
        even = int(np.count_nonzero(np.ptp(image, axis=axis) == 0))
        if even:
            flaws.append(f"truncated: {even} {lines} of one value")
    return Quality(tuple(flaws), air, saturated)
