"""`bordergate token create | list | revoke`: who may command a gate, as what, until when."""

import datetime
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.table import Table

from interfaces.cli.gate_api import PortOption
from interfaces.cli.say import EXIT_BAD_INPUT, EXIT_FAILED, complain, out
from interfaces.cli.store import opened
from interfaces.store.run import Running, running_at
from interfaces.store.tokens import ALL_SIDES, ROLES, Token, Tokens

DEVICES = ("viewer", "operator", "supervisor", "engineer")
"""Roles that may be of all sides: they command devices, and decide about no consignment so."""

token = typer.Typer(name="token", help="Who may command a gate, as what, and until when.")

StoreOption = Annotated[
    str,
    typer.Option(
        "--store", metavar="URL", help="The gate's database; else that of the gate on --port."
    ),
]


@token.command()
def create(
    name: Annotated[str, typer.Option(help="Of the person or enterprise.", show_default=False)],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.", show_default=False)],
    side: Annotated[
        str, typer.Option(help="VN or CN; * of all sides, for devices.", show_default=False)
    ],
    hours: Annotated[float, typer.Option(min=0.01, max=8784, help="It expires then.")] = 12.0,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the token only, for use in scripts.")
    ] = False,
    store: StoreOption = "",
    port: PortOption = 8000,
) -> None:
    """Make a token. It is shown once and kept nowhere; only its hash is stored."""
    if role not in ROLES:
        _refuse("--role", role, ", ".join(ROLES))
    if not name.strip() or len(name) > 100:
        _refuse("--name", name[:120], "1 to 100 characters")
    if side == ALL_SIDES and role not in DEVICES:
        _refuse("--side", side, f"one side; * only for {', '.join(DEVICES)}")
    if side != ALL_SIDES and not (len(side) == 2 and side.isascii() and side.isupper()):
        _refuse("--side", side, "two capital letters, such as VN, or *")
    with _tokens(store, port) as tokens:
        made, text = tokens.create(name.strip(), role, side, hours)
    if not quiet:
        until = _time(made.expires_ns)
        out.print(f"{made.id}: {made.name}, {made.role} of {made.side}, until {until}")
    out.print(text, markup=False)


@token.command("run")
def run_token(port: PortOption = 8000) -> None:
    """The token of an operator that your gate on this port has made for its run."""
    out.print(_running(port).token, markup=False)


@token.command("list")
def list_tokens(store: StoreOption = "", port: PortOption = 8000) -> None:
    """All tokens that were ever made, and which are good."""
    table = Table("id", "name", "role", "side", "made", "expires", "")
    now_ns = time.time_ns()
    with _tokens(store, port) as tokens:
        for one in tokens.all():
            made, expires = _time(one.created_ns), _time(one.expires_ns)
            table.add_row(one.id, one.name, one.role, one.side, made, expires, _state(one, now_ns))
    out.print(table)


@token.command()
def revoke(
    id: Annotated[str, typer.Argument(metavar="ID", help="As `token list` shows it.")],
    store: StoreOption = "",
    port: PortOption = 8000,
) -> None:
    """End a token at once."""
    with _tokens(store, port) as tokens:
        if not tokens.revoke(id):
            _refuse("ID", id, "one that `bordergate token list` shows")
    out.print(f"{id} is revoked.")


@contextmanager
def _tokens(store: str, port: int) -> Iterator[Tokens]:
    with opened(store or _running(port).store) as database:
        yield Tokens(database)


def _running(port: int) -> Running:
    running = running_at(port)
    if running is None:
        complain(f"no gate of yours runs on port {port}; see --port, and --store of other commands")
        raise typer.Exit(EXIT_FAILED)
    return running


def _refuse(what: str, given: str, allowed: str) -> None:
    complain(f"{what}: given {given!r}, allowed: {allowed}")
    raise typer.Exit(EXIT_BAD_INPUT)


def _state(one: Token, now_ns: int) -> str:
    if one.revoked_ns:
        return f"revoked {_time(one.revoked_ns)}"
    return "good" if one.is_good(now_ns) else "expired"


def _time(at_ns: int) -> str:
    at = datetime.datetime.fromtimestamp(at_ns // 10**9, datetime.UTC)
    return f"{at:%Y-%m-%d %H:%M} UTC"
