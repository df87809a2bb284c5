from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from actors.messages import DeviceChanged
from interfaces.main import app
from interfaces.recording.run import RunRecorder
from robotics.telemetry import Frame, RecordedEvent
from sim.simulate import Result, simulate
from tests.gate import DAY, DEMO
from tests.recordings import assert_same, assert_told, odometry_of, read_back, read_cut_off


class Witness(RunRecorder):
    """Keeps what it is given besides recording it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, DEMO, DAY)
        self.frames: list[Frame] = []
        self.events: list[RecordedEvent] = []

    def frame(self, frame: Frame) -> None:
        self.frames.append(frame)
        super().frame(frame)

    def event(self, recorded: RecordedEvent) -> None:
        self.events.append(recorded)
        super().event(recorded)


def run(recorder: RunRecorder | None = None) -> Result:
    return simulate(DEMO, DAY, 0.1, 4000, 1, recorder=recorder, record_hz=0.2)


def test_a_virtual_run_is_recorded_value_by_value_and_is_not_changed_by_it(tmp_path: Path) -> None:
    path = tmp_path / "run.mcap"
    with Witness(path) as witness:
        result = run(witness)
    read = read_back(path)
    assert_same(read, witness.frames)
    assert_told(read, witness.events)
    steps = {b.stamp_ns - a.stamp_ns for a, b in pairwise(witness.frames)}
    assert steps == {5 * 10**9}
    driven = {m.pose.pose.position.x for _, _, m in odometry_of(read, "AGV-001")}
    assert len(driven) > 10
    assert result.digest == run().digest


def test_a_run_that_fails_leaves_what_was_written_readable(tmp_path: Path) -> None:
    path = tmp_path / "run.mcap"

    def fail() -> None:
        with RunRecorder(path, DEMO, DAY) as recorder:
            recorder.event(RecordedEvent("D1", 0, DeviceChanged("D1", "lane", "open")))
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        fail()
    assert [topic for topic, _, _ in read_cut_off(path)] == ["/roadmap", "/events"]


def test_a_recording_replaces_an_older_one_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "run.mcap"
    command = ["simulate", "demo", "--hours", "0.01", "--record", str(path)]
    path.write_text("old")
    outcome = CliRunner().invoke(app, command)
    assert outcome.exit_code == 0, outcome.output
    assert odometry_of(read_back(path), "AGV-006")


def test_a_file_that_cannot_be_written_is_said_before_the_run(tmp_path: Path) -> None:
    path = tmp_path / "no" / "run.mcap"
    outcome = CliRunner().invoke(app, ["simulate", "demo", "--record", str(path)])
    assert outcome.exit_code == 1
    assert f"--record: {path}: No such file or directory" in outcome.stderr
