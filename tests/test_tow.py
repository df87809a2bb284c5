"""Zones in which a dead vehicle has to be towed are found, with what it cuts off."""

import math
from itertools import product

import pytest
from hypothesis import given, settings

from actors.site.bundled import find_site
from actors.site.expand import expand
from actors.site.load import load_site
from actors.site.model import Point, Site
from actors.site.roadmap import Edge, Place, Roadmap
from actors.site.tow import refuge_cases, tow_cases
from tests.site_files import DAY
from tests.test_site_layout import sites


def mapped(places: list[str], *edges: str, also: dict[str, str] | None = None) -> Roadmap:
    """Edges as `a>b`, each a zone of its own; places are nodes that vehicles stop at."""
    nodes: dict[str, Point] = {}
    found = {}
    for name in edges:
        start, end = name.split(">")
        for node in (start, end):
            nodes.setdefault(node, (20.0 * len(nodes), 0.0))
        points = (nodes[start], nodes[end])
        shared = ((also or {})[name],) if also and name in also else ()
        found[name] = Edge(name, start, end, name, "", 5.0, points, math.dist(*points), shared)
    stops = {place: Place(place, "parking", "VN", place, "") for place in places}
    return Roadmap(nodes, found, stops, ())


RING = ("a>b", "b>c", "c>a", "a>P", "P>b", "b>Q", "Q>c", "c>R", "R>a")
"""A ring a, b, c with a place beside each side."""


def cut_off(roadmap: Roadmap) -> dict[str, tuple[str, ...]]:
    return {case.zone: case.cut_off for case in tow_cases(roadmap)}


def test_every_edge_of_a_ring_is_a_tow_case() -> None:
    cases = cut_off(mapped(["P", "Q", "R"], *RING))
    assert {"a>b", "b>c", "c>a"} <= cases.keys()


def test_edge_with_another_way_round_it_is_none() -> None:
    cases = cut_off(mapped(["P", "Q", "R"], *RING, "a>n", "n>b"))
    assert "a>b" not in cases
    assert "b>c" in cases


def test_edge_by_which_alone_a_place_is_left_cuts_off_that_place() -> None:
    assert cut_off(mapped(["P", "Q", "R"], *RING))["P>b"] == ("P",)


def test_dead_vehicle_takes_the_zones_in_common_with_it() -> None:
    roads = (*RING, "a>n", "n>b")
    assert "a>b" not in cut_off(mapped(["P", "Q", "R"], *roads))
    assert "a>b" in cut_off(mapped(["P", "Q", "R"], *roads, also={"a>b": "x", "a>n": "x"}))


def test_place_beside_the_ring_may_be_rested_in() -> None:
    assert refuge_cases(mapped(["P", "Q", "R"], *RING)) == {}


def test_place_whose_edge_shares_a_zone_with_the_way_of_others_may_not_be_rested_in() -> None:
    roadmap = mapped(["P", "Q", "R"], *RING, also={"a>P": "x", "a>b": "x"})
    assert refuge_cases(roadmap).keys() == {"P"}


def reaches(roadmap: Roadmap, start: str, zone: str) -> set[str]:
    """Nodes reached from a node with a zone taken out, by plain search."""
    stops = {place.node for place in roadmap.places.values()}
    found: set[str] = set()
    rest = [start]
    while rest:
        node = rest.pop()
        if node in stops and node != start:
            continue
        for edge in roadmap.edges.values():
            if edge.start == node and edge.end not in found and not edge.lane and edge.zone != zone:
                found.add(edge.end)
                rest.append(edge.end)
    return found


@given(sites())
@settings(max_examples=5, deadline=None)
def test_what_is_cut_off_is_what_a_plain_search_does_not_find(site: Site) -> None:
    roadmap = expand(site, DAY)
    zones = sorted({edge.zone for edge in roadmap.edges.values() if not edge.lane})
    for zone in zones[:: max(1, len(zones) // 6)]:
        cases = {case.side: case for case in tow_cases(roadmap, [zone])}
        for side in site.sides:
            stops = [p for p in roadmap.places.values() if p.side == side]
            stops = [p for p in stops if roadmap.standing_edge(p.id).zone != zone]
            found = {p.id: reaches(roadmap, p.node, zone) for p in stops}
            gone = set(cases[side].cut_off) if side in cases else set()
            left = [p for p in stops if p.id not in gone]
            for a, b in product(left, left):
                assert a is b or b.node in found[a.id], (zone, a.id, b.id)
            if not gone:
                assert all(p.node in found[q.id] for p in stops for q in stops if p is not q)


@pytest.mark.parametrize("name", ["demo", "huu-nghi", "tan-thanh"])
def test_every_place_of_bundled_sites_can_be_rested_in(name: str) -> None:
    assert refuge_cases(expand(load_site(find_site(name), DAY), DAY)) == {}


@given(sites())
@settings(max_examples=5, deadline=None)
def test_every_place_of_any_layout_can_be_rested_in(site: Site) -> None:
    assert refuge_cases(expand(site, DAY)) == {}


def test_vehicle_dead_on_the_feeder_cuts_off_what_lies_behind_it() -> None:
    roadmap = expand(load_site(find_site("demo"), DAY), DAY)
    (case,) = tow_cases(roadmap, ["VN-feeder-04"])
    assert {"VN-P01", "VN-P04"} <= set(case.cut_off)
    assert not {"VN-C1-P1", "VN-C2-D2"} & set(case.cut_off)


def test_vehicle_dead_in_a_lane_cuts_off_no_other() -> None:
    roadmap = expand(load_site(find_site("demo"), DAY), DAY)
    assert tow_cases(roadmap, ["D1-001", "D1-004", "VN-C1-P1"]) == []
