"""The runtime in virtual time: one process, one heap of events, nothing waits.

It runs the very machines that Ray hosts, and simulated controllers beside them. Events are taken
in the order of (time, priority, sequence), so that a run is the same each time it is made.
"""

import hashlib
from collections.abc import Callable, Iterable
from heapq import heappop, heappush

from actors.codec import encode
from actors.effects import CancelTimer, Command, Effect, Emit, Machine, Reply, Send, SetTimer
from actors.messages import Event, Message, Started, TimerFired

SEND_NS = 2_000_000
"""What a message takes from machine to machine: a Ray call's median under load, measured."""
LINK_NS = 500_000
"""What a message takes between a machine and its controller: a ZeroMQ hop, measured."""

Observer = Callable[[str, Message, list[Effect], int], None]
"""Called after every event: who handled what, what it wants done, and when."""

Wire = Callable[[str, str, Message, int], Iterable[int]]
"""What becomes of a message from one machine to another that would arrive at a time [ns]: the
times at which it does arrive, as often as there are; none if it is lost."""

_MESSAGE, _TIMER = 0, 1  # priorities: at the same moment messages come before timers


class World:
    """Machines by name and the events that await them.

    A machine named `X` has the controller `X/controller`, if that name is in the world.
    """

    def __init__(self, start_ns: int = 0) -> None:
        self.now_ns = start_ns
        self.events = 0
        """How many events have been handled."""
        self.replies: list[Message] = []
        """Answers to messages posted from outside."""
        self.observers: list[Observer] = []
        self.on_event: Callable[[str, Event, int], None] | None = None
        """Called with every domain event."""
        self.wire: Wire | None = None
        """The faults of the wire; without it every message arrives once and in time."""
        self._machines: dict[str, Machine] = {}
        self._heap: list[tuple[int, int, int, str, Message]] = []
        self._sequence = 0
        self._timers: dict[tuple[str, str], int] = {}
        """Sequence of the event that is the live setting of each timer."""
        self._digest = hashlib.sha256()

    def add(self, machine: Machine) -> None:
        """Put a machine to work now.

        Raises:
            ValueError: the name is taken.
        """
        if machine.name in self._machines:
            raise ValueError(f"two machines named {machine.name}")
        self._machines[machine.name] = machine
        self.post(machine.name, Started(), self.now_ns)

    def remove(self, name: str) -> None:
        """Let a machine die: its timers and what is sent to it from now on are lost."""
        del self._machines[name]
        for key in [key for key in self._timers if key[0] == name]:
            del self._timers[key]

    def machine(self, name: str) -> Machine:
        """The machine of that name, for those who watch.

        Raises:
            KeyError: there is none.
        """
        return self._machines[name]

    def machines(self) -> list[Machine]:
        """All of them."""
        return list(self._machines.values())

    def __contains__(self, name: str) -> bool:
        return name in self._machines

    def post(self, to: str, message: Message, at_ns: int) -> None:
        """Deliver a message from outside at a time that has not passed."""
        assert at_ns >= self.now_ns, "the past cannot be changed"
        self._sequence += 1
        heappush(self._heap, (at_ns, _MESSAGE, self._sequence, to, message))

    def run(self, until_ns: int) -> None:
        """Handle every event up to and including `until_ns`; time then stands there."""
        heap, machines, timers = self._heap, self._machines, self._timers
        while heap and heap[0][0] <= until_ns:
            now_ns, priority, sequence, name, message = heappop(heap)
            if priority == _TIMER:
                key = (name, message.timer)  # type: ignore[attr-defined]
                if timers.get(key) != sequence:
                    continue  # set anew or cancelled since
                del timers[key]
            machine = machines.get(name)
            if machine is None:
                continue  # nobody of that name: lost, as on the real wire
            self.now_ns = now_ns
            self.events += 1
            effects = machine.handle(message, now_ns)
            if effects:
                self._carry_out(name, effects, now_ns)
            for observe in self.observers:
                observe(name, message, effects, now_ns)
        self.now_ns = max(self.now_ns, until_ns)

    def next_ns(self) -> int | None:
        """When the next event is, or may have been before its timer was set anew; None: none."""
        return self._heap[0][0] if self._heap else None

    def digest(self) -> str:
        """A hash over every domain event so far, with its time and its source."""
        return self._digest.hexdigest()

    def _carry_out(self, name: str, effects: list[Effect], now_ns: int) -> None:
        heap = self._heap
        for effect in effects:
            kind = type(effect)  # a chain of identity tests: `match` costs twice as much here
            self._sequence = sequence = self._sequence + 1
            if kind is Send:
                delay = LINK_NS if name.endswith("/controller") else SEND_NS
                self._send(name, effect.to, effect.message, now_ns + delay)  # type: ignore[union-attr]
            elif kind is SetTimer:
                self._timers[name, effect.name] = sequence  # type: ignore[union-attr]
                at_ns = max(effect.at_ns, now_ns)  # type: ignore[union-attr]
                heappush(heap, (at_ns, _TIMER, sequence, name, TimerFired(effect.name)))  # type: ignore[union-attr]
            elif kind is Command:
                self._send(name, name + "/controller", effect.message, now_ns + LINK_NS)  # type: ignore[union-attr]
            elif kind is CancelTimer:
                self._timers.pop((name, effect.name), None)  # type: ignore[union-attr]
            elif kind is Emit:
                self._record(name, effect.event, now_ns)  # type: ignore[union-attr]
            else:
                assert isinstance(effect, Reply)
                self.replies.append(effect.message)

    def _send(self, name: str, to: str, message: Message, at_ns: int) -> None:
        if self.wire is None:
            heappush(self._heap, (at_ns, _MESSAGE, self._sequence, to, message))
            return
        for arrives_ns in self.wire(name, to, message, at_ns):
            self._sequence += 1
            heappush(self._heap, (arrives_ns, _MESSAGE, self._sequence, to, message))

    def _record(self, name: str, event: Event, now_ns: int) -> None:
        self._digest.update(b"%d %s " % (now_ns, name.encode()))
        self._digest.update(encode(event))
        if self.on_event is not None:
            self.on_event(name, event, now_ns)
