"""Real ROS on this machine without an installation of ROS: environment, domain, rosbridge."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from robotics.ros.domain import RosDomain
from robotics.ros.rosbridge import Rosbridge, RosbridgeError
from robotics.ros.venv import RosVenv, RosVenvError, cache_folder, ros_venv

STARTS_AND_DIES = """
import os, signal
from robotics.ros.domain import RosDomain
from robotics.ros.rosbridge import Rosbridge
from robotics.ros.venv import ros_venv
with RosDomain(ros_venv()) as domain, Rosbridge(domain) as server:
    print(server.process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_is_missing_to_build_messages_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RosVenvError, match=r"apt-get install cmake make g\+\+"):
        ros_venv()


def test_an_environment_that_was_not_completed_is_not_used(
    ros_domain: RosDomain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    folder = cache_folder() / ros_domain.venv.folder.name
    folder.mkdir()
    with pytest.raises(RosVenvError):  # for the tools to make it anew are not there
        ros_venv()
    (folder / "complete").touch()
    assert ros_venv().folder == folder


def test_who_comes_while_another_makes_the_environment_waits(ros_domain: RosDomain):
    found: list[RosVenv] = []
    thread = threading.Thread(target=lambda: found.append(ros_venv()))
    with open(f"{ros_domain.venv.folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        thread.start()
        thread.join(timeout=0.3)
        assert not found
    thread.join(timeout=10)
    assert found == [ros_domain.venv]


def test_a_domain_is_nobody_elses_and_its_environment_stays_in_it(ros_domain: RosDomain):
    before = dict(os.environ)
    with RosDomain(ros_domain.venv) as other:
        assert other.number != ros_domain.number
        code = "import os, rclpy, bordergate_msgs.msg; print(os.environ['ROS_DOMAIN_ID'])"
        process = other.start_python("-c", code)
        said, _ = process.communicate(timeout=60)
        assert int(said) == other.number
    assert not other.folder.exists()
    assert os.environ == before
    assert cache_folder().stat().st_mode & 0o777 == 0o700


def test_rosbridge_listens_on_loopback_only_and_comes_back_at_its_port(ros_domain: RosDomain):
    with Rosbridge(ros_domain) as server:
        port, first = server.port, server.process.pid
        server.restart()
        assert (server.port, server.process.pid != first) == (port, True)
        addresses = {c.laddr for c in psutil.Process(server.process.pid).net_connections("tcp")}
        assert addresses == {("127.0.0.1", port)}
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_rosbridge_says_why_it_does_not_come_up(ros_domain: RosDomain):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = Rosbridge(ros_domain, taken.getsockname()[1])
        with pytest.raises(RosbridgeError, match=r"(?i)in use"):
            server.start()


def test_rosbridge_does_not_outlive_who_started_it(ros_domain: RosDomain):
    run = [sys.executable, "-c", STARTS_AND_DIES]
    done = subprocess.run(run, stdout=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    pid = int(done.stdout)
    if psutil.pid_exists(pid):  # unless it is gone already
        _, alive = psutil.wait_procs([psutil.Process(pid)], timeout=5)
        assert not alive
