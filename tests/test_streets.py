"""Traffic on street grids with late and stalled vehicles, judged by an account of its own."""

import pytest
import rustworkx as rx
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.streets import streets, streets_beside
from sim.traffic_run import TrafficRun, Trouble, drawn_homes
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


@settings(max_examples=10, deadline=None)
@given(size=even, lanes=st.integers(0, 2), seed=st.integers(0, 10_000), reroute=st.booleans())
def test_no_zone_is_shared_and_all_trips_end_whatever_fails_is_blocked_or_reversed(
    size: int, lanes: int, seed: int, reroute: bool
):
    lay_bys = size * size
    roadmap = (
        streets_beside(size, size, lay_bys, lanes, seed)
        if lanes
        else streets(size, size, lay_bys, seed)
    )
    homes = drawn_homes(roadmap, len(roadmap.places) * 2 // 3, seed)
    trouble = Trouble(failure_s=300, block_s=300, reversal_s=900)
    run = TrafficRun(roadmap, homes, seed, reroute=reroute, trouble=trouble)
    run.run(7200, grants=2000)
    run.end()
    account = run.account
    assert (account.overlaps, account.circles, account.stalls) == (0, 0, 0)
    assert account.trips > 0


def test_the_judge_knows_a_circle_when_it_sees_one():
    roads = {"a": [1, 2], "b": [1, 2]}
    head_on = [[("a", 1), ("b", 2)], [("b", 1), ("a", 2)]]
    assert circular(roads, head_on)
    assert not circular(roads, [[("a", 1), ("b", 2)], [("a", 2), ("b", 1)]])
