"""`bordergate up SITE`: the gate live, with its API and page, until Ctrl-C."""

import contextlib
import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import msgspec
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.status import Status

from actors.base import Side
from actors.site.bundled import find_site
from interfaces.cli.one_side import exchange_setup
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
from interfaces.drivers import (
    Driver,
    DriverError,
    attached_gazebo,
    gazebo,
    plant,
    reference_robots,
    robots_behind,
)
from interfaces.gate import LiveGate
from interfaces.server import GateServer, PortTakenError
from interfaces.store.database import Database, StoreError, file_url
from interfaces.store.run import Running, announced, run_folder
from interfaces.webhooks.targets import Targets
from robotics.imaging.reported import ScanImages
from robotics.imaging.store import FolderImages
from sim.plant.image_works import ImagesSetup


def up(
    site: SiteArgument = "demo",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of the API and the page.")] = 8000,
    host: Annotated[str, typer.Option(help="Only loopback addresses are served.")] = "127.0.0.1",
    speed: Annotated[
        float,
        typer.Option(min=0.1, max=100, help="So many times as fast; in Gazebo at most."),
    ] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Of the arrivals and the plant.")] = 1,
    arrivals: Annotated[
        bool, typer.Option("--arrivals/--no-arrivals", help="Trucks of the site's profile.")
    ] = True,
    driver: Annotated[
        Literal["plant", "ros", "gazebo"],
        typer.Option(help="Simulated robots, robots over ROS 2, or AGVs in Gazebo."),
    ] = "plant",
    world: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="With --driver gazebo: of `bordergate world`; else the site's is written anew.",
        ),
    ] = None,
    attach: Annotated[
        bool, typer.Option("--attach", help="With --driver gazebo: to a server that runs already.")
    ] = False,
    gui: Annotated[
        bool, typer.Option("--gui", help="With --driver gazebo: the server with its window.")
    ] = False,
    rosbridge: Annotated[
        str, typer.Option(help="With --driver ros: robots behind this server, ws://HOST:PORT.")
    ] = "",
    reference: Annotated[
        bool, typer.Option("--reference", help="With --driver ros: reference robots, started here.")
    ] = False,
    store: Annotated[
        str,
        typer.Option(metavar="URL", help="The database; else a new file in the run's own folder."),
    ] = "",
    officers: Annotated[
        str,
        typer.Option(help="Whose officers are simulated: simulated (all), none, or one side."),
    ] = "simulated",
    images: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Keeps X-ray images of the booths; else a folder in the run's own.",
        ),
    ] = None,
    scanner_images: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="With --rosbridge: where the scanners leave their images.",
        ),
    ] = None,
    webhook_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST[:PORT]", help="Webhooks of enterprises may go there; may be repeated."
        ),
    ] = None,
    side: Annotated[
        str,
        typer.Option(help="Only this side's clearance; the other side has a gate of its own."),
    ] = "",
    peer: Annotated[
        str, typer.Option(metavar="URL", help="With --side: the other gate, http://127.0.0.1:8001.")
    ] = "",
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --side: this gate's private key.")
    ] = None,
    peer_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --side: the other gate's public key.")
    ] = None,
    record: RecordOption = None,
    record_mb_max: RecordTotalOption = 4096,
    record_file_mb: RecordFileOption = 256,
    record_file_min: RecordMinutesOption = 60.0,
    foxglove: FoxgloveOption = False,
    foxglove_port: FoxglovePortOption = 8765,
) -> None:
    """Start the gate: an actor for every device, the robots, the API and the page."""
    path = find_site(site)
    exchange = exchange_setup(path, side, peer, key, peer_key, store)
    bounds = limits(record_mb_max, record_file_mb, record_file_min)
    store, pictures = _places(path, store, images)
    over_ros = _OverRos(rosbridge, reference, scanner_images)
    robots = _driver(driver, over_ros, _InGazebo(world, attach, gui), pictures)
    kept = _images(pictures)
    live_port = foxglove_port if foxglove else None
    try:
        with (
            _store(store) as database,
            LiveGate(
                path,
                speed=speed,
                seed=seed,
                driver=robots,
                store=database,
                exchange=exchange,
                simulated_time=driver == "gazebo",
            ) as gate,  # fmt: skip
            start_recorder(gate, path, record, bounds, live_port) as recorder,
            contextlib.ExitStack() as told,
        ):
            copies = recorder.copies if recorder else None
            server = GateServer(
                gate, host, port, arrivals_seed=seed if arrivals else None, copies=copies,
                store=database, officers=_simulated(officers, gate.sides),
                images=kept,
                targets=Targets(tuple(webhook_host or ())),
            )  # fmt: skip
            running = Running(database.url, server.run_token())
            token_file = told.enter_context(announced(port, running))
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
                fleet = "and the fleet manager" if gate.has_fleet else "of its own"
                out.print(f"Ready: {len(gate.devices)} devices {fleet}.")
                out.print(f"Page  http://{host}:{port}/")
                out.print(f"      http://{host}:{port}{server.entrance} once, to command from it")
                if gate.sides:
                    out.print(f"Desk  http://{host}:{port}/desk")
                out.print(f"API   http://{host}:{port}/api/docs")
                out.print(f"Store {database.shown}")
                out.print(f"Token of an operator, for this run: {token_file}")
                if recorder is not None:
                    say_begun(recorder, record)
                if driver == "gazebo":
                    out.print("Time  is that of the Gazebo server")
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
    except (DriverError, PortTakenError, StoreError) as error:
        complain(str(error))
        raise typer.Exit(EXIT_FAILED) from None


