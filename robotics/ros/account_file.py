"""What is kept of an AGV's account of its road, for the process that comes after this one.

The file lives as long as the gate: a gate that starts anew numbers visits and grants anew, so that
nothing of an earlier one may be found by it.
"""

import os
from pathlib import Path

import msgspec

from actors.messages import Visit
from actors.safety import LimitSpeed


class KeptAccount(msgspec.Struct, frozen=True):
    """All that the gate knows of an AGV that keeps no account itself."""

    visits: tuple[Visit, ...]
    """The road held, the rearmost visit first."""
    at_m: float
    """How far the front had come at least, from the start of the first of these visits."""
    cleared: int
    assumed: bool
    """The number of its only visit is a guess."""
    grant: int
    container: str
    load_step: int
    limit: LimitSpeed


class AccountFile:
    """One AGV's; written by one process at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> KeptAccount | None:
        """What was kept last; None if there is nothing, or nothing that can be relied on."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=KeptAccount)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def write(self, account: KeptAccount) -> None:
        """Keep it in the place of what was kept before; if that fails, nothing is kept."""
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_bytes(msgspec.json.encode(account))
            os.replace(fresh, self._path)
        except OSError:  # an account that is out of date would be worse than none
            self._path.unlink(missing_ok=True)
