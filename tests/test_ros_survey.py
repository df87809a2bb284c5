"""`bordergate ros check` and `e-stop` against a real robot behind a real rosbridge server."""

import queue
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec

from robotics.ros import wire
from robotics.ros.client import Client, event_loop
from robotics.ros.domain import RosDomain
from robotics.ros.e_stop import EMERGENCY_STOP
from robotics.ros.e_stop_keeper import EStopKeeper
from robotics.ros.rosbridge import Rosbridge
from robotics.ros.survey import Found
from robotics.ros.talk import INTERFACE_VERSION, PACKAGE
from tests.ros_gate import AGV, robot_in

SAMPLES = 60
"""Six seconds of them."""
PACKAGE_XML = Path(__file__).parents[1] / "interfaces" / "bordergate_msgs" / "package.xml"


def bordergate_ros(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "interfaces.main", "ros", *arguments],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_gate_speaks_the_version_of_its_own_interface_package():
    assert f"<version>{INTERFACE_VERSION}</version>" in PACKAGE_XML.read_text("utf-8")


def test_check_finds_the_robot_that_is_there_and_says_how_to_mend_the_rest(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path: Path
):
    with robot_in(ros_domain, tmp_path):
        done = bordergate_ros("check", "demo", "--rosbridge", rosbridge.url, "--seconds", "5")
    assert done.returncode == 1
    assert f"{AGV}: " not in done.stdout
    assert "VN-C1: nothing on /vn_c1/state: start its controller" in done.stdout
    assert "11 of 12 devices are not as the gate expects them." in done.stdout


def test_an_agv_that_leaves_grants_unanswered_or_takes_late_ones_is_not_as_expected():
    found = Found(AGV, "agv_001", "vehicle", samples=30, rate_hz=10.0)
    found.answers_s = {"get_device_info": 0.01, "get_road": 0.01}
    action, grant = found.wrong(skew_s_max=1.0)
    assert action == "/agv_001/charge does not answer: offer that action"
    assert grant.startswith("/agv_001/grant is not answered on /agv_001/grant_ack")
    found.answers_s["charge"] = 0.01
    found.late_grants = ["accepted", "accepted"]
    [taken] = found.wrong(skew_s_max=1.0)
    assert taken.startswith("it accepts a grant whose deadline has passed")
    found.late_grants = ["accepted", "late"]  # one of them is the answer to a running gate
    assert found.wrong(skew_s_max=1.0) == []


def test_an_e_stop_holds_a_robot_until_it_is_released(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path: Path
):
    order = ("--reason", "exercise", "--rosbridge", rosbridge.url, "--seconds", "5")
    with robot_in(ros_domain, tmp_path):
        for word in ("engage", "release"):
            done = bordergate_ros("e-stop", "demo", word, *order)
            assert done.returncode == 1  # five of the demo's AGVs are not there
            shown = re.search(r"(\d) of 6 AGVs show that they are", done.stdout)
            assert shown is not None
            assert shown[1] == "1"
            assert AGV not in done.stderr


def test_a_robot_that_is_switched_on_later_hears_of_the_e_stop_while_a_gate_runs(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path: Path
):
    def say(word: str) -> None:
        order = ("--reason", "exercise", "--rosbridge", rosbridge.url, "--seconds", "1")
        assert "0 of 6 AGVs show" in bordergate_ros("e-stop", "demo", word, *order).stdout

    def shows(folder: Path) -> bool:
        """Whether a robot that is switched on now comes to stand for the e-stop."""
        shown: queue.SimpleQueue[int] = queue.SimpleQueue()

        def take(data: msgspec.Raw) -> None:
            shown.put(wire.read(data, wire.AgvState, "state").safety_state)

        opened = threading.Event()
        client = Client(
            rosbridge.url, on_open=opened.set, on_end=lambda: None,
            on_refused=lambda _error: None, on_status=lambda _level, _text: None,
        )  # fmt: skip
        assert opened.wait(10)
        kind = f"{PACKAGE}/msg/AgvState"
        event_loop().call_soon_threadsafe(client.listen, "/agv_001/state", kind, take)
        folder.mkdir()  # so that it remembers nothing
        with robot_in(ros_domain, folder):
            found = [shown.get(timeout=30) for _ in range(SAMPLES)]
        event_loop().call_soon_threadsafe(client.end)
        return EMERGENCY_STOP in found

    with EStopKeeper(rosbridge.url) as keeper:

        def engaged() -> bool:
            return keeper.order is not None and keeper.order.engaged

        def say_until(word: str, *, wanted: bool) -> None:
            until_s = time.monotonic() + 40
            while engaged() is not wanted and time.monotonic() < until_s:
                say(word)
            assert engaged() is wanted

        say_until("engage", wanted=True)
        assert shows(tmp_path / "a")
        rosbridge.restart()
        assert shows(tmp_path / "b")  # it is said anew on the next connection
        say_until("release", wanted=False)
        assert not shows(tmp_path / "c")


def test_where_no_server_answers_check_says_how_to_start_one():
    done = bordergate_ros("check", "demo", "--rosbridge", "ws://127.0.0.1:9")
    assert done.returncode == 1
    assert "no rosbridge server answers there" in done.stderr
    assert bordergate_ros("check", "demo", "--rosbridge", "127.0.0.1").returncode == 2
