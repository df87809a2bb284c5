"""What the fleet manager is to know of the site."""

from typing import Literal

import msgspec

from actors.fleet.traffic import Body
from actors.messages import Side
from actors.site.model import LimitsSection
from actors.site.roadmap import LaneWay, Roadmap


class FleetPlan(msgspec.Struct, frozen=True):
    """Roadmap, rules and measures of one site on one day."""

    roadmap: Roadmap
    homes: dict[str, str]
    """Each AGV's own place."""
    open_ways: tuple[LaneWay, ...]
    """The lanes in use, in the direction in which they are open."""
    scans: dict[str, Literal["before_crossing", "after_crossing"]]
    """Where containers are scanned, by direction (`VN-CN`)."""
    horizon_m: float
    """How far ahead of its rear an AGV is granted road."""
    body: Body
    charge_below_pct: float
    charge_until_pct: float
    reserve_pct: float
    pct_per_km: float
    """Charge that a loaded AGV draws."""
    lift_s: dict[Side, float]
    """Mean time of a lift by the cranes of a side."""
    limits: LimitsSection = LimitsSection()
    """Of wind, sight and positions; and who resets stops."""
