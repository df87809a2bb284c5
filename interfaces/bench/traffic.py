"""`bordergate bench traffic`: grants judged, planning times, and what planning anew gains."""

from collections.abc import Callable

from interfaces.bench.figures import Figure, compared, percentile
from sim.streets import streets, streets_beside
from sim.traffic_run import TrafficRun, Trouble, drawn_homes

GRANTS = 1_000_000
GRANTS_A_WORLD = 50_000
HOUR_S = 3600.0


def measure(say: Callable[[str], None]) -> list[Figure]:
    """Random street grids, delays and stalls; the judge shares no code with traffic."""
    figures = _judged(say)
    roadmap = streets(12, 12, 190, seed=1)
    zones = len({edge.zone for edge in roadmap.edges.values()})
    for vehicles in (50, 100, 150):
        say(f"{vehicles} vehicles on {zones} zones, an hour, with and without planning anew")
        homes = drawn_homes(roadmap, vehicles, 1)
        plain = TrafficRun(roadmap, homes, 1, reroute=False)
        plain.run(HOUR_S)
        anew = TrafficRun(roadmap, homes, 1, reroute=True)
        anew.run(HOUR_S)
        label = f"{vehicles} vehicles, {zones} zones"
        figures += [
            compared(
                f"{label}: trips ended in an hour, planned anew against not",
                anew.account.trips,
                "trips",
                plain.account.trips,
            ),
            *(
                Figure(
                    f"{label}: plan, p{share * 100:.0f}",
                    round(percentile(anew.account.plan_s, share) * 1e3, 2),
                    "ms",
                )
                for share in (0.5, 0.99)
            ),
        ]
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
