"""A site file is loaded whole, or every problem in it is told, with file and key."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from actors.errors import SiteError
from actors.site.bundled import bundled_sites, find_site
from actors.site.load import load_site
from actors.site.read import DEPTH_MAX, FILE_BYTES_MAX
from tests.site_files import DAY, DEMO, demo_with, problems_of, with_text

# --- bundled sites ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["demo", "huu-nghi", "tan-thanh"])
def test_bundled_site_loads(name: str) -> None:
    site = load_site(find_site(name), DAY)
    assert site.name == name


def test_bundled_sites_name_the_schema_for_editors() -> None:
    for path in bundled_sites().values():
        first = path.read_text("utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=site.schema.json"


def test_find_site_takes_a_path(tmp_path: Path) -> None:
    path = with_text(tmp_path, "name: x")
    assert find_site(str(path)) == path


@pytest.mark.parametrize("name", ["nowhere", "", "a\0b", "no/such/file.yaml"])
def test_find_site_lists_the_bundled_names(name: str) -> None:
    with pytest.raises(SiteError, match="demo, huu-nghi, tan-thanh"):
        find_site(name)


# --- the file ---------------------------------------------------------------------------------


def test_missing_file_is_told(tmp_path: Path) -> None:
    [problem] = problems_of(tmp_path / "none.yaml")
    assert "none.yaml: given no such file" in problem


def test_folder_is_no_file(tmp_path: Path) -> None:
    assert len(problems_of(tmp_path)) == 1


def test_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    [problem] = problems_of(with_text(tmp_path, b"name: demo\ntitle: \xff\n"))
    assert problem == "site.yaml: line 2: given the byte 0xFF, allowed: UTF-8 text"


def test_file_that_is_too_big_is_not_parsed(tmp_path: Path) -> None:
    [problem] = problems_of(with_text(tmp_path, "#" * (FILE_BYTES_MAX + 1)))
    assert f"at most {FILE_BYTES_MAX} bytes" in problem


@pytest.mark.parametrize("text", ["", "# nothing\n", "just words", "- a\n- list", "3"])
def test_file_that_is_no_section_is_told(tmp_path: Path, text: str) -> None:
    [problem] = problems_of(with_text(tmp_path, text))
    assert "allowed: a section (key: value)" in problem


def test_syntax_error_names_line_and_column(tmp_path: Path) -> None:
    [problem] = problems_of(with_text(tmp_path, "name: demo\nroad: [1, 2\ntitle: x\n"))
    assert problem.startswith("site.yaml: line 3, column ")


def test_control_character_names_the_line(tmp_path: Path) -> None:
    [problem] = problems_of(with_text(tmp_path, "name: demo\ntitle: a\x07b\n"))
    assert "line 2: given the character U+0007" in problem


def test_two_documents_are_refused(tmp_path: Path) -> None:
    [problem] = problems_of(with_text(tmp_path, "a: 1\n---\nb: 2\n"))
    assert "one document" in problem


def test_duplicate_keys_are_all_told(tmp_path: Path) -> None:
    text = "name: a\nname: b\nroad: {id: A, id: B}\n"
    assert [p.split(", allowed")[0] for p in problems_of(with_text(tmp_path, text))] == [
        "site.yaml: name: given a second time in line 2, column 1",
        "site.yaml: road.id: given a second time in line 3, column 15",
    ]


def test_alias_bomb_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    [problem] = problems_of(with_text(tmp_path, "\n".join(lines)))
    assert "found the alias *a0" in problem


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    [problem] = problems_of(with_text(tmp_path, "[" * 100_000))
    assert f"nested more than {DEPTH_MAX} deep" in problem


@pytest.mark.parametrize("tag", ["!!python/object:os.system x", "!!int x", "!!set {a}", "!mine 3"])
def test_tags_are_refused(tmp_path: Path, tag: str) -> None:
    [problem] = problems_of(with_text(tmp_path, f"name: {tag}\n"))
    assert "values without tags" in problem


# --- the form ---------------------------------------------------------------------------------


def test_unknown_key_is_told_with_the_nearest_known_one(tmp_path: Path) -> None:
    path = demo_with(tmp_path, vehicles__lenght_m=15)
    assert problems_of(path) == [
        "site.yaml: vehicles.lenght_m: given an unknown key, allowed: did you mean length_m?"
    ]


def test_missing_key_is_told_with_what_it_takes(tmp_path: Path) -> None:
    path = demo_with(tmp_path, vehicles__battery_kwh=...)
    assert problems_of(path) == [
        "site.yaml: vehicles.battery_kwh: given nothing, "
        "allowed: a number, more than 0, at most 10000 [kWh]"
    ]


@pytest.mark.parametrize(
    ("change", "given", "allowed"),
    [
        ({"vehicles__length_m": -3}, "-3", "a number, more than 0, at most 25 [m]"),
        ({"road__length_m": "3.6 km"}, "'3.6 km'", "more than 0, at most 100000 [m]"),
        ({"road__length_m": True}, "true", "a number"),
        ({"road__length_m": float("nan")}, "'.nan'", "a number"),
        ({"road__length_m": float("inf")}, "'.inf'", "a number"),
        ({"vehicles__count": 2.5}, "2.5", "a whole number, at least 1, at most 1000"),
        ({"vehicles__count": None}, "nothing", "a whole number"),
        ({"road__lanes": []}, "a list of 0", "1 to 32 entries"),
        ({"road__lanes": {}}, "a section with 0 keys", "a list"),
        ({"arrivals__hourly": [1] * 23}, "a list of 23", "exactly 24 entries"),
        ({"sides__vn": {"title": "x", "utc_offset_h": 7}}, "'vn'", "two capital letters"),
        ({"sides__VN__opens": "7:00"}, "'7:00'", "HH:MM"),
        ({"sides__VN__opens": "24:30"}, "'24:30'", "HH:MM"),
        ({"road__lanes__0__from": "2026-02-30"}, "'2026-02-30'", "YYYY-MM-DD"),
        ({"road__lanes__0__from": "1 July 2026"}, "'1 July 2026'", "YYYY-MM-DD"),
        ({"road__lanes__0__until": "2026-13-01"}, "'2026-13-01'", "YYYY-MM-DD"),
        ({"inspection__0__scan": "never"}, "'never'", "one of after_crossing, before_crossing"),
        ({"vehicles__sources": {"count": "X"}}, "'X'", "one of A, V"),
    ],
)
def test_unfit_value_is_told_with_what_is_allowed(
    tmp_path: Path, change: dict[str, Any], given: str, allowed: str
) -> None:
    told = "\n".join(problems_of(demo_with(tmp_path, **change)))
    assert f"given {given}, allowed: " in told
    assert allowed in told


def test_plain_scalars_mean_what_they_look_like(tmp_path: Path) -> None:
    text = DEMO.read_text("utf-8").replace("utc_offset_h: 7,", "utc_offset_h: 07, opens: 07:30,")
    text = text.replace("id: D1, direction: VN-CN", "id: D1, direction: VN-CN, from: 2024-02-29")
    site = load_site(with_text(tmp_path, text), DAY)
    assert site.sides["VN"].utc_offset_h == 7
    assert site.sides["VN"].opens == "07:30"
    assert site.road.lanes[0].since == datetime.date(2024, 2, 29)


def test_side_may_be_called_no(tmp_path: Path) -> None:
    """In YAML 1.1 Norway's `NO` is false."""
    text = DEMO.read_text("utf-8").replace("VN", "NO")
    assert list(load_site(with_text(tmp_path, text), DAY).sides) == ["NO", "CN"]


def test_problems_in_several_sections_are_told_at_once(tmp_path: Path) -> None:
    path = demo_with(
        tmp_path, name="a b", road__length_m=0, vehicles__count="six", arrivals__shares=..., extra=1
    )
    told = problems_of(path)
    keys = ("name", "road.length_m", "vehicles.count", "arrivals.shares", "extra")
    assert len(told) == len(keys)
    for key in keys:
        assert any(problem.startswith(f"site.yaml: {key}: ") for problem in told)
