"""A surveyed roadmap takes the place of the layout, and is checked for what a survey gets wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.site.expand import expand
from actors.site.load import load_site
from tests.site_files import DAY, DEMO, demo_with, problems_of

Survey = dict[str, Any]


def survey_of_demo() -> Survey:
    """The layout of the demo, as if it had been surveyed."""
    roadmap = expand(load_site(DEMO, DAY), DAY)
    return {
        "nodes": {node: list(at) for node, at in roadmap.nodes.items()},
        "edges": [
            {
                "id": edge.id,
                "start": edge.start,
                "end": edge.end,
                "speed_mps": edge.speed_mps,
                "zone": edge.zone,
                "lane": edge.lane,
                "via": [list(point) for point in edge.points[1:-1]],
            }
            for edge in roadmap.edges.values()
        ],
        "places": {place.id: place.node for place in roadmap.places.values()},
    }


def demo_on(tmp_path: Path, survey: Survey) -> Path:
    return demo_with(tmp_path, roadmap=survey)


def edge_of(survey: Survey, name: str) -> dict[str, Any]:
    return next(edge for edge in survey["edges"] if edge["id"] == name)


def test_surveyed_roadmap_is_taken_as_it_is(tmp_path: Path) -> None:
    laid_out = expand(load_site(DEMO, DAY), DAY)
    surveyed = expand(load_site(demo_on(tmp_path, survey_of_demo()), DAY), DAY)
    assert surveyed.nodes == laid_out.nodes
    assert surveyed.places == laid_out.places
    assert set(surveyed.lane_ways) == set(laid_out.lane_ways)
    for key, edge in laid_out.edges.items():
        assert surveyed.edges[key].points == edge.points
        assert surveyed.edges[key].zone == edge.zone
        assert surveyed.edges[key].length_m == pytest.approx(edge.length_m, rel=0.01)


def test_edge_without_zone_is_its_own(tmp_path: Path) -> None:
    survey = survey_of_demo()
    del edge_of(survey, "VN-connector-1:1")["zone"]
    site = load_site(demo_on(tmp_path, survey), DAY)
    assert expand(site, DAY).edges["VN-connector-1:1"].zone == "VN-connector-1:1"


def unknown_node(survey: Survey) -> None:
    survey["edges"][0]["end"] = "nowhere"


def unknown_lane(survey: Survey) -> None:
    survey["edges"][0]["lane"] = "D9"


def edge_twice(survey: Survey) -> None:
    survey["edges"].append(dict(survey["edges"][0]))


def edge_to_itself(survey: Survey) -> None:
    survey["edges"][0]["end"] = survey["edges"][0]["start"]


def place_missing(survey: Survey) -> None:
    del survey["places"]["VN-C1-P1"]


def place_too_many(survey: Survey) -> None:
    survey["places"]["VN-C9-P1"] = "VN-C1-P1"


def place_nowhere(survey: Survey) -> None:
    survey["places"]["VN-C1-P1"] = "nowhere"


def two_places_on_a_node(survey: Survey) -> None:
    survey["places"]["VN-C1-P1"] = survey["places"]["VN-C1-P2"]


def lane_broken(survey: Survey) -> None:
    survey["edges"].remove(edge_of(survey, "D1:VN-CN:003"))


def lane_one_way(survey: Survey) -> None:
    survey["edges"] = [e for e in survey["edges"] if not e["id"].startswith("D1:CN-VN")]


def lane_zones_differ(survey: Survey) -> None:
    edge_of(survey, "D1:VN-CN:003")["zone"] = "another"


def zone_twice_in_a_lane(survey: Survey) -> None:
    for edge in survey["edges"]:
        if edge["zone"] == "D1-002":
            edge["zone"] = "D1-001"


def point_off_the_map(survey: Survey) -> None:
    survey["nodes"]["VN-C1-P1"] = [1e300, 0.0]


def too_short_to_stand(survey: Survey) -> None:
    x, y = survey["nodes"]["VN-C1-P1"]
    survey["nodes"]["VN-C1-P1:top"] = [x, y + 10]


def two_ways_into_a_place(survey: Survey) -> None:
    survey["edges"].append(
        {"id": "more", "start": "VN-C1-P2:top", "end": "VN-C1-P1", "speed_mps": 3}
    )


def short_lane_zone(survey: Survey) -> None:
    x, y = survey["nodes"]["D1:VN-CN:n001"]
    survey["nodes"]["D1:VN-CN:n001"] = [x - 25, y]


def no_way_out_of_a_place(survey: Survey) -> None:
    survey["edges"].remove(edge_of(survey, "VN-C1-P1:go"))


def no_way_to_a_place(survey: Survey) -> None:
    survey["edges"].remove(edge_of(survey, "VN-C1-P1:turn-in"))


def ring_cut(survey: Survey) -> None:
    survey["edges"].remove(edge_of(survey, "VN-corner-2:curve"))


def no_way_to_the_lane(survey: Survey) -> None:
    survey["edges"].remove(edge_of(survey, "VN-mouth-1:D1:out"))


def only_way_through_a_booth(survey: Survey) -> None:
    survey["edges"].remove(edge_of(survey, "VN-collector-bypass:1"))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (unknown_node, "roadmap.edges[0].end: given 'nowhere', allowed: a node of roadmap.nodes"),
        (unknown_lane, "roadmap.edges[0].lane: given 'D9', allowed: a lane of the road: D1, D2"),
        (edge_twice, "allowed: each edge once"),
        (edge_to_itself, "allowed: another node than start"),
        (place_missing, "roadmap.places.VN-C1-P1: given nothing, allowed: the node of this place"),
        (place_too_many, "roadmap.places.VN-C9-P1: given 'VN-C9-P1', allowed: a place that"),
        (place_nowhere, "roadmap.places.VN-C1-P1: given 'nowhere', allowed: a node of"),
        (two_places_on_a_node, "given 'VN-C1-P2', allowed: one place a node"),
        (lane_broken, "given lane D1, allowed: two chains of edges"),
        (lane_one_way, "given lane D1, allowed: two chains of edges"),
        (lane_zones_differ, "given lane D1, allowed: the same zones both ways"),
        (zone_twice_in_a_lane, "given lane D1, allowed: the same zones both ways, one an edge"),
        (point_off_the_map, "roadmap.nodes.VN-C1-P1[0]: given 1e+300, allowed: a number, at least"),
        (
            too_short_to_stand,
            "given VN-C1-P1 on 10 m, allowed: at least length_m + clearance_m, 18",
        ),
        (two_ways_into_a_place, "given VN-C1-P1 with 2, allowed: a node at which exactly one edge"),
        (short_lane_zone, "roadmap.edges: given D1:VN-CN:001 of 14.429 m, allowed: at least"),
        (no_way_out_of_a_place, "given VN-X1, out of reach of VN-C1-P1, allowed: a way to it"),
        (no_way_to_a_place, "given VN-C1-P1, out of reach of VN-X1 and 14 more"),
        (ring_cut, "given VN-C1-P1, out of reach of VN-X1 and 14 more"),
        (no_way_to_the_lane, "given lane D1, out of reach of VN-X1"),
        (only_way_through_a_booth, "given lane D1, out of reach of VN-C1-P1"),
    ],
)
def test_survey_that_does_not_hold_is_told(
    tmp_path: Path, spoil: Callable[[Survey], None], told: str
) -> None:
    survey = survey_of_demo()
    spoil(survey)
    assert told in "\n".join(problems_of(demo_on(tmp_path, survey)))
