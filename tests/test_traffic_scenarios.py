"""Named scenarios of traffic, each on a roadmap drawn for it: none shares, circles or is left."""

import math

import pytest

from actors.site.roadmap import Edge, Place, Roadmap
from sim.traffic_run import TrafficRun


class Drawing:
    """A roadmap under the pencil: nodes come with the edges that name them."""

    def __init__(self, **nodes: tuple[float, float]) -> None:
        self.nodes = dict(nodes)
        self.edges: dict[str, Edge] = {}
        self.places: dict[str, Place] = {}

    def road(self, start: str, end: str, zone: str, *, both_ways: bool = False) -> None:
        points = (self.nodes[start], self.nodes[end])
        name = f"{start}>{end}"
        self.edges[name] = Edge(name, start, end, zone, "", 5.0, points, math.dist(*points))
        if both_ways:
            self.road(end, start, zone)

    def bay(self, name: str, beside: str, at: tuple[float, float]) -> None:
        """A place with a way in and out, a zone of its own."""
        self.nodes[name] = at
        self.road(beside, name, name, both_ways=True)
        self.places[name] = Place(name, "parking", "VN", name, "")

    def roadmap(self) -> Roadmap:
        return Roadmap(self.nodes, self.edges, self.places, ())


def aisle(zones: int) -> Drawing:
    """A straight two-way aisle with two bays at each end."""
    drawing = Drawing(**{f"n{i}": (i * 30.0, 0.0) for i in range(zones + 1)})
    for i in range(zones):
        drawing.road(f"n{i}", f"n{i + 1}", f"aisle{i}", both_ways=True)
    for end, x in (("n0", -30.0), (f"n{zones}", zones * 30.0 + 30.0)):
        for y in (-30.0, 30.0):
            drawing.bay(f"{'W' if x < 0 else 'E'}{'S' if y < 0 else 'N'}", end, (x, y))
    return drawing


def star(arms: int) -> Drawing:
    """Two-way arms that meet in one crossing, two bays at the end of each."""
    drawing = Drawing(middle=(0.0, 0.0))
    for i in range(arms):
        cos, sin = math.cos(2 * math.pi * i / arms), math.sin(2 * math.pi * i / arms)
        drawing.nodes[f"in{i}"] = (30 * cos, 30 * sin)
        drawing.nodes[f"out{i}"] = (60 * cos, 60 * sin)
        drawing.road(f"in{i}", "middle", "crossing", both_ways=True)
        drawing.road(f"out{i}", f"in{i}", f"arm{i}", both_ways=True)
        for name, turn in (("a", -30), ("b", 30)):
            at = (90 * cos - turn * sin, 90 * sin + turn * cos)
            drawing.bay(f"{name}{i}", f"out{i}", at)
    return drawing


def dual_carriageway(zones: int) -> Drawing:
    """A road each way with a turn from one into the other at both ends; bays beside each."""
    drawing = Drawing()
    for i in range(zones + 1):
        drawing.nodes[f"e{i}"], drawing.nodes[f"w{i}"] = (i * 30.0, 0.0), (i * 30.0, 30.0)
    for i in range(zones):
        drawing.road(f"e{i}", f"e{i + 1}", f"east{i}")
        drawing.road(f"w{i + 1}", f"w{i}", f"west{i}")
    drawing.road(f"e{zones}", f"w{zones}", "turn E")
    drawing.road("w0", "e0", "turn W")
    for i in range(1, zones):
        drawing.bay(f"E{i}", f"e{i}", (i * 30.0, -30.0))
        drawing.bay(f"W{i}", f"w{i}", (i * 30.0, 60.0))
    return drawing


def ring(zones: int) -> Drawing:
    """A one-way ring; at each node of it two bays, `a` and `b`."""
    drawing = Drawing()
    radius_m = 30 * zones / (2 * math.pi)
    for i in range(zones):
        cos, sin = math.cos(2 * math.pi * i / zones), math.sin(2 * math.pi * i / zones)
        drawing.nodes[f"n{i}"] = (radius_m * cos, radius_m * sin)
    for i in range(zones):
        drawing.road(f"n{i}", f"n{(i + 1) % zones}", f"ring{i}")
        x, y = drawing.nodes[f"n{i}"]
        outward = (1 + 30 / radius_m, 1 - 30 / radius_m)
        for name, by in zip("ab", outward, strict=True):
            drawing.bay(f"{name}{i}", f"n{i}", (x * by, y * by))
    return drawing


def ended(run: TrafficRun) -> None:
    run.end()
    account = run.account
    assert (account.overlaps, account.circles, account.stalls) == (0, 0, 0)


