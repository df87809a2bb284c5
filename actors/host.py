"""The runtime on Ray: each machine in an actor of its own, and the only place that imports ray.

A host is a synchronous actor: Ray delivers one sender's messages to it in their order. Messages
also come from the link's thread and from the timer thread; a lock lets one in at a time. A send
that fails is lost, as on any wire: machines are written for that.

What a durable machine is told is in its journal before anything comes of it. When it starts, its
host puts the journal through the same `handle` again, and carries nothing out but its timers.
"""

import heapq
import logging
import os
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

# Without this, Ray takes the machine's outer address and each of its processes listens to the
# whole network, whatever node address it is given (docs/decisions/0002-ray-on-loopback.md).
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import msgspec
import ray
from ray.actor import ActorHandle

from actors.codec import decode_message, encode
from actors.effects import CancelTimer, Command, Effect, Emit, Reply, Send, SetTimer
from actors.messages import Message, Started, TimerFired
from actors.ports import (
    ClockFactory,
    Journal,
    JournalFactory,
    LinkFactory,
    MachineFactory,
    SinkFactory,
    Snapshot,
    no_journal,
)
from actors.replay import replay

NAMESPACE = "bordergate"
OBJECT_STORE_BYTES = 80 * 2**20
"""Close to the least that Ray takes: messages are small and travel inside their calls."""
REPLY_S = 10.0
"""How long an answer is waited for."""
COMPACT_INPUTS = 20_000
"""After so many inputs a durable machine's state is kept in place of them [ours]."""


class Ports(msgspec.Struct, frozen=True):
    """The factories that a host is given."""

    clock: ClockFactory
    link: LinkFactory
    sink: SinkFactory
    journal: JournalFactory = no_journal


class Host:
    """One machine with its timers, its link and its sends. Made in the device's own process."""

    def __init__(self, make: MachineFactory, ports: Ports) -> None:
        self._machine = machine = make()
        self._clock = ports.clock()
        self._sink = ports.sink(machine.name)
        self._link = ports.link(machine.name)
        self._lock = threading.Lock()
        self._timer_set = threading.Condition(self._lock)
        self._timers: list[tuple[int, int, str]] = []
        self._live: dict[str, int] = {}
        """The setting of each timer that counts; others in the heap are void."""
        self._settings = 0
        self._lateness_ns: list[int] = []
        self._peers: dict[str, ActorHandle[Host]] = {}
        self._journal = ports.journal(machine.name)
        self._inputs = 0
        """In the journal since its snapshot."""
        self._last_ns = 0
        """Of the newest of them: the time of a durable machine never goes back."""
        with self._lock:
            if self._journal is not None:
                self._recover(self._journal)
            self._handle(Started())
        if self._link is not None:
            self._link.open(self._from_outside)
        threading.Thread(target=self._fire_timers, name="timers", daemon=True).start()

    def deliver(self, data: bytes) -> None:
        """Take a message that asks for no answer."""
        with self._lock:
            self._handle(decode_message(data))

    def ask(self, data: bytes) -> bytes | None:
        """Take a message, return the machine's reply to it.

        Raises:
            msgspec.DecodeError: `data` is no message.
        """
        with self._lock:
            reply = self._handle(decode_message(data))
        return encode(reply) if reply is not None else None

    def process(self) -> int:
        """The number of the device's process: also the proof that it is up."""
        return os.getpid()

    def timer_lateness_ns(self) -> list[int]:
        """How late each timer since the last call was, in the gate's time."""
        with self._lock:
            taken, self._lateness_ns = self._lateness_ns, []
        return taken

    def _from_outside(self, message: Message) -> None:
        with self._lock:
            self._handle(message)

    def _handle(self, message: Message) -> Message | None:
        """One message through the machine, its effects carried out. Call with the lock held."""
        now_ns = max(self._clock.now_ns(), self._last_ns)
        try:
            effects = self._machine.handle(message, now_ns)
            if self._journal is not None:
                self._note(self._journal, message, now_ns)
            return self._carry_out(effects, now_ns)
        except Exception:  # noqa: BLE001 - whatever it is, the machine's state can't be trusted
            # A new process begins as unknown and asks what is true; Ray starts it.
            traceback.print_exc()
            os._exit(1)

    def _recover(self, journal: Journal) -> None:
        """Bring the newly made machine to the state in which its last process ended."""
        replayed = replay(self._machine, journal)
        self._inputs, self._last_ns = replayed.inputs, replayed.last_ns
        self._carry_out([SetTimer(*timer) for timer in replayed.timers.items()], 0)

    def _note(self, journal: Journal, message: Message, now_ns: int) -> None:
        """Put an input on disk. One that the machine failed at is not there to fail at again."""
        journal.write(message, now_ns)
        self._inputs, self._last_ns = self._inputs + 1, now_ns
        if self._inputs >= COMPACT_INPUTS and isinstance(self._machine, Snapshot):
            journal.compact(self._machine.snapshot(), now_ns)
            self._inputs = 0

    def _carry_out(self, effects: list[Effect], now_ns: int) -> Message | None:
        reply: Message | None = None
        for effect in effects:
            match effect:
                case Send(to, message):
                    self._send(to, message)
                case Command(message):
                    if self._link is not None:
                        self._link.send(message)
                case SetTimer(name, at_ns):
                    self._settings += 1
                    self._live[name] = self._settings
                    heapq.heappush(self._timers, (at_ns, self._settings, name))
                    self._timer_set.notify()
                case CancelTimer(name):
                    self._live.pop(name, None)
                case Emit(event):
                    self._sink.record(event, now_ns)
                case Reply(message):
                    reply = message
        return reply

    def _send(self, to: str, message: Message) -> None:
        peer = self._peers.get(to)
        if peer is None:
            try:
                peer = self._peers[to] = ray.get_actor(to, namespace=NAMESPACE)
            except ValueError:
                return  # not started yet: lost
        peer.deliver.options(num_returns=0).remote(encode(message))

    def _fire_timers(self) -> None:
        with self._lock:
            while True:
                now_ns = self._clock.now_ns()
                while self._timers and self._timers[0][0] <= now_ns:
                    at_ns, setting, name = heapq.heappop(self._timers)
                    if self._live.get(name) == setting:
                        del self._live[name]
                        if len(self._lateness_ns) < 10_000:
                            self._lateness_ns.append(now_ns - at_ns)
                        self._handle(TimerFired(name))
                wait_s = None
                if self._timers:
                    wait_s = max(self._clock.wall_s(self._timers[0][0] - now_ns), 0.0)
                self._timer_set.wait(wait_s)


