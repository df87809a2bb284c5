"""An AGV: acts on its controller's word, asks until answered, and does each step once."""

import msgspec
import pytest

from actors.agv import QUERY_NS, RETRY_NS, Agv
from actors.effects import Effect, SetTimer
from actors.messages import (
    AbandonStep,
    AgvReport,
    AgvState,
    Charged,
    ConfirmLoad,
    ExtendGrant,
    GrantAccepted,
    LaneEntered,
    LaneLeft,
    LaneNoted,
    LinkLost,
    LinkRestored,
    LoadConfirmed,
    PermitGranted,
    PermitRefused,
    QueryReport,
    QueryState,
    RearClear,
    RequestPermit,
    RequestScan,
    RequestTransfer,
    ScanDecided,
    StartCharge,
    Started,
    StartStep,
    Stood,
    TimerFired,
    TransferDone,
    Verdict,
    Visit,
)
from tests.gate import S, commanded, sent, shown

NAME = "AGV-001"
LOAD = StartStep(1, "load", "VN-C1", "VN-C1-P1", arrive=4, order="T1", container="CSQU3054383")
SCAN = StartStep(2, "scan", "VN-X1", "VN-X1", arrive=9, order="T1", container="CSQU3054383")
CROSS = StartStep(3, "cross", "D1", "VN", arrive=15, enter=12)
UNLOAD = StartStep(4, "unload", "CN-C1", "CN-C1-D1", arrive=20, order="T1")
CHARGE = StartStep(5, "charge", "", "CN-E1", arrive=4, until_pct=90.0)


def state(stood: int = 0, cleared: int = -1) -> AgvState:
    visits = (Visit(max(stood, cleared + 1), "VN-P01", ("VN-P01:stand",)),)
    return AgvState(NAME, 0, visits, cleared, stood, 80.0, "", 0)


def known(stood: int = 0, cleared: int = -1) -> Agv:
    agv = Agv(NAME, "fleet-manager")
    agv.handle(Started(), 0)
    agv.handle(state(stood, cleared), 0)
    return agv


def report(effects: list[Effect]) -> AgvReport:
    return sent(effects, AgvReport)[-1]


def stood(agv: Agv, seq: int, now_ns: int = S) -> list[Effect]:
    return agv.handle(Stood(NAME, seq, 77.0), now_ns)


def test_a_started_agv_asks_its_controller_and_acts_on_nothing_else():
    agv = Agv(NAME, "fleet-manager")
    assert commanded(agv.handle(Started(), 0), QueryState)
    grant = ExtendGrant(1, (Visit(1, "z", ("e",)),))
    for message in (
        grant,
        LOAD,
        TransferDone(1, "VN-C1"),
        QueryReport(),
        PermitGranted(3, "D1", S),
    ):
        assert agv.handle(message, 0) == []
    again = agv.handle(TimerFired("query"), QUERY_NS)
    assert commanded(again, QueryState)
    assert SetTimer("query", 2 * QUERY_NS) in again
    told = report(agv.handle(state(), QUERY_NS))
    assert (told.accepted, told.visits) == (0, state().visits)


def test_grants_are_passed_on_as_they_are():
    grant = ExtendGrant(1, (Visit(1, "z", ("e",)),))
    agv = known()
    assert commanded(agv.handle(grant, 0), ExtendGrant) == [grant]
    assert commanded(agv.handle(grant, 0), ExtendGrant) == [grant], "the controller knows repeats"
    agv.handle(GrantAccepted(NAME, 1, 1), 0)
    assert report(agv.handle(RearClear(NAME, 0), S)).grant == 1


def test_news_is_asked_of_the_controller_before_it_is_reported():
    agv = known()
    asked = agv.handle(QueryReport(), 0)
    assert commanded(asked, QueryState)
    assert not sent(asked, AgvReport)
    told = report(agv.handle(state(stood=4, cleared=3), S))
    assert (told.stood, told.cleared) == (4, 3)


def test_a_rear_reported_clear_once_is_reported_on_once_and_never_goes_back():
    agv = known()
    assert report(agv.handle(RearClear(NAME, 3), 0)).cleared == 3
    assert agv.handle(RearClear(NAME, 3), 0) == []
    assert agv.handle(RearClear(NAME, 2), 0) == []
    assert report(agv.handle(state(cleared=1), 0)).cleared == 3


