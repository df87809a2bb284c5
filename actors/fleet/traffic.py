"""Traffic: who may use which zone, and in what order. Free of collision and of deadlock.

The method, in the order in which the guarantee is built:

- Every zone has a queue of visits. A trip's visits are put where the projected times show gaps for
  all of them (`actors.fleet.gaps`): each after visits that end before it begins and before visits
  that begin after it ends. So every "this visit waits for that one" points forward in projected
  time, and there can be no circle of waits, however late vehicles then are.
- A visit is granted when it heads its queues, that is, after the vehicle before it has reported its
  rear clear. So no two vehicles are ever in one zone. A grant is never taken back.
- A trip ends where its vehicle may rest without standing in anyone's way: in a place that is
  reserved for it, or in a lane. A lane is a queue of its own: it admits no more vehicles than it
  has zones (its permits see to that), so that all admitted ones can leave the yard behind them.
- From a lane trips are made in the order in which the vehicles are in it, so that none waits for
  one behind it.

A place is reserved for one vehicle as soon as no other is to stay there: one that has a trip on
will leave for certain. Each vehicle has one place, its home, that is never given to another.

What fails keeps its road, at times without end. Those who would wait for it are fitted anew, before
it or over other ways, where there are any. So it can go on once it is well. (A road that is cut,
for another goal, leaves its vehicle without that promise until it has a trip again.)
"""

import math
from collections import deque
from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from actors.fleet.gaps import Search, Way, warm_up
from actors.fleet.kernels import NONE, grant, project
from actors.fleet.network import Network
from actors.fleet.routing import Router
from actors.fleet.timetable import Timetable
from actors.messages import Visit
from actors.site.roadmap import LaneWay, Roadmap

EARLY_VISITS = 2
"""So many visits before the end of a lane the trip that follows may be made: more than the braking
distance, so that a vehicle with a free way does not stop at the lane's end [ours]."""
LATE_S = 8.0
"""A trip projected to end so much later than when it was last fitted is fitted anew [ours]."""
GAIN_S = 5.0
"""So much sooner must it then end to be worth the change [ours]."""
RETRY_S = 10.0
"""A trip that could not be made better is not tried again before so long [ours]."""


class Body(msgspec.Struct, frozen=True):
    """What traffic must know of the vehicles, all alike."""

    rear_clear_m: float
    """How far the front is into a zone when the rear has left the one before, with clearance."""
    speed_mps: float
    """At which times are projected, where the road allows it."""
    margin_s: float = 2.0
    """Kept between two vehicles' stays, so that small slips do not make the later one brake [ours].
    It must not be 0: waits in a circle would not be told from waits in a row."""


class Trip(msgspec.Struct, eq=False):
    """A part of a vehicle's road, to a place or through a lane. Its numbers change with its way."""

    goal: str
    """The place or the lane at which it ends."""
    begin: int
    """`seq` of its first visit."""
    enter: int
    """`seq` of the first visit in the lane, for a trip into a lane; else 0."""
    arrive: int
    """`seq` of its last visit."""
    lane: LaneWay | None = None
    through: int = 0
    """`seq` of the visit at whose end it is at what it leads through; 0: through nothing."""
    due_s: float = math.inf
    """When it was projected to end (or to be in the lane), when it was last fitted."""
    retry_s: float = -math.inf
    """It is not fitted anew before."""


class Held(msgspec.Struct):
    """The road of one vehicle: visits driven or planned, the rearmost first."""

    index: int
    """Its number in the timetable."""
    visits: deque[Visit]
    rows: deque[int]
    """The same visits as they stand in the timetable."""
    granted: int
    """`seq` of the last visit granted."""
    trips: list[Trip]
    """Those whose ends are not behind it; the last one may follow on a lane."""

    @property
    def lane(self) -> LaneWay | None:
        """The lane in which the road ends."""
        return self.trips[-1].lane if self.trips else None

    def row_of(self, seq: int) -> int:
        """The row of a visit."""
        return self.rows[seq - self.visits[0].seq]


