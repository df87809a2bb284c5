"""Scenarios on a live gate over ROS: the same verdicts, a wire truly cut, a checker that hears."""

import math
import time
from pathlib import Path

import pytest
import roslibpy
from msgspec.structs import replace

from actors.messages import Visit
from actors.site.roadmap import Edge, Roadmap
from interfaces.scenario import run_live
from interfaces.tried_robots import over_ros
from robotics.clock import GateTime
from robotics.ros.domain import RosDomain
from robotics.ros.link import SILENCE_S
from robotics.ros.reference.order import StartPlace
from robotics.ros.rosbridge import LOOPBACK, Rosbridge
from sim.footprint import Body
from sim.plant.eavesdropper import Eavesdropper
from sim.plant.overheard import Overheard
from sim.plant.reference import ReferenceProcess
from sim.plant.wire import Wire
from sim.scenario.model import read_scenario
from sim.scenario.verdict import verdicts
from sim.scenario.virtual import run_virtual
from tests.ros_gate import Drive, check, links, robot_in
from tests.ros_robot import WAIT_S, Robot, agv_setup, straight

SHIPPED = Path(__file__).parents[1] / "sim/scenarios"
SPEED = 20.0


@pytest.mark.timeout(240)
def test_a_shipped_scenario_has_the_same_verdicts_over_ros_as_in_virtual_time(
    ros_domain: RosDomain,
):
    scenario = read_scenario(SHIPPED / "link-is-cut.yaml")
    live = verdicts(scenario, run_live(scenario, "link", SPEED, over_ros(scenario, print)))
    assert live == verdicts(scenario, run_virtual(scenario, "link"))


@pytest.mark.timeout(120)
def test_gate_and_robot_find_out_that_their_wire_is_cut_and_go_on_when_it_is_joined(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path: Path
):
    with robot_in(ros_domain, tmp_path) as robot, Wire(rosbridge.url) as wire:
        drive = Drive(links(wire.url, tmp_path), steps=8)
        drive.run_to_step(3, 30)
        wire.cut()
        drive.run(lambda: not drive.link.alive, SILENCE_S + 2)
        assert drive.link.counts()["silences"] == 1  # and not an end that somebody told of
        drive.run_for(SILENCE_S + 1)  # in which attempts to connect are not answered either
        assert not drive.link.alive
        stands_at = robot.noted("at_m")[-1]
        drive.run_for(1.0)
        assert robot.noted("at_m")[-1] == stands_at
        wire.join()
        drive.run_to_end(40)
        drive.close()
    check(drive, robot)


def road(name: str, zone: str, start: tuple[float, float], end: tuple[float, float]) -> Edge:
    nodes = (f"{start}", f"{end}")
    return Edge(name, *nodes, zone, "", 5.0, (start, end), math.dist(start, end))


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("across_m", "contacts"), [(45.0, 1), (90.0, 0)])
def test_the_checker_hears_that_an_agv_drives_into_another_that_stands_in_its_way(
    ros_domain: RosDomain, rosbridge: Rosbridge, across_m: float, contacts: int
):
    first, last = (across_m, -22.5), (across_m, 7.5)
    name = f"heard_{contacts}"  # what is left of the other case is heard by nobody
    driver, stander = agv_setup(f"{name}_a"), agv_setup(f"{name}_b")
    stander = replace(stander, start=StartPlace("S", "S0", (first, last), 30.0, 5.0))
    edges = [
        road("E0", "Z0", (0, 0), (30, 0)),
        road("E1", "Z1", (30, 0), (60, 0)),
        road("S0", "S", first, last),
    ]
    overheard = Overheard(
        Roadmap({}, {edge.id: edge for edge in edges}, {}, ()),
        Body(driver.length_m, driver.width_m),
        max(driver.speed_empty_mps, driver.speed_loaded_mps),
        {"A": Visit(0, "Z0", ("E0",)), "B": Visit(0, "S", ("S0",))},
        round(SILENCE_S * SPEED * 1e9),
    )
    gate_time = GateTime(time.time_ns(), SPEED)
    vehicles = {"A": driver.namespace, "B": stander.namespace}
    listener = Eavesdropper(rosbridge.url, vehicles, overheard, gate_time)
    ros = roslibpy.Ros(LOOPBACK, rosbridge.port, transport="asyncio")
    with ReferenceProcess(ros_domain, [driver, stander], gate_time), listener:
        ros.run(timeout=WAIT_S)
        talk = Robot(ros, driver.namespace, "Agv", gate_time)
        talk.grant(0)  # refused; from here on who listens to grants is found
        talk.grant(1, straight(1))
        talk.until(lambda state: state["stood_seq"] == 1, "it has driven through")
        talk.close()
    ros.close()
    kinds = [found.partition(":")[0] for found in listener.found]
    assert kinds == ["overlap"] * contacts, listener.found
