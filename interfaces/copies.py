"""Copies of both sides' clearances, for reading: brought up to date from their journals.

A copy is the very machine, put through the inputs that the real one has taken; what it wants done
is ignored. So what is read is what is on disk, and is the same after the gate has been restarted.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from actors.base import Side
from actors.clearance import Clearance, clearance_name
from actors.effects import Emit
from actors.ports import Snapshot
from actors.site.model import Site
from actors.wiring import clearances
from interfaces.store.database import Database
from interfaces.store.journal import ROWS, StoreJournal


class Copies:
    """The clearances of these sides, as their journals tell; for any thread."""

    def __init__(self, database: Database, site: Site, sides: tuple[Side, ...]) -> None:
        made = clearances(site)
        self._make = {side: made[clearance_name(side)] for side in sides}
        self._sides = {side: self._newly_made(side) for side in sides}
        self._journals = {side: StoreJournal(database, clearance_name(side)) for side in sides}
        self._lock = threading.RLock()
        self._followers: list[Callable[[str], object]] = []

    def follow(self, note: Callable[[str], object]) -> None:
        """Have `note` called with the id of each consignment that changes, whenever that is read.

        After a start, and where a journal was compacted unread, those are all of them. It is called
        while the copies are being brought up to date.
        """
        self._followers.append(note)

    def _newly_made(self, side: Side) -> Clearance:
        clearance = self._make[side]()
        assert isinstance(clearance, Clearance)
        return clearance

    @contextmanager
    def reading(self) -> Iterator[Mapping[Side, Clearance]]:
        """All copies, up to date; nothing may be kept of them after the block.

        Raises:
            JournalError: a journal has been changed.
        """
        with self._lock:
            for side in self._sides:
                self._catch_up(side)
            yield self._sides

    def _catch_up(self, side: Side) -> None:
        while True:
            state, inputs = self._journals[side].news()
            if state is not None:
                self._sides[side] = copy = self._newly_made(side)
                assert isinstance(copy, Snapshot), "only those have a state"
                copy.restore(state)
                self._tell(copy.records)
            for message, at_ns in inputs:
                for effect in self._sides[side].handle(message, at_ns):
                    if isinstance(effect, Emit):
                        about = getattr(effect.event, "consignment", "")
                        self._tell([about] if about else ())
            if len(inputs) < ROWS:
                return

    def _tell(self, changed: Iterable[str]) -> None:
        for name in changed:
            for note in self._followers:
                note(name)
