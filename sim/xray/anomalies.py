"""What is planted in a load: hidden things, and loads that are not what was declared."""

from collections.abc import Callable

import numpy as np

from sim.xray.canvas import Canvas, Rect
from sim.xray.cargo import CARGO, Random, load
from sim.xray.container import WIDTH_M
from sim.xray.materials import LEAD, POWDER, STEEL

Load = tuple[str, Rect, list[Rect]]
"""The cargo that was loaded, the room inside, and the stacks."""


def _place(stacks: list[Rect], wide_m: float, high_m: float, random: Random) -> Rect:
    """A place for a thing of that size within one of the stacks."""
    left, base, right, top = stacks[int(random.integers(len(stacks)))]
    x = random.uniform(left, max(right - wide_m, left + 0.01))
    y = random.uniform(base, max(top - high_m, base + 0.01))
    return x, y, x + wide_m, y + high_m


def _density(canvas: Canvas, loaded: Load, random: Random) -> Rect:
    """A dense block in place of cargo: lead, steel, or packed powder."""
    wide_m, high_m = random.uniform(0.15, 0.5, 2)
    rect = _place(loaded[2], wide_m, high_m, random)
    material, least_m, most_m = (
        (LEAD, 0.008, 0.04), (STEEL, 0.012, 0.06), (POWDER, 0.10, 0.50),
    )[int(random.integers(3))]  # fmt: skip
    path_m = random.uniform(least_m, most_m)
    if material is POWDER:  # it takes the room of cargo; sheets of metal fit between boxes
        left, top, right, bottom = canvas.box(rect)
        canvas.depth[top:bottom, left:right] *= 1 - path_m / WIDTH_M
    canvas.add(rect, material.depth(path_m))
    return rect


def _shape(canvas: Canvas, loaded: Load, random: Random) -> Rect:
    """Steel of an odd outline: an angle, a ring or a slanting bar."""
    size_m = random.uniform(0.25, 0.8)
    rect = _place(loaded[2], size_m, min(size_m, 0.6), random)
    x, y = canvas.places()
    left, low, right, high = rect
    u, v = (x - left) / (right - left), (y - low) / (high - low)
    within = (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)
    match int(random.integers(3)):
        case 0:
            outline = within & ((v > 0.72) | ((u > 0.62) & (u < 0.85)))
        case 1:
            radius = np.hypot(2 * u - 1, 2 * v - 1)
            outline = (radius < 1) & (radius > 0.66)
        case _:
            outline = within & (np.abs(u - v) < 0.14)
    canvas.depth[outline] += STEEL.depth(random.uniform(0.010, 0.045))
    return rect


def _span(loaded: Load, random: Random) -> Rect:
    """The room of one to three neighbouring stacks."""
    _, inside, stacks = loaded
    count = min(int(random.integers(1, 4)), len(stacks))
    first = int(random.integers(len(stacks) - count + 1))
    return stacks[first][0], inside[1], stacks[first + count - 1][2], inside[3]


def _other_cargo(canvas: Canvas, loaded: Load, random: Random) -> Rect:
    """Another cargo than declared in a part of the container."""
    rect = _span(loaded, random)
    others = [cargo for cargo in CARGO if cargo != loaded[0]]
    other = others[int(random.integers(len(others)))]
    beside = Canvas.like(canvas)
    load(beside, loaded[1], other, random, 1.0)
    left, top, right, bottom = canvas.box(rect)
    canvas.depth[top:bottom, left:right] = beside.depth[top:bottom, left:right]
    return rect


def _empty(canvas: Canvas, loaded: Load, random: Random) -> Rect:
    """Nothing where cargo was declared, on one side of the container or on both."""
    rect = _span(loaded, random)
    left, top, right, bottom = canvas.box(rect)
    canvas.depth[top:bottom, left:right] *= 0.5 * int(random.integers(2))
    return rect


def _double_wall(canvas: Canvas, loaded: Load, random: Random) -> Rect:
    """A second wall before the front one, and what is kept behind it."""
    _, (left_m, floor, _, ceiling), _ = loaded
    rect = (left_m, floor, left_m + random.uniform(0.25, 0.6), ceiling)
    left, top, right, bottom = canvas.box(rect)
    canvas.depth[top:bottom, left:right] = 0
    canvas.add((rect[2] - 0.003, floor, rect[2], ceiling), STEEL.depth(WIDTH_M))
    if random.integers(2):
        hidden = (left_m + 0.03, floor, rect[2] - 0.03, floor + random.uniform(0.6, 1.6))
        canvas.add(hidden, POWDER.depth(random.uniform(0.8, 2.0)))
    return rect


ANOMALIES: dict[str, Callable[[Canvas, Load, Random], Rect]] = {
    "density": _density,
    "shape": _shape,
    "other_cargo": _other_cargo,
    "empty": _empty,
    "double_wall": _double_wall,
}
