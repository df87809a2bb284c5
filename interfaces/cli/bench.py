"""`bordergate bench NAME`: measurements beside bare baselines."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from interfaces.cli.say import err, out


class Bench(StrEnum):
    """What can be measured."""

    WORLD = "world"
    START = "start"
    LIVE = "live"
    TRAFFIC = "traffic"
    ASSIGNMENT = "assignment"
    ROS = "ros"


def bench(
    name: Annotated[
        Bench,
        typer.Argument(
            help="world: events of virtual time. start: actors and their memory. "
            "live: grants and timers on Ray with 60 AGVs. traffic: a million grants judged. "
            "assignment: which AGV takes which order, beside scipy. "
            "ros: 100 AGVs over one rosbridge server, beside bare roslibpy."
        ),
    ],
    site: Annotated[
        str, typer.Option(help="The site that start and live put to work.")
    ] = "huu-nghi",
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the figures as JSON.")
    ] = None,
) -> None:
    """Measure; each figure stands beside a bare baseline of the same run."""
    # Imported here: each bench brings its own load of libraries.
    match name:
        case Bench.WORLD:
            from interfaces.bench import world

            figures = world.measure()
        case Bench.START:
            from interfaces.bench import start

            figures = start.measure(site, err.print)
        case Bench.LIVE:
            from interfaces.bench import live

            figures = live.measure(site, err.print)
        case Bench.TRAFFIC:
            from interfaces.bench import traffic

            figures = traffic.measure(err.print)
        case Bench.ASSIGNMENT:
            from interfaces.bench import assignment

            figures = assignment.measure()
        case Bench.ROS:
            from interfaces.bench import ros

            figures = ros.measure(err.print)
    table = Table(title=f"bench {name}", title_justify="left")
    for heading in ("figure", "value", "unit", "baseline", "ratio"):
        table.add_column(heading, justify="left" if heading in ("figure", "unit") else "right")
    for figure in figures:
        baseline = "" if figure.baseline is None else f"{figure.baseline:,.3f}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.3f}"
        table.add_row(figure.name, f"{figure.value:,.3f}", figure.unit, baseline, ratio)
    out.print(table)
    if json is not None:
        data = msgspec.json.encode({"bench": str(name), "figures": figures})
        json.write_bytes(msgspec.json.format(data) + b"\n")
