"""Where the images of the booths are kept, with what the review says of them."""

import contextlib
import os
import re
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from robotics.imaging.picture import png8, png16, read_png16
from robotics.imaging.review import Review

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
IMAGES_MAX = 10_000
"""So many are kept [ours]: three days of 3,500, about 1.5 MB each."""


class ImageNameError(KeyError):
    """There is no image of that name, or it cannot be one."""


class ImageStore(Protocol):
    """Images by their names, which stand in messages in their place."""

    def put(self, name: str, image: NDArray[np.uint16], review: Review | None) -> None:
        """Keep an image; the same name again changes nothing."""
        ...

    def png(self, name: str) -> bytes:
        """As people look at it, with the boxes of its review."""
        ...

    def raw(self, name: str) -> bytes:
        """The detectors' 16 bits, as PNG."""
        ...

    def review(self, name: str) -> Review | None:
        """What was said of it; None: nobody has reviewed it."""
        ...


class FolderImages:
    """Images as files of one folder; the oldest go when there are too many.

    Several processes may put images there: each looks how many there are after every hundredth of
    `images_max` that it has put itself.
    """

    def __init__(self, folder: Path, images_max: int = IMAGES_MAX) -> None:
        self._folder, self._images_max = folder, images_max
        self._puts = 0
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, image: NDArray[np.uint16], review: Review | None) -> None:
        """Write the review, then the image; a whole file takes its name, or none does."""
        path = self._path(name)
        if path.exists():
            return
        if review is not None:
            _write(path.with_suffix(".json"), msgspec.json.encode(review))
        _write(path, png16(image))
        if self._puts % max(self._images_max // 100, 1) == 0:
            self._thin()
        self._puts += 1

    def _thin(self) -> None:
        kept = []
        for file in self._folder.glob("*.png"):
            with contextlib.suppress(FileNotFoundError):  # another process has taken it away
                kept.append((file.stat().st_mtime_ns, file))
        for _, oldest in sorted(kept)[: max(len(kept) - self._images_max, 0)]:
            oldest.unlink(missing_ok=True)
            oldest.with_suffix(".json").unlink(missing_ok=True)

    def png(self, name: str) -> bytes:
        """As people look at it, with the boxes of its review."""
        review = self.review(name)
        return png8(read_png16(self.raw(name)), review.anomalies if review is not None else ())

    def raw(self, name: str) -> bytes:
        """The detectors' 16 bits, as PNG.

        Raises:
            ImageNameError: there is none of that name.
        """
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            raise ImageNameError(name) from None

    def review(self, name: str) -> Review | None:
        """What was said of it; None: nobody has reviewed it."""
        try:
            data = self._path(name).with_suffix(".json").read_bytes()
        except FileNotFoundError:
            return None
        return msgspec.json.decode(data, type=Review)

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name) or ".." in name:
            raise ImageNameError(name)
        return self._folder / f"{name}.png"


def _write(path: Path, data: bytes) -> None:
    part = path.with_suffix(f"{path.suffix}.part")
    part.write_bytes(data)
    os.replace(part, path)
