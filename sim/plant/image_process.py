"""The process that makes and reviews the images of live booths; see `sim.plant.image_works`.

Run as `python -m sim.plant.image_process`. It ends when its standard input ends.
"""

import io
import os
import select
import sys
from collections import deque
from pathlib import Path

import msgspec

from robotics.imaging.store import FolderImages
from sim.booth_images import BoothImages, declared_as
from sim.plant.image_works import ImageJob, ImageMade, ImagesOrder
from sim.xray.references import LearningReviewer
from sim.xray.scan import Scanner

NICENESS = 10
"""Robots and their actors come first."""


def main() -> None:
    """Make what is asked for; meanwhile learn what is expected."""
    os.nice(NICENESS)
    # Without a buffer, nothing that was sent lies where `select` does not see it.
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as lines:
        _make(lines)


def _make(lines: io.RawIOBase) -> None:
    order = msgspec.json.decode(lines.readline(), type=ImagesOrder)
    scanner = Scanner(pitch_m=order.setup.pitch_m)
    reviewer = LearningReviewer(scanner, order.setup.references)
    store = FolderImages(Path(order.setup.folder))
    images = BoothImages(store, reviewer, scanner, order.seed, order.run)
    expected = deque(order.expected)
    while True:
        if expected and not select.select([lines], [], [], 0)[0]:
            reviewer.learn(declared_as(*expected.popleft()))
            continue
        line = lines.readline()
        if not line:
            return
        job = msgspec.json.decode(line, type=ImageJob)
        made = ImageMade(job.device, images(job.device, job.request, job.hidden_share))
        sys.stdout.buffer.write(msgspec.json.encode(made) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
