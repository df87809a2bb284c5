"""Who speaks to a machine, by the token and by nothing else."""

from collections.abc import Collection

from actors.base import Side
from actors.border import Officer
from interfaces.api.problems import ProblemError
from interfaces.api.roles import Caller


def speaker(caller: Caller) -> Officer:
    """Anybody who works at the gate, of one side or of all."""
    if caller.role == "viewer":
        raise AssertionError("kept out by the table of roles")
    return Officer(caller.name, caller.role, caller.side)


def officer_of(caller: Caller, sides: Collection[Side]) -> Officer:
    """An officer of one of these sides: what a side decides is no matter for a token of all.

    Raises:
        ProblemError: 403, the token's side is none of them.
    """
    if caller.side not in sides:
        allowed = ", ".join(sides)
        raise ProblemError(
            403,
            "wrong-side",
            f"Here decide officers of: {allowed}; your token is of {caller.side}.",
        )
    return speaker(caller)
