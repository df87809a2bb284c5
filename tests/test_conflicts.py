"""Vehicles that hold no zone in common do not touch; shown with positions of the plant's own."""

import math
from pathlib import Path
from random import Random
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.site.bundled import find_site
from actors.site.conflicts import conflicts, share_zones
from actors.site.expand import draw, expand
from actors.site.load import load_site
from actors.site.model import Point, Site
from actors.site.roadmap import Edge, Roadmap
from actors.site.swept_path import (
    Footprint,
    SweptPaths,
    WaysError,
    footprint,
    outline_of,
    zones_under,
)
from robotics.vehicle import along
from tests.site_files import DAY, DEMO, problems_of
from tests.test_site_layout import sites
from tests.test_site_survey import demo_on, survey_of_demo

BODY = Footprint(length_m=15.0, width_m=3.0, clearance_m=3.0)
CROSSING = {
    "west": (-40.0, 0.0), "east": (40.0, 0.0), "south": (0.0, -40.0), "north": (0.0, 40.0),
}  # fmt: skip


def mapped(nodes: dict[str, Point], *edges: tuple[str, ...]) -> Roadmap:
    """Straight edges (id, start, end, zone), the zone that of the id if none is given."""
    found = {}
    for name, start, end, *zone in edges:
        points = (nodes[start], nodes[end])
        found[name] = Edge(
            name, start, end, zone[0] if zone else name, "", 5.0, points, math.dist(*points)
        )
    return Roadmap(nodes, found, {}, ())


def zones_in_common(roadmap: Roadmap, a: str, b: str) -> set[str]:
    return set(roadmap.edges[a].zones) & set(roadmap.edges[b].zones)


# --- by chance: two bodies wherever the road allows them to be --------------------------------


class Stand:
    """A vehicle somewhere on the roadmap: what it holds, and its body as the plant shows it."""

    def __init__(self, roadmap: Roadmap, body: Footprint, random: Random) -> None:
        edges = list(roadmap.edges.values())
        self.way = [random.choice(edges)]
        self.at_m = random.random() * self.way[0].length_m
        behind_m = body.held_m - self.at_m
        self.whole = True
        while behind_m > 0:
            before = [
                edge
                for edge in edges
                if edge.end == self.way[0].start and turn_rad(edge, self.way[0]) < math.pi / 2 + 0.1
            ]
            if not before:
                self.whole = False  # the road begins here: a vehicle cannot have come from behind
                break
            self.way.insert(0, random.choice(before))
            behind_m -= self.way[0].length_m
        self.held = {zone for edge in self.way for zone in edge.zones}
        front, rear = self.point(0.0), self.point(body.length_m)
        self.body = outline_of(
            (front[0] + rear[0]) / 2,
            (front[1] + rear[1]) / 2,
            math.atan2(front[1] - rear[1], front[0] - rear[0]),
            body.length_m,
            body.width_m,
        )

    def point(self, behind_m: float) -> Point:
        """The point of the way so far behind the front."""
        left_m = behind_m - self.at_m
        if left_m <= 0:
            return along(self.way[-1], -left_m)
        for edge in reversed(self.way[:-1]):
            if left_m <= edge.length_m:
                return along(edge, edge.length_m - left_m)
            left_m -= edge.length_m
        return self.way[0].points[0]


def turn_rad(before: Edge, after: Edge) -> float:
    (x0, y0), (x1, y1) = before.points[-2:]
    (x2, y2), (x3, y3) = after.points[:2]
    turn = math.atan2(y3 - y2, x3 - x2) - math.atan2(y1 - y0, x1 - x0)
    return abs(math.remainder(turn, math.tau))


def collisions(roadmap: Roadmap, body: Footprint, seed: int, vehicles: int) -> list[str]:
    """Pairs of vehicles that touch although no zone is held by both, among so many by chance."""
    random = Random(seed)
    stands = [Stand(roadmap, body, random) for _ in range(vehicles)]
    stands = [stand for stand in stands if stand.whole]
    tree = shapely.STRtree([stand.body for stand in stands])
    bound = {edge: (way.lane, way.from_side) for way in roadmap.lane_ways for edge in way.edges}
    found = []
    meeting = tree.query([stand.body for stand in stands], predicate="intersects").T.tolist()
    for a, b in ((stands[i], stands[j]) for i, j in meeting if i < j):
        apart = a.held & b.held or against(roadmap, bound, a, b)
        if not apart and a.body.intersection(b.body).area > 1e-3:
            found.append(f"{[e.id for e in a.way]} and {[e.id for e in b.way]}")
    return found


def against(roadmap: Roadmap, bound: dict[str, tuple[str, str]], a: Stand, b: Stand) -> bool:
    """Whether they are bound for, or in, opposite directions of one lane."""
    ways = []
    for stand in (a, b):
        onward = [e.id for e in roadmap.edges.values() if e.start == stand.way[-1].end]
        named = [edge.id for edge in stand.way] + (onward if len(onward) == 1 else [])
        ways.append({bound[name] for name in named if name in bound})
    return any(x[0] == y[0] and x[1] != y[1] for x in ways[0] for y in ways[1])


