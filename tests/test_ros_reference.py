"""Reference controllers as ROS nodes, spoken to through the real rosbridge."""

import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from robotics.ros.domain import RosDomain
from robotics.ros.reference.order import CraneSetup, ScannerSetup, Setup
from robotics.ros.rosbridge import Rosbridge
from tests.ros_robot import SILENCE_S, Json, Outcome, Robot, agv_setup, robots, straight

ACCEPTED, LATE, NO_JOIN, INVALID = range(4)
MIDDLE_M = agv_setup("").length_m / 2
BRAKES_MPS2 = agv_setup("").deceleration_mps2
SPEED = 10.0
"""How many times faster than the clock robots live here."""

AGVS, CRANES, SCANNERS = 14, 7, 3
"""As many as tests take; all of a kind live in one process."""


@pytest.fixture(scope="module")
def agvs(ros_domain: RosDomain, rosbridge: Rosbridge) -> Iterator[Iterator[Robot]]:
    setups: list[Setup] = [agv_setup(f"agv_{number}") for number in range(AGVS)]
    with robots(ros_domain, rosbridge, setups, SPEED) as found:
        yield found


@pytest.fixture(scope="module")
def stations(ros_domain: RosDomain, rosbridge: Rosbridge) -> Iterator[Iterator[Robot]]:
    setups: list[Setup] = [CraneSetup("C", f"crane_{n}", 10.0, 0.0) for n in range(CRANES)]
    setups += [ScannerSetup("X", f"scanner_{n}", 10.0, 0.0, 1.0) for n in range(SCANNERS)]
    with robots(ros_domain, rosbridge, setups, SPEED) as found:
        yield found


@pytest.fixture
def agv(agvs: Iterator[Robot]) -> Robot:
    """One of its own for each test, on the straight road."""
    return next(agvs)


@pytest.fixture(scope="module")
def refusing_agv(agvs: Iterator[Robot]) -> Robot:
    """One for all that is refused: nothing of it changes anything."""
    return next(agvs)


@pytest.fixture
def crane(stations: Iterator[Robot]) -> Robot:
    found = next(stations)
    until_taken(lambda: lift(found, 1))
    return found


@pytest.fixture
def scanner(stations: Iterator[Robot]) -> Robot:
    found = next(stations)
    until_taken(lambda: scan(found, 1))
    return found


def lift(crane: Robot, step: int, **changes: object) -> Outcome:
    goal: Json = {"step": step, "bay": "B1", "kind": 0, "container": "CSQU3054383"}
    return crane.pursue("transfer", "Transfer", **goal | changes)


def scan(scanner: Robot, step: int) -> Outcome:
    declared = {"size_type": "45G1", "hs": "854231"}
    return scanner.pursue("scan", "Scan", step=step, container="CSQU3054383", **declared)


def until_taken(ask: Callable[[], Outcome]) -> None:
    """Ask as a gate does: a device refuses work until it has heard the gate for the first time."""
    while ask().wait().get("refused"):
        pass


def front_m(state: Json) -> float:
    return float(state["pose"]["position"]["x"]) + MIDDLE_M


def speed_mps(state: Json) -> float:
    return float(state["twist"]["linear"]["x"])


def stands(state: Json) -> bool:
    return speed_mps(state) == 0


def stands_with(field: str, value: object, state: Json) -> bool:
    return state[field] == value and stands(state)


def drives(state: Json) -> bool:
    return speed_mps(state) > 1


# --- AGV: grants ------------------------------------------------------------------------------


def test_a_grant_is_driven_to_its_end_and_not_a_step_further(agv: Robot):
    ack = agv.grant(1, straight(1), straight(2))
    assert (ack["result"], ack["taken"], ack["end_seq"]) == (ACCEPTED, 1, 2)
    end = agv.until(lambda s: s["stood_seq"] == 2, "it stands at the end")
    assert front_m(end) == pytest.approx(90.0, abs=1e-3)
    assert (end["cleared_seq"], speed_mps(end)) == (1, 0)
    assert all(speed_mps(state) <= 5.0 + 1e-6 for state in agv.states)  # the road's limit
    assert all(front_m(state) <= 90.0 + 1e-3 for state in agv.states)
    heading = end["pose"]["orientation"]
    assert (heading["z"], heading["w"]) == pytest.approx((0.0, 1.0), abs=1e-6)


