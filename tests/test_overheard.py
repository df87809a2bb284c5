"""What the checker makes of what it hears of robots: each rule broken once in words of ROS."""

import math

import pytest
from msgspec.structs import replace

from actors.site.roadmap import Edge
from robotics.ros import wire
from robotics.telemetry import VehicleSignal
from sim.footprint import Body
from sim.plant.overheard import Overheard
from sim.plant.track import Track
from sim.sweep import Way
from tests.gate import S
from tests.ros_drawn import NOW, agv_state, header, level
from tests.test_checker import CROSSING, EDGES, LENGTH_M, SPEED_MPS, STARTS

SILENCE_NS = 5 * S


def state(vehicle: str, front_m: float, at_s: float, **changes: object) -> wire.AgvState:
    """A drives east from the origin, B north from 80 m south of it, each along its way."""
    middle_m = front_m - LENGTH_M / 2
    place = wire.Point(middle_m, 0.0) if vehicle == "A" else wire.Point(50.0, middle_m - 80)
    turn = level(0.0 if vehicle == "A" else 1.5707963)
    said = agv_state(NOW + round(at_s * S), pose=wire.Pose(place, turn))
    return replace(said, **changes)


def grant(number: int, seq: int, edge: str, at_s: float) -> wire.Grant:
    piece = EDGES[edge]
    points = tuple(wire.Point(x, y) for x, y in piece.points)
    visit = wire.Visit(seq, piece.zone, (wire.Edge(edge, points, piece.length_m, SPEED_MPS),))
    at_ns = NOW + round(at_s * S)
    return wire.Grant(header(at_ns), number, wire.time_of(at_ns + S), (visit,))


def twist(speed_mps: float) -> wire.Twist:
    return wire.Twist(wire.Vector3(speed_mps, 0.0, 0.0), wire.Vector3(0.0, 0.0, 0.0))


class Heard:
    """Talk of A and B, which stand at the ends of their first roads."""

    def __init__(self) -> None:
        body = Body(LENGTH_M, 3.0)
        self.overheard = Overheard(CROSSING, body, SPEED_MPS, STARTS, SILENCE_NS)

    def say(self, a_m: float, b_m: float, at_s: float, a_mps: float = 0, b_mps: float = 0) -> None:
        self.overheard.told("A", state("A", a_m, at_s, twist=twist(a_mps)))
        self.overheard.told("B", state("B", b_m, at_s, twist=twist(b_mps)))
        self.overheard.look(NOW + round(at_s * S))

    def drive(self, a_to_m: float, b_to_m: float, seconds: int) -> None:
        """Evenly from where they stood, told twice a second."""
        for step in range(2 * seconds + 1):
            a_mps, b_mps = (a_to_m - 20) / seconds, (b_to_m - 20) / seconds
            self.say(20 + a_mps * step / 2, 20 + b_mps * step / 2, step / 2, a_mps, b_mps)

    def found(self, at_s: float) -> list[str]:
        return self.overheard.finish(NOW + round(at_s * S))


def test_two_that_pass_a_crossing_one_after_the_other_are_well():
    heard = Heard()
    heard.overheard.granted("A", grant(1, 1, "east", 0.0))
    heard.drive(80, 20, 12)
    assert heard.found(12) == []


def test_two_that_meet_on_a_crossing_are_found():
    heard = Heard()
    heard.overheard.granted("A", grant(1, 1, "east", 0.0))
    heard.overheard.granted("B", grant(1, 1, "north", 0.0))
    heard.drive(80, 100, 15)
    assert [found.partition(":")[0] for found in heard.found(15)] == ["overlap"]


def test_one_that_drives_beyond_its_grant_is_found():
    heard = Heard()
    heard.drive(26, 20, 12)
    assert {found.partition(":")[0] for found in heard.found(12)} == {"beyond_grant"}


def test_a_grant_counts_from_its_stamp_however_late_it_is_heard():
    heard = Heard()
    heard.overheard.told("A", state("A", 20, 0.0))
    heard.overheard.told("B", state("B", 20, 0.0))
    heard.overheard.told("A", state("A", 20, 0.25))  # who takes a grant says so at once
    heard.overheard.told("A", state("A", 22, 1.0))
    heard.overheard.granted("A", grant(1, 1, "east", 0.2))
    heard.overheard.told("B", state("B", 20, 1.0))
    heard.overheard.look(NOW + S)
    assert heard.found(1) == []


