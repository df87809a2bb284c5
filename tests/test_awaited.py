"""What is said to be awaited is what the clearance takes, and nothing else that it would take."""

import copy
import typing

import pytest

from actors.base import Side
from actors.border import (
    Command,
    Decide,
    GateIn,
    HoldKind,
    LiftHold,
    Matter,
    Officer,
    PutHold,
    Register,
    Role,
    Step,
)
from actors.clearance import Clearance
from actors.consignment.awaited import Awaited, awaited
from actors.consignment.record import Record
from tests.test_clearance import NOW_NS, ROLES, asked, said, states

STATES = states()
WORDS: tuple[Step | Matter, ...] = (*typing.get_args(Step), *typing.get_args(Matter))
HOLDS: tuple[HoldKind, ...] = typing.get_args(HoldKind)


def at_each_side(state: str) -> list[tuple[Clearance, Record]]:
    name, sides = STATES[state]
    return [(c, c.records[name]) for c in sides.values() if name in c.records]


def word(record: Record, what: Step | Matter, role: Role, side: Side) -> Command:
    """An officer's word by which this would be decided, in its right form."""
    by, goods = Officer("Q", role, side), record.declaration
    if what == "registered":
        return Register("W", by, goods.id, "300000000001", "2")
    if what == "gated_in":
        read = (goods.plate, goods.container, goods.seal, goods.weight_kg)
        return GateIn("W", by, goods.id, *read)
    return Decide("W", by, goods.id, what, "in order")


@pytest.mark.parametrize("state", STATES)
def test_in_each_state_just_what_is_awaited_is_taken(state: str):
    for clearance, record in at_each_side(state):
        taken = {
            Awaited("decide", what, role, record.side)
            for what in WORDS
            for role in ROLES
            if asked(clearance, word(record, what, role, record.side)) == "done"
        }
        expected = {*awaited(record, clearance.rules.at(NOW_NS))}
        # Matters may be settled from the gate on, before anything waits for them.
        early = {entry for entry in taken - expected if entry.what in typing.get_args(Matter)}
        assert taken - early == expected


@pytest.mark.parametrize("kind", HOLDS)
def test_while_it_is_held_only_the_end_of_the_hold_is_awaited(kind: HoldKind):
    state = next(state for state in STATES if state.startswith("quarantine_cleared"))
    name, sides = copy.deepcopy(STATES[state])
    clearance = next(c for c in sides.values() if c.records[name].is_origin)
    record = clearance.records[name]
    said(clearance, PutHold("H", Officer("Q", "customs", record.side), name, kind, "look"))
    [waits] = awaited(record, clearance.rules.at(NOW_NS))
    assert (waits.how, waits.what) == ("lift", kind)
    for role in ROLES:
        lift = LiftHold("L", Officer("Q", role, record.side), name, kind, "seen")
        assert (asked(clearance, lift) == "done") == (role == waits.role)
