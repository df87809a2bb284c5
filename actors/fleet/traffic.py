"""Traffic: who may use which zone, and in what order. Free of collision and of deadlock.

The method, in the order in which the guarantee is built:

- Every zone has a queue of visits. A trip's visits are put where the projected times show gaps for
  all of them (`actors.fleet.schedule`): each after visits that end before it begins and before
  visits that begin after it ends. So every "this visit waits for that one" points forward in
  projected time, and there can be no circle of waits, however late vehicles then are.
- A visit is granted when it heads its queue, that is, after the vehicle before it has reported its
  rear clear. So no two vehicles are ever in one zone. A grant is never taken back.
- A trip ends where its vehicle may rest without standing in anyone's way: in a place that is
  reserved for it, or in a lane. A lane is a queue of its own: it admits no more vehicles than it
  has zones (its permits see to that), so that all admitted ones can leave the yard behind them.
- From a lane trips are made in the order in which the vehicles are in it, so that none waits for
  one behind it.

A place is reserved for one vehicle as soon as no other is to stay there: one that has a trip on
will leave for certain. Each vehicle has one place, its home, that is never given to another.
"""

import math
from collections import deque

import msgspec

from actors.fleet.routing import Router
from actors.fleet.schedule import LANE_END_ZONES, Chosen, Slot, fit, project
from actors.messages import Visit
from actors.site.roadmap import LaneWay, Roadmap

EARLY_VISITS = LANE_END_ZONES - 1
"""So many visits before the end of a lane the trip that follows may be made: more than the braking
distance, so that a vehicle with a free way does not stop at the lane's end [ours]."""


class Trip(msgspec.Struct, frozen=True):
    """A way through zones that a vehicle is to drive next."""

    visits: tuple[Visit, ...]
    enter: int
    """`seq` of the first visit in the lane, for a trip into a lane; else 0."""
    goal: str
    """The place or the lane at which it ends."""

    @property
    def arrive(self) -> int:
        """`seq` of the last visit."""
        return self.visits[-1].seq


class Held(msgspec.Struct):
    """The road of one vehicle: visits driven or planned, the rearmost first."""

    visits: deque[Visit]
    slots: deque[Slot]
    """The same visits as they stand in their zones' queues."""
    granted: int
    """`seq` of the last visit granted."""
    node: str
    """Where the last planned visit ends."""
    lane: LaneWay | None = None
    """The lane in which the last planned visit lies."""
    lane_end: int = -1
    """`seq` of the last visit in that lane."""
    due_s: float = math.inf
    """When the present trip was projected to end, when it was last fitted."""


LATE_S = 8.0
"""A trip projected to end so much later than when it was last fitted is fitted anew [ours]."""
GAIN_S = 5.0
"""So much sooner must it then end to be worth the change of turns [ours]."""


def _deep(slot: Slot) -> bool:
    """Whether a rearmost visit is between a lane's ends, where nobody's order hangs on it."""
    return slot.depth > 1 and slot.to_come >= LANE_END_ZONES


class Body(msgspec.Struct, frozen=True):
    """What traffic must know of the vehicles, all alike."""

    rear_clear_m: float
    """How far the front is into a zone when the rear has left the one before, with clearance."""
    speed_mps: float
    """At which times are projected, where the road allows it."""


