"""The plant live: all simulated controllers of a site in one process, on the gate's clock.

Or its AGVs are the models of a Gazebo server, which shows its cranes, too, and the gate's clock is
that server's.

Run as `python -m sim.plant.server`; its order comes on standard input as JSON (`PlantOrder`). It
ends when its standard input ends, so that it never outlives the process that started it.
"""

import datetime
import heapq
import math
import os
import select
import sys
import time
from pathlib import Path

import msgspec
import zmq

from actors.codec import decode_message, encode
from actors.effects import CancelTimer, Effect, Send, SetTimer
from actors.messages import LinkLost, LinkRestored, Message, Started, TimerFired
from actors.site.expand import expand
from actors.site.load import load_site
from robotics.clock import GateTime
from robotics.gazebo.vehicle import GazeboVehicle
from robotics.telemetry import Bus, Frame, SignalPublisher
from robotics.vehicle import Vehicle
from robotics.zmq_link import HEARTBEAT_S, SILENCE_S
from sim.arrivals import TRUCK_HS
from sim.plant.crane import CraneController
from sim.plant.gazebo_agvs import GazeboAgvs
from sim.plant.gazebo_cranes import GazeboCranes
from sim.plant.image_works import ImagesSetup, ImageWorks
from sim.plant.scanner import ScannerController
from sim.plant.vehicle import VehicleController
from sim.plant.watched import Watched
from sim.plant.wiring import Controller, controllers

CUT, JOINED = b"cut", b"joined"
"""Third frame of a command to the wire itself: [device, b"", CUT]."""
TICK_S = 0.1
"""Signals are sampled at 10 Hz of the wall clock."""


class PlantOrder(msgspec.Struct, frozen=True):
    """What the plant is to be."""

    site: str
    """Path of the site file."""
    day: datetime.date
    seed: int
    bus: Bus
    gate_time: GateTime
    gazebo: bool = False
    """The AGVs are models of the server that the environment names, which keeps the gate's time."""
    images: ImagesSetup | None = None
    """None: nobody makes images, and scans are as `sim.plant.scanner` draws them."""
    watched: bool = False
    """The independent checker watches the vehicles; what it found is said at the end."""
    log: str = ""
    """File for the times at which reports leave and grants arrive, for measurement; or none."""


