"""Roads that lead through goals: the ways that are found, and what is taken away for them."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.fleet import plain
from actors.fleet.gaps import Search
from actors.fleet.kernels import NONE, grant, project
from actors.fleet.network import Network
from actors.fleet.through import ThroughTraffic
from actors.fleet.timetable import Timetable
from actors.fleet.traffic import Body
from actors.messages import Visit
from sim.grid_map import GridMap, node_of
from sim.grid_parking import parking
from tests.grids import free_map, one_way_town

HALL = free_map("......", ".@@.@.", "......", "......")


class Fleet:
    """Vehicles on a timetable alone, on ways through nodes drawn at random."""

    def __init__(self, grid: GridMap, vehicles: int, rear_clear_m: float, seed: int) -> None:
        roadmap = grid.roadmap()
        self.random = Random(seed)
        self.network = Network(roadmap, rear_clear_m, 1.0, margin_s=0.01)
        self.timetable = Timetable(self.network, vehicles)
        self.search = Search(self.timetable)
        self.now_s = 50.0
        self.nodes = sorted(roadmap.nodes)
        rests = [node_of(cell) for cell in parking(grid, sorted(grid.kinds))]
        self.ends = tuple(p for node in rests for p in self.network.ending_at(node))
        for vehicle in range(vehicles):
            passage = self.network.ending_at(rests[vehicle])[0]
            self.timetable.place_first(vehicle, np.array([passage], np.int32))

    def plan(self, vehicle: int, node: str) -> None:
        """Search both ways, through a node and to an end; take the fast one's."""
        rows = self.timetable.rows
        assert project(self.network.net, rows, self.now_s) == 0
        rows.wanted[:] = [self.random.random() < 0.2 for _ in rows.wanted]
        last = plain.roads(self.timetable)[vehicle][-1]
        leaves_s = float(rows.in_s[last] + self.network.net.drive_s[rows.passage[last]])
        depart_s, through = max(leaves_s, self.now_s), self.network.ending_at(node)
        way = self.search.best(vehicle, depart_s, self.ends, through)
        arrive_s = plain.arrival_s(self.timetable, vehicle, depart_s, self.ends, through)
        assert (way.arrive_s if way else np.inf) == pytest.approx(arrive_s)
        if way is None:
            return
        assert way.passages[way.through] in through
        assert way.passages[-1] in self.ends
        fresh = self.timetable.append(vehicle, way.passages, way.ahead)
        self.timetable.expect(vehicle, fresh, way.enter_s)
        self.compare_times()

    def compare_times(self) -> None:
        """No visit is later than was expected before."""
        expected_s = self.timetable.rows.in_s.copy()
        assert project(self.network.net, self.timetable.rows, self.now_s) == 0
        for road in plain.roads(self.timetable).values():
            for row in road:
                assert self.timetable.rows.in_s[row] <= expected_s[row] + 1e-3

    def drive(self, vehicle: int) -> None:
        rows = self.timetable.rows
        grant(self.network.net, rows, vehicle, 4.0)
        first = int(rows.first[vehicle])
        clears = int(rows.clear_row[first])
        if clears != NONE and rows.granted[clears]:
            self.now_s += self.random.uniform(0, 0.5)
            self.timetable.clear_first(vehicle, self.now_s)


@pytest.mark.parametrize("rear_clear_m", [0.0, 0.8], ids=["a cell at a time", "two while it moves"])
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_ways_through_a_node_are_those_of_the_plain_version(rear_clear_m: float, seed: int):
    fleet = Fleet(HALL, 4, rear_clear_m, seed)
    for _ in range(15):
        fleet.plan(fleet.random.randrange(4), fleet.random.choice(fleet.nodes))
        for _ in range(20):
            fleet.drive(fleet.random.randrange(4))


def on_road(grid: GridMap, **nodes: str) -> tuple[ThroughTraffic, tuple[int, ...]]:
    """Vehicles at rest, and all cells to end in."""
    roadmap = grid.roadmap()
    traffic = ThroughTraffic(roadmap, nodes, 1.5, Body(0.0, 1.0, 0.001))
    for vehicle, node in nodes.items():
        edge = next(edge for edge in roadmap.edges.values() if edge.end == node)
        traffic.stand(vehicle, (Visit(0, edge.zone, (edge.id,)),))
    return traffic, traffic.ending_at(roadmap.nodes)


def cells(traffic: ThroughTraffic, vehicle: str) -> list[str]:
    return [visit.zone for visit in traffic.road(vehicle)]


def test_what_is_planned_behind_a_goal_is_given_up_for_the_next():
    traffic, _ = on_road(free_map("......", "......"), v="c0.0")
    ends = traffic.ending_at(["c5.1"])
    first = traffic.go_through("v", "c2.0", ends, 0.0)
    assert first is not None
    assert traffic.who_stays("c5.1") == "v"
    second = traffic.go_through("v", "c2.1", traffic.ending_at(["c0.1"]), 0.0)
    assert second is not None
    assert (first.through, first.arrive, second.through, second.arrive) == (2, 2, 3, 5)
    assert cells(traffic, "v") == ["c0.0", "c1.0", "c2.0", "c2.1", "c1.1", "c0.1"]
    assert traffic.who_stays("c5.1") is None


def test_no_road_ends_where_another_wants_to_go_but_at_its_own_goal():
    traffic, ends = on_road(free_map("....", "...."), v="c0.0")
    traffic.want(["c1.0", "c2.0", "c3.0"])
    trip = traffic.go_through("v", "c1.0", ends, 0.0)
    assert trip is not None
    assert traffic.who_stays("c1.0") == "v"
    assert traffic.move_on("v", ends, 0.0)
    assert cells(traffic, "v")[-1] not in ("c1.0", "c2.0", "c3.0")


def test_where_no_way_leads_all_is_as_before():
    traffic, ends = on_road(one_way_town(8, 8), v="c0.0", other="c7.7")
    assert traffic.go_through("v", "c4.4", ends, 0.0) is not None
    before = cells(traffic, "v")
    assert traffic.go_through("v", "c7.7", ends, 0.0) is None
    assert cells(traffic, "v") == before


def test_a_better_way_is_taken_once_the_road_is_clear():
    grid = free_map(".....", ".@@@.", ".....", ".....")
    traffic, ends = on_road(grid, v="c0.0", other="c2.0")
    trip = traffic.go_through("v", "c4.0", ends, 0.0)
    assert trip is not None
    assert trip.through == 8
    assert traffic.hasten("v", ends, 0.5, 0.0) is None
    traffic.remove("other")
    hastened = traffic.hasten("v", ends, 0.5, 1.0)
    assert hastened is not None
    assert hastened.through == 4
