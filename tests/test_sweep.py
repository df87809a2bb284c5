"""Ways and sweeps on the roads of the demo gate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.messages import ExtendGrant, Visit
from sim.footprint import Body
from sim.plant.vehicle import VehicleController
from sim.plant.wiring import vehicle_data
from sim.sweep import Sweeps, Way
from tests.gate import DEMO, ROADMAP

BODY = Body(DEMO.vehicles.length_m, DEMO.vehicles.width_m)
PARKING = sorted(place.id for place in ROADMAP.places.values() if place.kind == "parking")
CHOICES = st.lists(st.integers(0, 3), min_size=1, max_size=25)


def drive(place: str, choices: list[int]) -> list[str]:
    """A way from a place over the edges that the choices say."""
    edges = [ROADMAP.standing_edge(place).id]
    for choice in choices:
        node = ROADMAP.edges[edges[-1]].end
        onward = sorted(edge.id for edge in ROADMAP.edges.values() if edge.start == node)
        if not onward:
            break
        edges.append(onward[choice % len(onward)])
    return edges


def drawn(edges: list[str]) -> Way:
    way = Way(BODY.length_m)
    for edge in edges:
        way.append(ROADMAP.edges[edge])
    return way


def numbers(sweeps: Sweeps, edges: list[str]) -> list[int]:
    found: list[int] = []
    for edge in edges:
        found.append(sweeps.number(found[-1] if found else -1, edge))
    return found


@given(st.sampled_from(PARKING), CHOICES, st.floats(0, 1), st.floats(-10, 10))
def test_a_vehicle_is_found_where_it_shows_itself(
    home: str, choices: list[int], share: float, guess_off_m: float
):
    edges = drive(home, choices)
    way = drawn(edges)
    controller = VehicleController("AGV", ROADMAP, vehicle_data(DEMO), home)
    visits = [
        Visit(seq, ROADMAP.edges[edge].zone, (edge,)) for seq, edge in enumerate(edges[1:], 1)
    ]
    if visits:
        controller.handle(ExtendGrant(1, tuple(visits)), 0)
    now_ns = round(share * controller.profile.end_s * 1e9)
    front_m, _ = controller.front(now_ns)
    if front_m - controller.data.length_m > 0:
        signal = controller.signal(now_ns)
        guess_m = min(max(front_m + guess_off_m, BODY.length_m), way.end_m)
        found_m, off_m = way.find(signal.x_m, signal.y_m, guess_m)
        assert off_m < 0.05
        assert found_m == pytest.approx(front_m, abs=0.1)


@given(st.sampled_from(PARKING), CHOICES, st.sampled_from(PARKING), CHOICES, st.data())
def test_sweeps_that_are_not_close_hold_no_two_bodies_that_touch(
    home: str, choices: list[int], other: str, others: list[int], data: st.DataObject
):
    one_way, other_way = drive(home, choices), drive(other, others)
    sweeps = Sweeps(BODY, ROADMAP.edges)
    one, two = numbers(sweeps, one_way)[-1], numbers(sweeps, other_way)[-1]
    poses = []
    for edges in (one_way, other_way):
        way = drawn(edges)
        begin_m = max(way.end_m - ROADMAP.edges[edges[-1]].length_m, BODY.length_m)
        poses.append(way.body(data.draw(st.floats(begin_m, way.end_m))))
    if BODY.gap_m(*poses) <= 0:
        assert two in sweeps.around(one)
        assert sweeps.close(one, two)


def test_neighbours_in_their_places_are_not_close_and_the_same_place_is():
    sweeps = Sweeps(BODY, ROADMAP.edges)
    first, second = (numbers(sweeps, drive(place, []))[-1] for place in PARKING[:2])
    assert sweeps.close(first, first)
    assert not sweeps.close(first, second)
    assert second not in sweeps.around(first)
