"""Rows of the domain's exceptions that begin with devices, the weather, or people on the ground.

The whole gate runs in virtual time, with both clearances and their officers.
"""

import pytest

from actors.messages import (
    ClearFault,
    InjectFault,
    LinkLost,
    LinkRestored,
    PlaceAnswer,
    PlaceVehicle,
)
from actors.safety import (
    EngageStop,
    LimitsChanged,
    PermitTow,
    ReportConditions,
    ResetStop,
    StopAnswer,
    StopChanged,
)
from actors.site.devices import FLEET_MANAGER
from actors.site.model import Site
from actors.wiring import fleet_manager
from tests.border import Alarm, Border, officer
from tests.gate import DAY
from tests.test_border_drive import both_scans, four_lanes

SUPERVISOR = officer("supervisor", "VN")


def busy(consignments: int = 6, site: Site | None = None) -> tuple[Border, list[str]]:
    """A gate with consignments under way both ways, loaded ones among them."""
    border = Border(site or both_scans())
    names = [
        border.bring(f"K{number}", "VN-CN" if number % 2 else "CN-VN")
        for number in range(1, consignments + 1)
    ]
    return border, names


def reading(border: Border, **values: float) -> ReportConditions:
    return ReportConditions("mast", border.world.now_ns, **values)  # type: ignore[arg-type]


def test_an_agv_dead_in_a_lane_is_towed_with_permits_of_both_sides_while_others_go_round():
    border, names = busy(8, four_lanes())
    border.until(lambda: bool(border.crossing()))
    dead = border.crossing()
    vehicle = border.manager.vehicles[dead]
    assert vehicle.job is not None
    assert vehicle.job.guard is not None
    held = vehicle.job.guard.consignment
    border.tell(f"{dead}/controller", InjectFault("drive overheated"))
    border.run(4 * 3600)
    stopped = [a.subject for a in border.events(Alarm) if a.kind == "vehicle_stopped"]
    assert stopped == [dead]
    passed = border.gate.reader.released
    assert len(passed) >= len(names) - 3, "others go by the other lanes"
    assert held not in passed
    kept = border.gate.sides[vehicle.job.request.from_side].records[held]
    assert kept.has_custody, "it has not crossed, whatever part of it is beyond km 0"
    home = border.manager.plan.homes[dead]
    place = next(
        p.id for p in border.manager.plan.roadmap.places.values()
        if p.side == kept.side and p.kind == "dropoff"
    )  # fmt: skip
    refused = border.ask(PlaceVehicle(dead, place), PlaceAnswer)
    assert (refused.outcome, "no tow permit of" in refused.reason) == ("refused", True)
    border.ask(PermitTow("T1", officer("operator", "VN"), dead, "tow"), StopAnswer)
    refused = border.ask(PlaceVehicle(dead, place), PlaceAnswer)
    assert refused.reason == "no tow permit of CN"
    border.ask(PermitTow("T2", officer("operator", "CN"), dead, "tow"), StopAnswer)
    other = "CN" if kept.side == "VN" else "VN"
    beyond = next(p for p in border.manager.plan.roadmap.places.values() if p.side == other)
    refused = border.ask(PlaceVehicle(dead, beyond.id), PlaceAnswer)
    assert "in the custody of" in refused.reason
    free = place if home[:2] != kept.side else home
    assert border.ask(PlaceVehicle(dead, free), PlaceAnswer).outcome == "asked"
    border.run(10)
    border.tell(f"{dead}/controller", ClearFault())
    border.ends(*names)


def test_a_crane_that_fails_with_a_load_aloft_keeps_it_and_its_queue_goes_to_others():
    border, names = busy()
    border.until(lambda: "lifting" in border.device_states("VN-C1"))
    crane = border.world.machine("VN-C1")
    border.until(lambda: crane.state == "lifting")  # type: ignore[attr-defined]
    lift = crane._lift  # type: ignore[attr-defined]
    border.tell("VN-C1/controller", InjectFault("hoist brake"))
    border.run(3600)
    assert crane._lift == lift, "nobody knows where it hangs"  # type: ignore[attr-defined]
    assert border.device_states("VN-C1")[-1] == "faulted"
    loaded = [n for n in names if "on_agv" in border.steps(n) and border.steps(n)[0] == "declared"]
    assert loaded, "others are loaded by other cranes"
    border.tell("VN-C1/controller", ClearFault())
    border.ends(*names)