def test_a_load_is_asked_for_on_arrival_and_done_when_the_controller_has_it():
    agv = known()
    assert shown(agv.handle(LOAD, 0)) == ["driving"]
    assert not sent(stood(agv, 3), RequestTransfer), "a stop on the way"
    arrived = stood(agv, 4)
    request = RequestTransfer(1, NAME, "VN-C1-P1", "truck_to_agv", "T1", "CSQU3054383")
    assert sent(arrived, RequestTransfer) == [request]
    assert report(arrived).phase == "serving"
    assert sent(agv.handle(TimerFired("retry"), S + RETRY_NS), RequestTransfer) == [request]
    confirm = [ConfirmLoad(1, "CSQU3054383")]
    assert commanded(agv.handle(TransferDone(1, "VN-C1"), 9 * S), ConfirmLoad) == confirm
    assert commanded(agv.handle(TimerFired("retry"), 14 * S), ConfirmLoad) == confirm
    assert report(agv.handle(LoadConfirmed(NAME, 1), 15 * S)).phase == "done"
    assert agv.handle(LoadConfirmed(NAME, 1), 15 * S) == []
    assert agv.handle(TransferDone(1, "VN-C1"), 15 * S) == []


def test_unloading_confirms_that_nothing_is_left_on_the_agv():
    agv = known()
    agv.handle(UNLOAD, 0)
    assert sent(stood(agv, 20), RequestTransfer)[0].transfer == "agv_to_truck"
    after = agv.handle(TransferDone(4, "CN-C1"), 2 * S)
    assert commanded(after, ConfirmLoad) == [ConfirmLoad(4, "")]


@pytest.mark.parametrize("verdict", ["clear", "suspicious"])
def test_the_booths_verdict_is_passed_on(verdict: Verdict):
    agv = known(stood=4)
    agv.handle(SCAN, 0)
    assert sent(stood(agv, 9), RequestScan)
    assert agv.handle(ScanDecided(1, "VN-X1", "clear"), 2 * S) == [], "of another step"
    told = report(agv.handle(ScanDecided(2, "VN-X1", verdict), 2 * S))
    assert (told.phase, told.outcome) == ("done", verdict)


def test_a_silent_booth_is_asked_for_ever_and_never_taken_for_clear():
    agv = known(stood=9)
    effects = agv.handle(SCAN, 0)
    for turn in range(1, 200):
        effects += agv.handle(TimerFired("retry"), turn * RETRY_NS)
    assert len(sent(effects, RequestScan)) == 200
    assert {told.phase for told in sent(effects, AgvReport)} == {"accepted", "serving"}


def test_charging_ends_at_the_controllers_word():
    agv = known(stood=4)
    assert commanded(agv.handle(CHARGE, 0), StartCharge) == [StartCharge(5, 90.0)]
    told = report(agv.handle(Charged(NAME, 5, 90.0), 9 * S))
    assert (told.phase, told.battery_pct) == ("done", 90.0)


def test_a_step_told_twice_is_done_once_and_reported_on_again():
    agv = known(stood=4)
    assert sent(agv.handle(LOAD, 0), RequestTransfer)
    again = agv.handle(LOAD, S)
    assert not sent(again, RequestTransfer)
    assert report(again).phase == "serving"


def test_an_abandoned_step_ends_on_arrival_without_a_lift():
    agv = known()
    agv.handle(LOAD, 0)
    assert report(agv.handle(AbandonStep(1), 0)).phase == "abandoned"
    arrived = stood(agv, 4)
    assert not sent(arrived, RequestTransfer)
    assert (report(arrived).phase, report(arrived).outcome) == ("done", "abandoned")


def test_it_is_too_late_to_abandon_a_lift_that_was_asked_for():
    agv = known(stood=4)
    agv.handle(LOAD, 0)
    assert report(agv.handle(AbandonStep(1), 0)).phase == "serving"


# --- lanes ------------------------------------------------------------------------------------


