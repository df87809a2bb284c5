"""The path follower in closed loop with a rigid body that does what it is told a moment later.

So does a model in Gazebo under its velocity control. The body has no weight: that is for a physics
engine to show.
"""

import math
from collections.abc import Iterator
from itertools import pairwise

import pytest
import rustworkx as rx

from actors.site.roadmap import Edge
from actors.site.swept_path import LATERAL_M
from robotics.gazebo.follower import STAND, Drive, Follower, Limits
from robotics.road_tracker import Front
from sim.gazebo_world.agv import ODOMETRY_HZ
from tests.gate import DEMO, ROADMAP

VEHICLES = DEMO.vehicles
HALF_M = VEHICLES.length_m / 2


def limits(*, loaded: bool) -> Limits:
    return Limits(
        VEHICLES.length_m,
        VEHICLES.speed_loaded_mps if loaded else VEHICLES.speed_empty_mps,
        VEHICLES.acceleration_mps2,
        VEHICLES.deceleration_mps2,
    )


class Body:
    """Does what it is told one odometry period late."""

    def __init__(self, x: float, y: float, heading: float) -> None:
        self.x, self.y, self.heading = x, y, heading
        self.speed = 0.0
        self.next = STAND

    def front(self) -> Front:
        return Front(
            self.x + HALF_M * math.cos(self.heading),
            self.y + HALF_M * math.sin(self.heading),
            self.heading,
            self.speed,
        )

    def rear(self) -> tuple[float, float]:
        return (
            self.x - HALF_M * math.cos(self.heading), self.y - HALF_M * math.sin(self.heading)
        )  # fmt: skip

    def move(self, command: Drive) -> None:
        now, self.next = self.next, command
        self.speed = now.ahead_mps
        heading = self.heading + now.turn_rad_s / ODOMETRY_HZ / 2  # half way through the turn
        cos, sin = math.cos(heading), math.sin(heading)
        self.x += (now.ahead_mps * cos - now.left_mps * sin) / ODOMETRY_HZ
        self.y += (now.ahead_mps * sin + now.left_mps * cos) / ODOMETRY_HZ
        self.heading += now.turn_rad_s / ODOMETRY_HZ


def routes() -> list[list[Edge]]:
    """Ways from place to place that together lead over every edge that any leads over.

    First the shortest ones, then those that avoid what the ones before have led over.
    """
    graph = rx.PyDiGraph()
    index = {node: graph.add_node(node) for node in ROADMAP.nodes}
    for edge in ROADMAP.edges.values():
        graph.add_edge(index[edge.start], index[edge.end], edge)
    places = {index[place.node] for place in ROADMAP.places.values()}
    chosen: list[list[Edge]] = []
    seen: set[str] = set()
    for _ in range(4):
        ways = []
        for place in ROADMAP.places.values():
            paths = rx.dijkstra_shortest_paths(
                graph,
                index[place.node],
                weight_fn=lambda edge: edge.length_m * (10 if edge.id in seen else 1),
            )
            for end in sorted(places):
                if end in paths and len(paths[end]) > 1:
                    way = [graph.get_edge_data(a, b) for a, b in pairwise(paths[end])]
                    ways.append([ROADMAP.standing_edge(place.id), *way])
        left = {edge.id for way in ways for edge in way} - seen
        while left:
            best = max(ways, key=lambda way: len(left.intersection(edge.id for edge in way)))
            chosen.append(best)
            left -= {edge.id for edge in best}
        seen.update(edge.id for way in chosen for edge in way)
    return chosen


ROUTES = routes()


def distance(point: tuple[float, float], line: list[tuple[float, float]]) -> float:
    """To a polyline, looked at from every piece."""
    best = math.inf
    for (x0, y0), (x1, y1) in pairwise(line):
        length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2
        if length2 == 0:
            continue
        share = ((point[0] - x0) * (x1 - x0) + (point[1] - y0) * (y1 - y0)) / length2
        share = min(max(share, 0.0), 1.0)
        best = min(best, math.dist(point, (x0 + share * (x1 - x0), y0 + share * (y1 - y0))))
    return best


def placed(first: Edge) -> Body:
    """An AGV that stands at the end of an edge."""
    (x0, y0), (x1, y1) = first.points[-2:]
    heading = math.atan2(y1 - y0, x1 - x0)
    return Body(x1 - HALF_M * math.cos(heading), y1 - HALF_M * math.sin(heading), heading)


