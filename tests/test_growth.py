"""The picture of how planning times grow can be looked at without a network."""

import re
from pathlib import Path

from interfaces.bench.growth import Growth, Point, write


def test_growth_is_drawn_into_one_page_that_loads_nothing_else(tmp_path: Path):
    def point(vehicles: int, zones: int) -> Point:
        return Point(vehicles, zones, {"plan": [0.0003, 0.0007], "reroute": []})

    file = tmp_path / "growth.html"
    write(Growth([point(25, 600), point(50, 600)], [point(50, 600), point(50, 900)]), file)
    page = file.read_text()
    for words in ("600 zones, fleet growing", "50 vehicles, roadmap growing", "p99"):
        assert words in page
    assert not re.findall(r"<(?:script|link)[^>]*(?:src|href)=", page)
