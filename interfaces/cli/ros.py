"""`bordergate ros check | e-stop`: devices behind a rosbridge server, seen from the gate."""

import contextlib
import datetime
import tempfile
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from actors.site.bundled import find_site
from actors.site.devices import devices
from actors.site.expand import expand
from actors.site.load import load_site
from interfaces.cli.say import EXIT_FAILED, complain, err, out
from interfaces.cli.sites import SiteArgument
from robotics.clock import GateTime
from robotics.ros.client import UnreachableError
from robotics.ros.e_stop import EStopSender
from robotics.ros.links import SKEW_S, RosLinks, ros_links
from robotics.ros.survey import Found, survey

CONNECT_S = 3.0
ROSBRIDGE = "ws://127.0.0.1:9090"

ros = typer.Typer(name="ros", help="Robots behind a rosbridge server.")

RosbridgeOption = Annotated[
    str, typer.Option("--rosbridge", metavar="URL", help="Of the rosbridge server.")
]


class EStop(StrEnum):
    """What may be said of the e-stop."""

    ENGAGE = "engage"
    RELEASE = "release"


@ros.command("check")
def check(
    site: SiteArgument = "demo",
    rosbridge: RosbridgeOption = ROSBRIDGE,
    seconds: Annotated[float, typer.Option(min=0.5, max=60, help="To listen for.")] = 3.0,
) -> None:
    """Listen to all robots of a site: is everything there, and as the gate expects it?"""
    with _links(site, rosbridge) as links:
        expected = {
            device: (links.names[device], kind, links.talk(device, kind))
            for device, kind in links.kinds.items()
            if device not in links.standard  # they have neither services nor `state`
        }
    if links.standard:
        err.print(f"Left out: {len(links.standard)} AGVs that speak standard messages only.")
    err.print(f"Listening to {len(expected)} devices at {rosbridge} for {seconds:g} s.")
    try:
        found = survey(rosbridge, expected, links.gate_time, CONNECT_S, seconds)
    except UnreachableError as error:
        _say_how_to_start(error)
        raise typer.Exit(EXIT_FAILED) from None
    out.print(_table(found))
    wrong = {entry.device: entry.wrong(SKEW_S) for entry in found}
    for device, said in wrong.items():
        for text in said:
            out.print(f"{device}: {text}.", markup=False)
    failing = sum(map(bool, wrong.values()))
    if failing:
        out.print(f"{failing} of {len(found)} devices are not as the gate expects them.")
        raise typer.Exit(EXIT_FAILED)
    out.print(f"All {len(found)} devices are as the gate expects them.")


@ros.command("e-stop")
def e_stop(
    site: SiteArgument,
    order: Annotated[EStop, typer.Argument(help="Engage it, or release it.")],
    reason: Annotated[str, typer.Option(help="For people: who, and why.")],
    rosbridge: RosbridgeOption = ROSBRIDGE,
    seconds: Annotated[float, typer.Option(min=0.5, max=60, help="To wait for the AGVs.")] = 5.0,
) -> None:
    """Stop all robots of a site at once, or let them go on. Who is switched off hears nothing."""
    with _links(site, rosbridge) as links:
        agvs = [device for device, kind in links.kinds.items() if kind == "vehicle"]
        vehicles = {links.names[agv]: agv for agv in agvs if agv not in links.standard}
        deaf = [agv for agv in agvs if agv in links.standard]
    engage = order is EStop.ENGAGE
    try:
        sender = EStopSender(rosbridge, vehicles, links.gate_time)
        shown = sender.say(engaged=engage, reason=reason, wait_s=seconds)
    except UnreachableError as error:
        _say_how_to_start(error)
        raise typer.Exit(EXIT_FAILED) from None
    word = "stopped" if engage else "released"
    out.print(f"{sum(shown.values())} of {len(shown)} AGVs show that they are {word}.")
    if deaf:
        complain(
            f"Not reached, since they speak standard messages only: {', '.join(deaf)};"
            " use their own emergency stops."
        )
    missing = [device for device, shows in shown.items() if not shows]
    if missing:
        complain(f"Not {word}, or not heard: {', '.join(missing)}.")
    if missing or (deaf and engage):
        raise typer.Exit(EXIT_FAILED)


@contextlib.contextmanager
def _links(site: str, rosbridge: str) -> Iterator[RosLinks]:
    """How the gate would speak to the devices of a site today.

    Raises:
        typer.BadParameter: the address is none of a rosbridge server.
    """
    if not rosbridge.startswith(("ws://", "wss://")):
        raise typer.BadParameter(f"--rosbridge: given {rosbridge!r}, allowed: ws://HOST:PORT")
    day = datetime.datetime.now(datetime.UTC).date()
    loaded = load_site(find_site(site), day)
    with tempfile.TemporaryDirectory() as folder:
        yield ros_links(
            loaded,
            expand(loaded, day),
            devices(loaded, day),
            rosbridge,
            GateTime(epoch_ns=time.time_ns()),
            Path(folder),
        )


def _say_how_to_start(error: UnreachableError) -> None:
    complain(str(error))
    err.print("Start one: ros2 launch rosbridge_server rosbridge_websocket_launch.xml")


def _table(found: list[Found]) -> Table:
    table = Table(title="robots over ROS", title_justify="left")
    for heading in ("device", "namespace", "samples", "rate", "clock", "answers in", "interface"):
        table.add_column(heading, justify="right" if heading in NUMERIC else "left")
    for entry in found:
        slowest_s = max(entry.answers_s.values(), default=None)
        table.add_row(
            entry.device,
            f"/{entry.name}",
            f"{entry.samples}" + (f", {entry.refused} refused" if entry.refused else ""),
            f"{entry.rate_hz:.1f} Hz" if entry.rate_hz else "",
            f"{entry.skew_s * 1e3:+.0f} ms" if entry.skew_s is not None else "",
            f"{slowest_s * 1e3:.0f} ms" if slowest_s is not None else "",
            entry.info.interface_version if entry.info is not None else "",
            style="red" if entry.wrong(SKEW_S) else None,
        )
    return table


NUMERIC = ("samples", "rate", "clock", "answers in")
