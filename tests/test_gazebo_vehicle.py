"""The controller of an AGV in Gazebo, with a body that does what it is told and has no weight."""

import math
from itertools import pairwise

import pytest

from actors.effects import Effect, Send, SetTimer
from actors.fleet.routing import Router
from actors.messages import (
    AgvState,
    ClearFault,
    ExtendGrant,
    FaultChanged,
    GrantAccepted,
    InjectFault,
    LinkLost,
    LinkRestored,
    Message,
    QueryState,
    RearClear,
    SetPosition,
    Stood,
    TimerFired,
    Visit,
)
from actors.safety import LimitSpeed
from robotics.gazebo.follower import STAND
from robotics.gazebo.vehicle import GazeboVehicle, Posed
from robotics.road_tracker import Front
from sim.gazebo_site import by_plan, outcome, some_orders
from sim.plant.wiring import vehicle_data
from sim.simulate import build
from tests.gate import DAY, DEMO, ROADMAP, S
from tests.test_gazebo_follower import placed

DATA = vehicle_data(DEMO)
EDGES = ROADMAP.edges
PERIOD_NS = S // 50
WAY = Router(ROADMAP).way(ROADMAP.places["VN-P01"].node, ROADMAP.places["VN-C1-P1"].node)
ROAD = tuple(Visit(seq, edge.zone, (edge.id,)) for seq, edge in enumerate(WAY, 1))
END = EDGES[ROAD[-1].edges[-1]].points[-1]


class Drive:
    """The controller with its timers and its body: time passes, and what it says is kept."""

    def __init__(self, place: str = "VN-P01") -> None:
        self.controller = GazeboVehicle("AGV-001", ROADMAP, DATA, "VN-P01")
        self.body = placed(ROADMAP.standing_edge(place))
        self.now_ns = 0
        self.timers: dict[str, int] = {}
        self.said: list[Message] = []
        self.muted = False

    def tell(self, message: Message) -> list[Message]:
        said = self._take(self.controller.handle(message, self.now_ns))
        self.said += said
        return said

    def _take(self, effects: list[Effect]) -> list[Message]:
        said = []
        for effect in effects:
            if isinstance(effect, SetTimer):
                self.timers[effect.name] = effect.at_ns
            elif isinstance(effect, Send):
                assert effect.to == "AGV-001"
                said.append(effect.message)
        return said

    def wait(self, seconds: float) -> list[Message]:
        """What it says meanwhile."""
        already = len(self.said)
        until_ns = self.now_ns + round(seconds * S)
        while self.now_ns < until_ns:
            self.now_ns += PERIOD_NS
            for name, at_ns in list(self.timers.items()):
                if at_ns <= self.now_ns:
                    del self.timers[name]
                    self.tell(TimerFired(name))
            if not self.muted:
                self.tell(Posed(self.body.front()))
            self.body.move(self.controller.drive)
        return self.said[already:]

    @property
    def off_end_m(self) -> float:
        front = self.body.front()
        return math.dist((front.x_m, front.y_m), END)


def under_way() -> Drive:
    drive = Drive()
    drive.wait(0.1)
    drive.tell(ExtendGrant(1, ROAD))
    drive.wait(10)
    assert drive.body.speed > 1.0
    return drive


def kinds(said: list[Message]) -> list[type[Message]]:
    return [type(message) for message in said]


def test_before_odometry_comes_nothing_is_known_and_nothing_is_taken():
    drive = Drive()
    drive.muted = True
    drive.wait(1)
    assert drive.tell(QueryState()) == drive.tell(ExtendGrant(1, ROAD)) == []
    drive.muted = False
    assert kinds(drive.wait(0.1)) == [LinkRestored]
    [state] = drive.tell(QueryState())
    assert isinstance(state, AgvState)
    home = ROADMAP.standing_edge("VN-P01")
    assert state.visits == (Visit(0, home.zone, (home.id,)),)
    assert state.stood == 0


def test_it_stands_where_its_grant_ends_and_has_cleared_all_that_lies_behind():
    drive = Drive()
    drive.wait(0.1)
    assert GrantAccepted("AGV-001", 1, ROAD[-1].seq) in drive.tell(ExtendGrant(1, ROAD))
    said = drive.wait(200)
    [stood] = [message for message in said if isinstance(message, Stood)]
    assert stood.seq == ROAD[-1].seq
    assert drive.off_end_m < 0.1
    cleared = [message.cleared for message in said if isinstance(message, RearClear)]
    assert cleared == sorted(set(cleared))
    assert cleared


