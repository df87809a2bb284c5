"""Lanes across the border: what they do, and commands to open, close, block and reverse them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from actors.messages import CommandLane, LaneAnswer, LaneCommand
from actors.safety import AgreeReversal
from interfaces.api.asking import Ask, answering
from interfaces.api.border_models import Reason
from interfaces.api.json_body import json_schema, read_json
from interfaces.api.models import DeviceId, LaneOrderedOut, LaneOut, Page
from interfaces.api.problems import Fault, ProblemError, documented
from interfaces.api.roles import Caller, caller_of
from interfaces.api.speaker import officer_of
from interfaces.view import LiveView


class ReverseQuery(BaseModel):
    """Which way a lane is to lead."""

    model_config = ConfigDict(extra="forbid")

    from_side: Annotated[
        str,
        Field(
            max_length=2,
            description="The side that it is to lead away from. Without it: the one that it now "
            "leads to, which a repeat of the request after the lane has turned would undo.",
        ),
    ] = ""


class ReversalWordIn(BaseModel):
    """One side's word on turning a lane, in either of its two phases."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    word: Literal["ask", "confirm_empty", "call_off"] = Field(
        description="Both sides `ask`: the lane is closed and drained. When it is proved empty, "
        "both `confirm_empty`: it opens the other way. Either may `call_off` before."
    )
    from_side: Annotated[
        str, Field(min_length=1, max_length=8, description="The side it is to lead away from.")
    ]
    reason: Reason


async def read_word(request: Request) -> ReversalWordIn:
    """The body of a word on a reversal."""
    return await read_json(request, ReversalWordIn)


def lanes_router(view: LiveView, ask: Ask) -> APIRouter:
    """The routes under `/lanes`."""
    router = APIRouter(prefix="/lanes", tags=["lanes"])

    answered = answering(ask)

    async def commanded(lane: str, command: LaneCommand, from_side: str = "") -> LaneOrderedOut:
        return await said(CommandLane(lane, command, from_side), command, "query", from_side)

    async def said(
        message: CommandLane | AgreeReversal, what: str, where: str, from_side: str
    ) -> LaneOrderedOut:
        lane = message.lane
        answer = await answered(message)
        assert isinstance(answer, LaneAnswer)
        if answer.outcome == "unknown":
            raise unknown(lane)
        if answer.outcome == "refused":
            reason = f"Lane {lane} cannot {what}: {answer.reason}."
            raise ProblemError(409, "lane-refused", reason)
        if answer.outcome == "invalid":
            allowed, at = answer.reason, f"{where}.from_side"
            fault = Fault(at=at, given=from_side, allowed=allowed)
            raise ProblemError(422, "invalid", f"{at}: {allowed}", [fault])
        return LaneOrderedOut.of(answer)

    @router.get("", responses=documented(400))
    async def list_lanes() -> Page[LaneOut]:
        """All of them, in the site's order."""
        return Page(items=[LaneOut.seen(seen, view) for seen in view.devices("lane")], next=None)

    @router.get("/{id}", responses=documented(400, 404, 422))
    async def get_lane(id: DeviceId) -> LaneOut:
        """One of them."""
        for seen in view.devices("lane"):
            if seen.id == id:
                return LaneOut.seen(seen, view)
        raise unknown(id)

    @router.post("/{id}/open", status_code=202, responses=documented(400, 404, 413, 422, 503))
    async def open_lane(id: DeviceId) -> LaneOrderedOut:
        """Let AGVs in again, the way that the lane leads; ends a block."""
        return await commanded(id, "open")

    @router.post("/{id}/close", status_code=202, responses=documented(400, 404, 409, 413, 422, 503))
    async def close_lane(id: DeviceId) -> LaneOrderedOut:
        """Let no AGV in any more; those in the lane drive out. Refused for the last of a way."""
        return await commanded(id, "close")

    @router.post("/{id}/block", status_code=202, responses=documented(400, 404, 413, 422, 503))
    async def block_lane(id: DeviceId) -> LaneOrderedOut:
        """At once: no AGV is given a further stretch in the lane. Those in it stop, and wait."""
        return await commanded(id, "block")

    @router.post(
        "/{id}/reverse", status_code=202, responses=documented(400, 404, 409, 413, 422, 503)
    )
    async def reverse_lane(
        id: DeviceId, wanted: Annotated[ReverseQuery, Query()]
    ) -> LaneOrderedOut:
        """Drain the lane, then open it the other way. Refused for the last of a way."""
        return await commanded(id, "reverse", wanted.from_side)

    @router.post(
        "/{id}/reversal",
        status_code=202,
        responses=documented(400, 403, 404, 409, 413, 415, 422, 503),
        openapi_extra={"requestBody": json_schema(ReversalWordIn.model_json_schema())},
    )
    async def agree_on_reversal(
        id: DeviceId,
        body: Annotated[ReversalWordIn, Depends(read_word)],
        caller: Annotated[Caller, Depends(caller_of)],
    ) -> LaneOrderedOut:
        """Say your side's word on turning a lane, where both sides have to agree."""
        by = officer_of(caller, view.site.sides)
        message = AgreeReversal("api", by, id, body.from_side, body.word, body.reason)
        return await said(message, body.word, "body", body.from_side)

    return router


def unknown(name: str) -> ProblemError:
    """There is no lane of that name."""
    return ProblemError(404, "not-found", f"The site has no lane {name}.")
