"""The roadmap laid out from parameters: joined up, roomy, and free of hidden conflicts."""

import datetime
import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from actors.site.bundled import find_site
from actors.site.check import site_problems
from actors.site.devices import devices, yard_places
from actors.site.expand import expand
from actors.site.load import load_site
from actors.site.model import Site
from actors.site.roadmap import Edge, Roadmap
from tests.site_files import DAY, DEMO

TOLERANCE_M = 0.01


def bundled(name: str) -> Site:
    return load_site(find_site(name), DAY)


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """Sites of any size that pass the checks."""
    raw: dict[str, Any] = yaml.safe_load(DEMO.read_text("utf-8"))
    count = draw(st.integers(2, 16))
    raw["road"]["lanes"] = [
        {
            "id": f"L{i}",
            "direction": "VN-CN" if i < count / 2 else "CN-VN",
            "from": draw(st.sampled_from(["2024-01-01", "2030-01-01"])) if i % 2 else "2024-01-01",
        }
        for i in range(count)
    ]
    raw["road"]["lanes"][-1]["from"] = "2024-01-01"
    vehicles = raw["vehicles"]
    vehicles["count"] = 2
    vehicles["length_m"] = draw(st.floats(6.1, 20))
    raw["arrivals"]["size_types"] = {"22G1": 1.0}
    vehicles["clearance_m"] = draw(st.floats(0.5, 6))
    vehicles["turn_radius_m"] = draw(st.floats(4, 25))
    room = vehicles["length_m"] + vehicles["clearance_m"]
    raw["road"]["lane_zone_m"] = max(20.0, room) + draw(st.floats(0, 60))
    raw["road"]["length_m"] = room + 2 * vehicles["turn_radius_m"] + draw(st.floats(1, 900))
    raw["road"]["border_m"] = raw["road"]["length_m"] / 2
    for yard in raw["yards"]:
        yard["cranes"]["count"] = draw(st.integers(1, 6))
        yard["cranes"]["pickup_bays"] = draw(st.integers(1, 4))
        yard["cranes"]["dropoff_bays"] = draw(st.integers(1, 4))
        yard["booths"]["outbound"] = draw(st.integers(1, 5))
        yard["booths"]["inbound"] = draw(st.integers(0, 5))
        yard["parking"] = draw(st.integers(1, 12))
        yard["chargers"] = draw(st.integers(0, 6))
    return msgspec.convert(raw, Site)


def successors(roadmap: Roadmap) -> dict[str, list[Edge]]:
    found = defaultdict(list)
    for edge in roadmap.edges.values():
        found[edge.start].append(edge)
    return found


def reached(roadmap: Roadmap, start: str, *, lanes: bool) -> set[str]:
    """Nodes on routes from `start`; none leads through a place, nor over a lane unless `lanes`."""
    stops = {place.node for place in roadmap.places.values()}
    after = successors(roadmap)
    found, rest = {start}, [start]
    while rest:
        node = rest.pop()
        if node in stops and node != start:
            continue
        for edge in after[node]:
            if edge.end not in found and (lanes or not edge.lane):
                found.add(edge.end)
                rest.append(edge.end)
    return found


def passages(roadmap: Roadmap) -> Iterator[tuple[Edge | None, list[Edge], Edge]]:
    """Each way through a zone that a route can take: the edge before, those in it, the next one."""
    stops = {place.node for place in roadmap.places.values()}
    after = successors(roadmap)

    def through(edges: list[Edge]) -> Iterator[tuple[list[Edge], Edge]]:
        if edges[-1].end in stops:
            return
        for edge in after[edges[-1].end]:
            if edge.zone == edges[0].zone:
                assert edge not in edges, "a circle within one zone"
                yield from through([*edges, edge])
            else:
                yield edges, edge

    for edge in roadmap.edges.values():
        if edge.end in stops:
            continue
        for first in after[edge.end]:
            if first.zone != edge.zone:
                for edges, following in through([first]):
                    yield edge, edges, following


