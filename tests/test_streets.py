"""Traffic on street grids with late and stalled vehicles, judged by an account of its own."""

import pytest
import rustworkx as rx
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.streets import streets
from sim.traffic_run import TrafficRun
from sim.waits import circular

even = st.sampled_from((2, 4, 6, 8))


@settings(max_examples=20, deadline=None)
@given(columns=even, rows=even, seed=st.integers(0, 1000))
def test_every_crossing_of_a_grid_can_be_reached(columns: int, rows: int, seed: int):
    roadmap = streets(columns, rows, 4, seed)
    graph: rx.PyDiGraph[str, None] = rx.PyDiGraph()
    node = {name: graph.add_node(name) for name in roadmap.nodes}
    for edge in roadmap.edges.values():
        graph.add_edge(node[edge.start], node[edge.end], None)
    assert rx.is_strongly_connected(graph)


def test_odd_grids_and_too_many_lay_bys_are_refused():
    with pytest.raises(ValueError, match="even numbers"):
        streets(3, 4, 2, 1)
    with pytest.raises(ValueError, match="at most"):
        streets(2, 2, 99, 1)


@settings(max_examples=15, deadline=None)
@given(columns=even, rows=even, seed=st.integers(0, 10_000), replan=st.booleans())
def test_no_zone_is_shared_and_traffic_never_stops(
    columns: int, rows: int, seed: int, replan: bool
):
    lay_bys = columns * rows
    run = TrafficRun(streets(columns, rows, lay_bys, seed), lay_bys * 3 // 4, seed, replan=replan)
    run.run(7200, grants=3000)
    account = run.account
    assert (account.overlaps, account.circles, account.stalls) == (0, 0, 0)
    assert account.trips > 0


def test_the_judge_knows_a_circle_when_it_sees_one():
    roads = {"a": [1, 2], "b": [1, 2]}
    head_on = [[("a", 1), ("b", 2)], [("b", 1), ("a", 2)]]
    assert circular(roads, head_on)
    assert not circular(roads, [[("a", 1), ("b", 2)], [("a", 2), ("b", 1)]])