class PlantServer:
    """The loop: commands in, timers, reports out, heartbeats, and signals at 10 Hz."""

    def __init__(self, order: PlantOrder) -> None:
        site = load_site(Path(order.site), order.day)
        roadmap = expand(site, order.day)
        self._controllers: dict[str, Controller] = controllers(
            site, roadmap, order.day, order.seed,
            GazeboVehicle if order.gazebo else VehicleController,
        )  # fmt: skip
        vehicles = [each for each in self._controllers.values() if isinstance(each, Vehicle)]
        self._gazebo: GazeboAgvs | None = None
        self._cranes: GazeboCranes | None = None
        if order.gazebo:
            steered = [each for each in vehicles if isinstance(each, GazeboVehicle)]
            self._gazebo = GazeboAgvs(order.gate_time, site, roadmap, steered, os.environ)
            self._cranes = GazeboCranes(
                self._gazebo.node, self._gazebo.package, site, roadmap,
                [each for each in self._controllers.values() if isinstance(each, CraneController)],
            )  # fmt: skip
        self._clock = order.gate_time()
        self._timers: list[tuple[int, int, str, str]] = []
        self._live: dict[tuple[str, str], int] = {}
        self._settings = 0
        self._heard_s = dict.fromkeys(self._controllers, 0.0)
        self._cut_off = set(self._controllers)
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
        order.bus.check_folder()
        self._commands = context.socket(zmq.PULL)
        self._commands.bind(order.bus.commands_at)
        self._reports = context.socket(zmq.ROUTER)
        self._reports.bind(order.bus.reports_at)
        self._signals = SignalPublisher(order.bus)
        self._log = open(order.log, "wb") if order.log else None  # noqa: SIM115 - for its life
        self._poller = zmq.Poller()
        self._works: ImageWorks | None = None
        if order.images is not None:
            # Lorries bring the same goods in containers of all sizes.
            sizes = [name for name, share in site.arrivals.size_types.items() if share]
            expected = tuple((TRUCK_HS, size_type) for size_type in sizes)
            self._works = ImageWorks(order.images, order.seed, expected, self._poller)
        for controller in self._controllers.values():
            if isinstance(controller, ScannerController):
                controller.imager = self._works
        self._cut: set[str] = set()
        """Devices whose wire is cut on purpose."""
        self._watched: Watched | None = None
        if order.watched:
            self._watched = Watched(site, roadmap, vehicles)

    def run(self) -> None:
        """Until standard input ends."""
        poller = self._poller
        poller.register(self._commands, zmq.POLLIN)
        poller.register(self._reports, zmq.POLLIN)
        poller.register(sys.stdin.fileno(), select.POLLIN)
        if self._gazebo is not None:
            poller.register(self._gazebo.woken, select.POLLIN)
        for name in self._controllers:
            self._handle(name, Started())
            self._handle(name, LinkLost())
        beat_s = tick_s = time.monotonic()
        step_s = math.inf
        while True:
            now_s = time.monotonic()
            wait_s = max(self._wait_s(min(beat_s, tick_s, step_s) - now_s), 0.0)
            ready = dict(poller.poll(math.ceil(wait_s * 1000)))
            if sys.stdin.fileno() in ready and not sys.stdin.buffer.read(1):
                return
            if self._commands in ready:
                self._take_commands()
            if self._reports in ready:
                self._take_heartbeats()
            if self._gazebo is not None and self._gazebo.woken in ready:
                for agv, message in self._gazebo.news():
                    self._handle(agv, message)
            self._fire_timers()
            now_s = time.monotonic()
            if self._gazebo is not None:
                step_s = now_s + self._gazebo.go_on(now_s)
            if self._cranes is not None:
                self._cranes.show(self._clock.now_ns())
            if self._works is not None:
                self._see_to_images(self._works, self._works.ready in ready, now_s)
            if now_s >= beat_s:
                beat_s = now_s + HEARTBEAT_S
                self._beat(now_s)
            if now_s >= tick_s:
                tick_s = max(tick_s + TICK_S, now_s)
                self._sample()

    def _see_to_images(self, works: ImageWorks, is_ready: bool, now_s: float) -> None:
        made = works.take(now_s) if is_ready else None
        if made is not None:
            self._handle(made.device, made.scan)
        works.work(now_s)

    def found(self) -> list[str]:
        """What the checker found; nothing where nobody watches."""
        return self._watched.finish(self._clock.now_ns()) if self._watched is not None else []

    def close(self) -> None:
        """End what it has started."""
        if self._gazebo is not None:
            self._gazebo.close()
        if self._works is not None:
            self._works.close()

    def _wait_s(self, until_next_s: float) -> float:
        due_ns = [self._timers[0][0]] if self._timers else []
        if self._watched is not None and self._watched.due_ns is not None:
            due_ns.append(self._watched.due_ns)
        now_ns = self._clock.now_ns()
        return min([until_next_s, *(self._clock.wall_s(at_ns - now_ns) for at_ns in due_ns)])

    def _take_commands(self) -> None:
        while True:
            try:
                parts = self._commands.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            name = parts[0].decode(errors="replace")
            if name not in self._controllers or len(parts) not in (2, 3):
                continue  # for nobody here
            if len(parts) == 3:  # of the wire itself
                self._cut = self._cut | {name} if parts[2] == CUT else self._cut - {name}
                continue
            if name in self._cut:
                continue
            try:
                message = decode_message(parts[1])
            except msgspec.DecodeError:
                continue  # its sender will ask again
            self._note(b"command", name, parts[1])
            self._handle(name, message)

    def _take_heartbeats(self) -> None:
        while True:
            try:
                identity, *_ = self._reports.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            name = identity.decode(errors="replace")
            if name in self._heard_s and name not in self._cut:
                self._heard_s[name] = time.monotonic()
                if name in self._cut_off:
                    self._cut_off.discard(name)
                    self._handle(name, LinkRestored())

    def _beat(self, now_s: float) -> None:
        """Tell every link that we are here, and stop the robots of those that are silent."""
        if self._gazebo is not None and not self._gazebo.is_served:
            return  # no robot is there any more, and no time passes
        for name, heard_s in self._heard_s.items():
            if name not in self._cut:
                self._reports.send_multipart([name.encode(), b""])
            if name not in self._cut_off and now_s - heard_s > SILENCE_S:
                self._cut_off.add(name)
                self._handle(name, LinkLost())

    def _fire_timers(self) -> None:
        while self._timers and self._timers[0][0] <= self._clock.now_ns():
            _, setting, name, timer = heapq.heappop(self._timers)
            if self._live.get((name, timer)) == setting:
                del self._live[name, timer]
                self._handle(name, TimerFired(timer))
        watched, now_ns = self._watched, self._clock.now_ns()
        if watched is not None and watched.due_ns is not None and watched.due_ns <= now_ns:
            watched.look(now_ns)

    def _handle(self, name: str, message: Message) -> None:
        now_ns = self._clock.now_ns()
        controller = self._controllers[name]
        effects = controller.handle(message, now_ns)
        if self._gazebo is not None and isinstance(controller, GazeboVehicle):
            self._gazebo.drive(controller, now_ns)
        if self._watched is not None:
            self._watched.saw(name, message, effects, now_ns)
        self._carry_out(name, effects)

    def _carry_out(self, name: str, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(to, message):
                    data = encode(message)
                    self._note(b"report", name, data)
                    if name not in self._cut:
                        self._reports.send_multipart([to.encode(), data])
                case SetTimer(timer, at_ns):
                    self._settings += 1
                    self._live[name, timer] = self._settings
                    heapq.heappush(self._timers, (at_ns, self._settings, name, timer))
                case CancelTimer(timer):
                    self._live.pop((name, timer), None)
                case _:
                    raise AssertionError(f"a controller has no {type(effect).__name__}")

    def _sample(self) -> None:
        now_ns = self._clock.now_ns()
        vehicles, stations = [], []
        for controller in self._controllers.values():
            if isinstance(controller, Vehicle):
                vehicles.append(controller.signal(now_ns))
            else:
                stations.append(controller.signal(now_ns))
        self._signals.publish(Frame(now_ns, tuple(vehicles), tuple(stations)))

    def _note(self, kind: bytes, name: str, data: bytes) -> None:
        if self._log is not None:
            line = (time.monotonic_ns(), kind, name, data)
            record = msgspec.msgpack.encode(line)
            self._log.write(len(record).to_bytes(4, "big") + record)


def main() -> None:
    """Read the order, say "ready", and run."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=PlantOrder)
    try:
        server = PlantServer(order)
    except (OSError, ValueError) as error:
        print(error, flush=True)
        sys.exit(1)
    try:
        print("ready", flush=True)
        server.run()
        print(msgspec.json.encode(server.found()).decode(), flush=True)
    finally:
        server.close()


if __name__ == "__main__":
    main()
