"""AGVs driven on Gazebo's physics: bodies with masses and contacts, moved by velocity control.

The peer (`gazebo_physics.cc`) is ignition-physics with DART under Gazebo's transport: not Gazebo.
"""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from actors.effects import Effect
from actors.messages import (
    ConfirmLoad,
    ExtendGrant,
    FaultChanged,
    LinkLost,
    LinkRestored,
    LoadConfirmed,
    Message,
    Stood,
    Visit,
)
from actors.site.roadmap import Edge
from actors.site.swept_path import LATERAL_M
from robotics.gazebo.network import network_of
from robotics.gazebo.node import Node
from robotics.gazebo.vehicle import SILENCE_NS, GazeboVehicle, Posed
from robotics.road_tracker import Front
from sim.gazebo_run import GazeboRun
from sim.gazebo_world.agv import DECK_M, agv_model
from sim.gazebo_world.container import GROSS_KG_MAX, Carrier, container_model
from sim.gazebo_world.crane import standing_pose
from sim.gazebo_world.elements import At, document
from sim.gazebo_world.files import WORLD_FILE
from sim.gazebo_world.release import FORTRESS
from sim.gazebo_world.world import world as gate_world
from sim.plant.wiring import vehicle_data
from sim.world import World
from tests.gate import DAY, DEMO, ROADMAP, S
from tests.gazebo_peer import Peer, apart, running
from tests.test_gazebo_follower import ROUTES, distance

VEHICLES = DEMO.vehicles
DATA = vehicle_data(DEMO)
AGV = "AGV-001"
ALONE = msgspec.structs.replace(DEMO, vehicles=msgspec.structs.replace(VEHICLES, count=1))
"""The gate with one AGV, which may then stand anywhere."""


class Told:
    """In the place of the AGV's machine: keeps what its controller says."""

    def __init__(self) -> None:
        self.name = AGV
        self.said: list[tuple[int, Message]] = []

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        self.said.append((now_ns, message))
        return []

    def kinds(self) -> list[type[Message]]:
        return [type(message) for _, message in self.said[1:]]


class Drive:
    """One AGV on the physics: time passes, and where it was is kept."""

    def __init__(self, node: Node, peer: Peer, place: str) -> None:
        self.peer = peer
        self.world = World()
        self.told = Told()
        self.vehicle = GazeboVehicle(AGV, ROADMAP, DATA, place)
        self.fronts: list[Front] = []
        self.world.add(self.told)
        self.world.add(self.vehicle)
        self.world.observers.append(self._observe)
        self._run = GazeboRun(node, self.world, DEMO.name, [AGV], VEHICLES.length_m)

    def _observe(self, _name: str, message: Message, _effects: list[Effect], _at_ns: int) -> None:
        if isinstance(message, Posed):
            self.fronts.append(message.front)

    def tell(self, message: Message) -> None:
        self.world.post(self.vehicle.name, message, self.world.now_ns)

    def wait(self, seconds: float) -> None:
        self._run.run(self.world.now_ns + round(seconds * S))

    def until(self, kind: type[Message], limit_s: float) -> Message:
        """What it says of that kind for the first time from now on."""
        already = len(self.told.said)
        end_ns = self.world.now_ns + round(limit_s * S)
        while self.world.now_ns < end_ns:
            self.wait(0.2)
            for _, message in self.told.said[already:]:
                if isinstance(message, kind):
                    return message
        raise AssertionError(f"no {kind.__name__} in {limit_s:.0f} s: {self.told.said[already:]}")


def visits(way: list[Edge]) -> tuple[Visit, ...]:
    return tuple(Visit(seq, edge.zone, (edge.id,)) for seq, edge in enumerate(way, 1))


def place_of(way: list[Edge]) -> str:
    """Where a route begins."""
    return next(place.id for place in ROADMAP.places.values() if place.node == way[0].end)


