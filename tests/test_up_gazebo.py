"""`bordergate up --driver gazebo`, as a tester runs it.

In the place of Gazebo's server is the peer with its physics layer (`gazebo_physics.cc`).
"""

import contextlib
import math
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from actors.site.devices import devices
from sim.gazebo_world.agv import DECK_M
from sim.gazebo_world.crane import standing_pose
from sim.gazebo_world.elements import At, Rgba, document, link, model, solid_box
from sim.gazebo_world.files import WORLD_FILE
from sim.gazebo_world.release import FORTRESS
from sim.gazebo_world.world import world as gate_world
from tests.gate import DAY, DEMO, ROADMAP
from tests.gate_server import free_port
from tests.gazebo_peer import apart, on_path, running
from tests.test_cli import BORDERGATE, run
from tests.test_up import call

WAIT_S = 120.0
GREY: Rgba = (0.5, 0.5, 0.5, 1.0)


class Up:
    """A gate that a user has started."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.process, self.port = process, port

    def until(self, holds: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + WAIT_S
        while not holds():
            assert self.process.poll() is None, f"it has ended before: {what}"
            assert time.monotonic() < end, f"not in {WAIT_S:.0f} s: {what}"
            time.sleep(0.2)

    def vehicles(self) -> list[dict[str, Any]]:
        _, told = call(self.port, "/api/v1/vehicles")
        assert isinstance(told, dict)
        items: list[dict[str, Any]] = told["items"]
        return items

    def put_order(self) -> None:
        token = run("token", "run", "--port", str(self.port)).stdout.strip()
        order = {
            "container": "CSQU3054383",
            "size_type": "45G1",
            "from_side": "VN",
            "to_side": "CN",
        }
        status, told = call(self.port, "/api/v1/orders/one", "PUT", order, token)
        assert status == 201, told

    def end(self) -> str:
        """Ctrl-C; what it has said."""
        os.killpg(self.process.pid, signal.SIGINT)
        said, _ = self.process.communicate(timeout=60)
        return said


@contextlib.contextmanager
def up(environment: dict[str, str], *options: str) -> Iterator[Up]:
    """The demo gate in Gazebo, ready, with no order but ours."""
    port = free_port()
    command = [*BORDERGATE, "up", "demo", "--driver", "gazebo", "--no-arrivals", *options]
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**environment, "NO_COLOR": "1"}, start_new_session=True,
    )  # fmt: skip
    gate = Up(process, port)
    try:
        gate.until(lambda: call(port, "/readyz")[0] == 200, "ready")
        yield gate
    finally:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
        process.wait()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


@pytest.mark.timeout(400)
def test_the_server_on_path_is_started_and_ended_and_its_end_is_seen(
    physics: Path, state: Path
) -> None:
    path = on_path(physics, state)
    with up({**os.environ, "PATH": path}, "--speed", "10") as gate:
        gate.until(lambda: all(v["state"] == "idle" for v in gate.vehicles()), "all AGVs idle")
        homes = {v["id"]: (v["x_m"], v["y_m"]) for v in gate.vehicles()}
        gate.put_order()

        def drives() -> bool:
            return any(
                math.dist(homes[v["id"]], (v["x_m"], v["y_m"])) > 30 for v in gate.vehicles()
            )

        gate.until(drives, "an AGV has driven 30 m")
        [server] = [
            child
            for child in psutil.Process(gate.process.pid).children(recursive=True)
            if child.name() == physics.name
        ]
        server.kill()
        gate.until(
            lambda: not any(v["link"]["connected"] for v in gate.vehicles()), "no AGV is there"
        )
        children = psutil.Process(gate.process.pid).children(recursive=True)
        said = gate.end()
        assert "Ended; nothing is left running." in said
        assert "Traceback" not in said
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


@pytest.mark.timeout(400)
def test_a_world_of_the_testers_own_is_given_agvs_and_a_touch_stops_them(
    physics: Path, state: Path
) -> None:
    world = gate_world(DEMO, ROADMAP, DAY, FORTRESS)
    for agv in [m for m in world.findall("model") if str(m.get("name")).startswith("AGV-")]:
        world.remove(agv)
    for home in [device.home for device in devices(DEMO, DAY) if device.kind == "vehicle"]:
        at = standing_pose(home, ROADMAP, DEMO.vehicles.length_m)
        ahead_m = DEMO.vehicles.length_m / 2 + 4.0
        x, y = at.x + ahead_m * math.cos(at.yaw), at.y + ahead_m * math.sin(at.yaw)
        crate = model(f"crate-{home}", At(x, y, 0.0, at.yaw), static=True)
        solid_box(link(crate, "box", At()), "box", At(z=DECK_M / 2), (1.0, 1.0, DECK_M), GREY)
        world.append(crate)
    file = state / WORLD_FILE
    file.write_bytes(document(world))
    environment = apart()
    with running([str(physics), str(file), "1"], environment) as peer:
        assert peer.line() == "ready"
        with up(environment, "--attach") as gate:
            gate.until(lambda: all(v["state"] == "idle" for v in gate.vehicles()), "AGVs idle")
            gate.put_order()

            def touches() -> bool:
                return any((v["fault"] or "").startswith("it touches") for v in gate.vehicles())

            gate.until(touches, "an AGV has run into a crate")
            assert "Ended; nothing is left running." in gate.end()
        assert peer.process.poll() is None  # it is not ours to end


def test_without_a_server_one_line_says_what_to_install_and_what_runs_without(
    state: Path,
) -> None:
    done = run("up", "demo", "--driver", "gazebo", "--port", str(free_port()))
    assert done.returncode == 1
    assert "no Gazebo server on PATH" in done.stderr
    assert "--driver plant" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_has_no_world_is_named(state: Path) -> None:
    (state / WORLD_FILE).write_text("<sdf/>")
    for folder, said in ((state / "nothing", "no world can be read"), (state, "allowed: a world")):
        done = run(
            "up", "demo", "--driver", "gazebo", "--world", str(folder), "--port", str(free_port())
        )
        assert done.returncode == 1
        assert said in done.stderr.replace("\n", " ")
        assert "Traceback" not in done.stderr
