"""Containers of AGVs in Gazebo: put there and taken away as controllers say, and nothing waits.

In the place of Gazebo's server is a node of ours that keeps what it is asked.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors.messages import ConfirmLoad
from robotics.gazebo.messages import message_class
from robotics.gazebo.network import network_of
from robotics.gazebo.node import Node
from robotics.gazebo.vehicle import GazeboVehicle, Posed
from sim.gazebo_world.agv import DECK_M
from sim.plant.gazebo_loads import GazeboLoads
from sim.plant.wiring import vehicle_data
from tests.gate import DEMO, ROADMAP
from tests.gazebo_peer import apart
from tests.test_gazebo_follower import placed

WORLD = "gate"
BOOLEAN: Any = message_class("Boolean", "gz.msgs")
WAIT_S = 20.0
MODEL = 2
"""`gz.msgs.Entity.MODEL`."""


class Server:
    """Takes orders for a world, or refuses them."""

    def __init__(self, node: Node) -> None:
        self.takes = True
        self.asked: list[tuple[str, Any]] = []
        for service, kind in (("create", "EntityFactory"), ("remove", "Entity")):
            request = message_class(kind, "gz.msgs")
            node.provide(f"/world/{WORLD}/{service}", request, BOOLEAN, self._answers(service))

    def _answers(self, service: str) -> Callable[[Any], Any]:
        def answer(request: Any) -> Any:
            self.asked.append((service, request))
            return BOOLEAN(data=self.takes)

        return answer

    def until_asked(self, times: int) -> None:
        until_s = time.monotonic() + WAIT_S
        while len(self.asked) < times:
            assert time.monotonic() < until_s, self.asked
            time.sleep(0.01)


@pytest.fixture
def nodes() -> Iterator[tuple[Node, Node]]:
    network = network_of(apart())
    with Node(network) as server, Node(network) as ours:
        yield server, ours


def agv(name: str) -> GazeboVehicle:
    """One that stands at home and has said where that is."""
    vehicle = GazeboVehicle(name, ROADMAP, vehicle_data(DEMO), "VN-P01")
    vehicle.handle(Posed(placed(ROADMAP.standing_edge("VN-P01")).front()), 0)
    return vehicle


def test_a_container_is_put_on_the_deck_once_and_taken_away_when_it_is_lifted_off(nodes):
    server, loads = Server(nodes[0]), GazeboLoads(nodes[1], WORLD, "gz.msgs")
    vehicle = agv("AGV-001")
    loads.show(vehicle, 0)
    vehicle.handle(ConfirmLoad(1, "CSQU3054383"), 0)
    for _ in range(3):
        loads.show(vehicle, 0)
    server.until_asked(1)
    vehicle.handle(ConfirmLoad(2, ""), 0)
    for _ in range(3):
        loads.show(vehicle, 0)
    server.until_asked(2)
    loads.close()
    [(_, created), (_, removed)] = server.asked
    assert [service for service, _ in server.asked] == ["create", "remove"]
    shown = vehicle.signal(0)
    assert created.name == "AGV-001-load"
    assert f"<pose>{shown.x_m} {shown.y_m} {DECK_M} 0.0 0.0 {shown.heading_rad}" in created.sdf
    assert "<child_model>AGV-001</child_model>" in created.sdf
    assert (removed.name, removed.type) == ("AGV-001-load", MODEL)


def test_at_the_end_no_container_is_left_in_the_world(nodes):
    server, loads = Server(nodes[0]), GazeboLoads(nodes[1], WORLD, "gz.msgs")
    for name in ("AGV-001", "AGV-002"):
        vehicle = agv(name)
        vehicle.handle(ConfirmLoad(1, "CSQU3054383 + TEXU2345675"), 0)
        loads.show(vehicle, 0)
    server.until_asked(2)
    loads.close()
    removed = {request.name for service, request in server.asked if service == "remove"}
    assert removed == {"AGV-001-load", "AGV-002-load"}


def test_a_container_that_the_server_refuses_is_one_line_for_people(nodes, capfd):
    server, loads = Server(nodes[0]), GazeboLoads(nodes[1], WORLD, "gz.msgs")
    server.takes = False
    vehicle = agv("AGV-001")
    vehicle.handle(ConfirmLoad(1, "CSQU3054383"), 0)
    for _ in range(3):
        loads.show(vehicle, 0)
    server.until_asked(1)
    loads.close()
    said = capfd.readouterr().err.splitlines()
    assert said == ["AGV-001-load is not as it ought to be: create: the server refuses"]


def test_without_a_server_nobody_waits(nodes):
    loads = GazeboLoads(nodes[1], WORLD, "gz.msgs")
    vehicle = agv("AGV-001")
    vehicle.handle(ConfirmLoad(1, "CSQU3054383"), 0)
    began_s = time.monotonic()
    loads.show(vehicle, 0)
    assert time.monotonic() - began_s < 0.2
    loads.close()
