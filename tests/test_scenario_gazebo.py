"""A scenario on a live gate whose AGVs are in Gazebo: the verdicts and the times of virtual time.

In the place of Gazebo's server is the peer with its physics layer (`gazebo_physics.cc`).
"""

from pathlib import Path

import pytest

from interfaces.scenario import run_live
from interfaces.tried_robots import in_gazebo
from sim.scenario.model import read_scenario
from sim.scenario.verdict import Seen, verdicts
from sim.scenario.virtual import run_virtual
from tests.gazebo_peer import on_path

FILE = Path(__file__).parents[1] / "sim/scenarios/one-container-each-way.yaml"
AS_FAST_AS_IT_GOES = 100.0


def took_s(seen: Seen) -> dict[str, float]:
    """From acceptance to the end of each order."""
    return {
        name: (order.history[-1].at_ns - order.history[0].at_ns) / 1e9
        for name, order in seen.orders.items()
    }


@pytest.mark.timeout(600)
def test_a_shipped_scenario_has_the_same_verdicts_in_gazebo_and_takes_as_long_as_in_virtual_time(
    physics: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", on_path(physics, tmp_path))
    scenario = read_scenario(FILE)
    live = run_live(scenario, FILE.name, AS_FAST_AS_IT_GOES, in_gazebo(None, attach=False))
    virtual = run_virtual(scenario, FILE.name)
    assert verdicts(scenario, live) == verdicts(scenario, virtual)
    assert not [verdict for verdict in verdicts(scenario, live) if verdict.failure]
    assert took_s(live) == pytest.approx(took_s(virtual), rel=0.1)
