"""Serves a live gate: its view, API and page, the trucks that arrive, and the end of it all."""

import contextlib
import datetime
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import msgspec
import uvicorn
from fastapi import APIRouter

from actors.base import Side
from actors.border import Declaration, Declare, Officer
from actors.messages import Alarm, Event, OrderRequest, PutOrder
from actors.site.rules import BorderRules
from interfaces.api.app import create_app
from interfaces.api.enter import Entrance
from interfaces.api.guard import BODY_BYTES_MAX, check_bind
from interfaces.api.letters import letters_router
from interfaces.api.roles import callers
from interfaces.api.webhooks import webhooks_router
from interfaces.border_desk import BorderDesk
from interfaces.copies import Copies
from interfaces.exchange.bodies import lane_status
from interfaces.gate import LiveGate
from interfaces.officers import Officers
from interfaces.page.page import register_page
from interfaces.peers import EmbeddedPeers, ExchangePeers, Peers
from interfaces.pump import ViewPump
from interfaces.store.database import Database
from interfaces.store.exchange_peer import PeerBook
from interfaces.store.outbox import Outbox
from interfaces.store.tokens import Tokens
from interfaces.store.webhooks import Hooks
from interfaces.view import LiveView
from interfaces.webhooks.targets import Targets
from interfaces.webhooks.telling import Teller
from robotics.imaging.store import ImageStore
from robotics.telemetry import EventCopies, RecordedEvent
from sim.arrivals import TRUCK_HS, arrivals

CLOSE_S = 1
"""Open requests are given so long when the gate ends [s]."""
RETRY_S = 1.0
"""A truck's order that could not be put is put again after this time."""
YEAR_H = 8784
RUN_H = 24.0 * 365
"""A run's own tokens end with it; this is how long they last if it was killed [ours]."""


class PortTakenError(RuntimeError):
    """Somebody else serves on the port."""


class GateServer:
    """One gate at one address; `copies` hand its events on to a recorder.

    `officers` are the sides whose officers are simulated. The tables of the `store` are there.
    `targets`: the hosts that webhooks may be sent to, else none.

    Raises:
        ValueError: the address is no loopback address.
        PortTakenError: the port is in use.
    """

    def __init__(
        self,
        gate: LiveGate,
        host: str,
        port: int,
        arrivals_seed: int | None,
        store: Database,
        officers: tuple[Side, ...] = (),
        images: ImageStore | None = None,
        copies: EventCopies | None = None,
        targets: Targets | None = None,
    ) -> None:
        check_bind(host)
        self.view = LiveView(
            gate.site, gate.roadmap, gate.devices, gate.gate_time().now_ns, gate.gate_time.speed
        )
        self._gate, self._clock = gate, gate.gate_time()
        self._seed = arrivals_seed
        self._copies = copies
        self._socket = _bind(host, port)
        self._ending = threading.Event()
        self._failure: BaseException | None = None
        self._tokens = Tokens(store)
        self._run_tokens: list[str] = []
        self._entrance = Entrance(self.run_token)
        self._store = store
        self._lanes_told: list[tuple[str, str, str]] = []
        self._border = _border(gate, store, images)
        self._officers = officers
        targets, hooks = targets or Targets(), Hooks(store)
        self._teller: Teller | None = None
        if self._border is not None:
            self._teller = Teller(hooks, self._border.copies, self._border.desk, targets)
        app = create_app(
            gate.site, gate.roadmap, gate.devices, self.view, gate.ask,
            lambda: list(gate.unanswered), callers(self._tokens),
            self._border.desk if self._border else None, self._entrance, _letters(gate, store),
            webhooks_router(hooks, targets) if self._border else None,
        )  # fmt: skip
        register_page(app, self.view, has_desk=self._border is not None)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=CLOSE_S,
            ws_max_size=BODY_BYTES_MAX,
        )
        self._server = uvicorn.Server(config)

    @property
    def entrance(self) -> str:
        """The path of the link that lets one browser in as an operator."""
        return self._entrance.path

    def run_token(self) -> str:
        """The text of a new token of an operator, which is revoked when the gate ends."""
        token, text = self._tokens.create("operator of this machine", "operator", "*", RUN_H)
        self._run_tokens.append(token.id)
        return text

    def run(
        self,
        started: Callable[[str, int], None],
        ready: Callable[[], None],
        summary: Callable[[str], None],
    ) -> None:
        """Start the actors and serve until SIGINT or SIGTERM.

        `started` hears of each actor, `ready` that all have answered, `summary` once a second what
        the gate is doing.
        """
        signal.signal(signal.SIGTERM, _interrupt)
        starting = threading.Thread(
            target=self._conduct, args=(started, ready, summary), name="conductor", daemon=True
        )
        with ViewPump(self.view, self._gate.keeper, self._gate.signals, self._copies):
            starting.start()
            try:
                self._server.run(sockets=[self._socket])
            except KeyboardInterrupt:
                pass  # the server gives the signal that ended it on, when it has closed
            finally:
                self._ending.set()
                self._socket.close()
                for token in self._run_tokens:
                    self._tokens.revoke(token)
        if self._failure is not None:
            raise self._failure

    def _conduct(
        self,
        started: Callable[[str, int], None],
        ready: Callable[[], None],
        summary: Callable[[str], None],
    ) -> None:
        try:
            self._gate.start(started)
            ready()
            with contextlib.ExitStack() as at_work:
                at_work.enter_context(self._officers_at_work())
                if self._teller is not None:
                    at_work.enter_context(self._teller.at_work(self._webhooks_failed))
                if self._seed is not None:
                    threading.Thread(
                        target=self._bring_trucks, args=(self._seed,), name="trucks", daemon=True
                    ).start()
                while not self._ending.wait(1.0):
                    summary(self._summary())
                    self._tell_lanes()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where run was called
            if not self._ending.is_set():
                self._failure = error
                self._server.should_exit = True

    def tell(self, event: Event) -> None:
        """Show an event that comes from no machine, on the page and over the API."""
        at_ns = self._clock.now_ns()
        self.view.apply(RecordedEvent("gate", at_ns, event))

    def _webhooks_failed(self, why: str) -> None:
        self.tell(Alarm("gate", "webhooks_failed", "webhooks", why[:500]))

    def _tell_lanes(self) -> None:
        """Tell the other side's gate how the lanes are, if they are run here and have changed."""
        exchange = self._gate.exchange
        if exchange is None or not exchange.has_fleet:
            return
        lanes = [(lane.id, lane.state, lane.side) for lane in self.view.devices("lane")]
        if lanes != self._lanes_told:
            self._lanes_told = lanes
            outbox = Outbox(self._store.engine, exchange.peer)
            outbox.put("lane_status", "", lane_status(lanes), self._clock.now_ns())

    @contextlib.contextmanager
    def _officers_at_work(self) -> Iterator[None]:
        if self._border is None or not self._officers:
            yield
            return
        gate, sides = self._gate, self._officers
        officers = Officers(
            self._border.copies, gate.tell, self._clock, sides, gate.site.officers, gate.seed
        )
        with officers.at_work():
            yield

    def _bring_trucks(self, seed: int) -> None:
        """Put an order for each truck at its time, or declare what it brings."""
        site = self._gate.site
        clock = self._clock
        start = datetime.datetime.fromtimestamp(clock.now_ns() / 1e9, datetime.UTC)
        for at_ns, request in arrivals(site, start, YEAR_H, site.arrivals.trucks_per_day, seed):
            while (early_ns := at_ns - clock.now_ns()) > 0:
                if self._ending.wait(clock.wall_s(early_ns)):
                    return
            while not self._ending.is_set():
                try:
                    self._bring(request, start)
                    break
                except (ConnectionError, TimeoutError):
                    self._ending.wait(RETRY_S)  # the id is the same: nothing is made twice

    def _bring(self, request: OrderRequest, start: datetime.datetime) -> None:
        if self._border is None:
            self._gate.ask(PutOrder(request))
            return
        if request.from_side not in self._gate.sides:
            return  # comes to the other side's gate
        # A store may outlive the run, and has the ids of the runs before; so has the other gate.
        whose = f"{request.from_side}-" if self._gate.exchange is not None else ""
        id = f"{whose}{start:%y%m%d%H%M%S}-{request.id}"
        goods = declared_by_truck(msgspec.structs.replace(request, id=id))
        by = Officer("trucking", "enterprise", goods.from_side)
        self._gate.tell(goods.from_side, Declare(f"{goods.id}/declare", by, goods))

    def _summary(self) -> str:
        counts = self.view.summary()
        states = ", ".join(f"{n} {state}" for state, n in counts.by_state.items() if n)
        orders = f"orders: {states or 'none yet'}"
        if not self._gate.gate_time.kept_in:
            return orders
        return f"{orders}; the simulator goes {self._clock.rate:.1f} times as fast as the clock"


