"""A virtual run as one MCAP file, with the run's own times."""

import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from actors.site.devices import devices
from actors.site.expand import expand
from actors.site.model import Site
from interfaces.recording.mcap_file import McapFile
from interfaces.recording.samples import Sample, SampleMaker
from interfaces.recording.scene import roadmap_sample
from robotics.telemetry import Frame, RecordedEvent


class RunRecorder:
    """Writes a run to a new file, in place of an older one; see `sim.sampling.Recorder`.

    Raises:
        OSError: the file cannot be written, also later from its methods.
    """

    def __init__(self, path: Path, site: Site, day: datetime.date) -> None:
        every = devices(site, day)
        self._roadmap = roadmap_sample(site, expand(site, day), every)
        self._maker = SampleMaker(every)
        path.unlink(missing_ok=True)
        self._file = McapFile(path)

    def frame(self, frame: Frame) -> None:
        """All controllers' signals at one moment."""
        for sample in self._maker.frame(frame):
            self._write(sample)

    def event(self, recorded: RecordedEvent) -> None:
        """One domain event."""
        for sample in self._maker.event(recorded):
            self._write(sample)

    def _write(self, sample: Sample) -> None:
        if not self._file.messages:
            self._file.write(msgspec.structs.replace(self._roadmap, stamp_ns=sample.stamp_ns))
        self._file.write(sample)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, OSError):
            self._file.abandon()
        else:
            self._file.close({"refused": str(self._maker.refused)})
