"""What a consignment waits for people to say: which decisions, and of which role each."""

from typing import Literal

import msgspec

from actors.base import Side
from actors.border import HoldKind, Matter, Role, Step
from actors.consignment.record import Record
from actors.consignment.transitions import TRANSITIONS
from actors.site.model import RulesSection


class Awaited(msgspec.Struct, frozen=True):
    """One word that would let it go on."""

    how: Literal["decide", "lift"]
    """`decide`: a step or a matter; `lift`: a hold."""
    what: Step | Matter | HoldKind
    role: Role
    """Whose word it is."""
    side: Side


def awaited(record: Record, rules: RulesSection) -> tuple[Awaited, ...]:
    """The words that this side's officers can say now, in the order in which they count.

    While holds are on, these are all that counts. Nothing is awaited of this side while the other
    one has custody, or while the fleet is at work; then it is empty.
    """
    step = record.next
    if record.ended or step is None:
        return ()
    if record.holds:
        return tuple(
            Awaited("lift", kind, getattr(rules.holds, kind), record.side) for kind in record.holds
        )
    if record.side_of(step) != record.side:
        return ()
    needed: tuple[Matter, ...] = ()
    if step == "exit_approved":
        needed = getattr(rules.channels, record.channel).exit
    elif step == "entry_cleared":
        needed = getattr(rules.channels, record.channel).entry
    elif _unseen(record, step):
        needed = ("inspection",)
    elif TRANSITIONS[step].taker == "command" and step != "declared":
        return (Awaited("decide", step, getattr(rules.deciders, step), record.side),)
    elif step == "on_truck" and record.set_down:
        return (Awaited("decide", step, rules.deciders.on_truck, record.side),)
    return tuple(
        Awaited("decide", matter, getattr(rules.deciders, matter), record.side)
        for matter in needed
        if matter not in record.matters
    )


def _unseen(record: Record, step: Step) -> bool:
    """Whether nobody has seen into it, and no image will be or was made of it."""
    missing = record.set_down if step == "scanned" else not record.image
    return step in ("scanned", "image_decided") and missing and "inspection" not in record.matters
