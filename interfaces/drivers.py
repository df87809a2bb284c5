"""What drives the robots of a live gate, and how the gate's devices reach it.

A driver is entered with what there is to drive and gives the links to it; left, it ends what it has
started. There are simulated controllers behind ZeroMQ (`plant`), the same with AGVs that are models
in Gazebo (`gazebo`, `attached_gazebo`), reference controllers as ROS nodes behind a rosbridge
server of their own (`reference_robots`), and whatever is behind a rosbridge server that somebody
else runs (`robots_behind`).
"""

import contextlib
import datetime
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec

from actors.ports import LinkFactory
from actors.site.devices import Device
from actors.site.model import Site
from actors.site.roadmap import Roadmap
from robotics.clock import GateTime
from robotics.imaging.reported import ScanImages
from robotics.ros.domain import NoDomainError, RosDomain
from robotics.ros.e_stop_keeper import EStopKeeper
from robotics.ros.links import RosLinks, ros_links
from robotics.ros.rosbridge import Rosbridge, RosbridgeError
from robotics.ros.venv import RosVenvError, ros_venv
from robotics.telemetry import Bus
from robotics.zmq_link import ZmqLinks
from sim.gazebo_server import GazeboServerError, gazebo_server, installed_release, own_network
from sim.gazebo_world.files import WORLD_FILE, WorldError, release_of, write_world
from sim.gazebo_world.release import Release
from sim.plant.image_works import ImagesSetup
from sim.plant.reference import ReferenceError, in_processes, setups
from sim.plant.server import PlantOrder

END_S = 1.5
"""What has been told to end is given so long, then it is killed."""
CHECK_S = 0.2
"""While the plant comes up, what it waits for is looked at so often."""


class DriverError(RuntimeError):
    """What was to drive the robots did not come up."""


class Driven(msgspec.Struct, frozen=True):
    """What there is to drive."""

    site_path: Path
    site: Site
    roadmap: Roadmap
    day: datetime.date
    devices: list[Device]
    seed: int
    """Of the times that robots take."""
    gate_time: GateTime
    bus: Bus


Driver = Callable[[Driven], AbstractContextManager[LinkFactory]]
"""Raises `DriverError` on entering if robots do not come up."""

Between = Callable[[Driven, RosLinks], AbstractContextManager[LinkFactory]]
"""What is put between links and robots that are up: the links that the gate then has."""


def plant(
    log: str = "", images: ImagesSetup | None = None, found: list[str] | None = None
) -> Driver:
    """All simulated controllers in one process; see `sim.plant.server.PlantOrder`.

    With a list `found`, the independent checker watches; on leaving, what it found is in the list.
    """

    @contextmanager
    def drive(driven: Driven) -> Iterator[LinkFactory]:
        order = msgspec.structs.replace(
            _order(driven), images=images, watched=found is not None, log=log
        )
        with _plant(order, os.environ, found, lambda: None):
            yield _to_plant(driven)

    return drive


def gazebo(
    world: Path | None = None,
    *,
    gui: bool = False,
    images: ImagesSetup | None = None,
    found: list[str] | None = None,
) -> Driver:
    """AGVs as models of a Gazebo server that is started here, all else as with `plant`.

    It runs the site's world, or that of a folder which `bordergate world` has made. The gate's time
    is the server's: the gate has to have `simulated_time`.
    """

    @contextmanager
    def drive(driven: Driven) -> Iterator[LinkFactory]:
        run_folder = Path(driven.bus.folder)
        environment = own_network(os.environ)
        try:
            if world is None:
                release, folder = installed_release(), run_folder / "world"
                _write_world(driven, release, folder)
            else:
                release, folder = installed_release(release_of(world)), world
            file, log = folder / WORLD_FILE, run_folder / "gazebo.log"
            order = _gazebo_order(driven, images, found)
            with (
                gazebo_server(release, file, environment, log, gui=gui) as server,
                _plant(order, environment, found, server.check),
            ):
                yield _to_plant(driven)
        except (GazeboServerError, WorldError) as error:
            raise DriverError(str(error)) from error

    return drive


