"""What durable machines were told is on disk, and leads to the same state again."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from actors.base import Message
from actors.clearance import Clearance
from actors.effects import CancelTimer, Effect, SetTimer
from actors.messages import Started, TimerFired
from actors.replay import replay
from actors.site.devices import FLEET_MANAGER
from actors.site.rules import BorderRules
from interfaces.copies import Copies
from interfaces.store.database import Database, StoreError, file_url
from interfaces.store.journal import INPUTS, SNAPSHOTS, JournalError, StoreJournal
from sim.border_drive import Drive
from tests.gate import S
from tests.test_border_drive import both_scans

SITE = both_scans()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(file_url(tmp_path / "store.sqlite"))
    database.create_all()
    yield database
    database.close()


class Journalled:
    """A clearance that is told nothing that is not in its journal."""

    def __init__(self, clearance: Clearance, journal: StoreJournal) -> None:
        self.name, self.clearance, self._journal = clearance.name, clearance, journal
        self.timers: dict[str, int] = {}

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        effects = self.clearance.handle(message, now_ns)
        self._journal.write(message, now_ns)
        if isinstance(message, TimerFired):
            self.timers.pop(message.timer, None)
        for effect in effects:
            match effect:
                case SetTimer(name, at_ns):
                    self.timers[name] = at_ns
                case CancelTimer(name):
                    self.timers.pop(name, None)
                case _:
                    pass
        return effects


def state(clearance: Clearance) -> bytes:
    return clearance.snapshot()


def driven(database: Database, seed: int, steps: int, harm: float) -> dict[str, Journalled]:
    """Both sides after random words, repeats and losses, each with its journal."""
    drive = Drive(SITE, seed, consignments=5, harm=harm)
    sides = {}
    for side, clearance in drive.sides.items():
        journalled = Journalled(clearance, StoreJournal(database, clearance.name))
        drive.world._machines[clearance.name] = journalled
        sides[side] = journalled
    drive.run(steps)
    return sides


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), steps=st.integers(1, 120), harm=st.sampled_from([0.0, 0.2, 0.5]))
def test_a_replayed_machine_is_in_the_state_in_which_the_last_one_was(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: int, harm: float
):
    database = Database(file_url(tmp_path_factory.mktemp("store") / "store.sqlite"))
    database.create_all()
    for side, before in driven(database, seed, steps, harm).items():
        again = Clearance(side, FLEET_MANAGER, BorderRules(SITE))
        replayed = replay(again, StoreJournal(database, again.name))
        assert state(again) == state(before.clearance)
        assert replayed.timers == before.timers
    database.close()


def test_a_copy_follows_a_journal_that_is_still_written_and_compacted(database: Database):
    copies = Copies(database, SITE, ("VN", "CN"))
    drive = Drive(SITE, 7, consignments=5, harm=0.2)
    journals = {}
    for clearance in drive.sides.values():
        journals[clearance.name] = StoreJournal(database, clearance.name)
        journalled = Journalled(clearance, journals[clearance.name])
        drive.world._machines[clearance.name] = journalled
    for number in range(5):
        drive.run(20)
        if number in (2, 3):
            for clearance in drive.sides.values():
                journals[clearance.name].compact(clearance.snapshot(), drive.world.now_ns)
            drive.run(5)
        with copies.reading() as sides:
            for side, clearance in drive.sides.items():
                assert state(sides[side]) == state(clearance)


class Counter:
    """A machine that offers its state."""

    name = "counter"

    def __init__(self) -> None:
        self.count = 0

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        self.count += 1
        return []

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self.count)

    def restore(self, state: bytes) -> None:
        self.count = msgspec.msgpack.decode(state, type=int)


def test_a_machine_goes_on_from_its_snapshot_and_what_came_after_it(database: Database):
    machine, journal = Counter(), StoreJournal(database, "counter")
    for number in range(10):
        machine.handle(Started(), number)
        journal.write(Started(), number)
        if number == 6:
            journal.compact(machine.snapshot(), number)
    with database.read() as connection:
        assert [row.number for row in connection.execute(INPUTS.select())] == [8, 9, 10]
    again = Counter()
    replayed = replay(again, StoreJournal(database, "counter"))
    assert (again.count, replayed.inputs, replayed.last_ns) == (10, 3, 9)


def written(database: Database, count: int = 5) -> None:
    journal = StoreJournal(database, "counter")
    for number in range(count):
        journal.write(TimerFired(f"t{number}"), number * S)


def test_a_row_that_was_changed_is_found(database: Database):
    written(database)
    with database.begin() as connection:
        connection.execute(update(INPUTS).where(INPUTS.c.number == 3).values(at_ns=1))
    with pytest.raises(JournalError, match=r"journal of counter, input 3: .* changed"):
        replay(Counter(), StoreJournal(database, "counter"))


def test_a_row_that_was_taken_out_is_found(database: Database):
    written(database)
    with database.begin() as connection:
        connection.execute(delete(INPUTS).where(INPUTS.c.number == 3))
    with pytest.raises(JournalError, match="input 4: the one before it is missing"):
        replay(Counter(), StoreJournal(database, "counter"))


def test_a_snapshot_that_was_changed_is_found(database: Database):
    written(database)
    journal, machine = StoreJournal(database, "counter"), Counter()
    replay(machine, journal)
    journal.compact(machine.snapshot(), 0)
    with database.begin() as connection:
        connection.execute(update(SNAPSHOTS).values(state=msgspec.msgpack.encode(99)))
    with pytest.raises(JournalError, match="snapshot of counter: changed"):
        replay(Counter(), StoreJournal(database, "counter"))


def test_a_second_writer_for_the_same_machine_is_refused(database: Database):
    first, second = StoreJournal(database, "counter"), StoreJournal(database, "counter")
    first.write(Started(), 1)
    with pytest.raises(Exception, match="UNIQUE"):
        second.write(Started(), 1)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "allowed: a URL such as"),
        ("mysql://u:secret@h/d", r"given mysql://u:\*\*\*@h/d, allowed: sqlite://, postgresql://"),
        ("sqlite:////no/such/folder/x.sqlite", "unable to open"),
    ],
)
def test_a_store_that_cannot_be_used_is_told_without_its_password(url: str, said: str):
    with pytest.raises(StoreError, match=said) as caught:
        Database(url).create_all()
    assert "secret" not in str(caught.value)


def test_what_is_committed_is_synchronous_and_ahead_written(database: Database):
    with database.read() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        told = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
    assert told == ["wal", 2, 1], "2: FULL"
