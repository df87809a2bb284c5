"""A gate in small for tests of the ROS link: an AGV's own host and link, and who sends it about.

The host is the one that runs on Ray, but for its sends, which end here. The road is a walk over the
demo's roadmap; each step leads three visits further, and then something is done: what a load or a
charge is answered with is the robot's own business.
"""

import contextlib
import json
import queue
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from actors.agv import Agv
from actors.codec import encode
from actors.host import Host, Ports
from actors.messages import (
    Action,
    AgvReport,
    Event,
    ExtendGrant,
    Message,
    RequestTransfer,
    SetPosition,
    StartStep,
    TransferDone,
    Visit,
)
from actors.site.devices import devices
from robotics.clock import GateTime
from robotics.ros.bounds import Bounds
from robotics.ros.domain import RosDomain
from robotics.ros.link import RosLink
from robotics.ros.links import RosLinks, ros_links
from tests.gate import DAY, DEMO, ROADMAP

AGV = "AGV-001"
ROBOT = Path(__file__).with_name("ros_agv.py")
SPEED_MPS = 40.0
VISITS_A_STEP = 3
ACTIONS: tuple[Action, ...] = ("park", "load", "charge", "unload")
REPEAT_S = 0.2


class LocalHost(Host):
    """The host of one machine in this process; what it sends is kept."""

    def __init__(self, make: Callable[[], Agv], ports: Ports) -> None:
        self.sent: queue.SimpleQueue[Message] = queue.SimpleQueue()
        super().__init__(make, ports)

    def _send(self, to: str, message: Message) -> None:
        self.sent.put(message)


class NoSink:
    """Nobody follows the events of this gate."""

    def record(self, event: Event, at_ns: int) -> None:
        """Leave it out."""


def links(url: str, folder: Path) -> RosLinks:
    """The demo's links, for robots that are faster than its AGVs."""
    gate_time = GateTime(epoch_ns=time.time_ns())
    made = ros_links(DEMO, ROADMAP, devices(DEMO, DAY), url, gate_time, folder)
    return replace(made, bounds=Bounds(1.5 * SPEED_MPS, made.bounds.skew_ns))


def walk(length: int) -> list[Visit]:
    """Visits of a walk that begins in the AGV's home and always finds a way on."""
    draw = random.Random(1)
    ways: dict[str, list[str]] = {}
    for edge in ROADMAP.edges.values():
        ways.setdefault(edge.start, []).append(edge.id)
    home = next(d.home for d in devices(DEMO, DAY) if d.id == AGV)
    edge = ROADMAP.standing_edge(home)
    visits = [Visit(0, edge.zone, (edge.id,))]
    while len(visits) < length:
        onward = [e for e in ways[edge.end] if ROADMAP.edges[e].end in ways]
        edge = ROADMAP.edges[draw.choice(onward)]
        visits.append(Visit(len(visits), edge.zone, (edge.id,)))
    return visits


