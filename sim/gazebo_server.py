"""A Gazebo server of our own: found on PATH, started with a world, and ended with all of its."""

import contextlib
import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sim.gazebo_world.release import RELEASES, Release

ASK_S = 20.0
"""What is on PATH is given so long to say which server it has: it is a script that loads others."""
END_S = 5.0
"""The server is given so long to end, then it is killed."""
LAST_WORDS = 500
"""So much of what it said last is told when it does not come up [characters]."""


class GazeboServerError(RuntimeError):
    """There is no server, or it does not run; says what to do."""


def installed_release(only: Release | None = None) -> Release:
    """The newest release whose server is on PATH; with `only`, that one if it is there.

    Raises:
        GazeboServerError: it is not there, or none is.
    """
    wanted = list(reversed(RELEASES.values())) if only is None else [only]
    for release in wanted:
        if is_installed(release):
            return release
    commands = " or ".join(f"`{' '.join(release.command)}`" for release in wanted)
    names = " or ".join(release.name.capitalize() for release in wanted)
    raise GazeboServerError(
        f"no Gazebo server on PATH: {commands} is looked for. Install Gazebo {names}"
        " (gazebosim.org/docs), or go without: --driver plant, --driver ros --reference"
    )


def is_installed(release: Release) -> bool:
    """Whether its server is on PATH; the command alone, without a server, is there more often."""
    program = shutil.which(release.command[0])
    if program is None:
        return False
    asked = [program, *release.command[1:], "--versions"]
    try:
        return subprocess.run(asked, capture_output=True, timeout=ASK_S).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def own_network(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with a partition of its own on loopback, where it does not say others.

    Both of Gazebo's spellings are set.
    """
    found = dict(environment)
    for name, own in (("IP", "127.0.0.1"), ("PARTITION", f"bordergate-{uuid.uuid4().hex[:8]}")):
        value = environment.get(f"GZ_{name}") or environment.get(f"IGN_{name}") or own
        found[f"GZ_{name}"] = found[f"IGN_{name}"] = value
    return found


class GazeboServer:
    """A server that runs."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._process, self._log = process, log

    def check(self) -> None:
        """Raise `GazeboServerError` if it has ended."""
        code = self._process.poll()
        if code is not None:
            said = self._log.read_text(errors="replace").strip()[-LAST_WORDS:]
            raise GazeboServerError(f"the Gazebo server ended with code {code}: {said}")


@contextmanager
def gazebo_server(
    release: Release, world: Path, environment: Mapping[str, str], log: Path, *, gui: bool
) -> Iterator[GazeboServer]:
    """A server of the world that is paused, to make steps as it is told; `log` gets what it says.

    Raises:
        GazeboServerError: it cannot be started.
    """
    command = [*release.command, *(() if gui else ("-s",)), str(world)]
    with log.open("wb") as said:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment,
                start_new_session=True,  # it has processes of its own
            )  # fmt: skip
        except OSError as error:
            raise GazeboServerError(f"{' '.join(command)}: {error.strerror}") from error
    try:
        yield GazeboServer(process, log)
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End it and its processes; a server takes an interrupt for the word to end."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_S)
