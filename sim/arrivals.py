"""Trucks that arrive: orders drawn from the site's daily profile."""

import datetime
from collections.abc import Iterator
from random import Random

from stdnum.iso6346 import calc_check_digit

from actors.messages import OrderRequest
from actors.site.model import Site

DAY_S = 86_400
TRUCK_HS = "854231"
"""What trucks bring where it is declared: electronic parts, which all sites let pass."""


def arrivals(
    site: Site, start: datetime.datetime, hours: float, trucks_per_day: int, seed: int
) -> Iterator[tuple[int, OrderRequest]]:
    """(arrival [UTC, ns], order) in the order of time, for `hours` from `start`.

    The day's number of trucks is met on average: arrivals are a Poisson process whose rate follows
    the profile, in the local time of the site's first side.
    """
    random = Random(f"{seed}/arrivals")
    profile = site.arrivals
    weights = profile.hourly
    peak_per_s = trucks_per_day * max(weights) / sum(weights) / 3600
    if peak_per_s == 0:
        return
    offset_s = round(next(iter(site.sides.values())).utc_offset_h * 3600)
    start_s = start.timestamp()
    directions, shares = list(profile.shares), list(profile.shares.values())
    types, type_shares = list(profile.size_types), list(profile.size_types.values())
    at_s, number = 0.0, 0
    while True:  # thinning: draw at the peak's rate, keep the share that the hour has of it
        at_s += random.expovariate(peak_per_s)
        if at_s >= hours * 3600:
            return
        hour = int((start_s + at_s + offset_s) % DAY_S // 3600)
        if random.random() * max(weights) >= weights[hour]:
            continue
        number += 1
        direction = random.choices(directions, shares)[0]
        yield (
            round((start_s + at_s) * 1e9),
            OrderRequest(
                id=f"T{number:06d}",
                container=container_number(random),
                size_type=random.choices(types, type_shares)[0],
                from_side=direction[:2],
                to_side=direction[3:],
            ),
        )


def container_number(random: Random) -> str:
    """A container number with a right check digit (ISO 6346); owner codes are made up."""
    owner = "".join(random.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(3))
    body = f"{owner}U{random.randrange(10**6):06d}"
    return body + calc_check_digit(body)
