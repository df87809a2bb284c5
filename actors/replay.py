"""Bringing a durable machine back to the state in which its last process ended."""

import msgspec

from actors.effects import CancelTimer, Machine, SetTimer
from actors.messages import TimerFired
from actors.ports import Journal, Snapshot


class Replayed(msgspec.Struct, frozen=True):
    """What a journal held, beside the machine's state."""

    inputs: int
    """Since its snapshot."""
    last_ns: int
    """Of the newest; 0 without one."""
    timers: dict[str, int]
    """Those that are set, and to when [UTC, ns]; without those set before the snapshot."""


def replay(machine: Machine, journal: Journal) -> Replayed:
    """Put a journal through a newly made machine; of what it wants done, only timers count.

    What it had sent and what was not answered, it sends again by itself: so machines are written.
    """
    state = journal.snapshot()
    if state is not None:
        assert isinstance(machine, Snapshot), "only those have one"
        machine.restore(state)
    inputs, last_ns = 0, 0
    timers: dict[str, int] = {}
    for message, at_ns in journal.inputs():
        inputs, last_ns = inputs + 1, at_ns
        if isinstance(message, TimerFired):
            timers.pop(message.timer, None)
        for effect in machine.handle(message, at_ns):
            match effect:
                case SetTimer(name, due_ns):
                    timers[name] = due_ns
                case CancelTimer(name):
                    timers.pop(name, None)
                case _:
                    pass
    return Replayed(inputs, last_ns, timers)