@pytest.mark.parametrize("zones", [1, 2, 5])
def test_vehicles_head_on_in_a_two_way_aisle_wait_in_their_bays_and_pass(zones: int):
    run = TrafficRun(
        aisle(zones).roadmap(), {"west": "WS", "east": "ES"}, 1, reroute=False, wander=False
    )
    run.send("west", "EN", "WS")
    run.send("east", "WN", "ES")
    ended(run)
    assert run.account.trips == 4


@pytest.mark.parametrize("arms", [3, 4])
def test_stand_off_of_three_or_four_at_a_crossing_is_resolved(arms: int):
    homes = {f"v{i}": f"a{i}" for i in range(arms)}
    run = TrafficRun(star(arms).roadmap(), homes, 1, reroute=False, wander=False)
    for i in range(arms):
        run.send(f"v{i}", f"b{(i + 1) % arms}")
    ended(run)
    assert {v: run.traffic.place_of(v) for v in homes} == {
        f"v{i}": f"b{(i + 1) % arms}" for i in range(arms)
    }


def test_vehicles_on_crossing_paths_pass_one_after_the_other():
    homes = {"west": "a2", "south": "a3"}
    run = TrafficRun(star(4).roadmap(), homes, 1, reroute=False, wander=False)
    run.send("west", "b0", "a2", "b0", "a2")
    run.send("south", "b1", "a3", "b1", "a3")
    ended(run)
    assert run.account.trips == 8


def test_vehicles_fly_by_each_other_and_turn_round_into_each_others_road():
    homes = {"eastbound": "E1", "westbound": "W3"}
    run = TrafficRun(dual_carriageway(4).roadmap(), homes, 1, reroute=False, wander=False)
    run.send("eastbound", "W1", "E1")
    run.send("westbound", "E3", "W3")
    ended(run)
    assert run.account.trips == 4


@pytest.mark.parametrize("reroute", [False, True])
def test_ring_at_full_occupancy_moves_on_until_all_have_been_round(reroute: bool):
    zones = 8
    homes = {f"v{i}": f"a{i}" for i in range(zones)}
    run = TrafficRun(ring(zones).roadmap(), homes, 1, reroute=reroute, wander=False)
    for i in range(zones):
        run.send(f"v{i}", f"b{(i + zones - 1) % zones}", f"a{i}")
    most = 0
    while not all(map(run.rests, homes)):
        run.run(run.now_s + 1)
        held = {visit.zone for v in homes for visit in run.traffic.granted(v)}
        most = max(most, sum(zone.startswith("ring") for zone in held))
        assert run.now_s < 3600
    assert most >= zones - 1, "all of it was granted, but for what keeps it moving"
    ended(run)
    assert run.account.trips == 2 * zones


def test_all_vehicles_called_to_one_place_come_one_after_the_other():
    homes = {f"v{i}": f"a{i}" for i in range(4)}
    run = TrafficRun(star(4).roadmap(), homes, 1, reroute=False, wander=False)
    for vehicle, home in homes.items():
        run.send(vehicle, "b0", home)
    ended(run)
    assert run.account.trips == 8


def test_trip_to_a_blocked_place_waits_until_it_is_unblocked():
    run = TrafficRun(aisle(2).roadmap(), {"west": "WS"}, 1, reroute=False, wander=False)
    run.block("EN", "a parked vehicle")
    run.send("west", "EN")
    run.run(300)
    assert run.traffic.place_of("west") == "WS"
    ended(run)
    assert run.traffic.place_of("west") == "EN"


@pytest.mark.parametrize("zone", ["aisle0", "aisle1", "aisle2"])
def test_dead_vehicle_in_an_aisle_is_lifted_and_all_trips_end(zone: str):
    run = TrafficRun(
        aisle(3).roadmap(), {"west": "WS", "east": "ES"}, 1, reroute=True, wander=False
    )
    run.send("west", "EN")
    while zone not in {visit.zone for visit in run.traffic.granted("west")}:
        run.run(run.now_s + 1)
        assert run.now_s < 600
    run.fail("west")
    run.send("east", "WN")
    run.run(run.now_s + 300)
    run.lift("west")
    run.run(run.now_s + 300)
    assert run.traffic.place_of("west") == "WS"
    ended(run)
    assert run.traffic.place_of("east") == "WN"


def test_two_way_road_can_be_driven_from_one_zone_into_the_next_and_back():
    run = TrafficRun(aisle(2).roadmap(), {"west": "WS"}, 1, reroute=False, wander=False)
    assert run.traffic.go("west", "ES", 0.0) is not None, "n1 joins the same two zones both ways"
