"""The compiled core of traffic: the arrays, and the loops over them.

One file, since a compiled function is kept on disk for as long as its own file is unchanged.

- Rows and queues: a **row** is one visit, one vehicle's passage. It has a **stay** in the queue of
  each zone that the passage holds: stay `row * K + j` for the passage's j-th zone. Queues are
  linked lists of stays; rows of one vehicle are linked in the order in which it drives them.
- `project`: when each visit will be. A visit begins when its vehicle gets there and those before it
  in its zones are out: longest paths over the order of the queues.
- `search`: where one more trip fits. The way is searched together with the gaps (SIPP over zones:
  M. Phillips, M. Likhachev, ICRA 2011): a state is a passage and a gap in which it can be driven;
  of each, the earliest time counts, as a vehicle may wait in any zone until the next visit there.
  Bounds come from reverse shortest-path trees.
"""

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

NONE = -1
"""No zone, no row, no node: in arrays of indices."""
ROUNDING_S = 1e-6
"""A gap that is too short by less is long enough: else one that was just left would not fit again.
"""


class Net(NamedTuple):
    """The arrays. P passages, Z zones, at most K zones a passage."""

    zones: NDArray[np.int32]
    """(P, K): the zones held, the passage's own first; `NONE` behind the last."""
    local: NDArray[np.int32]
    """(P, K): the how manieth of the passages through that zone it is."""
    drive_s: NDArray[np.float64]
    """(P): time to drive it."""
    length_m: NDArray[np.float64]
    """(P)."""
    lane: NDArray[np.bool_]
    """(P): whether it lies in a lane."""
    stop: NDArray[np.int32]
    """(P): the node of the place at which it ends, or `NONE`."""
    onward_from: NDArray[np.int32]
    """(P + 1): where in `onward` the passages begin that can follow."""
    onward: NDArray[np.int32]
    rear_clear_m: float
    """The front is so far beyond the end of a zone when the rear is out of it."""
    margin_s: float
    """Kept between two vehicles' stays, so that small slips do not make the later one brake."""
    widest: int
    """The most passages through one zone."""


class Rows(NamedTuple):
    """The arrays. N rows, K stays a row, Z zones, V vehicles."""

    vehicle: NDArray[np.int32]
    passage: NDArray[np.int32]
    next: NDArray[np.int32]
    """(N): the vehicle's next row."""
    prev: NDArray[np.int32]
    granted: NDArray[np.bool_]
    in_s: NDArray[np.float64]
    """(N): when the front enters, as projected."""
    out_s: NDArray[np.float64]
    """(N): when the rear is out; infinite while the vehicle is to stay."""
    clear_row: NDArray[np.int32]
    """(N): the later row of the vehicle in which its front is when its rear leaves this one."""
    clear_s: NDArray[np.float64]
    """(N): how long after entering that row."""
    before: NDArray[np.int32]
    """(N K): the stay before each stay in its queue."""
    after: NDArray[np.int32]
    head: NDArray[np.int32]
    """(Z): the first stay of each queue."""
    tail: NDArray[np.int32]
    first: NDArray[np.int32]
    """(V): the rearmost row of each vehicle, `NONE` while it is not on the road."""
    stopped: NDArray[np.bool_]
    """(V): it will not move until further notice."""
    blocked: NDArray[np.bool_]
    """(Z): nobody is let into the zone until further notice."""
    wanted: NDArray[np.bool_]
    """(Z): nobody is to stay in the zone, as another is to go through it."""