class Traffic:
    """All queues of a roadmap. `homes` are the vehicles' own places, by vehicle."""

    def __init__(
        self, roadmap: Roadmap, homes: dict[str, str], horizon_m: float, body: Body
    ) -> None:
        self.roadmap = roadmap
        self.router = Router(roadmap)
        self._owner = {place: vehicle for vehicle, place in homes.items()}
        self._horizon_m = horizon_m
        self._body = body
        self._queues: dict[str, list[Slot]] = {edge.zone: [] for edge in roadmap.edges.values()}
        in_lanes = {edge.zone for edge in roadmap.edges.values() if edge.lane}
        ends = {
            roadmap.edges[edge].zone
            for way in roadmap.lane_ways
            for edge in (way.edges[0], *way.edges[-LANE_END_ZONES:])
        }
        self._contended = [
            queue for zone, queue in self._queues.items() if zone not in in_lanes or zone in ends
        ]
        """Queues in which times are projected; inside a lane the order is that of its entry."""
        self._durations: dict[tuple[str, ...], tuple[float, float]] = {}
        self._held: dict[str, Held] = {}
        self._taken: dict[str, str] = {}
        """By place, the vehicle that stays there or is to stay: whose road ends there."""
        self._to_extend: dict[str, None] = {}
        self._place_of_node = {place.node: place.id for place in roadmap.places.values()}

    # --- where vehicles are -------------------------------------------------------------------

    def stand(self, vehicle: str, visits: tuple[Visit, ...]) -> None:
        """Put a vehicle, found at rest, on the road that it holds.

        Raises:
            ValueError: one of the zones is held by another vehicle, or is none of the roadmap.
        """
        for visit in visits:
            edges = [self.roadmap.edges.get(edge) for edge in visit.edges]
            if not edges or any(edge is None or edge.zone != visit.zone for edge in edges):
                raise ValueError(f"{vehicle} reports {visit.zone}, edges {visit.edges}: no such")
            if self._queues[visit.zone]:
                other = self._queues[visit.zone][0].vehicle
                raise ValueError(f"{vehicle} reports zone {visit.zone}, held by {other}")
        last = visits[-1]
        node = self.roadmap.edges[last.edges[-1]].end
        slots = self._slots(vehicle, visits, 0)
        for slot in slots:
            slot.granted, slot.in_s = True, 0.0
            self._queues[slot.zone].append(slot)
        self._held[vehicle] = Held(deque(visits), deque(slots), last.seq, node)
        place = self._place_of_node.get(node)
        if place is not None:
            self._taken[place] = vehicle

    def place_of(self, vehicle: str) -> str | None:
        """The place at which the vehicle's planned road ends, or None in a lane."""
        return self._place_of_node.get(self._held[vehicle].node)

    def node_of(self, vehicle: str) -> str:
        """The node at which the vehicle's planned road ends."""
        return self._held[vehicle].node

    def may_take(self, vehicle: str, place: str) -> bool:
        """Whether the place is free for this vehicle: nobody's, or its own home."""
        if self._taken.get(place, vehicle) != vehicle:
            return False
        return self._owner.get(place, vehicle) == vehicle

    def may_plan_on(self, vehicle: str) -> bool:
        """Whether a trip may follow: at rest in a place, or near the end of a lane and next.

        In a lane all vehicles ahead must have their trips already.
        """
        held = self._held[vehicle]
        if held.lane is None:
            return True
        if held.visits[0].seq + EARLY_VISITS < held.lane_end:
            return False
        exit_zone = self.roadmap.edges[held.lane.edges[-1]].zone
        for slot in self._queues[exit_zone]:
            if slot.vehicle == vehicle:
                return True
            ahead = self._held[slot.vehicle]
            if ahead.lane is not None and ahead.lane.lane == held.lane.lane:
                return False
        return True

    def lane_load(self, lane: str) -> int:
        """How many vehicles are in the lane or under way to it."""
        return sum(h.lane is not None and h.lane.lane == lane for h in self._held.values())

    # --- trips --------------------------------------------------------------------------------

    def trip_to(self, vehicle: str, place: str) -> Trip:
        """The way to a place; nothing is reserved yet."""
        way = self.router.way(self._held[vehicle].node, self.roadmap.places[place].node)
        return self._trip(vehicle, [(edge.zone, edge.id) for edge in way], 0, place)

    def trip_through(self, vehicle: str, way: LaneWay) -> Trip:
        """The way into a lane and to its end; to be taken once the lane has permitted it."""
        edges = self.roadmap.edges
        approach = self.router.way(self._held[vehicle].node, edges[way.edges[0]].start)
        to_lane = [(edge.zone, edge.id) for edge in approach]
        in_lane = [(edges[edge].zone, edge) for edge in way.edges]
        return self._trip(vehicle, to_lane + in_lane, len(in_lane), way.lane)

    def _trip(self, vehicle: str, way: list[tuple[str, str]], lane_visits: int, goal: str) -> Trip:
        """Join edges of one zone that follow each other into one visit."""
        seq = self._held[vehicle].visits[-1].seq
        visits: list[Visit] = []
        for zone, edge in way:
            if visits and visits[-1].zone == zone:
                visits[-1] = Visit(seq, zone, (*visits[-1].edges, edge))
            else:
                seq += 1
                visits.append(Visit(seq, zone, (edge,)))
        enter = visits[-lane_visits].seq if lane_visits else 0
        return Trip(tuple(visits), enter, goal)

    def take(self, vehicle: str, trip: Trip, now_s: float) -> bool:
        """Make the trip the vehicle's road: reserve its end and queue for all its zones.

        False, and nothing is changed, if it does not fit now because someone is to stay on the way.
        """
        held = self._held[vehicle]
        assert trip.visits[0].seq == held.visits[-1].seq + 1, "a trip made before another one"
        slots = self._slots(vehicle, trip.visits, trip.enter)
        last = held.slots[-1]
        self._project(now_s)
        chosen = self._fit(last, slots, now_s)
        if chosen is None:
            return False
        self._enqueue(last, slots, chosen)
        held.due_s = chosen.arrive_s
        left = self._place_of_node.get(held.node)
        if left is not None:  # it will leave for certain: others may queue behind it
            del self._taken[left]
        held.visits.extend(trip.visits)
        held.slots.extend(slots)
        held.node = self.roadmap.edges[trip.visits[-1].edges[-1]].end
        if trip.enter:
            last_edge = trip.visits[-1].edges[-1]
            held.lane = next(w for w in self.roadmap.lane_ways if w.edges[-1] == last_edge)
            held.lane_end = trip.arrive
        else:
            assert self.may_take(vehicle, trip.goal), f"{trip.goal} is not free for {vehicle}"
            held.lane = None
            self._taken[trip.goal] = vehicle
        self._to_extend[vehicle] = None
        return True

    def replan(self, vehicle: str, now_s: float) -> bool:
        """Fit what is left of a trip anew, for a vehicle that has fallen behind.

        Only visits that are not granted change their turns, and only if the trip then ends at
        least `GAIN_S` sooner; otherwise all is as before.
        """
        held = self._held[vehicle]
        suffix = [slot for slot in held.slots if not slot.granted]
        if not suffix or suffix[0].depth > 1:
            return False
        last = held.slots[-len(suffix) - 1]
        self._project(now_s)
        ends = next(slot for slot in reversed(suffix) if slot.depth <= 1)
        old_end_s = ends.in_s + ends.drive_s
        if old_end_s <= held.due_s + LATE_S:
            return False
        turns = []
        for slot in suffix:
            queue = self._queues[slot.zone]
            turns.append(queue.index(slot))
            del queue[turns[-1]]
        last.next = None
        self._project(now_s)
        chosen = self._fit(last, suffix, now_s)
        better = chosen is not None and chosen.arrive_s <= old_end_s - GAIN_S
        if chosen is not None and better:
            for slot in suffix:  # those that were behind may have become first
                if self._queues[slot.zone]:
                    self._to_extend[self._queues[slot.zone][0].vehicle] = None
            self._enqueue(last, suffix, chosen)
            self._to_extend[vehicle] = None
        else:
            for slot, turn in zip(reversed(suffix), reversed(turns), strict=True):
                self._queues[slot.zone].insert(turn, slot)
            last.next = suffix[0]
        held.due_s = chosen.arrive_s if chosen is not None and better else old_end_s
        return better

    def replan_late(self, now_s: float, most: int) -> int:
        """Fit the trips anew that have fallen behind furthest; how many of them changed."""
        self._project(now_s)
        behind = []
        for vehicle, held in self._held.items():
            end = held.slots[-1]
            if not end.granted and end.depth == 0:
                behind.append((held.due_s - end.in_s - end.drive_s, vehicle))
        behind.sort()
        return sum(self.replan(vehicle, now_s) for late_s, vehicle in behind[:most] if late_s < 0)

    def _project(self, now_s: float) -> None:
        rearmost = [
            held.slots[0]
            for held in self._held.values()
            if held.lane is None or not _deep(held.slots[0])
        ]
        project(rearmost, self._contended, now_s)

    def _fit(self, last: Slot, slots: list[Slot], now_s: float) -> Chosen | None:
        """Gaps for visits that follow `last`; inside a lane, turns follow from its entry."""
        contended = [slot for slot in slots if slot.depth <= 1]
        return fit(contended, self._queues, max(last.in_s + last.drive_s, now_s))

    def _enqueue(self, last: Slot, slots: list[Slot], chosen: Chosen) -> None:
        # From the last to the first, so that places found stay right in a zone visited twice.
        for slot, place in zip(
            reversed(slots[: len(chosen.places)]), reversed(chosen.places), strict=True
        ):
            self._queues[slot.zone].insert(place, slot)
        for slot in slots[len(chosen.places) :]:
            self._queues[slot.zone].append(slot)
        last.next = slots[0]

    def order_of(self, zone: str) -> list[tuple[str, int]]:
        """(vehicle, `seq`) of all visits that are in the zone or wait for it, in their order."""
        return [(slot.vehicle, slot.seq) for slot in self._queues[zone]]

    def _slots(self, vehicle: str, visits: tuple[Visit, ...], enter: int) -> list[Slot]:
        """The visits as slots, each linked to the next; `enter` is the first one in a lane."""
        slots: list[Slot] = []
        for visit in visits:
            drive_s, clear_s = self._durations_of(visit.edges)
            slot = Slot(vehicle, visit.seq, visit.zone, drive_s, clear_s)
            if enter and visit.seq >= enter:
                slot.depth = visit.seq - enter + 1
                slot.to_come = visits[-1].seq - visit.seq
            if slots:
                slots[-1].next = slot
            slots.append(slot)
        return slots

    def _durations_of(self, edges: tuple[str, ...]) -> tuple[float, float]:
        """Time to drive the edges, and until the rear has followed into the first [s]."""
        known = self._durations.get(edges)
        if known is None:
            found = [self.roadmap.edges[edge] for edge in edges]
            speeds = [min(edge.speed_mps, self._body.speed_mps) for edge in found]
            pairs = zip(found, speeds, strict=True)
            known = (
                sum(edge.length_m / speed for edge, speed in pairs),
                self._body.rear_clear_m / min(speeds),
            )
            self._durations[edges] = known
        return known

    # --- grants -------------------------------------------------------------------------------

    def clear(self, vehicle: str, cleared: int, now_s: float) -> None:
        """The vehicle's rear has left all visits up to `cleared`."""
        held = self._held[vehicle]
        while len(held.visits) > 1 and held.visits[0].seq <= min(cleared, held.granted - 1):
            visit, slot = held.visits.popleft(), held.slots.popleft()
            queue = self._queues[visit.zone]
            assert queue[0] is slot, "cleared what another heads"
            del queue[0]
            if queue:
                self._to_extend[queue[0].vehicle] = None
            first = held.slots[0]
            first.in_s = now_s - first.clear_s
        self._to_extend[vehicle] = None

    def take_grants(self) -> list[tuple[str, tuple[Visit, ...]]]:
        """All visits that have become free to drive since the last call, by vehicle."""
        grants = []
        for vehicle in self._to_extend:
            visits = self._extend(vehicle)
            if visits:
                grants.append((vehicle, visits))
        self._to_extend.clear()
        return grants

    def granted_end(self, vehicle: str) -> int:
        """`seq` of the last visit granted."""
        return self._held[vehicle].granted

    def granted(self, vehicle: str) -> tuple[Visit, ...]:
        """All visits that are granted and not cleared."""
        held = self._held[vehicle]
        return tuple(visit for visit in held.visits if visit.seq <= held.granted)

    def _extend(self, vehicle: str) -> tuple[Visit, ...]:
        """Grant what heads its queue, as far ahead as the horizon."""
        held = self._held[vehicle]
        granted: list[Visit] = []
        ahead_m = 0.0
        for visit, slot in zip(held.visits, held.slots, strict=True):
            if not slot.granted:
                if ahead_m >= self._horizon_m or not self._heads(slot):
                    break
                slot.granted = True
                granted.append(visit)
            ahead_m += self._length_m(visit)
        if granted:
            held.granted = granted[-1].seq
        return tuple(granted)

    def _heads(self, slot: Slot) -> bool:
        """Whether nobody but the vehicle itself is before the visit."""
        for other in self._queues[slot.zone]:
            if other is slot:
                return True
            if other.vehicle != slot.vehicle:
                return False
        return False

    def _length_m(self, visit: Visit) -> float:
        return sum(self.roadmap.edges[edge].length_m for edge in visit.edges)
