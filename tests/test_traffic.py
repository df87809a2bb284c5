"""Traffic: one vehicle a zone, no circular wait, and every trip ends; checked by another model."""

from collections import deque
from functools import cache
from itertools import pairwise

import pytest
import rustworkx as rx
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.fleet.traffic import Body, Traffic, Trip
from actors.messages import Visit
from actors.site.bundled import find_site
from actors.site.expand import expand
from actors.site.load import load_site
from actors.site.model import Site
from actors.site.roadmap import Roadmap
from actors.wiring import machines
from tests.gate import DAY, ROADMAP

HOMES = {"AGV-001": "VN-P01", "AGV-002": "CN-P01", "AGV-003": "VN-P02", "AGV-004": "CN-P02"}


@cache
def site(name: str) -> tuple[Site, Roadmap]:
    loaded = load_site(find_site(name), DAY)
    return loaded, expand(loaded, DAY)


class Model:
    """Vehicles that drive what they are granted, and a reckoning of who may be where."""

    def __init__(self, name: str, vehicles: int) -> None:
        loaded, self.roadmap = site(name)
        plan = machines(loaded, self.roadmap, DAY)["fleet-manager"].plan  # type: ignore[attr-defined]
        self.ways = plan.open_ways
        self.homes: dict[str, str] = dict(list(plan.homes.items())[:vehicles])
        self.traffic = Traffic(self.roadmap, self.homes, plan.horizon_m, plan.body)
        self.now_s = 0.0
        self.order: dict[str, deque[tuple[str, int]]] = {}
        """By zone: visits planned and not cleared, in the order in which they are to be made."""
        self.road: dict[str, deque[Visit]] = {}
        self.granted = dict.fromkeys(self.homes, 0)
        self.front = dict.fromkeys(self.homes, 0)
        """`seq` of the visit at whose end the front is."""
        self.side: dict[str, str] = {}
        self.in_lane: dict[str, str] = {}
        for vehicle, home in self.homes.items():
            edge = self.roadmap.standing_edge(home)
            visit = Visit(0, edge.zone, (edge.id,))
            self.traffic.stand(vehicle, (visit,))
            self.road[vehicle] = deque([visit])
            self.order.setdefault(visit.zone, deque()).append((vehicle, 0))
            self.side[vehicle] = self.roadmap.places[home].side
        self.places = sorted(self.roadmap.places)

    def take(self, vehicle: str, trip: Trip) -> bool:
        if not self.traffic.take(vehicle, trip, self.now_s):
            return False
        self.road[vehicle].extend(trip.visits)
        fresh = {(vehicle, visit.seq) for visit in trip.visits}
        for zone in {visit.zone for visit in trip.visits}:
            before = list(self.order.get(zone, ()))
            order = self.traffic.order_of(zone)
            assert [one for one in order if one not in fresh] == before, "others keep their order"
            granted = sum(seq <= self.granted[other] for other, seq in before)
            assert order[:granted] == before[:granted], "nobody gets before a grant"
            self.order[zone] = deque(order)
        self.check_waits()
        return True

    def go(self, vehicle: str, pick: int) -> bool:
        """Plan to a free place of its side, if it may; whether it was planned."""
        if not self.traffic.may_plan_on(vehicle) or len(self.road[vehicle]) > 6:
            return False
        here = self.traffic.place_of(vehicle)
        free = [
            place
            for place in self.places
            if self.roadmap.places[place].side == self.side[vehicle]
            and self.traffic.may_take(vehicle, place)
            and place != here
        ]
        if not free:
            return False
        if not self.take(vehicle, self.traffic.trip_to(vehicle, free[pick % len(free)])):
            return False
        self.in_lane.pop(vehicle, None)
        return True

    def replan(self, vehicle: str) -> None:
        """Let it be fitted anew; only turns that are not granted may change."""
        self.traffic.replan(vehicle, self.now_s)
        for zone, before in self.order.items():
            order = self.traffic.order_of(zone)
            assert sorted(order) == sorted(before), "nobody is lost"
            assert [one for one in order if one[0] != vehicle] == [
                one for one in before if one[0] != vehicle
            ], "others keep their order"
            granted = sum(seq <= self.granted[other] for other, seq in before)
            assert order[:granted] == list(before)[:granted], "nobody gets before a grant"
            self.order[zone] = deque(order)
        self.check_waits()

    def cross(self, vehicle: str) -> bool:
        """Plan into a lane that has room, as its permits would let it."""
        if vehicle in self.in_lane or self.traffic.place_of(vehicle) is None:
            return False
        for way in self.ways:
            if way.from_side != self.side[vehicle]:
                continue
            if self.traffic.lane_load(way.lane) < len(way.edges):
                if not self.take(vehicle, self.traffic.trip_through(vehicle, way)):
                    return False
                self.side[vehicle] = way.to_side
                self.in_lane[vehicle] = way.lane
                return True
        return False

    def grant(self) -> None:
        for vehicle, visits in self.traffic.take_grants():
            for visit in visits:
                assert visit.seq == self.granted[vehicle] + 1, "grants are without gaps"
                self.granted[vehicle] = visit.seq
                first = next(v for v, _ in self.order[visit.zone])
                assert first == vehicle, f"{visit.zone} granted to {vehicle}, held by {first}"
        holders: dict[str, str] = {}
        for vehicle, road in self.road.items():
            for visit in road:
                if visit.seq <= self.granted[vehicle]:
                    assert holders.setdefault(visit.zone, vehicle) == vehicle, visit.zone

    def drive(self, vehicle: str) -> bool:
        """Front to the end of the next visit granted, rear out of those behind it."""
        if self.front[vehicle] >= self.granted[vehicle]:
            return False
        self.front[vehicle] += 1
        road = self.road[vehicle]
        cleared = self.front[vehicle] - 1
        while road[0].seq <= cleared:
            visit = road.popleft()
            assert self.order[visit.zone].popleft() == (vehicle, visit.seq)
        self.now_s += 3.0
        self.traffic.clear(vehicle, cleared, self.now_s)
        return True

    def check_waits(self) -> None:
        """The graph "this visit waits for that one" has no circle."""
        graph: rx.PyDiGraph[tuple[str, int], None] = rx.PyDiGraph()
        node = {
            (vehicle, visit.seq): graph.add_node((vehicle, visit.seq))
            for vehicle, road in self.road.items()
            for visit in road
        }
        for vehicle, road in self.road.items():
            for before, after in pairwise(road):
                graph.add_edge(node[vehicle, after.seq], node[vehicle, before.seq], None)
        for queue in self.order.values():
            for (first, seq), (second, later) in pairwise(queue):
                if first == second:
                    continue
                # The first has left the zone when its front is at the end of the visit after.
                leaves = node.get((first, seq + 1))
                if leaves is not None:
                    graph.add_edge(node[second, later], leaves, None)
        assert rx.is_directed_acyclic_graph(graph)

    def settle(self) -> None:
        """Drive everything that can be driven; who is in a lane goes home by the way."""
        for _ in range(100_000):
            self.grant()
            if sum(self.drive(vehicle) for vehicle in self.homes):
                continue
            if any(self.go_out(vehicle) for vehicle in list(self.in_lane)):
                continue
            break
        for vehicle, road in self.road.items():
            assert len(road) == 1, f"{vehicle} is left with {len(road)} visits"
            assert road[0].seq == self.granted[vehicle]

    def go_out(self, vehicle: str) -> bool:
        return self.go(vehicle, 0)


