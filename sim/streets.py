"""Street grids as roadmaps: one-way streets, crossings and lay-bys, for traffic without a gate.

Streets run in turn one way and the other, so that everything can be reached. A crossing is one
zone, a stretch of street between two crossings another. A lay-by is a place beside a stretch,
between the same two crossings, so that a vehicle that stops there is in nobody's way.
"""

import math
from collections.abc import Callable
from random import Random

from actors.site.model import Point
from actors.site.roadmap import Edge, LaneWay, Place, Roadmap

Stretch = tuple[tuple[int, int], tuple[int, int]]
"""A piece of street: from crossing, to crossing (column, row)."""

BLOCK_M = 30.0
CROSSING_M = 20.0
SPEED_MPS = 5.0
LANE_ZONES = 4
"""Zones of a lane between two grids, each as long as a block."""


def streets(columns: int, rows: int, lay_bys: int, seed: int | str) -> Roadmap:
    """A grid with so many crossings and lay-bys.

    Raises:
        ValueError: the grid is not even-sized (then it is not one-way connected), or it has fewer
            stretches of street than lay-bys.
    """
    if columns % 2 or rows % 2 or columns < 2 or rows < 2:
        raise ValueError(f"given {columns} x {rows}, allowed: even numbers from 2")
    nodes: dict[str, Point] = {}
    edges: dict[str, Edge] = {}
    pitch = BLOCK_M + CROSSING_M
    into: dict[tuple[int, int], list[str]] = {}
    out_of: dict[tuple[int, int], list[str]] = {}

    def add(name: str, start: str, end: str, zone: str) -> None:
        points = (nodes[start], nodes[end])
        length_m = max(math.dist(*points), 1.0)
        edges[name] = Edge(name, start, end, zone, "", SPEED_MPS, points, length_m)

    stretches = [
        ((x, y), (x + dx, y + dy))
        for x in range(columns)
        for y in range(rows)
        for dx, dy in ((1 if y % 2 == 0 else -1, 0), (0, -1 if x % 2 == 0 else 1))
        if 0 <= x + dx < columns and 0 <= y + dy < rows
    ]
    for (x, y), (to_x, to_y) in stretches:
        name = f"s{x}.{y}-{to_x}.{to_y}"
        dx, dy = to_x - x, to_y - y
        half = CROSSING_M / 2
        nodes[f"{name}:a"] = (x * pitch + dx * half, y * pitch + dy * half)
        nodes[f"{name}:b"] = (to_x * pitch - dx * half, to_y * pitch - dy * half)
        add(name, f"{name}:a", f"{name}:b", name)
        out_of.setdefault((x, y), []).append(f"{name}:a")
        into.setdefault((to_x, to_y), []).append(f"{name}:b")
    for crossing, arriving in into.items():
        for i, start in enumerate(arriving):
            for j, end in enumerate(out_of.get(crossing, ())):
                zone = f"x{crossing[0]}.{crossing[1]}"
                add(f"{zone}:{i}{j}", start, end, zone)
    return Roadmap(nodes, edges, _lay_bys(stretches, lay_bys, seed, nodes, add), ())


def streets_beside(columns: int, rows: int, lay_bys: int, lanes: int, seed: int) -> Roadmap:
    """Two grids of so many crossings and lay-bys, W and E, and two-way lanes from one to the other.

    A lane begins and ends at a crossing, each in another row, and has `LANE_ZONES` zones.

    Raises:
        ValueError: as `streets`; or there are more lanes than rows.
    """
    if lanes > rows:
        raise ValueError(f"given {lanes} lanes, allowed: at most {rows}, one a row")
    nodes: dict[str, Point] = {}
    edges: dict[str, Edge] = {}
    places: dict[str, Place] = {}
    pitch = BLOCK_M + CROSSING_M
    east_m = columns * pitch + LANE_ZONES * BLOCK_M
    for side, shift_m in (("W", 0.0), ("E", east_m)):
        grid = streets(columns, rows, lay_bys, f"{seed}{side}")
        for node, (x, y) in grid.nodes.items():
            nodes[side + node] = (x + shift_m, y)
        for edge in grid.edges.values():
            start, end = side + edge.start, side + edge.end
            edges[side + edge.id] = Edge(
                side + edge.id, start, end, side + edge.zone, "", edge.speed_mps,
                (nodes[start], nodes[end]), edge.length_m,
            )  # fmt: skip
        for place in grid.places.values():
            name = side + place.id
            places[name] = Place(name, "parking", side, side + place.node, "")
    ways = [
        way
        for row in range(lanes)
        for way in _lane(f"D{row}", (columns - 1, row), (0, row), nodes, edges)
    ]
    return Roadmap(nodes, edges, places, tuple(ways))


def _lane(
    lane: str,
    west: tuple[int, int],
    east: tuple[int, int],
    nodes: dict[str, Point],
    edges: dict[str, Edge],
) -> list[LaneWay]:
    """Draw a lane between two crossings, both ways over the same zones."""

    def add(name: str, start: str, end: str, zone: str, of_lane: str) -> str:
        points = (nodes[start], nodes[end])
        edges[name] = Edge(name, start, end, zone, of_lane, SPEED_MPS, points, math.dist(*points))
        return name

    pitch = BLOCK_M + CROSSING_M
    begin_m, y = west[0] * pitch + CROSSING_M, west[1] * pitch
    for number in range(LANE_ZONES + 1):
        nodes[f"{lane}:{number}"] = (begin_m + number * BLOCK_M, y)
    for side, (cx, cy), end in (("W", west, f"{lane}:0"), ("E", east, f"{lane}:{LANE_ZONES}")):
        zone = f"{side}x{cx}.{cy}"
        for edge in [edge for edge in edges.values() if edge.zone == zone]:
            if f"{end}<{edge.start}" not in edges:
                add(f"{end}<{edge.start}", edge.start, end, zone, "")
            if f"{end}>{edge.end}" not in edges:
                add(f"{end}>{edge.end}", end, edge.end, zone, "")
    there = [
        add(f"{lane}:{i}-{i + 1}", f"{lane}:{i}", f"{lane}:{i + 1}", f"{lane}.{i}", lane)
        for i in range(LANE_ZONES)
    ]
    back = [
        add(f"{lane}:{i + 1}-{i}", f"{lane}:{i + 1}", f"{lane}:{i}", f"{lane}.{i}", lane)
        for i in reversed(range(LANE_ZONES))
    ]
    return [LaneWay(lane, "W", "E", tuple(there)), LaneWay(lane, "E", "W", tuple(back))]


def _lay_bys(
    stretches: list[Stretch],
    count: int,
    seed: int | str,
    nodes: dict[str, Point],
    add: Callable[[str, str, str, str], None],
) -> dict[str, Place]:
    if count > len(stretches):
        raise ValueError(f"given {count} lay-bys, allowed: at most {len(stretches)}")
    places: dict[str, Place] = {}
    for number, ((x, y), (to_x, to_y)) in enumerate(Random(seed).sample(stretches, count)):
        beside = f"s{x}.{y}-{to_x}.{to_y}"
        name = f"L{number:03d}"
        (ax, ay), (bx, by) = nodes[f"{beside}:a"], nodes[f"{beside}:b"]
        nodes[name] = (ax + (bx - ax) * 0.9 + 4, ay + (by - ay) * 0.9 + 4)
        add(f"{name}:in", f"{beside}:a", name, name)
        add(f"{name}:out", name, f"{beside}:b", name)
        places[name] = Place(name, "parking", "XX", name, "")
    return places
