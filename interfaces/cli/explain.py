"""`bordergate explain order ID`: why a running gate gave an order to its AGV."""

import json
import urllib.error
import urllib.request
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.table import Table

from interfaces.cli.say import EXIT_BAD_INPUT, EXIT_FAILED, complain, out

ANSWER_S = 10.0
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Asks this machine itself, whatever proxies the environment names."""
TERMS = {
    "reach_s": "way to the bay",
    "crane_s": "wait for the crane, at half",
    "late_s": "lateness",
    "priority_s": "priority",
    "waiting_s": "waiting so far",
    "energy_s": "charge",
    "total_s": "in all",
}

explain = typer.Typer(name="explain", help="Ask a running gate why.", no_args_is_help=True)


@explain.callback()
def _only_names_the_group() -> None:
    """Ask a running gate why."""


@explain.command()
def order(
    id: Annotated[str, typer.Argument(metavar="ID", help="The order's id.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of the gate's API.")] = 8000,
) -> None:
    """Why this AGV got this order: the cost of it, term by term, and of the next best AGV."""
    told = _ask(f"http://127.0.0.1:{port}/api/v1/orders/{quote(id, safe='')}/explanation")
    if told["chosen"] is None:
        waits = told["outcome"] == "waiting"
        out.print(
            f"Order {id} has no AGV yet." if waits else f"Why order {id} had its AGV is not kept."
        )
        return
    out.print(_table(told))
    if told["promoted"]:
        out.print("It had been overtaken for so long that it was assigned first.")
    if told["runner_up"] is None:
        out.print("No other AGV could have taken it.")


def _ask(url: str) -> dict[str, Any]:
    try:
        with DIRECT.open(url, timeout=ANSWER_S) as answer:
            told: dict[str, Any] = json.load(answer)
            return told
    except urllib.error.HTTPError as error:
        complain(_detail(error))
        wrong = error.code in (404, 422)
        raise typer.Exit(EXIT_BAD_INPUT if wrong else EXIT_FAILED) from None
    except (OSError, ValueError) as error:
        complain(f"no gate answers at {url}: {error}")
        raise typer.Exit(EXIT_FAILED) from None


def _detail(error: urllib.error.HTTPError) -> str:
    """What the problem document says, or the bare status of something that is no gate."""
    try:
        return str(json.load(error)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"answered with {error.code} {error.reason}"


def _table(told: dict[str, Any]) -> Table:
    pairs = [pair for pair in (told["chosen"], told["runner_up"]) if pair is not None]
    title = f"order {told['id']}, assigned {told['at']}, AGVs to choose from: {told['vehicles']}"
    table = Table(title=title, title_justify="left")
    table.add_column("cost [s]")
    for pair, role in zip(pairs, ("chosen", "next best"), strict=False):
        table.add_column(f"{pair['vehicle']}, {role}", justify="right")
    for key, name in TERMS.items():
        table.add_row(name, *(f"{pair[key]:,.1f}" for pair in pairs), end_section=key == "energy_s")
    return table
