"""The tables of a run with the border: trucks, and how long consignments wait for whom."""

import datetime

from rich.table import Table

from actors.site.model import Site
from sim.border_officers import OWNERS
from sim.border_report import BorderLog, Dwell, target_of


def border_tables(site: Site, log: BorderLog, day: datetime.date) -> list[Table]:
    """Trucks by direction, dwell by state, dwell by who owns it, and the words on images."""
    dwells = [*log.dwell(), *log.holds(OWNERS)]
    return [_trucks(site, log, day), _dwell(dwells), _owners(log, dwells), _judged(log)]


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading)
    return table


def _trucks(site: Site, log: BorderLog, day: datetime.date) -> Table:
    table = _table(
        f"road {site.road.id}: trucks",
        "direction", "declared", "smart", "ordinary road", "others", "smart share",
        "smart a day", "target a day", "wait p50/p90/p95 [min]", "turnaround p50/p90/p95 [min]",
    )  # fmt: skip
    target = target_of(site.targets, day.year)
    for trucks in log.trucks():
        share = site.arrivals.shares.get(trucks.direction, 0.0)
        wanted = ""
        if target is not None:
            bounds = (target.trucks_per_day_min, target.trucks_per_day_max)
            wanted = "-".join(dict.fromkeys(f"{round(bound * share):,}" for bound in bounds))
        table.add_row(
            trucks.direction, f"{trucks.declared:,}", f"{trucks.smart:,}",
            f"{trucks.traditional:,}", f"{trucks.others:,}", f"{trucks.smart_share:.1%}",
            f"{trucks.smart_per_day:,.0f}", wanted,
            "/".join(f"{minutes:g}" for minutes in trucks.wait_min),
            "/".join(f"{minutes:g}" for minutes in trucks.turnaround_min),
        )  # fmt: skip
    return table


def _dwell(dwells: list[Dwell]) -> Table:
    table = _table(
        "dwell by state", "step", "waits for", "count", "p50 [min]", "p90 [min]", "p95 [min]"
    )
    for dwell in dwells:
        waits = (dwell.p50_min, dwell.p90_min, dwell.p95_min)
        table.add_row(dwell.step, dwell.owner, f"{dwell.count:,}", *(f"{w:g}" for w in waits))
    return table


def _owners(log: BorderLog, dwells: list[Dwell]) -> Table:
    table = _table("dwell by who owns it", "owner", "median waits, all together [h]")
    for owner, hours in sorted(log.by_owner(dwells).items(), key=lambda entry: -entry[1]):
        table.add_row(owner, f"{hours:,.0f}")
    return table


def _judged(log: BorderLog) -> Table:
    table = _table("officers' words on images", "images", "suspicious, passed", "clear, stopped")
    judged = log.judged()
    table.add_row(f"{judged.images:,}", f"{judged.overruled:,}", f"{judged.missed:,}")
    return table