def test_a_grant_of_a_zone_that_another_has_not_left_is_found():
    heard = Heard()
    heard.say(20, 20, 0.0)
    heard.overheard.granted("A", grant(1, 1, "south", 0.5))
    heard.say(20, 20, 1.0)
    (gap, held) = heard.found(1)
    assert gap.startswith("grant_order: ")
    assert "A: south in zone S does not go on from" in gap
    assert held.endswith("A: zone S is still held by B")


def test_a_zone_that_its_holder_says_it_has_left_can_be_granted():
    heard = Heard()
    heard.overheard.granted("B", grant(1, 1, "north", 0.0))
    heard.say(20, 20, 0.0)
    heard.overheard.told("B", state("B", 21, 1.0, end_seq=1, cleared_seq=0))
    heard.overheard.granted("A", grant(1, 1, "south", 1.5))
    heard.overheard.told("A", state("A", 20, 2.0))
    heard.overheard.told("B", state("B", 21, 2.0, end_seq=1, cleared_seq=0))
    assert [f for f in heard.found(2) if "still held" in f] == []


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ({0: 19.0, 7: 20.0}, ["unheard: A was not heard for 7.0 s, and moved 1.0 m"]),
        ({0: 20.0, 7: 20.0}, []),
        ({0: 20.0}, ["unheard: A was not heard for the last 7.0 s"]),
        ({}, ["unheard: A was never heard"]),
    ],
)
def test_an_agv_that_moved_or_ended_unheard_is_a_finding(places: dict[int, float], said: list[str]):
    heard = Heard()
    for at_s in range(8):
        heard.overheard.told("B", state("B", 20, at_s))
        if at_s in places:
            heard.overheard.told("A", state("A", places[at_s], at_s))
    assert heard.found(7) == said


def test_a_grant_of_roads_that_are_not_there_is_a_finding():
    heard = Heard()
    heard.say(20, 20, 0.0)
    strange = grant(1, 1, "east", 0.0)
    edges = (replace(strange.visits[0].edges[0], id="moon"),)
    heard.overheard.granted("A", replace(strange, visits=(wire.Visit(1, "E", edges),)))
    assert heard.found(0) == ["unheard: grant 1 to A has roads that are not there: moon"]


def test_a_sample_that_comes_late_changes_nothing():
    heard = Heard()
    heard.say(20, 20, 1.0)
    heard.overheard.told("A", state("A", 70, 0.5))
    heard.say(20, 20, 2.0)
    assert heard.found(2) == []


def test_between_two_samples_an_agv_keeps_to_its_road_at_one_speed():
    radius_m, straight_m = 12.0, 20.0
    turns = [math.pi / 2 * step / 90 for step in range(91)]
    bend = [(radius_m * math.sin(t), radius_m * (1 - math.cos(t))) for t in turns]
    way, true = Way(LENGTH_M), Way(LENGTH_M)
    for grown in (way, true):
        grown.append(Edge("in", "a", "b", "A", "", 5.0, ((-straight_m, 0), (0, 0)), straight_m))
    track = Track(way, LENGTH_M, SPEED_MPS)
    edge = Edge("bend", "b", "c", "B", "", 5.0, tuple(bend), radius_m * math.pi / 2)
    for grown in (way, true):
        grown.append(edge)
    for at_s, front_m in ((0, straight_m), (5, way.end_m)):
        body = true.body(front_m)
        heading_rad = math.atan2(body.sin, body.cos)
        track.add(at_s * S, VehicleSignal("A", body.x, body.y, heading_rad, 2.0, 90.0, ""))
    speed_mps = (true.end_m - straight_m) / 5
    front_m = straight_m
    for step in range(51):
        seen = track.show(step * S // 10)
        front_m, off_m = true.find(seen.x_m, seen.y_m, front_m)
        assert off_m < 0.02
        body = true.body(front_m)
        assert seen.heading_rad == pytest.approx(math.atan2(body.sin, body.cos), abs=0.01)
        assert front_m == pytest.approx(straight_m + speed_mps * step / 10, abs=0.05)


def test_an_agv_that_is_off_its_road_is_seen_straight_between_where_it_says_it_was():
    way = Way(LENGTH_M)
    way.append(EDGES["west"])
    track = Track(way, LENGTH_M, SPEED_MPS)
    for at_s, y_m in ((0, 0.0), (2, 4.0)):
        track.add(at_s * S, VehicleSignal("A", 12.5, y_m, 0.0, 2.0, 90.0, ""))
    assert track.show(S).y_m == 2.0