@pytest.mark.parametrize("device", ["AGV", "crane"])
def test_a_link_lost_stops_what_is_at_its_end_and_nothing_is_issued_again(device: str):
    border, names = busy()
    if device == "AGV":
        border.until(lambda: bool(border.crossing()))
        name = border.crossing()
    else:
        name = "VN-C1"
        crane = border.world.machine(name)
        border.until(lambda: crane.state == "lifting")  # type: ignore[attr-defined]
    ends = {name, f"{name}/controller"}
    border.world.wire = lambda sender, to, _message, at_ns: () if {sender, to} == ends else (at_ns,)
    for end in ends:
        border.world.post(end, LinkLost(), border.world.now_ns)
    border.run(60)
    assert border.device_states(name)[-1] in ("link_lost", "unknown", "faulted")
    if device == "AGV":
        at_m = border.world.machine(f"{name}/controller").front(border.world.now_ns)  # type: ignore[attr-defined]
        border.run(1800)
        assert at_m[1] == 0
        later = border.world.machine(f"{name}/controller").front(border.world.now_ns)  # type: ignore[attr-defined]
        assert later[0] == at_m[0], "it stands until the link is back"
    border.world.wire = None
    for end in ends:
        border.world.post(end, LinkRestored(), border.world.now_ns)
    border.ends(*names)
    assert all(border.steps(name).count("on_agv") == 1 for name in names)


@pytest.mark.parametrize(
    ("slow", "stop"),
    [
        ({"wind_mps": 16.0}, {"wind_mps": 25.0}),
        ({"visibility_m": 40.0}, {"visibility_m": 5.0}),
        ({"position_error_m": 0.15}, {"position_error_m": 0.5}),
    ],
    ids=["wind", "fog", "position"],
)
def test_wind_fog_and_poor_positions_slow_agvs_down_then_stop_them(slow, stop):
    border, names = busy()
    border.until(lambda: max(border.speeds()) > 3)
    border.tell("fleet-manager", reading(border, **slow))
    border.run(10)
    for _ in range(30):
        border.tell("fleet-manager", reading(border, **slow))
        assert max(border.speeds()) <= 2.0 + 1e-6
    border.tell("fleet-manager", reading(border, **stop))
    border.run(10)
    assert border.moved_m(40) == 0
    assert border.events(LimitsChanged)[-1].reason
    clear = dict.fromkeys(stop, 0.0) if "visibility_m" not in stop else {"visibility_m": 900.0}
    border.tell("fleet-manager", reading(border, **clear))
    assert border.events(LimitsChanged)[-1] == LimitsChanged(0, "")
    border.world.post(
        "fleet-manager", ReportConditions("mast", border.world.now_ns + 10**18, **clear),
        border.world.now_ns,
    )  # fmt: skip
    border.ends(*names)


def test_cranes_lock_at_the_wind_limit_before_agvs_stop_and_a_lift_stays_aloft():
    border, names = busy()
    crane = border.world.machine("VN-C1")
    border.until(lambda: crane.state == "lifting")  # type: ignore[attr-defined]
    lift = crane._lift  # type: ignore[attr-defined]
    for _ in range(40):
        border.tell("fleet-manager", reading(border, wind_mps=20.5))
        border.run(9)
    assert crane._lift == lift  # type: ignore[attr-defined]
    assert crane._fault == "held: wind over 20 m/s"  # type: ignore[attr-defined]
    assert max(border.speeds()) <= 2.0 + 1e-6
    border.world.post(
        "fleet-manager", ReportConditions("mast", border.world.now_ns + 10**18, wind_mps=3.0),
        border.world.now_ns,
    )  # fmt: skip
    border.ends(*names)


