"""What a host is given from outside: a clock, a link, a keeper of events, of some a journal.

The composition root chooses them; they travel to the device's process as picklable factories.
"""

from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

from actors.effects import Machine
from actors.messages import Event, Message


class Clock(Protocol):
    """The gate's time."""

    def now_ns(self) -> int:
        """UTC [ns]; runs ahead of the wall clock where the gate is sped up."""
        ...

    def wall_s(self, span_ns: int) -> float:
        """How long a span of the gate's time takes on the wall clock [s]."""
        ...


class Link(Protocol):
    """The connection to one robot controller.

    It calls `deliver` from its own thread with what the controller says, and with `LinkLost` and
    `LinkRestored`. Commands given while the link is lost are dropped, never kept for later.
    """

    def open(self, deliver: Callable[[Message], None]) -> None:
        """Connect, and go on connecting for as long as it takes."""
        ...

    def send(self, command: Message) -> None:
        """Pass a command on; never waits. Calls come one at a time, from any thread."""
        ...

    def close(self) -> None:
        """End the connection; the controller stops its robot."""
        ...


class Sink(Protocol):
    """Where domain events go."""

    def record(self, event: Event, at_ns: int) -> None:
        """Keep one event; never waits. Calls come one at a time."""
        ...


class Journal(Protocol):
    """All that one durable machine was told, on disk. Only its host writes it."""

    def snapshot(self) -> bytes | None:
        """The machine's state from which `inputs` go on; None: from a machine newly made."""
        ...

    def inputs(self) -> Iterator[tuple[Message, int]]:
        """What it was told since the snapshot, in its order, and when [UTC, ns]."""
        ...

    def write(self, message: Message, at_ns: int) -> None:
        """Put one input on disk; it is there when this returns."""
        ...

    def compact(self, state: bytes, at_ns: int) -> None:
        """Keep this state, which all inputs so far have led to, in place of them."""
        ...


@runtime_checkable
class Snapshot(Protocol):
    """A durable machine whose state can be kept in place of all that it was told.

    Timers are no part of it: `Started` comes after `restore`, and the machine sets them again.
    """

    def snapshot(self) -> bytes:
        """All of its state."""
        ...

    def restore(self, state: bytes) -> None:
        """Go on from this state; the machine is newly made."""
        ...


MachineFactory = Callable[[], Machine]
ClockFactory = Callable[[], Clock]
LinkFactory = Callable[[str], Link | None]
"""By the device's name; None for devices that have no controller."""
SinkFactory = Callable[[str], Sink]
"""By the device's name."""
JournalFactory = Callable[[str], Journal | None]
"""By the machine's name; None for machines that ask their robots what is true when they start."""


def no_journal(_name: str) -> Journal | None:
    """No machine is durable."""
    return None
