"""The demo gate on real Ray: an AGV with standard messages only, one with Nav2, the others ours."""

import contextlib
import math
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.messages import OrderRequest, PutOrder
from actors.site.bundled import find_site
from interfaces.drivers import robots_behind
from interfaces.gate import LiveGate
from interfaces.pump import ViewPump
from interfaces.view import LiveView
from robotics.ros.domain import RosDomain
from robotics.ros.names import ros_name
from robotics.ros.rosbridge import Rosbridge
from sim.plant.reference import in_processes, setups
from tests.live_orders import request, until

ROBOT = Path(__file__).with_name("ros_standard_agv.py")
SPEED = 10.0
DRIVE_MPS = 4.0
TRIES = 10
STANDARD = {"AGV-001": 0.08, "AGV-002": 0.9}
"""What their batteries hold in the beginning: the first has to charge before it does anything."""
PROFILES = {"AGV-001": "standard", "AGV-002": "nav2"}


class Gate:
    """The gate and its standard robots."""

    def __init__(
        self, gate: LiveGate, view: LiveView, robots: dict[str, subprocess.Popen[bytes]]
    ) -> None:
        self.gate, self.view, self.robots = gate, view, robots

    def put(self, order: OrderRequest) -> None:
        """Once more if a busy machine has not answered: the same order is never made twice."""
        for _ in range(TRIES):
            with contextlib.suppress(TimeoutError):
                self.gate.ask(PutOrder(order))
                return
        raise AssertionError(f"{order.id} could not be put")

    def state(self, order: str) -> str:
        found = self.view.order(order)
        return found.order.state if found is not None else ""

    def carrier(self, order: str) -> str:
        found = self.view.order(order)
        return found.order.vehicle if found is not None else ""

    def vehicle_state(self, agv: str) -> str:
        return next(v.device.state for v in self.view.vehicles() if v.device.id == agv)


@pytest.fixture(scope="module")
def running(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gate]:
    path = tmp_path_factory.mktemp("site") / "mixed.yaml"
    path.write_text(
        find_site("demo").read_text("utf-8")
        + "\nrobots:"
        + "".join(f"\n  - {{profile: {PROFILES[agv]}, agvs: [{agv}]}}" for agv in STANDARD)
        + "\n",
        "utf-8",
    )
    gate = LiveGate(path, speed=SPEED, driver=robots_behind(rosbridge.url))
    view = LiveView(gate.site, gate.roadmap, gate.devices)
    made = [s for s in setups(gate.site, gate.roadmap, gate.day) if s.device not in STANDARD]
    homes = {device.id: device.home for device in gate.devices}
    with contextlib.ExitStack() as started:
        robots = {}
        for agv, battery in STANDARD.items():
            (x0, y0), (x1, y1) = gate.roadmap.standing_edge(homes[agv]).points[-2:]
            numbers = (
                x1, y1, math.atan2(y1 - y0, x1 - x0), DRIVE_MPS, battery,
                gate.gate_time.epoch_ns, SPEED,
            )  # fmt: skip
            robot = ros_domain.start_python(
                str(ROBOT), ros_name(agv), *map(str, numbers), PROFILES[agv]
            )
            started.callback(robot.wait)
            started.callback(robot.kill)
            assert robot.stdout is not None
            assert robot.stdout.readline() == b"ready\n"
            robots[agv] = robot
        for process in in_processes(ros_domain, made, gate.gate_time, seed=1):
            started.enter_context(process)
        with gate, ViewPump(view, gate.keeper, gate.signals):
            gate.start(lambda _name, _process: None)
            yield Gate(gate, view, robots)


@pytest.mark.timeout(900)
def test_orders_are_done_by_an_agv_with_nav2_among_others(running: Gate):
    orders = [request(f"std-{i}", "VN-CN" if i % 3 == 0 else "CN-VN") for i in range(4)]
    for order in orders:
        running.put(order)
    until(lambda: all(running.state(o.id) == "done" for o in orders), "all orders done", 700)
    carriers = {running.carrier(order.id) for order in orders}
    assert "AGV-002" in carriers
    assert carriers - {*STANDARD}


@pytest.mark.timeout(500)
def test_one_with_an_empty_battery_charges_first(running: Gate):
    def charge_pct() -> float:
        signals = [v.signal for v in running.view.vehicles() if v.device.id == "AGV-001"]
        return max((s.battery_pct for s in signals if s is not None), default=0.0)

    until(lambda: charge_pct() > 60, "it is charged", 400)


@pytest.mark.timeout(500)
def test_an_error_of_a_component_stops_an_agv_of_the_gate_while_it_lasts(running: Gate):
    def turn(holds: Callable[[], bool], what: str) -> None:
        running.robots["AGV-002"].send_signal(signal.SIGHUP)
        until(holds, what, 60)

    turn(lambda: running.vehicle_state("AGV-002") == "faulted", "it is stopped")
    turn(lambda: running.vehicle_state("AGV-002") != "faulted", "it is well again")