class _Border(msgspec.Struct, frozen=True):
    """What of the border is shared by the API and the simulated officers."""

    copies: Copies
    desk: BorderDesk


def _border(gate: LiveGate, store: Database, images: ImageStore | None) -> _Border | None:
    """The border of a gate that hosts clearances; reads what their journals hold.

    Raises:
        JournalError: a journal was changed.
    """
    if not gate.sides:
        return None
    copies = Copies(store, gate.site, gate.sides)
    with copies.reading():
        pass  # a broken journal is found here, before anything is started
    desk = BorderDesk(
        sides=gate.sides,
        rules=BorderRules(gate.site),
        reading=copies.reading,
        tell=gate.tell,
        now_ns=gate.gate_time().now_ns,
        images=images,
        peers=_peers(gate, store),
    )
    return _Border(copies, desk)


def _peers(gate: LiveGate, store: Database) -> Peers:
    if gate.exchange is None:
        return EmbeddedPeers(gate.sides)
    side, peer = gate.exchange.side, gate.exchange.peer
    outbox, book = Outbox(store.engine, peer), PeerBook(store.engine, peer)
    return ExchangePeers(side, peer, outbox, book, gate.gate_time().now_ns)


def _letters(gate: LiveGate, store: Database) -> APIRouter | None:
    """What takes the letters of the other side's gate.

    Raises:
        KeyFileError: a key cannot be read.
    """
    if gate.exchange is None:
        return None
    outbox = Outbox(store.engine, gate.exchange.peer)
    return letters_router(gate.exchange.receiver(store), outbox, gate.gate_time().now_ns)


def declared_by_truck(request: OrderRequest) -> Declaration:
    """The goods of a truck in the container of an arrival."""
    return Declaration(
        id=request.id, from_side=request.from_side, to_side=request.to_side,
        container=request.container, size_type=request.size_type,
        seal=f"S{request.id[-6:].upper()}", plate=f"29H-{request.id[-5:]}",
        hs=TRUCK_HS, origin=request.from_side, weight_kg=20_000,
        twin_container=request.twin_container,
    )  # fmt: skip


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise PortTakenError(f"port {port} of {host}: {error.strerror}; try --port") from error
    return bound


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
