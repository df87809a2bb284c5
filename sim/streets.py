"""Street grids as roadmaps: one-way streets, crossings and lay-bys, for traffic without a gate.

Streets run in turn one way and the other, so that everything can be reached. A crossing is one
zone, a stretch of street between two crossings another. A lay-by is a place beside a stretch,
between the same two crossings, so that a vehicle that stops there is in nobody's way.
"""

import math
from collections.abc import Callable
from random import Random

from actors.site.model import Point
from actors.site.roadmap import Edge, Place, Roadmap

Stretch = tuple[tuple[int, int], tuple[int, int]]
"""A piece of street: from crossing, to crossing (column, row)."""

BLOCK_M = 30.0
CROSSING_M = 20.0
SPEED_MPS = 5.0


def streets(columns: int, rows: int, lay_bys: int, seed: int) -> Roadmap:
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


def _lay_bys(
    stretches: list[Stretch],
    count: int,
    seed: int,
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
