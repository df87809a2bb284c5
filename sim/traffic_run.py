"""Vehicles on traffic alone: random trips, late and stalled moves, every grant checked.

Nothing of the gate's process is here, so that millions of grants can be judged: the judge keeps its
own account of who is in which zone and of the waits, and asks traffic for nothing but the order of
its queues.
"""

import time
from collections import deque
from heapq import heappop, heappush
from random import Random

import msgspec

from actors.fleet.traffic import Body, Traffic, Trip
from actors.messages import Visit
from actors.site.roadmap import Roadmap
from sim.waits import circular

STALL_SHARE = 0.003
"""Share of moves that stall for 30 to 120 s."""
RUSH, DRAG = 0.9, 1.4
"""Moves take between so many times their time at the speed limit."""
DWELL_S = 30.0
REAR_CLEAR_M = 18.0
SPEED_MPS = 5.0


class Account(msgspec.Struct):
    """What a run came to."""

    grants: int = 0
    trips: int = 0
    overlaps: int = 0
    circles: int = 0
    stalls: int = 0
    replanned: int = 0
    plan_s: list[float] = []
    """Wall time of each call that planned a trip or planned one anew."""


class TrafficRun:
    """Vehicles at home in lay-bys that go on trips without end."""

    def __init__(self, roadmap: Roadmap, vehicles: int, seed: int, *, replan: bool) -> None:
        self.account = Account(plan_s=[])
        self._random = Random(seed)
        places = sorted(roadmap.places)
        self._random.shuffle(places)
        homes = {f"v{i:04d}": place for i, place in enumerate(places[:vehicles])}
        self._homes, self._places = homes, places
        self._edges = roadmap.edges
        self._zones = sorted({edge.zone for edge in roadmap.edges.values()})
        self._traffic = Traffic(roadmap, homes, 100.0, Body(REAR_CLEAR_M, SPEED_MPS))
        self._replan = replan
        self._road: dict[str, deque[Visit]] = {}
        """What is granted and not cleared."""
        self._trip: dict[str, Trip] = {}
        self._granted = dict.fromkeys(homes, 0)
        self._front = dict.fromkeys(homes, 0)
        self._moving = dict.fromkeys(homes, False)
        self._holder: dict[str, str] = {}
        self._heap: list[tuple[float, int, str, str]] = []
        self._count = 0
        self._moved_s = 0.0
        for vehicle, home in homes.items():
            edge = roadmap.standing_edge(home)
            visit = Visit(0, edge.zone, (edge.id,))
            self._traffic.stand(vehicle, (visit,))
            self._road[vehicle] = deque([visit])
            self._holder[edge.zone] = vehicle
            self._later(self._random.uniform(0, 60), vehicle, "go")

    def run(self, until_s: float, grants: int | None = None) -> None:
        """Until a time, or until so many grants have been given."""
        while self._heap and self._heap[0][0] <= until_s:
            now_s, _, vehicle, what = heappop(self._heap)
            match what:
                case "go":
                    self._go(vehicle, now_s)
                case "enter":
                    self._enter(vehicle, now_s)
                case _:
                    self._clear(vehicle, now_s)
            self._take_grants(now_s)
            if now_s - self._moved_s > 600:
                self.account.stalls += 1
                self._moved_s = now_s
            if grants is not None and self.account.grants >= grants:
                return

    def _go(self, vehicle: str, now_s: float) -> None:
        """A trip to a free lay-by, or home; later again, if none is to be had."""
        here = self._traffic.place_of(vehicle)
        wanted = [self._random.choice(self._places) for _ in range(4)]
        for place in (*wanted, self._homes[vehicle]):
            if place == here or not self._traffic.may_take(vehicle, place):
                continue
            began = time.perf_counter()
            trip = self._traffic.go(vehicle, place, now_s)
            self.account.plan_s.append(time.perf_counter() - began)
            if trip is not None:
                self._trip[vehicle] = trip
                self.account.circles += self._circles()
                return
        self._later(now_s + 10, vehicle, "go")

    def _take_grants(self, now_s: float) -> None:
        for vehicle, visits in self._traffic.take_grants():
            for visit in visits:
                self.account.grants += 1
                holder = self._holder.setdefault(visit.zone, vehicle)
                self.account.overlaps += holder != vehicle
                assert visit.seq == self._granted[vehicle] + 1
                self._granted[vehicle] = visit.seq
                self._road[vehicle].append(visit)
            if not self._moving[vehicle]:
                self._start(vehicle, now_s)

    def _start(self, vehicle: str, now_s: float) -> None:
        """Drive into the next visit, if it is granted; or rest."""
        if self._front[vehicle] >= self._granted[vehicle]:
            self._moving[vehicle] = False
            if vehicle in self._trip and self._front[vehicle] == self._trip[vehicle].arrive:
                del self._trip[vehicle]
                self.account.trips += 1
                self._later(now_s + self._random.uniform(1, 2 * DWELL_S), vehicle, "go")
            return
        self._moving[vehicle] = True
        visit = next(v for v in self._road[vehicle] if v.seq == self._front[vehicle] + 1)
        length_m = sum(self._edges[edge].length_m for edge in visit.edges)
        drive_s = length_m / SPEED_MPS * self._random.uniform(RUSH, DRAG)
        if self._random.random() < STALL_SHARE:
            drive_s += self._random.uniform(30, 120)
        rear_s = min(REAR_CLEAR_M / length_m, 1.0) * drive_s
        self._later(now_s + rear_s, vehicle, "clear")
        self._later(now_s + drive_s, vehicle, "enter")

    def _enter(self, vehicle: str, now_s: float) -> None:
        """The front is at the end of the visit that was being driven."""
        self._front[vehicle] += 1
        self._moved_s = now_s
        if self._replan and vehicle in self._trip:
            began = time.perf_counter()
            self.account.replanned += self._traffic.replan(vehicle, now_s)
            self.account.plan_s.append(time.perf_counter() - began)
        self._start(vehicle, now_s)

    def _clear(self, vehicle: str, now_s: float) -> None:
        """The rear has left all visits behind the one being driven."""
        behind = self._front[vehicle]
        road = self._road[vehicle]
        while road[0].seq <= behind:
            visit = road.popleft()
            if all(other.zone != visit.zone for other in road if other.seq <= behind + 1):
                del self._holder[visit.zone]
        self._traffic.clear(vehicle, behind, now_s)

    def _circles(self) -> int:
        """Whether the waits have a circle; looked at for one trip in twenty: it takes long."""
        if self.account.trips % 20:
            return 0
        orders = [self._traffic.order_of(zone) for zone in self._zones]
        roads: dict[str, list[int]] = {}
        for order in orders:
            for vehicle, seq in order:
                roads.setdefault(vehicle, []).append(seq)
        return circular({name: sorted(seqs) for name, seqs in roads.items()}, orders)

    def _later(self, at_s: float, vehicle: str, what: str) -> None:
        self._count += 1
        heappush(self._heap, (at_s, self._count, vehicle, what))
