"""Devices that break: their controllers say so, their machines pass it on, and nothing is lost."""

import pytest

from actors.agv import Agv
from actors.booth import Booth
from actors.crane import SILENT_NS, Crane
from actors.effects import Effect
from actors.messages import (
    AgvReport,
    AgvState,
    Charged,
    ClearFault,
    ConfirmLoad,
    CraneState,
    ExtendGrant,
    FaultChanged,
    InjectFault,
    LaneLeft,
    LinkLost,
    Message,
    QueryReport,
    QueryState,
    RearClear,
    RequestScan,
    RequestTransfer,
    ScannerState,
    ServiceRefused,
    SetPosition,
    SetService,
    StartCharge,
    Started,
    StartScan,
    StartStep,
    StartTransfer,
    StationReport,
    Stood,
    TimerFired,
    TransferDone,
    TransferFinished,
    Visit,
)
from sim.plant.wiring import controllers
from tests.gate import DAY, DEMO, ROADMAP, S, commanded, sent, shown
from tests.test_agv import CHARGE, LOAD, known, permitted, report, stood
from tests.test_crane import request
from tests.test_vehicle_controller import ROAD, Drive

FAULT = "drive overheated"
HOME = ROADMAP.standing_edge("VN-P03")


def at_home(seq: int) -> Visit:
    return Visit(seq, HOME.zone, (HOME.id,))


# --- the robots -------------------------------------------------------------------------------


def test_a_broken_robot_brakes_says_why_and_goes_on_by_itself_when_it_is_well():
    drive = Drive()
    drive.tell(ExtendGrant(1, ROAD))
    drive.wait(8)
    at_m = drive.front_m
    assert drive.speed_mps > 2
    assert drive.tell(InjectFault(FAULT)) == [FaultChanged(FAULT)]
    assert drive.tell(InjectFault("another")) == [], "one is enough"
    drive.wait(60)
    assert drive.speed_mps == 0.0
    assert at_m < drive.front_m < drive.start_m + 60
    (state,) = drive.tell(QueryState())
    assert isinstance(state, AgvState)
    assert (state.fault, state.stood) == (FAULT, -1)
    assert drive.controller.signal(drive.now_ns).fault == FAULT
    assert drive.tell(ClearFault()) == [FaultChanged("")]
    drive.wait(400)
    assert len(drive.heard(Stood)) == 1


def test_a_broken_robot_takes_a_grant_and_does_not_drive():
    drive = Drive()
    drive.tell(InjectFault(FAULT))
    drive.tell(ExtendGrant(1, ROAD))
    drive.wait(60)
    assert drive.front_m == drive.start_m


def test_a_robot_set_down_elsewhere_stands_there_and_drives_on_from_there():
    drive = Drive()
    drive.tell(ExtendGrant(1, ROAD[:4]))
    drive.wait(300)
    (state,) = drive.tell(SetPosition(at_home(900)))
    assert isinstance(state, AgvState)
    assert (state.visits, state.stood, state.cleared) == ((at_home(900),), 900, 899)
    way = next(edge for edge in ROADMAP.edges.values() if edge.start == HOME.end)
    drive.tell(ExtendGrant(2, (Visit(901, way.zone, (way.id,)),)))
    drive.wait(60)
    assert [m.seq for m in drive.heard(Stood) if isinstance(m, Stood)][-1] == 901


def test_a_position_of_the_past_off_the_map_or_while_it_moves_changes_nothing():
    drive = Drive()
    drive.tell(ExtendGrant(1, ROAD))
    for visit in (at_home(900), Visit(900, "moon", (HOME.id,)), Visit(900, HOME.zone, ("sea",))):
        drive.wait(2)
        assert drive.speed_mps > 0
        (state,) = drive.tell(SetPosition(visit))
        assert isinstance(state, AgvState)
        assert state.visits[-1] == ROAD[-1]
    drive.wait(400)
    (state,) = drive.tell(SetPosition(at_home(2)))
    assert isinstance(state, AgvState)
    assert state.visits[-1] == ROAD[-1]


def test_driving_off_ends_a_charge_and_keeps_what_was_taken():
    drive = Drive()
    drive.tell(ExtendGrant(1, ROAD[:-1]))
    drive.wait(300)
    before = drive.controller.battery_pct(drive.now_ns)
    drive.tell(StartCharge(7, 100.0))
    drive.wait(1)
    drive.tell(ExtendGrant(2, ROAD[-1:]))
    after = drive.controller.battery_pct(drive.now_ns)
    assert before < after < 100
    drive.wait(3600)
    assert not drive.heard(Charged)
    assert drive.controller.battery_pct(drive.now_ns) < after


def plant_says(effects: list[Effect]) -> list[Message]:
    return [e.message for e in effects if hasattr(e, "message")]