moves = st.lists(
    st.tuples(
        st.sampled_from(("go", "cross", "drive", "drive", "drive", "grant", "replan")),
        st.integers(0, 1000),
        st.integers(0, 1000),
    ),
    max_size=150,
)


@pytest.mark.parametrize(("name", "vehicles"), [("demo", 6), ("huu-nghi", 12)])
@settings(max_examples=60, deadline=None)
@given(moves=moves)
def test_whatever_trips_are_made_no_zone_is_shared_no_wait_is_circular_and_all_ends(
    name: str, vehicles: int, moves: list[tuple[str, int, int]]
):
    model = Model(name, vehicles)
    names = list(model.homes)
    for kind, who, pick in moves:
        vehicle = names[who % len(names)]
        if kind == "go":
            model.go(vehicle, pick)
        elif kind == "cross":
            model.cross(vehicle)
        elif kind == "drive":
            model.drive(vehicle)
        elif kind == "replan":
            model.replan(vehicle)
        model.grant()
    model.settle()


def standing() -> Traffic:
    traffic = Traffic(ROADMAP, HOMES, 150.0, Body(rear_clear_m=18.0, speed_mps=5.0))
    for vehicle, home in HOMES.items():
        edge = ROADMAP.standing_edge(home)
        traffic.stand(vehicle, (Visit(0, edge.zone, (edge.id,)),))
    return traffic


