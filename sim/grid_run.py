"""Vehicles on a grid map, in steps: the setting of published planners, with traffic's promises.

A step is a second and one cell. As in those planners, a vehicle is in one cell at a time, and a
cell that one leaves in a step may be entered by another in the same step: the rear leaves a cell
when the front enters the next one. Traffic grants a cell when that has happened, and knows nothing
of steps. Its projected times keep vehicles a little apart (`MARGIN_S`), so that they never all wait
for each other in a ring, of which each could only move if all did at once.

The judge is that of the other runs on traffic alone (`sim.zone_account`).
"""

import time
from collections import deque
from random import Random

import msgspec

from actors.fleet.through import ThroughTraffic
from actors.fleet.traffic import Body
from actors.messages import Visit
from actors.site.roadmap import Roadmap
from sim.grid_goals import Goals
from sim.grid_map import Cell, GridMapError, node_of
from sim.zone_account import ZoneAccount

MARGIN_S = 0.001
HORIZON_M = 1.5
"""The cell in which a vehicle is and the next one: more could not be changed for the next goal."""
AHEAD_STEPS = 3
"""So long before its goal a vehicle is told the next one [ours]; RHCR tells it 5 to 10 before."""
HASTEN_STEPS = 20
"""Each vehicle's way to its goal is looked at again this often [ours]."""
GAIN_S = 0.5
"""So much sooner must it be there: less is no step."""
CIRCLE_STEPS = 20
"""The waits are looked at for circles this often: it takes long."""


class GridAccount(msgspec.Struct):
    """What a run came to."""

    steps: int = 0
    goals: int = 0
    moves: int = 0
    overlaps: int = 0
    circles: int = 0
    standstills: int = 0
    """Steps in which nobody moved and somebody was to get somewhere."""
    moved_on: int = 0
    """How often one whose road ended where another was to go was sent on."""
    refused: int = 0
    """How often no way was found, and it was tried again a step later."""
    hastened: int = 0
    """How often a better way was found than the one on which a vehicle was."""
    plan_s: list[float] = []
    """Wall time of each call that planned a way through a goal."""
    wall_s: float = 0.0


class Goal(msgspec.Struct):
    """Where a vehicle's road leads through."""

    node: str
    seq: int


class Vehicle(msgspec.Struct):
    """A vehicle of one cell."""

    node: str
    """The cell in which it is, or that it has yet to leave."""
    front: int = 0
    """`seq` of the visit that it has driven last."""
    granted: deque[Visit] = msgspec.field(default_factory=deque)
    """What it may drive and has not."""
    goals: deque[Goal] = msgspec.field(default_factory=deque)
    moving: bool = False