def driven(way: list[Edge], by: Limits) -> Iterator[tuple[Body, Follower]]:
    """The drive along a way, pose by pose, until it rests."""
    follower = Follower()
    follower.stand(way[0].points, VEHICLES.length_m)
    for edge in way[1:]:
        follower.extend(edge.points, edge.speed_mps)
    body = placed(way[0])
    length_m = follower.left_m
    for number in range(ODOMETRY_HZ * (60 + round(length_m))):
        body.move(follower.drive(body.front(), by, 1 / ODOMETRY_HZ))
        yield body, follower
        if number > ODOMETRY_HZ and body.speed == 0 == body.next.ahead_mps:
            return
    raise AssertionError("it does not come to rest")


def test_the_routes_lead_over_all_edges():
    left = set(ROADMAP.edges) - {edge.id for way in ROUTES for edge in way}
    # No way from a place to a place leads round the far corner of a yard, beyond its last place.
    assert all(
        name.partition("-")[2].startswith(
            ("corner-3", "corner-4", "connector", "feeder-04", "collector-04")
        )
        for name in left
    )
    assert len(left) < 0.1 * len(ROADMAP.edges)


@pytest.mark.timeout(900)  # 14.7 km, pose by pose
@pytest.mark.parametrize("loaded", [False, True], ids=["empty", "loaded"])
def test_every_route_is_followed_within_a_hands_breadth_and_ended_at_its_end(loaded):
    by = limits(loaded=loaded)
    for way in ROUTES:
        line = [point for edge in way[1:] for point in edge.points]
        whole = [point for edge in way for point in edge.points]
        off = rear_off = 0.0
        body = None
        for number, (body, _) in enumerate(driven(way, by)):
            front = body.front()
            if number % 20 == 0:
                off = max(off, distance((front.x_m, front.y_m), line))
                rear_off = max(rear_off, distance(body.rear(), whole))
        assert body is not None
        front = body.front()
        name = f"{way[0].end} to {way[-1].end}"
        assert off < LATERAL_M, name
        assert rear_off < LATERAL_M, name  # what swept paths keep free beside a body
        assert math.dist((front.x_m, front.y_m), line[-1]) < 0.1, name


def test_no_limit_of_the_road_or_the_data_sheet_is_passed():
    by = limits(loaded=False)
    way = max(ROUTES, key=len)
    ends, total_m = [], 0.0
    for edge in way[1:]:
        total_m += sum(math.dist(a, b) for a, b in pairwise(edge.points))
        ends.append((total_m, edge.speed_mps))
    for body, follower in driven(way, by):
        at_m = total_m - follower.left_m
        limit = next((speed for end, speed in ends if at_m < end), 0.0)
        assert body.speed <= min(limit, VEHICLES.speed_empty_mps) + 0.1


def test_a_road_that_grows_under_way_is_driven_without_a_stop():
    way = next(way for way in ROUTES if any(edge.lane for edge in way))
    by = limits(loaded=False)
    follower, body = Follower(), placed(way[0])
    follower.stand(way[0].points, VEHICLES.length_m)
    began_m = follower._at_m
    rest = way[1:]
    slowest_late = math.inf
    while rest or follower.left_m > 60:
        while rest and follower.left_m < 60:
            edge = rest.pop(0)
            follower.extend(edge.points, edge.speed_mps)
        body.move(follower.drive(body.front(), by, 1 / ODOMETRY_HZ))
        if follower._at_m > began_m + 30:
            slowest_late = min(slowest_late, body.speed)
    assert slowest_late > 2.0


def test_a_halt_is_braked_as_planned_and_kept_to_the_road():
    way = max(ROUTES, key=len)
    by = limits(loaded=False)
    line = [point for edge in way[1:] for point in edge.points]
    drive = driven(way, by)
    for body, follower in drive:  # noqa: B007 - used after it
        if body.speed > 2.9:
            break
    speeds = [body.speed]
    while body.speed > 0:
        body.move(follower.drive(body.front(), by, 1 / ODOMETRY_HZ, halt=True))
        speeds.append(body.speed)
        front = body.front()
        assert distance((front.x_m, front.y_m), line) < 0.3
    steps = [(a - b) * ODOMETRY_HZ for a, b in pairwise(speeds)]
    assert max(steps) <= VEHICLES.deceleration_mps2 + 0.15


def test_without_a_road_it_stands():
    assert Follower().drive(Front(0, 0, 0, 0), limits(loaded=False), 0.02) == STAND
