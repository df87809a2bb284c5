"""The live gate: the composition root that puts the parts of a running gate together.

Here, and nowhere else, machines meet their runtime, links, clock and data plane.
"""

import contextlib
import datetime
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import psutil

from actors.base import Side
from actors.border import BorderAnswer
from actors.clearance import clearance_name
from actors.host import Ports, ask_host, start_hosts, start_ray, stop_ray
from actors.messages import Message
from actors.ports import Link, LinkFactory, MachineFactory
from actors.site.devices import FLEET_MANAGER, devices
from actors.site.expand import expand
from actors.site.load import load_site
from actors.wiring import clearances, makers, one_side
from interfaces.drivers import END_S, Driven, Driver, plant
from interfaces.exchange.link import ExchangeLinks, ExchangeSetup
from interfaces.store.database import Database
from interfaces.store.journal import StoreJournals
from robotics.clock import ClockKeeper, GateTime
from robotics.telemetry import Bus, EventKeeper, EventSinks, SignalForwarder, SignalReader

CLOCK_FILE = "clock"
PLANT = plant()
RAY_TRIES = 3
RAY_LATE = "timed out during startup"
"""So it says in a bare `Exception`."""


class LiveGate:
    """A gate whose devices are Ray actors; `driver` says what their robots are.

    Enter it to have the data plane, the robots and Ray; `start` then starts the actors. Leaving it
    ends every process that was started. `keeper` and `signals` are read and closed by a `ViewPump`.

    With `simulated_time` its clock is the one that the driver's simulator keeps.

    With a `store`, the clearances of both sides are hosted too, if the site has rules for them; the
    store's tables are there. With an `exchange`, it is the gate of one side: the other side's
    clearance is another gate's, and the devices are this gate's only if it runs the fleet.

    Raises:
        DriverError: on entering; what drives the robots did not come up.
    """

    def __init__(
        self,
        site_path: Path,
        *,
        speed: float = 1.0,
        seed: int = 1,
        driver: Driver = PLANT,
        store: Database | None = None,
        exchange: ExchangeSetup | None = None,
        simulated_time: bool = False,
    ) -> None:
        now = datetime.datetime.now(datetime.UTC)
        self.day = now.date()
        self.site = load_site(site_path, self.day)
        self.roadmap = expand(self.site, self.day)
        self.exchange = exchange
        self.has_fleet = exchange is None or exchange.has_fleet
        self.devices = devices(self.site, self.day) if self.has_fleet else []
        # Two gates that are sped up alike have the same time, if they were started on one day.
        midnight = datetime.datetime.combine(self.day, datetime.time(), datetime.UTC)
        epoch_ns = time.time_ns() if exchange is None else round(midnight.timestamp()) * 10**9
        self.gate_time = GateTime(epoch_ns=epoch_ns, speed=speed)
        self._clearances: dict[str, MachineFactory] = {}
        if exchange is not None:
            self._clearances = one_side(self.site, exchange.side)
        elif store and self.site.clearance:
            self._clearances = clearances(self.site)
        self.sides: tuple[Side, ...] = (exchange.side,) if exchange is not None else ()
        if exchange is None and self._clearances:
            self.sides = tuple(self.site.sides)
        """The sides whose clearances are hosted."""
        self.unanswered = [
            *((FLEET_MANAGER,) if self.has_fleet else ()),
            *(device.id for device in self.devices),
            *self._clearances,
        ]
        """Machines whose actor has not answered yet."""
        self._site_path, self.seed, self._driver = site_path, seed, driver
        self._store = store
        self._simulated_time = simulated_time

    def __enter__(self) -> Self:
        self._folder = tempfile.mkdtemp(prefix="bordergate-")  # mode 700
        self.bus = Bus(self._folder)
        if self._simulated_time:
            kept_in = str(Path(self._folder) / CLOCK_FILE)
            self.gate_time = msgspec.structs.replace(self.gate_time, kept_in=kept_in)
            ClockKeeper(self.gate_time)  # so that there is a clock to look at from the start
        self.keeper = EventKeeper(self.bus)
        self.forwarder = SignalForwarder(self.bus)
        self.signals = SignalReader(self.bus)
        with contextlib.ExitStack() as begun:
            begun.callback(shutil.rmtree, self._folder, ignore_errors=True)
            self._links: LinkFactory = _no_link
            if self.has_fleet:
                self._links = begun.enter_context(self._driver(self._driven()))
            begun.enter_context(_ray())
            self._begun = begun.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._begun.close()

    def start(self, progress: Callable[[str, int], None]) -> None:
        """Start an actor for every machine; `progress` hears (name, process) of each."""
        fleet = makers(self.site, self.roadmap, self.day) if self.has_fleet else {}
        every = {**fleet, **self._clearances}
        for name, process in start_hosts(every, self._ports):
            self.unanswered.remove(name)
            progress(name, process)

    def _ports(self, name: str) -> Ports:
        """Those of one machine. A device's process loads neither a database nor HTTP."""
        ports = Ports(clock=self.gate_time, link=self._links, sink=EventSinks(self.bus))
        if self.exchange is not None and name == clearance_name(self.exchange.peer):
            links = ExchangeLinks(self.exchange, self.gate_time)
            return msgspec.structs.replace(ports, link=links)
        if self._store is not None and name in map(clearance_name, self.sides):
            return msgspec.structs.replace(ports, journal=StoreJournals(self._store.url))
        return ports

    def ask(self, message: Message) -> Message:
        """Put a message to the fleet manager.

        Raises:
            ConnectionError: it is not up.
            TimeoutError: it has not answered in time.
        """
        if not self.has_fleet:
            raise ConnectionError("the fleet is run by the other side's gate")
        if FLEET_MANAGER in self.unanswered:
            raise ConnectionError("the fleet manager is still being started")
        reply = ask_host(FLEET_MANAGER, message)
        assert reply is not None, f"no reply to {type(message).__name__}"
        return reply

    def tell(self, side: Side, message: Message) -> BorderAnswer:
        """Put an officer's or an enterprise's word to the clearance of a side; raises as `ask`."""
        name = clearance_name(side)
        if name in self.unanswered:
            raise ConnectionError(f"{name} is still being started")
        reply = ask_host(name, message)
        assert isinstance(reply, BorderAnswer), f"no answer to {type(message).__name__}"
        return reply

    def _driven(self) -> Driven:
        return Driven(
            site_path=self._site_path,
            site=self.site,
            roadmap=self.roadmap,
            day=self.day,
            devices=self.devices,
            seed=self.seed,
            gate_time=self.gate_time,
            bus=self.bus,
        )