def test_a_broken_crane_takes_no_lift_and_ends_the_one_it_had_when_it_is_well():
    crane = controllers(DEMO, ROADMAP, DAY, 1)["VN-C1"]
    lift = StartTransfer(1, "VN-C1-P1", "truck_to_agv", "CSQU3054383")
    (timer,) = crane.handle(lift, 0)
    ends_ns = timer.at_ns  # type: ignore[union-attr]
    assert plant_says(crane.handle(InjectFault(FAULT), 10 * S)) == [FaultChanged(FAULT)]
    assert plant_says(crane.handle(QueryState(), 20 * S)) == [CraneState(1, (), FAULT)]
    assert crane.handle(TimerFired("lift"), ends_ns) == []
    assert crane.signal(3600 * S).progress < 0.1  # type: ignore[union-attr]
    told, again = crane.handle(ClearFault(), 1010 * S)
    assert told.message == FaultChanged("")  # type: ignore[union-attr]
    assert again.at_ns == ends_ns + 1000 * S  # type: ignore[union-attr]
    scanner = controllers(DEMO, ROADMAP, DAY, 1)["VN-X1"]
    scanner.handle(StartScan(1, "CSQU3054383"), 0)
    scanner.handle(InjectFault(FAULT), S)
    assert scanner.handle(StartScan(2, "CSQU3054383"), 2 * S) == []
    assert plant_says(scanner.handle(QueryState(), 3 * S)) == [ScannerState(0, (), FAULT)]


# --- the AGV ----------------------------------------------------------------------------------


def test_an_agv_reports_its_fault_and_that_it_is_well_and_people_see_both():
    agv = known()
    agv.handle(LOAD, 0)
    broken = agv.handle(FaultChanged(FAULT), S)
    assert report(broken).fault == FAULT
    assert shown(broken) == ["faulted"]
    assert agv.handle(FaultChanged(FAULT), S) == []
    assert shown(stood(agv, 4)) == [], "a fault is what is shown while it lasts"
    well = agv.handle(FaultChanged(""), 9 * S)
    assert report(well).fault == ""
    assert shown(well) == ["loading"]


def test_an_agv_learns_of_a_fault_from_its_controllers_state_too():
    agv = known()
    state = AgvState(agv.name, 0, (at_home(0),), -1, 0, 80.0, "", 0, FAULT)
    assert report(agv.handle(state, S)).fault == FAULT


def test_a_step_takes_the_place_of_one_whose_road_was_taken_away():
    agv = known()
    agv.handle(LOAD, 0)
    other = StartStep(6, "load", "VN-C2", "VN-C2-P1", arrive=5, order="T1", replaces=1)
    assert report(agv.handle(other, S)).accepted == 6
    assert not sent(stood(agv, 4), RequestTransfer), "it is not there that it is to load"
    assert sent(stood(agv, 5), RequestTransfer)[0].bay == "VN-C2-P1"


def test_a_lift_that_was_asked_for_is_not_replaced_but_a_charge_is():
    agv = known(stood=4)
    agv.handle(LOAD, 0)
    assert report(agv.handle(StartStep(6, "park", "", "VN-P01", 9, replaces=1), S)).accepted == 1
    agv = known(stood=4)
    agv.handle(CHARGE, 0)
    assert report(agv.handle(StartStep(6, "park", "", "VN-P01", 9, replaces=5), S)).accepted == 6


def test_a_crossing_that_is_replaced_gives_its_permit_back_unless_the_lane_is_entered():
    agv = permitted()
    again = StartStep(6, "cross", "D1", "VN", arrive=16, enter=13, replaces=3)
    effects = agv.handle(again, S)
    assert sent(effects, LaneLeft) == [LaneLeft(3, agv.name)]
    assert report(effects).accepted == 6
    inside = permitted()
    inside.handle(RearClear(inside.name, 12), S)
    assert not sent(inside.handle(again, 2 * S), LaneLeft)
    assert report(inside.handle(RearClear(inside.name, 15), 3 * S)).step == 6


def test_an_agv_set_down_elsewhere_drops_its_step_and_does_it_nowhere():
    agv = permitted()
    effects = agv.handle(SetPosition(at_home(900)), S)
    assert sent(effects, LaneLeft) == [LaneLeft(3, agv.name)]
    assert commanded(effects, SetPosition) == [SetPosition(at_home(900))]
    there = AgvState(agv.name, 1, (at_home(900),), 899, 900, 80.0, "", 0)
    told = report(agv.handle(there, 2 * S))
    assert (told.visits, told.phase) == ((at_home(900),), "abandoned")
    assert not sent(agv.handle(SetPosition(at_home(900)), 3 * S), LaneLeft), "a repeat"


def test_an_agv_that_is_refused_reports_it_and_asks_no_more():
    agv = known(stood=4)
    agv.handle(LOAD, 0)
    assert report(agv.handle(ServiceRefused(1, "VN-C1", FAULT), S)).phase == "refused"
    assert agv.handle(TimerFired("retry"), 5 * S) == []
    lifted = known(stood=4)
    lifted.handle(LOAD, 0)
    assert commanded(lifted.handle(TransferDone(1, "VN-C1"), S), ConfirmLoad)
    assert lifted.handle(ServiceRefused(1, "VN-C1", FAULT), S) == [], "it has been lifted"


