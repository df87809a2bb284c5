"""The demo gate on real Ray, with its plant in a process of its own."""

import math
import os
import signal
from collections.abc import Iterator

import httpx
import psutil
import pytest

from actors.host import live_hosts, process_of
from actors.messages import (
    CancelOrder,
    OrderAnswer,
    OrderState,
    PutOrder,
)
from actors.site.bundled import find_site
from actors.site.devices import FLEET_MANAGER
from interfaces.api.app import create_app
from interfaces.gate import LiveGate
from interfaces.pump import ViewPump
from interfaces.view import LiveView
from tests.gate_server import OPERATOR, find_caller, served
from tests.live_orders import request, until, virtual_histories

SPEED = 20.0


class Running:
    """A gate that is up, its view, and the process of each actor."""

    def __init__(self, gate: LiveGate, view: LiveView) -> None:
        self.gate, self.view = gate, view
        self.processes: dict[str, int] = {}

    def put(self, order: str, way: str = "VN-CN") -> OrderAnswer:
        answer = self.gate.ask(PutOrder(request(order, way)))
        assert isinstance(answer, OrderAnswer)
        return answer

    def state(self, order: str) -> OrderState | None:
        found = self.view.order(order)
        return found.order.state if found is not None else None

    def device(self, name: str) -> str:
        return next(v.device.state for v in self.view.vehicles() if v.device.id == name)

    def has_new_process(self, name: str) -> bool:
        try:
            return process_of(name) != self.processes[name]
        except ConnectionError:
            return False

    def speed_mps(self, name: str) -> float:
        signals = [v.signal for v in self.view.vehicles() if v.device.id == name]
        return signals[0].speed_mps if signals[0] is not None else 0.0


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    gate = LiveGate(find_site("demo"), speed=SPEED)
    view = LiveView(gate.site, gate.roadmap, gate.devices)
    with gate, ViewPump(view, gate.keeper, gate.signals):
        running = Running(gate, view)
        gate.start(running.processes.__setitem__)
        yield running


def test_ray_lists_one_live_actor_for_every_device_and_one_fleet_manager(
    running: Running,
) -> None:
    expected = [FLEET_MANAGER, *(device.id for device in running.gate.devices)]
    assert sorted(live_hosts()) == sorted(expected)
    assert len(set(running.processes.values())) == len(expected)


def test_nothing_of_the_gate_listens_beyond_loopback(running: Running) -> None:
    me = psutil.Process()
    listening = [
        (process.name(), address.laddr.ip)
        for process in (me, *me.children(recursive=True))
        for address in process.net_connections("inet")
        if address.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert [x for x in listening if not x[1].startswith(("127.", "::ffff:127.", "::1"))] == []


@pytest.mark.timeout(240)
def test_orders_go_through_the_same_events_on_ray_as_in_virtual_time(running: Running) -> None:
    orders = [request(f"same-{i}", "VN-CN" if i % 3 == 0 else "CN-VN") for i in range(12)]
    for order in orders:
        running.gate.ask(PutOrder(order))
    until(
        lambda: all(running.state(order.id) == "done" for order in orders), "all orders done", 200
    )
    virtual = virtual_histories(orders)
    for number, order in enumerate(orders):
        found = running.view.order(order.id)
        assert found is not None
        states, vehicle = virtual[order.id]
        assert [mark.state for mark in found.order.history] == states
        # The first six find all AGVs at rest, so that even the choice of the AGV is the same.
        if number < 6:
            assert found.order.vehicle == vehicle


def test_a_repeated_order_is_known_and_another_content_is_not_taken(running: Running) -> None:
    assert running.put("twice").outcome == "created"
    assert running.put("twice").outcome == "same"
    assert running.put("twice", way="CN-VN").outcome == "conflict"
    answer = running.gate.ask(CancelOrder("twice"))
    assert isinstance(answer, OrderAnswer)
    assert answer.outcome in ("cancelled", "cancelling")


@pytest.mark.timeout(240)
def test_devices_whose_process_dies_come_back_and_finish_their_orders(running: Running) -> None:
    running.put("survives", way="CN-VN")
    until(lambda: running.state("survives") == "to_pickup", "under way")
    found = running.view.order("survives")
    assert found is not None
    vehicle = found.order.vehicle
    os.kill(running.processes[vehicle], signal.SIGKILL)
    until(lambda: running.has_new_process(vehicle), "another process takes its place")
    until(lambda: running.state("survives") == "loading", "loading")
    for name in ("CN-C1", "CN-C2", "CN-X1", "D2"):
        os.kill(running.processes[name], signal.SIGKILL)
    until(lambda: running.state("survives") == "done", "done", 200)


@pytest.mark.timeout(240)
def test_commands_of_the_api_reach_devices_on_ray(running: Running) -> None:
    gate, view = running.gate, running.view
    app = create_app(gate.site, gate.roadmap, gate.devices, view, gate.ask, lambda: [], find_caller)

    def service(name: str) -> str:
        return next(d.service for d in view.devices("vehicle", "crane") if d.id == name)

    def distance_m(agv: str, place: str) -> float:
        signal = next(v.signal for v in view.vehicles() if v.device.id == agv)
        assert signal is not None
        x_m, y_m = gate.roadmap.nodes[gate.roadmap.places[place].node]
        return math.hypot(signal.x_m - x_m, signal.y_m - y_m)

    with served(app) as url, httpx.Client(base_url=f"{url}/api/v1", headers=OPERATOR) as api:
        until(lambda: view.summary().by_state.keys() <= {"done", "cancelled"}, "all orders ended")
        for path in ("/vehicles/AGV-001", "/cranes/CN-C1"):
            assert api.post(f"{path}/withdraw").json()["service"] == "withdrawn"
        until(lambda: service("CN-C1") == "withdrawn", "the crane is shown as withdrawn")
        place = {"place": "VN-E1"}
        assert api.put("/vehicles/AGV-001/position", json=place).status_code == 202
        until(lambda: distance_m("AGV-001", "VN-E1") < 10, "it stands at the charger")
        assert api.put("/zones/CN-P04/block").status_code == 201
        running.put("round-the-crane", way="CN-VN")
        until(lambda: running.state("round-the-crane") == "done", "done", 200)
        assert api.delete("/zones/CN-P04/block").status_code == 204
        for path in ("/vehicles/AGV-001", "/cranes/CN-C1"):
            assert api.post(f"{path}/restore").json()["service"] == "in"


def test_a_controller_that_hears_nothing_stops_its_robot(running: Running) -> None:
    running.put("halted", way="CN-VN")
    until(lambda: running.state("halted") == "crossing", "crossing")
    found = running.view.order("halted")
    assert found is not None
    vehicle = found.order.vehicle
    frozen = psutil.Process(process_of(vehicle))
    until(lambda: running.speed_mps(vehicle) > 1, "drives")
    frozen.suspend()
    try:
        until(lambda: running.speed_mps(vehicle) == 0, "stops by itself", 10)
    finally:
        frozen.resume()
    until(lambda: running.state("halted") == "done", "done")


def test_a_frozen_plant_is_noticed_and_taken_up_again(running: Running) -> None:
    plant = next(
        child for child in psutil.Process().children() if "sim.plant.server" in child.cmdline()
    )
    plant.suspend()
    try:
        until(lambda: running.device("AGV-001") == "link_lost", "the loss is noticed", 10)
    finally:
        plant.resume()
    until(lambda: running.device("AGV-001") not in ("link_lost", "unknown"), "known again", 20)
    running.put("after-the-freeze")
    until(lambda: running.state("after-the-freeze") == "done", "done")
