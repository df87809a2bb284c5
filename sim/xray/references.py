"""References of the built-in reviewer, from clean synthetic images that nothing else uses."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotics.imaging.library import LibraryReviewer, Reference, learn
from robotics.imaging.review import Declared, Review
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


class LearningReviewer:
    """The built-in reviewer, which learns what a cargo looks like when it is first declared."""

    def __init__(self, scanner: Scanner, images: int = IMAGES) -> None:
        self._scanner, self._images = scanner, images
        self._references: dict[Declared, Reference] = {}
        self._library = LibraryReviewer(self._references)

    def learn(self, declared: Declared) -> None:
        """Learn it beforehand: that takes seconds."""
        if declared not in self._references:
            self._references[declared] = reference(declared, self._scanner, self._images)

    def review(self, image: NDArray[Any], declared: Declared) -> Review:
        """See `robotics.imaging.review.Reviewer`."""
        self.learn(declared)
        return self._library.review(image, declared)