@pytest.mark.parametrize("name", ["demo", "huu-nghi", "tan-thanh"])
def test_vehicles_of_bundled_sites_touch_nowhere_and_need_no_zones_in_common(name: str) -> None:
    site = load_site(find_site(name), DAY)
    roadmap = expand(site, DAY)
    assert collisions(roadmap, footprint(site), seed=1, vehicles=1_000) == []
    assert not any(edge.also for edge in roadmap.edges.values())


@given(sites(), st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_vehicles_that_hold_no_zone_in_common_touch_nowhere(site: Site, seed: int) -> None:
    assert collisions(expand(site, DAY), footprint(site), seed, vehicles=600) == []


def demo_without_zones() -> dict[str, Any]:
    survey = survey_of_demo()
    for edge in survey["edges"]:
        if not edge["lane"]:
            del edge["zone"]
    return survey


def cut_before_places(survey: dict[str, Any], stand_m: float) -> None:
    """Let vehicles in places stand on edges of that length, straight ones cut in two."""
    for edge in list(survey["edges"]):
        if edge["end"] in survey["places"]:
            a, b = survey["nodes"][edge["start"]], survey["nodes"][edge["end"]]
            share = 1 - stand_m / math.dist(a, b)
            node = f"{edge['id']}:cut"
            survey["nodes"][node] = [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])]
            survey["edges"].append({**edge, "id": f"{edge['id']}:before", "end": node})
            edge["start"] = node


def test_survey_without_zones_is_given_those_that_keep_vehicles_apart(tmp_path: Path) -> None:
    survey = demo_without_zones()
    cut_before_places(survey, stand_m=18.5)
    site = load_site(demo_on(tmp_path, survey), DAY)
    roadmap = expand(site, DAY)
    assert collisions(draw(site, DAY), footprint(site), seed=1, vehicles=1_000) != []
    assert collisions(roadmap, footprint(site), seed=1, vehicles=1_000) == []
    assert zones_in_common(roadmap, "VN-C1-P1:turn-in", "VN-C1-P2:turn-in")
    assert not zones_in_common(roadmap, "VN-C1-P1:stand", "VN-C1-P2:stand")
    assert not zones_in_common(roadmap, "VN-C1-P1:turn-in", "VN-C1-P1:turn-out")


def test_place_whose_edge_is_touched_by_others_under_way_is_told(tmp_path: Path) -> None:
    told = problems_of(demo_on(tmp_path, demo_without_zones()))
    assert told[0].startswith("site.yaml: roadmap.places.VN-C1-P1: given VN-C1-P1, in which a veh")
    assert "at rest cuts off VN-C1-P2, allowed: an edge to stand on that vehicles" in told[0]


def test_edges_drawn_many_times_over_are_told(tmp_path: Path) -> None:
    survey = survey_of_demo()
    for edge in list(survey["edges"]):
        if edge["id"].startswith("VN-collector"):
            survey["edges"] += [{**edge, "id": f"{edge['id']}~{n}"} for n in range(40)]
    (told,) = problems_of(demo_on(tmp_path, survey))
    assert "roadmap.edges: given more ways into VN-" in told


# --- a crossing, drawn by hand ----------------------------------------------------------------


def two_way_crossing() -> Roadmap:
    """Two streets, both ways, that cross in the open; each stretch 80 m, its ways 6 m apart."""
    nodes = {
        "we0": (-40.0, -3.0), "we1": (40.0, -3.0), "ew0": (40.0, 3.0), "ew1": (-40.0, 3.0),
        "sn0": (3.0, -40.0), "sn1": (3.0, 40.0), "ns0": (-3.0, 40.0), "ns1": (-3.0, -40.0),
    }  # fmt: skip
    return mapped(
        nodes, ("we", "we0", "we1"), ("ew", "ew0", "ew1"), ("sn", "sn0", "sn1"),
        ("ns", "ns0", "ns1"),
    )  # fmt: skip


def test_streets_that_cross_are_in_conflict_and_those_side_by_side_are_not() -> None:
    roadmap = two_way_crossing()
    found = conflicts(roadmap, SweptPaths(roadmap, BODY))
    assert found == {("we", "sn"), ("we", "ns"), ("ew", "sn"), ("ew", "ns")}


def test_streets_side_by_side_with_too_little_between_them_are_in_conflict() -> None:
    for apart_m, expected in ((3.2, {("a", "b")}), (3.4, set())):
        nodes = {
            "a0": (0.0, 0.0), "a1": (60.0, 0.0), "b0": (60.0, apart_m), "b1": (0.0, apart_m),
        }  # fmt: skip
        roadmap = mapped(nodes, ("a", "a0", "a1"), ("b", "b0", "b1"))
        assert conflicts(roadmap, SweptPaths(roadmap, BODY)) == expected


