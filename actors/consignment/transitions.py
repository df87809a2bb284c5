"""The one table of transitions: the steps of a consignment in their order, and what takes each.

A step is taken once, on the side whose it is, when all before it have been taken. Nothing in this
table is taken by time alone: silence is never clearance.
"""

from typing import Literal

import msgspec

from actors.border import Step

Taker = Literal["command", "automatic", "fleet", "exchange"]
"""`command`: an officer's word; `automatic`: as soon as its condition holds; `fleet`: a fact that
the fleet manager reports; `exchange`: the other side's word."""
Place = Literal["origin", "receiver", "scanning"]


class Transition(msgspec.Struct, frozen=True):
    """How one step is taken."""

    side: Place
    """The side that takes it; `scanning`: the one on which this direction is scanned."""
    taker: Taker
    stopped_by_holds: bool = True
    """Facts are noted whatever is held."""


TRANSITIONS: dict[Step, Transition] = {
    "declared": Transition("origin", "command"),
    "registered": Transition("origin", "command"),
    "pre_advised": Transition("origin", "exchange", stopped_by_holds=False),
    "called_forward": Transition("origin", "command"),  # by turn where there are shifts
    "gated_in": Transition("origin", "command", stopped_by_holds=False),
    "quarantine_cleared": Transition("origin", "command"),  # automatic where none is needed
    "fee_paid": Transition("origin", "command"),
    "exit_approved": Transition("origin", "automatic"),
    "on_agv": Transition("origin", "fleet", stopped_by_holds=False),
    "scanned": Transition("scanning", "fleet", stopped_by_holds=False),
    "image_decided": Transition("scanning", "command"),
    "lane_granted": Transition("origin", "automatic"),
    "crossed": Transition("origin", "fleet", stopped_by_holds=False),
    "handed_over": Transition("receiver", "exchange", stopped_by_holds=False),
    "entry_cleared": Transition("receiver", "automatic"),
    "on_truck": Transition("receiver", "fleet", stopped_by_holds=False),
    "released": Transition("receiver", "automatic"),
    "gated_out": Transition("receiver", "command"),
}
_SCAN: tuple[Step, ...] = ("scanned", "image_decided")
_REST: tuple[Step, ...] = tuple(step for step in TRANSITIONS if step not in _SCAN)


def _with_scan_after(before: Step) -> tuple[Step, ...]:
    at = _REST.index(before) + 1
    return (*_REST[:at], *_SCAN, *_REST[at:])


WAYS: dict[str, tuple[Step, ...]] = {
    "before_crossing": _with_scan_after("on_agv"),
    "after_crossing": _with_scan_after("handed_over"),
}
"""The steps in their order, by where the direction is scanned."""
