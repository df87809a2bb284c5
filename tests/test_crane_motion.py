"""What the joints of a crane are told during lifts: any lifts, however they are looked at."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.messages import StartTransfer, Transfer
from actors.site.bundled import find_site
from actors.site.expand import expand
from actors.site.load import last_change, load_site
from sim.gazebo_world.agv import DECK_M
from sim.gazebo_world.crane import (
    GANTRY_MPS,
    HOIST_MPS,
    SPREADER_M,
    SPREADER_UP_M,
    TRAVEL_M,
    TROLLEY_MPS,
    bays_of,
    truck_m,
)
from sim.plant.crane_motion import UP_M, CraneMotion, Joints
from sim.plant.gazebo_cranes import crane_motion
from sim.plant.gazebo_loads import LOAD_HEIGHT_M
from sim.plant.wiring import SPREAD, lift_s
from tests.gate import DEMO, ROADMAP

CRANE = "VN-C1"
BAYS = bays_of(CRANE, ROADMAP, DEMO.vehicles)
TRUCK_M = truck_m(BAYS)
PLACES = [place.id for place in ROADMAP.places.values() if place.station == CRANE]
ACROSS_M = dict(zip(PLACES, (7.5, 2.5, -2.5, -7.5), strict=True))
"""Bays lie 5 m apart; the crane's left is the map's east in VN."""
LIFT_S = lift_s(DEMO.yards[0])

lifts = st.lists(
    st.tuples(
        st.sampled_from(PLACES),
        st.sampled_from(["truck_to_agv", "agv_to_truck"]),
        st.sampled_from(["CSQU3054383", "CSQU3054383 + TEXU2345675"]),
        st.lists(st.floats(0, 1), max_size=8).map(sorted),
    ),
    max_size=4,
)
"""Lifts, and the shares of them at which the crane is looked at."""


def motion() -> CraneMotion:
    return crane_motion(CRANE, LIFT_S, DEMO, ROADMAP)


def lift(step: int, bay: str, transfer: Transfer, container: str = "CSQU3054383") -> StartTransfer:
    return StartTransfer(step, bay, transfer, container)


def is_down(joints: Joints) -> bool:
    """The spreader is as low as a container on a deck allows."""
    low_m = SPREADER_UP_M + joints.hoist_m - SPREADER_M[2] / 2 - DECK_M - LOAD_HEIGHT_M
    assert low_m > 0
    return low_m < 0.1


@given(lifts)
def test_joints_stay_within_their_limits_and_the_spreader_is_up_wherever_the_crane_travels(made):
    crane = motion()
    for step, (bay, transfer, container, shares) in enumerate(made, 1):
        for share in shares:
            at = crane.joints(lift(step, bay, transfer, container), share)
            assert abs(at.gantry_m) <= TRAVEL_M
            assert BAYS.right_m - 1e-9 <= at.trolley_m <= TRUCK_M + 1e-9
            assert at.hoist_m <= UP_M
            is_over = [m for m in (TRUCK_M, ACROSS_M[bay]) if math.isclose(at.trolley_m, m)]
            assert at.hoist_m == UP_M or is_over
        idle = crane.joints(None, 0.0)
        assert idle == crane.joints(None, 0.5)
        assert idle.hoist_m == UP_M


@pytest.mark.parametrize("bay", PLACES)
@pytest.mark.parametrize("transfer", ["truck_to_agv", "agv_to_truck"])
@pytest.mark.parametrize("containers", [1, 2])
def test_each_container_is_taken_here_and_put_down_there_once(bay, transfer, containers):
    crane = motion()
    load = " + ".join(["CSQU3054383", "TEXU2345675"][:containers])
    way = [crane.joints(lift(1, bay, transfer, load), n / 1000) for n in range(1001)]
    downs = [at for before, at in pairwise(way) if is_down(at) and not is_down(before)]
    here, there = TRUCK_M, ACROSS_M[bay]
    if transfer == "agv_to_truck":
        here, there = there, here
    assert [at.trolley_m for at in downs] == pytest.approx([here, there] * containers)
    assert way[-1] == crane.joints(None, 0.0)
    assert way[-1].trolley_m == pytest.approx(there)


@pytest.mark.parametrize("site_name", ["demo", "huu-nghi", "tan-thanh"])
def test_drives_keep_up_with_the_shortest_lift_of_every_crane(site_name):
    site = load_site(find_site(site_name))
    roadmap = expand(site, last_change(site))
    for yard in site.yards:
        stations = {place.station or "" for place in roadmap.places.values()}
        for name in sorted(each for each in stations if each.startswith(f"{yard.side}-C")):
            shortest_s = lift_s(yard) * (1 - SPREAD)
            crane = crane_motion(name, lift_s(yard), site, roadmap)
            bays = [place.id for place in roadmap.places.values() if place.station == name]
            step_s = shortest_s / 500
            for step, bay in enumerate([*bays, *reversed(bays)], 1):
                job = lift(step, bay, "agv_to_truck" if step % 2 else "truck_to_agv")
                way = [crane.joints(job, n / 500) for n in range(501)]
                for before, at in pairwise(way):
                    assert abs(at.gantry_m) <= TRAVEL_M
                    for moved_m, speed_mps in (
                        (at.gantry_m - before.gantry_m, GANTRY_MPS),
                        (at.trolley_m - before.trolley_m, TROLLEY_MPS),
                        (at.hoist_m - before.hoist_m, HOIST_MPS),
                    ):
                        assert abs(moved_m) <= speed_mps * step_s + 1e-9


def test_a_lift_that_is_interrupted_stands_and_one_that_was_not_seen_to_end_is_ended():
    crane = motion()
    job = lift(1, "VN-C1-P1", "truck_to_agv")
    hanging = crane.joints(job, 0.9)
    assert hanging.hoist_m < UP_M
    assert crane.joints(job, 0.9) == hanging
    ended = crane.joints(None, 0.0)
    assert ended.hoist_m == UP_M
    assert ended.trolley_m == pytest.approx(ACROSS_M["VN-C1-P1"])


def test_a_lift_quicker_than_the_drives_still_goes_both_ways():
    places = {"B": Joints(0.5, -3.0)}
    crane = CraneMotion(places, truck_m=10.0, down_m=-8.0, lift_s=1.0)
    way = [crane.joints(lift(1, "B", "truck_to_agv"), n / 200) for n in range(201)]
    assert min(at.hoist_m for at in way if at.trolley_m == 10.0) < -7
    assert min(at.hoist_m for at in way if at.trolley_m == -3.0) < -7


def test_a_bay_of_another_crane_moves_nothing():
    assert motion().joints(lift(1, "VN-C2-P1", "truck_to_agv"), 0.5) == Joints()
