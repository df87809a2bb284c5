"""Where X-ray images of consignments are looked up."""

import re
from pathlib import Path
from typing import Protocol

import msgspec

from robotics.imaging.review import Anomaly

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")


class Seen(msgspec.Struct, frozen=True):
    """One image, and what its review found."""

    png16: bytes
    """The detectors' 16 bits as PNG."""
    anomalies: tuple[Anomaly, ...] = ()


class Images(Protocol):
    """Images by consignment."""

    def find(self, consignment: str) -> Seen | None:
        """The newest image of it, or None."""
        ...


class ImageFolder:
    """Images in a folder: `NAME.png` of 16 bits, and what the review found as `NAME.json`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, consignment: str) -> Seen | None:
        """The image of that name."""
        if not NAME.fullmatch(consignment):
            return None
        try:
            data = (self._folder / f"{consignment}.png").read_bytes()
        except FileNotFoundError:
            return None
        try:
            found = (self._folder / f"{consignment}.json").read_bytes()
        except FileNotFoundError:
            return Seen(data)
        return Seen(data, msgspec.json.decode(found, type=tuple[Anomaly, ...]))


class _NoImages:
    def find(self, consignment: str) -> Seen | None:
        return None


NO_IMAGES: Images = _NoImages()
"""Of a gate whose booths keep none."""
