"""Where the vehicles of a grid map are to go: the loads of published benchmarks, drawn anew.

All of them give a goal to each vehicle that is `due`: close to its last goal, or at rest without
one. What they draw depends on the seed, and not on the sequence of random numbers of the programs
that they follow: figures are to be compared over several seeds.
"""

from collections import deque
from collections.abc import Sequence
from random import Random
from typing import Protocol

import msgspec
import numpy as np
from scipy.optimize import linear_sum_assignment

from actors.fleet.routing import Router
from sim.grid_map import Cell, GridMap, GridMapError, node_of

BUSY_M = 8.0
"""A vehicle under way to an induct station counts as so much way to those who choose one (RHCR,
`SortingSystem`: `c`)."""
ENDPOINTS = {"p": "p", "d": "d", "e": "e", "s": "pd", "a": "pde", ".": "", "@": "", "T": ""}
"""By letter in a file of endpoints, what a cell is: for pick-up, for delivery, to rest in."""


class Goals(Protocol):
    """Gives out goals and counts what was reached."""

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""

    def give(self, due: dict[str, str], step: int) -> dict[str, str]:
        """Goals, by vehicle; `due` are those to which to give one and the nodes they come from."""

    def reached(self, vehicle: str) -> None:
        """The vehicle has got to the goal that it was given first of those it has."""


class SortingGoals:
    """RHCR's sorting centre: to an induct station and to an ejection cell in turns, without end.

    The ejection cell is drawn; the induct station is the nearest, counting who is under way there.
    Every other vehicle begins with an induct station.
    """

    def __init__(self, grid: GridMap, router: Router, vehicles: Sequence[str], seed: int) -> None:
        self._random = Random(seed)
        self._router = router
        self._ejects = [node_of(cell) for cell, kind in grid.kinds.items() if kind == "Eject"]
        inducts = [node_of(cell) for cell, kind in grid.kinds.items() if kind == "Induct"]
        self._under_way = dict.fromkeys(inducts, 0)
        self._to_induct = {vehicle: i % 2 == 0 for i, vehicle in enumerate(vehicles)}
        self._given: dict[str, deque[str]] = {vehicle: deque() for vehicle in vehicles}
        self.done = False

    def give(self, due: dict[str, str], step: int) -> dict[str, str]:
        """One to each."""
        return {vehicle: self._draw(vehicle, node) for vehicle, node in due.items()}

    def _draw(self, vehicle: str, node: str) -> str:
        if self._to_induct[vehicle]:
            goal = min(
                self._under_way,
                key=lambda to: self._router.time_s(node, to) + BUSY_M * self._under_way[to],
            )
            self._under_way[goal] += 1
        else:
            goal = self._random.choice(self._ejects)
        self._to_induct[vehicle] = not self._to_induct[vehicle]
        self._given[vehicle].append(goal)
        return goal

    def reached(self, vehicle: str) -> None:
        """One less is under way to it."""
        goal = self._given[vehicle].popleft()
        if goal in self._under_way:
            self._under_way[goal] -= 1


class DrawnGoals:
    """Any of some nodes, without end."""

    def __init__(self, nodes: Sequence[str], seed: int) -> None:
        self._random = Random(seed)
        self._nodes = nodes
        self.done = False

    def give(self, due: dict[str, str], step: int) -> dict[str, str]:
        """One to each."""
        return {vehicle: self._random.choice(self._nodes) for vehicle in due}

    def reached(self, vehicle: str) -> None:
        """It will be given another."""


class Task(msgspec.Struct, frozen=True):
    """Something to be carried from one node to another."""

    pickup: str
    delivery: str


class TaskGoals:
    """pibt2's pick-up and delivery: one more task a step, each given to one vehicle for good.

    Those who are due and the tasks that nobody has are matched by way, each step.
    """

    def __init__(self, tasks: Sequence[Task], router: Router) -> None:
        self._router = router
        self._to_come = deque(tasks)
        self._open: list[Task] = []
        self._left = len(tasks)
        self._next: dict[str, str] = {}
        """By vehicle that was sent to a pick-up, where to deliver."""
        self._given: dict[str, deque[bool]] = {}
        """By vehicle, for each goal that it was given, whether it is a delivery."""
        self._released = 0

    @property
    def done(self) -> bool:
        """Whether all tasks are delivered."""
        return self._left == 0

    def give(self, due: dict[str, str], step: int) -> dict[str, str]:
        """The delivery of what it is to fetch, or one of the tasks that nobody has."""
        while self._to_come and self._released <= step:
            self._open.append(self._to_come.popleft())
            self._released += 1
        goals = {vehicle: self._next.pop(vehicle) for vehicle in due if vehicle in self._next}
        for vehicle in goals:
            self._given[vehicle].append(True)
        free = [vehicle for vehicle in due if vehicle not in goals]
        if not free or not self._open:
            return goals
        cost = np.array(
            [[self._router.time_s(due[v], task.pickup) for task in self._open] for v in free]
        )
        taken = set()
        for row, column in zip(*linear_sum_assignment(cost), strict=True):
            vehicle, task = free[row], self._open[column]
            goals[vehicle], self._next[vehicle] = task.pickup, task.delivery
            self._given.setdefault(vehicle, deque()).append(False)
            taken.add(int(column))
        self._open = [task for i, task in enumerate(self._open) if i not in taken]
        return goals

    def reached(self, vehicle: str) -> None:
        """A delivery ends a task."""
        self._left -= self._given[vehicle].popleft()


class Endpoints(msgspec.Struct, frozen=True):
    """The cells of a map between which things are carried, and those made to rest in."""

    pickups: list[Cell]
    deliveries: list[Cell]
    rests: list[Cell]


def read_endpoints(text: str, grid: GridMap) -> Endpoints:
    """Read a file of endpoints in pibt2's format: a letter a cell, rows as in the map.

    Raises:
        GridMapError: it is not of that format, or names no place for pick-up or delivery.
    """
    found: dict[str, list[Cell]] = {"p": [], "d": [], "e": []}
    for y, row in enumerate(text.splitlines()):
        for x, letter in enumerate(row.rstrip()):
            if letter not in ENDPOINTS:
                allowed = " ".join(ENDPOINTS)
                raise GridMapError(f"line {y + 1}: given {letter}, allowed: one of {allowed}")
            if ENDPOINTS[letter] and (x, y) not in grid.kinds:
                raise GridMapError(f"line {y + 1}: given {letter} where the map is not free")
            for what in ENDPOINTS[letter]:
                found[what].append((x, y))
    if not found["p"] or not found["d"]:
        raise GridMapError("given no cell for pick-up (p, s, a) or none for delivery (d, s, a)")
    return Endpoints(found["p"], found["d"], found["e"])


def drawn_tasks(stations: Endpoints, count: int, seed: int) -> list[Task]:
    """So many tasks, each from one cell to another one."""
    random = Random(seed)
    tasks: list[Task] = []
    while len(tasks) < count:
        pickup, delivery = random.choice(stations.pickups), random.choice(stations.deliveries)
        if pickup != delivery:
            tasks.append(Task(node_of(pickup), node_of(delivery)))
    return tasks
