"""`bordergate bench recording`: messages a second into MCAP, and what a whole fleet costs live.

The baseline writes the very same messages, encoded before, with nothing but the `mcap` library.
Seconds are those of the processor, so that other programs do not count.
"""

import datetime
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from mcap.writer import Writer

from actors.site.bundled import find_site
from actors.site.devices import Device, devices
from actors.site.expand import expand
from actors.site.load import last_change, load_site
from interfaces.bench.figures import Figure, compared
from interfaces.recording.mcap_file import CHUNK_BYTES
from interfaces.recording.process import RecorderProcess
from interfaces.recording.rotation import Limits, Recording
from interfaces.recording.samples import Sample, SampleMaker
from interfaces.recording.scene import roadmap_sample
from robotics.telemetry import (
    Bus,
    Frame,
    SignalForwarder,
    SignalPublisher,
    StationSignal,
    VehicleSignal,
)

FRAMES = 600
"""A minute of signals."""
PERIOD_NS = 10**8
LIVE_S = 20.0
MB = 10**6
LIMITS = Limits(total_bytes=512 * MB, file_bytes=256 * MB, file_s=3600)


def measure(site: str, say: Callable[[str], None]) -> list[Figure]:
    """Write a minute of the site's signals as fast as it goes, then record it live for 20 s."""
    path = find_site(site)
    loaded = load_site(path)
    day = last_change(loaded)
    every = devices(loaded, day)
    vehicles = sum(device.kind == "vehicle" for device in every)
    frames = [_frame(every, number) for number in range(FRAMES)]
    samples = [sample for frame in frames for sample in SampleMaker(every).frame(frame)]
    say(f"{len(samples):,} messages of {vehicles} AGVs")
    with tempfile.TemporaryDirectory() as folder:
        roadmap = roadmap_sample(loaded, expand(loaded, day), every)
        recording = Recording(Path(folder), loaded.name, LIMITS, roadmap, dict)
        maker = SampleMaker(every)
        began_s = time.process_time()
        for frame in frames:
            for sample in maker.frame(frame):
                recording.write(sample)
        recording.close()
        ours_s = time.process_time() - began_s
        bare_s = _bare_s(Path(folder) / "bare", samples)
        size = next(Path(folder).glob("*.mcap")).stat().st_size
    say(f"recording live for {LIVE_S:.0f} s")
    cpu_s, lost = _live(path, day, frames)
    return [
        compared(
            "encoded and written",
            len(samples) / ours_s,
            "messages/s",
            len(samples) / bare_s,
        ),
        Figure("file", round(size / len(samples), 1), "B/message"),
        Figure("file of an hour", round(size * 60 / MB, 1), "MB"),
        Figure(f"{vehicles} AGVs at 10 Hz, live", round(cpu_s / LIVE_S * 100, 2), "% of a core"),
        Figure("frames lost", lost, "frames"),
    ]


def _frame(every: list[Device], number: int) -> Frame:
    """All devices at work, no two values alike, so that nothing is easier to compress than real."""
    vehicles = []
    stations = []
    for nth, device in enumerate(every):
        if device.kind == "vehicle":
            angle = number / 100 + nth
            vehicles.append(
                VehicleSignal(
                    device.id,
                    x_m=round(1000 * math.cos(angle), 3),
                    y_m=round(100 * math.sin(angle), 3),
                    heading_rad=round(math.remainder(angle, math.tau), 4),
                    speed_mps=round(5 + math.sin(angle), 3),
                    battery_pct=round(90 - number / 100 - nth / 10, 2),
                    container="CSQU3054383" if nth % 2 else "",
                )
            )
        elif device.kind in ("crane", "booth"):
            stations.append(StationSignal(device.id, "scan", number % 100 / 100))
    return Frame(time.time_ns() + number * PERIOD_NS, tuple(vehicles), tuple(stations))


def _bare_s(path: Path, samples: list[Sample]) -> float:
    began_s = time.process_time()
    with path.open("wb") as stream:
        writer = Writer(stream, chunk_size=CHUNK_BYTES)
        writer.start(profile="ros2")
        schemas: dict[str, int] = {}
        channels: dict[str, int] = {}
        for sample in samples:
            topic, name = sample.topic, sample.schema.name
            if topic not in channels:
                if name not in schemas:
                    data = sample.schema.text.encode()
                    schemas[name] = writer.register_schema(name, "ros2msg", data)
                channels[topic] = writer.register_channel(topic, "cdr", schemas[name])
            writer.add_message(channels[topic], sample.stamp_ns, sample.data, sample.stamp_ns)
        writer.finish()  # type: ignore[no-untyped-call]
    return time.process_time() - began_s


def _live(site: Path, day: datetime.date, frames: list[Frame]) -> tuple[float, int]:
    """Processor time of the recorder's process [s], and how many frames it lost."""
    with tempfile.TemporaryDirectory() as folder:
        bus = Bus(folder)
        SignalForwarder(bus)
        publisher = SignalPublisher(bus)
        with RecorderProcess(
            bus, site, day, folder=Path(folder) / "files", limits=LIMITS, foxglove_port=None
        ) as recorder:
            process = psutil.Process(recorder.process.pid)
            before = process.cpu_times()
            began_s = time.monotonic()
            for number in range(round(LIVE_S * 1e9) // PERIOD_NS):
                publisher.publish(frames[number % len(frames)])
                time.sleep(max(began_s + (number + 1) * PERIOD_NS / 1e9 - time.monotonic(), 0))
            after = process.cpu_times()
            recorder.copies.close()
        publisher.close()
    assert recorder.ended is not None
    used_s = after.user + after.system - before.user - before.system
    return used_s, recorder.ended.signals_lost
