"""`bordergate up SITE`: the gate live, with its API and page, until Ctrl-C."""

import re
from typing import Annotated, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.status import Status

from actors.site.bundled import find_site
from interfaces.cli.recording import (
    FoxgloveOption,
    FoxglovePortOption,
    RecordFileOption,
    RecordMinutesOption,
    RecordOption,
    RecordTotalOption,
    limits,
    say_begun,
    say_ended,
    start_recorder,
    watch,
)
from interfaces.cli.say import EXIT_FAILED, complain, err, out
from interfaces.cli.sites import SiteArgument
from interfaces.drivers import Driver, DriverError, plant, reference_robots, robots_behind
from interfaces.gate import LiveGate
from interfaces.server import GateServer, PortTakenError


def up(
    site: SiteArgument = "demo",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of the API and the page.")] = 8000,
    host: Annotated[str, typer.Option(help="Only loopback addresses are served.")] = "127.0.0.1",
    speed: Annotated[
        float, typer.Option(min=0.1, max=100, help="Plant and timers so many times faster.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Of the arrivals and the plant.")] = 1,
    arrivals: Annotated[
        bool, typer.Option("--arrivals/--no-arrivals", help="Trucks of the site's profile.")
    ] = True,
    driver: Annotated[
        Literal["plant", "ros"], typer.Option(help="Simulated robots, or robots over ROS 2.")
    ] = "plant",
    rosbridge: Annotated[
        str, typer.Option(help="With --driver ros: robots behind this server, ws://HOST:PORT.")
    ] = "",
    reference: Annotated[
        bool, typer.Option("--reference", help="With --driver ros: reference robots, started here.")
    ] = False,
    record: RecordOption = None,
    record_mb_max: RecordTotalOption = 4096,
    record_file_mb: RecordFileOption = 256,
    record_file_min: RecordMinutesOption = 60.0,
    foxglove: FoxgloveOption = False,
    foxglove_port: FoxglovePortOption = 8765,
) -> None:
    """Start the gate: an actor for every device, the robots, the API and the page."""
    robots = _driver(driver, rosbridge, reference)
    path = find_site(site)
    bounds = limits(record_mb_max, record_file_mb, record_file_min)
    live_port = foxglove_port if foxglove else None
    try:
        with (
            LiveGate(path, speed=speed, seed=seed, driver=robots) as gate,
            start_recorder(gate, path, record, bounds, live_port) as recorder,
        ):
            copies = recorder.copies if recorder else None
            server = GateServer(
                gate, host, port, arrivals_seed=seed if arrivals else None, copies=copies
            )
            if recorder is not None:
                watch(recorder, server.tell)
            out.print(f"Starting {gate.site.title}: {len(gate.unanswered)} actors.")
            status = Status("", console=err)
            bar = Progress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                TimeElapsedColumn(), console=err, transient=True, disable=not err.is_terminal,
            )  # fmt: skip
            task = bar.add_task("Ray", total=len(gate.unanswered))

            def started(name: str, _process: int) -> None:
                bar.update(task, advance=1, description=name)

            def ready() -> None:
                bar.stop()
                out.print(f"Ready: {len(gate.devices)} devices and the fleet manager.")
                out.print(f"Page  http://{host}:{port}/")
                out.print(f"API   http://{host}:{port}/api/docs")
                if recorder is not None:
                    say_begun(recorder, record)
                out.print("Ctrl-C ends it.")
                if err.is_terminal:
                    status.start()

            with bar:
                server.run(started, ready, status.update)
            status.stop()
        if recorder is not None:
            say_ended(recorder)
        out.print("Ended; nothing is left running.")
    except ValueError as error:
        complain(f"--host: {error}")
        raise typer.Exit(2) from None
    except (DriverError, PortTakenError) as error:
        complain(str(error))
        raise typer.Exit(EXIT_FAILED) from None


def _driver(driver: str, rosbridge: str, reference: bool) -> Driver:
    """What the options ask for; ends with a word on what does not go together."""
    match driver, rosbridge, reference:
        case "plant", "", False:
            return plant()
        case "ros", "", True:
            return reference_robots(err.print)
        case "ros", url, False if re.fullmatch(r"wss?://[^/\s:]+:\d{1,5}/?", url):
            return robots_behind(url)
        case "plant", _, _:
            complain("--rosbridge and --reference: only with --driver ros")
        case _:
            complain("--driver ros: needs --rosbridge ws://HOST:PORT, or --reference; not both")
    raise typer.Exit(2)