@given(sites())
@settings(max_examples=25, deadline=None)
def test_any_site_is_laid_out_without_a_problem(site: Site) -> None:
    assert site_problems(site, "drawn.yaml", DAY) == []


def test_the_longest_vehicle_on_the_tightest_curve_is_in_nobodys_way_at_rest() -> None:
    raw: dict[str, Any] = yaml.safe_load(DEMO.read_text("utf-8"))
    raw["vehicles"] |= {"count": 2, "length_m": 20.0, "turn_radius_m": 4.0}
    assert site_problems(msgspec.convert(raw, Site), "drawn.yaml", DAY) == []


@given(sites())
@settings(max_examples=15, deadline=None)
def test_edges_join_their_nodes_and_measure_their_points(site: Site) -> None:
    roadmap = expand(site, DAY)
    for key, edge in roadmap.edges.items():
        assert key == edge.id
        assert edge.points[0] == roadmap.nodes[edge.start]
        assert edge.points[-1] == roadmap.nodes[edge.end]
        drawn = sum(math.dist(a, b) for a, b in pairwise(edge.points))
        assert 0 < drawn <= edge.length_m + TOLERANCE_M
        assert edge.length_m <= 1.01 * drawn + TOLERANCE_M


@given(sites())
@settings(max_examples=10, deadline=None)
def test_every_stop_of_a_side_is_reached_from_every_other(site: Site) -> None:
    roadmap = expand(site, DAY)
    for side in site.sides:
        stops = {p.node for p in roadmap.places.values() if p.side == side}
        ways = [way for way in roadmap.lane_ways if side in (way.from_side, way.to_side)]
        out = {roadmap.edges[w.edges[0]].start for w in ways if w.from_side == side}
        back = {roadmap.edges[w.edges[-1]].end for w in ways if w.to_side == side}
        for start in stops | back:
            assert stops | out <= reached(roadmap, start, lanes=False)


@given(sites())
@settings(max_examples=15, deadline=None)
def test_vehicle_fits_where_it_stands_and_in_every_zone_it_passes(site: Site) -> None:
    roadmap = expand(site, DAY)
    room = site.vehicles.length_m + site.vehicles.clearance_m - TOLERANCE_M
    for place in roadmap.places:
        assert roadmap.standing_edge(place).length_m >= room
        assert roadmap.standing_edge(place).zone == place
    for _, edges, _ in passages(roadmap):
        if edges[0].start not in roadmap.places:
            assert sum(edge.length_m for edge in edges) >= room, [edge.id for edge in edges]


@given(sites())
@settings(max_examples=15, deadline=None)
def test_no_route_comes_back_to_the_zone_it_just_left(site: Site) -> None:
    for before, edges, following in passages(expand(site, DAY)):
        assert before is not None
        assert before.zone != following.zone, (before.id, edges[0].id, following.id)


@given(sites())
@settings(max_examples=15, deadline=None)
def test_lane_has_the_same_zones_both_ways(site: Site) -> None:
    roadmap = expand(site, DAY)
    west, east = site.sides
    for lane in {way.lane for way in roadmap.lane_ways}:
        there, back = roadmap.way(lane, west), roadmap.way(lane, east)
        zones = [roadmap.edges[edge].zone for edge in there.edges]
        assert zones == [roadmap.edges[edge].zone for edge in back.edges][::-1]
        assert len(set(zones)) == len(zones)
        for way in (there, back):
            edges = [roadmap.edges[edge] for edge in way.edges]
            assert all(a.end == b.start for a, b in pairwise(edges))
            assert all(edge.lane == lane for edge in edges)


def conflicts(roadmap: Roadmap, apart_m: float, step_m: float) -> set[tuple[str, str]]:
    """Zones that come nearer than `apart_m` elsewhere than where they touch end to end."""
    points, zones = [], []
    nodes_of: dict[str, set[tuple[float, float]]] = defaultdict(set)
    for edge in roadmap.edges.values():
        nodes_of[edge.zone] |= {roadmap.nodes[edge.start], roadmap.nodes[edge.end]}
        for a, b in pairwise(edge.points):
            for i in range(pieces := max(1, round(math.dist(a, b) / step_m))):
                share = i / pieces
                points.append((a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))
                zones.append(edge.zone)
    found = set()
    for i, j in cKDTree(np.array(points)).query_pairs(apart_m):
        if zones[i] == zones[j]:
            continue
        touching = nodes_of[zones[i]] & nodes_of[zones[j]]
        if not any(
            min(math.dist(points[i], node), math.dist(points[j], node)) <= apart_m
            for node in touching
        ):
            found.add((zones[i], zones[j]))
    return found


