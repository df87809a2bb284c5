"""Images as PNG: 16 bits without loss, and 8 bits with boxes for people to look at."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, UnidentifiedImageError

from robotics.imaging.review import Anomaly

COLOURS = {"density": "#e04030", "shape": "#e0a000", "declared": "#2090e0"}
DEPTH_MAX = 7.5
"""Optical depth shown as black: a thousandth of the light, in which only noise is left."""


class PictureError(ValueError):
    """What was read is no picture of 16 bits."""


def png16(image: NDArray[np.uint16]) -> bytes:
    """The image itself."""
    return _png(Image.fromarray(image))


def read_png16(data: bytes) -> NDArray[np.uint16]:
    """The image in a PNG.

    Raises:
        PictureError: it is truncated, no PNG, or not of 16 bits of grey.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            picture.load()
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureError(f"given what is no whole PNG ({error}), allowed: PNG") from error
    if picture.mode != "I;16":
        raise PictureError(f"given pixels of mode {picture.mode}, allowed: 16 bits of grey")
    return np.asarray(picture, dtype=np.uint16)


def png8(image: NDArray[np.uint16], anomalies: tuple[Anomaly, ...] = ()) -> bytes:
    """The image as people look at it, logarithmic, with boxes."""
    light = np.maximum(image, 1) / max(float(np.percentile(image, 99)), 1.0)
    grey = np.clip(1 + np.log(light) / DEPTH_MAX, 0, 1) * 255
    picture = Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    draw = ImageDraw.Draw(picture)
    for found in anomalies:
        colour = COLOURS[found.kind]
        box = (found.left, found.top, found.right - 1, found.bottom - 1)
        draw.rectangle(box, outline=colour, width=2)
        at = (found.left + 4, max(found.top - 12, 0))
        draw.text(at, f"{found.kind} {found.score:.1f}", fill=colour)
    return _png(picture)


def _png(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, format="PNG")
    return data.getvalue()
