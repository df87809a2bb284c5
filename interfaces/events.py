"""The bounded log of domain events that clients follow and resume.

Followers read the log at their own pace from their own position; none has a queue of its own, so
a slow one costs nothing and holds nobody up. Who falls behind the log's oldest entry is told so.
"""

import asyncio
import itertools
import threading
from collections import deque

import msgspec

from robotics.telemetry import RecordedEvent

EVENTS_KEPT = 10_000
"""Entries kept for followers that resume or lag; about an hour of a busy day."""


class Logged(msgspec.Struct, frozen=True, gc=False):
    """One entry of the log; `seq` counts upwards from 1 without gaps."""

    seq: int
    recorded: RecordedEvent


class EventLog:
    """The last events of one run; entries are known outside as `<run>-<seq>`."""

    def __init__(self, run: str, kept: int = EVENTS_KEPT) -> None:
        self.run = run
        self._lock = threading.Lock()
        self._entries: deque[Logged] = deque(maxlen=kept)
        self._last = 0
        self._followers: set[Follower] = set()

    def append(self, recorded: RecordedEvent) -> None:
        """Add one event and wake the followers; the oldest entry goes when the log is full."""
        with self._lock:
            self._last += 1
            self._entries.append(Logged(self._last, recorded))
            followers = list(self._followers)
        for follower in followers:
            follower.wake()

    @property
    def last(self) -> int:
        """The number of the newest entry; 0 before the first."""
        with self._lock:
            return self._last

    @property
    def oldest(self) -> int:
        """The number of the oldest entry kept, or the next to come while there is none."""
        with self._lock:
            return self._oldest()

    def _oldest(self) -> int:
        return self._last - len(self._entries) + 1

    def after(self, seq: int, count: int) -> list[Logged]:
        """At most `count` entries from the first kept one after `seq` on."""
        with self._lock:
            skip = max(seq + 1 - self._oldest(), 0)
            return list(itertools.islice(self._entries, skip, skip + count))

    def entry_id(self, seq: int) -> str:
        """The id under which clients know entry `seq`."""
        return f"{self.run}-{seq}"

    def position(self, entry_id: str) -> int | None:
        """The number of the entry of that id, if the entries after it are all still kept."""
        run, _, number = entry_id.rpartition("-")
        if run != self.run or not (number.isascii() and number.isdigit()) or len(number) > 18:
            return None
        seq = int(number)
        with self._lock:
            return seq if self._oldest() - 1 <= seq <= self._last else None

    def follow(self) -> "Follower":
        """A follower on the running event loop; use it as a context manager."""
        return Follower(self)

    def add(self, follower: "Follower") -> None:
        """Wake this follower from now on."""
        with self._lock:
            self._followers.add(follower)

    def discard(self, follower: "Follower") -> None:
        """Wake this follower no more."""
        with self._lock:
            self._followers.discard(follower)


class Follower:
    """Waits on one event loop for entries that other threads append."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._calling = False

    def __enter__(self) -> "Follower":
        self._log.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._log.discard(self)

    def wake(self) -> None:
        """Wake the waiting coroutine; from any thread. Calls not yet carried out are merged."""
        if self._calling:
            return
        self._calling = True
        try:
            self._loop.call_soon_threadsafe(self._set)
        except RuntimeError:  # the loop has just been closed: nobody waits there any more
            self._log.discard(self)

    def _set(self) -> None:
        self._calling = False
        self._woken.set()

    async def wait(self) -> None:
        """Return once something has been appended since the last call."""
        await self._woken.wait()
        self._woken.clear()