@given(sites())
@settings(max_examples=8, deadline=None)
def test_zones_leave_room_for_the_width_of_vehicles(site: Site) -> None:
    assert conflicts(expand(site, DAY), site.vehicles.width_m - 0.2, 1.0) == set()


@pytest.mark.parametrize("name", ["demo", "huu-nghi", "tan-thanh"])
def test_zones_of_bundled_site_leave_room_for_the_width_of_vehicles(name: str) -> None:
    site = bundled(name)
    assert conflicts(expand(site, DAY), site.vehicles.width_m - 0.2, 1.4) == set()


@pytest.mark.parametrize("name", ["demo", "huu-nghi", "tan-thanh"])
def test_every_place_of_bundled_site_is_on_its_roadmap(name: str) -> None:
    site = bundled(name)
    named = {place.id: place for yard in site.yards for place in yard_places(yard)}
    placed = expand(site, DAY).places
    assert placed.keys() == named.keys()
    for key, place in placed.items():
        assert (place.kind, place.side) == (named[key].kind, named[key].side)
        assert place.station == named[key].station


def test_huu_nghi_has_about_150_devices() -> None:
    found = devices(bundled("huu-nghi"), DAY)
    assert 140 <= len(found) <= 160
    assert len({device.id for device in found}) == len(found)
    homes = [device.home for device in found if device.kind == "vehicle"]
    assert len(set(homes)) == len(homes) == 117


def test_lane_without_date_of_use_has_no_way() -> None:
    site = bundled("huu-nghi")
    before = {way.lane for way in expand(site, datetime.date(2026, 6, 30)).lane_ways}
    after = {way.lane for way in expand(site, datetime.date(2026, 7, 1)).lane_ways}
    assert (len(before), len(after)) == (6, 8)


def test_nodes_that_stay_keep_their_position_when_lanes_are_added() -> None:
    site = bundled("huu-nghi")
    before = expand(site, datetime.date(2026, 6, 30))
    after = expand(site, DAY)
    for place in before.places.values():
        assert before.nodes[place.node] == after.nodes[after.places[place.id].node]


def test_same_site_gives_the_same_roadmap() -> None:
    site = bundled("demo")
    assert msgspec.json.encode(expand(site, DAY)) == msgspec.json.encode(expand(site, DAY))


def test_sides_lie_west_and_east_in_their_order() -> None:
    site = bundled("demo")
    roadmap = expand(site, DAY)
    for place in roadmap.places.values():
        x, _ = roadmap.nodes[place.node]
        assert (x < 0) if place.side == "VN" else (x > site.road.length_m)


def test_bends_to_booths_are_no_tighter_and_no_faster_than_vehicles_turn() -> None:
    site = bundled("huu-nghi")
    yard, radius = site.yards[0], site.vehicles.turn_radius_m
    booths = [edge for key, edge in expand(site, DAY).edges.items() if key.startswith("VN-X")]
    bends = [edge for edge in booths if edge.id.endswith(("turn-in", "turn-out"))]
    assert len(bends) == 2 * (yard.booths.outbound + yard.booths.inbound)
    sideways_max = yard.curve_speed_mps**2 / radius
    for edge in bends:
        dx, dy = (abs(a - b) for a, b in zip(edge.points[0], edge.points[-1], strict=True))
        bend_radius = (dx * dx + dy * dy) / (4 * dy)
        assert bend_radius >= radius
        assert edge.speed_mps <= yard.aisle_speed_mps
        assert edge.speed_mps**2 / bend_radius <= sideways_max * 1.001
