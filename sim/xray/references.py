"""References of the built-in reviewer, from clean synthetic images that nothing else uses."""

import numpy as np
from numpy.typing import NDArray

from robotics.imaging.library import Reference, learn
from robotics.imaging.review import Declared
from sim.xray.scan import Scanner, scan

IMAGES = 24


def reference(declared: Declared, scanner: Scanner, images: int = IMAGES) -> Reference:
    """Half of the images set what is usual and how it is spread, as many others how far it goes."""

    def clean(use: str, number: int) -> NDArray[np.uint16]:
        return scan(declared.cargo, declared.size_type, f"{use}/{number}", scanner=scanner).image

    return learn(
        [clean("reference", number) for number in range(images)],
        [clean("held out", number) for number in range(images)],
        scanner.pitch_m,
    )
