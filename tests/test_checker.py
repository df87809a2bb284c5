"""The checker must be able to fail: each rule is broken on purpose, and counted."""

import math
from collections.abc import Callable

import pytest

from actors.effects import Send
from actors.fleet import traffic
from actors.fleet.kernels import NONE, Net, Rows
from actors.messages import ExtendGrant, PutOrder, RearClear, Visit
from actors.site.devices import FLEET_MANAGER
from actors.site.roadmap import Edge, Roadmap
from robotics.telemetry import VehicleSignal
from sim.checker import CHECKER, CIRCLES_NS, LOOK, STALL_NS, Checker
from sim.footprint import Body
from sim.plant.vehicle import VehicleController
from sim.plant.wiring import controllers
from sim.simulate import MINUTE_NS, build, watch
from sim.world import World
from tests.gate import DAY, DEMO, ROADMAP, S, order

CLEAN = {"overlap": 0, "beyond_grant": 0, "jump": 0, "grant_order": 0, "circle": 0, "stall": 0}
SPEED_MPS = 6.0
LENGTH_M = 15.0


def road(name: str, zone: str, start: tuple[float, float], end: tuple[float, float]) -> Edge:
    nodes = (f"{start}", f"{end}")
    return Edge(name, *nodes, zone, "", SPEED_MPS, (start, end), math.dist(start, end))


EDGES = {
    edge.id: edge
    for edge in (
        road("west", "W", (0, 0), (20, 0)),
        road("east", "E", (20, 0), (80, 0)),
        road("south", "S", (50, -80), (50, -60)),
        road("north", "N", (50, -60), (50, 60)),
    )
}
CROSSING = Roadmap({}, EDGES, {}, ())
"""Two straight roads that cross at (50, 0), which their zones do not say."""
STARTS = {"A": Visit(0, "W", ("west",)), "B": Visit(0, "S", ("south",))}
EAST, NORTH = Visit(1, "E", ("east",)), Visit(1, "N", ("north",))


class Crossing:
    """Two vehicles that are wherever a test says: fronts along their ways, by time [s]."""

    def __init__(self) -> None:
        self.world = World()
        self.fronts: dict[str, Callable[[float], float]] = {"A": lambda _: 20, "B": lambda _: 20}
        self.aside_m = 0.0
        self.checker = Checker(
            CROSSING, Body(LENGTH_M, 3.0), SPEED_MPS,
            {name: self.shows(name) for name in self.fronts}, STARTS,
            lambda at_ns: self.world.post(CHECKER, LOOK, at_ns),
        )  # fmt: skip
        self.world.add(self.checker)

    def shows(self, name: str) -> Callable[[int], VehicleSignal]:
        def show(now_ns: int) -> VehicleSignal:
            front, before = (self.fronts[name](now_ns / S - ago_s) for ago_s in (0.0, 0.01))
            middle = front - LENGTH_M / 2
            speed = max((front - before) / 0.01, 0.0)
            if name == "A":
                return VehicleSignal("A", middle, self.aside_m, 0.0, speed, 90.0, "")
            return VehicleSignal("B", 50.0, middle - 80, math.pi / 2, speed, 90.0, "")

        return show

    def grant(self, name: str, visit: Visit) -> None:
        now_ns = self.world.now_ns
        self.checker.observe(f"{name}/controller", ExtendGrant(1, (visit,)), [], now_ns)

    def run(self, until_s: float) -> dict[str, int]:
        self.world.run(round(until_s * S))
        return self.checker.finish(self.world.now_ns)


def drive(begin_s: float, to_m: float, from_m: float = 20) -> Callable[[float], float]:
    """At top speed from a time on, to the end of the way."""
    return lambda now_s: min(max(from_m + SPEED_MPS * (now_s - begin_s), from_m), to_m)


@pytest.mark.parametrize(("later_s", "overlaps"), [(1.9, 0), (2.1, 1), (5, 1), (7.9, 1), (8.1, 0)])
def test_two_bodies_that_meet_at_a_crossing_are_one_overlap(later_s: float, overlaps: int):
    # A is on the crossing from 4.75 to 7.75 s after it starts, B from 9.75 to 12.75 s.
    crossing = Crossing()
    crossing.fronts = {"A": drive(later_s, 80), "B": drive(0, 140)}
    crossing.grant("A", EAST)
    crossing.grant("B", NORTH)
    assert crossing.run(60) == {**CLEAN, "overlap": overlaps}
    if overlaps:
        assert crossing.checker.overlaps == {("east", "north"): 1}
        assert "overlap: at" in crossing.checker.found[0]


