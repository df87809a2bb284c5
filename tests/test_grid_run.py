"""On grid maps vehicles take one cell a step, get to all their goals, in nobody's way."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.fleet.routing import Router
from sim.grid_goals import (
    DrawnGoals,
    Endpoints,
    Goals,
    SortingGoals,
    Task,
    TaskGoals,
    drawn_tasks,
    read_endpoints,
)
from sim.grid_map import Cell, GridMap, GridMapError, node_of
from sim.grid_parking import parking
from sim.grid_run import GridRun, drawn_starts
from tests.grids import free_map, one_way_town

HALL = free_map("........", ".@@..@@.", "........", ".@@..@@.", "........", "........")
TOWN = one_way_town(8, 8)


class Told:
    """Goals told beforehand; what was reached is kept."""

    def __init__(self, **goals: list[str]) -> None:
        self._left = goals
        self._given: dict[str, list[str]] = {vehicle: [] for vehicle in goals}
        self.got: list[tuple[str, str]] = []

    @property
    def done(self) -> bool:
        return not any(self._left.values()) and not any(self._given.values())

    def give(self, due: dict[str, str], step: int) -> dict[str, str]:
        goals = {vehicle: self._left[vehicle].pop(0) for vehicle in due if self._left[vehicle]}
        for vehicle, goal in goals.items():
            self._given[vehicle].append(goal)
        return goals

    def reached(self, vehicle: str) -> None:
        self.got.append((vehicle, self._given[vehicle].pop(0)))


def set_out(grid: GridMap, rests: list[Cell], starts: dict[str, str], goals: Goals) -> GridRun:
    return GridRun(grid.roadmap(), starts, [node_of(cell) for cell in rests], goals)


def judged(run: GridRun, grid: GridMap, goals: Goals, steps: int) -> None:
    """Run by single steps; look at nothing but where vehicles are."""
    moves = {(node_of(start), node_of(end)) for start, end in grid.moves}
    before = {name: vehicle.node for name, vehicle in run.vehicles.items()}
    for _ in range(steps):
        if goals.done:
            break
        run.step()
        at = {name: vehicle.node for name, vehicle in run.vehicles.items()}
        assert len(set(at.values())) == len(at), "two vehicles in one cell"
        moved = {name: (before[name], at[name]) for name in at if before[name] != at[name]}
        assert set(moved.values()) <= moves
        assert not any((end, start) in moved.values() for start, end in moved.values())
        before = at
    run.run(0)
    account = run.account
    assert (account.overlaps, account.circles, account.standstills) == (0, 0, 0)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_as_many_vehicles_as_there_is_room_for_get_to_all_their_goals(seed: int):
    rests = parking(HALL, sorted(HALL.kinds))
    starts = drawn_starts(rests, len(rests) - 1, seed)
    random, nodes = Random(seed), [node_of(cell) for cell in HALL.kinds]
    goals = Told(**{vehicle: random.choices(nodes, k=6) for vehicle in starts})
    run = set_out(HALL, rests, starts, goals)
    judged(run, HALL, goals, 800)
    assert goals.done
    assert run.account.goals == 6 * len(starts)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_load_of_a_sorting_centre_flows_in_one_way_streets(seed: int):
    rests = parking(TOWN, sorted(TOWN.kinds))
    starts = drawn_starts(rests, len(rests) - 1, seed)
    goals = SortingGoals(TOWN, Router(TOWN.roadmap()), list(starts), seed)
    run = set_out(TOWN, rests, starts, goals)
    judged(run, TOWN, goals, 200)
    assert run.account.goals > 100


def test_a_vehicle_enters_the_cell_that_one_leaves_in_the_same_step():
    grid = free_map("..........", "..........")
    starts = {"first": "c2.0", "second": "c1.0", "third": "c0.0"}
    rests = [(x, 0) for x in range(10)]
    goals = Told(first=["c9.0"], second=["c8.0"], third=["c7.0"])
    run = set_out(grid, rests, starts, goals)
    run.run(100)
    assert goals.done
    assert run.account.steps == 7


def test_who_is_told_its_next_goal_in_time_does_not_stop_at_the_first():
    grid = free_map("..........", "..........")
    goals = Told(v=["c4.0", "c9.0"])
    run = set_out(grid, [(x, 1) for x in range(10)], {"v": "c0.1"}, goals)
    run.run(100)
    assert goals.got == [("v", "c4.0"), ("v", "c9.0")]
    assert run.account.steps == 10


def test_two_that_rest_where_the_other_is_to_go_change_places():
    grid = free_map("....", "....")
    goals = Told(a=["c3.0"], b=["c0.0"])
    run = set_out(grid, [(0, 0), (2, 0), (3, 0)], {"a": "c0.0", "b": "c3.0"}, goals)
    judged(run, grid, goals, 50)
    assert goals.done
    assert run.account.moved_on >= 1


def test_a_goal_where_the_vehicle_is_needs_no_move():
    grid = free_map("....", "....")
    goals = Told(v=["c0.0", "c2.0", "c2.0"])
    run = set_out(grid, [(0, 0), (2, 0)], {"v": "c0.0"}, goals)
    run.run(50)
    assert goals.got == [("v", "c0.0"), ("v", "c2.0"), ("v", "c2.0")]
    assert run.account.moves == 2


def test_every_task_is_delivered_and_one_more_is_known_each_step():
    cells = parking(HALL, sorted(HALL.kinds))
    stations = Endpoints(cells, cells, [])
    starts = drawn_starts(cells, 8, 1)
    goals = TaskGoals(drawn_tasks(stations, 60, 1), Router(HALL.roadmap()))
    run = set_out(HALL, cells, starts, goals)
    judged(run, HALL, goals, 2000)
    assert goals.done
    assert run.account.goals == 120
    assert run.account.steps > 60


def test_a_task_goes_to_the_nearest_and_its_delivery_follows_its_pickup():
    router = Router(free_map("........", "........").roadmap())
    goals = TaskGoals([Task("c5.0", "c0.0"), Task("c1.0", "c7.0")], router)
    assert goals.give({"near": "c6.0", "far": "c0.1"}, 0) == {"near": "c5.0"}
    assert goals.give({"near": "c5.0", "far": "c0.1"}, 1) == {"near": "c0.0", "far": "c1.0"}
    for vehicle in ("near", "far", "near"):
        goals.reached(vehicle)
    assert not goals.done
    assert goals.give({"far": "c1.0"}, 2) == {"far": "c7.0"}
    goals.reached("far")
    assert goals.done


def test_an_induct_station_to_which_others_go_is_farther_away():
    kinds = {(x, y): "Travel" for x in range(12) for y in range(2)}
    kinds |= {(0, 0): "Induct", (11, 0): "Induct", (5, 0): "Eject"}
    grid = GridMap(kinds, free_map("." * 12, "." * 12).moves)
    goals = SortingGoals(grid, Router(grid.roadmap()), ["a", "b", "c"], seed=1)
    due = {"a": "c4.0", "b": "c4.0", "c": "c4.0"}
    assert goals.give(due, 0) == {"a": "c0.0", "b": "c5.0", "c": "c11.0"}
    goals.reached("a")
    assert goals.give({"a": "c0.0", "b": "c5.0"}, 1) == {"a": "c5.0", "b": "c0.0"}


def test_drawn_goals_are_those_of_the_seed():
    due = {"a": "c0.0", "b": "c1.0"}
    given_once = DrawnGoals(["c0.0", "c1.0", "c2.0"], 4).give(due, 0)
    assert DrawnGoals(["c0.0", "c1.0", "c2.0"], 4).give(due, 0) == given_once


def test_endpoints_are_read_beside_their_map():
    found = read_endpoints("p.s\n@ed\n", free_map("...", "@.."))
    assert found == Endpoints([(0, 0), (2, 0)], [(2, 0), (2, 1)], [(1, 1)])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("s.x\n", "line 1: given x, allowed: one of p d e s a"),
        ("s..\ns..\n", "line 2: given s where the map is not free"),
        ("p..\n", "none for delivery"),
    ],
)
def test_malformed_endpoints_are_refused_with_line_and_reason(text: str, told: str):
    with pytest.raises(GridMapError, match=told):
        read_endpoints(text, free_map("...", "@.."))
