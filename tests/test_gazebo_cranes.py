"""Cranes of a live plant in Gazebo: the spreader comes down over the AGV, which drives off loaded.

In the place of Gazebo's server is the peer with its physics layer (`gazebo_physics.cc`).
"""

import math
import queue
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from actors.fleet.routing import Router
from actors.messages import (
    ConfirmLoad,
    ExtendGrant,
    LinkRestored,
    LoadConfirmed,
    Message,
    StartTransfer,
    Stood,
    TransferFinished,
    Visit,
)
from actors.ports import LinkFactory
from actors.site.devices import devices
from actors.site.load import load_site
from actors.site.swept_path import LATERAL_M
from interfaces.drivers import Driven, attached_gazebo
from robotics.clock import GateTime
from robotics.gazebo.messages import message_class
from robotics.gazebo.models import LOAD, Models, Pose, Touch
from robotics.gazebo.network import network_of
from robotics.gazebo.node import Node
from robotics.telemetry import Bus
from sim.gazebo_world.agv import DECK_M, agv_model
from sim.gazebo_world.crane import (
    SPREADER_M,
    SPREADER_UP_M,
    TRAVEL_M,
    Bays,
    bays_of,
    crane_model,
    hoist_m,
    over,
    standing_pose,
    truck_m,
)
from sim.gazebo_world.elements import At, document
from sim.gazebo_world.files import WORLD_FILE
from sim.gazebo_world.release import FORTRESS
from sim.gazebo_world.world import world as gate_world
from sim.plant.gazebo_loads import LOAD_HEIGHT_M
from tests.gate import DAY, DEMO, ROADMAP
from tests.gazebo_peer import Peer, apart, running
from tests.site_files import demo_with
from tests.test_gazebo_follower import distance

AS_FAST_AS_IT_GOES = 100.0
AGV, CRANE, BAY, CONTAINER = "AGV-001", "VN-C1", "VN-C1-P2", "CSQU3054383"
LOADED = AGV + LOAD
WAIT_S = 120.0
LOOK_S = 0.05


class Told:
    """In the place of a device's machine, at the gate's end of its link."""

    def __init__(self, links: LinkFactory, device: str) -> None:
        link = links(device)
        assert link is not None
        self.link = link
        self._said: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.link.open(self._said.put)

    def says(self, kind: type[Message], timeout_s: float = WAIT_S) -> bool:
        """Whether it says that in this time; all before is forgotten."""
        until_s = time.monotonic() + timeout_s
        while (left_s := until_s - time.monotonic()) > 0:
            try:
                if isinstance(self._said.get(timeout=left_s), kind):
                    return True
            except queue.Empty:
                return False
        return False


def where(peer: Peer, model: str, link: str) -> tuple[float, float, float] | None:
    """Where a link of a model is, in the map's frame; None: it is not in the world."""
    peer.tell(f"where {model} {link}")
    kind, *numbers = peer.line().split()
    if kind == "nowhere":
        return None
    assert kind == "at", (kind, numbers)
    x, y, z = map(float, numbers)
    return x, y, z


def known(peer: Peer, model: str, link: str) -> tuple[float, float, float]:
    found = where(peer, model, link)
    assert found is not None
    return found


def until_there(peer: Peer, model: str, link: str, *, there: bool) -> None:
    until_s = time.monotonic() + WAIT_S
    while (where(peer, model, link) is not None) != there:
        assert time.monotonic() < until_s, f"{model} is there: {not there}"


def offset(peer: Peer) -> tuple[float, ...]:
    """From the AGV, which stands, to what it carries."""
    agv, load = known(peer, AGV, "body"), known(peer, LOADED, "box")
    return tuple(b - a for a, b in zip(agv, load, strict=True))


def across_m(bays: Bays, x: float, y: float) -> float:
    """Where the trolley of a spreader at this place is."""
    return over(At(x, y), bays)[1]


@pytest.mark.timeout(120)
def test_a_crane_goes_where_it_is_told_and_comes_back_from_the_ends_of_its_ways(
    physics: Path, tmp_path: Path
) -> None:
    bays = bays_of(CRANE, ROADMAP, DEMO.vehicles)
    element = ET.Element("world", {"name": "crane"})
    element.append(crane_model(CRANE, bays, DEMO.vehicles, FORTRESS))
    file = tmp_path / WORLD_FILE
    file.write_bytes(document(element))
    environment = apart()
    double = message_class("Double", "ignition.msgs")
    with (
        running([str(physics), str(file), "0"], environment) as peer,
        Node(network_of(environment)) as node,
    ):
        assert peer.line() == "ready"
        joints = {}
        for joint in ("gantry", "trolley", "hoist"):
            joints[joint] = node.advertise(f"/model/{CRANE}/{joint}", double)
            assert joints[joint].wait(WAIT_S)
        at = {"gantry": 0.0, "trolley": 0.0, "hoist": 0.0}
        for joint, place_m in (
            ("hoist", hoist_m(DECK_M)), ("hoist", 0.0),
            ("trolley", truck_m(bays)), ("trolley", bays.right_m), ("trolley", 0.0),
            ("gantry", TRAVEL_M), ("gantry", -TRAVEL_M), ("gantry", 0.0),
        ):  # fmt: skip
            at[joint] = place_m
            joints[joint].publish(double(data=place_m))
            until_s = time.monotonic() + WAIT_S
            off_m = math.inf
            while off_m > 0.01:
                assert time.monotonic() < until_s, f"{joint} to {place_m} m: {off_m} m off"
                x, y, z = known(peer, CRANE, "spreader")
                gantry, trolley = over(At(x, y), bays)
                off_m = math.dist((gantry, trolley, z - SPREADER_UP_M), tuple(at.values()))


