"""`bordergate bench grid`: throughput on grid maps, to be put beside that of published planners."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from actors.fleet.routing import Router
from interfaces.bench.figures import Figure, percentile
from sim.grid_goals import (
    DrawnGoals,
    Endpoints,
    Goals,
    SortingGoals,
    TaskGoals,
    drawn_tasks,
    read_endpoints,
)
from sim.grid_map import GridMap, GridMapError, node_of, read_grid, read_map
from sim.grid_parking import Ways, parking
from sim.grid_run import GridAccount, GridRun, drawn_starts

SAY_STEPS = 100
NEVER = ("two vehicles in one cell", "circles of waits", "standstills")
"""Figures that must be 0."""


class Load(NamedTuple):
    """What is to be carried."""

    agents: int
    steps: int
    """To run for, if there are no tasks."""
    tasks: int | None
    seed: int


def measure(
    file: Path, endpoints: Path | None, load: Load, say: Callable[[str], None]
) -> list[Figure]:
    """Let vehicles go from goal to goal for so many steps; or until so many tasks are done.

    Raises:
        GridMapError: a file is not of its format, or its map not fit for the load.
    """
    grid = read_grid(_text(file)) if file.suffix == ".grid" else read_map(_text(file))
    stations = _stations(grid, endpoints)
    cells = (*stations.rests, *stations.pickups, *stations.deliveries)
    rests = parking(grid, dict.fromkeys(cells))
    starts = drawn_starts(rests, load.agents, load.seed)
    roadmap = grid.roadmap()
    router = Router(roadmap)
    steps, goals = load.steps, _endless(grid, stations, router, starts, load.seed)
    if load.tasks is not None:
        steps = load.tasks * 2 * len(grid.kinds)  # one vehicle, each time through all cells
        goals = TaskGoals(drawn_tasks(stations, load.tasks, load.seed), router)
    run = GridRun(roadmap, starts, [node_of(cell) for cell in rests], goals)
    while run.account.steps < steps and not goals.done and not run.account.standstills:
        before = run.account.goals
        run.run(min(SAY_STEPS, steps - run.account.steps))
        say(f"step {run.account.steps:,}: {run.account.goals - before:,} goals more")
    return _figures(run.account, load.agents, goals.done)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise GridMapError(f"{file.name} is not a text file") from None


def _endless(
    grid: GridMap, stations: Endpoints, router: Router, starts: dict[str, str], seed: int
) -> Goals:
    if {"Induct", "Eject"} <= set(grid.kinds.values()):
        return SortingGoals(grid, router, list(starts), seed)
    return DrawnGoals([node_of(cell) for cell in stations.pickups], seed)


def _stations(grid: GridMap, endpoints: Path | None) -> Endpoints:
    """Where to go: as the file of endpoints says; or ejection cells; or everywhere."""
    connected = Ways(grid).connected()
    if endpoints is not None:
        stations = read_endpoints(_text(endpoints), grid)
    else:
        ejects = [cell for cell, kind in grid.kinds.items() if kind == "Eject"]
        cells = ejects or sorted(connected)
        stations = Endpoints(cells, cells, [])
    inducts = [cell for cell, kind in grid.kinds.items() if kind == "Induct"]
    for cell in (*stations.pickups, *stations.deliveries, *inducts):
        if cell not in connected:
            raise GridMapError(f"cell {cell} cannot be reached from all others, and left to them")
    return stations


def _figures(account: GridAccount, agents: int, all_done: bool) -> list[Figure]:
    def figure(name: str, value: float, unit: str) -> Figure:
        return Figure(name, round(value, 3), unit)

    steps = account.steps
    figures = [figure("goals a step", account.goals / steps, "goals")]
    if all_done:
        figures.append(figure("makespan", steps, "steps"))
    figures += [
        figure("steps", steps, "steps"),
        figure("vehicles that move in a step", 100 * account.moves / steps / agents, "%"),
        figure("wall time a step", account.wall_s / steps * 1e3, "ms"),
    ]
    for share in (0.5, 0.99):
        value = percentile(account.plan_s, share) * 1e3
        figures.append(figure(f"plan, p{share * 100:.0f}", value, "ms"))
    return [
        *figures,
        figure("ways not found at once", account.refused, "cases"),
        figure("better ways found under way", account.hastened, "cases"),
        figure("sent on from another's goal", account.moved_on, "cases"),
        figure(NEVER[0], account.overlaps, "cases"),
        figure(NEVER[1], account.circles, "cases"),
        figure(NEVER[2], account.standstills, "steps"),
    ]