# --- the crane and the booth --------------------------------------------------------------------


def idle_crane() -> Crane:
    crane = Crane("VN-C1", "fleet-manager")
    crane.handle(Started(), 0)
    crane.handle(CraneState(0, ()), 0)
    return crane


def test_a_crane_out_of_order_refuses_who_waits_and_never_what_it_has_commanded():
    crane = idle_crane()
    for step in (1, 2, 3):
        crane.handle(request(step), 0)
    effects = crane.handle(FaultChanged(FAULT), S)
    assert sent(effects, StationReport) == [StationReport("VN-C1", S, FAULT, withdrawn=False)]
    assert [r.step for r in sent(effects, ServiceRefused)] == [2, 3]
    assert shown(effects) == ["faulted"]
    well = crane.handle(FaultChanged(""), 60 * S)
    assert sent(well, StationReport)[0].fault == ""
    assert commanded(well, QueryState), "is the lift still made?"
    assert sent(crane.handle(TransferFinished(1), 90 * S), TransferDone)
    refused = crane.handle(request(2), 91 * S)
    assert sent(refused, ServiceRefused), "its AGV has been sent away: it is never lifted again"
    assert commanded(crane.handle(request(4), 92 * S), StartTransfer)


def test_a_crane_restarted_while_it_is_out_of_order_refuses_no_lift_of_its_life_before():
    crane = Crane("VN-C1", "fleet-manager")
    crane.handle(Started(), 0)
    assert crane.handle(request(7), 0) == []
    assert crane.handle(request(8), 0) == []
    assert crane.handle(request(9), 0) == []
    effects = crane.handle(CraneState(8, (7,), FAULT), S)
    assert [r.step for r in sent(effects, ServiceRefused)] == [9]
    assert [d.step for d in sent(crane.handle(request(7), S), TransferDone)] == [7]
    done = crane.handle(TransferFinished(8), 2 * S)
    assert 8 in [d.step for d in sent(done + crane.handle(request(8), 3 * S), TransferDone)]


def test_a_crane_whose_controller_is_silent_says_so_and_refuses_nobody():
    crane = idle_crane()
    crane.handle(LinkLost(), S)
    assert crane.handle(request(1), 2 * S) == []
    effects = crane.handle(TimerFired("silent"), S + SILENT_NS)
    assert "does not answer" in sent(effects, StationReport)[0].fault
    assert not sent(effects, ServiceRefused)
    back = crane.handle(CraneState(0, ()), 90 * S)
    assert sent(back, StationReport)[0].fault == ""
    assert commanded(back, StartTransfer)


def test_a_withdrawn_crane_refuses_new_requests_and_says_so_when_asked():
    crane = idle_crane()
    told = crane.handle(SetService("VN-C1", in_service=False), 0)
    assert sent(told, StationReport)[0].withdrawn
    assert sent(crane.handle(QueryReport(), S), StationReport)[0].withdrawn
    assert sent(crane.handle(request(1), S), ServiceRefused)[0].reason == "withdrawn"
    crane.handle(SetService("VN-C1", in_service=True), 2 * S)
    assert commanded(crane.handle(request(2), 3 * S), StartTransfer)


@pytest.mark.parametrize("asked_before", [True, False])
def test_a_booth_out_of_order_refuses_the_agv_whose_image_is_not_made(asked_before: bool):
    booth = Booth("VN-X1", "fleet-manager", 60 * S)
    booth.handle(Started(), 0)
    booth.handle(ScannerState(0, ()), 0)
    scan = RequestScan(1, "AGV-001", "T1", "CSQU3054383")
    if asked_before:
        booth.handle(scan, S)
    broken = booth.handle(FaultChanged(FAULT), 2 * S)
    assert sent(broken, StationReport)[0].fault == FAULT
    effects = booth.handle(ScannerState(0, (), FAULT), 3 * S)
    effects += booth.handle(scan, 3 * S)
    assert sent(effects, ServiceRefused)[0].step == 1
    booth.handle(FaultChanged(""), 9 * S)
    assert sent(booth.handle(scan, 10 * S), ServiceRefused), "its AGV has been sent away"
    other = RequestScan(2, "AGV-002", "T2", "CSQU3054383")
    assert commanded(booth.handle(other, 11 * S), StartScan)


def test_an_agv_tells_of_its_fault_as_soon_as_it_knows_what_is_true():
    agv = Agv("AGV-001", "fleet-manager")
    agv.handle(Started(), 0)
    assert agv.handle(FaultChanged(FAULT), 0) == [], "nothing is known yet"
    state = AgvState(agv.name, 0, (at_home(0),), -1, 0, 80.0, "", 0, FAULT)
    told = sent(agv.handle(state, S), AgvReport)
    assert [r.fault for r in told] == [FAULT] * len(told)