def attached_gazebo(images: ImagesSetup | None = None, found: list[str] | None = None) -> Driver:
    """As `gazebo`, with a server that somebody else runs, in the environment's partition."""

    @contextmanager
    def drive(driven: Driven) -> Iterator[LinkFactory]:
        order = _gazebo_order(driven, images, found)
        with _plant(order, os.environ, found, lambda: None):
            yield _to_plant(driven)

    return drive


def _order(driven: Driven) -> PlantOrder:
    return PlantOrder(
        site=str(driven.site_path.resolve()),
        day=driven.day,
        seed=driven.seed,
        bus=driven.bus,
        gate_time=driven.gate_time,
    )


def _gazebo_order(
    driven: Driven, images: ImagesSetup | None, found: list[str] | None
) -> PlantOrder:
    return msgspec.structs.replace(
        _order(driven), gazebo=True, images=images, watched=found is not None
    )


def _write_world(driven: Driven, release: Release, folder: Path) -> None:
    try:
        write_world(driven.site, driven.roadmap, driven.day, release, folder)
    except (OSError, ValueError) as error:  # no room, or two devices have one name in ROS
        raise DriverError(f"the world of {driven.site_path.name}: {error}") from error


@contextmanager
def _plant(
    order: PlantOrder,
    environment: Mapping[str, str],
    found: list[str] | None,
    check: Callable[[], None],
) -> Iterator[None]:
    """The plant's process. `check` raises if what the plant waits for will not come."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sim.plant.server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,  # Ctrl-C is for the gate, which ends its plant in order
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(order) + b"\n")
        process.stdin.flush()
        while not select.select([process.stdout], [], [], CHECK_S)[0]:
            check()
        said = process.stdout.readline().strip().decode()
        if said != "ready":
            raise DriverError(said or f"the plant ended with code {process.wait(END_S)}")
        yield
    finally:
        process.stdin.close()  # its signal to end
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        rest = process.stdout.read()
        if found is not None:
            ended = process.returncode == 0
            lost = [f"the plant ended with code {process.returncode}, its checker with it"]
            found.extend(msgspec.json.decode(rest, type=list[str]) if ended else lost)


def _to_plant(driven: Driven) -> ZmqLinks:
    controlled = frozenset(device.id for device in driven.devices if device.kind != "lane")
    return ZmqLinks(driven.bus, driven.gate_time, controlled)


def reference_robots(say: Callable[[str], None], between: Between | None = None) -> Driver:
    """Every device a real ROS node, in a ROS domain of their own; `say` hears of the set-up."""

    @contextmanager
    def drive(driven: Driven) -> Iterator[LinkFactory]:
        with contextlib.ExitStack() as running:
            try:
                domain = running.enter_context(RosDomain(ros_venv(say)))
                server = running.enter_context(Rosbridge(domain))
                made = setups(driven.site, driven.roadmap, driven.day)
                for process in in_processes(domain, made, driven.gate_time, driven.seed):
                    running.enter_context(process)
            except (RosVenvError, NoDomainError, RosbridgeError, ReferenceError) as error:
                raise DriverError(str(error)) from error
            running.enter_context(EStopKeeper(server.url))
            links = _links(driven, server.url)
            yield links if between is None else running.enter_context(between(driven, links))

    return drive


def robots_behind(url: str, images: ScanImages | None = None) -> Driver:
    """Robots that others run, behind their rosbridge server; `images`: those of their scanners."""

    @contextmanager
    def drive(driven: Driven) -> Iterator[LinkFactory]:
        with EStopKeeper(url):
            yield _links(driven, url, images)

    return drive


def _links(driven: Driven, url: str, images: ScanImages | None = None) -> RosLinks:
    folder = Path(driven.bus.folder)
    try:
        return ros_links(
            driven.site,
            driven.roadmap,
            driven.devices,
            url,
            driven.gate_time,
            folder,
            driven.bus,
            images,
        )
    except ValueError as error:  # two devices have the same name in ROS
        raise DriverError(str(error)) from error