def test_a_body_that_stands_in_the_way_is_met():
    crossing = Crossing()
    crossing.fronts = {"A": drive(0, 52), "B": drive(100, 140)}
    crossing.grant("A", EAST)
    crossing.run(60)
    crossing.grant("B", NORTH)
    assert crossing.run(200) == {**CLEAN, "overlap": 1}


@pytest.mark.parametrize("over_m", [0.2, 5.0])
def test_a_front_beyond_its_grant_is_counted(over_m: float):
    crossing = Crossing()
    crossing.fronts["A"] = drive(0, 80 + over_m)
    crossing.grant("A", EAST)
    found = crossing.run(60)
    assert found["beyond_grant"] > 0
    assert found == {**CLEAN, "beyond_grant": found["beyond_grant"]}


def test_a_front_beyond_its_grant_is_counted_though_the_next_grant_covers_it():
    crossing = Crossing()
    crossing.world.run(S)
    crossing.fronts["A"] = drive(0, 25)
    crossing.world.run(2 * S)
    crossing.grant("A", EAST)
    crossing.fronts["A"] = lambda _: 25
    assert crossing.run(60)["beyond_grant"] > 0


@pytest.mark.parametrize("shift_m", [-0.2, -5.0, 40.0])
def test_a_vehicle_that_is_where_it_cannot_have_driven_is_counted(shift_m: float):
    crossing = Crossing()
    crossing.grant("A", EAST)
    crossing.fronts["A"] = lambda now_s: 30 + (shift_m if now_s > 30 else 0) if now_s > 2 else 20
    crossing.world.run(30 * S)
    assert crossing.checker.finish(30 * S) == CLEAN
    assert crossing.run(31)["jump"] == 1


def test_a_vehicle_beside_its_way_is_counted():
    crossing = Crossing()
    crossing.aside_m = 0.5
    assert crossing.run(10) == {**CLEAN, "jump": 1}


@pytest.mark.parametrize(
    ("grants", "words"),
    [
        ([("A", (Visit(2, "E", ("east",)),))], "visit 2 is granted after 0"),
        ([("A", (EAST, Visit(3, "N", ("north",))))], "visit 3 after 1 in one grant"),
        ([("A", (EAST,)), ("A", (Visit(1, "N", ("north",)),))], "was ('east',), is now"),
        ([("A", (NORTH,))], "does not go on from"),
        ([("A", (Visit(1, "W", ("east",)),))], "does not go on from"),
        ([("A", (EAST,)), ("B", (Visit(1, "E", ("east",)),))], "still held by A"),
    ],
)
def test_grants_out_of_order_are_counted(grants: list[tuple[str, tuple[Visit, ...]]], words: str):
    crossing = Crossing()
    for vehicle, visits in grants:
        send = Send(vehicle, ExtendGrant(1, visits))
        crossing.checker.observe(FLEET_MANAGER, LOOK, [send], 0)
    assert crossing.checker.violations["grant_order"] > 0
    assert any(words in found for found in crossing.checker.found), crossing.checker.found


@pytest.mark.parametrize(("source", "held"), [("A/controller", 0), ("A", 1)])
def test_a_zone_may_be_granted_on_when_the_controller_itself_reports_the_rear_clear(
    source: str, held: int
):
    checker = Crossing().checker
    west = Visit(1, "W", ("west",))
    checker.observe(FLEET_MANAGER, LOOK, [Send("A", ExtendGrant(1, (EAST,)))], 0)
    checker.observe(FLEET_MANAGER, LOOK, [Send("A", ExtendGrant(1, (EAST,)))], 0)  # a repeat
    checker.observe(source, LOOK, [Send("A", RearClear("A", 0))], 0)
    checker.observe(FLEET_MANAGER, LOOK, [Send("B", ExtendGrant(1, (west,)))], 0)
    assert sum("still held by A" in found for found in checker.found) == held


@pytest.mark.parametrize(
    ("queues", "circles"),
    [
        ([[("A", 1), ("B", 2)], [("B", 1), ("A", 2)]], 1),
        ([[("A", 1), ("B", 2)], [("A", 2), ("B", 1)]], 0),
    ],
)
def test_a_circle_of_waits_is_counted(queues: list[list[tuple[str, int]]], circles: int):
    checker = Crossing().checker
    checker.watch_waits(CIRCLES_NS, lambda: queues)
    assert checker.violations == {**CLEAN, "circle": circles}


