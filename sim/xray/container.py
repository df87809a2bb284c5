"""The container itself, seen from the side: what hides and frames the cargo.

Outer sizes are those of ISO 668; sheets and profiles those of ISO 1496-1 boxes as they are built.
"""

from typing import NamedTuple

import numpy as np

from sim.xray.canvas import MARGIN_M, Canvas
from sim.xray.materials import ALUMINIUM, FOAM, PLYWOOD, STEEL


class Container(NamedTuple):
    """Outer length and height, and the room inside [m]."""

    length_m: float
    height_m: float
    reefer: bool

    @property
    def inside(self) -> tuple[float, float, float, float]:
        """Left, floor, right, ceiling [m] of the room for cargo; the doors are on the right."""
        if self.reefer:
            return 0.50, 0.26, self.length_m - 0.10, self.height_m - 0.12
        return 0.08, 0.17, self.length_m - 0.09, self.height_m - 0.10


CONTAINERS = {
    "22G1": Container(6.058, 2.591, reefer=False),
    "42G1": Container(12.192, 2.591, reefer=False),
    "45G1": Container(12.192, 2.896, reefer=False),
    "45R1": Container(12.192, 2.896, reefer=True),
}
WIDTH_M = 2.35
"""Path across the container, inside."""


def frame(canvas: Canvas, container: Container) -> None:
    """Lay the empty container on the canvas, standing on the vehicle's deck."""
    length_m, height_m = container.length_m, container.height_m
    canvas.add((-MARGIN_M, -MARGIN_M, length_m + MARGIN_M, -0.03), STEEL.depth(0.05))
    for x in (0.0, length_m - 0.16):  # posts: 6 mm profiles, near and far
        canvas.add((x, 0.0, x + 0.16, height_m), STEEL.depth(0.030))
        for y in (0.0, height_m - 0.118):  # castings of 178 x 162 x 118 mm, 28 mm walls
            canvas.add((x, y, x + 0.178, y + 0.118), STEEL.depth(0.112))
    canvas.add((0.0, height_m - 0.06, length_m, height_m), STEEL.depth(0.016))
    canvas.add((0.0, 0.0, length_m, 0.16), STEEL.depth(0.012))
    canvas.add((0.0, height_m - 0.022, length_m, height_m - 0.020), STEEL.depth(WIDTH_M))
    for x in np.arange(0.3, length_m - 0.2, 0.30):  # cross members: webs and lower flanges, end-on
        canvas.add((x, 0.0, x + 0.0045, 0.122), STEEL.depth(2.2))
        canvas.add((x, 0.0, x + 0.045, 0.0045), STEEL.depth(2.2))
    if container.reefer:
        _reefer(canvas, container)
    else:
        _walls(canvas, container)


def _walls(canvas: Canvas, container: Container) -> None:
    """Corrugated sheets: 1.6 mm, near and far, longer paths where they slope."""
    length_m, height_m = container.length_m, container.height_m
    canvas.add((0.05, 0.122, length_m - 0.05, 0.150), PLYWOOD.depth(WIDTH_M))
    for x in (0.04, length_m - 0.06):  # end wall and doors, edge-on
        canvas.add((x, 0.15, x + 0.002, height_m - 0.06), STEEL.depth(WIDTH_M))
    canvas.add((0.16, 0.16, length_m - 0.16, height_m - 0.06), STEEL.depth(0.0032))
    for x in np.arange(0.16, length_m - 0.25, 0.278):
        for slope in (0.072, 0.211):
            canvas.add((x + slope, 0.16, x + slope + 0.068, height_m - 0.06), STEEL.depth(0.0016))
    canvas.add((length_m - 0.04, 0.1, length_m, height_m - 0.1), STEEL.depth(0.02))  # lock rods


def _reefer(canvas: Canvas, container: Container) -> None:
    """Foam between sheets, a floor of aluminium T-bars, and the machine at the front."""
    length_m, height_m = container.length_m, container.height_m
    canvas.add((0.16, 0.16, length_m - 0.16, height_m - 0.06), STEEL.depth(0.0030))
    canvas.add((0.40, 0.16, length_m, height_m - 0.06), FOAM.depth(0.14))
    canvas.add((0.40, 0.13, length_m - 0.1, 0.195), FOAM.depth(WIDTH_M))
    canvas.add((0.40, height_m - 0.12, length_m - 0.1, height_m - 0.02), FOAM.depth(WIDTH_M))
    for low, high, share in ((0.195, 0.205, 1.0), (0.205, 0.245, 0.12), (0.245, 0.25, 0.55)):
        canvas.add((0.45, low, length_m - 0.1, high), ALUMINIUM.depth(WIDTH_M * share))
    for x in (0.40, 0.48, length_m - 0.10, length_m - 0.02):
        canvas.add((x, 0.15, x + 0.0015, height_m - 0.06), STEEL.depth(WIDTH_M))
    machine = (  # compressor, coil, fans, electrics
        (0.08, 0.30, 0.34, 0.75, 0.09), (0.12, 0.38, 0.30, 0.62, 0.06),
        (0.08, 1.45, 0.36, 2.05, 0.03), (0.10, 2.15, 0.22, 2.50, 0.05),
        (0.42, 1.90, 0.47, 2.60, 0.06), (0.06, 0.85, 0.20, 1.35, 0.025),
    )  # fmt: skip
    for left, low, right, high, steel_m in machine:
        canvas.add((left, low, right, min(high, height_m - 0.2)), STEEL.depth(steel_m))
