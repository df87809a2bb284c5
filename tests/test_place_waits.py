"""A fleet that cannot fill what a circle of waits needs is known to be free of such circles."""

from pathlib import Path
from typing import Any

import pytest

from actors.site.bundled import find_site
from actors.site.expand import draw
from actors.site.load import load_site
from actors.site.place_waits import PossibleCircle, possible_circles
from tests.site_files import DAY, demo_with

PLENTY: dict[str, Any] = {"yards__0__parking": 9, "yards__1__parking": 9}


def circles(path: Path) -> list[PossibleCircle]:
    site = load_site(path, DAY)
    return possible_circles(site, draw(site, DAY), DAY)


def test_demo_has_too_few_vehicles_for_any_circle() -> None:
    assert circles(find_site("demo")) == []


def test_fleet_that_fills_the_bays_and_booths_of_a_side_may_close_a_circle(tmp_path: Path) -> None:
    assert circles(demo_with(tmp_path, vehicles__count=8, **PLENTY)) == []
    found = circles(demo_with(tmp_path, vehicles__count=9, **PLENTY))
    assert [circle.room for circle in found] == [9, 9]
    assert "side VN" in found[0].places
    assert "side CN" in found[1].places


def test_fleet_that_fills_a_lane_each_way_may_close_a_circle(tmp_path: Path) -> None:
    assert all("lanes" not in c.places for c in circles(demo_with(
        tmp_path, vehicles__count=13, **PLENTY
    )))  # fmt: skip
    found = circles(demo_with(tmp_path, vehicles__count=14, **PLENTY))
    assert found[0] == PossibleCircle("all zones of lanes D1 and D2", 14)


@pytest.mark.parametrize("name", ["huu-nghi", "tan-thanh"])
def test_bundled_fleets_do_not_fill_a_lane_each_way(name: str) -> None:
    found = circles(find_site(name))
    assert [circle.places.partition(",")[0] for circle in found] == [
        "all bays and outbound booths of side VN"
    ]
