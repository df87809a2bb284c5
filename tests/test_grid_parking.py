"""Vehicles that rest in the cells chosen for it are in nobody's way."""

from random import Random

import rustworkx as rx
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.grid_map import Cell, GridMap
from sim.grid_parking import Ways, parking
from tests.grids import free_map, one_way_town


def connected(cells: set[Cell], moves: list[tuple[Cell, Cell]]) -> bool:
    graph: rx.PyDiGraph[Cell, None] = rx.PyDiGraph()
    node = {cell: graph.add_node(cell) for cell in cells}
    graph.add_edges_from_no_data([(node[a], node[b]) for a, b in moves if {a, b} <= cells])
    return rx.is_strongly_connected(graph)


def judge(grid: GridMap, rests: list[Cell]) -> None:
    roads = Ways(grid).connected() - set(rests)
    assert connected(roads, list(grid.moves))
    for rest in rests:
        assert any(start in roads and end == rest for start, end in grid.moves)
        assert any(start == rest and end in roads for start, end in grid.moves)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_without_all_that_rest_every_cell_still_leads_to_every_other(seed: int):
    random = Random(seed)
    rows = ["".join(random.choices(".@", (4, 1), k=8)) for _ in range(8)]
    grid = free_map(*rows, "........")
    candidates = sorted(grid.kinds)
    random.shuffle(candidates)
    rests = parking(grid, candidates)
    assert rests
    judge(grid, rests)


def test_one_way_streets_have_room_to_rest():
    grid = one_way_town(8, 8)
    rests = parking(grid, sorted(grid.kinds))
    assert len(rests) >= 8
    judge(grid, rests)


def test_nobody_rests_in_an_alley_or_where_nobody_gets():
    grid = free_map("...", "@.@", "@.@", "...", "@@@", "...")
    rests = parking(grid, sorted(grid.kinds))
    assert rests == [(0, 0), (0, 3), (2, 0), (2, 3)]
    judge(grid, rests)
