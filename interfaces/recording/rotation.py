"""A folder of recordings that is bounded: a new file after a size or a time, the oldest go."""

import contextlib
import datetime
import itertools
import re
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from interfaces.recording.mcap_file import McapFile
from interfaces.recording.samples import Sample

FLUSH_S = 1.0
"""What a crash may cost [s]."""


class Limits(msgspec.Struct, frozen=True):
    """How much is kept."""

    total_bytes: int
    """Of all recordings of the site in the folder."""
    file_bytes: int
    file_s: float


class Recording:
    """The files of one run, one after the other.

    Each begins with `opening`, told at the time of the first message, and ends with `notes` as its
    metadata. Before one is begun the site's oldest ones are removed, of earlier runs too, until a
    whole file fits below the total. Other files in the folder are left alone.

    Raises:
        OSError: the folder or a file cannot be written, also later from its methods.
    """

    def __init__(
        self,
        folder: Path,
        site: str,
        limits: Limits,
        opening: Sample,
        notes: Callable[[], dict[str, str]],
    ) -> None:
        assert limits.file_bytes <= limits.total_bytes, "not even one file fits"
        self._folder = folder
        self._site = site
        self._limits = limits
        self._opening = opening
        self._notes = notes
        self._began = datetime.datetime.now(datetime.UTC)
        self._numbers = itertools.count()
        self._file: McapFile | None = None
        self._opened_s = self._flushed_s = 0.0
        self.files = 0
        """How many were begun."""
        self.messages = 0
        """How many were written, the openings aside."""
        self.removed = 0
        """How many old files made room."""
        self._begin()

    def write(self, sample: Sample) -> None:
        """Append one message, to a new file if this one is full.

        Also the way back after an `OSError` and `abandon`: a new file is begun.
        """
        if self._file is not None and self._file.size >= self._limits.file_bytes:
            self.close()
        if self._file is None:
            self._begin()
        assert self._file is not None
        if not self._file.messages:
            self._file.write(msgspec.structs.replace(self._opening, stamp_ns=sample.stamp_ns))
        self._file.write(sample)
        self.messages += 1

    def keep_time(self) -> None:
        """Flush what has waited long enough, and end a file that is old enough."""
        now_s = time.monotonic()
        if self._file is None:
            return
        if now_s - self._opened_s >= self._limits.file_s:
            self.close()
        elif now_s - self._flushed_s >= FLUSH_S:
            self._flushed_s = now_s
            self._file.flush()

    def close(self) -> None:
        """End the present file; it is whole then."""
        if self._file is not None:
            file, self._file = self._file, None
            file.close(self._notes())

    def abandon(self) -> None:
        """Give the present file up, after an error."""
        if self._file is not None:
            file, self._file = self._file, None
            with contextlib.suppress(OSError):
                file.abandon()

    def _begin(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._make_room()
        stamp = f"{self._began:%Y%m%dT%H%M%SZ}"
        for number in self._numbers:
            path = self._folder / f"{self._site}_{stamp}_{number:04d}.mcap"
            with contextlib.suppress(FileExistsError):
                self._file = McapFile(path)
                break
        assert self._file is not None
        self._opened_s = self._flushed_s = time.monotonic()
        self.files += 1

    def _make_room(self) -> None:
        pattern = re.compile(rf"{re.escape(self._site)}_(\d{{8}}T\d{{6}}Z)_(\d{{4,}})\.mcap")
        found = sorted(
            (match[1], int(match[2]), path)
            for path in self._folder.iterdir()
            if (match := pattern.fullmatch(path.name)) and path.is_file()
        )
        sizes = {path: path.stat().st_size for _, _, path in found}
        used = sum(sizes.values())
        for _, _, path in found:
            if used + self._limits.file_bytes <= self._limits.total_bytes:
                return
            path.unlink(missing_ok=True)
            used -= sizes[path]
            self.removed += 1
