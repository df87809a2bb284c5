"""Traffic: one vehicle a zone, no circular wait, and every trip ends; checked by another model."""

from collections import deque
from functools import cache

import pytest
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
from sim.waits import circular
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
        self.order: dict[str, list[tuple[str, int]]] = {}
        """By zone: visits planned and not cleared, in the order in which they are to be made."""
        self.road: dict[str, deque[Visit]] = {}
        """What is granted and not cleared."""
        self.trip: dict[str, Trip] = {}
        self.granted = dict.fromkeys(self.homes, 0)
        self.front = dict.fromkeys(self.homes, 0)
        """`seq` of the visit at whose end the front is."""
        self.side: dict[str, str] = {}
        self.in_lane: dict[str, str] = {}
        self.dead: set[str] = set()
        self.places = sorted(self.roadmap.places)
        for vehicle, home in self.homes.items():
            edge = self.roadmap.standing_edge(home)
            visit = Visit(0, edge.zone, (edge.id,))
            self.traffic.stand(vehicle, (visit,))
            self.road[vehicle] = deque([visit])
            self.side[vehicle] = self.roadmap.places[home].side
        self.look(tuple(self.homes))

    def look(self, changed: tuple[str, ...]) -> None:
        """Take over the order of the queues: only `changed` may have other turns than before."""
        orders = self.traffic.orders()
        for zone in orders.keys() | self.order.keys():
            order = orders.get(zone, [])
            before = self.order.get(zone, [])
            assert [one for one in order if one[0] not in changed] == [
                one for one in before if one[0] not in changed
            ], "others keep their order"
            granted = [one for one in before if one[1] <= self.granted[one[0]]]
            assert order[: len(granted)] == granted, "nobody gets before a grant"
        self.order = orders
        self.check_waits()

    def go(self, vehicle: str, pick: int) -> bool:
        """Plan to a free place of its side, if it may; whether it was planned."""
        if vehicle in self.dead or not self.traffic.may_plan_on(vehicle):
            return False
        trip = self.trip.get(vehicle)
        if trip is not None and self.front[vehicle] < trip.arrive and trip.lane is None:
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
        trip = self.traffic.go(vehicle, free[pick % len(free)], self.now_s)
        if trip is None:
            return False
        self.trip[vehicle] = trip
        self.in_lane.pop(vehicle, None)
        self.look((vehicle,))
        return True

    def replan(self, vehicle: str) -> None:
        """Let it be fitted anew; only its own turns may change."""
        self.traffic.replan(vehicle, self.now_s)
        self.look((vehicle,))

    def cross(self, vehicle: str) -> bool:
        """Plan into a lane that has room, as its permits would let it."""
        if vehicle in self.in_lane or vehicle in self.dead:
            return False
        trip = self.trip.get(vehicle)
        if trip is not None and self.front[vehicle] < trip.arrive:
            return False
        for way in self.ways:
            if way.from_side != self.side[vehicle]:
                continue
            if self.traffic.lane_load(way.lane) < len(way.edges):
                trip = self.traffic.enter(vehicle, way, self.now_s)
                if trip is None:
                    return False
                self.trip[vehicle] = trip
                self.side[vehicle] = way.to_side
                self.in_lane[vehicle] = way.lane
                self.look((vehicle,))
                return True
        return False

    def grant(self) -> None:
        for vehicle, visits in self.traffic.take_grants():
            for visit in visits:
                assert visit.seq == self.granted[vehicle] + 1, "grants are without gaps"
                self.granted[vehicle] = visit.seq
                self.road[vehicle].append(visit)
                first = next(v for v, _ in self.order[visit.zone])
                assert first == vehicle, f"{visit.zone} granted to {vehicle}, held by {first}"
        holders: dict[str, str] = {}
        for vehicle, road in self.road.items():
            for visit in road:
                assert holders.setdefault(visit.zone, vehicle) == vehicle, visit.zone

    def drive(self, vehicle: str) -> bool:
        """Front to the end of the next visit granted, rear out of those behind it."""
        if vehicle in self.dead or self.front[vehicle] >= self.granted[vehicle]:
            return False
        self.front[vehicle] += 1
        road = self.road[vehicle]
        cleared = self.front[vehicle] - 1
        while road[0].seq <= cleared:
            visit = road.popleft()
            assert self.order[visit.zone].pop(0) == (vehicle, visit.seq)
        self.now_s += 3.0
        self.traffic.clear(vehicle, cleared, self.now_s)
        return True

    def check_waits(self) -> None:
        """The graph "this visit waits for that one" has no circle."""
        roads: dict[str, list[int]] = {}
        for order in self.order.values():
            for vehicle, seq in order:
                roads.setdefault(vehicle, []).append(seq)
        seqs = {vehicle: sorted(found) for vehicle, found in roads.items()}
        assert not circular(seqs, list(self.order.values()))

    def stop(self, vehicle: str) -> None:
        """It breaks down where it is; others may get other ways."""
        if vehicle in self.dead:
            return
        self.dead.add(vehicle)
        self.traffic.stop(vehicle, self.now_s)
        self.look(tuple(self.homes))

    def repair(self, vehicle: str) -> None:
        self.dead.discard(vehicle)
        self.traffic.resume(vehicle)

    def settle(self) -> None:
        """Drive everything that can be driven; who is in a lane or was cut off goes on to a place.

        With nobody dead, all trips end.
        """
        for _ in range(100_000):
            self.grant()
            if sum(self.drive(vehicle) for vehicle in self.homes):
                continue
            astray = [v for v in self.homes if self.traffic.place_of(v) is None]
            if any(self.go_home(vehicle) for vehicle in astray):
                continue
            break
        for vehicle, road in self.road.items():
            assert self.traffic.place_of(vehicle) is not None, f"{vehicle} is left on the road"
            assert self.front[vehicle] == self.granted[vehicle]
            assert len(road) == 1, f"{vehicle} is left with {len(road)} visits"

    def go_home(self, vehicle: str) -> bool:
        """To its home, or to any place on this side of the border."""
        home = self.homes[vehicle]
        if self.roadmap.places[home].side == self.side[vehicle]:
            return self.go(vehicle, self.places.index(home)) or self.go(vehicle, 0)
        return self.go(vehicle, 0)


