"""Who asks, by his token."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from interfaces.api.problems import documented
from interfaces.api.roles import Caller, caller_of
from interfaces.store.tokens import Role


class MeOut(BaseModel):
    """Who asks."""

    name: str = Field(description="Empty without a token.")
    role: Role
    side: str = Field(description="`*`: devices of all sides; empty without a token.")


def me_router() -> APIRouter:
    """The route `/me`."""
    router = APIRouter(tags=["roles"])

    @router.get("/me", responses=documented(400))
    async def get_me(caller: Annotated[Caller, Depends(caller_of)]) -> MeOut:
        """Whom the gate takes you for."""
        return MeOut(name=caller.name, role=caller.role, side=caller.side)

    return router