class Labels(NamedTuple):
    """The states that a search has reached, and the marks of the best of each kind."""

    passage: NDArray[np.int32]
    parent: NDArray[np.int32]
    leg: NDArray[np.int32]
    """0 before the way has led through where it is to lead through, then 1."""
    enter_s: NDArray[np.float64]
    until_s: NDArray[np.float64]
    """When the gap ends."""
    key: NDArray[np.int32]
    """The gap: the stay that ends before it, or behind all stays the zone."""
    column: NDArray[np.int32]
    """The how manieth it is of the passages through the zone of the gap."""
    ahead: NDArray[np.int32]
    """(n, K): the stay before which the visit goes."""
    best_s: NDArray[np.float64]
    """(legs, gaps, passages of a zone): earliest entry found."""
    searched: NDArray[np.int32]
    """The number of the search that `best_s` is of."""


# --- rows and queues


@njit(cache=True)
def link(
    net: Net,
    rows: Rows,
    vehicle: int,
    fresh: NDArray[np.int32],
    passages: NDArray[np.int32],
    ahead: NDArray[np.int32],
) -> None:
    """Add rows behind a vehicle's last one, each of their stays before the one named in `ahead`."""
    per_row = net.zones.shape[1]
    last = rows.first[vehicle]
    while last != NONE and rows.next[last] != NONE:
        last = rows.next[last]
    for i in range(len(fresh)):
        row, passage = fresh[i], passages[i]
        rows.vehicle[row], rows.passage[row] = vehicle, passage
        rows.granted[row] = False
        rows.in_s[row] = rows.out_s[row] = np.inf
        rows.prev[row], rows.next[row] = last, NONE
        if last == NONE:
            rows.first[vehicle] = row
        else:
            rows.next[last] = row
        last = row
        for j in range(per_row):
            zone = net.zones[passage, j]
            if zone == NONE:
                break
            stay, behind = row * per_row + j, ahead[i, j]
            before = rows.tail[zone] if behind == NONE else rows.before[behind]
            rows.before[stay], rows.after[stay] = before, behind
            if before == NONE:
                rows.head[zone] = stay
            else:
                rows.after[before] = stay
            if behind == NONE:
                rows.tail[zone] = stay
            else:
                rows.before[behind] = stay
    _set_clears(net, rows, vehicle)


@njit(cache=True)
def _leave_queues(net: Net, rows: Rows, row: int) -> None:
    per_row = net.zones.shape[1]
    for j in range(per_row):
        zone = net.zones[rows.passage[row], j]
        if zone == NONE:
            break
        stay = row * per_row + j
        before, after = rows.before[stay], rows.after[stay]
        if before == NONE:
            rows.head[zone] = after
        else:
            rows.after[before] = after
        if after == NONE:
            rows.tail[zone] = before
        else:
            rows.before[after] = before


@njit(cache=True)
def unlink(net: Net, rows: Rows, cut: NDArray[np.int32], ahead: NDArray[np.int32]) -> None:
    """Take a vehicle's last rows out, from the last; `ahead` gets the stay behind each of theirs.

    Put back in driving order, each is then before the one that was behind it when it went.
    """
    per_row = net.zones.shape[1]
    vehicle = rows.vehicle[cut[0]]
    for i in range(len(cut) - 1, -1, -1):
        row = cut[i]
        for j in range(per_row):
            if net.zones[rows.passage[row], j] == NONE:
                break
            ahead[i, j] = rows.after[row * per_row + j]
        _leave_queues(net, rows, row)
    before = rows.prev[cut[0]]
    if before == NONE:
        rows.first[vehicle] = NONE
    else:
        rows.next[before] = NONE
    _set_clears(net, rows, vehicle)


@njit(cache=True)
def clear(net: Net, rows: Rows, row: int, now_s: float) -> None:
    """Take a vehicle's rearmost row out; the times of the next follow from where its front is."""
    vehicle, after = rows.vehicle[row], rows.next[row]
    _leave_queues(net, rows, row)
    at_s = now_s - rows.clear_s[row]
    beyond = rows.clear_row[row]
    while beyond != NONE and beyond != after:
        beyond = rows.prev[beyond]
        at_s -= net.drive_s[rows.passage[beyond]]
    rows.first[vehicle] = after
    if after != NONE:
        rows.prev[after] = NONE
        rows.in_s[after] = at_s


