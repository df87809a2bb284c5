"""Trucks that bring consignments, and what was read of them at the gate."""

from collections.abc import Generator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from actors.border import GateIn
from interfaces.api.border_models import CommandId, Whole, wholes
from interfaces.api.border_words import WordOut, need_role, told
from interfaces.api.consignments import may_see
from interfaces.api.json_body import json_schema, read_json
from interfaces.api.models import Page
from interfaces.api.paging import PageQuery, page_of
from interfaces.api.problems import documented
from interfaces.api.roles import Caller, caller_of
from interfaces.api.speaker import officer_of
from interfaces.api.times import Time, time_of
from interfaces.border_desk import BorderDesk

TruckState = Literal["announced", "called_forward", "gated_in"]
READ_KG_MAX = 100_000
"""What a scale can show; what differs from the declaration becomes a hold, not an error."""


class ReadingIn(BaseModel):
    """What was read at the gate, whether it can be right or not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    consignment: Annotated[str, Field(min_length=1, max_length=48)]
    plate: Annotated[str, Field(max_length=20)]
    container: Annotated[str, Field(max_length=20)]
    seal: Annotated[str, Field(max_length=35)]
    weight_kg: Annotated[int, Field(ge=0, le=READ_KG_MAX, strict=True)]


class TruckOut(BaseModel):
    """A truck that brings a consignment."""

    consignment: str
    side: str
    plate: str
    state: TruckState
    since: Time | None
    held: bool = Field(description="A hold `identity` is on: what was read is not as declared.")


class TrucksQuery(PageQuery):
    """Which trucks are wanted."""

    side: Annotated[str, Field(max_length=8)] | None = None
    state: TruckState | None = None
    plate: Annotated[str, Field(max_length=20)] | None = None


async def read_reading(request: Request) -> ReadingIn:
    """The body of a `PUT` truck."""
    return await read_json(request, ReadingIn)


def _of(whole: Whole) -> TruckOut:
    steps = whole.steps()
    state: TruckState = "announced"
    since = steps.get("declared")
    if "gated_in" in steps:
        state, since = "gated_in", steps["gated_in"]
    elif "called_forward" in steps:
        state, since = "called_forward", steps["called_forward"]
    goods = whole.first.declaration
    return TruckOut(
        consignment=whole.id,
        side=goods.from_side,
        plate=goods.plate,
        state=state,
        since=time_of(since.at_ns) if since is not None else None,
        held=any(hold.kind == "identity" for hold in whole.holds()),
    )


def trucks_router(desk: BorderDesk) -> APIRouter:
    """The routes under `/trucks`."""
    router = APIRouter(prefix="/trucks", tags=["border"])

    @router.get("", responses=documented(400, 422))
    def list_trucks(
        wanted: Annotated[TrucksQuery, Query()], caller: Annotated[Caller, Depends(caller_of)]
    ) -> Page[TruckOut]:
        """Trucks of the consignments that have not ended, the newest first."""

        def found() -> Generator[tuple[str, TruckOut]]:
            with desk.reading() as sides:
                for whole in wholes(sides, desk.now_ns()):
                    if whole.ended is None and may_see(caller, whole):
                        out = _of(whole)
                        if (
                            wanted.side in (None, out.side)
                            and wanted.state in (None, out.state)
                            and wanted.plate in (None, out.plate)
                        ):
                            yield out.consignment, out

        return page_of(found(), wanted)

    @router.put(
        "/{id}",
        responses=documented(400, 404, 409, 413, 415, 422, 503),
        openapi_extra={"requestBody": json_schema(ReadingIn.model_json_schema())},
    )
    def put_reading(
        id: CommandId,
        body: Annotated[ReadingIn, Depends(read_reading)],
        caller: Annotated[Caller, Depends(caller_of)],
    ) -> WordOut:
        """What was read of a truck that has been called forward; what differs is held."""
        by = officer_of(caller, desk.sides)
        need_role(by, desk.rules.at(desk.now_ns()).deciders.gated_in, "gated_in")
        read = (body.plate, body.container, body.seal, body.weight_kg)
        answer = told(
            desk, by.side, GateIn(f"api/{id}", by, body.consignment, *read), body.consignment
        )
        return WordOut(id=id, consignment=body.consignment, state=answer.step)

    return router
