import os
import queue
import resource
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path
from random import Random

import msgspec
import pytest
from mcap.reader import make_reader
from typer.testing import CliRunner

from actors.messages import Alarm, DeviceChanged, Event, Order, OrderChanged
from actors.site.bundled import find_site
from actors.site.expand import expand
from interfaces.cli.recording import missing_text, say_ended, watch
from interfaces.main import app
from interfaces.pump import ViewPump
from interfaces.recording import rotation
from interfaces.recording.process import RecorderProcess
from interfaces.recording.rotation import Limits, Recording
from interfaces.recording.samples import ROADMAP_TOPIC, Sample, SampleMaker
from interfaces.recording.scene import roadmap_sample
from interfaces.view import LiveView
from robotics import telemetry
from robotics.ros.names import ros_name
from robotics.telemetry import (
    Bus,
    EventCopies,
    EventKeeper,
    EventSink,
    Frame,
    RecordedEvent,
    SignalForwarder,
    SignalPublisher,
    SignalReader,
)
from tests.gate import DAY, DEMO, ROADMAP, order
from tests.recordings import (
    EVERY,
    MB,
    START_NS,
    assert_same,
    assert_told,
    frame,
    maker,
    odometry_of,
    read_back,
    read_cut_off,
    recordings,
    until,
)

LIMITS = Limits(total_bytes=64 * MB, file_bytes=16 * MB, file_s=3600)


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    folder = tmp_path / "bus"
    folder.mkdir(mode=0o700)
    return Bus(str(folder))


class Gate:
    """The data plane of a gate, with a source of signals and one of events."""

    def __init__(self, bus: Bus) -> None:
        SignalForwarder(bus)
        self._signals = SignalPublisher(bus)
        self._events = EventSink(bus, "fleet-manager")
        self.frames: dict[int, Frame] = {}
        self.events: list[RecordedEvent] = []
        self._numbers = count(1)

    def publish(self) -> None:
        sent = frame(next(self._numbers))
        self.frames[sent.stamp_ns] = sent
        self._signals.publish(sent)

    def tell(self, event: Event) -> None:
        at_ns = START_NS + len(self.events)
        self.events.append(RecordedEvent("fleet-manager", at_ns, event))
        self._events.record(event, at_ns)

    def close(self) -> None:
        self._signals.close()


@pytest.fixture
def gate(bus: Bus) -> Iterator[Gate]:
    gate = Gate(bus)
    yield gate
    gate.close()


def recorder(bus: Bus, folder: Path) -> RecorderProcess:
    return RecorderProcess(
        bus, find_site("demo"), DAY, folder=folder, limits=LIMITS, foxglove_port=None
    )


def pump(bus: Bus, recorder: RecorderProcess) -> ViewPump:
    view = LiveView(DEMO, ROADMAP, EVERY)
    return ViewPump(view, EventKeeper(bus), SignalReader(bus), recorder.copies)


def notes(path: Path) -> dict[str, str]:
    with path.open("rb") as stream:
        [metadata] = make_reader(stream).iter_metadata()
    assert metadata.name == "bordergate"
    return metadata.metadata


def test_what_the_bus_carries_stands_in_the_file_value_by_value(
    bus: Bus, gate: Gate, tmp_path: Path
) -> None:
    folder = tmp_path / "made" / "here"
    with recorder(bus, folder) as recording:
        assert recording.begun.errors == ()
        with pump(bus, recording):
            gate.tell(OrderChanged(Order(order(1), "queued", "", "", ())))
            until(lambda: len(gate.frames) == 60, gate.publish)
            gate.tell(Alarm("fleet-manager", "station_out", "VN-C1", "hoist"))
            gate.tell(DeviceChanged("AGV-001", "vehicle", "idle"))
    [path] = recordings(folder)
    read = read_back(path)
    taken = [gate.frames[at_ns] for _, at_ns, _ in odometry_of(read, "AGV-001")]
    assert len(taken) > 30  # the first ones are lost while the sockets join
    assert all(b.stamp_ns - a.stamp_ns == 10**8 for a, b in pairwise(taken))
    assert_same(read, taken)
    assert_told(read, gate.events)
    assert [m.subject for topic, _, m in read if topic == "/events"] == ["T1", "VN-C1", "AGV-001"]
    ended = recording.ended
    assert ended is not None
    assert (ended.events, ended.messages, ended.files) == (3, len(read) - 1, 1)
    assert missing_text(ended, recording.copies.lost) == ""


