"""A gate in virtual time behind the real application, served on a free port."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from actors.border import BorderAnswer
from actors.clearance import Clearance, clearance_name
from actors.messages import Event, Message, OrderRequest, PutOrder, ScanFinished
from actors.site.devices import FLEET_MANAGER, devices
from actors.site.expand import expand
from actors.site.model import Site
from actors.site.rules import BorderRules
from actors.wiring import clearances, machines
from interfaces.api.app import create_app
from interfaces.api.roles import Caller, FindCaller
from interfaces.border_desk import BorderDesk
from interfaces.peers import EmbeddedPeers
from interfaces.store.tokens import ROLES
from interfaces.view import LiveView
from robotics.imaging.store import ImageStore
from robotics.telemetry import Frame, RecordedEvent
from sim.plant.crane import CraneController
from sim.plant.scanner import ScannerController
from sim.plant.vehicle import VehicleController
from sim.plant.wiring import controllers
from sim.world import World
from tests.site_files import DAY

START_NS = 1_782_870_000_000_000_000
"""2026-07-01 01:40 UTC."""
CALLERS = {
    f"{role}-{side}": Caller(f"{role} of {side}", role, side)
    for role in ROLES
    for side in ("VN", "CN", "*")
} | {"operator-of-all": Caller("Hoa", "operator", "*")}
"""Whose tokens the gates of tests know; tests may add theirs."""
OPERATOR = {"Authorization": "Bearer operator-of-all"}
"""The header of a request by an operator."""


def find_caller(text: str) -> Caller | None:
    return CALLERS.get(text)


class VirtualGate:
    """All machines and simulated controllers of a site; time passes when `advance` is called."""

    def __init__(self, site: Site, start_ns: int = START_NS, seed: int = 1) -> None:
        self.site = site
        self.roadmap = expand(site, DAY)
        self.devices = devices(site, DAY)
        self.world = World(start_ns)
        self.lock = threading.Lock()
        self._plant = controllers(site, self.roadmap, DAY, seed)
        for controller in self._plant.values():
            self.world.add(controller)
        for machine in machines(site, self.roadmap, DAY).values():
            self.world.add(machine)
        self.view = LiveView(site, self.roadmap, self.devices, lambda: self.world.now_ns)
        self.record(self.view.apply)

    def record(self, take: Callable[[RecordedEvent], None]) -> None:
        """Give domain events to `take` from now on."""

        def on_event(source: str, event: Event, at_ns: int) -> None:
            take(RecordedEvent(source, at_ns, event))

        self.world.on_event = on_event

    def ask(self, message: Message) -> Message:
        """What the fleet manager answers, at once."""
        return self._ask(FLEET_MANAGER, message)

    def _ask(self, machine: str, message: Message) -> Message:
        with self.lock:
            asked = len(self.world.replies)
            self.world.post(machine, message, self.world.now_ns)
            self.world.run(self.world.now_ns)
            (answer,) = self.world.replies[asked:]
            return answer

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self.lock:
            self.world.run(self.world.now_ns + round(seconds * 1e9))

    def frame(self) -> Frame:
        """The signals of all controllers now."""
        with self.lock:
            now_ns = self.world.now_ns
            plant = self._plant.values()
            return Frame(
                now_ns,
                tuple(c.signal(now_ns) for c in plant if isinstance(c, VehicleController)),
                tuple(
                    c.signal(now_ns)
                    for c in plant
                    if isinstance(c, CraneController | ScannerController)
                ),
            )

    def app(
        self,
        border: BorderDesk | None = None,
        find: FindCaller = CALLERS.get,
        letters: APIRouter | None = None,
        webhooks: APIRouter | None = None,
    ) -> FastAPI:
        """The application over this gate."""
        return create_app(
            self.site, self.roadmap, self.devices, self.view, self.ask, self.view.unheard,
            find, border, letters=letters, webhooks=webhooks,
        )  # fmt: skip

    def border(self, images: ImageStore | None = None) -> BorderDesk:
        """The gate's border from now on: both sides' clearances, without officers.

        Every image is called `seen`, and is clear.
        """
        for controller in self._plant.values():
            if isinstance(controller, ScannerController):
                controller.imager = lambda _, scan, _share: ScanFinished(scan.step, "clear", "seen")
        sides = {}
        for make in clearances(self.site).values():
            clearance = make()
            assert isinstance(clearance, Clearance)
            sides[clearance.side] = clearance
            self.world.add(clearance)

        @contextlib.contextmanager
        def reading() -> Iterator[dict[str, Clearance]]:
            with self.lock:
                yield sides

        return BorderDesk(
            sides=tuple(sides), rules=BorderRules(self.site), reading=reading, tell=self.tell,
            now_ns=lambda: self.world.now_ns, images=images, peers=EmbeddedPeers(tuple(sides)),
        )  # fmt: skip

    def tell(self, side: str, message: Message) -> BorderAnswer:
        """What the clearance of a side answers, at once."""
        answer = self._ask(clearance_name(side), message)
        assert isinstance(answer, BorderAnswer)
        return answer


def put(name: str, container: str = "CSQU3054383", way: str = "VN-CN") -> PutOrder:
    from_side, _, to_side = way.partition("-")
    return PutOrder(OrderRequest(name, container, "45G1", from_side, to_side))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The address at which the app answers, for as long as the context lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            app, log_level="warning", ws_max_size=64 * 1024, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=20)
        assert not thread.is_alive()
