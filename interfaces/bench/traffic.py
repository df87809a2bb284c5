"""`bordergate bench traffic`: grants judged, planning times, and what planning anew gains."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from interfaces.bench import growth
from interfaces.bench.figures import Figure, compared, percentile
from sim.streets import streets, streets_beside
from sim.traffic_run import TrafficRun, Trouble, drawn_homes

GRANTS = 1_000_000
GRANTS_A_WORLD = 50_000
HOUR_S = 3600.0


class Size(NamedTuple):
    """A street grid and its fleet."""

    streets: int
    lay_bys: int
    vehicles: int
    run_s: float


SIZES = (
    Size(12, 190, 50, HOUR_S),
    Size(12, 190, 100, HOUR_S),
    Size(12, 240, 200, HOUR_S),
    Size(20, 500, 400, HOUR_S / 4),
    Size(36, 1100, 1000, HOUR_S / 6),
)
"""Growing with zones and vehicles; the second is the one on which rerouting is compared."""


def measure(say: Callable[[str], None], plot: Path | None = None) -> list[Figure]:
    """Random street grids, delays and stalls; the judge shares no code with traffic.

    How planning times grow is drawn into `plot`, if that is wanted.
    """
    if plot is not None:
        growth.write(growth.measure(say), plot)
    figures = _judged(say)
    for size in SIZES:
        figures += _planned(size, say)
    return figures


def _planned(size: Size, say: Callable[[str], None]) -> list[Figure]:
    """Trips ended with and without rerouting, and how long it takes to plan one."""
    roadmap = streets(size.streets, size.streets, size.lay_bys, seed=1)
    zones = len({edge.zone for edge in roadmap.edges.values()})
    label = f"{size.vehicles} vehicles, {zones} zones"
    say(f"{label}: {size.run_s / 60:.0f} min, with and without rerouting")
    homes = drawn_homes(roadmap, size.vehicles, 1)
    plain = TrafficRun(roadmap, homes, 1, reroute=False)
    plain.run(size.run_s)
    anew = TrafficRun(roadmap, homes, 1, reroute=True)
    anew.run(size.run_s)
    account = anew.account
    figures = [
        compared(
            f"{label}: trips ended, rerouted against not",
            account.trips, "trips", plain.account.trips,
        )
    ]  # fmt: skip
    for what, spans_s in (
        ("plan", account.plan_s),
        ("reroute, a trip that changed", account.reroute_s),
    ):
        for share in (0.5, 0.99):
            value = round(percentile(spans_s, share) * 1e3, 2)
            figures.append(Figure(f"{label}: {what}, p{share * 100:.0f}", value, "ms"))
    return figures


def _judged(say: Callable[[str], None]) -> list[Figure]:
    """Count what must never happen over a million grants in many worlds; half of them with lanes.

    Vehicles fail, zones are blocked and lanes reversed; then all is mended and all trips must end.
    """
    trouble = Trouble(failure_s=300, block_s=300, reversal_s=1800)
    grants = overlaps = circles = stalls = worlds = 0
    while grants < GRANTS:
        worlds += 1
        columns, rows = 4 + 2 * (worlds % 5), 4 + 2 * (worlds // 5 % 5)
        lay_bys = columns * rows
        roadmap = (
            streets_beside(columns, rows, lay_bys, 3, seed=worlds)
            if worlds % 2
            else streets(columns, rows, lay_bys, seed=worlds)
        )
        homes = drawn_homes(roadmap, len(roadmap.places) * 2 // 3, worlds)
        run = TrafficRun(roadmap, homes, worlds, reroute=worlds % 4 == 0, trouble=trouble)
        run.run(1e9, GRANTS_A_WORLD)
        run.end()
        grants += run.account.grants
        overlaps += run.account.overlaps
        circles += run.account.circles
        stalls += run.account.stalls
        say(f"world {worlds}, {columns} x {rows}: {grants:,} grants")
    return [
        Figure("grants judged", grants, "grants"),
        Figure("worlds", worlds, "worlds"),
        Figure("two vehicles in one zone", overlaps, "cases"),
        Figure("circles of waits", circles, "cases"),
        Figure("standstills, and trips that never ended", stalls, "cases"),
    ]