def test_a_visit_is_cleared_when_the_rear_has_left_it_with_the_clearance(agv: Robot):
    agv.grant(1, straight(1), straight(2))
    agv.until(lambda s: s["cleared_seq"] == 0, "the rear has left the first visit")
    first = next(state for state in agv.states if state["cleared_seq"] == 0)
    setup = agv_setup("")
    rear_m = front_m(first) - setup.length_m
    # Said at once; at ten times the speed, "at once" is a few decimetres.
    assert rear_m >= 30.0 + setup.clearance_m - 1e-3
    assert rear_m <= 30.0 + setup.clearance_m + 2.0


def test_a_repeated_grant_is_accepted_and_changes_nothing(agv: Robot):
    agv.grant(1, straight(1))
    assert agv.grant(1, straight(1))["result"] == ACCEPTED
    agv.until(lambda s: s["stood_seq"] == 1, "it stands at the end")
    ack = agv.grant(1, straight(1))
    assert (ack["result"], ack["end_seq"]) == (ACCEPTED, 1)
    assert front_m(agv.states[-1]) == pytest.approx(60.0, abs=1e-3)


def test_a_grant_that_comes_after_its_deadline_is_not_acted_on(refusing_agv: Robot):
    ack = refusing_agv.grant(1, straight(1), deadline=refusing_agv.time(-1))
    assert (ack["result"], ack["taken"], ack["end_seq"]) == (LATE, 0, 0)
    assert refusing_agv.until(stands, "it says where it is")["end_seq"] == 0


@pytest.mark.parametrize(
    "visits",
    [
        [straight(2)],  # a gap in the numbers
        [straight(1, points=[{"x": 31.0, "y": 0.0, "z": 0.0}, {"x": 61.0, "y": 0.0, "z": 0.0}])],
        [straight(1), {**straight(3), "seq": 2}],  # numbered well, but not joined on the map
    ],
    ids=["numbers", "ground", "within"],
)
def test_a_grant_that_does_not_go_on_where_the_road_ends_is_refused(
    refusing_agv: Robot, visits: list[Json]
):
    ack = refusing_agv.grant(1, *visits)
    assert (ack["result"], ack["taken"], ack["end_seq"]) == (NO_JOIN, 0, 0)
    assert ack["reason"]


@pytest.mark.parametrize(
    "grant",
    [
        {"visits": []},
        {"number": 0},
        {"header": {"stamp": {"sec": 0, "nanosec": 0}, "frame_id": "odom"}},
        {"visits": [straight(1, length=-30.0)]},
        {"visits": [straight(1, length=1e300)]},
        {"visits": [straight(1, speed_limit=0.0)]},
        {"visits": [straight(1, points=[])]},
        {"visits": [straight(1, points=[{"x": 30.0, "y": 1e9, "z": 0.0}] * 2)]},
        {"visits": [straight(1, id="")]},
        {"visits": [{**straight(1), "edges": []}]},
        {"visits": [{**straight(1), "zone": ""}]},
        {"visits": [straight(1), straight(3)]},
        {"visits": [{**straight(1), "seq": -(2**62)}]},
    ],
    ids=str,
)
def test_a_grant_that_makes_no_sense_is_refused(refusing_agv: Robot, grant: Json):
    ack = refusing_agv.grant(1, straight(1), **grant)
    assert (ack["result"], ack["taken"], ack["end_seq"]) == (INVALID, 0, 0)
    assert ack["reason"]


def test_new_road_under_an_old_number_is_refused(agv: Robot):
    agv.grant(7, straight(1))
    assert agv.grant(7, straight(2))["result"] == INVALID
    assert agv.grant(6, straight(1), straight(2))["result"] == INVALID
    other = straight(1)
    other["zone"] = "Z9"
    assert agv.grant(8, other, straight(2))["result"] == NO_JOIN  # is not the road that it holds


# --- AGV: stopping ----------------------------------------------------------------------------


