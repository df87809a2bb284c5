"""The live gate: the composition root that puts the parts of a running gate together.

Here, and nowhere else, machines meet their runtime, links, clock and data plane.
"""

import contextlib
import datetime
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import psutil

from actors.host import Ports, ask_host, start_hosts, start_ray, stop_ray
from actors.messages import Message
from actors.site.devices import FLEET_MANAGER, devices
from actors.site.expand import expand
from actors.site.load import load_site
from actors.wiring import makers
from robotics.clock import GateTime
from robotics.telemetry import Bus, EventKeeper, EventSinks, SignalForwarder, SignalReader
from robotics.zmq_link import ZmqLinks
from sim.plant.server import PlantOrder

PLANT_READY_S = 30.0
END_S = 1.5
"""What has been told to end is given so long, then it is killed."""


class PlantError(RuntimeError):
    """The process of the simulated controllers did not come up."""


class LiveGate:
    """A gate whose devices are Ray actors and whose robots are simulated, live.

    Enter it to have the data plane, the plant and Ray; `start` then starts the actors. Leaving it
    ends every process that was started. `keeper` and `signals` are read and closed by a `ViewPump`.
    """

    def __init__(
        self, site_path: Path, *, speed: float = 1.0, seed: int = 1, plant_log: str = ""
    ) -> None:
        self.day = datetime.datetime.now(datetime.UTC).date()
        self.site = load_site(site_path, self.day)
        self.roadmap = expand(self.site, self.day)
        self.devices = devices(self.site, self.day)
        self.gate_time = GateTime(epoch_ns=time.time_ns(), speed=speed)
        self.unanswered = [FLEET_MANAGER, *(device.id for device in self.devices)]
        """Machines whose actor has not answered yet."""
        self._site_path, self._seed, self._plant_log = site_path, seed, plant_log
        self._ray = False

    def __enter__(self) -> Self:
        self._folder = tempfile.mkdtemp(prefix="bordergate-")  # mode 700
        self.bus = Bus(self._folder)
        self.keeper = EventKeeper(self.bus)
        self.forwarder = SignalForwarder(self.bus)
        self.signals = SignalReader(self.bus)
        self._plant = self._start_plant()
        # Ray's node dies with the *thread* that started it, so that is not left to a helper thread.
        start_ray()
        self._ray = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        started = psutil.Process().children(recursive=True)
        assert self._plant.stdin is not None
        self._plant.stdin.close()  # its signal to end
        if self._ray:
            stop_ray()
        # Ray's own agents look only every few seconds whether their node is still there. Actors
        # have nothing to tidy up: without them, robots stop by themselves.
        for process in started:
            if process.pid != self._plant.pid:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        _, left = psutil.wait_procs(started, timeout=END_S)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self, progress: Callable[[str, int], None]) -> None:
        """Start an actor for every machine; `progress` hears (name, process) of each."""
        controlled = frozenset(d.id for d in self.devices if d.kind != "lane")
        ports = Ports(
            clock=self.gate_time,
            link=ZmqLinks(self.bus, controlled),
            sink=EventSinks(self.bus),
        )
        every = makers(self.site, self.roadmap, self.day)
        for name, process in start_hosts(every, ports):
            self.unanswered.remove(name)
            progress(name, process)

    def ask(self, message: Message) -> Message:
        """Put a message to the fleet manager.

        Raises:
            ConnectionError: it is not up.
            TimeoutError: it has not answered in time.
        """
        if FLEET_MANAGER in self.unanswered:
            raise ConnectionError("the fleet manager is still being started")
        reply = ask_host(FLEET_MANAGER, message)
        assert reply is not None, f"no reply to {type(message).__name__}"
        return reply

    def _start_plant(self) -> subprocess.Popen[bytes]:
        order = PlantOrder(
            site=str(self._site_path.resolve()),
            day=self.day,
            seed=self._seed,
            bus=self.bus,
            gate_time=self.gate_time,
            log=self._plant_log,
        )
        plant = subprocess.Popen(
            [sys.executable, "-m", "sim.plant.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the gate, which ends its plant in order
        )
        assert plant.stdin is not None
        assert plant.stdout is not None
        plant.stdin.write(msgspec.json.encode(order) + b"\n")
        plant.stdin.flush()
        if plant.stdout.readline() != b"ready\n":
            raise PlantError(f"the plant ended with code {plant.wait(PLANT_READY_S)}")
        return plant
