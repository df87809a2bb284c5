"""Processes of Gazebo's own, or on its libraries, that tests of ours talk to."""

import contextlib
import os
import queue
import subprocess
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

PATIENCE_S = 60.0
PHYSICS_PACKAGES = [
    "ignition-physics5", "ignition-physics5-sdf", "ignition-plugin1-loader",
    "ignition-transport11", "ignition-msgs8", "sdformat12",
]  # fmt: skip


def built(source: str, packages: list[str], folder: Path) -> Path:
    """A program of this folder, made with Debian's development packages."""
    program = folder / Path(source).stem
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", *packages],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    file = Path(__file__).with_name(source)
    subprocess.run(
        ["g++", "-std=c++17", "-O1", str(file), "-o", str(program), *flags.stdout.split()],
        check=True,
    )
    return program


def apart() -> dict[str, str]:
    """An environment with a partition that no other test has."""
    return {**os.environ, "IGN_IP": "127.0.0.1", "IGN_PARTITION": uuid.uuid4().hex}


def on_path(physics: Path, folder: Path) -> str:
    """A PATH on which `ign gazebo` is found, and is the peer.

    The peer ends with its standard input, which a server started by us has not.
    """
    command = folder / "ign"
    command.write_text(
        "#!/bin/sh\n"
        '[ "$1 $2" = "gazebo --versions" ] && exec echo 6.16.0\n'
        "for file; do :; done\n"
        f'sleep 1d | "{physics}" "$file"\n'
    )
    command.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


class Peer:
    """A process of Gazebo's; `line` waits for what it says next."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip():
                self._lines.put(line.strip())

    def line(self) -> str:
        return self._lines.get(timeout=PATIENCE_S)

    def tell(self, line: str) -> None:
        """A line on its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def rest(self) -> list[str]:
        """End it by the end of its standard input; all lines that it has said since."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(PATIENCE_S) == 0
        self._reader.join(PATIENCE_S)
        lines = []
        with contextlib.suppress(queue.Empty):
            while True:
                lines.append(self._lines.get_nowait())
        return lines

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[Peer]:
    """A peer that does not outlive the test."""
    peer = Peer(command, environment)
    try:
        yield peer
    finally:
        peer.kill()