class Robot:
    """The controller of `tests/ros_agv.py` in a process, and what it has noted."""

    def __init__(self, domain: RosDomain, folder: Path, name: str = "agv_001") -> None:
        self._domain, self._memory, self._name = domain, folder / f"{name}.json", name
        self.notes: list[dict[str, Any]] = []
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        arguments = (str(ROBOT), self._name, str(self._memory), str(SPEED_MPS))
        self.process = process = self._domain.start_python(*arguments)
        ready = threading.Event()

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                self.notes.append(json.loads(line))
                ready.set()

        self._reader = threading.Thread(target=read, daemon=True)
        self._reader.start()
        assert ready.wait(30), "the robot does not come up"

    def kill(self) -> None:
        """End it as a failure of power would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self._reader.join()

    def noted(self, key: str) -> list[Any]:
        """All that was noted under a key."""
        return [note[key] for note in list(self.notes) if key in note]


@contextlib.contextmanager
def robot_in(domain: RosDomain, folder: Path, name: str = "agv_001") -> Iterator[Robot]:
    """A robot that is up, and is ended in the end."""
    robot = Robot(domain, folder, name)
    robot.start()
    try:
        yield robot
    finally:
        robot.kill()


class Drive:
    """Sends one AGV along its walk, step by step, as long as it is run."""

    def __init__(self, made: RosLinks, steps: int, agv: str = AGV) -> None:
        self.visits = walk(steps * VISITS_A_STEP + 1)
        self.steps = steps
        self.granted = 0
        """`seq` of the last visit that was given."""
        link = made(agv)
        assert link is not None
        self.link: RosLink = link
        ports = Ports(clock=made.gate_time, link=lambda _name: link, sink=lambda _name: NoSink())
        self.host = LocalHost(partial(Agv, agv, "fleet-manager"), ports)
        self._report: AgvReport | None = None
        self._step = 0

    @property
    def done(self) -> bool:
        """Whether the last step has been done."""
        return self._step > self.steps

    @property
    def step(self) -> int:
        """The step that is being made."""
        return self._step

    def run(self, until: Callable[[], bool], limit_s: float) -> None:
        """Go on until something is so; the failure of a test if that takes too long."""
        end_s = time.monotonic() + limit_s
        told_s = 0.0
        while not until():
            assert time.monotonic() < end_s, (self._step, self._report, self.link.counts())
            with contextlib.suppress(queue.Empty):
                self._hear(self.host.sent.get(timeout=0.02))
            if time.monotonic() - told_s >= REPEAT_S:
                told_s = time.monotonic()
                self._tell()

    def run_for(self, span_s: float) -> None:
        """Go on for some time [s]."""
        end_s = time.monotonic() + span_s
        self.run(lambda: time.monotonic() >= end_s, span_s + 5)

    def run_to_step(self, step: int, limit_s: float) -> None:
        """Go on until a step is begun."""
        self.run(lambda: self._step >= step, limit_s)

    def run_to_end(self, limit_s: float) -> None:
        """Go on until all steps are done."""
        self.run(lambda: self.done, limit_s)

    def close(self) -> None:
        """End the link."""
        self.link.close()

    def _hear(self, message: Message) -> None:
        match message:
            case AgvReport():
                self._report = message
                if message.step == self._step and message.phase == "done":
                    self._step += 1
                    self._tell()
            case RequestTransfer(step):
                self.host.deliver(encode(TransferDone(step, "VN-C1")))
            case _:
                pass

    def _tell(self) -> None:
        """Where it stands first; then the step and the road that it has not taken yet."""
        report = self._report
        if report is None or self.done:
            return
        if self._step == 0:
            if report.stood != 0:
                self.host.deliver(encode(SetPosition(self.visits[0])))
                return
            self._step = 1
        step = self._step
        arrive = step * VISITS_A_STEP
        if report.accepted < step:
            action = ACTIONS[step % len(ACTIONS)]
            start = StartStep(step, action, "VN-C1", "VN-C1-P1", arrive, until_pct=90.0)
            self.host.deliver(encode(start))
        if report.grant < step:
            self.granted = arrive
            visits = tuple(self.visits[arrive - VISITS_A_STEP + 1 : arrive + 1])
            self.host.deliver(encode(ExtendGrant(step, visits)))


def check(drive: Drive, robot: Robot) -> None:
    """The robot has only done what it was told, in time, and everything once."""
    end_m, lengths = 0.0, {}
    for visit in drive.visits:
        end_m += sum(ROADMAP.edges[edge].length_m for edge in visit.edges)
        lengths[visit.seq] = end_m
    for note in robot.notes:
        if "at_m" in note:
            assert note["end"] <= drive.granted
            assert note["at_m"] <= lengths[note["end"]] + 0.01
        if note.get("result") == 0:
            assert note["late_s"] <= 0, f"acted on when its deadline had passed: {note}"
    loaded, charging = robot.noted("loaded"), robot.noted("charging")
    assert loaded == sorted(set(loaded)), "a load was confirmed twice"
    assert charging == sorted(set(charging)), "charged twice for one step"
