"""A real node that speaks standard messages only, behind the real rosbridge server."""

import contextlib
import math
import queue
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

from msgspec.structs import replace

from actors.messages import (
    AgvState,
    ConfirmLoad,
    ExtendGrant,
    FaultChanged,
    LinkLost,
    LinkRestored,
    LoadConfirmed,
    Message,
    QueryState,
    Stood,
)
from actors.safety import LimitSpeed
from actors.site.devices import devices
from actors.site.model import RobotsSection
from robotics.clock import GateTime
from robotics.ros.bounds import Bounds
from robotics.ros.domain import RosDomain
from robotics.ros.links import ros_links
from robotics.ros.rosbridge import Rosbridge
from tests.gate import DAY, DEMO, ROADMAP
from tests.ros_gate import AGV, walk

ROBOT = Path(__file__).with_name("ros_standard_agv.py")
SPEED_MPS = 8.0

M = TypeVar("M", bound=Message)


def heard(
    told: "queue.SimpleQueue[Message]", kind: type[M], ask: Callable[[], None] = lambda: None
) -> M:
    """The next message of a kind; what is asked for is asked again each second."""
    end_s = time.monotonic() + 15
    asked_s = 0.0
    others: list[Message] = []
    while time.monotonic() < end_s:
        if time.monotonic() >= asked_s + 1:
            asked_s = time.monotonic()
            ask()
        with contextlib.suppress(queue.Empty):
            message = told.get(timeout=0.1)
            if isinstance(message, kind):
                return message
            others.append(message)
    raise AssertionError(f"no {kind.__name__} has come; the last: {others[-5:]}")


class Placed:
    """A robot of the profile at AGV-001's home, with its link to it, and what that has told."""

    def __init__(self, domain: RosDomain, url: str, folder: Path, robots: RobotsSection) -> None:
        site = replace(DEMO, robots=(robots,))
        gate_time = GateTime(epoch_ns=time.time_ns())
        links = ros_links(site, ROADMAP, devices(site, DAY), url, gate_time, folder)
        links = replace(links, bounds=Bounds(2 * SPEED_MPS, links.bounds.skew_ns))
        self.visits = walk(4)
        points = ROADMAP.edges[self.visits[0].edges[0]].points
        (x0, y0), (x1, y1) = points[-2], points[-1]
        pose = [str(value) for value in (x1, y1, math.atan2(y1 - y0, x1 - x0), SPEED_MPS)]
        nav2 = ["0.5", str(gate_time.epoch_ns), "1", "nav2"] if robots.profile == "nav2" else []
        self.robot = domain.start_python(str(ROBOT), "agv_001", *pose, *nav2)
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        link = links(AGV)
        assert link is not None
        self.link = link
        self.told: queue.SimpleQueue[Message] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def open(self) -> None:
        """Connect, and see that it stands where it was put."""
        assert self.said() == "ready"
        self.link.open(self.told.put)
        heard(self.told, LinkRestored)
        truth = heard(self.told, AgvState, lambda: self.link.send(QueryState()))
        assert (truth.visits, truth.stood) == ((self.visits[0],), 0)

    def __exit__(self, *_: object) -> None:
        self.link.close()
        self.robot.kill()
        self.robot.wait()

    def said(self) -> str:
        """The next line that the robot writes."""
        return self._lines.get(timeout=15)

    def _read(self) -> None:
        assert self.robot.stdout is not None
        for line in self.robot.stdout:
            self._lines.put(line.decode().rstrip("\n"))

    def said_until(self, last: str) -> list[str]:
        """Its lines up to one."""
        return list(iter(self.said, last))


def test_a_robot_that_speaks_standard_messages_is_placed_drives_and_is_found_again(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path: Path
):
    robots = RobotsSection(profile="standard", agvs=(AGV,))
    with Placed(ros_domain, rosbridge.url, tmp_path, robots) as placed:
        placed.open()
        link, told, robot = placed.link, placed.told, placed.robot
        link.send(ExtendGrant(1, tuple(placed.visits[1:])))
        assert heard(told, Stood).seq == 3
        link.send(ConfirmLoad(1, "CSQU3054383"))
        assert heard(told, LoadConfirmed).step == 1
        assert placed.said() == "load True"
        for wrong, kind in ((signal.SIGUSR1, "frame"), (signal.SIGUSR2, "form")):
            robot.send_signal(wrong)
            heard(told, LinkLost)
            assert link.counts()[f"refused: {kind}"] > 0
            robot.send_signal(wrong)
            heard(told, LinkRestored)
        rosbridge.restart()
        heard(told, LinkLost)
        heard(told, LinkRestored)
        truth = heard(told, AgvState, lambda: link.send(QueryState()))
        assert (truth.grant, truth.stood, truth.container) == (1, 3, "CSQU3054383")


def test_a_robot_with_nav2_is_driven_by_goals_stopped_by_cancelling_and_goes_on_after_an_outage(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path: Path
):
    robots = RobotsSection(profile="nav2", agvs=(AGV,), controller_id="front")
    with Placed(ros_domain, rosbridge.url, tmp_path, robots) as placed:
        placed.open()
        link, told = placed.link, placed.told
        link.send(ExtendGrant(1, tuple(placed.visits[1:2])))
        assert placed.said().endswith(" front")
        link.send(ExtendGrant(2, tuple(placed.visits[2:3])))  # while it drives
        assert placed.said() == "preempted"
        assert placed.said().startswith("goal ")
        link.send(LimitSpeed(5, 0.0, "smoke"))
        assert placed.said_until("canceled") == []
        link.send(LimitSpeed(6, None))
        assert placed.said().startswith("goal ")
        rosbridge.process.kill()
        assert placed.said() == "unheard"  # its own keeper: nothing is told by the gate
        heard(told, LinkLost)
        rosbridge.process.wait()
        rosbridge.start()
        heard(told, LinkRestored)
        placed.said_until(
            "reached"
        )  # a goal that came before the first path was ended by the keeper
        assert heard(told, Stood).seq == 2
        placed.robot.send_signal(signal.SIGALRM)
        link.send(ExtendGrant(3, tuple(placed.visits[3:])))
        fault = heard(told, FaultChanged)
        assert fault.fault == "follow_path fails again and again"
        placed.robot.send_signal(signal.SIGALRM)
        assert heard(told, FaultChanged).fault == ""
        assert heard(told, Stood).seq == 3