def test_a_stopped_recorder_loses_signals_by_count_and_no_event(
    bus: Bus, gate: Gate, tmp_path: Path
) -> None:
    with recorder(bus, tmp_path) as recording, pump(bus, recording):
        until(lambda: any(p.stat().st_size > 5000 for p in recordings(tmp_path)), gate.publish)
        os.kill(recording.process.pid, signal.SIGSTOP)
        for _ in range(3000):
            gate.publish()
        for _ in range(3000):
            gate.tell(Alarm("fleet-manager", "order_left", "T1", "it stands there"))
        os.kill(recording.process.pid, signal.SIGCONT)
        until(lambda: len(gate.frames) > 3200, gate.publish)
    ended = recording.ended
    assert ended is not None
    [path] = recordings(tmp_path)
    read = read_back(path)
    assert_told(read, gate.events)
    stamps = [at_ns for _, at_ns, _ in odometry_of(read, "AGV-001")]
    came = (stamps[-1] - stamps[0]) // 10**8 + 1
    assert ended.signals_lost > 0
    assert ended.signals_lost == came - len(stamps)
    assert notes(path)["signals_lost"] == str(ended.signals_lost)
    assert f"{ended.signals_lost:,} frames of signals came too fast" in missing_text(ended, 0)


def test_a_file_whose_writer_was_killed_is_read_up_to_its_last_second(
    bus: Bus, gate: Gate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: queue.SimpleQueue[Event] = queue.SimpleQueue()
    with recorder(bus, tmp_path) as recording, pump(bus, recording):
        [path] = recordings(tmp_path)
        watch(recording, told.put)
        until(lambda: path.stat().st_size > 5000, gate.publish)
        recording.process.kill()
        recording.process.wait()
        alarm = told.get(timeout=30)  # at once, not when the gate ends
        assert isinstance(alarm, Alarm)
        assert alarm.kind == "recorder_ended"
        assert "The recorder ended with code -9" in capsys.readouterr().err
        gate.tell(Alarm("fleet-manager", "order_left", "T1", ""))  # the gate goes on
        gate.publish()
    assert recording.ended is None
    say_ended(recording)
    assert "The recorder ended before the gate, with code -9" in capsys.readouterr().err
    read = read_cut_off(path)
    taken = [gate.frames[at_ns] for _, at_ns, _ in odometry_of(read, "AGV-001")]
    assert len(taken) > 10
    assert_same(read, taken)


def test_events_for_a_recorder_that_is_not_there_wait_up_to_a_bound(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "COPIES_KEPT", 100)
    copies = EventCopies(bus)
    event = Alarm("fleet-manager", "order_left", "T1", "")
    for number in range(150):
        copies.record(RecordedEvent("fleet-manager", START_NS + number, event))
    assert copies.lost == 50
    with EventKeeper(bus, bus.copies_at) as late:
        came: list[RecordedEvent] = []
        until(lambda: len(came) == 100, lambda: came.extend(late.read(100)))
    copies.close()
    assert [recorded.at_ns for recorded in came] == list(range(START_NS, START_NS + 100))


def test_a_folder_that_cannot_be_made_is_said_and_the_gate_goes_on(
    bus: Bus, gate: Gate, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "below"
    with recorder(bus, folder) as recording, pump(bus, recording):
        assert recording.begun.errors == (
            f"--record: {folder}: Not a directory; nothing is recorded",
        )
        gate.tell(Alarm("fleet-manager", "order_left", "T1", ""))
    assert recording.ended is not None
    assert (recording.ended.events, recording.ended.files) == (1, 0)


def test_a_disk_that_takes_no_more_is_said_and_the_gate_goes_on(
    bus: Bus, gate: Gate, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []

    def has_stopped() -> bool:
        said.append(capfd.readouterr().err)
        return "Recording stopped" in "".join(said)

    with recorder(bus, tmp_path) as recording, pump(bus, recording):
        [path] = recordings(tmp_path)
        until(lambda: path.stat().st_size > 5000, gate.publish)
        full = path.stat().st_size + 100
        resource.prlimit(recording.process.pid, resource.RLIMIT_FSIZE, (full, full))
        until(has_stopped, gate.publish)
        gate.tell(Alarm("fleet-manager", "order_left", "T1", ""))
    assert "Recording stopped: File too large; tried again in 30 s." in "".join(said)
    assert recording.ended is not None
    assert recording.ended.events == 1
    assert "messages could not be written" in missing_text(recording.ended, 0)
    assert odometry_of(read_cut_off(path), "AGV-001")


def test_recordings_never_take_more_than_their_bound(tmp_path: Path) -> None:
    limits = Limits(total_bytes=9 * MB, file_bytes=3 * MB, file_s=3600)
    old = tmp_path / "demo_20200101T000000Z_0007.mcap"
    old.write_bytes(bytes(5 * MB))
    foreign = tmp_path / "demo_holiday.mcap"
    foreign.write_bytes(bytes(5 * MB))
    random = Random(1)
    recording = Recording(tmp_path, "demo", limits, roadmap_sample(DEMO, ROADMAP, EVERY), dict)
    for number in range(300):
        text = random.randbytes(30_000).hex()  # half of it is left when it is compressed
        event = RecordedEvent("fleet-manager", START_NS + number, Alarm("", "order_left", "", text))
        for sample in maker().event(event):
            recording.write(sample)
        ours = [path for path in recordings(tmp_path) if path != foreign]
        assert sum(path.stat().st_size for path in ours) <= limits.total_bytes
    recording.close()
    assert not old.exists()
    assert foreign.stat().st_size == 5 * MB
    kept = [path for path in recordings(tmp_path) if path != foreign]
    assert recording.files > len(kept) >= 2
    assert recording.removed == 1 + recording.files - len(kept)
    times = []
    for path in kept:
        assert path.stat().st_size <= limits.file_bytes
        first, *events = read_back(path)
        assert first[0] == ROADMAP_TOPIC
        assert first[1] == events[0][1]
        times += [at_ns for _, at_ns, _ in events]
    assert times == list(range(times[0], START_NS + 300))


def test_a_file_that_is_old_enough_is_ended_and_the_next_is_whole_too(tmp_path: Path) -> None:
    limits = Limits(total_bytes=9 * MB, file_bytes=3 * MB, file_s=0)
    recording = Recording(tmp_path, "demo", limits, roadmap_sample(DEMO, ROADMAP, EVERY), dict)
    for number in (1, 2):
        for sample in maker().frame(frame(number)):
            recording.write(sample)
        recording.keep_time()
    files = list(recordings(tmp_path))
    assert len(files) == 2
    for number, path in enumerate(files, 1):
        assert_same(read_back(path), [frame(number)])


def test_a_file_that_still_grows_is_read_up_to_its_last_flush(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "FLUSH_S", 0.0)
    road = roadmap_sample(DEMO, ROADMAP, EVERY)
    recording = Recording(tmp_path, "demo", LIMITS, road, dict)
    for sample in maker().frame(frame(1)):
        recording.write(sample)
    recording.keep_time()
    [path] = recordings(tmp_path)
    assert_same(read_cut_off(path), [frame(1)])
    recording.close()


def test_a_folder_that_is_taken_away_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    limits = Limits(total_bytes=9 * MB, file_bytes=3 * MB, file_s=0)
    recording = Recording(folder, "demo", limits, roadmap_sample(DEMO, ROADMAP, EVERY), dict)
    recording.keep_time()
    shutil.rmtree(folder)
    for sample in maker().frame(frame(1)):
        recording.write(sample)
    recording.close()
    [path] = recordings(folder)
    assert_same(read_back(path), [frame(1)])


def test_bounds_that_contradict_each_other_are_refused_before_anything_starts(
    tmp_path: Path,
) -> None:
    bounds = ["--record-mb-max", "100", "--record-file-mb", "60"]
    outcome = CliRunner().invoke(app, ["up", "demo", "--record", str(tmp_path / "x"), *bounds])
    assert outcome.exit_code == 2
    assert "--record-file-mb: given 60, allowed: half of" in " ".join(outcome.stderr.split())
    assert not (tmp_path / "x").exists()


def test_what_makes_no_sense_is_left_out_and_counted() -> None:
    samples = SampleMaker(EVERY)
    whole = frame(1)
    replace = msgspec.structs.replace
    lost = replace(whole.vehicles[0], x_m=float("nan"))
    charged = replace(whole.vehicles[1], battery_pct=1e300)
    unknown = replace(whole.vehicles[2], id="AGV-999")
    nonsense = Frame(whole.stamp_ns, (lost, charged, unknown, *whole.vehicles[3:]), ())
    topics = Counter(sample.topic for sample in samples.frame(nonsense))
    assert {topic for topic in topics if topic.endswith("odom")} == {
        f"/{ros_name(vehicle.id)}/odom" for vehicle in whole.vehicles[3:]
    }
    assert samples.refused == 3
    for stamp_ns in (-1, 2**31 * 10**9):
        assert list(samples.frame(replace(whole, stamp_ns=stamp_ns))) == []
        event = RecordedEvent("x", stamp_ns, DeviceChanged("D1", "lane", "open"))
        assert list(samples.event(event)) == []
    assert samples.refused == 7


def test_every_topic_that_is_written_was_announced() -> None:
    samples = maker()
    event = RecordedEvent("x", START_NS, DeviceChanged("D1", "lane", "open"))
    road = roadmap_sample(DEMO, expand(DEMO, DAY), EVERY)
    written: list[Sample] = [*samples.frame(frame(1)), *samples.event(event), road]
    assert {sample.topic: sample.schema for sample in written} == samples.topics()
