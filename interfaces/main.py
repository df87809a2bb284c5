"""The command `bordergate`: one file a command under `interfaces.cli`.

A command's file is loaded when the command is called, and no other: loading all that is under them
takes seconds, which the shortest of them would pay too.
"""

import importlib
import sys
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup

from actors.errors import SiteError
from interfaces.cli.say import EXIT_BAD_INPUT, complain


class _Row(NamedTuple):
    file: str
    """Under `interfaces.cli`; it has a function, or a `typer.Typer`, named like the command."""
    help: str


COMMANDS = {
    "up": _Row("up", "Start the gate: actors of all devices, the robots, the API and the page."),
    "simulate": _Row("simulate", "Run the gate's own machines through hours or days in seconds."),
    "check": _Row("check", "Check a site file; say all that is wrong with it, or describe it."),
    "lane": _Row("lane", "Open, close, block or reverse a lane of a running gate."),
    "scenario": _Row("scenario", "Run scenarios; exit code 1 if an expectation was not met."),
    "world": _Row("world", "Write a site as a Gazebo world, with single models and a bridge file."),
    "xray": _Row("xray", "Write a synthetic X-ray image of a container as PNG."),
    "version": _Row("version", "Print the version."),
    "bench": _Row("bench", "Measure; each figure beside a bare baseline of the same run."),
    "exchange": _Row("exchange", "The exchange with the other side's gate."),
    "explain": _Row("explain", "Ask a running gate why."),
    "vehicle": _Row("service", "Take a vehicle out of service, or back."),
    "crane": _Row("service", "Take a crane out of service, or back."),
    "booth": _Row("service", "Take a booth out of service, or back."),
    "place": _Row("service", "Take a place out of service, or back."),
    "stop": _Row("stop", "Stop devices at once, until they are reset."),
    "zone": _Row("service", "Keep AGVs out of a zone, or let them in again."),
    "ros": _Row("ros", "Robots behind a rosbridge server."),
    "token": _Row("token", "Who may command a gate, as what, and until when."),
}


class _Commands(TyperGroup):
    """Knows names and one line of help of its commands; loads the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, name and command and _loaded(name), rest


def _loaded(name: str) -> object:
    found = getattr(importlib.import_module(f"interfaces.cli.{COMMANDS[name].file}"), name)
    if not isinstance(found, typer.Typer):
        one = typer.Typer()
        one.command(name)(found)
        found = one
    return typer.main.get_command(found)


app = typer.Typer(
    name="bordergate",
    cls=_Commands,
    help="Control system of an automated border gate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _name, _row in COMMANDS.items():
    app.command(_name, help=_row.help)(lambda: None)


def main() -> None:
    """Run the command line; exit codes: 0 done, 1 failed, 2 bad input."""
    try:
        app()
    except SiteError as error:
        complain(str(error))
        sys.exit(EXIT_BAD_INPUT)


if __name__ == "__main__":
    main()
