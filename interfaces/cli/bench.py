"""`bordergate bench NAME`: measurements beside bare baselines; `bench grid`: beside planners'."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from interfaces.bench.figures import Figure
from interfaces.cli.say import EXIT_BAD_INPUT, EXIT_FAILED, complain, err, out
from interfaces.cli.sites import SiteArgument
from interfaces.cli.world import Gazebo

bench = typer.Typer(name="bench", no_args_is_help=True)
JsonOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the figures as JSON.")]
SiteOption = Annotated[str, typer.Option(help="The site that start, live and recording use.")]
FileArgument = Annotated[Path, typer.Argument(metavar="MAP", exists=True, dir_okay=False)]


@bench.callback()
def about() -> None:
    """Measure; each figure stands beside a bare baseline of the same run, where there is one."""


# Each brings its own load of libraries, so they are imported when they are run.


def _world(site: str) -> list[Figure]:
    """Events of virtual time."""
    from interfaces.bench import world

    return world.measure()


def _start(site: str) -> list[Figure]:
    """Actors and their memory."""
    from interfaces.bench import start

    return start.measure(site, err.print)


def _live(site: str) -> list[Figure]:
    """Grants and timers on Ray with 60 AGVs."""
    from interfaces.bench import live

    return live.measure(site, err.print)


def _assignment(site: str) -> list[Figure]:
    """Which AGV takes which order, beside scipy."""
    from interfaces.bench import assignment

    return assignment.measure()


def _recording(site: str) -> list[Figure]:
    """Messages into MCAP, and a fleet recorded live."""
    from interfaces.bench import recording

    return recording.measure(site, err.print)


def _ros(site: str) -> list[Figure]:
    """100 AGVs over one rosbridge server, beside bare roslibpy."""
    from interfaces.bench import ros

    return ros.measure(err.print)


def _gazebo(site: str) -> list[Figure]:
    """Messages over Gazebo Transport, beside bare pyzmq."""
    from interfaces.bench import gazebo

    return gazebo.measure(err.print)


def _clearance(site: str) -> list[Figure]:
    """100,000 random commands to both sides, judged by a reader of the log."""
    from interfaces.bench import clearance

    return clearance.measure(err.print)


def _exchange(site: str) -> list[Figure]:
    """Two gates, a side each, over a link that drops, repeats, delays and reorders letters."""
    from interfaces.bench import exchange

    return exchange.measure(site, err.print)


def _command(name: str, measure: Callable[[str], list[Figure]]) -> Callable[..., None]:
    def command(site: SiteOption = "huu-nghi", json: JsonOption = None) -> None:
        _tell(name, measure(site), json)

    return command


for _name, _measure in (
    ("world", _world),
    ("start", _start),
    ("live", _live),
    ("assignment", _assignment),
    ("recording", _recording),
    ("ros", _ros),
    ("gazebo", _gazebo),
    ("clearance", _clearance),
    ("exchange", _exchange),
):
    bench.command(_name, help=_measure.__doc__)(_command(_name, _measure))


@bench.command("gazebo-site")
def over_gazebo(
    site: SiteArgument = "demo",
    orders: Annotated[int, typer.Option(min=1, help="Put at once, in all directions.")] = 20,
    gz: Annotated[
        Gazebo, typer.Option(help="The server: Fortress (ign), or Harmonic and later (gz).")
    ] = Gazebo.FORTRESS,
    json: JsonOption = None,
) -> None:
    """Orders over a paused Gazebo server that has the site's world, beside the same by plan."""
    from interfaces.bench import gazebo_site
    from sim.gazebo_run import GazeboError
    from sim.gazebo_world.release import RELEASES

    try:
        figures = gazebo_site.measure(site, orders, RELEASES[gz.value].messages, err.print)
    except (GazeboError, OSError) as error:
        complain(f"{error}; docs/gazebo.md says how to start one")
        raise typer.Exit(EXIT_FAILED) from None
    except ValueError as error:
        complain(str(error))
        raise typer.Exit(EXIT_BAD_INPUT) from None
    _tell("gazebo-site", figures, json)


@bench.command("traffic")
def in_traffic(
    json: JsonOption = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw how planning times grow, as HTML."),
    ] = None,
) -> None:
    """A million grants judged, planning times, and what planning anew gains."""
    from interfaces.bench import traffic

    _tell("traffic", traffic.measure(err.print, plot), json)


@bench.command("inspection")
def of_images(
    images: Annotated[int, typer.Option(min=20, help="How many are judged.")] = 1000,
    json: JsonOption = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw detection against false alarms, as HTML."),
    ] = None,
) -> None:
    """Anomalies found in X-ray images, against clean images suspected."""
    from interfaces.bench import inspection

    _tell("inspection", inspection.measure(images, err.print, plot), json)


@bench.command("grid")
def on_grid(
    file: FileArgument,
    agents: Annotated[int, typer.Argument(metavar="AGENTS", min=1)],
    steps: Annotated[int, typer.Option(min=1, help="Steps to run; without end of goals.")] = 500,
    tasks: Annotated[
        int | None,
        typer.Option(min=1, help="So many pick-ups and deliveries, one more a step, and no more."),
    ] = None,
    endpoints: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", exists=True, dir_okay=False,
            help="Where the map's pick-ups and deliveries are, in pibt2's .pd format.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same run.")] = 1,
    json: JsonOption = None,
) -> None:  # fmt: skip
    """Throughput on a grid map of path-finding benchmarks: .map, or RHCR's .grid.

    On a .grid with stations goals are those of RHCR's sorting centre, else any free cell.
    """
    from interfaces.bench import grid
    from sim.grid_map import GridMapError

    if json is not None and not json.absolute().parent.is_dir():
        raise typer.BadParameter(f"--json: there is no folder {json.absolute().parent}")
    load = grid.Load(agents, steps, tasks, seed)
    try:
        figures = grid.measure(file, endpoints, load, err.print)
    except GridMapError as error:
        complain(str(error))
        raise typer.Exit(EXIT_BAD_INPUT) from None
    _tell("grid", figures, json)
    if any(figure.value for figure in figures if figure.name in grid.NEVER):
        raise typer.Exit(EXIT_FAILED)


def _tell(name: str, figures: list[Figure], json: Path | None) -> None:
    table = Table(title=f"bench {name}", title_justify="left")
    for heading in ("figure", "value", "unit", "baseline", "ratio"):
        table.add_column(heading, justify="left" if heading in ("figure", "unit") else "right")
    for figure in figures:
        baseline = "" if figure.baseline is None else f"{figure.baseline:,.3f}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.3f}"
        table.add_row(figure.name, f"{figure.value:,.3f}", figure.unit, baseline, ratio)
    out.print(table)
    if json is not None:
        data = msgspec.json.encode({"bench": name, "figures": figures})
        json.write_bytes(msgspec.json.format(data) + b"\n")