@pytest.mark.timeout(400)
def test_the_spreader_comes_down_over_the_agv_and_the_container_drives_off_with_it(
    physics: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = {"yards__0__cranes__handover_s": 90, "yards__0__cranes__moves_per_h_max": 40}
    site_path = demo_with(tmp_path, vehicles__count=1, **quick)
    site = load_site(site_path, DAY)
    element = gate_world(site, ROADMAP, DAY, FORTRESS)
    [model] = [one for one in element.findall("model") if one.get("name") == AGV]
    element.remove(model)
    at = standing_pose(BAY, ROADMAP, site.vehicles.length_m)
    element.append(agv_model(AGV, at, site.vehicles, FORTRESS))
    file = tmp_path / WORLD_FILE
    file.write_bytes(document(element))
    folder = tmp_path / "bus"
    folder.mkdir(mode=0o700)
    driven = Driven(
        site_path, site, ROADMAP, DAY, devices(site, DAY), 1,
        GateTime(time.time_ns(), AS_FAST_AS_IT_GOES, str(tmp_path / "time")), Bus(str(folder)),
    )  # fmt: skip
    environment = apart()
    monkeypatch.setenv("IGN_IP", environment["IGN_IP"])
    monkeypatch.setenv("IGN_PARTITION", environment["IGN_PARTITION"])
    heard: list[Pose | Touch] = []
    way = Router(ROADMAP).way(ROADMAP.places[BAY].node, ROADMAP.places["VN-X1"].node)
    road = tuple(Visit(seq, edge.zone, (edge.id,)) for seq, edge in enumerate(way, 1))
    with (
        running([str(physics), str(file)], environment) as peer,
        Node(network_of(environment)) as node,
    ):
        assert peer.line() == "ready"
        Models(node, [AGV], site.vehicles.length_m, "ignition.msgs", heard.append)
        with attached_gazebo()(driven) as links:
            crane, agv = Told(links, CRANE), Told(links, AGV)
            assert crane.says(LinkRestored)
            assert agv.says(LinkRestored)
            crane.link.send(StartTransfer(1, BAY, "truck_to_agv", CONTAINER))
            seen: list[tuple[float, float, float]] = []
            while not crane.says(TransferFinished, LOOK_S):
                seen.append(known(peer, CRANE, "spreader"))
            while known(peer, CRANE, "spreader")[2] < SPREADER_UP_M - 0.01:
                assert known(peer, CRANE, "spreader")[2] > SPREADER_UP_M - 0.5
            agv.link.send(ConfirmLoad(1, CONTAINER))
            assert agv.says(LoadConfirmed)
            until_there(peer, LOADED, "box", there=True)
            first = offset(peer)
            agv.link.send(ExtendGrant(1, road))
            assert agv.says(Stood)
            last = offset(peer)
            agv.link.send(ConfirmLoad(2, ""))
            until_there(peer, LOADED, "box", there=False)
        said = peer.rest()
    assert not [line for line in said if line.startswith("contact")]
    # The spreader was down on the truck, then on the AGV, and up whenever it was between them.
    bays = bays_of(CRANE, ROADMAP, site.vehicles)
    _, bay_m = over(at, bays)
    down_m = DECK_M + LOAD_HEIGHT_M + SPREADER_M[2] / 2
    downs = [across_m(bays, x, y) for x, y, z in seen if z < down_m + 0.1]
    assert downs[0] == pytest.approx(truck_m(bays), abs=0.05)
    assert downs[-1] == pytest.approx(bay_m, abs=0.05)
    for x, y, z in seen:
        assert z > down_m
        if min(abs(across_m(bays, x, y) - there_m) for there_m in (truck_m(bays), bay_m)) > 0.1:
            assert z > SPREADER_UP_M - 0.1
    # The container stood in the middle of the deck, and still does.
    assert first == pytest.approx((0.0, 0.0, DECK_M), abs=0.02)
    assert last == pytest.approx(first, abs=0.05)
    # Front and rear have kept to the road.
    line = [point for edge in way for point in edge.points]
    fronts = [pose.front for pose in heard if isinstance(pose, Pose)]
    assert not [touch for touch in heard if isinstance(touch, Touch)]
    assert math.dist((fronts[-1].x_m, fronts[-1].y_m), line[-1]) < 0.1
    whole = [*ROADMAP.standing_edge(BAY).points, *line]
    for front in fronts[::10]:
        assert distance((front.x_m, front.y_m), whole) < LATERAL_M
        assert distance(front.shifted(-site.vehicles.length_m), whole) < LATERAL_M
