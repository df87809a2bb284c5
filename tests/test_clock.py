"""A gate's time that a simulator keeps: the same in every process, and never back."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from robotics.clock import LOOK_S, LOOK_S_MAX, ClockKeeper, GateTime

EPOCH_NS = 1_782_870_000_000_000_000
S = 10**9


@pytest.fixture
def kept(tmp_path: Path) -> GateTime:
    return GateTime(EPOCH_NS, kept_in=str(tmp_path / "clock"))


def test_every_clock_shows_what_the_keeper_has_shown_last(kept: GateTime) -> None:
    keeper, one, other = ClockKeeper(kept), kept(), kept()
    assert one.now_ns() == other.now_ns() == EPOCH_NS
    keeper.show(EPOCH_NS + 3 * S)
    assert one.now_ns() == other.now_ns() == EPOCH_NS + 3 * S


def test_another_process_shows_it_too(kept: GateTime) -> None:
    ClockKeeper(kept).show(EPOCH_NS + 5 * S)
    read = (
        "import sys, msgspec; from robotics.clock import GateTime;"
        "print(msgspec.json.decode(sys.argv[1], type=GateTime)().now_ns())"
    )
    told = msgspec.json.encode(kept).decode()
    done = subprocess.run(
        [sys.executable, "-c", read, told], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) == EPOCH_NS + 5 * S


def test_time_never_goes_back_and_goes_on_where_a_keeper_before_has_been(kept: GateTime) -> None:
    keeper, clock = ClockKeeper(kept), kept()
    keeper.show(EPOCH_NS + 3 * S)
    keeper.show(EPOCH_NS + 2 * S)
    assert clock.now_ns() == EPOCH_NS + 3 * S
    again = ClockKeeper(kept)
    assert again.now_ns == EPOCH_NS + 3 * S
    again.show(EPOCH_NS + 4 * S)
    assert clock.now_ns() == EPOCH_NS + 4 * S


def test_who_waits_looks_again_in_time_whatever_the_simulator_does(
    kept: GateTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall_s = 100.0
    monkeypatch.setattr("robotics.clock.time.monotonic", lambda: wall_s)
    keeper, clock = ClockKeeper(kept), kept()
    for step in range(1, 300):  # half as fast as the wall clock
        wall_s += 0.02
        keeper.show(EPOCH_NS + step * S // 100)
    assert clock.wall_s(S // 4) == pytest.approx(0.5, rel=0.05)
    assert clock.wall_s(3600 * S) == LOOK_S_MAX
    assert clock.wall_s(1) == LOOK_S
    wall_s += 3600  # paused
    keeper.show(EPOCH_NS + 3 * S)
    assert clock.wall_s(S // 4) == pytest.approx(0.5, rel=0.05)


def test_without_a_simulator_time_is_the_walls_as_many_times_as_fast() -> None:
    clock = GateTime(EPOCH_NS, speed=20.0)()
    assert clock.wall_s(60 * S) == 3.0
    assert clock.now_ns() <= clock.now_ns()
