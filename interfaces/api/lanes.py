"""Lanes across the border: what they do, and commands to open, close, block and reverse them."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from actors.messages import CommandLane, LaneAnswer, LaneCommand
from interfaces.api.asking import Ask, answering
from interfaces.api.models import DeviceId, LaneOrderedOut, LaneOut, Page
from interfaces.api.problems import Fault, ProblemError, documented
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


def lanes_router(view: LiveView, ask: Ask) -> APIRouter:
    """The routes under `/lanes`."""
    router = APIRouter(prefix="/lanes", tags=["lanes"])

    answered = answering(ask)

    async def commanded(lane: str, command: LaneCommand, from_side: str = "") -> LaneOrderedOut:
        answer = await answered(CommandLane(lane, command, from_side))
        assert isinstance(answer, LaneAnswer)
        if answer.outcome == "unknown":
            raise unknown(lane)
        if answer.outcome == "refused":
            reason = f"Lane {lane} cannot {command}: {answer.reason}."
            raise ProblemError(409, "lane-refused", reason)
        if answer.outcome == "invalid":
            allowed = answer.reason
            fault = Fault(at="query.from_side", given=from_side, allowed=allowed)
            raise ProblemError(422, "invalid", f"query.from_side: {allowed}", [fault])
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

    return router


def unknown(name: str) -> ProblemError:
    """There is no lane of that name."""
    return ProblemError(404, "not-found", f"The site has no lane {name}.")