@contextlib.contextmanager
def drive_from(place: str, physics: Path, folder: Path, *, loaded: bool = False) -> Iterator[Drive]:
    """The gate with nobody in it but an AGV that stands in a place."""
    element = gate_world(ALONE, ROADMAP, DAY, FORTRESS)
    [model] = [one for one in element.findall("model") if one.get("name") == AGV]
    element.remove(model)
    at = standing_pose(place, ROADMAP, VEHICLES.length_m)
    element.append(agv_model(AGV, at, VEHICLES, FORTRESS))
    if loaded:
        deck = At(at.x, at.y, DECK_M, at.yaw)
        carrier = Carrier(AGV, "body")
        element.append(
            container_model(f"{AGV}-load", deck, "45G1", GROSS_KG_MAX, carrier, FORTRESS)
        )
    file = folder / WORLD_FILE
    file.write_bytes(document(element))
    environment = apart()
    with (
        running([str(physics), str(file)], environment) as peer,
        Node(network_of(environment)) as node,
    ):
        assert peer.line() == "ready"
        yield Drive(node, peer, place)


LONGEST = max(ROUTES, key=len)
"""817 m: over a lane, and through both yards."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "way" in metafunc.fixturenames:
        ways = ROUTES if metafunc.config.getoption("--all-routes") else [LONGEST]
        names = [f"{way[0].end}-{way[-1].end}" for way in ways]
        metafunc.parametrize("way", ways, ids=names)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("loaded", [False, True], ids=["empty", "loaded"])
def test_a_route_is_driven_on_the_road_and_ends_where_the_grant_ends(
    loaded, way, physics, tmp_path: Path
):
    with drive_from(place_of(way), physics, tmp_path, loaded=loaded) as drive:
        drive.until(LinkRestored, 5)
        if loaded:
            drive.tell(ConfirmLoad(1, "CSQU3054383"))
            drive.until(LoadConfirmed, 5)
        drive.tell(ExtendGrant(1, visits(way[1:])))
        stood = drive.until(Stood, 900)
        assert isinstance(stood, Stood)
        assert stood.seq == len(way) - 1
        drive.wait(2)  # it stays there
        line = [point for edge in way[1:] for point in edge.points]
        whole = [point for edge in way for point in edge.points]
        for front in drive.fronts[::10]:
            assert distance((front.x_m, front.y_m), line) < LATERAL_M
            assert distance(front.shifted(-VEHICLES.length_m), whole) < LATERAL_M
        last = drive.fronts[-1]
        assert math.dist((last.x_m, last.y_m), line[-1]) < 0.1
        top = VEHICLES.speed_loaded_mps if loaded else VEHICLES.speed_empty_mps
        assert max(front.speed_mps for front in drive.fronts) <= top + 0.05
        assert FaultChanged not in drive.told.kinds()
        said = drive.peer.rest()
    assert not [line for line in said if line.startswith("contact")]


def test_where_odometry_falls_silent_it_stands_and_nothing_is_known_until_it_is_heard_again(
    physics, tmp_path: Path
):
    way = LONGEST[: len(LONGEST) // 3]
    with drive_from(place_of(way), physics, tmp_path) as drive:
        drive.until(LinkRestored, 5)
        drive.tell(ExtendGrant(1, visits(way[1:])))
        drive.wait(15)
        assert drive.fronts[-1].speed_mps > 1.0
        drive.peer.tell(f"mute {AGV}")
        drive.until(LinkLost, SILENCE_NS / S + 1)
        drive.wait(15)
        before = len(drive.fronts)
        drive.peer.tell(f"heard {AGV}")
        drive.until(LinkRestored, 5)
        assert drive.fronts[before].speed_mps == pytest.approx(0, abs=0.01)
        line = [point for edge in way for point in edge.points]
        front = drive.fronts[before]
        assert distance((front.x_m, front.y_m), line) < 0.3
        drive.tell(LinkRestored())
        stood = drive.until(Stood, 900)
        assert isinstance(stood, Stood)
        assert stood.seq == len(way) - 1