def start_ray() -> None:
    """Start Ray's local node on loopback, with its token authentication and without reports."""
    # Else Ray prints a warning for every few actors that start, as if they were too many.
    ray._private.worker._worker_logs_enabled = False
    ray.init(
        address="local",
        namespace=NAMESPACE,
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )


def stop_ray() -> None:
    """End all actors and Ray itself."""
    ray.shutdown()


def start_hosts(
    makers: dict[str, MachineFactory], ports: Callable[[str], Ports]
) -> Iterator[tuple[str, int]]:
    """Start an actor for each machine; yields (name, process) as each one answers.

    `ports` gives each by name its own: what a factory needs is imported in every process that gets
    it.
    """
    actor: Any = ray.remote(num_cpus=0, max_restarts=-1)(Host)
    waiting = {}
    for name, make in makers.items():
        host = actor.options(name=name).remote(make, ports(name))
        _kept[name] = host
        waiting[host.process.remote()] = name
    while waiting:
        ready, _ = ray.wait(list(waiting), num_returns=1)
        yield waiting.pop(ready[0]), ray.get(ready[0])


_kept: dict[str, Any] = {}
"""Handles of all actors started here: Ray ends an actor of which no handle is left."""


def live_hosts() -> list[str]:
    """Names of all actors that Ray lists as alive."""
    return [entry["name"] for entry in ray.util.list_named_actors(all_namespaces=True)]


def process_of(name: str) -> int:
    """The process in which a machine runs now.

    Raises:
        ConnectionError: there is none at this moment.
    """
    try:
        process: int = ray.get(_kept[name].process.remote())
    except ray.exceptions.RayActorError as error:
        raise ConnectionError(f"{name} is not up") from error
    return process


def timer_lateness_ns(name: str) -> list[int]:
    """How late each timer of a machine was since the last call [ns of the gate's time]."""
    late: list[int] = ray.get(_kept[name].timer_lateness_ns.remote())
    return late


def ask_host(name: str, message: Message) -> Message | None:
    """Put a message to a machine and wait for its reply.

    Raises:
        ConnectionError: its process is not up.
        TimeoutError: no answer in `REPLY_S`.
    """
    try:
        data = ray.get(_kept[name].ask.remote(encode(message)), timeout=REPLY_S)
    except ray.exceptions.GetTimeoutError as error:
        raise TimeoutError(f"{name} has not answered in {REPLY_S:.0f} s") from error
    except ray.exceptions.RayActorError as error:
        raise ConnectionError(f"{name} is not up") from error
    return decode_message(data) if data is not None else None
