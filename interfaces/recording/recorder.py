"""The recorder: reads the data plane in a process of its own, into files and a Foxglove server.

Run as `python -m interfaces.recording.recorder`; its order comes on standard input as JSON
(`RecorderOrder`), and it says on standard output what came of it: `RecorderBegun`, and in the end
`RecorderEnded`, each as a line of JSON. It ends when its standard input ends. What goes wrong in
between it says on standard error; whatever that is, the gate goes on.
"""

import datetime
import select
import sys
import time
from pathlib import Path

import msgspec

from actors.site.devices import devices
from actors.site.expand import expand
from actors.site.load import load_site
from interfaces.recording.live import LiveServer
from interfaces.recording.rotation import Limits, Recording
from interfaces.recording.samples import Sample, SampleMaker
from interfaces.recording.scene import roadmap_sample
from robotics.telemetry import Bus, EventKeeper, SignalReader

POLL_MS = 50
"""What an event may wait while no signals come."""
DRAIN_S = 2.0
"""So long the last events are awaited when the gate has ended."""
RETRY_S = 30.0
"""After an error a new file is tried after this time."""


class RecorderOrder(msgspec.Struct, frozen=True):
    """What is to be recorded and shown."""

    site: str
    """Path of the site file."""
    day: datetime.date
    bus: Bus
    folder: str
    """Where files are written; empty: nowhere."""
    limits: Limits
    foxglove_port: int | None
    """Where the live server listens, 0: anywhere; None: there is none."""


class RecorderBegun(msgspec.Struct, frozen=True):
    """What could be begun; `errors` says what could not, and why."""

    recording: bool
    foxglove_port: int | None
    errors: tuple[str, ...]


class RecorderEnded(msgspec.Struct, frozen=True):
    """What was recorded in the end."""

    files: int
    removed: int
    messages: int
    events: int
    signals_lost: int
    """Frames that came faster than they could be written."""
    unwritten: int
    """Messages that found no file to go to."""
    refused: int
    """What made no sense and was left out."""


class Recorder:
    """Everything that is read goes to the files and to the live server, as there are."""

    def __init__(self, order: RecorderOrder) -> None:
        site = load_site(Path(order.site), order.day)
        every = devices(site, order.day)
        roadmap = roadmap_sample(site, expand(site, order.day), every)
        self._maker = SampleMaker(every)
        self._signals = SignalReader(order.bus)
        self._events = EventKeeper(order.bus, order.bus.copies_at)
        self._recording: Recording | None = None
        self._live: LiveServer | None = None
        self._stopped_s = 0.0
        """When writing failed; 0 while it works."""
        self._event_count = 0
        self._unwritten = 0
        errors = []
        if order.folder:
            try:
                self._recording = Recording(
                    Path(order.folder), site.name, order.limits, roadmap, self._notes
                )
            except OSError as error:
                errors.append(f"--record: {order.folder}: {error.strerror}; nothing is recorded")
        if order.foxglove_port is not None:
            try:
                topics = self._maker.topics()
                self._live = LiveServer(site.title, order.foxglove_port, topics, roadmap)
            except OSError as error:
                errors.append(f"--foxglove: port {order.foxglove_port}: {error}")
        port = self._live.port if self._live else None
        self.begun = RecorderBegun(self._recording is not None, port, tuple(errors))

    def run(self) -> None:
        """Until standard input ends; then what is still on its way is awaited."""
        ends_s = None
        while ends_s is None or (time.monotonic() < ends_s and not self._events.ended):
            for frame in self._signals.read(POLL_MS):
                for sample in self._maker.frame(frame):
                    self._take(sample)
            for event in self._events.read(0):
                self._event_count += 1
                for sample in self._maker.event(event):
                    self._take(sample)
            self._keep_time()
            ended = select.select([sys.stdin], [], [], 0)[0]
            if ends_s is None and ended and not sys.stdin.buffer.read(1):
                ends_s = time.monotonic() + DRAIN_S

    def close(self) -> RecorderEnded:
        """End the files and the server."""
        if self._live is not None:
            self._live.close()
        if self._recording is not None:
            try:
                self._recording.close()
            except OSError as error:
                self._stop(error)
        self._signals.close()
        self._events.close()
        recording = self._recording
        return RecorderEnded(
            files=recording.files if recording else 0,
            removed=recording.removed if recording else 0,
            messages=recording.messages if recording else 0,
            events=self._event_count,
            signals_lost=self._signals.lost,
            unwritten=self._unwritten,
            refused=self._refused(),
        )

    def _take(self, sample: Sample) -> None:
        if self._live is not None:
            self._live.show(sample)
        if self._recording is None:
            return
        if self._stopped_s and time.monotonic() - self._stopped_s < RETRY_S:
            self._unwritten += 1
            return
        try:
            self._recording.write(sample)
            self._stopped_s = 0.0
        except OSError as error:
            self._unwritten += 1
            self._stop(error)

    def _keep_time(self) -> None:
        if self._recording is not None:
            try:
                self._recording.keep_time()
            except OSError as error:
                self._stop(error)

    def _stop(self, error: OSError) -> None:
        assert self._recording is not None
        self._recording.abandon()
        self._stopped_s = time.monotonic()
        print(
            f"Recording stopped: {error.strerror}; tried again in {RETRY_S:.0f} s.",
            file=sys.stderr,
            flush=True,
        )

    def _refused(self) -> int:
        return self._maker.refused + self._signals.refused + self._events.refused

    def _notes(self) -> dict[str, str]:
        """The files' metadata: what is missing in them, so far."""
        return {
            "signals_lost": str(self._signals.lost),
            "unwritten": str(self._unwritten),
            "refused": str(self._refused()),
        }


def main() -> None:
    """Read the order, say what could be begun, run, and say how it ended."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=RecorderOrder)
    try:
        recorder = Recorder(order)
    except ValueError as error:  # devices that ROS could not tell apart
        print(f"Nothing is recorded: {error}", file=sys.stderr)
        sys.exit(2)
    _say(recorder.begun)
    recorder.run()
    _say(recorder.close())


def _say(what: msgspec.Struct) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