def test_a_silent_gate_stops_the_agv_within_its_braking_distance_until_it_is_heard_again(
    agv: Robot,
):
    agv.grant(1, *(straight(seq) for seq in range(1, 6)))
    agv.until(lambda s: speed_mps(s) > 3, "it drives")
    agv.beating = False
    fell_silent = agv.states[-1]
    stood = agv.until(stands, "it stands")
    assert (stood["stood_seq"], stood["end_seq"]) == (-1, 5)
    driven_m = front_m(stood) - front_m(fell_silent)
    heard_for_s = SPEED * (SILENCE_S + 0.3)  # the check is made ten times a second
    assert driven_m <= 5.0 * heard_for_s + 5.0**2 / (2 * BRAKES_MPS2)
    agv.beating = True
    agv.until(lambda s: s["stood_seq"] == 5, "it goes on to the end")


def test_an_emergency_stop_is_latched_by_its_number(agv: Robot):
    def e_stop(number: int, engaged: bool) -> None:
        order = {"stamp": agv.time(), "number": number, "engaged": engaged, "reason": "test"}
        agv.publish("/e_stop", "bordergate_msgs/msg/EStop", order)

    emergency, safe = 2, 0
    agv.grant(1, *(straight(seq) for seq in range(1, 6)))
    agv.until(drives, "it drives")
    number = time.time_ns()
    e_stop(number, True)
    agv.until(lambda s: s["safety_state"] == emergency and stands(s), "it stands")
    e_stop(number, False)  # the same number, and a lower one, release nothing
    e_stop(number - 1, False)
    agv.grant(2, straight(6))
    states = [agv.until(lambda _: True, "it says its state") for _ in range(5)]
    assert all(s["safety_state"] == emergency and stands(s) for s in states)
    e_stop(number + 1, False)
    agv.until(lambda s: s["safety_state"] == safe and s["stood_seq"] == 6, "it goes on to the end")


def test_a_fault_a_person_and_an_obstacle_each_stop_the_agv_for_as_long_as_they_last(agv: Robot):
    agv.grant(1, *(straight(seq) for seq in range(1, 8)))
    for topic, kind, shown, on, off in (
        ("inject_fault", "String", "fault", "drive 2", ""),
        ("inject_mode", "UInt8", "mode", 1, 0),
        ("inject_obstacle", "Bool", "safety_state", True, False),
    ):
        agv.until(drives, "it drives")
        agv.publish(topic, f"std_msgs/msg/{kind}", {"data": on})
        agv.until(partial(stands_with, shown, on), f"{topic} stops it")
        agv.publish(topic, f"std_msgs/msg/{kind}", {"data": off})
    agv.until(lambda s: s["stood_seq"] == 7, "it goes on to the end")


def limit(number: int, speed: float | None, reason: str = "") -> Json:
    return {"number": number, "limited": speed is not None, "speed": speed or 0.0, "reason": reason}


def test_an_agv_is_as_slow_as_the_gate_lets_it_and_says_by_which_word(agv: Robot):
    agv.grant(1, *(straight(seq) for seq in range(1, 8)))
    agv.until(drives, "it drives")
    agv.limit = limit(5, 1.0, "wind")
    agv.until(lambda s: s["limit"] == 5 and 0 < speed_mps(s) <= 1.0 + 1e-6, "it is slow")
    agv.limit = limit(4, None)  # an older word
    states = [agv.until(lambda _: True, "it says its state") for _ in range(5)]
    assert all(s["limit"] == 5 and speed_mps(s) <= 1.0 + 1e-6 for s in states)
    agv.limit = limit(6, None)
    agv.until(lambda s: s["limit"] == 6 and speed_mps(s) > 3, "it is as fast as before")


def test_a_held_agv_brakes_and_stays_so_after_a_silence_until_a_later_word(agv: Robot):
    agv.grant(1, *(straight(seq) for seq in range(1, 6)))
    agv.until(drives, "it drives")
    agv.limit = limit(5, 0.0, "smoke")
    held = agv.until(lambda s: s["limit"] == 5, "it has heard it")
    stood = agv.until(stands, "it stands")
    assert (stood["fault"], stood["stood_seq"], stood["end_seq"]) == ("held: smoke", -1, 5)
    braking_m = 5.0**2 / (2 * BRAKES_MPS2)
    assert front_m(stood) - front_m(held) <= braking_m + 1e-3
    agv.beating = False
    for _ in range(round(2 * SILENCE_S / 0.1)):  # ten states a second
        agv.until(lambda _: True, "it says its state")
    agv.limit = limit(0, None)  # a gate that is begun anew and knows of nothing
    agv.beating = True
    states = [agv.until(lambda _: True, "it says its state") for _ in range(10)]
    assert all(s["fault"] == "held: smoke" and stands(s) for s in states)
    agv.limit = limit(7, None)
    on = agv.until(lambda s: s["stood_seq"] == 5, "it goes on to the end")
    assert (on["fault"], on["limit"]) == ("", 7)


