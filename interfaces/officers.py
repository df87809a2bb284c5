"""Simulated officers of a live gate, for the sides that nobody operates.

Each says what the officer of his role would rightly say next, when the time that his work takes is
over; see `sim.border_officers` and, for the times, the section `officers` of the site file.
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from actors.base import Message, Side
from actors.border import BorderAnswer, Channel
from actors.site.model import OfficersSection
from interfaces.copies import Copies
from robotics.clock import GateClock
from sim.authority import LOOK_NS, S
from sim.border_officers import right_word, work

LOOK_S_MIN = 0.2
"""However fast the gate runs, they look no more often [s of the wall]."""


class Officers:
    """The officers of some sides; `tell` passes their words on."""

    def __init__(
        self,
        copies: Copies,
        tell: Callable[[Side, Message], BorderAnswer],
        clock: GateClock,
        sides: tuple[Side, ...],
        data: OfficersSection,
        seed: int,
    ) -> None:
        self._copies, self._tell, self._clock = copies, tell, clock
        self._sides, self._data, self._seed = sides, data, seed
        self._random = Random(f"{seed}/officers")
        self._run = secrets.token_hex(4)
        self._said = 0
        self._due: dict[tuple[Side, str, str], int] = {}
        """By side, consignment and what is to be said: when it is said."""
        self._ending = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """They work for as long as the block lasts."""
        thread = threading.Thread(target=self._work, name="officers", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ending.set()
            thread.join()

    def _work(self) -> None:
        look_s = max(self._clock.wall_s(LOOK_NS), LOOK_S_MIN)
        while not self._ending.wait(look_s):
            for side, word in self._words():
                try:
                    self._tell(side, word)
                except (ConnectionError, TimeoutError):
                    break  # found again at the next look, and said under another id

    def _words(self) -> list[tuple[Side, Message]]:
        """What is to be said now."""
        now_ns = self._clock.now_ns()
        words: list[tuple[Side, Message]] = []
        due: dict[tuple[Side, str, str], int] = {}
        with self._copies.reading() as sides:
            for side in self._sides:
                for name, record in sides[side].records.items():
                    if record.ended:
                        continue
                    metered = sides[side].rules.called_max(side, now_ns) is not None
                    if record.next == "called_forward" and metered and not record.holds:
                        continue  # called by the clearance itself
                    self._said += 1
                    number = f"officers/{self._run}/{self._said}"
                    channel = channel_of(name, self._data, self._seed)
                    word = right_word(sides[side], name, number, channel, now_ns)
                    if word is None:
                        continue
                    key = (side, name, work(record, word))
                    due[key] = self._due.get(key) or self._ready_ns(key[2])
                    if due[key] <= now_ns:
                        words.append((side, word))
        self._due = due
        return words

    def _ready_ns(self, what: str) -> int:
        mean_s = self._data.service_s.get(what, 60.0)
        return self._clock.now_ns() + round(self._random.expovariate(1 / mean_s) * S)


def channel_of(name: str, data: OfficersSection, seed: int) -> Channel:
    """What customs gives a consignment: the same however often it is asked."""
    [channel] = Random(f"{seed}/{name}").choices(list(data.channels), list(data.channels.values()))
    return channel