def test_a_trip_reserves_its_place_until_its_vehicle_has_a_trip_on():
    traffic = standing()
    trip = traffic.trip_to("AGV-001", "VN-C1-P1")
    assert traffic.may_take("AGV-003", "VN-C1-P1"), "looking at it reserves nothing"
    traffic.take("AGV-001", trip, 0.0)
    assert not traffic.may_take("AGV-003", "VN-C1-P1")
    onward = traffic.trip_to("AGV-001", "VN-C2-D1")
    traffic.take_grants()
    traffic.take("AGV-001", onward, 0.0)
    assert traffic.may_take("AGV-003", "VN-C1-P1")
    traffic.take("AGV-003", traffic.trip_to("AGV-003", "VN-C1-P1"), 0.0)
    assert [vehicle for vehicle, _ in traffic.order_of("VN-C1-P1")][-1] == "AGV-003"
    assert not traffic.may_take("AGV-001", "VN-C1-P1")


def test_a_home_is_never_given_to_another():
    traffic = standing()
    assert not traffic.may_take("AGV-003", "VN-P01")
    assert traffic.may_take("AGV-001", "VN-P01")
    assert not traffic.may_take("", "VN-P01")


def test_grants_end_at_the_horizon_and_at_the_zone_of_another():
    traffic = standing()
    traffic.take("AGV-001", traffic.trip_to("AGV-001", "VN-C1-P1"), 0.0)
    traffic.take("AGV-003", traffic.trip_to("AGV-003", "VN-C1-P2"), 0.0)
    first, second = (dict(traffic.take_grants()).get(v, ()) for v in ("AGV-001", "AGV-003"))
    assert not {v.zone for v in first} & {v.zone for v in second}
    length_m = sum(ROADMAP.edges[e].length_m for v in first[:-1] for e in v.edges)
    assert length_m < 150.0
    assert traffic.take_grants() == []


def test_what_was_cleared_is_cleared_once_and_never_beyond_the_grant():
    traffic = standing()
    trip = traffic.trip_to("AGV-001", "VN-C1-P1")
    traffic.take("AGV-001", trip, 0.0)
    granted = dict(traffic.take_grants())["AGV-001"]
    traffic.clear("AGV-001", 1000, 9.0)
    traffic.clear("AGV-001", 1000, 9.0)
    assert traffic.granted("AGV-001") == granted[-1:]


def test_in_a_lane_trips_are_made_in_the_order_of_the_lane():
    traffic = standing()
    way = ROADMAP.way("D1", "VN")
    for vehicle in ("AGV-001", "AGV-003"):
        traffic.take(vehicle, traffic.trip_through(vehicle, way), 0.0)
    last: dict[str, int] = {}
    for _ in range(500):  # drive both as far as they come
        for vehicle, visits in traffic.take_grants():
            last[vehicle] = visits[-1].seq
        for vehicle, seq in last.items():
            traffic.clear(vehicle, seq - 1, 9.0)
    assert traffic.may_plan_on("AGV-001")
    assert not traffic.may_plan_on("AGV-003"), "the one ahead has no trip yet"
    traffic.take("AGV-001", traffic.trip_to("AGV-001", "CN-C1-D1"), 0.0)
    assert traffic.may_plan_on("AGV-003")


def test_vehicles_in_one_zone_or_nowhere_are_refused():
    traffic = standing()
    edge = ROADMAP.standing_edge("VN-P01")
    with pytest.raises(ValueError, match="held by AGV-001"):
        traffic.stand("AGV-009", (Visit(0, edge.zone, (edge.id,)),))
    with pytest.raises(ValueError, match="no such"):
        traffic.stand("AGV-009", (Visit(0, "moon", ("sea",)),))
