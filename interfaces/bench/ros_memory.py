"""Memory of a process that holds an AGV's link and machine, for `bordergate bench ros`.

Run as `python -m interfaces.bench.ros_memory LINK`, where LINK is `ros URL ROADS` or `zmq FOLDER`:
it opens the link, says its own PSS [MiB] when it has settled, and ends.
"""

import subprocess
import sys
import time

import psutil

import actors.host  # noqa: F401 - what the process of every device has loaded
from actors.agv import Agv
from robotics.clock import GateTime
from robotics.link_account import LinkAccount

AGV = "AGV-001"
SETTLE_S = 3.0
"""So long until the link has connected and hears its device."""
MIB = 2**20


def pss_mib(*link: str) -> float:
    """What such a process says of itself."""
    command = [sys.executable, "-m", "interfaces.bench.ros_memory", *link]
    return float(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)


def main() -> None:
    """Be the process of one AGV for a while."""
    kind, where = sys.argv[1:3]
    _machine = Agv(AGV, "fleet-manager")
    clock = GateTime(epoch_ns=time.time_ns())()
    account = LinkAccount(AGV, clock, None)
    if kind == "ros":
        from robotics.ros.agv_talk import AgvTalk
        from robotics.ros.bounds import Bounds
        from robotics.ros.link import RosLink
        from robotics.ros.road_file import RoadFile

        talk = AgvTalk(AGV, RoadFile(sys.argv[3]), Bounds(10.0, 10**9), 2 * 10**9, 2.0)
        ros = RosLink(where, "agv_001", talk, clock, account, None)
        ros.open(lambda _message: None)
        time.sleep(SETTLE_S)
        if not ros.alive:
            sys.exit(f"the link hears nothing of {AGV}")
    else:
        from robotics.telemetry import Bus
        from robotics.zmq_link import ZmqLink

        zmq = ZmqLink(Bus(where), AGV, account)
        zmq.open(lambda _message: None)
        time.sleep(SETTLE_S)
    print(psutil.Process().memory_full_info().pss / MIB)


if __name__ == "__main__":
    main()
