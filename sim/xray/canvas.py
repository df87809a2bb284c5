"""A side view that thicknesses are laid on: optical depth per pixel, in metres of the container."""

import math

import numpy as np
from numpy.typing import NDArray

Depth = NDArray[np.float64]
MARGIN_M = 0.18
"""Air around the container; below it, the vehicle's deck."""
Rect = tuple[float, float, float, float]
"""Left, bottom, right, top [m], from the container's lower left corner."""
Box = tuple[int, int, int, int]
"""Left, top, right, bottom [px]; right and bottom are the first pixels outside."""


class Canvas:
    """(rows, columns) of pixels around a container; rows run downwards."""

    def __init__(self, length_m: float, height_m: float, pitch_m: float) -> None:
        self.pitch_m = pitch_m
        self._length_m = length_m
        self._height_m = height_m
        self.shape = (
            round((height_m + 2 * MARGIN_M) / pitch_m),
            round((length_m + 2 * MARGIN_M) / pitch_m),
        )
        self.depth: Depth = np.zeros(self.shape)

    @classmethod
    def like(cls, other: "Canvas") -> "Canvas":
        """An empty one of the same size."""
        return cls(other._length_m, other._height_m, other.pitch_m)

    def add(self, rect: Rect, depth: float) -> None:
        """Lay a rectangle on it; pixels that it covers in part get that part."""
        left, top, right, bottom = self._edges(rect)
        rows, shares_y = _covered(top, bottom, self.shape[0])
        columns, shares_x = _covered(left, right, self.shape[1])
        self.depth[rows, columns] += depth * np.outer(shares_y, shares_x)

    def box(self, rect: Rect) -> Box:
        """The pixels that a rectangle touches."""
        left, top, right, bottom = self._edges(rect)
        height, width = self.shape
        return (
            max(math.floor(left), 0),
            max(math.floor(top), 0),
            min(math.ceil(right), width),
            min(math.ceil(bottom), height),
        )

    def places(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Places x (1, columns) and y (rows, 1) of all pixels [m]."""
        rows, columns = self.shape
        x: Depth = (np.arange(columns, dtype=np.float64) + 0.5) * self.pitch_m - MARGIN_M
        y: Depth = (
            self._height_m + MARGIN_M - (np.arange(rows, dtype=np.float64) + 0.5) * self.pitch_m
        )
        return x[None, :], y[:, None]

    def _edges(self, rect: Rect) -> tuple[float, float, float, float]:
        left, low, right, high = rect
        zero = self._height_m + MARGIN_M
        return (
            (left + MARGIN_M) / self.pitch_m,
            (zero - high) / self.pitch_m,
            (right + MARGIN_M) / self.pitch_m,
            (zero - low) / self.pitch_m,
        )


def _covered(start: float, end: float, size: int) -> tuple[slice, NDArray[np.float64]]:
    """The pixels from `start` to `end`, and how much of each is covered."""
    first, last = max(math.floor(start), 0), min(math.ceil(end), size)
    at = np.arange(first, max(last, first))
    return slice(first, max(last, first)), np.minimum(end, at + 1) - np.maximum(start, at)
