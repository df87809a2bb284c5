"""Images of live booths: made one at a time, in a process of their own beside the plant.

An image and its review take a few tenths of a second, for which the process that drives the robots
has no time. A process that dies or hangs is begun anew, with the image that it was to make.
"""

import contextlib
import secrets
import subprocess
import sys

import msgspec
import zmq

from actors.messages import ScanFinished, StartScan

TRIES = 3
"""After so many processes that ended over it, an image is given up."""
MAKE_S = 120.0
"""So long an image may take; with a cargo not seen before, some 10 s of an idle machine [ours]."""


class ImagesSetup(msgspec.Struct, frozen=True):
    """How a gate's images are made, and where they are kept."""

    folder: str
    pitch_m: float = 0.006
    """Of the scanners' pixels."""
    references: int = 24
    """Images from which the review learns what a cargo looks like, and as many again: 8 s. Of clean
    images, 7 % are then called suspicious; after 12, which takes half as long, 25 %."""


class ImagesOrder(msgspec.Struct, frozen=True):
    """The first line that the process reads."""

    setup: ImagesSetup
    seed: int
    run: str
    """Stands in the names of this run's images."""
    expected: tuple[tuple[str, str], ...] = ()
    """(HS code, size-type) of goods that the review had better know before they come."""


class ImageJob(msgspec.Struct, frozen=True):
    """All other lines: an image to be made. The answer is a line with `ImageMade`."""

    device: str
    request: StartScan
    hidden_share: float


class ImageMade(msgspec.Struct, frozen=True):
    """What its scanner is to say."""

    device: str
    scan: ScanFinished


class ImageWorks:
    """An imager of many scanners (see `sim.plant.scanner.Imager`), which never waits.

    A scanner has one image made at a time, so that no more wait than there are scanners. `poller`
    says when the file `ready` can be read: then `take` has an answer, or a process has ended.
    """

    def __init__(
        self,
        setup: ImagesSetup,
        seed: int,
        expected: tuple[tuple[str, str], ...],
        poller: zmq.Poller,
    ) -> None:
        self._order = ImagesOrder(setup, seed, secrets.token_hex(4), expected)
        self._poller = poller
        self._waiting: dict[str, ImageJob] = {}
        """By scanner, in their order."""
        self._job: ImageJob | None = None
        self._until_s = 0.0
        self._ended = 0
        """Processes that ended over the present job."""
        self._process: subprocess.Popen[bytes] | None = None
        self._start()

    def __call__(self, device: str, request: StartScan, hidden_share: float) -> None:
        """Have an image made; what became of it is told by `take`."""
        self._waiting[device] = ImageJob(device, request, hidden_share)

    @property
    def ready(self) -> int:
        """The file that can be read when there is an answer; -1: there is no process."""
        return self._out.fileno() if self._process is not None else -1

    def work(self, now_s: float) -> None:
        """Give out the next job, and end a process that takes too long; now and then."""
        if self._job is None and self._waiting:
            self._job = self._waiting.pop(next(iter(self._waiting)))
            self._ended = 0
            self._give(now_s)
        elif self._job is not None and now_s > self._until_s and self._process is not None:
            self._process.kill()  # which makes its file ready

    def take(self, now_s: float) -> ImageMade | None:
        """What is ready: an image, or why there is none. None: a process ended, and is replaced."""
        line = self._out.readline()
        if line.endswith(b"\n"):
            made = msgspec.json.decode(line, type=ImageMade)
            self._job = None
            return made
        self.close()
        self._ended += 1
        job = self._job
        if job is None:
            return None  # begun anew when there is something to make
        if self._ended < TRIES:
            self._give(now_s)
            return None
        self._job = None
        why = f"{TRIES} processes in turn ended while they made it"
        return ImageMade(job.device, ScanFinished(job.request.step, "unreviewed", "", why))

    def close(self) -> None:
        """End the process, if there is one; an image that it makes is not kept."""
        if self._process is not None:
            self._poller.unregister(self._out.fileno())
            self._process.kill()
            self._process.wait()
            self._out.close()
            with contextlib.suppress(BrokenPipeError):
                self._in.close()
            self._process = None

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sim.plant.image_process"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self._poller.register(self._out.fileno(), zmq.POLLIN)
        self._say(self._order)

    def _give(self, now_s: float) -> None:
        if self._process is None:
            self._start()
        self._until_s = now_s + MAKE_S
        self._say(self._job)

    def _say(self, what: msgspec.Struct | None) -> None:
        with contextlib.suppress(BrokenPipeError):  # its end makes its file ready, too
            self._in.write(msgspec.json.encode(what) + b"\n")
            self._in.flush()
