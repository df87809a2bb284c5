"""`bordergate bench grid` measures what a map is for, and refuses what it cannot be used for."""

from pathlib import Path

import pytest

from interfaces.bench.grid import NEVER, Load, measure
from sim.grid_map import GridMap, GridMapError
from tests.grids import free_map, grid_text, one_way_town

LOAD = Load(agents=5, steps=120, tasks=None, seed=1)


def told(file: Path, load: Load, endpoints: Path | None = None) -> dict[str, float]:
    said: list[str] = []
    figures = measure(file, endpoints, load, said.append)
    assert said
    return {figure.name: figure.value for figure in figures}


def test_a_grid_with_stations_bears_the_load_of_a_sorting_centre(tmp_path: Path):
    file = tmp_path / "town.grid"
    file.write_text(grid_text(one_way_town(8, 8), 8, 8), encoding="utf-8")
    figures = told(file, LOAD)
    assert figures["steps"] == 120
    assert figures["goals a step"] > 0.2
    assert not any(figures[name] for name in NEVER)
    assert "makespan" not in figures


def test_tasks_go_between_the_endpoints_that_are_given(tmp_path: Path):
    file, endpoints = tmp_path / "hall.map", tmp_path / "hall.map.pd"
    rows = ["." * 6] * 4
    file.write_text("height 4\nwidth 6\nmap\n" + "\n".join(rows) + "\n", encoding="utf-8")
    endpoints.write_text("e.e.e.\n......\n......\np....d\n", encoding="utf-8")
    figures = told(file, LOAD._replace(agents=3, tasks=10), endpoints)
    assert figures["makespan"] == figures["steps"]
    assert figures["makespan"] >= 10 + 5
    assert not any(figures[name] for name in NEVER)


def test_a_station_that_cannot_be_left_is_refused(tmp_path: Path):
    town = one_way_town(8, 8)
    moves = tuple(move for move in town.moves if move[0] != (3, 3))
    file = tmp_path / "town.grid"
    file.write_text(grid_text(GridMap(town.kinds, moves), 8, 8), encoding="utf-8")
    with pytest.raises(GridMapError, match=r"cell \(3, 3\) cannot be reached from all others"):
        told(file, LOAD)


def test_what_is_no_text_is_refused(tmp_path: Path):
    file = tmp_path / "hall.map"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(GridMapError, match=r"hall\.map is not a text file"):
        told(file, LOAD)


def test_more_vehicles_than_can_rest_are_refused(tmp_path: Path):
    file = tmp_path / "hall.grid"
    file.write_text(grid_text(free_map("...", "..."), 3, 2), encoding="utf-8")
    with pytest.raises(GridMapError, match="given 5 vehicles, allowed: at most"):
        told(file, LOAD)
