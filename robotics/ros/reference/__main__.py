"""Reference controllers in one process: `python -m robotics.ros.reference [ORDER.json]`.

Without a file the order (`order.py`) is one line on standard input; then the process says "ready",
and ends when its standard input does, so that it never outlives who started it.
"""

import contextlib
import sys
import threading
from pathlib import Path
from random import Random

import msgspec
import rclpy
from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor

from robotics.clock import GateClock
from robotics.ros.reference.agv import Agv
from robotics.ros.reference.crane import Crane
from robotics.ros.reference.device import Device
from robotics.ros.reference.order import AgvSetup, CraneSetup, ReferenceOrder, Setup
from robotics.ros.reference.scanner import Scanner


def make(setup: Setup, clock: GateClock, seed: int) -> Device:
    """The node of one device; each draws from its own random source."""
    if isinstance(setup, AgvSetup):
        return Agv(setup, clock)
    random = Random(f"{seed}/{setup.device}")
    if isinstance(setup, CraneSetup):
        return Crane(setup, clock, random)
    return Scanner(setup, clock, random)


def main() -> None:
    """Read the order, say "ready", and run."""
    from_file = len(sys.argv) > 1
    data = Path(sys.argv[1]).read_bytes() if from_file else sys.stdin.buffer.readline()
    order = msgspec.json.decode(data, type=ReferenceOrder)
    rclpy.init()
    clock = order.gate_time()
    executor = SingleThreadedExecutor()  # all callbacks of all devices in turn: no locks needed
    devices = [make(setup, clock, order.seed) for setup in order.devices]
    for device in devices:
        executor.add_node(device)
        device.begin()
    if not from_file:
        threading.Thread(target=_end_with_input, name="input", daemon=True).start()
    print("ready", flush=True)
    with contextlib.suppress(ExternalShutdownException, ShutdownException, KeyboardInterrupt):
        executor.spin()


def _end_with_input() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    rclpy.try_shutdown()


if __name__ == "__main__":
    main()
