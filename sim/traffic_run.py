"""Vehicles on traffic alone: random trips, all that goes wrong, every grant checked.

Nothing of the gate's process is here, so that millions of grants can be judged: the judge
(`sim.zone_account`) keeps its own account of who is in which zone and of the waits, and asks
traffic for nothing but its vehicles' roads and the order of its queues.
"""

import math
import time
from heapq import heappop, heappush
from random import Random

import msgspec

from actors.fleet.traffic import Body, Traffic, Trip
from actors.messages import Visit
from actors.site.roadmap import LaneWay, Roadmap
from sim.zone_account import ZoneAccount

RUSH, DRAG = 0.9, 1.4
"""Moves take between so many times their time at the speed limit."""
DWELL_S = 30.0
REAR_CLEAR_M = 18.0
SPEED_MPS = 5.0
HORIZON_M = 100.0
REROUTE_S = 5.0
"""Trips that have fallen behind are fitted anew this often [ours]."""
REROUTED_MOST = 50
STILL_S = 600.0
"""Nothing moved for so long, with nobody stopped and nothing blocked, is a standstill."""
END_S = 6 * 3600.0
"""In this time all trips end once nothing is wrong any more."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong, as drawn numbers; times between two of a kind are exponential."""

    stall_share: float = 0.003
    """Share of moves that stall."""
    stall_s: tuple[float, float] = (30.0, 120.0)
    failure_s: float = math.inf
    """Mean time between two failures in the fleet: a vehicle stops where it is."""
    failed_s: tuple[float, float] = (60.0, 900.0)
    lifted_share: float = 0.5
    """Share of failed vehicles that are lifted off the road and put back at home."""
    block_s: float = math.inf
    """Mean time between two blocks of a zone."""
    blocked_s: tuple[float, float] = (60.0, 600.0)
    reversal_s: float = math.inf
    """Each so often one lane is to be reversed."""


class Account(msgspec.Struct):
    """What a run came to."""

    grants: int = 0
    trips: int = 0
    overlaps: int = 0
    circles: int = 0
    stalls: int = 0
    """Standstills, and vehicles that did not get to a place in the end."""
    replanned: int = 0
    failures: int = 0
    lifted: int = 0
    blocks: int = 0
    reversals: int = 0
    plan_s: list[float] = []
    """Wall time of each call that planned a trip."""
    reroute_s: list[float] = []
    """Wall time of each pass over the late trips, for each trip that it changed."""


class LaneCount(msgspec.Struct):
    """A lane's own count of who has the road into it, as its permits would have it."""

    open: LaneWay
    """The way that it leads now."""
    ways: dict[str, LaneWay]
    """By the side that it leads away from."""
    inside: set[str] = msgspec.field(default_factory=set)
    draining: bool = False


