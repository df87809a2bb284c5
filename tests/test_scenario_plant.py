"""Scenarios on a live gate: the same verdicts as in virtual time, and a checker that sees."""

from pathlib import Path

import pytest

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
SPEED = 40.0


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", ["agv-breaks-down", "link-is-cut"])
def test_a_shipped_scenario_has_the_same_verdicts_live_as_in_virtual_time(name: str):
    scenario = read_scenario(SHIPPED / f"{name}.yaml")
    live = verdicts(scenario, run_live(scenario, name, SPEED, simulated()))
    assert live == verdicts(scenario, run_virtual(scenario, name))


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
