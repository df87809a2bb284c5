"""`bordergate world SITE --out DIR`: the site as a Gazebo world, with its bridge to ROS."""

import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from actors.site.bundled import find_site
from actors.site.expand import expand
from actors.site.load import last_change, load_site
from interfaces.cli.say import EXIT_BAD_INPUT, EXIT_FAILED, complain, out
from interfaces.cli.sites import SiteArgument, parse_day


class Gazebo(StrEnum):
    """The release that is to read it."""

    FORTRESS = "fortress"
    HARMONIC = "harmonic"


def world(
    folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the files go.")],
    site: SiteArgument = "demo",
    gz: Annotated[
        Gazebo, typer.Option(help="Fortress (ign), or Harmonic and later (gz).")
    ] = Gazebo.FORTRESS,
    day: Annotated[
        datetime.date | None,
        typer.Option(
            parser=parse_day,
            metavar="YYYY-MM-DD",
            help="The day whose lanes are drawn; else the day of the last change.",
        ),
    ] = None,
) -> None:
    """Write gate.sdf, single models and bridge.yaml for ros_gz_bridge."""
    # Imported here: other commands need no world.
    from sim.gazebo_world.files import WORLD_FILE, write_world
    from sim.gazebo_world.release import RELEASES

    path = find_site(site)
    loaded = load_site(path, day)
    on = day or last_change(loaded)
    release = RELEASES[gz.value]
    try:
        paths = write_world(loaded, expand(loaded, on), on, release, folder)
    except ValueError as error:
        complain(f"{path.name}: {error}")
        raise typer.Exit(EXIT_BAD_INPUT) from None
    except OSError as error:
        complain(f"--out: {error}")
        raise typer.Exit(EXIT_FAILED) from None
    out.print(f"{len(paths)} files of {loaded.title} on {on} in {folder}", markup=False)
    command = " ".join(release.command)
    out.print(f"Look at it: {command} -r {folder / WORLD_FILE}", markup=False)
