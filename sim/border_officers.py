"""Simulated officers who do their work: what one of them would rightly say next."""

from typing import cast

from actors.border import (
    Channel,
    Command,
    Decide,
    Declaration,
    GateIn,
    HoldKind,
    LiftHold,
    Matter,
    Officer,
    Register,
    Role,
    SetDownLoad,
    Step,
)
from actors.clearance import Clearance
from actors.consignment.awaited import Awaited, awaited
from actors.consignment.record import Record

DECIDERS: dict[Step | Matter, Role] = {
    "called_forward": "operator", "quarantine_cleared": "quarantine", "fee_paid": "operator",
    "papers": "customs", "inspection": "customs", "release": "customs",
    "image_decided": "customs", "on_truck": "operator", "gated_out": "operator",
}  # fmt: skip
OWNERS: dict[HoldKind, Role] = {
    "identity": "customs", "image": "supervisor", "sample": "quarantine", "papers": "customs",
    "quarantine": "quarantine", "fee": "operator", "security": "border_guard",
    "other_side": "supervisor",
}  # fmt: skip
MATTERS: tuple[Matter, ...] = ("papers", "inspection", "release")
CHANNELS: tuple[Channel, ...] = ("green", "yellow", "red")


TAKES_LONG: frozenset[Step | Matter | HoldKind] = frozenset({"inspection", "sample"})
"""Containers are set down for these, so that no AGV waits for hours under them."""


def right_word(
    clearance: Clearance, consignment: str, number: str, channel: Channel, now_ns: int
) -> Command | None:
    """What an officer of the clearance's side would say now, under this command id; None: nothing.

    It knows of the consignment.
    """
    record = clearance.records[consignment]
    first = next(iter(awaited(record, clearance.rules.at(now_ns))), None)
    if first is None or clearance.is_going_down(consignment):
        return None
    by, goods = Officer("Q", first.role, record.side), record.declaration
    # Set down before the crossing, it would be loaded again at once, but for a hold.
    stays = not record.is_origin or first.how == "lift"
    if first.what in TAKES_LONG and stays and record.has_custody and record.is_on_agv:
        return SetDownLoad(number, by, goods.id, f"for the {first.what}")
    match first:
        case Awaited("lift", kind):
            return LiftHold(number, by, goods.id, cast(HoldKind, kind), "in order")
        case Awaited(_, "registered"):
            code = str(CHANNELS.index(channel) + 1)
            return Register(number, by, goods.id, "300000000001", code)
        case Awaited(_, "gated_in"):
            read = (goods.plate, goods.container, goods.seal, goods.weight_kg)
            return GateIn(number, by, goods.id, *read)
        case Awaited(_, what):
            return Decide(number, by, goods.id, cast(Step | Matter, what), "in order")


def work(record: Record, word: Command) -> str:
    """The name under which a site file says how long it takes to come to this word."""
    if isinstance(word, SetDownLoad):
        return "set_down"
    if isinstance(word, LiftHold):
        return "hold"
    return str(getattr(word, "what", record.next))


def declaration(name: str, direction: str, hs: str = "854231") -> Declaration:
    """Electronic parts that may pass in this direction."""
    origin = direction[:2]
    return Declaration(
        name, direction[:2], direction[3:], "CSQU3054383", "45G1", "S1", "29H-12345", hs, origin,
        20_000,
    )  # fmt: skip
