"""The built-in reviewer: an image beside what clean images of the declared cargo look like.

For every cell it is known how each feature is spread over clean images. How far an image is off, in
standard deviations, is divided by what clean images that took no part in that reach at most: so a
score above 1 means more than any of them, whatever the feature.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from robotics.imaging.features import KIND, ONE_SIDED, Feature, Map, cell_px, features
from robotics.imaging.quality import quality
from robotics.imaging.review import Anomaly, Declared, Quality, Review, Verdict

BESIDE_CELLS = 7
"""Cells to the left and right are alike: their images count for a cell, too."""
SPREAD_SHARE_MIN = 0.3
"""Of a feature's median spread: no cell is taken for more even than that."""
BOX_SHARE = 0.6
"""A box holds the cells with that share of its highest score."""
BOXES_MAX = 12


class Reference(msgspec.Struct, frozen=True):
    """Clean images of one cargo in one size-type."""

    shape: tuple[int, int]
    """Of the images (rows, columns)."""
    pitch_m: float
    mean: dict[Feature, Map]
    spread: dict[Feature, Map]
    reached: dict[Feature, float]

    def off(self, maps: dict[Feature, Map]) -> dict[Feature, Map]:
        """How far each cell is off [standard deviations]."""
        found = {}
        for name, values in maps.items():
            z = (values - self.mean[name]) / self.spread[name]
            found[name] = z if name in ONE_SIDED else np.abs(z)
        return found


def learn(
    images: Sequence[NDArray[np.uint16]], held_out: Sequence[NDArray[np.uint16]], pitch_m: float
) -> Reference:
    """A reference from clean images; `held_out` are others of them, that set what is usual.

    Raises:
        ValueError: an image is not readable.
    """
    shape = images[0].shape
    maps = [_maps(image, (shape[0], shape[1]), pitch_m) for image in images]
    mean: dict[Feature, Map] = {}
    spread: dict[Feature, Map] = {}
    for name in KIND:
        values = np.stack([found[name] for found in maps])
        mean[name] = ndimage.uniform_filter1d(values.mean(axis=0), BESIDE_CELLS, axis=1)
        squares = ndimage.uniform_filter1d((values**2).mean(axis=0), BESIDE_CELLS, axis=1)
        deviation = np.sqrt(np.maximum(squares - mean[name] ** 2, 0.0))
        spread[name] = np.maximum(deviation, SPREAD_SHARE_MIN * np.median(deviation) + 1e-6)
    plain = Reference((shape[0], shape[1]), pitch_m, mean, spread, dict.fromkeys(KIND, 1.0))
    peaks = [plain.off(_maps(image, plain.shape, pitch_m)) for image in held_out]
    reached: dict[Feature, float] = {
        name: max(float(peak[name].max()) for peak in peaks) for name in KIND
    }
    return msgspec.structs.replace(plain, reached=reached)


def _maps(image: NDArray[np.uint16], shape: tuple[int, int], pitch_m: float) -> dict[Feature, Map]:
    seen = quality(image, shape)
    if seen.flaws:
        raise ValueError(f"given a reference image with flaws: {'; '.join(seen.flaws)}")
    return features(_cut(image, shape), seen.air, pitch_m)


def _cut(image: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
    """The image in exactly the reference's size: cut, or its edge repeated."""
    more = [(0, max(allowed - given, 0)) for given, allowed in zip(image.shape, shape, strict=True)]
    return np.pad(image, more, mode="edge")[: shape[0], : shape[1]]


class LibraryReviewer:
    """Reviews by references, one for each cargo and size-type that may be declared."""

    def __init__(self, references: dict[Declared, Reference], threshold: float = 1.0) -> None:
        self._references = references
        self._threshold = threshold

    def review(self, image: NDArray[Any], declared: Declared) -> Review:
        """Where the image is not what is usual for the declared cargo."""
        reference = self._references.get(declared)
        if reference is None:
            flaw = f"no reference of {declared.cargo} in {declared.size_type}"
            return Review("unreadable", 0.0, (), Quality((flaw,)))
        seen = quality(image, reference.shape)
        if seen.flaws:
            return Review("unreadable", 0.0, (), seen)
        maps = features(_cut(image, reference.shape), seen.air, reference.pitch_m)
        anomalies: list[Anomaly] = []
        score = 0.0
        for name, z in reference.off(maps).items():
            scores = z / reference.reached[name]
            score = max(score, float(scores.max()))
            anomalies += self._boxes(name, scores, cell_px(reference.pitch_m))
        anomalies.sort(key=lambda found: -found.score)
        verdict: Verdict = "suspicious" if score >= self._threshold else "clear"
        return Review(verdict, score, tuple(anomalies[:BOXES_MAX]), seen)

    def _boxes(self, name: Feature, scores: Map, size: int) -> list[Anomaly]:
        """Boxes around the cells that stand out together."""
        found: list[Anomaly] = []
        labels, _ = ndimage.label(scores >= BOX_SHARE * max(float(scores.max()), self._threshold))
        for number, place in enumerate(ndimage.find_objects(labels), start=1):
            peak = float(scores[place][labels[place] == number].max())
            if peak >= self._threshold:
                rows, columns = place
                found.append(
                    Anomaly(
                        columns.start * size, rows.start * size,
                        columns.stop * size, rows.stop * size, KIND[name], round(peak, 3),
                    )
                )  # fmt: skip
        return found
