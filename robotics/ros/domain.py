"""A ROS domain of one's own on this machine: processes in it find each other, and nobody else.

Its processes get ROS's environment, and only they: nothing is changed in the process that starts
them.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Self

import robotics
from robotics.ros.venv import RosVenv, cache_folder

DOMAINS = range(1, 102)
"""Their UDP ports are below those that the system gives to others (DDSI-RTPS 9.6.1.1, 250 ports a
domain from 7400 on)."""
KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "USER")
"""Variables that processes of the domain take over; others might mean another ROS."""
END_S = 3.0
"""What has been told to end is given so long, then it is killed."""


class NoDomainError(RuntimeError):
    """Other processes of this user have all domains."""


class RosDomain:
    """Enter it to have a domain that no other of this user has; leaving it gives it back.

    With a `number`, it is that domain, whoever else is in it.

    Raises:
        NoDomainError: on entering; none is free.
    """

    def __init__(self, venv: RosVenv, number: int | None = None) -> None:
        self.venv = venv
        self._given = number

    def __enter__(self) -> Self:
        self._lock: IO[str] | None = None
        if self._given is None:
            self.number, self._lock = _take_domain()
        else:
            self.number = self._given
        self.folder = Path(tempfile.mkdtemp(prefix="bordergate-ros-"))
        """For what processes of the domain write; removed in the end."""
        # Not the folder that has our packages: installed, that has the gate's other packages too.
        ours = self.folder / "python"
        ours.mkdir()
        (ours / "robotics").symlink_to(Path(robotics.__path__[0]))
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()

    def environment(self) -> dict[str, str]:
        """All variables of a process in this domain."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return kept | self.venv.environment() | {
            "PYTHONPATH": str(self.folder / "python"),
            "PYTHONUNBUFFERED": "1",
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            "ROS_DOMAIN_ID": str(self.number),
            "ROS_LOG_DIR": str(self.folder / "log"),
            # Shared memory is left behind by who is killed, and in the way of who comes then.
            "FASTDDS_BUILTIN_TRANSPORTS": "UDPv4",
        }  # fmt: skip

    def start_python(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start Python with ROS, its standard input and output as pipes.

        It is not in our session: Ctrl-C is for the gate, which ends its robots in order.
        """
        return subprocess.Popen(
            [str(self.venv.python), *arguments],
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )


def _take_domain() -> tuple[int, IO[str]]:
    """A domain's number, and the lock that keeps it ours while it is open."""
    folder = cache_folder()
    for number in DOMAINS:
        lock = open(folder / f"domain-{number}.lock", "w")  # noqa: SIM115 - for the domain's life
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
        else:
            return number, lock
    raise NoDomainError(f"all {len(DOMAINS)} ROS domains of this user are taken")