def test_a_sensor_that_falls_silent_slows_agvs_down_and_locks_cranes():
    border, _ = busy()
    border.until(lambda: max(border.speeds()) > 3)
    border.tell("fleet-manager", reading(border, wind_mps=2.0))
    border.run(90)
    assert max(border.speeds()) <= 2.0 + 1e-6
    crane = border.world.machine("VN-C1")
    assert crane._fault == "held: mast is silent"  # type: ignore[attr-defined]


def test_an_emergency_stop_of_the_site_is_latched_until_a_supervisor_resets_it_with_a_reason():
    border, names = busy()
    border.until(lambda: bool(border.crossing()))
    engaged = border.ask(EngageStop("E1", officer("operator", "CN"), "smoke"), StopAnswer)
    assert engaged.outcome == "done"
    border.run(15)
    assert border.moved_m(3600) == 0
    for number, (role, reason) in enumerate((("operator", "all clear"), ("supervisor", ""))):
        refused = border.ask(ResetStop(f"R{number}", officer(role, "VN"), reason), StopAnswer)
        assert refused.outcome == "refused"
    assert border.moved_m(600) == 0
    assert border.ask(ResetStop("R9", SUPERVISOR, "all clear"), StopAnswer).outcome == "done"
    told = border.events(StopChanged)
    assert [(e.engaged, e.by.role, e.reason) for e in told] == [
        (True, "operator", "smoke"), (False, "supervisor", "all clear"),
    ]  # fmt: skip
    border.ends(*names)


@pytest.mark.parametrize("fault", ["e-stop pressed", "power loss"])
def test_a_robot_stopped_by_its_own_e_stop_or_without_power_does_not_restart_by_itself(fault: str):
    border, names = busy()
    border.until(lambda: bool(border.crossing()))
    agv = border.crossing()
    border.tell(f"{agv}/controller", InjectFault(fault))
    border.run(60)
    border.tell(f"{agv}/controller", ClearFault())
    controller = border.world.machine(f"{agv}/controller")
    at_m, _ = controller.front(border.world.now_ns)  # type: ignore[attr-defined]
    border.run(3600)
    assert controller.front(border.world.now_ns) == (at_m, 0.0)  # type: ignore[attr-defined]
    assert border.manager.limits.stopped == {agv: fault}
    border.ask(ResetStop("R1", SUPERVISOR, "looked at it", (agv,)), StopAnswer)
    border.ends(*names)


def test_an_intrusion_stops_who_is_there_keeps_others_out_and_waits_for_the_reset():
    border, names = busy(8, four_lanes())
    border.until(lambda: bool(border.crossing()))
    agv = border.crossing()
    zone = border.manager.traffic.granted(agv)[0].zone
    engaged = border.ask(
        EngageStop("E1", officer("border_guard", "VN"), "intrusion", (zone,)), StopAnswer
    )
    assert {zone, agv} <= set(engaged.stopped)
    border.run(20)
    controller = border.world.machine(f"{agv}/controller")
    at_m, speed = controller.front(border.world.now_ns)  # type: ignore[attr-defined]
    border.run(2 * 3600)
    assert (speed, controller.front(border.world.now_ns)[0]) == (0.0, at_m)  # type: ignore[attr-defined]
    border.ask(ResetStop("R1", SUPERVISOR, "he is out"), StopAnswer)
    assert border.manager.limits.stopped == {}
    border.ends(*names)


def test_a_limit_of_which_a_restarted_fleet_manager_knows_nothing_is_lifted():
    border, _ = busy(2)
    border.until(lambda: max(border.speeds()) > 3)
    border.tell("fleet-manager", reading(border, wind_mps=16.0))
    border.until(lambda: 0 < max(border.speeds()) <= 2.0 + 1e-6)
    border.world.remove(FLEET_MANAGER)
    border.world.add(fleet_manager(both_scans(), DAY))
    border.until(lambda: max(border.speeds()) > 3)


def test_a_stop_outlives_a_restart_of_the_fleet_manager():
    border, _ = busy(2)
    border.ask(EngageStop("E1", officer("operator", "CN"), "smoke", ("AGV-001",)), StopAnswer)
    border.run(10)
    border.world.remove(FLEET_MANAGER)
    border.world.add(fleet_manager(both_scans(), DAY))
    border.run(30)
    assert border.manager.limits.stopped == {"AGV-001": "smoke"}