moves = st.lists(
    st.tuples(
        st.sampled_from(
            ("go", "cross", "drive", "drive", "drive", "grant", "replan", "stop", "repair")
        ),
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
        elif kind == "stop":
            model.stop(vehicle)
        elif kind == "repair":
            model.repair(vehicle)
        model.grant()
    for vehicle in list(model.dead):
        model.repair(vehicle)
    model.settle()


def standing() -> Traffic:
    traffic = Traffic(ROADMAP, HOMES, 150.0, Body(rear_clear_m=18.0, speed_mps=5.0))
    for vehicle, home in HOMES.items():
        edge = ROADMAP.standing_edge(home)
        traffic.stand(vehicle, (Visit(0, edge.zone, (edge.id,)),))
    return traffic


def test_a_trip_reserves_its_place_until_its_vehicle_has_a_trip_on():
    traffic = standing()
    assert traffic.go("AGV-001", "VN-C1-P1", 0.0) is not None
    assert not traffic.may_take("AGV-003", "VN-C1-P1")
    assert traffic.go("AGV-001", "VN-C2-D1", 0.0) is not None
    assert traffic.may_take("AGV-003", "VN-C1-P1")
    assert traffic.go("AGV-003", "VN-C1-P1", 0.0) is not None
    assert [vehicle for vehicle, _ in traffic.order_of("VN-C1-P1")][-1] == "AGV-003"
    assert not traffic.may_take("AGV-001", "VN-C1-P1")


def test_a_home_is_never_given_to_another():
    traffic = standing()
    assert not traffic.may_take("AGV-003", "VN-P01")
    assert traffic.may_take("AGV-001", "VN-P01")
    assert not traffic.may_take("", "VN-P01")


def test_grants_end_at_the_horizon_and_at_the_zone_of_another():
    traffic = standing()
    traffic.go("AGV-001", "VN-C1-P1", 0.0)
    traffic.go("AGV-003", "VN-C1-P2", 0.0)
    first, second = (dict(traffic.take_grants()).get(v, ()) for v in ("AGV-001", "AGV-003"))
    assert not {v.zone for v in first} & {v.zone for v in second}
    length_m = sum(ROADMAP.edges[e].length_m for v in first[:-1] for e in v.edges)
    assert length_m < 150.0
    assert traffic.take_grants() == []


def test_what_was_cleared_is_cleared_once_and_never_beyond_the_grant():
    traffic = standing()
    traffic.go("AGV-001", "VN-C1-P1", 0.0)
    granted = dict(traffic.take_grants())["AGV-001"]
    traffic.clear("AGV-001", 1000, 9.0)
    traffic.clear("AGV-001", 1000, 9.0)
    assert traffic.granted("AGV-001") == granted[-1:]


def test_in_a_lane_trips_are_made_in_the_order_of_the_lane():
    traffic = standing()
    way = ROADMAP.way("D1", "VN")
    for vehicle in ("AGV-001", "AGV-003"):
        traffic.enter(vehicle, way, 0.0)
    last: dict[str, int] = {}
    for _ in range(500):  # drive both as far as they come
        for vehicle, visits in traffic.take_grants():
            last[vehicle] = visits[-1].seq
        for vehicle, seq in last.items():
            traffic.clear(vehicle, seq - 1, 9.0)
    assert traffic.may_plan_on("AGV-001")
    assert not traffic.may_plan_on("AGV-003"), "the one ahead has no trip yet"
    traffic.go("AGV-001", "CN-C1-D1", 0.0)
    assert traffic.may_plan_on("AGV-003")


def test_vehicles_in_one_zone_or_nowhere_are_refused():
    traffic = standing()
    edge = ROADMAP.standing_edge("VN-P01")
    with pytest.raises(ValueError, match="held by AGV-001"):
        traffic.stand("AGV-009", (Visit(0, edge.zone, (edge.id,)),))
    with pytest.raises(ValueError, match="no such"):
        traffic.stand("AGV-009", (Visit(0, "moon", ("sea",)),))
