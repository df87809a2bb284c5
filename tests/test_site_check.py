"""A site file whose form is right is refused if it contradicts itself."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from actors.site.load import load_site
from tests.site_files import DAY, demo_with, problems_of


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"yards__0__side": "LA"}, "yards[0].side: given 'LA', allowed: VN or CN"),
        ({"yards__0__side": "CN"}, "yards[1].side: given 'CN', allowed: the other side"),
        ({"road__lanes__0__direction": "VN-LA"}, "road.lanes[0].direction: given 'VN-LA'"),
        ({"inspection__0__direction": "CN-CN"}, "inspection[0].direction: given 'CN-CN'"),
        ({"inspection__1__direction": "VN-CN"}, "inspection: given no entry for CN-VN"),
        ({"inspection__1__direction": "VN-CN"}, "inspection[1].direction: given 'VN-CN'"),
        ({"sides__VN__closes": "00:00"}, "sides.VN.closes: given '00:00', allowed: later than"),
        ({"road__lanes__1__id": "D1"}, "road.lanes[1].id: given 'D1', allowed: a name of its own"),
        ({"road__lanes__1__id": "VN-C1"}, "it is taken by a device of yards[0]"),
        ({"road__lanes__1__id": "CN-P01"}, "it is taken by a place of yards[1]"),
        ({"road__lanes__1__id": "AGV-006"}, "it is taken by an AGV"),
        ({"road__lanes__1__id": "fleet-manager"}, "it is taken by the fleet manager"),
        ({"road__border_m": 300}, "road.border_m: given 300.0, allowed: less than road.length_m"),
        ({"road__lane_zone_m": 20, "vehicles__length_m": 20}, "road.lane_zone_m: given 20.0"),
        ({"road__length_m": 40, "road__border_m": 9}, "road.length_m: given 40.0, allowed: at le"),
        ({"road__lanes__0__until": "2020-01-01"}, "road.lanes[0].until: given '2020-01-01'"),
        ({"road__lanes__0__direction": "CN-VN"}, "given no lane VN-CN in use on 2026-07-01"),
        ({"road__lanes__0__from": "2026-07-02"}, "given no lane VN-CN in use on 2026-07-01"),
        ({"road__lanes__0__until": "2026-07-01"}, "given no lane VN-CN in use on 2026-07-01"),
        ({"yards__0__booths": {"outbound": 0}}, "yards[0].booths.outbound: given 0"),
        ({"inspection__0__scan": "after_crossing"}, "yards[1].booths.inbound: given 0"),
        ({"vehicles__count": 9}, "vehicles.count: given 9, allowed: at most as many as"),
        ({"vehicles__charge_below_pct": 95}, "vehicles.charge_below_pct: given 95.0"),
        ({"vehicles__reserve_pct": 31}, "vehicles.reserve_pct: given 31.0"),
        ({"vehicles__length_m": 12.5, "arrivals__size_types": {"L5G1": 1}}, "L5G1 has 13.716 [m]"),
        ({"vehicles__length_m": 12}, "vehicles.length_m: given 12.0, allowed: at least that of"),
        ({"vehicles__width_m": 2.45, "arrivals__size_types": {"4CG1": 1}}, "4CG1 has 2.5 [m]"),
        ({"arrivals__shares": {"VN-CN": 0.5}}, "arrivals.shares: given a sum of 0.5"),
        ({"arrivals__shares": {"VN-LA": 1}}, "arrivals.shares.VN-LA: given 'VN-LA'"),
        ({"arrivals__hourly": [0] * 24}, "arrivals.hourly: given only zeros"),
        ({"arrivals__size_types": {"45G1": 0.9}}, "arrivals.size_types: given a sum of 0.9"),
        ({"arrivals__size_types": {"40ft": 1}}, "arrivals.size_types.40ft: given '40ft'"),
        ({"road__sources": {"lenght_m": "V"}}, "road.sources.lenght_m: given 'lenght_m'"),
    ],
)  # fmt: skip
def test_contradiction_is_told(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    assert told in "\n".join(problems_of(demo_with(tmp_path, **change)))


def test_targets_are_checked(tmp_path: Path) -> None:
    target = {"from": "2027-01-01", "trucks_per_day_min": 5, "trucks_per_day_max": 4}
    told = "\n".join(problems_of(demo_with(tmp_path, targets=[target, dict(target)])))
    assert "targets[0].trucks_per_day_max: given 4" in told
    assert "targets[1].from: given '2027-01-01', allowed: each day once" in told


def test_source_may_mark_the_key_as_it_stands_in_the_file(tmp_path: Path) -> None:
    load_site(demo_with(tmp_path, road__lanes__0__sources={"from": "A"}), DAY)


def test_lane_is_in_use_from_its_first_day_to_before_its_last(tmp_path: Path) -> None:
    path = demo_with(
        tmp_path, road__lanes__0__from="2026-07-01", road__lanes__0__until="2026-07-03"
    )
    load_site(path, datetime.date(2026, 7, 1))
    load_site(path, datetime.date(2026, 7, 2))
    problems_of(path, datetime.date(2026, 7, 3))
    problems_of(path, datetime.date(2026, 6, 30))


def test_without_a_day_all_planned_lanes_count(tmp_path: Path) -> None:
    load_site(demo_with(tmp_path, road__lanes__0__from="2031-01-01"), None)


def test_contradictions_in_several_sections_are_told_at_once(tmp_path: Path) -> None:
    path = demo_with(tmp_path, road__border_m=900, vehicles__count=99, yards__0__side="LA")
    assert len(problems_of(path)) == 3