class Traffic:
    """All queues of a roadmap. `homes` are the vehicles' own places, by vehicle."""

    def __init__(
        self, roadmap: Roadmap, homes: dict[str, str], horizon_m: float, body: Body
    ) -> None:
        self.roadmap = roadmap
        self.router = Router(roadmap)
        self._owner = {place: vehicle for vehicle, place in homes.items()}
        self._horizon_m = horizon_m
        self._network = Network(roadmap, body.rear_clear_m, body.speed_mps, body.margin_s)
        warm_up(self._network)
        self._names = list(homes)
        self._index = {vehicle: i for i, vehicle in enumerate(self._names)}
        self._timetable = Timetable(self._network, len(homes))
        self._search = Search(self._timetable)
        self._zones = list(self._network.zone_index)
        self._zones_of = [[int(z) for z in row if z != NONE] for row in self._network.net.zones]
        self._held: dict[str, Held] = {}
        self._taken: dict[str, str] = {}
        """By place, the vehicle that stays there or is to stay: whose road ends there."""
        self._to_extend: dict[str, None] = {}
        self._place_of_node = {place.node: place.id for place in roadmap.places.values()}
        self._goals = {
            place.id: self._network.ending_at(place.node) for place in roadmap.places.values()
        }
        self._blocks: dict[str, dict[str, None]] = {}
        """By zone, who blocks it."""

    # --- where vehicles are -------------------------------------------------------------------

    def stand(self, vehicle: str, visits: tuple[Visit, ...]) -> None:
        """Put a vehicle, found at rest, on the road that it holds.

        Raises:
            ValueError: a zone is held by another vehicle, blocked, or none of the roadmap, or the
                place is kept for another vehicle.
        """
        passages = []
        for visit in visits:
            passage = self._network.passage_of.get(visit.edges)
            if passage is None or self._network.zone_of(passage) != visit.zone:
                raise ValueError(f"{vehicle} reports {visit.zone}, edges {visit.edges}: no such")
            passages.append(passage)
            for zone in self._zones_of[passage]:
                self._check_free(vehicle, visit.zone, zone)
        place = self._place_of_node.get(self._network.end_of(passages[-1]))
        if place is not None and self._taken.get(place, vehicle) != vehicle:
            raise ValueError(f"{vehicle} reports {place}, kept for {self._taken[place]}")
        index = self._index[vehicle]
        rows = self._timetable.place_first(index, np.array(passages, np.int32))
        self._held[vehicle] = Held(index, deque(visits), deque(rows), visits[-1].seq, [])
        if place is not None:
            self._taken[place] = vehicle

    def _check_free(self, vehicle: str, name: str, zone: int) -> None:
        rows = self._timetable.rows
        head = rows.head[zone]
        if head != NONE and rows.granted[head // self._timetable.per_row]:
            other = self._vehicle_at(head)
            raise ValueError(f"{vehicle} reports zone {name}, held by {other}")
        if rows.blocked[zone]:
            by = ", ".join(self._blocks.get(name, {"another": None}))
            raise ValueError(f"{vehicle} reports zone {name}, blocked by {by}")

    def remove(self, vehicle: str) -> None:
        """The vehicle has been lifted off the road: nothing of its road is left."""
        held = self._held.pop(vehicle)
        rows = list(held.rows)
        self._timetable.cut(rows)
        self._timetable.drop(rows)
        self._timetable.rows.stopped[held.index] = False
        self._wake(rows)
        self._to_extend.pop(vehicle, None)
        for place in [place for place, by in self._taken.items() if by == vehicle]:
            del self._taken[place]

    def place_of(self, vehicle: str) -> str | None:
        """The place at which the vehicle's planned road ends, or None elsewhere."""
        return self._place_of_node.get(self.node_of(vehicle))

    def node_of(self, vehicle: str) -> str:
        """The node at which the vehicle's planned road ends."""
        return self.roadmap.edges[self._held[vehicle].visits[-1].edges[-1]].end

    def ends_in_lane(self, vehicle: str) -> bool:
        """Whether the vehicle's planned road ends in a lane."""
        return self._held[vehicle].lane is not None

    def may_take(self, vehicle: str, place: str) -> bool:
        """Whether the place is free for this vehicle: nobody's, or its own home."""
        if self._taken.get(place, vehicle) != vehicle:
            return False
        return self._owner.get(place, vehicle) == vehicle

    def taken_by(self, place: str) -> str | None:
        """The vehicle that stays in the place or is to stay there."""
        return self._taken.get(place)

    def may_plan_on(self, vehicle: str) -> bool:
        """Whether a trip may follow: at rest in a place, or near the end of a lane and next.

        In a lane all vehicles ahead must have their trips already.
        """
        held = self._held[vehicle]
        lane = held.lane
        if lane is None:
            return True
        if held.visits[0].seq + EARLY_VISITS < held.trips[-1].arrive:
            return False
        exit_zone = self.roadmap.edges[lane.edges[-1]].zone
        for stay in self._timetable.queue(self._network.zone_index[exit_zone]):
            other = self._vehicle_at(stay)
            if other == vehicle:
                return True
            ahead = self._held[other].lane
            if ahead is not None and ahead.lane == lane.lane:
                return False
        return True

    def lane_load(self, lane: str) -> int:
        """How many vehicles are in the lane or under way to it, their roads ending in it."""
        return sum(h.lane is not None and h.lane.lane == lane for h in self._held.values())

    def order_of(self, zone: str) -> list[tuple[str, int]]:
        """(vehicle, `seq`) of all visits that are in the zone or wait for it, in their order."""
        found = []
        for stay in self._timetable.queue(self._network.zone_index[zone]):
            vehicle = self._vehicle_at(stay)
            held = self._held[vehicle]
            position = held.rows.index(stay // self._timetable.per_row)
            found.append((vehicle, held.visits[position].seq))
        return found

    def orders(self) -> dict[str, list[tuple[str, int]]]:
        """`order_of` all zones in which or for which there is a vehicle."""
        row_of = {
            row: (vehicle, visit.seq)
            for vehicle, held in self._held.items()
            for row, visit in zip(held.rows, held.visits, strict=True)
        }
        heads, after = self._timetable.rows.head, self._timetable.rows.after
        found: dict[str, list[tuple[str, int]]] = {}
        for zone in np.flatnonzero(heads != NONE):
            stay, order = int(heads[zone]), []
            while stay != NONE:
                order.append(row_of[stay // self._timetable.per_row])
                stay = int(after[stay])
            found[self._zones[zone]] = order
        return found

    # --- trips --------------------------------------------------------------------------------

    def go(self, vehicle: str, place: str, now_s: float) -> Trip | None:
        """Make the way to a place the vehicle's road, and reserve the place.

        None, and nothing is changed, if no way fits now because someone is to stay on all of them.
        """
        assert self.may_take(vehicle, place), f"{place} is not free for {vehicle}"
        left = self.place_of(vehicle)
        trip = self._plan(vehicle, place, self._goals[place], None, now_s)
        if trip is not None:
            self._leave(vehicle, left)
            self._taken[place] = vehicle
        return trip

    def enter(self, vehicle: str, way: LaneWay, now_s: float) -> Trip | None:
        """Make the way into a lane and to its end the vehicle's road; its lane has permitted it."""
        left = self.place_of(vehicle)
        first = self._network.passage_of[way.edges[:1]]
        trip = self._plan(vehicle, way.lane, (first,), way, now_s)
        if trip is not None:
            self._leave(vehicle, left)
        return trip

    def _give_up(self, held: Held, suffix: list[int]) -> None:
        """Forget the rows that were cut from the end of a road."""
        self._timetable.drop(suffix)
        self._wake(suffix)
        for _ in suffix:
            held.rows.pop()
            held.visits.pop()

    def _leave(self, vehicle: str, place: str | None) -> None:
        """It will leave for certain: others may queue behind it."""
        if place is not None and self._taken.get(place) == vehicle:
            del self._taken[place]

    def _plan(
        self, vehicle: str, goal: str, goals: tuple[int, ...], lane: LaneWay | None, now_s: float
    ) -> Trip | None:
        held = self._held[vehicle]
        self._project(now_s)
        way = self._fit(held, held.rows[-1], goals, now_s)
        if way is None:
            return None
        trip = Trip(goal, held.visits[-1].seq + 1, 0, 0, lane)
        held.trips = [*(t for t in held.trips if t.arrive >= held.visits[0].seq), trip]
        self._drive(vehicle, trip, way)
        return trip

    def _fit(
        self,
        held: Held,
        last: int,
        goals: tuple[int, ...],
        now_s: float,
        through: tuple[int, ...] = (),
    ) -> Way | None:
        """The best way from row `last`, where the vehicle's road ends, at projected times."""
        rows = self._timetable.rows
        if rows.stopped[held.index]:
            return None
        leaves_s = float(rows.in_s[last] + self._network.net.drive_s[rows.passage[last]])
        if math.isinf(leaves_s):
            return None
        return self._search.best(held.index, max(leaves_s, now_s), goals, through)

    def _drive(self, vehicle: str, trip: Trip, way: Way) -> None:
        """Put a trip's way at the end of its vehicle's road."""
        held = self._held[vehicle]
        seq = held.visits[-1].seq
        passages, ahead = way.passages, way.ahead
        if trip.lane is not None:
            trip.enter = seq + len(passages)
            rest, turns = self._through(trip.lane, ahead[-1])
            passages, ahead = np.append(passages, rest), np.concatenate((ahead, turns))
        trip.arrive = seq + len(passages)
        trip.due_s = way.arrive_s
        for passage in passages:
            seq += 1
            visit = Visit(seq, self._network.zone_of(passage), self._network.edges[passage])
            held.visits.append(visit)
        held.rows.extend(self._timetable.append(held.index, passages, ahead))
        self._to_extend[vehicle] = None

    def _through(
        self, way: LaneWay, behind: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The passages of a lane behind its first, and turns there in the order of its entry."""
        rows, per_row = self._timetable.rows, self._timetable.per_row
        passages = np.array([self._network.passage_of[(edge,)] for edge in way.edges[1:]], np.int32)
        ahead = np.full((len(passages), per_row), NONE, np.int32)
        row = NONE if behind[0] == NONE else int(behind[0]) // per_row
        for i in range(len(passages)):
            row = NONE if row == NONE else int(rows.next[row])
            ahead[i, 0] = NONE if row == NONE else row * per_row
        return passages, ahead

    # --- late and cut off ---------------------------------------------------------------------

    def replan(self, vehicle: str, now_s: float) -> bool:
        """Fit what is left of a trip anew, for a vehicle that has fallen behind or is cut off.

        Only what is not granted changes, and only if the trip then ends at least `GAIN_S` sooner;
        otherwise all is as before.
        """
        held = self._held[vehicle]
        if not self._may_change(held):
            return False
        self._project(now_s)
        return self._replan(vehicle, now_s)

    def _may_change(self, held: Held) -> bool:
        """Whether the vehicle's last trip has a part that is not granted, before its lane."""
        if not held.trips:
            return False
        trip = held.trips[-1]
        return held.granted < (trip.enter if trip.lane is not None else trip.arrive)

    def _ends_s(self, held: Held) -> float:
        """When the last trip is projected to end, or to be in its lane."""
        trip = held.trips[-1]
        row = held.row_of(trip.enter if trip.lane is not None else trip.arrive)
        rows = self._timetable.rows
        return float(rows.in_s[row] + self._network.net.drive_s[rows.passage[row]])

    def _replan(self, vehicle: str, now_s: float) -> bool:
        held = self._held[vehicle]
        trip = held.trips[-1]
        old_end_s = self._ends_s(held)
        if old_end_s <= trip.due_s + LATE_S or now_s < trip.retry_s:
            return False
        begin = max(held.granted + 1, trip.begin) - held.visits[0].seq
        suffix = [held.rows[i] for i in range(begin, len(held.rows))]
        cut = self._timetable.cut(suffix)
        if trip.lane is not None:
            goals: tuple[int, ...] = (self._network.passage_of[trip.lane.edges[:1]],)
        else:
            goals = self._goals[trip.goal]
        way = self._fit(held, held.rows[begin - 1], goals, now_s)
        if way is None or way.arrive_s > old_end_s - GAIN_S:
            self._timetable.restore(held.index, cut)
            trip.retry_s = now_s + RETRY_S
            if not math.isinf(old_end_s):
                trip.due_s = old_end_s
            return False
        self._give_up(held, suffix)
        self._drive(vehicle, trip, way)
        return True

    def replan_late(self, now_s: float, most: int) -> int:
        """Fit the trips anew that have fallen behind furthest; how many of them changed."""
        self._project(now_s)
        behind = []
        for vehicle, held in self._held.items():
            if self._may_change(held) and now_s >= held.trips[-1].retry_s:
                late_s = self._ends_s(held) - held.trips[-1].due_s
                if late_s > LATE_S:
                    behind.append((-late_s, vehicle))
        behind.sort()
        changed = 0
        for _, vehicle in behind[:most]:
            changed += self.replan(vehicle, now_s)
        return changed

    def cut(self, vehicle: str) -> None:
        """Take away the part of the road that is not granted; its goal is given up.

        A vehicle that is in a lane, or may enter it at any moment, keeps its road to its end.
        """
        held = self._held[vehicle]
        keep = held.granted
        while held.trips and held.trips[-1].arrive > held.granted:
            trip = held.trips[-1]
            if trip.lane is not None and trip.enter <= held.granted:
                keep = max(keep, trip.arrive)
                break
            held.trips.pop()
            if self._taken.get(trip.goal) == vehicle:
                del self._taken[trip.goal]
        count = held.visits[-1].seq - keep
        held.trips = [trip for trip in held.trips if trip.arrive >= keep]
        if not count:
            return
        suffix = [held.rows.pop() for _ in range(count)][::-1]
        self._timetable.cut(suffix)
        self._timetable.drop(suffix)
        self._wake(suffix)
        for _ in range(count):
            held.visits.pop()
        place = self.place_of(vehicle)
        if place is not None:
            self._taken.setdefault(place, vehicle)

    def stop(self, vehicle: str, now_s: float) -> None:
        """The vehicle will not move until further notice; others are fitted around it.

        It keeps its road, on which it goes on when it can; whoever finds a way may be before it.
        """
        self._timetable.rows.stopped[self._held[vehicle].index] = True
        self._free_cut_off(now_s)

    def resume(self, vehicle: str) -> None:
        """The vehicle can move again; its trips are made as ever, from where its road ends."""
        self._timetable.rows.stopped[self._held[vehicle].index] = False
        self._to_extend[vehicle] = None

    def block(self, zones: Iterable[str], by: str, now_s: float) -> None:
        """Let nobody into these zones until `by` unblocks them; others are fitted around them.

        Vehicles that are granted one of them already may use it.

        Raises:
            KeyError: one is none of the roadmap.
        """
        for zone in zones:
            self._timetable.rows.blocked[self._network.zone_index[zone]] = True
            self._blocks.setdefault(zone, {})[by] = None
        self._free_cut_off(now_s)

    def unblock(self, by: str) -> None:
        """Open the zones that nobody else blocks."""
        for zone, blockers in list(self._blocks.items()):
            blockers.pop(by, None)
            if not blockers:
                del self._blocks[zone]
                index = self._network.zone_index[zone]
                self._timetable.rows.blocked[index] = False
                self._wake_head(index)

    def stopped(self) -> list[str]:
        """The vehicles that will not move until further notice."""
        stopped = self._timetable.rows.stopped
        return [vehicle for vehicle, held in self._held.items() if stopped[held.index]]

    def blocked(self) -> dict[str, tuple[str, ...]]:
        """The zones that are blocked, and by whom."""
        return {zone: tuple(blockers) for zone, blockers in self._blocks.items()}

    def never_ends(self, now_s: float) -> list[str]:
        """Vehicles whose trips wait for one that stays or has stopped, or for a blocked zone."""
        self._project(now_s)
        return [
            vehicle
            for vehicle, held in self._held.items()
            if self._may_change(held) and math.isinf(self._ends_s(held))
        ]

    def _free_cut_off(self, now_s: float) -> None:
        for vehicle in self.never_ends(now_s):
            self._held[vehicle].trips[-1].retry_s = -math.inf
            self.replan(vehicle, now_s)

    def _project(self, now_s: float) -> None:
        circular = project(self._network.net, self._timetable.rows, now_s)
        assert not circular, f"{circular} visits wait for each other"

    # --- grants -------------------------------------------------------------------------------

    def clear(self, vehicle: str, cleared: int, now_s: float) -> None:
        """The vehicle's rear has left all visits up to `cleared`."""
        held = self._held[vehicle]
        while len(held.visits) > 1 and held.visits[0].seq <= min(cleared, held.granted - 1):
            held.visits.popleft()
            row = held.rows.popleft()
            passage = self._timetable.rows.passage[row]
            assert self._timetable.clear_first(held.index, now_s) == row
            for zone in self._zones_of[passage]:
                self._wake_head(zone)
        self._to_extend[vehicle] = None

    def _wake(self, rows: list[int]) -> None:
        """Look again at those who may have become first where rows were taken out."""
        for row in rows:
            for zone in self._zones_of[self._timetable.rows.passage[row]]:
                self._wake_head(zone)

    def _wake_head(self, zone: int) -> None:
        head = self._timetable.rows.head[zone]
        if head != NONE:
            self._to_extend[self._vehicle_at(head)] = None

    def _vehicle_at(self, stay: int) -> str:
        return self._names[int(self._timetable.rows.vehicle[stay // self._timetable.per_row])]

    def take_grants(self) -> list[tuple[str, tuple[Visit, ...]]]:
        """All visits that have become free to drive since the last call, by vehicle."""
        grants = []
        for vehicle in self._to_extend:
            held = self._held[vehicle]
            count = grant(self._network.net, self._timetable.rows, held.index, self._horizon_m)
            if count:
                begin = held.granted + 1 - held.visits[0].seq
                visits = tuple(held.visits[i] for i in range(begin, begin + count))
                held.granted = visits[-1].seq
                grants.append((vehicle, visits))
        self._to_extend.clear()
        return grants

    def granted_end(self, vehicle: str) -> int:
        """`seq` of the last visit granted."""
        return self._held[vehicle].granted

    def road(self, vehicle: str) -> tuple[Visit, ...]:
        """All visits that are planned and not cleared, the rearmost first."""
        return tuple(self._held[vehicle].visits)

    def granted(self, vehicle: str) -> tuple[Visit, ...]:
        """All visits that are granted and not cleared."""
        held = self._held[vehicle]
        return tuple(visit for visit in held.visits if visit.seq <= held.granted)