def permitted(expires_ns: int = 120 * S) -> Agv:
    agv = known(stood=9, cleared=8)
    assert sent(agv.handle(CROSS, 0), RequestPermit) == [RequestPermit(3, NAME, "VN")]
    told = agv.handle(PermitGranted(3, "D1", expires_ns), 0)
    assert report(told).phase == "permitted"
    assert SetTimer("retry", expires_ns // 2) in told
    return agv


def test_a_permit_is_asked_for_until_answered_and_renewed_until_the_lane_is_entered():
    agv = known(stood=9)
    agv.handle(CROSS, 0)
    assert sent(agv.handle(TimerFired("retry"), RETRY_NS), RequestPermit)
    agv.handle(PermitGranted(3, "D1", 120 * S), 6 * S)
    assert sent(agv.handle(TimerFired("retry"), 60 * S), RequestPermit)
    renewed = agv.handle(PermitGranted(3, "D1", 180 * S), 60 * S)
    assert SetTimer("retry", 120 * S) in renewed
    assert not sent(renewed, AgvReport), "nothing new for the fleet manager"
    agv.handle(RearClear(NAME, 11), 70 * S)
    assert agv.handle(TimerFired("retry"), 120 * S) == []


def test_a_permit_that_comes_after_its_end_is_none():
    agv = known(stood=9)
    agv.handle(CROSS, 0)
    assert agv.handle(PermitGranted(3, "D1", 120 * S), 121 * S) == []


def test_a_refused_permit_is_reported():
    agv = known(stood=9)
    agv.handle(CROSS, 0)
    assert report(agv.handle(PermitRefused(3, "D1", "closed"), S)).phase == "refused"


def test_a_renewal_says_until_when_the_permit_is_held():
    agv = permitted(expires_ns=120 * S)
    again = sent(agv.handle(TimerFired("retry"), 60 * S), RequestPermit)
    assert again == [RequestPermit(3, NAME, "VN", held_until_ns=120 * S)]


def test_a_crossing_that_is_taken_back_before_the_lane_is_entered_gives_the_permit_back():
    for taken_back, phase in (
        (AbandonStep(3), "refused"),
        (msgspec.structs.replace(UNLOAD, instead_of=3), "accepted"),
    ):
        for agv in (permitted(), known(stood=9, cleared=8)):
            agv.handle(CROSS, 0)  # a repeat for the first
            effects = agv.handle(taken_back, S)
            assert sent(effects, LaneLeft) == [LaneLeft(3, NAME)]
            assert report(effects).phase == phase
            assert sent(agv.handle(TimerFired("lane"), S + RETRY_NS), LaneLeft)
            agv.handle(LaneNoted(3, "D1", entered=False), 7 * S)
            assert not sent(agv.handle(TimerFired("lane"), 12 * S), LaneLeft)
            assert not sent(agv.handle(RearClear(NAME, 11), 13 * S), LaneEntered)


def test_a_crossing_is_not_given_up_once_the_lane_is_entered():
    agv = permitted()
    agv.handle(RearClear(NAME, 11), S)
    kept = agv.handle(AbandonStep(3), 2 * S)
    assert not sent(kept, LaneLeft)
    assert report(kept).phase == "permitted"
    assert not sent(agv.handle(UNLOAD, 2 * S), LaneLeft), "told for after the lane"


def test_a_lane_is_left_with_the_permit_for_the_next_one():
    agv = permitted()
    agv.handle(RearClear(NAME, 12), S)
    back = StartStep(4, "cross", "D2", "CN", arrive=30, enter=24)
    told = agv.handle(back, 2 * S)
    assert sent(told, RequestPermit) == [RequestPermit(4, NAME, "CN")]
    told = agv.handle(PermitGranted(4, "D2", 122 * S), 3 * S)
    assert (report(told).step, report(told).permitted) == (3, 4)
    out = agv.handle(RearClear(NAME, 15), 4 * S)
    assert sent(out, LaneLeft) == [LaneLeft(3, NAME)]
    assert (report(out).step, report(out).phase) == (4, "permitted")


def test_a_crossing_taken_back_while_the_lane_before_is_left_gives_its_permit_back():
    back = StartStep(4, "cross", "D2", "CN", arrive=-1)
    for taken_back in (AbandonStep(4), msgspec.structs.replace(UNLOAD, step=5, instead_of=4)):
        agv = permitted()
        agv.handle(RearClear(NAME, 12), S)
        agv.handle(back, 2 * S)
        agv.handle(PermitGranted(4, "D2", 122 * S), 3 * S)
        told = agv.handle(taken_back, 4 * S)
        assert LaneLeft(4, NAME) in sent(told, LaneLeft)
        assert (report(told).step, report(told).permitted) == (3, 3)


def test_a_refusal_that_comes_after_the_permit_is_left_to_the_fleet_manager():
    agv = permitted()
    assert agv.handle(PermitRefused(3, "D1", "is closing"), S) == []


def test_who_is_refused_gives_back_a_permit_that_it_may_not_have_heard_of():
    agv = known(stood=9, cleared=8)
    agv.handle(CROSS, 0)
    assert sent(agv.handle(PermitRefused(3, "D1", "is closing"), S), LaneLeft)


def test_the_lane_is_told_of_entry_and_exit_until_it_has_noted_them():
    agv = permitted()
    assert sent(agv.handle(RearClear(NAME, 11), S), LaneEntered) == [LaneEntered(3, NAME)]
    assert sent(agv.handle(TimerFired("lane"), S + RETRY_NS), LaneEntered)
    agv.handle(LaneNoted(3, "D1", entered=True), 7 * S)
    assert not sent(agv.handle(TimerFired("lane"), 12 * S), LaneEntered)
    out = agv.handle(RearClear(NAME, 15), 60 * S)
    assert sent(out, LaneLeft) == [LaneLeft(3, NAME)]
    assert report(out).phase == "done"
    agv.handle(LaneNoted(3, "D1", entered=True), 61 * S)  # late: of the entry
    assert sent(agv.handle(TimerFired("lane"), 66 * S), LaneLeft)
    agv.handle(LaneNoted(3, "D1", entered=False), 67 * S)
    assert not sent(agv.handle(TimerFired("lane"), 72 * S), LaneLeft)


def test_a_step_told_in_the_lane_is_taken_up_when_the_lane_is_behind():
    agv = permitted()
    agv.handle(RearClear(NAME, 12), S)
    told = report(agv.handle(UNLOAD, 2 * S))
    assert (told.accepted, told.step, told.phase) == (4, 3, "permitted")
    after = sent(agv.handle(RearClear(NAME, 15), 3 * S), AgvReport)
    assert [(r.step, r.phase) for r in after][-2:] == [(3, "done"), (4, "accepted")]
    assert sent(stood(agv, 20, 4 * S), RequestTransfer)


def test_standing_at_the_end_of_a_lane_it_is_still_in_the_lane():
    agv = permitted()
    agv.handle(RearClear(NAME, 14), S)
    stopped = stood(agv, 15, 2 * S)
    assert not sent(stopped, LaneLeft)
    assert not sent(stopped, AgvReport)


# --- cut links and restarts ---------------------------------------------------------------------


def test_a_cut_link_makes_it_ask_again_for_what_it_was_waiting_for():
    agv = known(stood=9)
    agv.handle(CROSS, 0)
    assert shown(agv.handle(LinkLost(), S)) == ["link_lost"]
    assert agv.handle(TimerFired("retry"), 5 * S) == []
    assert commanded(agv.handle(LinkRestored(), 60 * S), QueryState)
    assert sent(agv.handle(state(stood=9, cleared=8), 60 * S), RequestPermit)


def test_a_cut_link_makes_it_tell_the_lane_again():
    agv = permitted()
    agv.handle(RearClear(NAME, 15), S)
    agv.handle(LinkLost(), 2 * S)
    agv.handle(TimerFired("lane"), 6 * S)
    agv.handle(LinkRestored(), 9 * S)
    assert sent(agv.handle(state(stood=17, cleared=15), 9 * S), LaneLeft) == [LaneLeft(3, NAME)]


def test_a_permit_that_ran_out_while_the_link_was_cut_is_not_relied_on():
    agv = permitted(expires_ns=120 * S)
    agv.handle(LinkLost(), S)
    agv.handle(LinkRestored(), 121 * S)
    effects = agv.handle(state(stood=9, cleared=8), 121 * S)
    assert report(effects).phase == "accepted"
    assert sent(effects, RequestPermit)


def test_restarted_at_the_crane_it_asks_for_the_same_lift_again():
    agv = known(stood=4)
    assert sent(agv.handle(LOAD, 0), RequestTransfer)[0].step == LOAD.step


def test_restarted_in_a_lane_it_needs_no_permit_and_says_where_it_is():
    agv = known(stood=-1, cleared=13)
    effects = agv.handle(CROSS, 0)
    assert not sent(effects, RequestPermit)
    assert sent(effects, LaneEntered)
    assert report(effects).phase in ("accepted", "permitted")
    assert report(agv.handle(RearClear(NAME, 15), S)).phase == "done"


def test_restarted_behind_a_lane_it_goes_on_with_what_follows():
    agv = known(stood=20, cleared=19)
    effects = agv.handle(CROSS, 0)
    assert not sent(effects, RequestPermit)
    assert sent(effects, LaneLeft) == [LaneLeft(3, NAME)]
    assert report(effects).phase == "done"
    assert sent(agv.handle(UNLOAD, 0), RequestTransfer)


def test_word_of_a_stop_that_comes_late_is_ignored():
    agv = known()
    agv.handle(RearClear(NAME, 4), 0)
    agv.handle(LOAD, 0)
    assert stood(agv, 4) == []