# --- AGV: services and charging ---------------------------------------------------------------


def test_a_load_is_confirmed_once_at_rest_and_in_time(agv: Robot):
    def confirm(step: int, container: str, ahead_ns: int = 10**12) -> bool:
        answer = agv.call(
            "confirm_load", "ConfirmLoad", step=step, container=container,
            deadline=agv.time(ahead_ns),
        )  # fmt: skip
        return bool(answer["accepted"])

    assert not confirm(5, "CSQU3054383", ahead_ns=-1)
    assert confirm(5, "CSQU3054383")
    assert confirm(5, "")  # a repeat is answered alike and changes nothing
    loaded = agv.until(lambda s: s["load_step"] == 5, "it knows its load")
    assert loaded["container"] == "CSQU3054383"
    agv.grant(1, straight(1), straight(2))
    agv.until(drives, "it drives")
    assert not confirm(6, "")
    agv.until(lambda s: s["stood_seq"] == 2, "it stands")
    assert confirm(6, "")
    agv.until(lambda s: s["container"] == "", "it is empty")


def test_an_agv_tells_what_it_is_and_what_road_it_holds(agv: Robot):
    info = agv.call("get_device_info", "GetDeviceInfo")["info"]
    setup = agv_setup("")
    assert (info["kind"], info["device_id"]) == (0, setup.device)
    assert info["length"] == pytest.approx(setup.length_m)
    assert info["interface_version"] == "1.0.0"
    agv.grant(1, straight(1))
    road = agv.call("get_road", "GetRoad")
    held = [(visit["seq"], visit["zone"], visit["edges"]) for visit in road["road"]]
    assert held == [(0, "Z0", ["E0"]), (1, "Z1", ["E1"])]
    assert road["state"]["end_seq"] == 1


def test_an_agv_stands_where_people_have_brought_it(agv: Robot):
    def put(seq: int) -> bool:
        visit, deadline = straight(seq), agv.time(10**12)
        return bool(
            agv.call("set_position", "SetPosition", visit=visit, deadline=deadline)["accepted"]
        )

    assert put(9)
    assert put(9)  # a repeat
    there = agv.until(lambda s: s["stood_seq"] == 9, "it stands there")
    assert front_m(there) == pytest.approx(300.0)
    assert (there["cleared_seq"], there["end_seq"]) == (8, 9)
    assert not put(3)
    assert agv.grant(1, straight(10))["result"] == ACCEPTED
    agv.until(drives, "it drives")
    assert not put(11)


def test_an_agv_charges_once_for_a_step_and_driving_off_ends_it(agv: Robot):
    agv.grant(1, *(straight(seq) for seq in range(1, 6)))
    used = agv.until(lambda s: s["stood_seq"] == 5, "it has used some charge")["battery"]
    broken_off = agv.pursue("charge", "Charge", step=3, until=1.0)
    agv.until(lambda s: s["battery"] > used, "it charges")
    agv.grant(2, straight(6))
    assert broken_off.wait().get("refused")
    agv.until(lambda s: s["stood_seq"] == 6, "it stands")
    first = agv.pursue("charge", "Charge", step=4, until=1.0)
    assert agv.pursue("charge", "Charge", step=5, until=1.0).wait().get("refused")
    assert first.wait()["values"] == {"step": 4, "battery": 1.0}
    assert used < 1.0
    assert agv.pursue("charge", "Charge", step=4, until=1.0).wait()["values"]["step"] == 4
    late = agv.pursue("charge", "Charge", step=6, until=1.0, deadline=agv.time(-1))
    assert late.wait().get("refused")


# --- cranes and scanners ----------------------------------------------------------------------


