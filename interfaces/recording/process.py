"""The gate's end of the recorder: starts its process, and hears from it how it ended."""

import datetime
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from interfaces.recording.recorder import RecorderBegun, RecorderEnded, RecorderOrder
from interfaces.recording.rotation import Limits
from robotics.telemetry import Bus, EventCopies

END_S = 10.0
"""Time to write the last chunk and the index [s]; then the process is killed."""


class RecorderError(RuntimeError):
    """The recorder's process did not come up."""


class RecorderProcess:
    """A recorder of one gate; enter it before the gate's actors start, leave it before the gate.

    `copies` are given the domain events, and closed, by whoever reads them.

    Raises:
        RecorderError: the process did not come up.
    """

    def __init__(
        self,
        bus: Bus,
        site: Path,
        day: datetime.date,
        *,
        folder: Path | None,
        limits: Limits,
        foxglove_port: int | None,
    ) -> None:
        self.copies = EventCopies(bus)
        self._leaving = False
        self.ended: RecorderEnded | None = None
        """What was recorded, once this has been left; None if the recorder died before."""
        order = RecorderOrder(
            site=str(site.resolve()),
            day=day,
            bus=bus,
            folder=str(folder.absolute()) if folder else "",
            limits=limits,
            foxglove_port=foxglove_port,
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", "interfaces.recording.recorder"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the gate, which ends its recorder in order
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(msgspec.json.encode(order) + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RecorderError(f"the recorder ended with code {self.process.wait(END_S)}")
        self.begun = msgspec.json.decode(line, type=RecorderBegun)

    def watch(self, died: Callable[[int], None]) -> None:
        """Have `died` called at once with the process's code if it ends before this is left.

        It is called in a thread of its own.
        """

        def wait() -> None:
            code = self.process.wait()
            if not self._leaving:
                died(code)

        threading.Thread(target=wait, name="recorder-watch", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leaving = True
        try:
            output, _ = self.process.communicate(timeout=END_S)  # the end of its input ends it
        except subprocess.TimeoutExpired:
            self.process.kill()
            output, _ = self.process.communicate()
        if output:
            self.ended = msgspec.json.decode(output, type=RecorderEnded)
