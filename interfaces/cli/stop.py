"""`bordergate stop engage | reset | list`: stops that hold until they are reset."""

from typing import Annotated

import typer
from rich.table import Table

from interfaces.cli.gate_api import PortOption, ask_gate
from interfaces.cli.say import out

stop = typer.Typer(name="stop", help="Stop devices at once, until they are reset.")

SubjectsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SUBJECT]...", help="AGVs, cranes, booths, zones; without any: all of them."
    ),
]
ReasonOption = Annotated[str, typer.Option("--reason", help="In words.", show_default=False)]


@stop.command()
def engage(
    reason: ReasonOption, subjects: SubjectsArgument = None, port: PortOption = 8000
) -> None:
    """Stop devices of both sides. They stand until they are reset; the robots' own stops stay."""
    _say(port, "engage", reason, subjects)


@stop.command()
def reset(reason: ReasonOption, subjects: SubjectsArgument = None, port: PortOption = 8000) -> None:
    """Let what is stopped go on. Needs a token of a role that the site names: BORDERGATE_TOKEN."""
    _say(port, "reset", reason, subjects)


@stop.command(name="list")
def list_stops(port: PortOption = 8000) -> None:
    """What is stopped until it is reset, and why."""
    table = Table("stopped", "since", "by", "reason")
    for item in ask_gate(port, "GET", "stops")["items"]:
        by = f"{item['by']}, {item['role']}"
        table.add_row(item["subject"], item["since"], by, item["reason"])
    out.print(table if table.row_count else "Nothing is stopped.")


def _say(port: int, command: str, reason: str, subjects: list[str] | None) -> None:
    body = {"reason": reason, "subjects": subjects or []}
    stopped = ask_gate(port, "POST", "stops", command, body=body)["stopped"]
    out.print(f"Stopped now: {', '.join(stopped)}." if stopped else "Nothing is stopped now.")