class TrafficRun:
    """Vehicles that go on trips without end; or, if they do not `wander`, only when sent."""

    def __init__(
        self,
        roadmap: Roadmap,
        homes: dict[str, str],
        seed: int,
        *,
        reroute: bool,
        trouble: Trouble | None = None,
        wander: bool = True,
    ) -> None:
        self.account = Account(plan_s=[], reroute_s=[])
        self.roadmap, self.homes = roadmap, homes
        self.traffic = Traffic(roadmap, homes, HORIZON_M, Body(REAR_CLEAR_M, SPEED_MPS))
        self.zones = ZoneAccount(roadmap, REAR_CLEAR_M)
        self.now_s = 0.0
        self.lanes = _lanes(roadmap)
        self.failed: set[str] = set()
        self._random = Random(seed)
        self._trouble = trouble or Trouble()
        self._wander = wander
        self._places = sorted(roadmap.places)
        self._guest_places = {
            side: [p for p in self._places if p not in homes.values() and self._on(p) == side]
            for side in {self._on(place) for place in self._places}
        }
        self._all_zones = sorted({zone for e in roadmap.edges.values() for zone in e.zones})
        self._side: dict[str, str] = {}
        self._trip: dict[str, Trip] = {}
        self._wishes: dict[str, list[str]] = {vehicle: [] for vehicle in homes}
        self._granted: dict[str, int] = {}
        self._front: dict[str, int] = {}
        self._moving: set[str] = set()
        self._going: set[str] = set()
        """Who looks for a trip at some time to come."""
        self._life = dict.fromkeys(homes, 0)
        """Grows when a vehicle is lifted: what was to happen to it before does not."""
        self._shelved: dict[str, list[tuple[str, int]]] = {}
        """Of vehicles that have failed, what would have happened since."""
        self._heap: list[tuple[float, int, str, str, int, int]] = []
        self._count = 0
        self._blocks = 0
        self._moved_s = 0.0
        self._ending = False
        for vehicle in homes:
            self._stand(vehicle)
            if wander:
                self._look_for_trip(vehicle, self._random.uniform(0, 60))
        if reroute:
            self._later(REROUTE_S, "", "reroute")
        for what, mean_s in (("fail", self._trouble.failure_s), ("block", self._trouble.block_s)):
            if mean_s < math.inf:
                self._later(self._random.expovariate(1 / mean_s), "", what)
        if self._trouble.reversal_s < math.inf and self.lanes:
            self._later(self._trouble.reversal_s, "", "reverse")

    # --- what happens -------------------------------------------------------------------------

    def run(self, until_s: float, grants: int | None = None) -> None:
        """Until a time, or until so many grants have been given."""
        self._take_grants()
        while self._heap and self._heap[0][0] <= until_s:
            self._step()
            if grants is not None and self.account.grants >= grants:
                return
        if until_s < math.inf:
            self.now_s = max(self.now_s, until_s)

    def end(self) -> None:
        """Mend all that is wrong, make no trips but those on which vehicles are, and see them end.

        Vehicles that then are not at rest in a place count as stalls.
        """
        self._ending = True
        for vehicle in list(self.failed):
            self.mend(vehicle)
        for by in {by for blockers in self.traffic.blocked().values() for by in blockers}:
            self.unblock(by)
        for vehicle in self.homes:
            if vehicle in self.zones.road:
                self._look_for_trip(vehicle, 0.0)
        self._take_grants()
        until_s = self.now_s + END_S
        while self._heap and self._heap[0][0] <= until_s and not all(map(self.rests, self.homes)):
            self._step()
        self.account.stalls += sum(not self.rests(vehicle) for vehicle in self.homes)
        self.account.circles += self._circle()

    def rests(self, vehicle: str) -> bool:
        """Whether the vehicle stands in a place, with nothing of its road and wishes before it."""
        return (
            vehicle in self.zones.road
            and not self._wishes[vehicle]
            and self.traffic.place_of(vehicle) is not None
            and self._front[vehicle] == self.traffic.road(vehicle)[-1].seq
        )

    def _step(self) -> None:
        self.now_s, _, vehicle, what, life, seq = heappop(self._heap)
        if vehicle and life != self._life[vehicle]:
            return
        if vehicle in self.failed and what in ("go", "enter", "clear"):
            self._shelved[vehicle].append((what, seq))
            return
        match what:
            case "go":
                self._going.discard(vehicle)
                self._go(vehicle)
            case "enter":
                self._enter(vehicle)
            case "clear":
                self._clear(vehicle, seq)
            case "mend" | "lift":
                if vehicle in self.failed:  # not mended before its time
                    self.mend(vehicle) if what == "mend" else self.lift(vehicle)
            case "return":
                self._return(vehicle)
            case "reroute":
                self._reroute()
            case "unblock":
                self.unblock(f"block {seq}")
            case _ if not self._ending:
                self._go_wrong(what)
        self._take_grants()
        wrong = self.failed or self.traffic.blocked()
        if wrong or all(map(self.rests, self.homes)):
            self._moved_s = self.now_s
        elif self.now_s - self._moved_s > STILL_S:
            self.account.stalls += 1
            self._moved_s = self.now_s

    def _go_wrong(self, what: str) -> None:
        trouble = self._trouble
        if what == "fail":
            well = [v for v in self.homes if v not in self.failed and v in self.zones.road]
            if well:
                vehicle = self._random.choice(well)
                self.fail(vehicle)
                lifted = self._random.random() < trouble.lifted_share
                for_s = self._random.uniform(*trouble.failed_s)
                self._later(for_s, vehicle, "lift" if lifted else "mend")
            self._later(self._random.expovariate(1 / trouble.failure_s), "", "fail")
        elif what == "block":
            self._blocks += 1
            self.block(self._random.choice(self._all_zones), f"block {self._blocks}")
            self._later(self._random.uniform(*trouble.blocked_s), "", "unblock", self._blocks)
            self._later(self._random.expovariate(1 / trouble.block_s), "", "block")
        else:
            self.reverse(self._random.choice(sorted(self.lanes)))
            self._later(trouble.reversal_s, "", "reverse")

    # --- trips --------------------------------------------------------------------------------

    def send(self, vehicle: str, *places: str) -> None:
        """The vehicle is to go to these places, one after the other."""
        self._wishes[vehicle] += places
        self._look_for_trip(vehicle, 0.0)

    def _go(self, vehicle: str) -> None:
        """A trip, or later again, if none is to be had."""
        trip = self._trip.get(vehicle)
        under_way = trip is not None and self._front[vehicle] < trip.arrive
        if under_way and trip is not None and trip.lane is None:
            return
        here = self.traffic.place_of(vehicle)
        home = self.homes[vehicle]
        # In the end who wandered goes home, which frees a place for one that is still on the road.
        stays = here == home or not self._wander or self._on(home) != self._side[vehicle]
        idle = here is not None and not self._wishes[vehicle]
        if idle and stays and (self._ending or not self._wander):
            return
        if not self.traffic.may_plan_on(vehicle):
            self._look_for_trip(vehicle, REROUTE_S)
            return
        crosses = self.lanes and here is not None and not self._ending
        if crosses and self._random.random() < 0.5 and self._cross(vehicle):
            return
        for place in self._wanted(vehicle, here):
            if self._plan(vehicle, place):
                if self._wishes[vehicle][:1] == [place]:
                    self._wishes[vehicle].pop(0)
                return
        self._look_for_trip(vehicle, 10.0)

    def _wanted(self, vehicle: str, here: str | None) -> list[str]:
        """Places to try, on its side: what it wishes, any, or the last resort."""
        side, home = self._side[vehicle], self.homes[vehicle]
        astray = here is None
        if self._wishes[vehicle] and not astray:
            return self._wishes[vehicle][:1]
        wanted: list[str] = []
        if self._wander and not self._ending and (astray or self._spare(side) > 0):
            wanted = self._random.choices(self._places, k=4)
        wanted.append(home)
        if astray:
            wanted += self._guest_places[side]
        return [place for place in wanted if self._on(place) == side and place != here]

    def _plan(self, vehicle: str, place: str) -> bool:
        if not self.traffic.may_take(vehicle, place):
            return False
        began = time.perf_counter()
        trip = self.traffic.go(vehicle, place, self.now_s)
        self.account.plan_s.append(time.perf_counter() - began)
        if trip is None:
            return False
        before = self._trip.get(vehicle)
        self.account.trips += before is not None and before.lane is not None
        self._planned(vehicle, trip)
        return True

    def _planned(self, vehicle: str, trip: Trip) -> None:
        self._trip[vehicle] = trip
        if len(self.account.plan_s) % 20 == 0:
            self.account.circles += self._circle()

    def _cross(self, vehicle: str) -> bool:
        """Into a lane that leads away, has room, and beyond which a place will be free."""
        side = self._side[vehicle]
        for lane in self.lanes.values():
            way = lane.open
            if way.from_side != side or lane.draining or len(lane.inside) >= len(way.edges):
                continue
            returns = self._on(self.homes[vehicle]) == way.to_side
            if not returns and self._spare(way.to_side) < 1:
                continue
            began = time.perf_counter()
            trip = self.traffic.enter(vehicle, way, self.now_s)
            self.account.plan_s.append(time.perf_counter() - began)
            if trip is not None:
                lane.inside.add(vehicle)
                self._side[vehicle] = way.to_side
                self._planned(vehicle, trip)
                return True
        return False

    def _spare(self, side: str) -> int:
        """Places of a side that nobody has and no guest of the side, without a place, needs."""
        free = sum(self.traffic.taken_by(place) is None for place in self._guest_places[side])
        guests = sum(
            of == side and self._on(self.homes[vehicle]) != side
            and self.traffic.place_of(vehicle) is None
            for vehicle, of in self._side.items()
        )  # fmt: skip
        return free - guests

    def _on(self, place: str) -> str:
        return self.roadmap.places[place].side

    # --- moves --------------------------------------------------------------------------------

    def _take_grants(self) -> None:
        for vehicle, visits in self.traffic.take_grants():
            for visit in visits:
                self.account.grants += 1
                assert visit.seq == self._granted[vehicle] + 1
                self._granted[vehicle] = visit.seq
                self.zones.grant(vehicle, visit)
            if vehicle not in self._moving:
                self._start(vehicle)
        self.account.overlaps = self.zones.overlaps

    def _start(self, vehicle: str) -> None:
        """Drive into the next visit, if it is granted; or rest."""
        self._moving.discard(vehicle)
        front, trip = self._front[vehicle], self._trip.get(vehicle)
        if trip is not None and trip.lane is not None and front >= trip.enter:
            self._look_for_trip(vehicle, 0.0)
        if front >= self._granted[vehicle]:
            if trip is not None and trip.lane is None and front == trip.arrive:
                del self._trip[vehicle]
                self.account.trips += 1
                self._look_for_trip(vehicle, self._random.uniform(1, 2 * DWELL_S))
            return
        self._moving.add(vehicle)
        road = [visit for visit in self.zones.road[vehicle] if visit.seq <= front + 1]
        length_m = self.zones.length_m(road[-1])
        drive_s = length_m / SPEED_MPS * self._random.uniform(RUSH, DRAG)
        if self._random.random() < self._trouble.stall_share:
            drive_s += self._random.uniform(*self._trouble.stall_s)
        beyond_m = 0.0
        for visit in reversed(road[:-1]):
            left_m = REAR_CLEAR_M - beyond_m
            if left_m <= 0:
                break
            if left_m <= length_m:
                self._later(left_m / length_m * drive_s, vehicle, "clear", visit.seq)
                break
            beyond_m += self.zones.length_m(visit)
        self._later(drive_s, vehicle, "enter")

    def _enter(self, vehicle: str) -> None:
        """The front is at the end of the visit that was being driven."""
        self._front[vehicle] += 1
        self._moved_s = self.now_s
        self._start(vehicle)

    def _clear(self, vehicle: str, cleared: int) -> None:
        """The rear has left all visits up to `cleared`."""
        self.zones.clear(vehicle, cleared)
        for lane in self.lanes.values():
            if vehicle in lane.inside and not self._uses(vehicle, lane):
                self._leave_lane(vehicle, lane)
        self.traffic.clear(vehicle, cleared, self.now_s)

    def _uses(self, vehicle: str, lane: LaneCount) -> bool:
        """Whether the lane is on the vehicle's road: what it holds, or what it has yet to drive."""
        first = self.zones.road[vehicle][0].seq
        return any(
            visit.seq >= first and visit.edges[0] in lane.open.edges
            for visit in self.traffic.road(vehicle)
        )

    def _reroute(self) -> None:
        began = time.perf_counter()
        changed = self.traffic.replan_late(self.now_s, REROUTED_MOST)
        if changed:
            self.account.reroute_s.append((time.perf_counter() - began) / changed)
        self.account.replanned += changed
        self._later(REROUTE_S, "", "reroute")

    # --- what goes wrong ----------------------------------------------------------------------

    def fail(self, vehicle: str) -> None:
        """The vehicle stops where it is."""
        self.account.failures += 1
        self.failed.add(vehicle)
        self._shelved[vehicle] = []
        self.traffic.stop(vehicle, self.now_s)

    def mend(self, vehicle: str) -> None:
        """It goes on."""
        self.failed.discard(vehicle)
        self.traffic.resume(vehicle)
        for what, seq in self._shelved.pop(vehicle):
            self._going -= {vehicle} if what == "go" else set()
            self._later(0.0, vehicle, what, seq)
        if vehicle not in self._trip:
            self._look_for_trip(vehicle, 1.0)

    def lift(self, vehicle: str) -> None:
        """It is taken off the road, and put back at home when that is free."""
        self.account.lifted += 1
        self.failed.discard(vehicle)
        del self._shelved[vehicle]
        self._going.discard(vehicle)
        self._moving.discard(vehicle)
        self._life[vehicle] += 1
        self._trip.pop(vehicle, None)
        for lane in self.lanes.values():
            self._leave_lane(vehicle, lane)
        self._side.pop(vehicle)
        self.zones.lift(vehicle)
        self.traffic.remove(vehicle)
        self._later(self._random.uniform(10, 100), vehicle, "return")

    def _return(self, vehicle: str) -> None:
        try:
            self._stand(vehicle)
        except ValueError:
            # Another is passing there, or the zone is blocked.
            self._later(10.0, vehicle, "return")
        else:
            self._look_for_trip(vehicle, DWELL_S)

    def _stand(self, vehicle: str) -> None:
        edge = self.roadmap.standing_edge(self.homes[vehicle])
        visit = Visit(0, edge.zone, (edge.id,))
        self.traffic.stand(vehicle, (visit,))
        self.zones.stand(vehicle, visit)
        self._side[vehicle] = self._on(self.homes[vehicle])
        self._granted[vehicle] = self._front[vehicle] = 0

    def block(self, zone: str, by: str) -> None:
        """Nobody is let into the zone."""
        self.account.blocks += 1
        self.traffic.block([zone], by, self.now_s)

    def unblock(self, by: str) -> None:
        """What this one blocked is free again."""
        self.traffic.unblock(by)

    def reverse(self, name: str) -> bool:
        """Drain a lane and turn it, unless it is the last one of its way."""
        lane = self.lanes[name]
        others = [o for o in self.lanes.values() if o is not lane and not o.draining]
        if all(other.open.from_side != lane.open.from_side for other in others):
            return False
        lane.draining = True
        self._turn_if_empty(lane)
        return True

    def _leave_lane(self, vehicle: str, lane: LaneCount) -> None:
        lane.inside.discard(vehicle)
        self._turn_if_empty(lane)

    def _turn_if_empty(self, lane: LaneCount) -> None:
        if lane.draining and not lane.inside:
            lane.draining = False
            lane.open = lane.ways[lane.open.to_side]
            self.account.reversals += 1

    # --- time ---------------------------------------------------------------------------------

    def _circle(self) -> bool:
        """Whether the waits have a circle; looked at for one trip in twenty: it takes long."""
        return self.zones.has_circle(self.traffic)

    def _look_for_trip(self, vehicle: str, in_s: float) -> None:
        if vehicle not in self._going:
            self._going.add(vehicle)
            self._later(in_s, vehicle, "go")

    def _later(self, in_s: float, vehicle: str, what: str, seq: int = 0) -> None:
        self._count += 1
        life = self._life.get(vehicle, 0)
        heappush(self._heap, (self.now_s + in_s, self._count, vehicle, what, life, seq))


def drawn_homes(roadmap: Roadmap, vehicles: int, seed: int) -> dict[str, str]:
    """So many vehicles, each at home in a place of its own.

    Raises:
        ValueError: there are more vehicles than places.
    """
    places = sorted(roadmap.places)
    if vehicles > len(places):
        raise ValueError(f"given {vehicles} vehicles, allowed: at most {len(places)}, one a place")
    Random(seed).shuffle(places)
    return {f"v{i:04d}": place for i, place in enumerate(places[:vehicles])}


def _lanes(roadmap: Roadmap) -> dict[str, LaneCount]:
    """All lanes; they lead one way and the other in turn."""
    ways: dict[str, dict[str, LaneWay]] = {}
    for way in roadmap.lane_ways:
        ways.setdefault(way.lane, {})[way.from_side] = way
    return {lane: LaneCount(of[sorted(of)[i % 2]], of) for i, (lane, of) in enumerate(ways.items())}
