"""The robots of a site as ROS nodes: reference controllers, in processes of their own.

`python -m sim.plant.reference SITE [--without DEVICE | --only DEVICE]` prints the order for them as
JSON: all devices of the site, or all but those that somebody brings himself, or these alone.
"""

import argparse
import datetime
import subprocess
import time
from collections.abc import Iterable, Sequence

import msgspec

from actors.site.bundled import find_site
from actors.site.devices import devices
from actors.site.expand import expand
from actors.site.load import load_site
from actors.site.model import Site
from actors.site.roadmap import Roadmap
from robotics.clock import GateTime
from robotics.ros.domain import END_S, RosDomain
from robotics.ros.names import ros_names
from robotics.ros.reference.order import (
    AgvSetup,
    CraneSetup,
    ReferenceOrder,
    ScannerSetup,
    Setup,
    StartPlace,
)
from sim.plant.wiring import SPREAD, lift_s, scan_s, vehicle_data

DEVICES_A_PROCESS = 12
"""More than these in one process take longer to wait for each other than they may [ours]."""


class ReferenceError(RuntimeError):
    """A process of reference controllers did not come up."""


def setups(site: Site, roadmap: Roadmap, day: datetime.date) -> list[Setup]:
    """What each device of the site with a controller is to be, as the plant's are."""
    every = [device for device in devices(site, day) if device.kind != "lane"]
    names = ros_names(device.id for device in every)
    yards = {yard.side: yard for yard in site.yards}
    found: list[Setup] = []
    for device in every:
        name, yard = names[device.id], yards.get(device.side)
        match device.kind:
            case "vehicle":
                found.append(_agv(site, roadmap, device.id, name, device.home))
            case "crane" if yard is not None:
                found.append(CraneSetup(device.id, name, lift_s(yard), SPREAD))
            case "booth" if yard is not None:
                share = yard.booths.suspicious_share
                found.append(ScannerSetup(device.id, name, scan_s(yard), SPREAD, share))
            case _:
                raise AssertionError(f"{device.id}: a {device.kind} without a controller")
    return found


def _agv(site: Site, roadmap: Roadmap, device: str, name: str, home: str) -> AgvSetup:
    edge, data, vehicles = roadmap.standing_edge(home), vehicle_data(site), site.vehicles
    return AgvSetup(
        device=device,
        namespace=name,
        start=StartPlace(edge.zone, edge.id, edge.points, edge.length_m, edge.speed_mps),
        length_m=data.length_m,
        width_m=vehicles.width_m,
        clearance_m=data.clearance_m,
        speed_empty_mps=data.speed_empty_mps,
        speed_loaded_mps=data.speed_loaded_mps,
        acceleration_mps2=data.acceleration_mps2,
        deceleration_mps2=data.deceleration_mps2,
        emergency_mps2=vehicles.emergency_mps2,
        turn_radius_m=vehicles.turn_radius_m,
        battery=data.battery,
    )


class ReferenceProcess:
    """Some reference controllers in one process; enter it to have them, all of them listening.

    Raises:
        ReferenceError: on entering; the process ended.
    """

    def __init__(
        self, domain: RosDomain, made: Sequence[Setup], gate_time: GateTime, seed: int = 1
    ) -> None:
        self._domain = domain
        self._order = ReferenceOrder(tuple(made), gate_time, seed)

    def __enter__(self) -> "ReferenceProcess":
        self.start()
        self.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, without waiting."""
        self.process = self._domain.start_python("-m", "robotics.ros.reference")
        assert self.process.stdin is not None
        self.process.stdin.write(msgspec.json.encode(self._order) + b"\n")
        self.process.stdin.flush()

    def wait(self) -> None:
        """Until its nodes are there."""
        assert self.process.stdout is not None
        if self.process.stdout.readline() != b"ready\n":
            code = self.process.wait()
            raise ReferenceError(f"the reference controllers ended with code {code}")

    def stop(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()  # its signal to end
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def in_processes(
    domain: RosDomain, made: Sequence[Setup], gate_time: GateTime, seed: int
) -> Iterable[ReferenceProcess]:
    """The processes, not yet started, that have all the devices among them."""
    for first in range(0, len(made), DEVICES_A_PROCESS):
        some = made[first : first + DEVICES_A_PROCESS]
        yield ReferenceProcess(domain, some, gate_time, seed)


def main() -> None:
    """Print an order for `python -m robotics.ros.reference`."""
    parser = argparse.ArgumentParser(prog="python -m sim.plant.reference")
    parser.add_argument("site", help="a file or a bundled name")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--without", action="append", default=[], metavar="DEVICE")
    chosen.add_argument("--only", action="append", default=[], metavar="DEVICE")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the times that lifts and scans take"
    )
    given = parser.parse_args()
    day = datetime.datetime.now(datetime.UTC).date()
    site = load_site(find_site(given.site), day)
    made = setups(site, expand(site, day), day)
    every = {setup.device for setup in made}
    unknown = {*given.without, *given.only} - every
    if unknown:
        parser.error(f"no device with a controller: {', '.join(sorted(unknown))}")
    names = set(given.only) or every - set(given.without)
    some = tuple(setup for setup in made if setup.device in names)
    order = ReferenceOrder(some, GateTime(time.time_ns()), given.seed)
    print(msgspec.json.encode(order).decode())


if __name__ == "__main__":
    main()
