"""Who speaks to the fleet manager, by the token and by nothing else."""

from actors.border import Officer
from actors.site.model import Site
from interfaces.api.problems import ProblemError
from interfaces.api.roles import Caller


def speaker(caller: Caller) -> Officer:
    """Anybody who works at the gate, of one side or of all."""
    if caller.role == "viewer":
        raise AssertionError("kept out by the table of roles")
    return Officer(caller.name, caller.role, caller.side)


def officer_of(caller: Caller, site: Site) -> Officer:
    """An officer of one side: what needs the word of both is no matter for a token of all sides.

    Raises:
        ProblemError: 403, the token's side is none of the site's.
    """
    if caller.side not in site.sides:
        allowed = " or ".join(site.sides)
        raise ProblemError(
            403, "wrong-side", f"A side's word needs a token of {allowed}, not of {caller.side}."
        )
    return speaker(caller)
