"""When vehicles will be in which zone, and where one more trip fits between them.

Projected times follow from the order of the queues: a visit begins when its vehicle gets there and
the one before it in the zone is out. They are guesses of when; the order alone is what is granted.
A trip is fitted into the gaps that the projection shows, each visit after one that ends before it
and before one that begins after it. So every wait points forward in projected time, and no circle
of waits can come about, whatever the times turn out to be.
"""

import math
from collections.abc import Iterable
from itertools import pairwise

import msgspec

MARGIN_S = 2.0
"""Kept between two vehicles' stays, so that small slips do not make the later one brake [ours]."""

PROJECTED_DEPTH = 2
"""Into a lane times are projected as far as its second zone: then the first is known to be free."""
LANE_END_ZONES = 3
"""Out of a lane times are projected from so many zones before its end [ours]."""


class Slot(msgspec.Struct, eq=False):
    """One vehicle's visit in one zone's queue, with its projected times [s]."""

    vehicle: str
    seq: int
    zone: str
    drive_s: float
    """From entering the zone to its end, at the speed limit."""
    clear_s: float
    """From entering the zone until the rear has left the one before."""
    depth: int = 0
    """In a lane: the how manieth of its zones, from 1; else 0."""
    to_come: int = 0
    """In a lane: how many of its zones follow this one."""
    granted: bool = False
    in_s: float = -math.inf
    """When the front enters."""
    out_s: float = math.inf
    """When the rear is out; infinite while the vehicle is to stay."""
    next: "Slot | None" = None
    """The vehicle's next visit."""


def project(rearmost: Iterable[Slot], queues: Iterable[list[Slot]], now_s: float) -> None:
    """Set the times of all visits from the ones that the vehicles are in.

    `rearmost` are the first slots of all vehicles that matter; their `in_s` is known. `queues` are
    those in which vehicles can wait for each other. What should have happened by now and has not
    is taken to happen now. Inside a lane, between its ends, a free way is assumed.
    """
    leader: dict[int, Slot] = {}
    followers: dict[int, list[Slot]] = {}
    blocked: set[int] = set()
    for queue in queues:
        if len(queue) < 2:
            continue
        for first, second in pairwise(queue):
            if first.vehicle == second.vehicle or second.granted:
                continue
            if first.next is None:
                blocked.add(id(second))  # behind one that is to stay
            else:
                leader[id(second)] = first.next
                followers.setdefault(id(first.next), []).append(second)
    previous: dict[int, Slot] = {}
    ready = list(rearmost)
    for slot in ready:
        while slot.next is not None and not (
            slot.depth == PROJECTED_DEPTH and slot.to_come >= LANE_END_ZONES
        ):
            previous[id(slot.next)] = slot
            slot = slot.next
            slot.in_s = math.inf
    met: set[int] = set()
    while ready:
        slot = ready.pop()
        before = previous.get(id(slot))
        if before is not None:
            start_s = before.in_s + before.drive_s
            ahead = leader.get(id(slot))
            if ahead is not None:
                start_s = max(start_s, ahead.in_s + ahead.clear_s + MARGIN_S)
            elif id(slot) in blocked:
                start_s = math.inf
            slot.in_s = max(start_s, now_s - slot.clear_s)
            before.out_s = slot.in_s + slot.clear_s
        if slot.next is None:
            slot.out_s = math.inf
        onward = (slot.next,) if slot.next is not None and id(slot.next) in previous else ()
        for waiting in (*followers.get(id(slot), ()), *onward):
            # A visit waits for two: that its vehicle gets there, and that the zone is free.
            if id(waiting) not in leader or id(waiting) in met:
                ready.append(waiting)
            else:
                met.add(id(waiting))


class Chosen(msgspec.Struct, frozen=True):
    """Where a trip fits: for each visit its place in its zone's queue, and the projected end."""

    places: list[int]
    arrive_s: float


def fit(trip: list[Slot], queues: dict[str, list[Slot]], depart_s: float) -> Chosen | None:
    """The earliest way through the gaps for a trip along a fixed way (SIPP over zones).

    `depart_s` is when the vehicle can leave the zone in which it is; it may wait there, and in any
    zone until the next visit there. At the end of the trip it stays.
    """
    # Of each gap that can be reached: start of the stay, end of the gap, places chosen so far.
    states: list[tuple[float, float, tuple[int, object]]] = [(depart_s, math.inf, (-1, None))]
    drive_s = 0.0
    for visit in trip:
        reached: list[tuple[float, float, tuple[int, object]]] = []
        for start_s, end_s, place in _gaps(queues[visit.zone], visit.vehicle):
            best: tuple[float, tuple[int, object]] | None = None
            for since_s, until_s, places in states:
                enter_s = max(since_s + drive_s, start_s)
                if enter_s + visit.clear_s > until_s:
                    continue  # it would still be in the zone before when that is another's
                if enter_s + visit.drive_s + visit.clear_s > end_s:
                    continue
                if best is None or enter_s < best[0]:
                    best = (enter_s, places)
            if best is not None:
                reached.append((best[0], end_s, (place, best[1])))
        states, drive_s = reached, visit.drive_s
        if not states:
            return None
    # At the end it stays: only a gap without an end will do.
    staying = [state for state in states if math.isinf(state[1])]
    if not staying:
        return None
    arrive_s, _, chain = min(staying, key=lambda state: state[0])
    found: list[int] = []
    link: object = chain
    while isinstance(link, tuple) and link[0] >= 0:
        found.append(link[0])
        link = link[1]
    return Chosen(found[::-1], arrive_s + drive_s)


def _gaps(queue: list[Slot], vehicle: str) -> Iterable[tuple[float, float, int]]:
    """(start, end, place in the queue) of the gaps; none before a visit already granted."""
    start_s = -math.inf
    for place, slot in enumerate(queue):
        if not slot.granted and slot.in_s > start_s:
            yield start_s, slot.in_s - MARGIN_S, place
        start_s = -math.inf if slot.vehicle == vehicle else slot.out_s + MARGIN_S
    if not math.isinf(start_s) or start_s < 0:
        yield start_s, math.inf, len(queue)
