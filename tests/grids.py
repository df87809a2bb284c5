"""Grid maps drawn for tests."""

from sim.grid_map import MOVES, Cell, GridMap, read_map


def free_map(*rows: str) -> GridMap:
    """A map whose free cells lead to all their neighbours: `.` free, `@` not."""
    size = f"type octile\nheight {len(rows)}\nwidth {len(rows[0])}\nmap\n"
    return read_map(size + "\n".join(rows) + "\n")


def one_way_town(columns: int, rows: int) -> GridMap:
    """One-way streets of two tracks, east and west, north and south in turns; some stations."""
    kinds: dict[Cell, str] = {}
    moves = []
    for x in range(columns):
        for y in range(rows):
            on_border = y in (0, rows - 1)
            station = "Induct" if on_border else "Eject"
            kinds[x, y] = station if (x + y) % 3 == 0 else "Travel"
            east_or_west = (x + 1, y) if y // 2 % 2 == 0 else (x - 1, y)
            south_or_north = (x, y + 1) if x // 2 % 2 else (x, y - 1)
            for end in (east_or_west, south_or_north):
                if 0 <= end[0] < columns and 0 <= end[1] < rows:
                    moves.append(((x, y), end))
    return GridMap(kinds, tuple(moves))


def grid_text(grid: GridMap, columns: int, rows: int) -> str:
    """A map in RHCR's format; what is not of the map is an obstacle."""
    lines = ["Grid size (x, y)", f"{columns},{rows}", "id,type,station,x,y,N,W,S,E,WAIT"]
    for x in range(columns):
        for y in range(rows):
            ends = [(x + dx, y + dy) for dx, dy in MOVES]
            weights = ",".join("1" if ((x, y), end) in grid.moves else "inf" for end in ends)
            kind = grid.kinds.get((x, y), "Obstacle")
            lines.append(f"{x * rows + y},{kind},None,{x},{y},{weights},1")
    return "\n".join(lines) + "\n"
