"""What cranes and scanners say over ROS and what the gate makes of it; and the other way round."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.messages import (
    CraneState,
    FaultChanged,
    QueryState,
    ScanFinished,
    ScannerState,
    StartScan,
    StartTransfer,
    TransferFinished,
)
from robotics.ros import wire
from robotics.ros.refusal import RefusedError
from robotics.ros.station_talk import StationTalk
from robotics.ros.talk import Goal
from tests.gate import S
from tests.ros_drawn import (
    BOUNDS,
    NOW,
    crane_state,
    damaged,
    json_values,
    of_kind,
    raw,
    report,
    scanner_state,
)

NO_FOLDER = "the gate knows no folder of scanners' images (--scanner-images)"


def crane_talk() -> StationTalk:
    return StationTalk("VN-C1", "crane", BOUNDS, 2 * S, 2.0)


def scanner_talk() -> StationTalk:
    return StationTalk("VN-X1", "booth", BOUNDS, 2 * S, 2.0)


def test_a_lift_is_a_goal_that_lapses_and_its_result_ends_it():
    [goal] = crane_talk().tell(StartTransfer(5, "VN-C1-P1", "agv_to_truck", "CSQU3054383"), NOW)
    assert isinstance(goal, Goal)
    assert goal.body == {
        "step": 5,
        "bay": "VN-C1-P1",
        "kind": 1,
        "container": "CSQU3054383",
        "deadline": {"sec": 1_800_000_002, "nanosec": 0},
    }
    assert goal.answer(raw({"step": 5}), NOW) == [TransferFinished(5)]


def test_a_scan_is_a_goal_and_its_result_carries_the_verdict():
    [goal] = scanner_talk().tell(StartScan(6, "CSQU3054383", "45G1", "854231"), NOW)
    assert isinstance(goal, Goal)
    assert goal.body == {
        "step": 6,
        "container": "CSQU3054383",
        "size_type": "45G1",
        "hs": "854231",
        "deadline": {"sec": 1_800_000_002, "nanosec": 0},
    }
    answer = raw({"report": report(6, verdict=1)})
    assert goal.answer(answer, NOW) == [ScanFinished(6, "suspicious", "", NO_FOLDER)]


def test_a_lift_whose_result_was_lost_is_seen_in_the_samples():
    talk = crane_talk()
    assert talk.take("state", raw(crane_state(NOW, done=(3,))), NOW) == []
    news = talk.take("state", raw(crane_state(NOW + 1, done=(3, 5), fault="jam")), NOW + 1)
    assert news == [FaultChanged("jam"), TransferFinished(5)]


def test_the_next_sample_answers_who_asks_what_is_true():
    talk = crane_talk()
    talk.take("state", raw(crane_state(NOW)), NOW)
    assert talk.tell(QueryState(), NOW) == []
    news = talk.take("state", raw(crane_state(NOW + 1, step=7, done=(3, 5))), NOW + 1)
    assert news == [CraneState(7, (3, 5), "")]
    talk = scanner_talk()
    talk.tell(QueryState(), NOW)
    news = talk.take("state", raw(scanner_state(NOW, done=(report(4, 1),), mode=1)), NOW)
    assert news == [ScannerState(0, (ScanFinished(4, "suspicious", "", NO_FOLDER),), "MANUAL")]


def test_a_crane_that_a_person_works_is_not_commanded():
    talk = crane_talk()
    talk.take("state", raw(crane_state(mode=1)), NOW)
    assert talk.tell(StartTransfer(5, "VN-C1-P1", "agv_to_truck", ""), NOW) == []


def test_a_sample_shows_what_the_crane_lifts():
    talk = crane_talk()
    talk.tell(StartTransfer(5, "VN-C1-P1", "truck_to_agv", ""), NOW)
    talk.take("state", raw(crane_state(step=5, progress=0.25)), NOW)
    frame = talk.frame(NOW)
    assert frame is not None
    [station] = frame.stations
    assert (station.activity, station.progress) == ("truck_to_agv", 0.25)


@given(of_kind(wire.CraneState))
def test_any_crane_in_range_comes_back_as_it_says(state):
    talk = crane_talk()
    talk.tell(QueryState(), NOW)
    stop = wire.stop_reason(state.fault, state.mode)
    truth = CraneState(state.step, state.done, stop, state.limit)
    assert talk.take("state", raw(state), state.header.stamp.ns) == [truth]


@given(of_kind(wire.ScannerState))
def test_any_scanner_in_range_comes_back_as_it_says(state):
    talk = scanner_talk()
    talk.tell(QueryState(), NOW)
    [truth] = talk.take("state", raw(state), state.header.stamp.ns) or []
    assert isinstance(truth, ScannerState)
    assert [scan.step for scan in truth.done] == [scan.step for scan in state.done]


@pytest.mark.parametrize(
    ("talk", "sample"),
    [(crane_talk, crane_state()), (scanner_talk, scanner_state(done=(report(1),)))],
)
@given(st.data())
def test_garbage_for_a_sample_is_taken_or_refused_and_nothing_else(talk, sample, data):
    drawn = data.draw(st.one_of(damaged(sample), json_values.map(msgspec.json.encode)))
    with contextlib.suppress(RefusedError):
        talk().take("state", msgspec.Raw(drawn), NOW)
