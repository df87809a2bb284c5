"""What a site file says of AGVs that speak standard messages only."""

import pytest
from msgspec.structs import replace

from actors.site.check import site_problems
from actors.site.model import RobotsSection
from tests.gate import DAY, DEMO


def places(*robots: RobotsSection) -> list[str]:
    return [p.key_path for p in site_problems(replace(DEMO, robots=robots), "demo.yaml", DAY)]


def test_one_entry_may_be_for_all_or_each_for_its_own():
    assert places(RobotsSection(profile="standard")) == []
    first, second = (
        RobotsSection(profile="standard", agvs=(name,)) for name in ("AGV-001", "AGV-002")
    )
    assert places(first, second) == []


@pytest.mark.parametrize(
    ("robots", "where"),
    [
        (RobotsSection(profile="standard", agvs=("AGV-999",)), "robots[0].agvs[0]"),
        (RobotsSection(profile="standard", agvs=("AGV-001", "AGV-001")), "robots[0].agvs[1]"),
        (RobotsSection(profile="standard", off_road_m=5.0), "robots[0].off_road_m"),
        (RobotsSection(profile="standard", odometry="path"), "robots[0]"),
    ],
)
def test_what_contradicts_itself_is_named(robots: RobotsSection, where: str):
    assert places(robots) == [where]
