"""Environments with ROS in the cache folder: which of them are kept."""

import fcntl
import os
import time
from pathlib import Path

from robotics.ros.venv import UNUSED_S, _prune


def environment(cache: Path, name: str, unused_s: float) -> Path:
    folder = cache / f"ros-{name}"
    (folder / "lib").mkdir(parents=True)
    Path(f"{folder}.lock").touch()
    at_s = time.time() - unused_s
    os.utime(folder, (at_s, at_s))
    return folder


def test_environments_that_nobody_uses_are_removed(tmp_path: Path):
    present = environment(tmp_path, "a", 10 * UNUSED_S)
    other = environment(tmp_path, "b", UNUSED_S / 2)
    old = environment(tmp_path, "c", 2 * UNUSED_S)
    made = environment(tmp_path, "d", 2 * UNUSED_S)
    with open(f"{made}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _prune(tmp_path, present)
    assert present.is_dir()
    assert present.stat().st_mtime > time.time() - UNUSED_S
    assert other.is_dir()
    assert made.is_dir()
    assert not old.exists()
