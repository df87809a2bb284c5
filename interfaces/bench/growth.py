"""How planning times grow with the vehicles and with the zones, measured and drawn."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from interfaces.bench.figures import percentile
from sim.streets import streets
from sim.traffic_run import TrafficRun, drawn_homes

VEHICLES = (25, 50, 75, 100, 150, 200)
STREETS = (12, 16, 20, 26, 32, 36)
"""Streets each way of grids that grow."""
ON_STREETS = 20
"""The grid on which the fleet grows."""
WITH_VEHICLES = 100
"""The fleet for which the grid grows."""
LAY_BYS = 264
"""On all of them: as many as the smallest grid has stretches of street, 2 x 12 x 11."""
WARM_S, RUN_S = 300.0, 900.0
"""Virtual time until all are on their way, and what is measured after it."""
COLOURS = {"plan": "#1f5f8b", "reroute": "#c2571a"}
NAMES = {"plan": "a trip planned", "reroute": "a late trip that was changed"}


class Point(NamedTuple):
    """Wall times [s] of one run, by what was planned."""

    vehicles: int
    zones: int
    spans_s: dict[str, list[float]]


class Growth(NamedTuple):
    """Both series, each with the other size held."""

    with_vehicles: list[Point]
    with_zones: list[Point]


def measure(say: Callable[[str], None]) -> Growth:
    """Street grids with delays and stalls, rerouting on."""
    return Growth(
        [_point(ON_STREETS, vehicles, say) for vehicles in VEHICLES],
        [_point(size, WITH_VEHICLES, say) for size in STREETS],
    )


def _point(size: int, vehicles: int, say: Callable[[str], None]) -> Point:
    roadmap = streets(size, size, LAY_BYS, seed=1)
    zones = len({edge.zone for edge in roadmap.edges.values()})
    say(f"growth: {vehicles} vehicles, {zones} zones")
    run = TrafficRun(roadmap, drawn_homes(roadmap, vehicles, 1), 1, reroute=True)
    run.run(WARM_S)
    run.account.plan_s.clear()
    run.account.reroute_s.clear()
    run.run(WARM_S + RUN_S)
    return Point(vehicles, zones, {"plan": run.account.plan_s, "reroute": run.account.reroute_s})


def write(growth: Growth, file: Path) -> None:
    """Draw both series into one page that needs no network."""
    held_zones, held_vehicles = growth.with_vehicles[0].zones, growth.with_zones[0].vehicles
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.06,
        subplot_titles=(f"{held_zones:,} zones, fleet growing",
                        f"{held_vehicles} vehicles, roadmap growing"),
    )  # fmt: skip
    for column, points, sizes in (
        (1, growth.with_vehicles, [point.vehicles for point in growth.with_vehicles]),
        (2, growth.with_zones, [point.zones for point in growth.with_zones]),
    ):
        for what, colour in COLOURS.items():
            for share, dash, symbol in ((0.5, "solid", "circle"), (0.99, "dot", "diamond")):
                times_ms = [
                    percentile(point.spans_s[what], share) * 1e3 if point.spans_s[what] else None
                    for point in points
                ]
                figure.add_trace(
                    go.Scatter(
                        x=sizes, y=times_ms, mode="lines+markers",
                        name=f"{NAMES[what]}, p{share * 100:.0f}", legendgroup=f"{what} {share}",
                        showlegend=column == 1, line={"color": colour, "dash": dash, "width": 2.5},
                        marker={"symbol": symbol, "size": 8},
                        hovertemplate="%{x:,}: %{y:.2f} ms<extra>%{fullData.name}</extra>",
                    ),
                    row=1, col=column,
                )  # fmt: skip
    figure.update_yaxes(type="log", dtick=1, minor={"showgrid": True}, ticksuffix=" ms")
    figure.update_yaxes(title_text="wall time", col=1)
    figure.update_xaxes(title_text="vehicles", rangemode="tozero", col=1)
    figure.update_xaxes(title_text="zones", rangemode="tozero", tickformat=",", col=2)
    figure.update_layout(
        template="plotly_white", title_text="Planning time of traffic", height=560,
        font={"size": 15}, margin={"t": 110, "b": 110},
        legend={"orientation": "h", "y": -0.2, "x": 0.5, "xanchor": "center"},
    )  # fmt: skip
    figure.write_html(file, include_plotlyjs=True)
