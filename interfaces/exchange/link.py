"""The exchange as the link of a counterpart: letters over HTTP to the other gate's API.

`send` puts what is said onto the disk and returns. A thread of its own sends what stands in the
outbox, several letters at once, and passes on what the API has put into the inbox: so that nothing
is lost if this process or that of the API ends at any moment, and neither needs the other.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random

import httpx
import msgspec

from actors.base import Side
from actors.clearance import clearance_name
from actors.messages import Message, SaidToOtherSide
from actors.ports import Clock, ClockFactory, Link
from interfaces.exchange.backoff import Backoff
from interfaces.exchange.keys import read_private, read_public
from interfaces.exchange.letter import LETTER_BYTES_MAX
from interfaces.exchange.parties import Parties
from interfaces.exchange.receiving import Receiver
from interfaces.exchange.sending import WINDOW, Outgoing, Sender
from interfaces.store.database import Database

PATH = "/api/v1/exchange/messages"
ANSWER_S = 10.0
"""A receipt that has not come after this time does not count any more [ours]."""
LOOK_S = 0.1
"""So often the inbox is looked into on the wall clock: the API runs in another process [ours]."""
PRUNE_S = 3600.0
KEPT_NS = 30 * 86_400 * 10**9
"""Letters are kept for so long after they were taken [ours]."""


class ExchangeSetup(msgspec.Struct, frozen=True):
    """What an exchange is made of, in a form that can be sent to another process."""

    side: Side
    peer: Side
    has_fleet: bool
    key: Path
    """File of this gate's private key."""
    peer_key: Path
    """File of the peer's public key, or keys."""
    peer_url: str
    """Of its API: http://127.0.0.1:8001."""
    store_url: str

    def parties(self) -> Parties:
        """Both parties, with their keys.

        Raises:
            KeyFileError: a key cannot be read.
        """
        keys = read_public(self.peer_key)
        return Parties(self.side, read_private(self.key), self.peer, keys, self.has_fleet)

    def receiver(self, database: Database) -> Receiver:
        """The receiving half, as the API has it and the link has it."""
        names = (clearance_name(self.side), clearance_name(self.peer))
        return Receiver(database.engine, self.parties(), names)


class ExchangeLink:
    """The link to the other gate; see `actors.ports.Link`."""

    def __init__(self, setup: ExchangeSetup, clock: Clock, seed: int | None = None) -> None:
        self._url = setup.peer_url.rstrip("/") + PATH
        self._clock = clock
        self._database = Database(setup.store_url)
        self._database.create_all()
        self._sender = Sender(
            self._database.engine, setup.parties(), Backoff(Random(seed)), clock.now_ns()
        )
        self._receiver = setup.receiver(self._database)
        self._closed = threading.Event()
        self._lock = threading.Lock()
        """Around all that the sender keeps: `send` is called from other threads."""
        self._put = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None

    def open(self, deliver: Callable[[Message], None]) -> None:
        """Begin to send, and to pass on."""
        self._thread = threading.Thread(
            target=self._run, args=(deliver,), name="exchange", daemon=True
        )
        self._thread.start()

    def send(self, command: Message) -> None:
        """Have it told: when this returns, it is on disk."""
        assert isinstance(command, SaidToOtherSide), "a counterpart commands nothing else"
        with self._lock:
            self._sender.put(command, self._clock.now_ns())
        with contextlib.suppress(RuntimeError):  # the link is closed: it is told after the start
            self._loop.call_soon_threadsafe(self._put.set)

    def close(self) -> None:
        """Send no more; what waits is on disk."""
        self._closed.set()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._put.set)
        if self._thread is not None:
            self._thread.join(ANSWER_S + 1)
        self._database.close()

    def _run(self, deliver: Callable[[Message], None]) -> None:
        try:
            self._loop.run_until_complete(self._work(deliver))
        finally:
            self._loop.close()

    async def _work(self, deliver: Callable[[Message], None]) -> None:
        limits = httpx.Limits(max_connections=WINDOW + 1)
        on_way: set[asyncio.Task[None]] = set()
        prune_s = self._loop.time() + PRUNE_S
        # Neither proxies nor credentials of the environment are for the other gate.
        async with httpx.AsyncClient(
            timeout=ANSWER_S, limits=limits, trust_env=False, follow_redirects=False
        ) as client:
            while not self._closed.is_set():
                self._put.clear()
                now_ns = self._clock.now_ns()
                with self._lock:
                    letters, again_ns = self._sender.due(now_ns)
                for outgoing in letters:
                    task = asyncio.create_task(self._post(client, outgoing))
                    on_way.add(task)
                    task.add_done_callback(on_way.discard)
                self._pass_on(deliver)
                if self._loop.time() >= prune_s:
                    prune_s = self._loop.time() + PRUNE_S
                    self._sender.outbox.prune(now_ns - KEPT_NS)
                    self._receiver.inbox.prune(now_ns - KEPT_NS)
                wait_s = min(max(self._clock.wall_s(again_ns - now_ns), 0.001), LOOK_S)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._put.wait(), wait_s)
            for task in on_way:
                task.cancel()

    async def _post(self, client: httpx.AsyncClient, outgoing: Outgoing) -> None:
        headers = {"Content-Type": "application/json"}
        try:
            # Bounded as a whole: a peer that sends a byte now and then is no answer either.
            answer = await asyncio.wait_for(
                client.post(self._url, content=outgoing.data, headers=headers), ANSWER_S
            )
            data, why = answer.content, f"answered with {answer.status_code}"
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            data, why = b"", f"{type(error).__name__}: {error}"
        now_ns = self._clock.now_ns()
        with self._lock:
            if not data or len(data) > LETTER_BYTES_MAX or not why.endswith(" 200"):
                self._sender.unanswered(outgoing, why, now_ns)
            else:
                self._sender.received(outgoing, data, now_ns)
        self._put.set()

    def _pass_on(self, deliver: Callable[[Message], None]) -> None:
        """What has come in goes to the machine; it may come twice if this process ends between."""
        with self._lock:
            news, self._sender.news = self._sender.news, []
        for told in news:
            deliver(told)
        waiting = self._receiver.waiting()
        for number, said in waiting:
            if said is not None:
                deliver(said)
            self._receiver.inbox.passed_on([number], self._clock.now_ns())


class ExchangeLinks(msgspec.Struct, frozen=True):
    """Makes the link of a counterpart in its own process; see `actors.ports.LinkFactory`."""

    setup: ExchangeSetup
    clock: ClockFactory

    def __call__(self, name: str) -> Link:
        """The exchange, not yet open."""
        return ExchangeLink(self.setup, self.clock())
