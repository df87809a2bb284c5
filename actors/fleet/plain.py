"""What `actors.fleet.kernels` compute, in plain Python: slow, and short enough to be believed.

Nothing runs it but the tests, which compare the compiled loops with it.
"""

import math
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import pairwise

from actors.fleet.kernels import NONE, ROUNDING_S
from actors.fleet.timetable import Timetable


def roads(timetable: Timetable) -> dict[int, list[int]]:
    """By vehicle, its rows in driving order."""
    rows = timetable.rows
    found: dict[int, list[int]] = {}
    for vehicle, first in enumerate(rows.first):
        row = int(first)
        while row != NONE:
            found.setdefault(vehicle, []).append(row)
            row = int(rows.next[row])
    return found


def zones_of(timetable: Timetable, passage: int) -> list[int]:
    """The zones that a passage holds."""
    return [int(zone) for zone in timetable.net.zones[passage] if zone != NONE]


def times(timetable: Timetable, now_s: float) -> tuple[dict[int, float], dict[int, float]]:
    """When each row is entered and when it is out of, by the rules of `kernels.project`.

    Times are raised until all rules hold. There must be no circle of waits.
    """
    rows, net = timetable.rows, timetable.net
    every = roads(timetable)
    passage = {row: int(rows.passage[row]) for road in every.values() for row in road}
    in_s = dict.fromkeys(passage, -math.inf)
    out_s = dict.fromkeys(in_s, math.inf)
    for road in every.values():
        in_s[road[0]] = float(rows.in_s[road[0]])
    queues = [
        [stay // timetable.per_row for stay in timetable.queue(zone)]
        for zone in range(len(rows.head))
    ]
    changed = True
    while changed:
        changed = False
        for vehicle, road in every.items():
            for at, row in enumerate(road):
                cleared = _clears_in(timetable, road, at)
                out = math.inf if cleared is None else in_s[cleared[0]] + cleared[1]
                changed |= out != out_s[row]
                out_s[row] = out
            first_clears = _clears_in(timetable, road, 0)
            for before, row in pairwise(road):
                start_s = in_s[before] + net.drive_s[passage[before]]
                if not rows.granted[row]:
                    start_s = max(start_s, now_s)
                    for zone in zones_of(timetable, passage[row]):
                        ahead = queues[zone][: queues[zone].index(row)]
                        if ahead and rows.vehicle[ahead[-1]] != vehicle:
                            start_s = max(start_s, out_s[ahead[-1]] + net.margin_s)
                        if rows.blocked[zone]:
                            start_s = math.inf
                if first_clears is not None and first_clears[0] == row:
                    start_s = max(start_s, now_s - first_clears[1])
                if rows.stopped[vehicle]:
                    start_s = math.inf
                changed |= start_s != in_s[row]
                in_s[row] = start_s
    return in_s, out_s


def _clears_in(timetable: Timetable, road: list[int], at: int) -> tuple[int, float] | None:
    """The row in which the front is when the rear leaves `road[at]`, and how long after entry."""
    net, left_m = timetable.net, timetable.net.rear_clear_m
    for row in road[at + 1 :]:
        passage = timetable.rows.passage[row]
        if net.length_m[passage] >= left_m:
            return row, float(left_m / net.length_m[passage] * net.drive_s[passage])
        left_m -= float(net.length_m[passage])
    return None


def gaps(timetable: Timetable, vehicle: int, passage: int) -> Iterator[tuple[float, float, bool]]:
    """(start, end, whether nobody comes after) of the times at which a passage's zones are free."""
    rows, margin_s = timetable.rows, timetable.net.margin_s
    start_s, later = -math.inf, []
    for zone in zones_of(timetable, passage):
        if rows.blocked[zone]:
            return
        queue = [stay // timetable.per_row for stay in timetable.queue(zone)]
        fixed = [i for i, r in enumerate(queue) if rows.granted[r] or rows.vehicle[r] == vehicle]
        turn = fixed[-1] + 1 if fixed else 0
        for row in queue[:turn]:
            if rows.vehicle[row] != vehicle:
                start_s = max(start_s, float(rows.out_s[row]) + margin_s)
        later += [(float(rows.in_s[row]), float(rows.out_s[row])) for row in queue[turn:]]
    for in_s, out_s in sorted(later):
        yield start_s, in_s - margin_s + ROUNDING_S, False
        start_s = max(start_s, out_s + margin_s)
    yield start_s, math.inf, True


def arrival_s(
    timetable: Timetable,
    vehicle: int,
    depart_s: float,
    goals: tuple[int, ...],
    through: tuple[int, ...] = (),
) -> float:
    """When `kernels.search` must find the vehicle at one of its goals; infinite if never."""
    rows, net = timetable.rows, timetable.net
    road = roads(timetable)[vehicle]
    behind = [(int(rows.passage[row]), _due_s(timetable, row)) for row in road]
    last = behind[-1][0]
    start = (last, not through, False)
    heap = [(depart_s - float(net.drive_s[last]), 0, start, tuple(behind))]
    reached: dict[tuple[int, bool, float], float] = {}
    number = 0
    while heap:
        enter_s, _, (passage, led, stays), behind_it = heappop(heap)
        if stays:
            return enter_s + float(net.drive_s[passage])
        leave_s = enter_s + float(net.drive_s[passage])
        for onward in net.onward[net.onward_from[passage] : net.onward_from[passage + 1]]:
            onward = int(onward)
            ends = led and onward in goals
            closed = net.lane[onward] or net.stop[onward] != NONE
            if closed and not ends:
                continue
            leads = led or onward in through
            wanted = any(rows.wanted[zone] for zone in zones_of(timetable, onward))
            for start_s, end_s, last_in_all in gaps(timetable, vehicle, onward):
                at_s = max(leave_s, start_s)
                if math.isinf(at_s) or at_s + net.drive_s[onward] > end_s:
                    continue
                if closed:
                    stays = last_in_all or (bool(net.lane[onward]) and math.isinf(end_s))
                    if not stays:
                        continue
                else:
                    stays = leads and onward in goals and last_in_all and not wanted
                if at_s > behind_it[-1][1]:
                    continue
                if not _out_in_time(timetable, behind_it, onward, at_s):
                    continue
                if at_s < reached.get((onward, leads, start_s), math.inf) - 1e-9:
                    reached[onward, leads, start_s] = at_s
                    number += 1
                    road_to = (*behind_it, (onward, end_s))
                    heappush(heap, (at_s, number, (onward, leads, stays), road_to))
    return math.inf


def _due_s(timetable: Timetable, row: int) -> float:
    """When the zones of a row are to be another's."""
    due_s, margin_s = math.inf, timetable.net.margin_s
    for zone in zones_of(timetable, int(timetable.rows.passage[row])):
        queue = [stay // timetable.per_row for stay in timetable.queue(zone)]
        for other in queue[queue.index(row) + 1 :][:1]:
            if timetable.rows.vehicle[other] != timetable.rows.vehicle[row]:
                due_s = min(due_s, float(timetable.rows.in_s[other]) - margin_s + ROUNDING_S)
    return due_s


def _out_in_time(
    timetable: Timetable, behind: tuple[tuple[int, float], ...], onward: int, enter_s: float
) -> bool:
    """Whether the rear is out of all that is behind before that is to be another's."""
    net, gone_m = timetable.net, 0.0
    for passage, until_s in reversed(behind):
        if gone_m >= net.rear_clear_m:
            break
        share = min((net.rear_clear_m - gone_m) / float(net.length_m[onward]), 1.0)
        if enter_s + share * net.drive_s[onward] > until_s:
            return False
        gone_m += float(net.length_m[passage])
    return True