def _places(site: Path, store: str, images: Path | None) -> tuple[str, Path]:
    """The database's URL and the images' folder: in the run's own folder, if they are not given."""
    if store and images is not None:
        return store, images
    own = run_folder(site.stem, datetime.datetime.now(datetime.UTC))
    return store or file_url(own / "store.sqlite"), images or own / "images"


def _images(folder: Path) -> FolderImages:
    """The images in the folder, which is made; ends with a word on one that cannot be."""
    try:
        return FolderImages(folder)
    except OSError as error:
        complain(f"--images: {folder}: {error.strerror}")
        raise typer.Exit(EXIT_FAILED) from None


@contextlib.contextmanager
def _store(url: str) -> Iterator[Database]:
    """The database of the run, with its tables."""
    database = Database(url)
    try:
        database.create_all()
        yield database
    finally:
        database.close()


def _simulated(officers: str, sides: tuple[Side, ...]) -> tuple[Side, ...]:
    """The sides whose officers are simulated; ends with a word on what is none."""
    match officers:
        case "simulated":
            return sides
        case "none":
            return ()
        case side if side in sides:
            return (side,)
    allowed = ", ".join(("simulated", "none", *sides))
    complain(f"--officers: given {officers!r}, allowed: {allowed}")
    raise typer.Exit(2)


class _OverRos(msgspec.Struct, frozen=True):
    """Options of `--driver ros`."""

    rosbridge: str
    reference: bool
    scanner_images: Path | None


class _InGazebo(msgspec.Struct, frozen=True):
    """Options of `--driver gazebo`."""

    world: Path | None
    attach: bool
    gui: bool


def _driver(driver: str, over_ros: _OverRos, in_gazebo: _InGazebo, images: Path) -> Driver:
    """What the options ask for; ends with a word on what does not go together."""
    if over_ros.scanner_images is not None and not over_ros.rosbridge:
        _refuse("--scanner-images: only with --driver ros --rosbridge URL")
    if driver != "ros" and (over_ros.rosbridge or over_ros.reference):
        _refuse("--rosbridge and --reference: only with --driver ros")
    if driver != "gazebo" and (in_gazebo.world or in_gazebo.attach or in_gazebo.gui):
        _refuse("--world, --attach and --gui: only with --driver gazebo")
    pictures = ImagesSetup(str(images.resolve()))
    match driver:
        case "ros":
            return _ros(over_ros, images)
        case "gazebo":
            return _gazebo(in_gazebo, pictures)
        case _:
            return plant(images=pictures)


def _gazebo(given: _InGazebo, images: ImagesSetup) -> Driver:
    if given.attach and (given.world or given.gui):
        _refuse("--attach: to a server that runs already; not with --world or --gui")
    if given.attach:
        return attached_gazebo(images)
    return gazebo(given.world, gui=given.gui, images=images)


def _ros(given: _OverRos, images: Path) -> Driver:
    match given.rosbridge, given.reference:
        case "", True:
            return reference_robots(err.print)
        case url, False if re.fullmatch(r"wss?://[^/\s:]+:\d{1,5}/?", url):
            if given.scanner_images is None:
                return robots_behind(url)
            folder, kept = str(given.scanner_images.resolve()), str(images.resolve())
            return robots_behind(url, ScanImages(folder, kept))
        case _:
            _refuse("--driver ros: needs --rosbridge ws://HOST:PORT, or --reference; not both")


def _refuse(why: str) -> NoReturn:
    complain(why)
    raise typer.Exit(2)
