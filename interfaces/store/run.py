"""Where a running gate keeps what is its own: the run's folder, and how commands find the gate."""

import contextlib
import datetime
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec


class Running(msgspec.Struct, frozen=True):
    """What commands on this machine need of the gate on a port."""

    store: str
    """URL of its database."""
    token: str
    """An operator's, good for this run."""


def state_folder() -> Path:
    """The user's own folder for state (XDG base directories), ours in it; made with mode 700."""
    base = os.environ.get("XDG_STATE_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".local" / "state"
    folder = root / "bordergate"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def run_folder(site: str, now: datetime.datetime) -> Path:
    """A new folder for one run of a site."""
    runs = state_folder() / "runs"
    folder = runs / f"{now:%Y%m%dT%H%M%S}-{site}-{os.getpid()}"
    folder.mkdir(parents=True, mode=0o700)
    return folder


@contextlib.contextmanager
def announced(port: int, running: Running) -> Iterator[Path]:
    """Tell commands on this machine of the gate for as long as the block lasts (mode 600)."""
    path = _announcement(port)
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(running))
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def running_at(port: int) -> Running | None:
    """What the gate on this port has told, if there is one that this user has started."""
    try:
        return msgspec.json.decode(_announcement(port).read_bytes(), type=Running)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _announcement(port: int) -> Path:
    return state_folder() / "gates" / f"{port}.json"
