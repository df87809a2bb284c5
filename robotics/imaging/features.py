"""What of an image is compared: maps of cells of 5 cm, of the optical depth and its unevenness."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from robotics.imaging.review import Kind

Map = NDArray[np.float64]
Feature = Literal["block", "outline", "load", "texture"]
CELL_M = 0.05
DEPTH_MAX = 6.5
"""Beyond it the light of scatter and the readout are what is seen."""
KIND: dict[Feature, Kind] = {
    "block": "density", "outline": "shape", "load": "declared", "texture": "declared",
}  # fmt: skip
ONE_SIDED: frozenset[Feature] = frozenset({"block", "outline"})
"""Too little is nothing hidden there; of a load and its texture, too little counts as well."""


def cell_px(pitch_m: float) -> int:
    """Pixels along a cell."""
    return max(round(CELL_M / pitch_m), 1)


def features(image: NDArray[Any], air: float, pitch_m: float) -> dict[Feature, Map]:
    """A map (rows, columns) of cells for each feature, the same size for the same image size."""
    depth = np.clip(-np.log(np.maximum(image, 1.0) / air), 0.0, DEPTH_MAX)
    size = cell_px(pitch_m)
    rows, columns = depth.shape[0] // size, depth.shape[1] // size
    cells = depth[: rows * size, : columns * size].reshape(rows, size, columns, size)
    mean = cells.mean(axis=(1, 3))
    uneven = np.log(cells.std(axis=(1, 3)) + 0.01)
    around = ndimage.median_filter(mean, size=(9, 25))
    above = mean - around
    edges = np.abs(ndimage.gaussian_laplace(mean, 1.0))
    return {
        "block": ndimage.gaussian_filter(above, 1.5),
        "outline": ndimage.gaussian_filter(np.maximum(above, 0) + edges, 2.0),
        "load": ndimage.uniform_filter(mean, (7, 11)),
        "texture": ndimage.uniform_filter(uneven, (9, 13)),
    }
