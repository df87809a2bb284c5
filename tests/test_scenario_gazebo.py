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

AS_FAST_AS_IT_GOES = 100.0
SCENARIO = """
title: A container on each side is fetched, and driven to the booth
site: demo
lasts_s: 340
orders:
  - {id: OUT, from_side: VN, to_side: CN}
  - {id: IN, from_side: CN, to_side: VN}
expect:
  - {expect: order, id: OUT, state: scanning, by_s: 330}
  - {expect: order, id: IN, state: scanning, by_s: 330}
  - {expect: no_contact}
  - {expect: no_alarm}
"""
"""The shipped ones take twice as long, and more: `bordergate scenario FILE --runtime gazebo`."""


def came_s(seen: Seen) -> dict[tuple[str, str], float]:
    """When each order came into each state [s from its acceptance]."""
    return {
        (name, mark.state): (mark.at_ns - order.history[0].at_ns) / 1e9
        for name, order in seen.orders.items()
        for mark in order.history
        if mark.state in ("loading", "carrying", "scanning")
    }


@pytest.mark.timeout(600)
def test_a_scenario_has_the_same_verdicts_in_gazebo_and_takes_as_long_as_in_virtual_time(
    physics: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", on_path(physics, tmp_path))
    file = tmp_path / "fetched.yaml"
    file.write_text(SCENARIO)
    scenario = read_scenario(file)
    live = run_live(scenario, file.name, AS_FAST_AS_IT_GOES, in_gazebo(None, attach=False))
    virtual = run_virtual(scenario, file.name)
    assert verdicts(scenario, live) == verdicts(scenario, virtual)
    assert not [verdict for verdict in verdicts(scenario, live) if verdict.failure]
    assert came_s(live) == pytest.approx(came_s(virtual), rel=0.1)