def test_a_grant_that_grows_under_way_is_driven_to_its_new_end():
    drive = Drive()
    drive.wait(0.1)
    half = len(ROAD) // 2
    drive.tell(ExtendGrant(1, ROAD[:half]))
    drive.wait(3)
    drive.tell(ExtendGrant(2, ROAD[half:]))
    said = drive.wait(200)
    assert [message.seq for message in said if isinstance(message, Stood)] == [ROAD[-1].seq]
    assert drive.off_end_m < 0.1


@pytest.mark.parametrize(
    ("stop", "end"),
    [
        (InjectFault("broken"), ClearFault()),
        (LinkLost(), LinkRestored()),
        (LimitSpeed(1, 0.0, "held"), LimitSpeed(2, None)),
    ],
)
def test_it_stops_for_a_fault_a_lost_link_and_a_stop_and_goes_on_after_it(stop, end):
    drive = under_way()
    drive.tell(stop)
    said = drive.wait(15)
    assert drive.body.speed == 0
    assert Stood not in kinds(said)
    drive.tell(end)
    assert Stood in kinds(drive.wait(200))
    assert drive.off_end_m < 0.1


def test_where_odometry_is_silent_it_comes_to_rest_and_nothing_is_known():
    drive = under_way()
    drive.muted = True
    assert kinds(drive.wait(1)) == [LinkLost]
    speeds = []
    for _ in range(750):
        drive.wait(0.02)
        speeds.append(drive.body.speed)
    assert drive.controller.drive == STAND
    assert drive.body.speed == 0
    braked = [(a - b) * 50 for a, b in pairwise(speeds)]
    assert max(braked) < DATA.deceleration_mps2 + 0.2
    assert drive.tell(QueryState()) == []
    drive.muted = False
    assert LinkRestored in kinds(drive.wait(0.1))
    assert isinstance(drive.tell(QueryState())[0], AgvState)
    assert Stood in kinds(drive.wait(200))
    assert drive.off_end_m < 0.1


def test_pushed_off_its_road_it_has_a_fault_and_stands():
    drive = under_way()
    drive.body.x -= math.sin(drive.body.heading)
    drive.body.y += math.cos(drive.body.heading)
    said = drive.wait(15)
    [fault] = [message for message in said if isinstance(message, FaultChanged)]
    assert fault.fault.endswith("m off its road")
    assert drive.body.speed == 0


def test_it_is_where_somebody_has_put_it_only_if_odometry_bears_that_out():
    drive = Drive()
    drive.wait(0.1)
    edge = ROADMAP.standing_edge("VN-P02")
    visit = Visit(9, edge.zone, (edge.id,))
    [state] = drive.tell(SetPosition(visit))
    assert isinstance(state, AgvState)
    assert state.visits[0].seq == 0
    drive.body = placed(edge)
    drive.wait(0.1)
    [state] = drive.tell(SetPosition(visit))
    assert isinstance(state, AgvState)
    assert (state.visits, state.stood) == ((visit,), 9)


def test_found_in_another_place_than_its_home_it_stands_there():
    drive = Drive("VN-P02")
    drive.wait(0.1)
    [state] = drive.tell(QueryState())
    assert isinstance(state, AgvState)
    assert state.visits[0].edges == (ROADMAP.standing_edge("VN-P02").id,)


def test_in_no_place_nothing_is_known_until_it_is_put_into_one():
    drive = Drive()
    drive.body.x += 3.0
    drive.wait(0.1)
    assert drive.tell(QueryState()) == []
    edge = ROADMAP.standing_edge("VN-P02")
    drive.body = placed(edge)
    drive.body.x += 0.2
    drive.wait(0.1)
    assert isinstance(drive.tell(QueryState())[0], AgvState)


def test_twenty_orders_are_done_as_by_plan():
    orders = some_orders(DEMO, 20, seed=1)
    world, checker = build(DEMO, DAY, 0, 1, GazeboVehicle)
    bodies = [
        (machine, placed(machine.home))
        for machine in world.machines()
        if isinstance(machine, GazeboVehicle)
    ]

    def run(until_ns: int) -> None:
        while world.now_ns + PERIOD_NS <= until_ns:
            now_ns = world.now_ns + PERIOD_NS
            world.run(now_ns)
            for vehicle, body in bodies:
                body.move(vehicle.drive)
                world.post(vehicle.name, Posed(body.front()), now_ns)
            world.run(now_ns)

    driven = outcome(world, checker, run, orders, hours=2)
    planned = by_plan(DEMO, DAY, orders, seed=1, hours=2)
    assert driven.found == planned.found == []
    assert len(driven.took_s) == len(planned.took_s) == 20
    for name, took_s in planned.took_s.items():
        assert driven.took_s[name] == pytest.approx(took_s, rel=0.1), name


def test_a_front_may_be_given_in_any_turn():
    front = Front(1.0, 2.0, math.pi / 2, 0.0)
    assert front.shifted(-1.0) == pytest.approx((1.0, 1.0))