def test_a_crane_lifts_once_for_a_step_however_often_it_is_asked(crane: Robot):
    first = lift(crane, 3)
    crane.until(lambda s: s["step"] == 3, "it lifts")
    again, other = lift(crane, 3), lift(crane, 4)
    assert other.wait().get("refused")
    assert first.wait()["values"]["step"] == again.wait()["values"]["step"] == 3
    done = crane.until(lambda s: s["step"] == 0, "it is done")
    assert done["done"] == [1, 3]
    assert lift(crane, 3).wait()["values"]["step"] == 3  # at once: it does not lift again
    after = crane.until(lambda _: True, "it says its state")
    assert (after["step"], after["done"]) == (0, [1, 3])
    progress = [said["progress"] for said in first.feedback]
    assert progress == sorted(progress)
    assert all(state["hoist"] >= 0 for state in crane.states)


@pytest.mark.parametrize(
    "goal", [{"step": 0}, {"kind": 7}, {"bay": ""}, {"deadline": {"sec": 1, "nanosec": 0}}], ids=str
)
def test_a_crane_refuses_a_lift_that_makes_no_sense_or_comes_late(crane: Robot, goal: Json):
    assert lift(crane, **{"step": 3} | goal).wait().get("refused")
    assert crane.until(lambda _: True, "it says its state")["step"] == 0


def test_a_fault_interrupts_a_lift_which_is_finished_after_it(crane: Robot):
    outcome = lift(crane, 3)
    crane.until(lambda s: s["progress"] > 0.3, "it lifts")
    crane.publish("inject_fault", "std_msgs/msg/String", {"data": "hoist"})
    broken = crane.until(lambda s: s["fault"] == "hoist", "it is broken")
    assert lift(crane, 4).wait().get("refused")
    later = [crane.until(lambda _: True, "it says its state") for _ in range(5)]
    assert {state["progress"] for state in later} == {broken["progress"]}
    assert not outcome.ended
    crane.publish("inject_fault", "std_msgs/msg/String", {"data": ""})
    assert outcome.wait()["values"]["step"] == 3


def test_a_held_crane_keeps_its_lift_and_a_held_scanner_makes_its_image_anew(
    crane: Robot, scanner: Robot
):
    lifted, scanned = lift(crane, 3), scan(scanner, 3)
    for station in (crane, scanner):
        station.until(lambda s: s["progress"] > 0.3, "it works")
        station.limit = limit(5, 0.0, "smoke")
    held = crane.until(lambda s: s["fault"] == "held: smoke", "the crane stands")
    later = [crane.until(lambda _: True, "it says its state") for _ in range(5)]
    assert {state["progress"] for state in later} == {held["progress"]}
    scanner.until(lambda s: (s["fault"], s["step"]) == ("held: smoke", 0), "the scanner has none")
    assert scanned.wait().get("refused")
    assert scan(scanner, 3).wait().get("refused")
    for station in (crane, scanner):
        station.limit = limit(6, None)
        station.until(lambda s: (s["fault"], s["limit"]) == ("", 6), "it may go on")
    assert lifted.wait()["values"]["step"] == 3
    assert scan(scanner, 3).wait()["values"]["report"]["step"] == 3


def test_a_scan_is_made_once_and_its_report_is_kept(scanner: Robot):
    first = scan(scanner, 8)
    report = first.wait()["values"]["report"]
    assert (report["step"], report["verdict"]) == (8, 1)  # this one finds everything suspicious
    again = scan(scanner, 8).wait()
    assert again["values"]["report"] == report
    state = scanner.until(lambda s: s["step"] == 0, "it is done")
    assert [kept["step"] for kept in state["done"]] == [1, 8]


def test_a_fault_spoils_the_image_that_is_made(scanner: Robot):
    outcome = scan(scanner, 8)
    scanner.until(lambda s: s["step"] == 8, "it scans")
    scanner.publish("inject_fault", "std_msgs/msg/String", {"data": "tube"})
    assert outcome.wait().get("refused")
    scanner.publish("inject_fault", "std_msgs/msg/String", {"data": ""})
    scanner.until(lambda s: s["fault"] == "", "it is well")
    again = scan(scanner, 8)
    assert again.wait()["values"]["report"]["step"] == 8
