"""Holds: named stops that only the role which owns them lifts."""

from collections.abc import Generator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from actors.border import HoldKind, LiftHold, PutHold
from interfaces.api.border_models import CommandId, HoldOut, Reason, wholes
from interfaces.api.border_words import WordOut, need_role, told
from interfaces.api.consignments import may_see
from interfaces.api.json_body import json_schema, read_json
from interfaces.api.models import Page
from interfaces.api.paging import PageQuery, page_of
from interfaces.api.problems import documented
from interfaces.api.roles import Caller, caller_of
from interfaces.api.speaker import officer_of
from interfaces.border_desk import BorderDesk


class HoldIn(BaseModel):
    """A hold to put or to lift."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    consignment: Annotated[str, Field(min_length=1, max_length=48)]
    kind: HoldKind
    action: Literal["put", "lift"]
    reason: Reason


class HoldsQuery(PageQuery):
    """Which holds are wanted."""

    consignment: Annotated[str, Field(max_length=48)] | None = None
    kind: HoldKind | None = None
    side: Annotated[str, Field(max_length=8)] | None = None
    owner: Annotated[str, Field(max_length=32)] | None = None

    def wants(self, hold: HoldOut) -> bool:
        """Whether the hold passes every filter that is set."""
        return (
            self.consignment in (None, hold.consignment)
            and self.kind in (None, hold.kind)
            and self.side in (None, hold.side)
            and self.owner in (None, hold.owner)
        )


async def read_hold(request: Request) -> HoldIn:
    """The body of a `PUT` hold."""
    return await read_json(request, HoldIn)


def holds_router(desk: BorderDesk) -> APIRouter:
    """The routes under `/holds`."""
    router = APIRouter(prefix="/holds", tags=["border"])

    @router.get("", responses=documented(400, 422))
    def list_holds(
        wanted: Annotated[HoldsQuery, Query()], caller: Annotated[Caller, Depends(caller_of)]
    ) -> Page[HoldOut]:
        """The holds that are on, of the newest consignments first."""

        def found() -> Generator[tuple[str, HoldOut]]:
            with desk.reading() as sides:
                for whole in wholes(sides, desk.now_ns()):
                    if may_see(caller, whole):
                        for hold in whole.holds():
                            if wanted.wants(hold):
                                yield f"{hold.consignment}.{hold.side}.{hold.kind}", hold

        return page_of(found(), wanted)

    @router.put(
        "/{id}",
        responses=documented(400, 404, 409, 413, 415, 422, 503),
        openapi_extra={"requestBody": json_schema(HoldIn.model_json_schema())},
    )
    def put_or_lift_hold(
        id: CommandId,
        body: Annotated[HoldIn, Depends(read_hold)],
        caller: Annotated[Caller, Depends(caller_of)],
    ) -> WordOut:
        """Stop a consignment of your side's, or end a stop that your role owns."""
        by = officer_of(caller, desk.sides)
        words = (f"api/{id}", by, body.consignment, body.kind, body.reason)
        if body.action == "lift":
            owners = desk.rules.at(desk.now_ns()).holds
            need_role(by, getattr(owners, body.kind), f"the end of a hold {body.kind}")
            answer = told(desk, by.side, LiftHold(*words), body.consignment)
        else:
            answer = told(desk, by.side, PutHold(*words), body.consignment)
        return WordOut(id=id, consignment=body.consignment, state=answer.step)

    return router
