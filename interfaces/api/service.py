"""Taking devices and places out of service by hand, and back into it."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends

from actors.messages import ServiceAnswer, SetService
from interfaces.api.asking import Ask, answering
from interfaces.api.models import DeviceId, ServiceOut
from interfaces.api.problems import ProblemError, documented
from interfaces.api.roles import Caller, caller_of

STATUSES = (400, 404, 413, 422, 503)


def add_service_routes(
    router: APIRouter,
    ask: Ask,
    kind: str,
    side_of: Callable[[str], str | None],
    withdrawing: str,
) -> None:
    """Add `/{id}/withdraw` and `/{id}/restore` to the router of one kind of device.

    Args:
        router: The kind's router.
        ask: Puts a command to the fleet manager.
        kind: The kind in words.
        side_of: The side that commands the one of that name; empty: each of them; None: there is
            none of that name.
        withdrawing: What `withdraw` means for that kind, for the document.
    """
    answered = answering(ask)

    async def set_service(id: str, caller: Caller, in_service: bool) -> ServiceOut:
        side = side_of(id)
        if side is None:
            raise ProblemError(404, "not-found", f"The site has no {kind} {id}.")
        if side:
            caller.check_side(side)
        answer = await answered(SetService(id, in_service))
        assert isinstance(answer, ServiceAnswer)
        if answer.outcome == "unknown":
            raise ProblemError(404, "not-found", f"The site has no {kind} {id}.")
        return ServiceOut(id=id, service=answer.service, detail=answer.detail)

    @router.post(
        "/{id}/withdraw", description=withdrawing, name=f"Withdraw {kind}",
        responses=documented(*STATUSES),
    )  # fmt: skip
    async def withdraw(id: DeviceId, caller: Annotated[Caller, Depends(caller_of)]) -> ServiceOut:
        return await set_service(id, caller, in_service=False)

    @router.post("/{id}/restore", name=f"Restore {kind}", responses=documented(*STATUSES))
    async def restore(id: DeviceId, caller: Annotated[Caller, Depends(caller_of)]) -> ServiceOut:
        """Take it back into service; what is out of order stays out until it is repaired."""
        return await set_service(id, caller, in_service=True)
