"""The SITE argument of commands, and the table that describes a site."""

import datetime
from typing import Annotated

import typer
from rich.table import Table

from actors.site.devices import devices, lanes_in_use
from actors.site.model import Site
from actors.site.roadmap import Roadmap

SiteArgument = Annotated[
    str, typer.Argument(metavar="SITE", help="A site file, or the name of a bundled site.")
]


def parse_day(text: str) -> datetime.date:
    """A day given as YYYY-MM-DD.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"given {text!r}, allowed: a day as YYYY-MM-DD") from None


def describe(site: Site, roadmap: Roadmap, day: datetime.date) -> Table:
    """What the site is on that day, in a few figures."""
    table = Table(title=f"{site.title} on {day}", show_header=False, title_justify="left")
    kinds = [device.kind for device in devices(site, day)]
    places = [place.kind for place in roadmap.places.values()]
    length_m = sum(edge.length_m for edge in roadmap.edges.values())
    for lane in lanes_in_use(site, day):
        table.add_row(f"lane {lane.id}", lane.direction)
    table.add_row("AGVs", f"{kinds.count('vehicle')}")
    table.add_row("cranes", f"{kinds.count('crane')}")
    table.add_row("booths", f"{kinds.count('booth')}")
    table.add_row("refuges", f"{places.count('parking')}")
    table.add_row("chargers", f"{places.count('charger')}")
    table.add_row("road", f"{site.road.length_m:,.0f} m yard to yard")
    zones = len({edge.zone for edge in roadmap.edges.values()})
    roads = f"{len(roadmap.nodes):,} nodes, {len(roadmap.edges):,} edges, {zones:,} zones"
    table.add_row("roadmap", f"{roads}, {length_m / 1000:,.1f} km")
    return table
