"""Cargo as it is loaded: boxes and cartons on pallets, bales, machines."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sim.xray.canvas import Canvas, Depth, Rect
from sim.xray.materials import COPPER, ELECTRONICS, FRUIT, STEEL, TEXTILES, WOOD

PALLET_M = 1.2
"""Along the container; two stand beside each other, 1.0 m each."""
ACROSS_M = 2.1
"""Path through the load."""
PALLET_HIGH_M = 0.145
Random = np.random.Generator


def load(canvas: Canvas, inside: Rect, cargo: str, random: Random, variety: float) -> list[Rect]:
    """Fill the container with a kind of cargo; the stacks that were made.

    `variety` widens or narrows all that differs from load to load.
    """
    stacks = CARGO[cargo](canvas, inside, random, variety)
    canvas.depth *= 1 + _grain(canvas, random) * (0.035 if cargo == "fruit" else 0.015)
    return stacks


def _grain(canvas: Canvas, random: Random) -> Depth:
    """Unevenness of about the size of a piece of fruit, with a standard deviation of 1."""
    noise = random.standard_normal(canvas.shape, dtype=np.float32)
    smooth: NDArray[np.float32] = ndimage.gaussian_filter(noise, 0.03 / canvas.pitch_m)
    return np.asarray(smooth / smooth.std(), dtype=np.float64)


def _pallets(canvas: Canvas, inside: Rect, random: Random, highest_m: float) -> list[Rect]:
    """Pallets from the front to the doors, and the room above each."""
    left, floor, right, ceiling = inside
    stacks, x = [], left + random.uniform(0.01, 0.05)
    while x + PALLET_M <= right:
        for low, high, path_m in ((0.0, 0.022, 1.0), (0.123, 0.145, 1.7)):
            canvas.add((x, floor + low, x + PALLET_M, floor + high), WOOD.depth(path_m))
        for block in (0.0, (PALLET_M - 0.145) / 2, PALLET_M - 0.145):
            rect = (x + block, floor + 0.022, x + block + 0.145, floor + 0.123)
            canvas.add(rect, WOOD.depth(0.6))
        base = floor + PALLET_HIGH_M
        stacks.append((x, base, x + PALLET_M, min(base + highest_m, ceiling - 0.08)))
        x += PALLET_M + random.uniform(0.005, 0.05)
    return stacks


def _fruit(canvas: Canvas, inside: Rect, random: Random, variety: float) -> list[Rect]:
    """Boxes of fruit in even layers; lighter at each box's top, where the fruit does not reach."""
    high_m = random.uniform(0.24, 0.30)
    density = 1 + 0.04 * variety * random.standard_normal()
    stacks = []
    for left, base, right, top in _pallets(canvas, inside, random, 2.15):
        layers = int((top - base) / high_m)
        heap = density * (1 + 0.025 * variety * random.standard_normal())
        for layer in range(layers):
            for column in range(3):
                x, y = left + column * 0.4, base + layer * high_m
                depth = FRUIT.depth(ACROSS_M) * heap * (1 + 0.02 * random.standard_normal())
                canvas.add((x + 0.004, y, x + 0.396, y + high_m * 0.86), depth)
                canvas.add((x + 0.004, y + high_m * 0.86, x + 0.396, y + high_m), depth * 0.72)
        stacks.append((left, base, right, base + layers * high_m))
    return stacks


def _electronics(canvas: Canvas, inside: Rect, random: Random, variety: float) -> list[Rect]:
    """Cartons with rows of boards, coils and housings; one article a pallet."""
    density = 1 + 0.08 * variety * random.standard_normal()
    stacks = []
    for left, base, right, top in _pallets(canvas, inside, random, 2.1):
        across = int(random.integers(2, 4))
        wide_m, high_m = PALLET_M / across, random.uniform(0.30, 0.45)
        layers = int((top - base) / high_m)
        heap = density * (1 + 0.07 * variety * random.standard_normal())
        rows, columns = int(random.integers(2, 4)), int(random.integers(2, 5))
        metal_m = random.uniform(0.004, 0.009)
        for layer in range(layers):
            for column in range(across):
                x, y = left + column * wide_m, base + layer * high_m
                depth = ELECTRONICS.depth(ACROSS_M) * heap
                depth *= 1 + 0.02 * random.standard_normal()
                canvas.add((x + 0.006, y, x + wide_m - 0.006, y + high_m - 0.010), depth)
                for i in range(rows * columns):
                    cell_w, cell_h = (wide_m - 0.04) / columns, (high_m - 0.03) / rows
                    at_x = x + 0.02 + i % columns * cell_w
                    at_y = y + 0.01 + i // columns * cell_h
                    piece = (at_x, at_y, at_x + 0.55 * cell_w, at_y + 0.5 * cell_h)
                    canvas.add(piece, COPPER.depth(metal_m))
        stacks.append((left, base, right, base + layers * high_m))
    return stacks


def _textiles(canvas: Canvas, inside: Rect, random: Random, variety: float) -> list[Rect]:
    """Pressed bales, close together, up to under the roof."""
    left, floor, right, ceiling = inside
    stacks, x = [], left + 0.02
    while x + 1.0 <= right:
        wide_m, high_m = random.uniform(0.95, 1.0), random.uniform(0.5, 0.6)
        bales = int((ceiling - floor - 0.1) / high_m)
        for bale in range(bales):
            y = floor + bale * high_m
            depth = TEXTILES.depth(2.25) * (1 + 0.04 * variety * random.standard_normal())
            canvas.add((x + 0.01, y + 0.01, x + wide_m - 0.01, y + high_m - 0.01), depth)
        stacks.append((x, floor, x + wide_m, floor + bales * high_m))
        x += wide_m + 0.01
    return stacks


def _machinery(canvas: Canvas, inside: Rect, random: Random, variety: float) -> list[Rect]:
    """Crates with castings, plates and motors, of all heights."""
    left, floor, right, ceiling = inside
    stacks, x = [], left + 0.05
    while x + 1.5 <= right:
        wide_m = random.uniform(0.9, 1.5)
        top = floor + random.uniform(0.5, 0.95) * (ceiling - floor)
        canvas.add((x, floor, x + wide_m, top), WOOD.depth(0.06))
        for _ in range(int(6 + 3 * variety)):
            w, h = random.uniform(0.1, 0.6, 2)
            at_x = random.uniform(x, max(x + wide_m - w, x + 0.01))
            at_y = random.uniform(floor + 0.05, max(top - h, floor + 0.06))
            canvas.add((at_x, at_y, at_x + w, at_y + h), STEEL.depth(random.uniform(0.01, 0.08)))
        stacks.append((x, floor, x + wide_m, top))
        x += wide_m + random.uniform(0.05, 0.3)
    return stacks


Loader = Callable[[Canvas, Rect, Random, float], list[Rect]]
CARGO: dict[str, Loader] = {
    "fruit": _fruit,
    "electronics": _electronics,
    "textiles": _textiles,
    "machinery": _machinery,
}
