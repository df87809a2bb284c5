"""The gate goes on when things fail: whole scenarios in virtual time."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.messages import (
    LinkLost,
    LinkRestored,
    Obstacle,
    ObstacleAnswer,
    PutObstacle,
    RemoveObstacle,
    ServiceAnswer,
    SetService,
)
from tests.broken_gate import CLEAN, BrokenGate
from tests.gate import DEMO, ROADMAP

HAND = st.tuples(
    st.sampled_from(("withdraw", "restore", "break", "repair", "tow", "block", "unblock")),
    st.integers(0, 99),
    st.integers(5, 400),
)
STATIONS = ("VN-C1", "CN-C2", "VN-X1", "CN-E1", "CN-C1-D2", "VN-P02")
ZONES = sorted({edge.zone for edge in ROADMAP.edges.values()})


def mover_in(gate: BrokenGate, zone: str) -> str | None:
    """The first AGV that drives into the zone, before all orders have ended."""
    while gate.open_orders():
        gate.run(1)
        for agv, robot in gate.robots.items():
            if gate.zone_of(agv) == zone and robot.front(gate.world.now_ns)[1] > 0.5:
                return agv
    return None


def break_down_in(gate: BrokenGate, zone: str) -> str:
    """Have an AGV break down in the zone while the gate is at work; that AGV."""
    put_more(gate)
    agv = mover_in(gate, zone)
    if agv is None:  # no AGV comes here by itself for these orders
        agv = "AGV-001" if zone.startswith("VN") else "AGV-002"
        gate.until(lambda: gate.zone_of(agv) == gate.homes[agv])
        if zone in ROADMAP.places:
            set_down(gate, agv, zone)
        else:
            lead_round(gate, agv, zone)
        put_more(gate)
    assert gate.zone_of(agv) == zone
    gate.break_down(agv)
    return agv


def put_more(gate: BrokenGate) -> None:
    for number in range(len(gate.orders), len(gate.orders) + 12):
        gate.put(number)


def set_down(gate: BrokenGate, agv: str, place: str) -> None:
    """Bring an AGV to a place by tow; it is about to drive home from there."""
    gate.ask(SetService(agv, in_service=False), ServiceAnswer)
    assert gate.tow(agv, place).outcome == "asked"
    gate.until(lambda: gate.zone_of(agv) == place)
    gate.ask(SetService(agv, in_service=True), ServiceAnswer)


def lead_round(gate: BrokenGate, agv: str, zone: str) -> None:
    """Let an AGV find its way home blocked, then home and all that is beside it: it goes round."""
    side = zone[:2]
    set_down(gate, agv, f"{side}-X1")
    gate.until(lambda: gate.zone_of(agv) == f"{side}-corner-2")
    before_home = Obstacle("car", (f"{side}-feeder-04",))
    assert gate.ask(PutObstacle(before_home), ObstacleAnswer).in_use == ()
    gate.run(200)
    beside = Obstacle("convoy", (gate.homes[agv], f"{side}-P04", f"{side}-E1"))
    gate.ask(PutObstacle(beside), ObstacleAnswer)
    gate.ask(RemoveObstacle("car"), ObstacleAnswer)
    gate.until(lambda: gate.zone_of(agv) == zone)
    gate.ask(RemoveObstacle("convoy"), ObstacleAnswer)


def test_a_dead_agv_in_each_zone_in_turn_is_towed_home_and_everything_ends():
    gate = BrokenGate()
    for zone in ZONES:
        told = len(gate.alarms)
        dead = break_down_in(gate, zone)
        gate.run(600)
        assert gate.service[dead] == "stopped", zone
        (alarm,) = [a for a in gate.alarms[told:] if a.kind == "vehicle_stopped"]
        assert (alarm.subject, "holds" in alarm.detail) == (dead, True)
        answer = gate.tow(dead, gate.homes[dead])
        assert answer.outcome == "asked", (zone, answer)
        gate.run(1)
        assert gate.zone_of(dead) == ROADMAP.standing_edge(gate.homes[dead]).zone
        gate.repair(dead)
        assert gate.finish() == CLEAN, (zone, gate.checker.found)
        assert gate.open_orders() == 0, zone
        gate.run(60)
        assert gate.service[dead] == "in"


def test_a_dead_agv_that_is_repaired_where_it_stands_goes_on_from_there():
    for zone in ZONES[::4]:
        gate = BrokenGate(orders=12)
        dead = mover_in(gate, zone)
        if dead is None:
            continue
        gate.break_down(dead)
        gate.run(300)
        gate.repair(dead)
        assert gate.finish() == CLEAN, (zone, gate.checker.found)
        assert gate.open_orders() == 0, zone


def test_the_order_of_a_dead_agv_goes_to_another_if_it_is_not_loaded_and_else_stays():
    gate = BrokenGate(orders=1)
    gate.run(20)
    first = gate.carrier["T0"]
    gate.break_down(first)
    gate.run(120)
    assert gate.carrier["T0"] not in ("", first)
    assert gate.history["T0"][:4] == ["queued", "assigned", "to_pickup", "queued"]
    gate.repair(first)  # it stands where all have to pass
    gate.until(lambda: gate.orders["T0"] == "carrying")
    second = gate.carrier["T0"]
    gate.run(5)
    gate.break_down(second)
    gate.run(1800)
    assert gate.carrier["T0"] == second
    assert "stays on it" in gate.alarms[-1].detail
    gate.repair(second)
    assert gate.finish() == CLEAN
    assert gate.orders["T0"] == "done"


def test_an_order_on_an_agv_that_can_still_reach_the_bay_is_lifted_once():
    gate = BrokenGate(orders=1)
    gate.run(20)
    first = gate.carrier["T0"]
    bay = next(p for p in ROADMAP.places.values() if p.kind == "pickup" and p.side == "VN")
    gate.until(lambda: gate.zone_of(first).startswith(bay.station))
    gate.break_down(first)
    gate.run(600)
    assert gate.carrier["T0"] != first, "it has given its order up in time"
    gate.repair(first)
    assert gate.finish() == CLEAN
    assert Counter(gate.history["T0"])["loading"] == 1


def test_a_silent_agv_loses_its_order_and_works_again_when_it_is_heard():
    gate = BrokenGate(orders=1)
    gate.run(20)
    silent = gate.carrier["T0"]
    for end in (silent, f"{silent}/controller"):
        gate.world.post(end, LinkLost(), gate.world.now_ns)
    gate.world.wire = lambda a, b, _m, at_ns: (
        [] if {a.partition("/")[0], b.partition("/")[0]} == {silent} else [at_ns]
    )
    gate.run(240)
    assert gate.service[silent] == "silent"
    assert [a.subject for a in gate.alarms if a.kind == "vehicle_silent"] == [silent]
    assert gate.carrier["T0"] not in ("", silent)
    gate.world.wire = None
    for end in (silent, f"{silent}/controller"):
        gate.world.post(end, LinkRestored(), gate.world.now_ns)
    gate.run(60)
    assert gate.service[silent] == "in"
    for number in range(1, 9):
        gate.put(number)
    assert gate.finish() == CLEAN
    assert silent in gate.carrier.values()


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_crane_out_of_service_for_an_hour_is_gone_round(by_hand: bool):
    gate = BrokenGate(orders=14)
    gate.run(300)
    if by_hand:
        answer = gate.ask(SetService("CN-C1", in_service=False), ServiceAnswer)
        assert (answer.outcome, answer.service) == ("done", "withdrawn")
        again = gate.ask(SetService("CN-C1", in_service=False), ServiceAnswer)
        assert again.outcome == "same"
    else:
        gate.break_down("CN-C1")
        gate.run(30)
        assert gate.service["CN-C1"] == "out"
        assert [a.subject for a in gate.alarms if a.kind == "station_out"] == ["CN-C1"]
    gate.run(3600)
    if by_hand:
        assert gate.open_orders() == 0, "the other crane has done all"
        gate.ask(SetService("CN-C1", in_service=True), ServiceAnswer)
    else:
        assert gate.open_orders() <= 1, "but for the one that hangs on the crane"
        gate.repair("CN-C1")
    gate.run(60)
    assert gate.service["CN-C1"] == "in"
    assert gate.finish() == CLEAN
    assert gate.open_orders() == 0


def test_the_only_booth_of_a_side_out_of_order_holds_up_its_agvs_and_they_go_on_after():
    gate = BrokenGate(orders=9)
    gate.run(60)
    gate.break_down("CN-X1")
    gate.run(1800)
    assert gate.open_orders() > 0
    gate.repair("CN-X1")
    assert gate.finish() == CLEAN
    assert gate.open_orders() == 0


def test_a_charger_that_fails_while_ten_agvs_are_low_leaves_them_to_the_other():
    low = {"battery_kwh": 20.0, "charge_below_pct": 80.0, "charge_until_pct": 95.0}
    vehicles = msgspec.structs.replace(DEMO.vehicles, count=10, **low)
    yards = tuple(
        msgspec.structs.replace(yard, parking=6, chargers=2 if yard.side == "VN" else 1)
        for yard in DEMO.yards
    )
    site = msgspec.structs.replace(DEMO, vehicles=vehicles, yards=yards)
    gate = BrokenGate(orders=40, site=site)
    gate.until(lambda: "VN-E1" in map(gate.zone_of, gate.robots), 4 * 3600)
    (waiting,) = [agv for agv in gate.robots if gate.zone_of(agv) == "VN-E1"]
    gate.ask(SetService("VN-E1", in_service=False), ServiceAnswer)
    gate.run(300)
    assert gate.zone_of(waiting) != "VN-E1"
    assert gate.finish(600) == CLEAN
    assert gate.open_orders() == 0
    gate.run(10 * 3600)
    now_ns = gate.world.now_ns
    low_pct = vehicles.charge_below_pct
    assert all(robot.battery_pct(now_ns) >= low_pct for robot in gate.robots.values())
    assert "VN-E1" not in {gate.zone_of(agv) for agv in gate.robots}


def test_an_agv_that_was_set_down_drives_home_though_nothing_else_happens():
    gate = BrokenGate()
    set_down(gate, "AGV-001", "VN-X1")
    gate.run(600)
    assert gate.zone_of("AGV-001") == gate.homes["AGV-001"]


def test_a_foreign_vehicle_in_a_refuge_leaves_its_agv_another_place_until_it_is_gone():
    gate = BrokenGate(orders=12)
    gate.run(200)
    away = next(a for a in gate.robots if gate.zone_of(a) != gate.homes[a])
    home = gate.homes[away]
    obstacle = Obstacle("tow-1", ROADMAP.standing_edge(home).zones)
    assert gate.ask(PutObstacle(obstacle), ObstacleAnswer).outcome == "created"
    assert gate.ask(PutObstacle(obstacle), ObstacleAnswer).outcome == "same"
    assert gate.finish() == CLEAN
    assert gate.open_orders() == 0
    gate.run(600)
    place = gate.zone_of(away)
    assert place != home
    assert place.startswith(("VN-P", "CN-P"))
    assert gate.ask(RemoveObstacle("tow-1"), ObstacleAnswer).outcome == "removed"
    assert gate.ask(RemoveObstacle("tow-1"), ObstacleAnswer).outcome == "unknown"
    gate.run(900)
    assert gate.zone_of(away) == home


def test_a_blocked_zone_is_entered_by_nobody_until_it_is_open_again():
    for zone in ("VN-collector-02", "CN-feeder-03", "D1-004", "VN-C1-P1"):
        gate = BrokenGate(orders=12)
        gate.run(100)
        held = {agv for agv in gate.robots if gate.zone_of(agv) == zone}
        answer = gate.ask(PutObstacle(Obstacle("zone:x", (zone,))), ObstacleAnswer)
        assert held <= set(answer.in_use)
        gate.run(60)  # whoever had leave to drive there has passed
        for _ in range(1200):
            gate.run(1)
            inside = {agv for agv in gate.robots if gate.zone_of(agv) == zone}
            assert inside <= set(answer.in_use), zone
        gate.ask(RemoveObstacle("zone:x"), ObstacleAnswer)
        assert gate.finish() == CLEAN, zone
        assert gate.open_orders() == 0, zone


def test_an_obstacle_where_an_agv_may_already_drive_is_an_alarm_with_its_name():
    gate = BrokenGate(orders=6)
    gate.run(30)
    agv = gate.carrier["T0"]
    answer = gate.ask(PutObstacle(Obstacle("car", (gate.zone_of(agv),))), ObstacleAnswer)
    assert answer.in_use == (agv,)
    (alarm,) = [a for a in gate.alarms if a.kind == "zone_in_use"]
    assert agv in alarm.detail
    other = gate.ask(PutObstacle(Obstacle("car", ("moon",))), ObstacleAnswer)
    assert (other.outcome, other.reason) == ("refused", "no zone of the site: moon")


def test_a_withdrawn_agv_finishes_what_is_loaded_goes_home_and_takes_nothing_new():
    gate = BrokenGate(orders=1)
    gate.until(lambda: gate.orders["T0"] == "carrying")
    gate.put(1)
    gate.until(lambda: gate.orders["T1"] == "to_pickup")
    loaded, fetching = gate.carrier["T0"], gate.carrier["T1"]
    for agv in (loaded, fetching):
        assert gate.ask(SetService(agv, in_service=False), ServiceAnswer).outcome == "done"
    gate.run(5)
    assert fetching not in gate.carrier.values()
    for number in range(2, 12):
        gate.put(number)
    assert gate.finish() == CLEAN
    assert gate.open_orders() == 0
    assert [n for n, agv in gate.carrier.items() if agv in (loaded, fetching)] == ["T0"]
    gate.run(900)
    for agv in (loaded, fetching):
        assert gate.zone_of(agv) == gate.homes[agv]
        gate.ask(SetService(agv, in_service=True), ServiceAnswer)
    for number in range(12, 30):
        gate.put(number)
    gate.finish()
    assert {loaded, fetching} <= set(gate.carrier.values())


def test_an_agv_is_set_down_only_out_of_service_and_in_a_place_that_nobody_has():
    gate = BrokenGate()
    first, second, *_ = gate.robots
    home, other = gate.homes[first], gate.homes[second]
    assert gate.tow(first, home).outcome == "same"
    assert "withdraw it first" in gate.tow(first, "VN-E1").reason
    gate.ask(SetService(first, in_service=False), ServiceAnswer)
    assert gate.tow(first, "moon").outcome == "no_place"
    assert gate.tow("AGV-999", home).outcome == "unknown"
    assert second in gate.tow(first, other).reason
    assert gate.tow(first, "VN-E1").outcome == "asked"
    gate.ask(SetService(second, in_service=False), ServiceAnswer)
    assert first in gate.tow(second, "VN-E1").reason
    assert first in gate.tow(second, home).reason
    gate.run(1)
    assert gate.zone_of(first) == "VN-E1"
    obstacle = Obstacle("car", ROADMAP.standing_edge("CN-E1").zones)
    gate.ask(PutObstacle(obstacle), ObstacleAnswer)
    assert "obstacle car" in gate.tow(first, "CN-E1").reason
    gate.run(600)
    assert gate.zone_of(first) == home, "it drives home by itself from where it was set down"
    assert gate.finish() == CLEAN


@settings(max_examples=40, deadline=None)
@given(st.lists(HAND, max_size=40), st.integers(0, 2**32))
def test_whatever_breaks_and_is_done_by_hand_nobody_meets_and_all_ends_when_all_is_well(
    deeds: list[tuple[str, int, int]], seed: int
):
    gate = BrokenGate(orders=12, seed=seed)
    agvs = list(gate.robots)
    for deed, which, wait_s in deeds:
        agv, subject = agvs[which % len(agvs)], (*agvs, *STATIONS)[which % 12]
        device = (*agvs, "VN-C1", "CN-C2", "VN-X1")[which % 9]
        match deed:
            case "withdraw" | "restore":
                gate.ask(SetService(subject, deed == "restore"), ServiceAnswer)
            case "break":
                gate.break_down(device)
            case "repair":
                gate.repair(device)
            case "tow":
                gate.tow(agv, gate.homes[agv])
            case "block":
                zone = Obstacle(f"car-{which % 3}", (ZONES[which % len(ZONES)],))
                gate.ask(PutObstacle(zone), ObstacleAnswer)
            case "unblock":
                gate.ask(RemoveObstacle(f"car-{which % 3}"), ObstacleAnswer)
        gate.run(wait_s)
    for number in range(3):
        gate.ask(RemoveObstacle(f"car-{number}"), ObstacleAnswer)
    for name in (*agvs, *STATIONS):
        gate.ask(SetService(name, in_service=True), ServiceAnswer)
    for device in (*agvs, "VN-C1", "CN-C2", "VN-X1"):
        gate.repair(device)
    assert gate.finish() == CLEAN, gate.checker.found
    assert gate.open_orders() == 0, gate.orders
