"""Whether the process lives, and whether the gate is ready for orders."""

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from interfaces.api.problems import Fault, ProblemError, documented

NAMED_MAX = 20
"""Silent devices named in one answer."""


class Health(BaseModel):
    """All is well."""

    status: str = "ok"


def health_router(readiness: Callable[[], list[str]]) -> APIRouter:
    """The routes `/healthz` and `/readyz`."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", responses=documented(400))
    async def healthz() -> Health:
        """Whether this process answers."""
        return Health()

    @router.get("/readyz", responses=documented(400, 503))
    async def readyz() -> Health:
        """Whether every device has answered."""
        silent = await run_in_threadpool(readiness)
        if not silent:
            return Health()
        named = ", ".join(silent[:NAMED_MAX])
        rest = f" and {len(silent) - NAMED_MAX} more" if len(silent) > NAMED_MAX else ""
        raise ProblemError(
            503, "not-ready", f"{len(silent)} devices have not answered: {named}{rest}",
            [Fault(at=f"device.{name}", given=None, allowed="an answer") for name in silent],
            headers={"Retry-After": "1"},
        )  # fmt: skip

    return router
