"""Cells of a grid map in which vehicles may rest without standing in anyone's way."""

from collections.abc import Container, Iterable

from sim.grid_map import Cell, GridMap

DETOUR = 8
"""So many moves at most lead round a cell in which one rests [ours]."""


class Ways:
    """The moves of a map, both ways."""

    def __init__(self, grid: GridMap) -> None:
        self.out: dict[Cell, list[Cell]] = {cell: [] for cell in grid.kinds}
        self.into: dict[Cell, list[Cell]] = {cell: [] for cell in grid.kinds}
        for start, end in grid.moves:
            self.out[start].append(end)
            self.into[end].append(start)

    def connected(self) -> set[Cell]:
        """The largest set of cells that all can be reached from each other."""
        left, largest = set(self.out), set[Cell]()
        while len(left) > len(largest):
            cell = min(left)
            mutual = _reached(cell, self.out) & _reached(cell, self.into)
            left -= mutual
            largest = max(largest, mutual, key=len)
        return largest

    def lead_round(self, start: Cell, end: Cell, closed: Container[Cell], cell: Cell) -> bool:
        """Whether `DETOUR` moves lead from start to end by neither a closed cell nor this one."""
        front, seen = {start}, {start, cell}
        for _ in range(DETOUR):
            if end in front:
                return True
            front = {
                after
                for before in front
                for after in self.out[before]
                if after not in seen and after not in closed
            }
            seen |= front
        return end in front


def parking(grid: GridMap, candidates: Iterable[Cell]) -> list[Cell]:
    """As many of the candidates, in their order, as may be closed to all others at once.

    Without them all other cells can still be reached from each other, each move through one of them
    being replaced by a short detour; and each of them can be entered from those and left to them.
    """
    ways = Ways(grid)
    connected = ways.connected()
    chosen: dict[Cell, None] = {}
    for cell in candidates:
        if cell in connected and _may_be_closed(cell, ways, chosen, connected):
            chosen[cell] = None
    return list(chosen)


def _may_be_closed(cell: Cell, ways: Ways, closed: dict[Cell, None], connected: set[Cell]) -> bool:
    def others(cells: list[Cell], but: Cell) -> list[Cell]:
        return [c for c in cells if c != but and c not in closed and c in connected]

    into, out = others(ways.into[cell], cell), others(ways.out[cell], cell)
    if not into or not out:
        return False
    if not all(others(ways.into[c], cell) for c in ways.out[cell] if c in closed):
        return False
    if not all(others(ways.out[c], cell) for c in ways.into[cell] if c in closed):
        return False
    return all(
        start == end or ways.lead_round(start, end, closed, cell) for start in into for end in out
    )


def _reached(cell: Cell, moves: dict[Cell, list[Cell]]) -> set[Cell]:
    reached, front = {cell}, [cell]
    while front:
        fresh = [after for after in moves[front.pop()] if after not in reached]
        reached.update(fresh)
        front += fresh
    return reached