@njit(cache=True)
def _set_clears(net: Net, rows: Rows, vehicle: int) -> None:
    """For each row of a vehicle, the later row in which its front is when the rear leaves it."""
    row = rows.first[vehicle]
    while row != NONE:
        left_m, later = net.rear_clear_m, rows.next[row]
        while later != NONE:
            length_m = net.length_m[rows.passage[later]]
            if length_m >= left_m:
                break
            left_m -= length_m
            later = rows.next[later]
        rows.clear_row[row] = later
        if later != NONE:
            passage = rows.passage[later]
            rows.clear_s[row] = left_m / net.length_m[passage] * net.drive_s[passage]
        row = rows.next[row]


@njit(cache=True)
def grant(net: Net, rows: Rows, vehicle: int, horizon_m: float) -> int:
    """Grant what of a vehicle's road heads all its queues, up to a distance; returns how many rows.

    A row is granted if nobody but the vehicle itself is before it in any of its queues. The last
    zone before a lane is granted only together with the lane's first: a vehicle that stopped there
    could go nowhere else, whatever becomes of the lane.
    """
    count, ahead_m = 0, 0.0
    row = rows.first[vehicle]
    while row != NONE:
        if not rows.granted[row]:
            in_lane, before, after = net.lane[rows.passage[row]], rows.prev[row], rows.next[row]
            enters = in_lane and before != NONE and not net.lane[rows.passage[before]]
            if rows.stopped[vehicle] or (ahead_m >= horizon_m and not enters):
                break
            if not _heads(net, rows, row):
                break
            leads_in = not in_lane and after != NONE and net.lane[rows.passage[after]]
            if leads_in and not _heads(net, rows, after):
                break
            rows.granted[row] = True
            count += 1
        ahead_m += net.length_m[rows.passage[row]]
        row = rows.next[row]
    return count