def test_the_run_is_the_same_with_the_checker_and_without():
    digests = set()
    for watched in (True, False):
        world, checker = build(DEMO, DAY, 0, 1)
        if not watched:
            world.remove(CHECKER)
            world.observers.remove(checker.observe)
        world.post(FLEET_MANAGER, PutOrder(order(1)), S)
        world.run(30 * MINUTE_NS)
        digests.add(world.digest())
    assert len(digests) == 1


class Yard:
    """Controllers without machines: grants are given by hand."""

    def __init__(self) -> None:
        plant = controllers(DEMO, ROADMAP, DAY, 1)
        self.world = World()
        self.vehicles = {
            name: one for name, one in plant.items() if isinstance(one, VehicleController)
        }
        for vehicle in self.vehicles.values():
            self.world.add(vehicle)
        self.checker = watch(self.world, DEMO, ROADMAP, list(self.vehicles.values()))

    def at_home(self, side: str) -> list[str]:
        return [
            name
            for name, one in self.vehicles.items()
            if one.passages[0].visit.zone.startswith(f"{side}-P")
        ]

    def grant(self, name: str, zones: int, at_s: float) -> None:
        """The first so many zones of the way from its home to the first lane."""
        stand = self.vehicles[name].passages[0].visit.edges[0]
        node = ROADMAP.edges[stand].end
        visits: list[Visit] = []
        for seq in range(1, zones + 1):
            edge = min(
                (e for e in ROADMAP.edges.values() if e.start == node and not e.lane),
                key=lambda e: e.id,
            )
            visits.append(Visit(seq, edge.zone, (edge.id,)))
            node = edge.end
        message = ExtendGrant(1, tuple(visits))
        self.world.post(f"{name}/controller", message, round(at_s * S))

    def run(self, until_s: float) -> dict[str, int]:
        self.world.run(round(until_s * S))
        return self.checker.finish(self.world.now_ns)


def test_a_lone_vehicle_on_its_grant_breaks_no_rule():
    yard = Yard()
    yard.grant(yard.at_home("VN")[0], 8, 1)
    assert yard.run(300) == CLEAN


@pytest.mark.parametrize("later_s", [0.0, 3.0, 8.0])
def test_two_vehicles_granted_one_zone_at_a_time_are_an_overlap(later_s: float):
    yard = Yard()
    first, second = yard.at_home("VN")[:2]
    yard.grant(first, 8, 1)
    yard.grant(second, 8, 1 + later_s)
    found = yard.run(300)
    assert found["overlap"] > 0
    assert found == {**CLEAN, "overlap": found["overlap"]}
    assert f"{first} at (" in yard.checker.found[0]


def keep_all(_: str) -> bool:
    return False


def lose_grants(kind: str) -> bool:
    return kind == "ExtendGrant"


@pytest.mark.parametrize(("lost", "stalls"), [(keep_all, False), (lose_grants, True)])
def test_open_orders_while_nothing_moves_are_a_stall(lost: Callable[[str], bool], stalls: bool):
    world, checker = build(DEMO, DAY, 0, 1)
    world.wire = lambda _sender, _to, message, at_ns: (
        [] if lost(type(message).__name__) else [at_ns]
    )
    world.post(FLEET_MANAGER, PutOrder(order(1)), S)
    for minute in range(1, 2 * STALL_NS // MINUTE_NS + 5):
        world.run(minute * MINUTE_NS)
        orders = world.machine(FLEET_MANAGER).orders  # type: ignore[attr-defined]
        checker.watch_progress(world.now_ns, int(orders["T1"].state != "done"))
    found = checker.finish(world.now_ns)
    assert (found["stall"] > 0) == stalls
    assert found == {**CLEAN, "stall": found["stall"]}


def test_traffic_that_grants_zones_still_occupied_is_caught_in_a_whole_gate(
    monkeypatch: pytest.MonkeyPatch,
):
    def careless(net: Net, rows: Rows, vehicle: int, horizon_m: float) -> int:
        """Grants all of the road ahead, whoever is there."""
        count, row = 0, rows.first[vehicle]
        while row != NONE:
            count += not rows.granted[row]
            rows.granted[row] = True
            row = rows.next[row]
        return count

    monkeypatch.setattr(traffic, "grant", careless)
    world, checker = build(DEMO, DAY, 0, 1)
    for number in range(12):
        world.post(FLEET_MANAGER, PutOrder(order(number, "VN" if number % 2 else "CN")), S)
    world.run(30 * MINUTE_NS)
    found = checker.finish(world.now_ns)
    assert found["overlap"] > 0
    assert found["grant_order"] > 0
