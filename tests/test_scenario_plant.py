"""Scenarios on a live gate: the same verdicts as in virtual time, and a checker that sees."""

from pathlib import Path

import pytest

from actors.errors import SiteError
from actors.messages import ExtendGrant, Visit
from interfaces.scenario import run_live
from interfaces.tried_robots import simulated
from sim.plant.vehicle import VehicleController
from sim.plant.watched import Watched
from sim.plant.wiring import controllers
from sim.scenario.model import read_scenario
from sim.scenario.verdict import verdicts
from sim.scenario.virtual import run_virtual
from tests.gate import DAY, DEMO, ROADMAP

SHIPPED = Path(__file__).parents[1] / "sim/scenarios"
SPEEDS = {
    "agv-breaks-down": 40.0,
    "busy-hour": 80.0,
    "crane-fails": 40.0,
    "fog": 40.0,
    "link-is-cut": 20.0,  # a minute is noticed up to 24
    "one-container-each-way": 40.0,
}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", sorted(file.stem for file in SHIPPED.glob("*.yaml")))
def test_a_shipped_scenario_has_the_same_verdicts_live_as_in_virtual_time(name: str):
    scenario = read_scenario(SHIPPED / f"{name}.yaml")
    live = verdicts(scenario, run_live(scenario, name, SPEEDS[name], simulated()))
    assert live == verdicts(scenario, run_virtual(scenario, name))


def test_a_cut_that_nobody_would_notice_is_refused():
    scenario = read_scenario(SHIPPED / "link-is-cut.yaml")
    with pytest.raises(SiteError) as refused:
        run_live(scenario, "link-is-cut.yaml", 40.0, simulated())
    where = "link-is-cut.yaml: faults[0].for_s"
    given = "60 s, which pass unnoticed at speed 40"
    assert f"{where}: given {given}, allowed: a speed up to 24" in str(refused.value)


def test_the_checker_of_a_live_plant_sees_a_grant_of_a_zone_that_another_holds():
    every = controllers(DEMO, ROADMAP, DAY, 1)
    vehicles = [c for c in every.values() if isinstance(c, VehicleController)]
    watched = Watched(DEMO, ROADMAP, vehicles)
    one, other = vehicles[:2]
    begin, taken = one.passages[-1].visit, other.passages[-1].visit
    grant = ExtendGrant(1, (Visit(begin.seq + 1, taken.zone, taken.edges),))
    watched.saw(one.device, grant, one.handle(grant, 0), 0)
    found = watched.finish(0)
    assert any(taken.zone in text and "grant_order" in text for text in found), found
