"""Simulated officers who do their work: what one of them would rightly say next."""

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
    Step,
)
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


def right_word(record: Record, number: str, channel: Channel) -> Command | None:
    """What an officer of the record's side would say now, under this command id; None: nothing."""
    if record.ended:
        return None
    side, goods = record.side, record.declaration
    for kind in record.holds:
        return LiftHold(number, Officer("Q", OWNERS[kind], side), goods.id, kind, "in order")
    if not record.has_custody:
        return None
    step: Step | Matter | None = record.next
    if step == "registered":
        code = str(CHANNELS.index(channel) + 1)
        return Register(number, Officer("Q", "customs", side), goods.id, "300000000001", code)
    if step == "gated_in":
        read = (goods.plate, goods.container, goods.seal, goods.weight_kg)
        return GateIn(number, Officer("Q", "operator", side), goods.id, *read)
    if step in ("exit_approved", "entry_cleared"):
        step = next((matter for matter in MATTERS if matter not in record.matters), None)
    if step == "scanned" and record.set_down and "inspection" not in record.matters:
        return Decide(number, Officer("Q", "customs", side), goods.id, "inspection", "opened")
    if step == "image_decided" and not record.image and "inspection" not in record.matters:
        step = "inspection"
    if step == "on_truck" and not record.set_down:
        return None
    if step is None or step not in DECIDERS:
        return None
    if record.next is not None and record.side_of(record.next) != side:
        return None
    return Decide(number, Officer("Q", DECIDERS[step], side), goods.id, step, "in order")


def declaration(name: str, direction: str, hs: str = "854231") -> Declaration:
    """Electronic parts that may pass in this direction."""
    origin = direction[:2]
    return Declaration(
        name, direction[:2], direction[3:], "CSQU3054383", "45G1", "S1", "29H-12345", hs, origin,
        20_000,
    )  # fmt: skip
