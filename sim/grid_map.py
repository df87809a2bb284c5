"""Grid maps of path-finding benchmarks, read as roadmaps of unit zones.

Two formats: movingai's `.map` (N. Sturtevant, Benchmarks for grid-based pathfinding, 2012), where a
vehicle may go to each free neighbour, and the `.grid` of RHCR (J. Li et al., AAAI 2021), where each
cell says in which directions it may be left. A cell is a zone; a move into it is an edge of one
metre, driven in one second. So a step of the benchmarks is a second here.
"""

import math

import msgspec

from actors.site.roadmap import Edge, Roadmap

Cell = tuple[int, int]
"""(column, row), from 0."""

MOVES: tuple[Cell, ...] = ((0, 1), (-1, 0), (0, -1), (1, 0))
"""In the order of the weights in a `.grid` file: it names them north, west, south, east."""
KINDS = ("Travel", "Induct", "Eject", "Obstacle")
COLUMNS = 10
"""Values in a line of a `.grid` file: id, type, station, x, y, four weights of moves, of waiting.
"""


def node_of(cell: Cell) -> str:
    """The node in the middle of a cell, and its zone."""
    return f"c{cell[0]}.{cell[1]}"


class GridMapError(ValueError):
    """A map that is not of its format, or not fit for its load: says what is given, and allowed."""


class GridMap(msgspec.Struct, frozen=True):
    """The cells that can be entered, and the moves between them."""

    kinds: dict[Cell, str]
    """Of each free cell: Travel, Induct or Eject; in a `.map` all are Travel."""
    moves: tuple[tuple[Cell, Cell], ...]

    def roadmap(self) -> Roadmap:
        """A zone a cell and an edge a move, 1 m at 1 m/s, in the zone of the cell it leads to."""
        edges = {}
        for start, end in self.moves:
            name = f"{node_of(start)}-{node_of(end)}"
            edges[name] = Edge(
                name, node_of(start), node_of(end), node_of(end), "", 1.0, (start, end), 1.0
            )
        nodes = {node_of((x, y)): (float(x), float(y)) for x, y in self.kinds}
        return Roadmap(nodes, edges, {}, ())


def read_map(text: str) -> GridMap:
    """Read movingai's format: `height`, `width`, `map`, then rows of `.` (free), `@` or `T`.

    Raises:
        GridMapError: it is not of that format.
    """
    lines = text.splitlines()
    sizes: dict[str, int] = {}
    at = 0
    while at < len(lines) and lines[at].strip() != "map":
        words = lines[at].split()
        if len(words) != 2 or words[0] not in ("type", "height", "width"):
            raise _wrong(at, lines[at], "type NAME, height N, width N, or map")
        if words[0] != "type":
            sizes[words[0]] = _count(at, words[1])
        at += 1
    if at == len(lines) or len(sizes) < 2:
        raise _wrong(at, "height, width and map not all there", "all three before the rows")
    rows = [line.rstrip() for line in lines[at + 1 :]]
    while rows and not rows[-1]:
        rows.pop()
    if len(rows) != sizes["height"]:
        raise _wrong(at, f"{len(rows)} rows", f"{sizes['height']}, as height says")
    for y, row in enumerate(rows, at + 1):
        if len(row) != sizes["width"] or set(row) - set(".@T"):
            raise _wrong(y, row, f"{sizes['width']} of '.', '@' and 'T'")
    free = [(x, y) for y, row in enumerate(rows) for x, cell in enumerate(row) if cell == "."]
    kinds = dict.fromkeys(free, "Travel")
    beside = [((x, y), (x + dx, y + dy)) for x, y in free for dx, dy in MOVES]
    return GridMap(kinds, tuple(move for move in beside if move[1] in kinds))


def read_grid(text: str) -> GridMap:
    """Read RHCR's format: two lines of size, one of headings, then a line a cell.

    A move is allowed where its weight is finite; the weights themselves are not used.

    Raises:
        GridMapError: it is not of that format, or a move leads into an obstacle or off the grid.
    """
    lines = text.splitlines()
    size = lines[1].split(",") if len(lines) > 1 else []
    if len(size) != 2:
        raise _wrong(1, ",".join(size), "columns,rows")
    columns, rows = (_count(1, value) for value in size)
    body = [line for line in lines[3:] if line.strip()]
    if len(body) != columns * rows:
        raise _wrong(3, f"{len(body)} cells", f"{columns * rows}, as line 2 says")
    kinds: dict[Cell, str] = {}
    moves: list[tuple[int, Cell, Cell]] = []
    for at, line in enumerate(body, 3):
        values = line.split(",")
        if len(values) != COLUMNS or values[1] not in KINDS:
            raise _wrong(at, line, f"{COLUMNS} values, the second of {', '.join(KINDS)}")
        x, y = divmod(at - 3, rows)
        if values[3:5] != [str(x), str(y)]:
            raise _wrong(at, ",".join(values[3:5]), f"x,y {x},{y}: columns in turn")
        if values[1] == "Obstacle":
            continue
        kinds[x, y] = values[1]
        for (dx, dy), weight in zip(MOVES, values[5:9], strict=True):
            if math.isfinite(_weight(at, weight)):
                moves.append((at, (x, y), (x + dx, y + dy)))
    for at, start, end in moves:
        if end not in kinds:
            raise _wrong(at, f"a move from {start} to {end}", "moves to free cells of the grid")
    return GridMap(kinds, tuple((start, end) for _, start, end in moves))


def _count(at: int, value: str) -> int:
    if not value.isdecimal() or int(value) == 0:
        raise _wrong(at, value, "a whole number from 1")
    return int(value)


def _weight(at: int, value: str) -> float:
    try:
        weight = float(value)
    except ValueError:
        weight = math.nan
    if not weight >= 0:
        raise _wrong(at, value, "weights from 0, or inf")
    return weight


def _wrong(at: int, given: str, allowed: str) -> GridMapError:
    return GridMapError(f"line {at + 1}: given {given}, allowed: {allowed}")
