"""`bordergate explain order ID`: why a running gate gave an order to its AGV."""

from typing import Annotated, Any

import typer
from rich.table import Table

from interfaces.cli.gate_api import PortOption, ask_gate
from interfaces.cli.say import out

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
    port: PortOption = 8000,
) -> None:
    """Why this AGV got this order: the cost of it, term by term, and of the next best AGV."""
    told = ask_gate(port, "GET", "orders", id, "explanation")
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