class GridRun:
    """All vehicles of a map, each begun in one of the cells in which they may rest."""

    def __init__(
        self, roadmap: Roadmap, starts: dict[str, str], ends: list[str], goals: Goals
    ) -> None:
        assert len(starts) < len(ends), "one must be free for who has to move on"
        self.account = GridAccount(plan_s=[])
        self.traffic = ThroughTraffic(roadmap, starts, HORIZON_M, Body(0.0, 1.0, MARGIN_S))
        self.zones = ZoneAccount(roadmap, 0.0)
        self.step_count = 0
        self.vehicles = {vehicle: Vehicle(node) for vehicle, node in starts.items()}
        self._edges = roadmap.edges
        self._ends = self.traffic.ending_at(ends)
        self._goals = goals
        self._wishes: dict[str, str] = {}
        """Goals that are not on their vehicles' roads yet, those first that wait longest."""
        into = {edge.end: edge for edge in roadmap.edges.values()}
        for vehicle, node in starts.items():
            visit = Visit(0, into[node].zone, (into[node].id,))
            self.traffic.stand(vehicle, (visit,))
            self.zones.stand(vehicle, visit)

    def run(self, steps: int) -> None:
        """So many steps, or until nothing is left to do."""
        began = time.perf_counter()
        for _ in range(steps):
            if self._goals.done:
                break
            self.step()
        self.account.circles += self.zones.has_circle(self.traffic)
        self.account.wall_s += time.perf_counter() - began

    def step(self) -> None:
        """Give goals, plan, and let all who may drive into their next cells and get there."""
        self._give()
        self._plan_all()
        self._hasten_some()
        moving = self._start_all()
        self.account.standstills += not moving and bool(self._wishes)
        self.account.moves += len(moving)
        self.account.overlaps = self.zones.overlaps
        if self.step_count % CIRCLE_STEPS == 0:
            self.account.circles += self.zones.has_circle(self.traffic)
        self.step_count += 1
        self.account.steps += 1
        for vehicle in moving:
            self._arrive(vehicle)

    # --- goals --------------------------------------------------------------------------------

    def _give(self) -> None:
        due = {}
        for name, vehicle in self.vehicles.items():
            if name in self._wishes or len(vehicle.goals) > 1:
                continue
            if not vehicle.goals:
                due[name] = vehicle.node
            elif vehicle.goals[0].seq - vehicle.front <= AHEAD_STEPS:
                due[name] = vehicle.goals[0].node
        self._wishes |= self._goals.give(due, self.step_count)

    def _plan_all(self) -> None:
        now_s = float(self.step_count)
        self.traffic.want(self._wishes.values())
        for name, node in list(self._wishes.items()):
            vehicle = self.vehicles[name]
            if vehicle.goals and vehicle.goals[-1].node == node:
                vehicle.goals.append(vehicle.goals[-1])
            elif not vehicle.goals and not vehicle.granted and vehicle.node == node:
                self._reach(name)
            elif not self._plan(name, node, now_s):
                self.account.refused += 1
                continue
            del self._wishes[name]

    def _plan(self, name: str, node: str, now_s: float) -> bool:
        stays = self.traffic.who_stays(node)
        if stays is not None and stays != name:
            if not self.traffic.move_on(stays, self._ends, now_s):
                return False
            self.account.moved_on += 1
        began = time.perf_counter()
        trip = self.traffic.go_through(name, node, self._ends, now_s)
        self.account.plan_s.append(time.perf_counter() - began)
        if trip is not None:
            self.vehicles[name].goals.append(Goal(node, trip.through))
        return trip is not None

    def _hasten_some(self) -> None:
        """Look for a better way for a share of the vehicles, each in its turn."""
        names = list(self.vehicles)
        for name in names[self.step_count % HASTEN_STEPS :: HASTEN_STEPS]:
            goals = self.vehicles[name].goals
            if len(goals) != 1:
                continue
            trip = self.traffic.hasten(name, self._ends, GAIN_S, float(self.step_count))
            if trip is not None:
                goals[0] = Goal(goals[0].node, trip.through)
                self.account.hastened += 1

    def _reach(self, name: str) -> None:
        self.account.goals += 1
        self._goals.reached(name)

    # --- moves --------------------------------------------------------------------------------

    def _start_all(self) -> list[str]:
        """All who can move do: each that goes makes room for the one behind it."""
        self._take_grants()
        moving = []
        ready = [name for name, vehicle in self.vehicles.items() if vehicle.granted]
        while ready:
            for name in ready:
                vehicle = self.vehicles[name]
                vehicle.moving = True
                moving.append(name)
                self.zones.clear(name, vehicle.front)
                self.traffic.clear(name, vehicle.front, float(self.step_count))
            ready = [name for name in self._take_grants() if not self.vehicles[name].moving]
        return moving

    def _take_grants(self) -> list[str]:
        """Who has been granted more road."""
        grants = self.traffic.take_grants()
        for name, visits in grants:
            for visit in visits:
                self.zones.grant(name, visit)
            self.vehicles[name].granted += visits
        return [name for name, _ in grants]

    def _arrive(self, name: str) -> None:
        vehicle = self.vehicles[name]
        visit = vehicle.granted.popleft()
        vehicle.moving = False
        vehicle.front, vehicle.node = visit.seq, self._edges[visit.edges[-1]].end
        while vehicle.goals and vehicle.goals[0].seq == vehicle.front:
            vehicle.goals.popleft()
            self._reach(name)


def drawn_starts(rests: list[Cell], vehicles: int, seed: int) -> dict[str, str]:
    """So many vehicles, each in a cell of its own in which it may rest.

    Raises:
        GridMapError: there are not more such cells than vehicles.
    """
    if vehicles >= len(rests):
        raise GridMapError(
            f"given {vehicles} vehicles, allowed: at most {max(len(rests) - 1, 0)}, since in "
            f"{len(rests)} cells one may rest without being in the way, and one must be free"
        )
    drawn = Random(seed).sample(rests, vehicles)
    return {f"v{i:04d}": node_of(cell) for i, cell in enumerate(drawn)}
