"""A real node that speaks standard messages only, behind the real rosbridge server."""

import math
import queue
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from actors.messages import (
    AgvState,
    ConfirmLoad,
    ExtendGrant,
    LinkLost,
    LinkRestored,
    LoadConfirmed,
    Message,
    QueryState,
    Stood,
)
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
    while time.monotonic() < end_s:
        ask()
        try:
            while True:
                message = told.get(timeout=1)
                if isinstance(message, kind):
                    return message
        except queue.Empty:
            continue
    raise AssertionError(f"no {kind.__name__} has come")


def test_a_robot_that_speaks_standard_messages_is_placed_drives_and_is_found_again(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path: Path
):
    site = replace(DEMO, robots=(RobotsSection(profile="standard", agvs=(AGV,)),))
    gate_time = GateTime(epoch_ns=time.time_ns())
    links = ros_links(site, ROADMAP, devices(site, DAY), rosbridge.url, gate_time, tmp_path)
    links = replace(links, bounds=Bounds(2 * SPEED_MPS, links.bounds.skew_ns))
    visits = walk(4)
    points = ROADMAP.edges[visits[0].edges[0]].points
    (x0, y0), (x1, y1) = points[-2], points[-1]
    pose = [str(value) for value in (x1, y1, math.atan2(y1 - y0, x1 - x0), SPEED_MPS)]
    robot = ros_domain.start_python(str(ROBOT), "agv_001", *pose)
    link = links(AGV)
    assert link is not None
    told: queue.SimpleQueue[Message] = queue.SimpleQueue()
    try:
        assert robot.stdout is not None
        assert robot.stdout.readline() == b"ready\n"
        link.open(told.put)
        heard(told, LinkRestored)
        truth = heard(told, AgvState, lambda: link.send(QueryState()))
        assert (truth.visits, truth.stood) == ((visits[0],), 0)
        link.send(ExtendGrant(1, tuple(visits[1:])))
        assert heard(told, Stood).seq == 3
        link.send(ConfirmLoad(1, "CSQU3054383"))
        assert heard(told, LoadConfirmed).step == 1
        assert robot.stdout.readline() == b"load True\n"
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
    finally:
        link.close()
        robot.kill()
        robot.wait()
