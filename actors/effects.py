"""What a machine may ask of the runtime that hosts it.

A machine does nothing itself: `handle(message, now_ns)` returns a list of these, and the runtime
(`actors.host` on Ray, `sim.world` in virtual time) carries them out in the order of the list.
"""

from typing import Protocol

import msgspec

from actors.messages import Event, Message


class Send(msgspec.Struct, frozen=True, gc=False):
    """Deliver `message` to the participant named `to`. May be lost; never answered by itself."""

    to: str
    message: Message


class Command(msgspec.Struct, frozen=True, gc=False):
    """Pass `message` to the device's own robot controller over its link."""

    message: Message


class SetTimer(msgspec.Struct, frozen=True, gc=False):
    """Deliver `TimerFired(name)` to this machine at `at_ns`; replaces the timer of that name."""

    name: str
    at_ns: int


class CancelTimer(msgspec.Struct, frozen=True, gc=False):
    """Forget the timer of that name, if it is set."""

    name: str


class Emit(msgspec.Struct, frozen=True, gc=False):
    """Record a domain event: something that happened and that people or programs follow."""

    event: Event


class Reply(msgspec.Struct, frozen=True, gc=False):
    """Answer the caller of this very message (the API asking the fleet manager)."""

    message: Message


Effect = Send | Command | SetTimer | CancelTimer | Emit | Reply


class Machine(Protocol):
    """The form of every participant: devices, the fleet manager and simulated controllers."""

    name: str

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """Take one message at the time `now_ns` (UTC, ns) and say what is to be done."""
        ...
