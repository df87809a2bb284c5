"""A real rosbridge server in a ROS domain, on loopback: what outside of ROS speaks to ROS with.

`python -m robotics.ros.rosbridge [PORT]` runs one in the domain `ROS_DOMAIN_ID`, 0 if that is not
set, until Ctrl-C or SIGTERM.
"""

import os
import re
import signal
import subprocess
import sys
import time
from typing import Self

from robotics.ros.domain import END_S, RosDomain
from robotics.ros.venv import ros_venv, shared_python_library

READY_S = 20.0
LOOPBACK = "127.0.0.1"
_LISTENS = re.compile(rb"listening address=\S+:(\d+)")


class RosbridgeError(RuntimeError):
    """The server did not come up."""


class Rosbridge:
    """Enter it to have the server; `port` 0 lets the system choose one, which it then keeps.

    It ends with the thread that started it, however that ends.

    Raises:
        RosbridgeError: on starting; with what it said.
    """

    def __init__(self, domain: RosDomain, port: int = 0) -> None:
        self._domain = domain
        self.port = port

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"ws://{LOOPBACK}:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        venv = self._domain.venv
        environment = self._domain.environment()
        libraries = f"{venv.middleware}:{environment['LD_LIBRARY_PATH']}"
        said = self._domain.folder / f"rosbridge-{time.monotonic_ns()}.log"
        with said.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    "setpriv", "--pdeathsig", "KILL", "env",
                    f"LD_LIBRARY_PATH={libraries}", f"LD_PRELOAD={shared_python_library()}",
                    str(venv.rosbridge), "--no-rosapi", "--log-ansi", "false",
                    "--bind", f"{LOOPBACK}:{self.port}",
                ],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        end_s = time.monotonic() + READY_S
        while (listens := _LISTENS.search(said.read_bytes())) is None:
            ended = self.process.poll() is not None
            if ended or time.monotonic() > end_s:
                self.stop()
                text = said.read_text(errors="replace").strip()
                raise RosbridgeError(f"rosbridge does not listen on port {self.port}: {text}")
            time.sleep(0.02)
        self.port = int(listens[1])

    def stop(self) -> None:
        """End it, its clients' connections with it."""
        self.process.terminate()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def restart(self) -> None:
        """End it and start it anew at the same port."""
        self.stop()
        self.start()


def main() -> None:
    """Run a server until Ctrl-C or SIGTERM; nothing is left behind by either."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9090
    number = int(os.environ.get("ROS_DOMAIN_ID") or 0)
    venv = ros_venv(lambda line: print(line, file=sys.stderr))
    with RosDomain(venv, number) as domain, Rosbridge(domain, port) as server:
        print(f"rosbridge at {server.url}, in ROS domain {number}; Ctrl-C ends it.", flush=True)
        try:
            server.process.wait()
        except KeyboardInterrupt:
            return
    sys.exit("rosbridge has ended")


if __name__ == "__main__":
    main()
