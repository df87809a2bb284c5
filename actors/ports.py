"""What a host is given from outside: a clock, the link to its robot, a keeper of its events.

The composition root chooses them; they travel to the device's process as picklable factories.
"""

from collections.abc import Callable
from typing import Protocol

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


MachineFactory = Callable[[], Machine]
ClockFactory = Callable[[], Clock]
LinkFactory = Callable[[str], Link | None]
"""By the device's name; None for devices that have no controller."""
SinkFactory = Callable[[str], Sink]
"""By the device's name."""
