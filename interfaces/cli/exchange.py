"""`bordergate exchange key | state | requeue | withdraw`: the exchange with the other side."""

import datetime
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from interfaces.cli.say import EXIT_BAD_INPUT, complain, out
from interfaces.cli.store import opened
from interfaces.exchange.keys import KeyFileError, write_pair
from interfaces.store.exchange_peer import PeerBook
from interfaces.store.outbox import Outbox

exchange = typer.Typer(name="exchange", help="The exchange with the other side's gate.")

StoreOption = Annotated[
    str, typer.Option("--store", metavar="URL", help="Of the gate's database: sqlite:////PATH.")
]
PeerOption = Annotated[
    str, typer.Option("--peer", metavar="SIDE", help="The other side, as in the site file.")
]
NumberArgument = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="Of a dead letter.")]
ByOption = Annotated[str, typer.Option("--by", help="The officer's name.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why.")]


@exchange.command("key")
def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The private key; FILE.pub beside.")],
) -> None:
    """Make a pair of keys: FILE, for this gate alone, and FILE.pub, for the other side."""
    public = file.with_name(f"{file.name}.pub")
    try:
        made = write_pair(file, public)
    except KeyFileError as error:
        complain(str(error))
        raise typer.Exit(EXIT_BAD_INPUT) from None
    out.print(f"Key {made.id}: {file} stays here (mode 600); {public} goes to the other side.")


@exchange.command("state")
def state(store: StoreOption, peer: PeerOption) -> None:
    """What waits, what was refused, and the dead letters."""
    with opened(store) as database:
        outbox, book = Outbox(database.engine, peer), PeerBook(database.engine, peer)
        waits, known, dead = outbox.state(), book.state(), outbox.dead()
        refusals = book.refusals()
    out.print(f"{waits.waiting} letters wait, the oldest since {_time(waits.oldest_ns or 0)}.")
    out.print(f"{peer} was heard at {_time(known.heard_ns)}, and answered at ", end="")
    skew = "" if known.skew_ns is None else f"; its clock is ahead by {known.skew_ns / 1e6:.0f} ms"
    out.print(f"{_time(known.answered_ns)}{skew}.")
    for refused in refusals:
        whose = "of theirs" if refused.by == "us" else "of ours"
        out.print(f"{refused.times} letters {whose} refused: {refused.code}; {refused.last}")
    if not dead:
        out.print("No dead letters.")
        return
    table = Table(title=f"{waits.dead} dead letters", title_justify="left")
    for heading in ("number", "consignment", "kind", "since", "trouble"):
        table.add_column(heading)
    for letter in dead:
        since = _time(letter.put_ns)
        table.add_row(str(letter.number), letter.consignment, letter.kind, since, letter.trouble)
    out.print(table)


@exchange.command("requeue")
def requeue(
    number: NumberArgument, store: StoreOption, peer: PeerOption, by: ByOption, reason: ReasonOption
) -> None:
    """Send a dead letter again, because what stood against it is mended."""
    _check_word(by, reason)
    with opened(store) as database:
        done = Outbox(database.engine, peer).requeue(number, by, reason, time.time_ns())
    _told(number, done, "is sent again")


@exchange.command("withdraw")
def withdraw(
    number: NumberArgument, store: StoreOption, peer: PeerOption, by: ByOption, reason: ReasonOption
) -> None:
    """Have the other side told that a dead letter is withdrawn, by whom and why."""
    _check_word(by, reason)
    body = {"by": by[:200], "reason": reason[:1000]}
    with opened(store) as database:
        done = Outbox(database.engine, peer).withdraw(number, body, time.time_ns())
    _told(number, done, "is withdrawn; what stood behind it goes on")


def _check_word(by: str, reason: str) -> None:
    if not by or not reason:
        complain("--by and --reason: no word without a name and a reason")
        raise typer.Exit(EXIT_BAD_INPUT)


def _told(number: int, done: bool, what: str) -> None:
    if not done:
        complain(f"There is no dead letter {number}.")
        raise typer.Exit(EXIT_BAD_INPUT)
    out.print(f"Letter {number} {what}.")


def _time(at_ns: int) -> str:
    if not at_ns:
        return "-"
    return f"{datetime.datetime.fromtimestamp(at_ns / 1e9, datetime.UTC):%Y-%m-%d %H:%M:%S}Z"
