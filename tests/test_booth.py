"""A booth: one scan at a time; no answer of its own making, and none out of silence."""

import pytest

from actors.booth import QUERY_NS, Booth
from actors.effects import SetTimer
from actors.messages import (
    LinkLost,
    LinkRestored,
    QueryState,
    RequestScan,
    ScanDecided,
    ScanFinished,
    ScannerState,
    Started,
    StartScan,
    TimerFired,
    Verdict,
)
from tests.gate import S, commanded, sent, shown

LIMIT_NS = 60 * S


def request(step: int) -> RequestScan:
    return RequestScan(step, "AGV-001", "T1", "CSQU3054383")


def idle_booth() -> Booth:
    booth = Booth("VN-X1", "fleet-manager", LIMIT_NS)
    booth.handle(Started(), 0)
    booth.handle(ScannerState(0, ()), 0)
    return booth


def test_a_started_booth_scans_nothing_before_its_scanner_has_answered():
    booth = Booth("VN-X1", "fleet-manager", LIMIT_NS)
    assert commanded(booth.handle(Started(), 0), QueryState)
    assert booth.handle(request(1), 0) == []
    assert SetTimer("query", 2 * QUERY_NS) in booth.handle(TimerFired("query"), QUERY_NS)
    known = booth.handle(ScannerState(0, ()), QUERY_NS)
    assert [c.step for c in commanded(known, StartScan)] == [1]


def test_the_scanner_is_told_what_is_declared_and_the_agv_why_there_is_no_image():
    booth = idle_booth()
    asked = RequestScan(1, "AGV-001", "T1", "CSQU3054383", "45G1", "854231")
    told = StartScan(1, "CSQU3054383", "45G1", "854231")
    assert commanded(booth.handle(asked, 0), StartScan) == [told]
    made = ScanFinished(1, "unreviewed", "", "the disk is full")
    decided = ScanDecided(1, "VN-X1", "unreviewed", "", "the disk is full")
    assert sent(booth.handle(made, S), ScanDecided) == [decided]


@pytest.mark.parametrize("verdict", ["clear", "suspicious"])
def test_the_verdict_is_the_images_and_a_repeat_gets_the_same(verdict: Verdict):
    booth = idle_booth()
    assert [c.step for c in commanded(booth.handle(request(1), 0), StartScan)] == [1]
    assert booth.handle(request(1), S) == []
    decided = [ScanDecided(1, "VN-X1", verdict)]
    assert sent(booth.handle(ScanFinished(1, verdict), 2 * S), ScanDecided) == decided
    assert booth.handle(ScanFinished(1, verdict), 2 * S) == []
    repeat = booth.handle(request(1), 3 * S)
    assert sent(repeat, ScanDecided) == decided
    assert not commanded(repeat, StartScan)


def test_the_first_verdict_on_a_step_stands():
    booth = idle_booth()
    booth.handle(request(1), 0)
    booth.handle(ScanFinished(1, "suspicious"), S)
    booth.handle(ScanFinished(1, "clear"), S)
    assert sent(booth.handle(request(1), S), ScanDecided)[0].verdict == "suspicious"


def test_a_silent_scanner_faults_the_booth_and_is_never_clearance():
    booth = idle_booth()
    booth.handle(request(1), 0)
    effects = booth.handle(TimerFired("overdue"), LIMIT_NS)
    assert shown(effects) == ["faulted"]
    assert commanded(effects, QueryState)
    for second in range(100):
        effects += booth.handle(TimerFired("query"), LIMIT_NS + second * S)
        effects += booth.handle(request(1), LIMIT_NS + second * S)
    assert not sent(effects, ScanDecided)
    assert booth.state == "faulted"


def test_a_scan_whose_command_was_lost_is_commanded_again():
    booth = idle_booth()
    booth.handle(request(1), 0)
    booth.handle(TimerFired("overdue"), LIMIT_NS)
    again = booth.handle(ScannerState(0, ()), LIMIT_NS + S)
    assert [c.step for c in commanded(again, StartScan)] == [1]
    assert shown(again) == ["scanning"]


def test_an_image_made_while_the_link_was_cut_is_found():
    booth = idle_booth()
    booth.handle(request(1), 0)
    assert shown(booth.handle(LinkLost(), S)) == ["unknown"]
    assert commanded(booth.handle(LinkRestored(), 2 * S), QueryState)
    found = booth.handle(ScannerState(0, (ScanFinished(1, "clear"),)), 2 * S)
    assert sent(found, ScanDecided) == [ScanDecided(1, "VN-X1", "clear")]
    assert not commanded(found, StartScan)


def test_a_restarted_booth_answers_from_its_scanners_memory():
    booth = Booth("VN-X1", "fleet-manager", LIMIT_NS)
    booth.handle(Started(), 0)
    booth.handle(ScannerState(0, (ScanFinished(4, "suspicious"),)), 0)
    assert sent(booth.handle(request(4), S), ScanDecided)[0].verdict == "suspicious"
