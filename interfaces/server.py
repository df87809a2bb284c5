"""Serves a live gate: its view, API and page, the trucks that arrive, and the end of it all."""

import datetime
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn

from actors.messages import Event, PutOrder
from interfaces.api.app import create_app
from interfaces.api.guard import BODY_BYTES_MAX, check_bind
from interfaces.gate import LiveGate
from interfaces.page.page import register_page
from interfaces.pump import ViewPump
from interfaces.view import LiveView
from robotics.telemetry import EventCopies, RecordedEvent
from sim.arrivals import arrivals

CLOSE_S = 1
"""Open requests are given so long when the gate ends [s]."""
RETRY_S = 1.0
"""A truck's order that could not be put is put again after this time."""
YEAR_H = 8784


class PortTakenError(RuntimeError):
    """Somebody else serves on the port."""


class GateServer:
    """One gate at one address; `copies` hand its events on to a recorder.

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
        copies: EventCopies | None = None,
    ) -> None:
        check_bind(host)
        self.view = LiveView(
            gate.site, gate.roadmap, gate.devices, gate.gate_time().now_ns, gate.gate_time.speed
        )
        self._gate = gate
        self._seed = arrivals_seed
        self._copies = copies
        self._socket = _bind(host, port)
        self._ending = threading.Event()
        self._failure: BaseException | None = None
        app = create_app(
            gate.site, gate.roadmap, gate.devices, self.view, gate.ask,
            lambda: list(gate.unanswered),
        )  # fmt: skip
        register_page(app, self.view)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=CLOSE_S,
            ws_max_size=BODY_BYTES_MAX,
        )
        self._server = uvicorn.Server(config)

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
            if self._seed is not None:
                threading.Thread(
                    target=self._bring_trucks, args=(self._seed,), name="trucks", daemon=True
                ).start()
            while not self._ending.wait(1.0):
                summary(self._summary())
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where run was called
            if not self._ending.is_set():
                self._failure = error
                self._server.should_exit = True

    def tell(self, event: Event) -> None:
        """Show an event that comes from no machine, on the page and over the API."""
        at_ns = self._gate.gate_time().now_ns()
        self.view.apply(RecordedEvent("gate", at_ns, event))

    def _bring_trucks(self, seed: int) -> None:
        """Put an order for each truck at its time."""
        site = self._gate.site
        clock = self._gate.gate_time()
        start = datetime.datetime.fromtimestamp(clock.now_ns() / 1e9, datetime.UTC)
        for at_ns, request in arrivals(site, start, YEAR_H, site.arrivals.trucks_per_day, seed):
            wait_s = max(clock.wall_s(at_ns - clock.now_ns()), 0.0)
            while not self._ending.wait(wait_s):
                try:
                    self._gate.ask(PutOrder(request))
                    break
                except (ConnectionError, TimeoutError):
                    wait_s = RETRY_S  # the id is the same: an order is never made twice
            if self._ending.is_set():
                return

    def _summary(self) -> str:
        counts = self.view.summary()
        states = ", ".join(f"{n} {state}" for state, n in counts.by_state.items() if n)
        return f"orders: {states or 'none yet'}"


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
