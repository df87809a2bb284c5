"""A clearance that is begun anew from a snapshot goes on as if it had not been."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.clearance import Clearance, SnapshotError
from actors.codec import decode_message, encode
from actors.effects import Effect
from actors.messages import Message
from actors.site.devices import FLEET_MANAGER
from actors.site.rules import BorderRules
from sim.border_drive import Drive
from tests.test_border_drive import both_scans

SITE = both_scans()
RULES = BorderRules(SITE)


def fresh(side: str) -> Clearance:
    return Clearance(side, FLEET_MANAGER, RULES)


class Twins:
    """A clearance, and beside it one that is restored from a snapshot of it before each message
    whose number can be divided by `every`."""

    def __init__(self, original: Clearance, every: int) -> None:
        self.name, self.original, self.every = original.name, original, every
        self.twin = fresh(original.side)
        self.inputs: list[tuple[bytes, int]] = []

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        if len(self.inputs) % self.every == 0:
            self.twin = fresh(self.original.side)
            self.twin.restore(self.original.snapshot())
        self.inputs.append((encode(message), now_ns))
        effects = self.original.handle(message, now_ns)
        assert self.twin.handle(message, now_ns) == effects
        assert self.twin.snapshot() == self.original.snapshot()
        return effects


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**16), every=st.integers(1, 40), steps=st.integers(50, 300))
def test_restored_at_any_moment_or_replayed_from_its_inputs_it_does_the_same(seed, every, steps):
    drive = Drive(SITE, seed, consignments=4)
    twins = [Twins(clearance, every) for clearance in drive.sides.values()]
    for twin in twins:
        drive.world.remove(twin.name)
        drive.world.add(twin)
    drive.run(steps)
    for twin in twins:
        again = fresh(twin.original.side)
        for message, at_ns in twin.inputs:
            again.handle(decode_message(message), at_ns)
        assert again.snapshot() == twin.original.snapshot()


@pytest.mark.parametrize("wrong", [b"", b"\xc0", b"\x81\xa7records\x01"])
def test_what_is_no_snapshot_is_refused_and_changes_nothing(wrong: bytes):
    drive = Drive(SITE, 1, consignments=1, harm=0.0)
    drive.begin("K1")
    clearance = next(c for c in drive.sides.values() if c.records)
    before = clearance.snapshot()
    with pytest.raises(SnapshotError, match=f"{clearance.name}: no snapshot of a clearance"):
        clearance.restore(wrong)
    assert clearance.snapshot() == before


def test_a_snapshot_of_the_other_side_is_refused():
    drive = Drive(SITE, 1, consignments=1, harm=0.0)
    drive.begin("K1")
    snapshot = next(c for c in drive.sides.values() if c.side == "CN").snapshot()
    with pytest.raises(SnapshotError, match="clearance-VN: a snapshot of side CN"):
        fresh("VN").restore(snapshot)
