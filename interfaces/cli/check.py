"""`bordergate check SITE`: is the site file right, and what does it describe?"""

import datetime
from typing import Annotated

import typer

from actors.site.bundled import find_site
from actors.site.expand import expand
from actors.site.load import last_change, load_site
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
) -> None:
    """Check a site file; say all that is wrong with it, or what it describes."""
    path = find_site(site)
    loaded = load_site(path, day)
    on = day or last_change(loaded)
    out.print(describe(loaded, expand(loaded, on), on))
    out.print(f"{path.name} is right.")
