"""`bordergate bench world`: events a second of virtual time, beside a bare heapq loop."""

import datetime
import time
from collections.abc import Callable
from heapq import heappop, heappush

from actors.effects import Effect, Send, SetTimer
from actors.messages import Message, RearClear, Started, TimerFired
from actors.site.bundled import find_site
from actors.site.load import load_site
from interfaces.bench.figures import Figure, compared
from sim.simulate import simulate
from sim.world import World

PARTICIPANTS = 300
EVENTS = 300_000
ROUNDS = 5


class Ticker:
    """A machine that does nothing but go on: a message on each timer, a timer on each message."""

    def __init__(self, name: str, peer: str) -> None:
        self.name, self._peer = name, peer
        self._told = RearClear(name, 1)

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """Pass it on."""
        if type(message) is RearClear:
            return [SetTimer("tick", now_ns + 1_000_000)]
        return [Send(self._peer, self._told)]


def measure() -> list[Figure]:
    """The runtime alone against a bare loop, taken in turns; then the whole gate."""
    bare, ours = [], []
    for _ in range(ROUNDS):  # in turns, so that a change of the machine's speed meets both
        bare.append(_bare_loop())
        ours.append(_world())
    site = load_site(find_site("demo"))
    result = simulate(site, datetime.date(2026, 7, 1), 24, 240, seed=1)
    middle = ROUNDS // 2
    baseline = sorted(bare)[middle]
    return [
        compared("virtual runtime", sorted(ours)[middle], "events/s", baseline),
        compared(
            "whole gate, demo day, with checker",
            result.events / result.wall_s,
            "events/s",
            baseline,
        ),
    ]


def _bare_loop() -> float:
    """Events a second of a heap of (time, sequence, callback)."""
    heap: list[tuple[int, int, Callable[[int], None]]] = []
    sequence = 0

    def make(delay: int) -> Callable[[int], None]:
        def callback(now: int) -> None:
            nonlocal sequence
            sequence += 1
            heappush(heap, (now + delay, sequence, callback))

        return callback

    for i in range(PARTICIPANTS):
        heappush(heap, (i, i, make(1_000_000 + i)))
    sequence = PARTICIPANTS
    began = time.perf_counter()
    for _ in range(EVENTS):
        now, _, callback = heappop(heap)
        callback(now)
    return EVENTS / (time.perf_counter() - began)


def _world() -> float:
    """Events a second of the virtual runtime with machines that only go on."""
    world = World()
    for i in range(PARTICIPANTS):
        world.add(Ticker(f"m{i}", f"m{(i + 1) % PARTICIPANTS}"))
    world.post("m0", Started(), 0)
    world.post("m0", TimerFired("tick"), 0)
    before = world.events
    began = time.perf_counter()
    until_ns = 0
    while world.events - before < EVENTS:
        until_ns += 100_000_000
        world.run(until_ns)
    return (world.events - before) / (time.perf_counter() - began)
