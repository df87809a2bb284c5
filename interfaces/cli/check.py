"""`bordergate check SITE`: is the site file right, and what does it describe?

It also says where a vehicle that stands dead has to be towed before all orders can go on.
"""

import datetime
from collections import defaultdict
from typing import Annotated

import typer
from rich.table import Table

from actors.site.bundled import find_site
from actors.site.expand import expand
from actors.site.load import last_change, load_site
from actors.site.place_waits import possible_circles
from actors.site.roadmap import Roadmap
from actors.site.tow import TowCase, tow_cases
from interfaces.cli.say import out
from interfaces.cli.sites import SiteArgument, describe, parse_day


def check(
    site: SiteArgument = "demo",
    day: Annotated[
        datetime.date | None,
        typer.Option(
            parser=parse_day,
            metavar="YYYY-MM-DD",
            help="The day on which it is to run; else the day of its last change.",
        ),
    ] = None,
    tow: Annotated[
        bool, typer.Option("--tow", help="List each zone to tow from, and what it cuts off.")
    ] = False,
) -> None:
    """Check a site file; say all that is wrong with it, or what it describes."""
    path = find_site(site)
    loaded = load_site(path, day)
    on = day or last_change(loaded)
    roadmap = expand(loaded, on)
    cases = tow_cases(roadmap)
    out.print(describe(loaded, roadmap, on))
    out.print(_summary(roadmap, cases))
    for circle in possible_circles(loaded, roadmap, on):
        out.print(
            f"Not ruled out: {loaded.vehicles.count} AGVs can fill {circle.places}"
            f" ({circle.room}), and wait for each other."
        )
    if tow:
        out.print(_listing(cases))
    out.print(f"{path.name} is right.")


def _summary(roadmap: Roadmap, cases: list[TowCase]) -> str:
    """How many zones are tow cases, and how much of their side they cut off, on each side."""
    zones = {edge.zone for edge in roadmap.edges.values()}
    text = (
        f"{len({case.zone for case in cases})} of {len(zones)} zones: a vehicle that stands dead"
        " there has to be towed before all orders can go on"
    )
    by_side: dict[str, list[TowCase]] = defaultdict(list)
    for case in cases:
        by_side[case.side].append(case)
    for side, found in by_side.items():
        whole = sum(len(case.cut_off) >= case.of - 1 for case in found)
        text += f"; on side {side}, {len(found)}, of which {whole} stop the whole side"
    return f"{text}."


def _listing(cases: list[TowCase]) -> Table:
    """Each zone to tow from, with the places and lanes it cuts off."""
    table = Table("zone", "cuts off", "places and lanes", title="tow cases", title_justify="left")
    for case in cases:
        names = "the whole side" if len(case.cut_off) >= case.of - 1 else ", ".join(case.cut_off)
        table.add_row(case.zone, f"{len(case.cut_off)} of {case.of}", names)
    return table
