"""`bordergate scenario FILE..`: run scenarios and say whether they went as expected."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from interfaces.cli.say import EXIT_FAILED, complain, err, out

if TYPE_CHECKING:
    from interfaces.tried_robots import TriedRobots
    from sim.scenario.model import Scenario
    from sim.scenario.verdict import Seen

SPEEDS = {"plant": 20.0, "ros": 10.0, "gazebo": 20.0}
"""Of a live gate, if none is given; Gazebo is slower than that."""


def scenario(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE..", help="Scenario files, as in sim/scenarios.")
    ],
    junit: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.xml", dir_okay=False, help="Write JUnit XML; with one scenario only."
        ),
    ] = None,
    runtime: Annotated[
        Literal["virtual", "plant", "ros", "gazebo"],
        typer.Option(
            help="virtual: in virtual time; plant: a live gate with simulated robots; "
            "ros: one with reference robots over ROS 2; gazebo: one with AGVs in Gazebo."
        ),
    ] = "virtual",
    world: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="With --runtime gazebo: of `bordergate world`; else the site's is written anew.",
        ),
    ] = None,
    attach: Annotated[
        bool,
        typer.Option("--attach", help="With --runtime gazebo: to a server that runs already."),
    ] = False,
    speed: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=100,
            help="Of a live gate, beside the clock; else 20, with ros 10; Gazebo: at most.",
        ),
    ] = None,
) -> None:
    """Run scenarios; exit code 1 if an expectation was not met."""
    # Imported here: other commands run no gate.
    from sim.scenario.model import read_scenario
    from sim.scenario.verdict import junit as report
    from sim.scenario.verdict import verdicts
    from sim.scenario.virtual import run_virtual

    if junit is not None and len(files) > 1:
        raise typer.BadParameter(f"--junit: given with {len(files)} scenarios, allowed: one")
    if junit is not None and not junit.absolute().parent.is_dir():
        raise typer.BadParameter(f"--junit: there is no folder {junit.absolute().parent}")
    if speed is not None and runtime == "virtual":
        raise typer.BadParameter(f"--speed: given {speed:g}, allowed: on a live gate only")
    if (world or attach) and (runtime != "gazebo" or (world and attach)):
        raise typer.BadParameter("--world or --attach: one of them, with --runtime gazebo only")
    failed = False
    for file in files:
        read = read_scenario(file)
        began_s = time.perf_counter()
        if runtime == "virtual":
            seen = run_virtual(read, file.name)
        else:
            robots = _robots(runtime, read, world, attach)
            seen = _live(read, file.name, speed or SPEEDS[runtime], robots)
        results = verdicts(read, seen)
        took_s = time.perf_counter() - began_s
        out.print(f"{file.stem}: {read.title} ({took_s:.1f} s)", markup=False)
        for verdict in results:
            if verdict.failure:
                failed = True
                err.print(f"  FAILED {verdict.expected}: {verdict.failure}", style="red",
                          markup=False)  # fmt: skip
            else:
                out.print(f"  met    {verdict.expected}", markup=False)
        if junit is not None:
            junit.write_bytes(report(file.stem, results, took_s))
    if failed:
        raise typer.Exit(EXIT_FAILED)


def _live(scenario: "Scenario", file: str, speed: float, robots: "TriedRobots") -> "Seen":
    """What is seen on a live gate; ends with a word if its robots do not come up."""
    from interfaces.drivers import DriverError
    from interfaces.scenario import run_live

    try:
        return run_live(scenario, file, speed, robots)
    except DriverError as error:
        complain(str(error))
        raise typer.Exit(EXIT_FAILED) from None


def _robots(
    runtime: Literal["plant", "ros", "gazebo"],
    scenario: "Scenario",
    world: Path | None,
    attach: bool,
) -> "TriedRobots":
    from interfaces.tried_robots import in_gazebo, over_ros, simulated

    match runtime:
        case "plant":
            return simulated()
        case "ros":
            return over_ros(scenario, err.print)
        case "gazebo":
            return in_gazebo(world, attach=attach)
