"""`bordergate simulate SITE`: a stretch of the gate's life in virtual time."""

import contextlib
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn
from rich.table import Table

from actors.site.bundled import find_site
from actors.site.load import last_change, load_site
from actors.site.model import Site
from interfaces.cli.border_tables import border_tables
from interfaces.cli.say import EXIT_FAILED, complain, err, out
from interfaces.cli.sites import SiteArgument, parse_day
from interfaces.recording.run import RunRecorder
from sim.authority import BorderGate
from sim.simulate import Result
from sim.simulate import simulate as run

SLICE_S = 600
"""Simulated time between two steps of the bar."""
DRAIN_H_MAX = 24.0
"""After the last arrival consignments have so long to end."""


def simulate(
    site: SiteArgument = "demo",
    hours: Annotated[float, typer.Option(min=0.01, max=8784, help="Hours of arrivals.")] = 24.0,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same run.")] = 1,
    trucks_per_day: Annotated[
        int | None, typer.Option(min=0, max=100_000, help="Else as the site file says.")
    ] = None,
    day: Annotated[
        datetime.date | None,
        typer.Option(
            parser=parse_day,
            metavar="YYYY-MM-DD",
            help="The day that is simulated, from midnight; else the day of the last change.",
        ),
    ] = None,
    clearance: Annotated[
        bool,
        typer.Option("--clearance", help="Trucks bring consignments, which officers clear."),
    ] = False,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the result as JSON; - prints it.")
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE.mcap", dir_okay=False, help="Write the run as an MCAP file."),
    ] = None,
    record_hz: Annotated[
        float, typer.Option(min=0.01, max=100, help="Signals a second in it.")
    ] = 1.0,
) -> None:
    """Run the gate's own machines through hours or days within seconds, and check every move."""
    loaded = load_site(find_site(site), day)
    if clearance:
        for option, file in (("--json", json), ("--record", record)):
            if file is not None:
                raise typer.BadParameter(f"{option}: given with --clearance, allowed: without it")
        _simulate_border(loaded, day or last_change(loaded), hours, trucks_per_day, seed)
        return
    if json is not None and str(json) != "-" and not json.absolute().parent.is_dir():
        raise typer.BadParameter(f"--json: there is no folder {json.absolute().parent}")
    first_day = day or last_change(loaded)
    trucks = loaded.arrivals.trucks_per_day if trucks_per_day is None else trucks_per_day
    columns = (SpinnerColumn(), *Progress.get_default_columns()[:3], TimeElapsedColumn())
    with (
        _recorder(record, loaded, first_day) as recorder,
        Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar,
    ):
        task = bar.add_task(f"{loaded.name}, {hours:g} h, {trucks:,} trucks a day", total=1.0)
        result = run(
            loaded, first_day, hours, trucks, seed,
            progress=lambda share: bar.update(task, completed=share),
            recorder=recorder, record_hz=record_hz,
        )  # fmt: skip
    if json is not None:
        data = msgspec.json.format(msgspec.json.encode(result))
        if str(json) == "-":
            print(data.decode())
        else:
            json.write_bytes(data + b"\n")
    if json is None or str(json) != "-":
        out.print(_table(result))
        out.print(f"digest {result.digest}")
    if any(result.checker.values()):
        for line in result.found:
            err.print(line, style="red", markup=False)
        raise typer.Exit(EXIT_FAILED)


@contextlib.contextmanager
def _recorder(path: Path | None, site: Site, day: datetime.date) -> Iterator[RunRecorder | None]:
    """The recorder of the run, if one is asked for; what it cannot write ends the command."""
    if path is None:
        yield None
        return
    try:
        with RunRecorder(path, site, day) as recorder:
            yield recorder
    except OSError as error:
        complain(f"--record: {path}: {error.strerror}")
        raise typer.Exit(EXIT_FAILED) from None


def _simulate_border(
    site: Site, day: datetime.date, hours: float, trucks_per_day: int | None, seed: int
) -> None:
    """Consignments in place of orders; how long they dwell, by step and by whose it was."""
    if not site.clearance:
        raise typer.BadParameter(f"--clearance: {site.name} has no rules for the border")
    border = BorderGate(site, day, seed)
    trucks = site.arrivals.trucks_per_day if trucks_per_day is None else trucks_per_day
    border.declare_arrivals(hours, trucks)
    declared = len(border.open)
    columns = (SpinnerColumn(), *Progress.get_default_columns()[:3], TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(f"{site.name}, {hours:g} h, {trucks:,} trucks a day", total=hours)
        for begin_s in range(0, round(hours * 3600), SLICE_S):
            border.run(min(SLICE_S, hours * 3600 - begin_s))
            bar.update(task, completed=begin_s / 3600)
        bar.update(task, description="what is left of the day", total=None)
        found = border.finish(hours_max=DRAIN_H_MAX).finish(border.world.now_ns)
    out.print(f"{site.name}: {declared:,} consignments")
    for shown in border_tables(site, border.report, day):
        out.print(shown)
    out.print(f"released {len(border.reader.released):,}, open {len(border.open):,}")
    out.print(", ".join(f"{kind} {count}" for kind, count in found.items()))
    for line in border.reader.found[:10]:
        err.print(line, style="red", markup=False)
    if border.reader.found or any(found.values()) or border.open:
        raise typer.Exit(EXIT_FAILED)


def _table(result: Result) -> Table:
    table = Table(
        title=f"{result.site}: {result.trucks_per_day:,} trucks a day, seed {result.seed}",
        show_header=False,
        title_justify="left",
    )
    orders = result.orders
    table.add_row("orders done", f"{orders.done:,}")
    ended = f"failed {orders.failed:,}, cancelled {orders.cancelled:,}, open {orders.open:,}"
    table.add_row("others", ended)
    if result.order_min:
        times = ", ".join(f"{name} {value:g}" for name, value in result.order_min.items())
        table.add_row("order to done [min]", times)
    found = ", ".join(f"{kind} {count}" for kind, count in result.checker.items())
    table.add_row("checker", found)
    table.add_row("simulated", f"{result.simulated_s / 3600:,.1f} h in {result.wall_s:,.1f} s")
    table.add_row("events", f"{result.events:,}")
    return table
