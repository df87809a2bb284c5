"""Ways over the roadmap: the fastest there are, and none through a place or a lane."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.fleet.routing import NoWayError, Router, drive_s
from actors.site.bundled import find_site
from actors.site.expand import expand
from actors.site.load import load_site
from actors.site.roadmap import Roadmap
from tests.gate import DAY, ROADMAP

HUU_NGHI = expand(load_site(find_site("huu-nghi"), DAY), DAY)
ROUTERS = {id(roadmap): Router(roadmap) for roadmap in (ROADMAP, HUU_NGHI)}


def best_s(roadmap: Roadmap, start: str, goal: str) -> float:
    """Bellman and Ford over all edges that may be driven."""
    places = {place.node for place in roadmap.places.values()} - {start}
    left = dict.fromkeys(roadmap.nodes, math.inf)
    left[start] = 0.0
    changed = True
    while changed:
        changed = False
        for edge in roadmap.edges.values():
            if edge.lane or edge.start in places:
                continue
            time_s = left[edge.start] + drive_s(edge)
            if time_s < left[edge.end] - 1e-9:
                left[edge.end] = time_s
                changed = True
    return left[goal]


@pytest.mark.parametrize("roadmap", [ROADMAP, HUU_NGHI], ids=["demo", "huu-nghi"])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_way_is_the_fastest_and_leads_through_no_place_nor_lane(
    roadmap: Roadmap, data: st.DataObject
):
    nodes = sorted(roadmap.nodes)
    start, goal = data.draw(st.sampled_from(nodes)), data.draw(st.sampled_from(nodes))
    router = ROUTERS[id(roadmap)]
    expected_s = best_s(roadmap, start, goal)
    assert router.time_s(start, goal) == pytest.approx(expected_s)
    if math.isinf(expected_s):
        with pytest.raises(NoWayError):
            router.way(start, goal)
        return
    way = router.way(start, goal)
    assert sum(drive_s(edge) for edge in way) == pytest.approx(expected_s)
    node = start
    places = {place.node for place in roadmap.places.values()}
    for edge in way:
        assert edge.start == node
        assert not edge.lane
        node = edge.end
        assert node == goal or node not in places
    assert node == goal
    assert router.way(start, goal) == way


@pytest.mark.parametrize("roadmap", [ROADMAP, HUU_NGHI], ids=["demo", "huu-nghi"])
def test_every_place_of_a_side_is_reached_from_every_other_and_from_the_lanes(roadmap: Roadmap):
    router = ROUTERS[id(roadmap)]
    for side in {place.side for place in roadmap.places.values()}:
        nodes = [place.node for place in roadmap.places.values() if place.side == side]
        ways = roadmap.lane_ways
        starts = [roadmap.edges[w.edges[-1]].end for w in ways if w.to_side == side]
        goals = [roadmap.edges[w.edges[0]].start for w in ways if w.from_side == side]
        for start in nodes + starts:
            for goal in nodes + goals:
                assert math.isfinite(router.time_s(start, goal)), (start, goal)


def test_sides_are_joined_by_lanes_alone():
    router = ROUTERS[id(ROADMAP)]
    assert math.isinf(router.time_s("VN-P01", "CN-P01"))
    assert math.isinf(router.time_s("CN-P01", "VN-P01"))
