"""`bordergate lane ID COMMAND`: open, close, block or reverse a lane of a running gate."""

from enum import StrEnum
from typing import Annotated

import typer

from interfaces.cli.gate_api import PortOption, ask_gate
from interfaces.cli.say import out


class Command(StrEnum):
    """What may be wanted of a lane."""

    OPEN = "open"
    CLOSE = "close"
    BLOCK = "block"
    REVERSE = "reverse"


def lane(
    id: Annotated[str, typer.Argument(metavar="ID", help="The lane's name.")],
    command: Annotated[
        Command,
        typer.Argument(
            help="close: who is in it drives out. block: at once. reverse: drain, then turn."
        ),
    ],
    port: PortOption = 8000,
) -> None:
    """Open, close, block or reverse a lane of a running gate."""
    told = ask_gate(port, "POST", "lanes", id, command)
    ordered = told["ordered"]
    is_to_be = f"is to be {ordered['mode']}, leading away from {ordered['from_side']}"
    is_now = f"now it is {told['state']}, leading away from {told['from_side']}"
    out.print(f"Lane {told['id']} {is_to_be}; {is_now}.")
