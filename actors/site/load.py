"""A site file, from the disk to checked structs."""

import datetime
from pathlib import Path

import msgspec

from actors.errors import Problem, SiteError
from actors.site.check import site_problems
from actors.site.model import Site
from actors.site.read import read_yaml
from actors.site.schema import schema_problems


def load_site(path: Path, day: datetime.date | None = None) -> Site:
    """The site described by a YAML file, fit to be run on `day`.

    Without a day, it is checked for the latest day on which one of its lanes comes into use.

    Raises:
        SiteError: everything that is wrong; meaning is checked once the form is right.
    """
    value = read_yaml(path)
    problems = schema_problems(value, path.name)
    if problems:
        raise SiteError(problems)
    try:
        site = msgspec.convert(value, Site)
    except msgspec.ValidationError as error:
        # The schema is made of the same structs; it is looser only in fine points.
        said, _, where = str(error).partition(" - at `$")
        problem = Problem(path.name, where.strip("`."), "a value that does not fit", said)
        raise SiteError([problem]) from error
    problems = site_problems(site, path.name, day or last_change(site))
    if problems:
        raise SiteError(problems)
    return site


def last_change(site: Site) -> datetime.date:
    """The latest day on which a lane of the site comes into use."""
    return max(lane.since for lane in site.road.lanes)
