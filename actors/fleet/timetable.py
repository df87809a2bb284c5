"""The timetable: every visit of every vehicle in the queues of its zones, as flat arrays.

A **row** is one visit: one vehicle's passage. It has a **stay** in the queue of each zone that the
passage holds: stay `row * K + j` for the passage's j-th zone. Queues are linked lists of stays.
Rows of one vehicle are linked in the order in which it drives them.
"""

import numpy as np
from numpy.typing import NDArray

from actors.fleet.kernels import NONE, Rows, clear, expect, link, unlink
from actors.fleet.network import Network

ROWS = 256
"""Rows to begin with; they double when they are used up."""


class Timetable:
    """Queues of a network's zones, for so many vehicles."""

    def __init__(self, network: Network, vehicles: int) -> None:
        self.network = network
        self.net = network.net
        self.per_row = self.net.zones.shape[1]
        """K."""
        zones = len(network.zone_index)
        self.rows = _empty(ROWS, self.per_row, zones, vehicles)
        self._free = list(range(ROWS - 1, -1, -1))

    def append(
        self, vehicle: int, passages: NDArray[np.int32], ahead: NDArray[np.int32]
    ) -> list[int]:
        """Add rows at the end of a vehicle's road; returns them.

        Args:
            vehicle: Its number.
            passages: (n), in driving order.
            ahead: (n, K): the stay before which each goes in its queue; `NONE`: at the end.
        """
        while len(self._free) < len(passages):
            self._grow()
        found = [self._free.pop() for _ in passages]
        link(self.net, self.rows, vehicle, np.array(found, np.int32), passages, ahead)
        return found

    def expect(self, vehicle: int, rows: list[int], in_s: NDArray[np.float64]) -> None:
        """Set when rows that were just appended are entered; other times do not change by it."""
        expect(self.rows, vehicle, np.array(rows, np.int32), in_s)

    def cut(self, rows: list[int]) -> list[tuple[int, int, NDArray[np.int32]]]:
        """Take the last rows of a vehicle's road out; returns what `restore` needs.

        The rows themselves stay reserved until they are put back or dropped.
        """
        ahead = np.full((len(rows), self.per_row), NONE, np.int32)
        if rows:
            unlink(self.net, self.rows, np.array(rows, np.int32), ahead)
        return [(row, int(self.rows.passage[row]), ahead[i]) for i, row in enumerate(rows)]

    def restore(self, vehicle: int, cut: list[tuple[int, int, NDArray[np.int32]]]) -> None:
        """Put back exactly what was cut; nothing may have changed since."""
        if not cut:
            return
        rows = np.array([row for row, _, _ in cut], np.int32)
        passages = np.array([passage for _, passage, _ in cut], np.int32)
        ahead = np.array([stays for _, _, stays in cut], np.int32)
        link(self.net, self.rows, vehicle, rows, passages, ahead)

    def drop(self, rows: list[int]) -> None:
        """Free rows that were cut or cleared."""
        self._free += rows

    def place_first(self, vehicle: int, passages: NDArray[np.int32]) -> list[int]:
        """Put a vehicle on the road at rest, before all who wait for its zones, and grant it."""
        heads = np.full((len(passages), self.per_row), NONE, np.int32)
        for i, passage in enumerate(passages):
            for j, zone in enumerate(self.net.zones[passage]):
                if zone != NONE:
                    heads[i, j] = self.rows.head[zone]
        found = self.append(vehicle, passages, heads)
        self.rows.granted[found] = True
        self.rows.in_s[found] = 0.0
        return found

    def clear_first(self, vehicle: int, now_s: float) -> int:
        """The vehicle's rear has left its rearmost row now: take it out and return it."""
        row = int(self.rows.first[vehicle])
        clear(self.net, self.rows, row, now_s)
        self._free.append(row)
        return row

    def queue(self, zone: int) -> list[int]:
        """The stays in a zone's queue, in their order."""
        found = []
        stay = int(self.rows.head[zone])
        while stay != NONE:
            found.append(stay)
            stay = int(self.rows.after[stay])
        return found

    def _grow(self) -> None:
        old = self.rows
        size = len(old.vehicle)
        fresh = _empty(2 * size, self.per_row, len(old.head), len(old.first))
        for name in Rows._fields:
            values = getattr(old, name)
            getattr(fresh, name)[: len(values)] = values
        self.rows = fresh
        self._free[:0] = range(2 * size - 1, size - 1, -1)


def _empty(rows: int, per_row: int, zones: int, vehicles: int) -> Rows:
    def none(size: int) -> NDArray[np.int32]:
        return np.full(size, NONE, np.int32)

    return Rows(
        vehicle=none(rows),
        passage=none(rows),
        next=none(rows),
        prev=none(rows),
        granted=np.zeros(rows, np.bool_),
        in_s=np.full(rows, np.inf),
        out_s=np.full(rows, np.inf),
        clear_row=none(rows),
        clear_s=np.zeros(rows),
        before=none(rows * per_row),
        after=none(rows * per_row),
        head=none(zones),
        tail=none(zones),
        first=none(vehicles),
        stopped=np.zeros(vehicles, np.bool_),
        blocked=np.zeros(zones, np.bool_),
        wanted=np.zeros(zones, np.bool_),
    )