@njit(cache=True)
def _heads(net: Net, rows: Rows, row: int) -> bool:
    """Whether all zones of a row are open and nobody else is before it in their queues."""
    per_row = net.zones.shape[1]
    for j in range(per_row):
        zone = net.zones[rows.passage[row], j]
        if zone == NONE:
            break
        if rows.blocked[zone]:
            return False
        before = rows.before[row * per_row + j]
        while before != NONE:
            if rows.vehicle[before // per_row] != rows.vehicle[row]:
                return False
            before = rows.before[before]
    return True


# --- times


@njit(cache=True)
def project(net: Net, rows: Rows, now_s: float) -> int:
    """Set the times of all rows behind the vehicles' rearmost ones, whose `in_s` is known.

    What should have happened by now and has not is taken to happen now. Infinite is what waits for
    a vehicle that is to stay or has stopped, or for a zone that is blocked.

    Returns how many rows have no time since they wait for each other in a circle: 0, as long as the
    guarantee of this package holds.
    """
    per_row = net.zones.shape[1]
    size = len(rows.vehicle)
    waiting_for = np.full(size, NONE, np.int32)  # by row: the first stay that waits for it
    next_waiting = np.full(size * per_row, NONE, np.int32)
    missing = np.zeros(size, np.int32)
    ready = np.empty(size, np.int32)
    count = end = 0
    for vehicle in range(len(rows.first)):
        row = rows.first[vehicle]
        if row == NONE:
            continue
        ready[end] = row
        end += 1
        row = rows.next[row]
        while row != NONE:
            count += 1
            missing[row] = 1
            if not rows.granted[row]:
                for j in range(per_row):
                    if net.zones[rows.passage[row], j] == NONE:
                        break
                    stay = row * per_row + j
                    leader = rows.before[stay]
                    if leader == NONE or rows.vehicle[leader // per_row] == vehicle:
                        continue
                    leaves = rows.clear_row[leader // per_row]
                    if leaves != NONE:
                        next_waiting[stay] = waiting_for[leaves]
                        waiting_for[leaves] = stay
                        missing[row] += 1
            row = rows.next[row]
    while end:
        end -= 1
        row = ready[end]
        if rows.prev[row] != NONE:
            count -= 1
            rows.in_s[row] = _begins_s(net, rows, row, now_s)
        after = rows.next[row]
        if after != NONE:
            missing[after] -= 1
            if missing[after] == 0:
                ready[end] = after
                end += 1
        stay = waiting_for[row]
        while stay != NONE:
            waits = stay // per_row
            missing[waits] -= 1
            if missing[waits] == 0:
                ready[end] = waits
                end += 1
            stay = next_waiting[stay]
    for vehicle in range(len(rows.first)):
        _set_outs(rows, vehicle)
    return count


@njit(cache=True)
def expect(rows: Rows, vehicle: int, fresh: NDArray[np.int32], in_s: NDArray[np.float64]) -> None:
    """Set the times of rows that were put at the end of a vehicle's road where they fit.

    No other times change by it: those of the last projection hold on.
    """
    for i in range(len(fresh)):
        rows.in_s[fresh[i]] = in_s[i]
    _set_outs(rows, vehicle)


@njit(cache=True)
def _set_outs(rows: Rows, vehicle: int) -> None:
    """When the rear is out of each row of a vehicle, from when the front is in the later ones."""
    row = rows.first[vehicle]
    while row != NONE:
        leaves = rows.clear_row[row]
        rows.out_s[row] = np.inf if leaves == NONE else rows.in_s[leaves] + rows.clear_s[row]
        row = rows.next[row]


@njit(cache=True)
def _begins_s(net: Net, rows: Rows, row: int, now_s: float) -> float:
    """When the front enters a row, once the times of all that it waits for are known."""
    per_row = net.zones.shape[1]
    vehicle, before = rows.vehicle[row], rows.prev[row]
    if rows.stopped[vehicle]:
        return np.inf
    start_s = float(rows.in_s[before] + net.drive_s[rows.passage[before]])
    if not rows.granted[row]:
        start_s = max(start_s, now_s)
        for j in range(per_row):
            zone = net.zones[rows.passage[row], j]
            if zone == NONE:
                break
            if rows.blocked[zone]:
                return np.inf
            leader = rows.before[row * per_row + j]
            if leader == NONE or rows.vehicle[leader // per_row] == vehicle:
                continue
            leaves = rows.clear_row[leader // per_row]
            if leaves == NONE:
                return np.inf
            leader_out_s = rows.in_s[leaves] + rows.clear_s[leader // per_row]
            start_s = max(start_s, leader_out_s + net.margin_s)
    # Had the rear left the rearmost row, that would have been told.
    first = rows.first[vehicle]
    if rows.clear_row[first] == row:
        start_s = max(start_s, now_s - rows.clear_s[first])
    return start_s


# --- gaps


@njit(cache=True)
def search(
    net: Net, rows: Rows, labels: Labels, number: int, vehicle: int, depart_s: float,
    through_s: NDArray[np.float32], left_s: NDArray[np.float32],
) -> tuple[int, NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], int, float]:  # fmt: skip
    """See `Search.best`; the first of the answers is 1 if found, 0 if not, -1 if out of room.

    `through_s` and `left_s` are the least times that are left from the end of each passage, to
    where the way is to lead through (empty: nowhere) and to its goals. Only a goal has none left.
    """
    per_row = net.zones.shape[1]
    size = len(labels.passage)
    none, nowhere = np.empty(0, np.int32), np.empty((0, per_row), np.int32)
    never = np.empty(0, np.float64)
    last_gap = labels.best_s.shape[1] - 1
    # The road that the vehicle has: it must be out of each zone when the next one is due there.
    used = 0
    row = rows.first[vehicle]
    while row != NONE:
        if used == size:
            return -1, none, nowhere, never, 0, np.inf
        labels.passage[used], labels.parent[used] = rows.passage[row], used - 1
        labels.enter_s[used], labels.until_s[used] = rows.in_s[row], _due_s(net, rows, row)
        labels.key[used], labels.column[used] = last_gap, 0
        labels.leg[used] = 0 if len(through_s) else 1
        used += 1
        row = rows.next[row]
    root = used - 1
    labels.enter_s[root] = depart_s - net.drive_s[labels.passage[root]]
    labels.best_s[labels.leg[root], last_gap, 0] = np.inf
    beyond_s = np.inf  # the least time from where it leads through to a goal
    for passage in range(len(through_s)):
        if through_s[passage] == 0 and left_s[passage] < beyond_s:
            beyond_s = left_s[passage]
    heap = [(0.0, root)]
    behind = np.empty(per_row, np.int32)
    while heap:
        _, label = heappop(heap)
        passage, until_s = labels.passage[label], labels.until_s[label]
        leg = labels.leg[label]
        if labels.best_s[leg, labels.key[label], labels.column[label]] < labels.enter_s[label]:
            continue  # reached sooner since
        ends = label > root and leg == 1 and left_s[passage] == 0
        if ends and _stays(net, rows, labels, label, per_row):
            return _found(net, labels, label, root, per_row)
        leave_s = labels.enter_s[label] + net.drive_s[passage]
        for at in range(net.onward_from[passage], net.onward_from[passage + 1]):
            onward = net.onward[at]
            on_s = left_s[onward] if leg else through_s[onward]
            if np.isinf(on_s):
                continue
            ends = leg == 1 and on_s == 0
            closed = net.lane[onward] or net.stop[onward] != NONE
            if closed and not ends:
                continue
            next_leg = 1 if on_s == 0 else leg
            if next_leg != leg:
                on_s = left_s[onward]
            elif leg == 0:
                on_s += beyond_s
            # The gaps of all its zones, behind what is granted there and the vehicle's own visits.
            start_s, key, open_zones = -np.inf, len(rows.before) + net.zones[onward, 0], True
            column = net.local[onward, 0]
            zones = 0
            for j in range(per_row):
                zone = net.zones[onward, j]
                if zone == NONE:
                    break
                zones += 1
                open_zones = open_zones and not rows.blocked[zone]
                last_before = _last_before(rows, zone, vehicle, per_row)
                stay = rows.head[zone] if last_before != NONE else NONE
                behind[j] = rows.head[zone]
                while stay != NONE:
                    row = stay // per_row
                    if rows.vehicle[row] != vehicle and rows.out_s[row] + net.margin_s > start_s:
                        start_s, key = rows.out_s[row] + net.margin_s, stay
                        column = net.local[onward, j]
                    behind[j] = rows.after[stay]
                    stay = behind[j] if stay != last_before else NONE
            while open_zones and start_s < np.inf:
                end_s, next_j = np.inf, NONE
                for j in range(zones):
                    if behind[j] != NONE:
                        in_s = rows.in_s[behind[j] // per_row] - net.margin_s + ROUNDING_S
                        if next_j == NONE or in_s < end_s:
                            end_s, next_j = in_s, j
                enter_s = max(leave_s, start_s)
                if enter_s > until_s:
                    break  # later gaps are out of reach, too
                fits = enter_s + net.drive_s[onward] <= end_s
                if fits and ends and closed:
                    # There it stays: before nobody, or in a lane before who cannot come earlier.
                    fits = next_j == NONE or (net.lane[onward] and np.isinf(end_s))
                if fits and _holds(net, labels, label, onward, enter_s):
                    seen = labels.searched[next_leg, key, column] == number
                    if not seen or enter_s < labels.best_s[next_leg, key, column] - 1e-9:
                        if used == size:
                            return -1, none, nowhere, never, 0, np.inf
                        labels.searched[next_leg, key, column] = number
                        labels.key[used], labels.column[used] = key, column
                        labels.leg[used] = next_leg
                        labels.best_s[next_leg, key, column] = enter_s
                        labels.passage[used], labels.parent[used] = onward, label
                        labels.enter_s[used], labels.until_s[used] = enter_s, end_s
                        for j in range(per_row):
                            labels.ahead[used, j] = behind[j] if j < zones else NONE
                        bound_s = enter_s + net.drive_s[onward] + on_s
                        heappush(heap, (bound_s, used))
                        used += 1
                if next_j == NONE:
                    break
                row = behind[next_j] // per_row
                if rows.out_s[row] + net.margin_s > start_s:
                    start_s, key = rows.out_s[row] + net.margin_s, behind[next_j]
                    column = net.local[onward, next_j]
                behind[next_j] = rows.after[behind[next_j]]
    return 0, none, nowhere, never, 0, np.inf


@njit(cache=True)
def _last_before(rows: Rows, zone: int, vehicle: int, per_row: int) -> int:
    """The last stay of a queue that is granted or the vehicle's own."""
    found = NONE
    stay = rows.head[zone]
    while stay != NONE:
        row = stay // per_row
        if rows.granted[row] or rows.vehicle[row] == vehicle:
            found = stay
        stay = rows.after[stay]
    return found


@njit(cache=True)
def _due_s(net: Net, rows: Rows, row: int) -> float:
    """When a row's zones are to be another's."""
    per_row = net.zones.shape[1]
    due_s = np.inf
    for j in range(per_row):
        if net.zones[rows.passage[row], j] == NONE:
            break
        behind = rows.after[row * per_row + j]
        if behind != NONE and rows.vehicle[behind // per_row] != rows.vehicle[row]:
            due_s = min(due_s, rows.in_s[behind // per_row] - net.margin_s + ROUNDING_S)
    return due_s


@njit(cache=True)
def _stays(net: Net, rows: Rows, labels: Labels, label: int, per_row: int) -> bool:
    """Whether a vehicle may stay there: nobody is to come behind it, nor wants to.

    Where no way leads through, a visit is only put where that is so.
    """
    passage = labels.passage[label]
    if net.lane[passage] or net.stop[passage] != NONE:
        return True
    for j in range(per_row):
        zone = net.zones[passage, j]
        if zone != NONE and (labels.ahead[label, j] != NONE or rows.wanted[zone]):
            return False
    return True


@njit(cache=True)
def _holds(net: Net, labels: Labels, label: int, onward: int, enter_s: float) -> bool:
    """Whether the rear is out of the zones behind in time, if `onward` is entered at `enter_s`."""
    drive_s, length_m = net.drive_s[onward], net.length_m[onward]
    behind_m = 0.0
    while label != NONE and behind_m < net.rear_clear_m:
        share = min((net.rear_clear_m - behind_m) / length_m, 1.0)
        if enter_s + share * drive_s > labels.until_s[label]:
            return False
        behind_m += net.length_m[labels.passage[label]]
        label = labels.parent[label]
    return True


@njit(cache=True)
def _found(
    net: Net, labels: Labels, label: int, root: int, per_row: int
) -> tuple[int, NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], int, float]:
    """Follow the labels back to the start."""
    arrive_s = labels.enter_s[label] + net.drive_s[labels.passage[label]]
    count, at = 0, label
    while at != root:
        count += 1
        at = labels.parent[at]
    passages = np.empty(count, np.int32)
    ahead = np.empty((count, per_row), np.int32)
    enter_s = np.empty(count, np.float64)
    through = 0
    for i in range(count - 1, -1, -1):
        passages[i] = labels.passage[label]
        ahead[i] = labels.ahead[label]
        enter_s[i] = labels.enter_s[label]
        through += labels.leg[label] == 0
        label = labels.parent[label]
    return 1, passages, ahead, enter_s, through, arrive_s