def meeting_in_the_middle() -> Roadmap:
    """Four streets into one node and four out of it, each edge with a zone of its own."""
    nodes = {**CROSSING, "middle": (0.0, 0.0)}
    edges = [(f"from-{name}", name, "middle") for name in CROSSING]
    edges += [(f"to-{name}", "middle", name) for name in CROSSING]
    return mapped(nodes, *edges)


def test_all_edges_into_a_crossing_share_one_zone() -> None:
    roadmap = share_zones(meeting_in_the_middle(), BODY)
    (shared,) = set.intersection(*(set(roadmap.edges[f"from-{name}"].also) for name in CROSSING))
    assert shared == "from-west+from-east"
    assert not any(shared in roadmap.edges[f"to-{name}"].also for name in CROSSING)


def test_vehicles_that_follow_each_other_are_in_no_conflict() -> None:
    nodes = {"n0": (0.0, 0.0), "n1": (40.0, 0.0), "n2": (80.0, 0.0)}
    roadmap = mapped(nodes, ("first", "n0", "n1"), ("second", "n1", "n2"))
    assert conflicts(roadmap, SweptPaths(roadmap, BODY)) == set()


def test_road_that_comes_back_beside_itself_is_in_conflict_with_itself() -> None:
    nodes = {
        "n0": (0.0, 0.0), "n1": (60.0, 0.0), "n2": (61.5, 1.5), "n3": (60.0, 3.0), "n4": (0.0, 3.0),
    }  # fmt: skip
    roadmap = mapped(
        nodes, ("out", "n0", "n1"), ("turn", "n1", "n2"), ("turn-on", "n2", "n3"),
        ("back", "n3", "n4"),
    )  # fmt: skip
    assert ("out", "back") in conflicts(roadmap, SweptPaths(roadmap, BODY))


def test_edge_conflicts_with_edges_of_another_zone_only() -> None:
    nodes = two_way_crossing().nodes
    roadmap = mapped(nodes, ("we", "we0", "we1", "x"), ("sn", "sn0", "sn1", "x"))
    assert share_zones(roadmap, BODY) == roadmap


def test_zones_in_common_have_names_of_their_own() -> None:
    nodes = two_way_crossing().nodes
    roadmap = share_zones(
        mapped(
            {**nodes, "far0": (0.0, 900.0), "far1": (9.0, 900.0)},
            ("we", "we0", "we1"), ("sn", "sn0", "sn1"), ("far", "far0", "far1", "we+sn"),
        ),
        BODY,
    )  # fmt: skip
    assert roadmap.edges["we"].also == ("we+sn:2",)


def test_edges_drawn_many_times_over_are_refused_by_name() -> None:
    nodes: dict[str, Point] = {f"n{i}": (float(i), 0.0) for i in range(40)}
    edges = [(f"e{i}.{k}", f"n{i}", f"n{i + 1}") for i in range(39) for k in range(3)]
    with pytest.raises(WaysError, match="end in e"):
        SweptPaths(mapped(nodes, *edges), BODY)


# --- what lies on the road --------------------------------------------------------------------


@given(
    st.floats(-180, -20), st.floats(-12, 70), st.floats(-4, 4), st.floats(0.5, 16),
    st.floats(0.5, 4), st.integers(0, 2**32),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_only_vehicles_in_the_zones_under_an_outline_touch_it(
    x_m: float, y_m: float, heading_rad: float, length_m: float, width_m: float, seed: int
) -> None:
    outline = outline_of(x_m, y_m, heading_rad, length_m, width_m)
    zones = set(zones_under(DEMO_ROADMAP, DEMO_SWEPT, outline))
    random = Random(seed)
    for _ in range(60):
        stand = Stand(DEMO_ROADMAP, DEMO_SWEPT.body, random)
        if stand.whole and not stand.held & zones:
            assert stand.body.intersection(outline).area <= 1e-3


def test_outline_beside_the_road_is_in_no_zone() -> None:
    assert zones_under(DEMO_ROADMAP, DEMO_SWEPT, outline_of(150.0, 300.0, 1.0, 15.0, 3.0)) == []


def test_outline_across_two_lanes_is_in_a_zone_of_each() -> None:
    a, b = (DEMO_ROADMAP.nodes[f"D{lane}:VN-CN:n003"] for lane in (1, 2))
    outline = outline_of(a[0] + 5, (a[1] + b[1]) / 2, math.pi / 2, 8.0, 3.0)
    assert zones_under(DEMO_ROADMAP, DEMO_SWEPT, outline) == ["D1-004", "D2-004"]


def test_vehicle_touches_only_zones_that_it_holds_on_a_straight_road() -> None:
    x, y = DEMO_ROADMAP.nodes["D1:VN-CN:n003"]
    assert zones_under(DEMO_ROADMAP, DEMO_SWEPT, outline_of(x + 20, y, 0.0, 15, 3)) == ["D1-004"]


DEMO_SITE = load_site(DEMO, DAY)
DEMO_ROADMAP = expand(DEMO_SITE, DAY)
DEMO_SWEPT = SweptPaths(DEMO_ROADMAP, footprint(DEMO_SITE))
