"""One scan: a loaded container before a linear accelerator and a line of detectors.

The rays are taken as parallel, across the container: a fan that spreads upwards would stretch the
image, no more. What is scattered into the detectors is a small even light.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.xray.anomalies import ANOMALIES
from sim.xray.canvas import Box, Canvas
from sim.xray.cargo import load
from sim.xray.container import CONTAINERS, frame

FULL = 65_535


class Scanner(NamedTuple):
    """The linear accelerator, its detectors, and how much loads differ from each other."""

    pitch_m: float = 0.006
    """Of pixels, in the middle of the container."""
    photons: float = 400_000.0
    """Counted by a pixel in air."""
    air: float = 60_000.0
    """What a pixel shows in air."""
    pulse_spread: float = 0.004
    """Between pulses, that is columns."""
    gain_spread: float = 0.006
    """Between detectors, that is rows, after their calibration."""
    dark_noise: float = 4.0
    """Of the readout."""
    scatter: float = 0.0008
    """Of the light in air."""
    variety: float = 1.0


class Scan(NamedTuple):
    """An image, and where things were planted."""

    image: NDArray[np.uint16]
    planted: tuple[Box, ...]


def scan(
    cargo: str, size_type: str, seed: str, anomaly: str = "", scanner: Scanner | None = None
) -> Scan:
    """The image of a container with that cargo, the same for the same seed.

    Raises:
        KeyError: no such cargo, size-type or anomaly.
    """
    scanner = scanner or Scanner()
    random = np.random.default_rng(list(f"{seed}/{cargo}/{size_type}/{anomaly}".encode()))
    container = CONTAINERS[size_type]
    canvas = Canvas(container.length_m, container.height_m, scanner.pitch_m)
    stacks = load(canvas, container.inside, cargo, random, scanner.variety)
    planted: tuple[Box, ...] = ()
    if anomaly:
        rect = ANOMALIES[anomaly](canvas, (cargo, container.inside, stacks), random)
        planted = (canvas.box(rect),)
    frame(canvas, container)
    return Scan(_detected(canvas, scanner, random), planted)


def _detected(canvas: Canvas, scanner: Scanner, random: np.random.Generator) -> NDArray[np.uint16]:
    """What the detectors make of the optical depth: photons that come through, gain and noise."""
    rows, columns = canvas.shape
    light = np.exp(-canvas.depth) + scanner.scatter
    light *= 1 + scanner.pulse_spread * random.standard_normal((1, columns))
    counted = random.poisson(light * scanner.photons) / scanner.photons
    counted *= 1 + scanner.gain_spread * random.standard_normal((rows, 1))
    shown = counted * scanner.air + scanner.dark_noise * random.standard_normal(canvas.shape)
    return np.clip(np.rint(shown), 0, FULL).astype(np.uint16)