def _no_link(_name: str) -> Link | None:
    """Of a gate without devices."""
    return None


@contextlib.contextmanager
def _ray() -> Iterator[None]:
    """Ray's node. It dies with the *thread* that started it, so that is no helper thread."""
    roots: list[psutil.Process] = []
    try:
        roots = _start_ray()
        yield
    finally:
        _stop_ray(roots)


def _start_ray() -> list[psutil.Process]:
    """Start it; its processes that are children of this one.

    Ray gives its node 30 s, which a busy machine may not keep: then it is started once more.
    """
    this = psutil.Process()
    others = set(this.children())
    for tries_left in reversed(range(RAY_TRIES)):
        try:
            start_ray()
            break
        except BaseException as error:  # whatever ends it, an interrupt too, leaves processes
            _stop_ray([child for child in this.children() if child not in others])
            if not tries_left or RAY_LATE not in str(error):
                raise
    return [child for child in this.children() if child not in others]


def _stop_ray(roots: list[psutil.Process]) -> None:
    """End it, and all its processes.

    Ray's own agents look only every few seconds whether their node is still there. Actors have
    nothing to tidy up: without them, robots stop by themselves.
    """
    started = [*roots, *(process for root in roots for process in root.children(True))]
    stop_ray()
    for process in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(started, timeout=END_S)
