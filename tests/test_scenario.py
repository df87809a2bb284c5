"""Scenarios: those that are shipped hold, those that do not say so, and bad files are refused."""

import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from actors.errors import SiteError
from actors.safety import ReportConditions
from interfaces.main import app
from sim.scenario.model import Scenario, read_scenario
from sim.scenario.script import Happens, script, to_fleet
from sim.scenario.verdict import junit, verdicts
from sim.scenario.virtual import run_virtual
from tests.gate import DEMO

SHIPPED = sorted((Path(__file__).parents[1] / "sim/scenarios").glob("*.yaml"))
SHORT = """
title: Too much is expected
site: demo
lasts_s: 120
orders:
  - {id: OUT, from_side: VN, to_side: CN}
faults:
  - {fault: block_zone, zone: D1-001, at_s: 5, for_s: 10}
expect:
  - {expect: order, id: OUT, by_s: 100}
  - {expect: alarm, kind: vehicle_stopped, subject: AGV-001, by_s: 100}
  - {expect: no_contact}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "short.yaml"
    file.write_text(text)
    return file


def failures(scenario: Scenario) -> dict[str, str]:
    seen = run_virtual(scenario, "scenario")
    return {v.expected: v.failure for v in verdicts(scenario, seen) if v.failure}


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_scenario_holds(file):
    assert failures(read_scenario(file)) == {}


def test_what_was_not_met_is_said_with_what_was_seen(tmp_path):
    found = failures(read_scenario(written(tmp_path, SHORT)))
    assert list(found) == [
        "order OUT is done by 100 s",
        "alarm vehicle_stopped of AGV-001 from 0 s to 100 s",
    ]
    assert found["alarm vehicle_stopped of AGV-001 from 0 s to 100 s"] == "it was raised: never"
    assert found["order OUT is done by 100 s"].startswith("it was ")


def test_the_same_scenario_is_seen_the_same_each_time(tmp_path):
    scenario = read_scenario(written(tmp_path, SHORT))
    assert run_virtual(scenario, "a") == run_virtual(scenario, "b")


def test_the_command_fails_and_its_report_names_the_failures(tmp_path):
    report = tmp_path / "report.xml"
    file = written(tmp_path, SHORT)
    run = CliRunner().invoke(app, ["scenario", str(file), "--junit", str(report)])
    assert run.exit_code == 1
    suite = ET.fromstring(report.read_bytes()).find("testsuite")
    assert suite is not None
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("short", "3", "2")
    assert [case.find("failure") is not None for case in suite] == [True, True, False]


def test_a_report_is_xml_whatever_is_in_a_name():
    scenario = read_scenario(SHIPPED[0])
    seen = run_virtual(scenario, "scenario")
    text = junit('<a & "b">', verdicts(scenario, seen), 1.0)
    suite = ET.fromstring(text).find("testsuite")
    assert suite is not None
    assert suite.get("name") == '<a & "b">'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("lasts_s: 120", "lasts_s: -1", "lasts_s"),
        ("fault: block_zone", "fault: earthquake", "faults"),
        ("by_s: 100}\n  - {expect: alarm", "by_s: 500}\n  - {expect: alarm", "expect[0].by_s"),
        ("id: OUT, by_s", "id: OTHER, by_s", "expect[0].id: given OTHER, allowed: one of"),
        ("zone: D1-001", "zone: D9-001", "faults[0].zone: given D9-001, allowed: a zone"),
        ("from_side: VN", "from_side: LA", "orders[0]: given LA to CN, allowed: VN to CN"),
        ("site: demo", "site: nowhere", "nowhere: given no such site"),
        ("title:", "heading:", "heading"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path, old, new, said):
    assert old in SHORT
    with pytest.raises(SiteError) as refused:
        run_virtual(read_scenario(written(tmp_path, SHORT.replace(old, new))), "short.yaml")
    assert said in str(refused.value)


def test_a_sensor_says_its_reading_again_before_it_is_missed_and_goes_at_the_end(tmp_path):
    fault = "{fault: block_zone, zone: D1-001, at_s: 5, for_s: 10}"
    fog = "{fault: fog, visibility_m: 30, at_s: 5, for_s: 50}"
    scenario = read_scenario(written(tmp_path, SHORT.replace(fault, fog)))
    start = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
    happens = [m for m in script(scenario, DEMO, start) if isinstance(m, Happens)]
    readings = [to_fleet(moment, moment.at_ns) for moment in happens]
    assert all(isinstance(reading, ReportConditions) for reading in readings)
    start_ns = round(start.timestamp()) * 10**9
    told = [
        ((reading.stamp_ns - start_ns) / 1e9, reading.visibility_m)
        for reading in readings
        if isinstance(reading, ReportConditions)
    ]
    assert told == [(5, 30), (25, 30), (45, 30), (55, None)]
