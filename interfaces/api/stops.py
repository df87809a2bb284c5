"""Stops: anybody who works at the gate may engage one; only who is named by the site resets it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from actors.messages import Message
from actors.safety import EngageStop, ResetStop, StopAnswer
from interfaces.api.asking import Ask, answering
from interfaces.api.border_models import Reason
from interfaces.api.json_body import json_schema, read_json
from interfaces.api.models import SUBJECTS_MAX, Page, Subject
from interfaces.api.problems import Fault, ProblemError, documented
from interfaces.api.roles import Caller, caller_of
from interfaces.api.speaker import speaker
from interfaces.api.times import Time, time_of
from interfaces.view import LiveView, StopView

STATUSES = (400, 403, 413, 415, 422, 503)


class StopIn(BaseModel):
    """What is to be stopped, or may go on, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason
    subjects: Annotated[
        list[Subject],
        Field(
            max_length=SUBJECTS_MAX,
            description="AGVs, cranes, booths and zones; none: all devices, or all that is "
            "stopped. A zone is blocked, and the AGVs that are or may come there are stopped.",
            examples=[["AGV-003", "VN-C1"]],
        ),
    ] = []


class StoppedOut(BaseModel):
    """All that is stopped now."""

    stopped: list[str]


class StopOut(BaseModel):
    """A device or a zone that is stopped until it is reset."""

    subject: str
    reason: str
    by: str
    role: str
    since: Time

    @classmethod
    def of(cls, seen: StopView) -> "StopOut":
        """The API's form of it."""
        return cls(
            subject=seen.subject, reason=seen.reason, by=seen.by.name, role=seen.by.role,
            since=time_of(seen.since_ns),
        )  # fmt: skip


async def read_stop(request: Request) -> StopIn:
    """The body of both commands."""
    return await read_json(request, StopIn)


def stops_router(view: LiveView, ask: Ask) -> APIRouter:
    """The routes under `/stops`."""
    router = APIRouter(prefix="/stops", tags=["safety"])
    answered = answering(ask)
    body = json_schema(StopIn.model_json_schema())

    async def said(message: Message, given: StopIn) -> StoppedOut:
        answer = await answered(message)
        assert isinstance(answer, StopAnswer)
        if answer.outcome == "unknown":
            allowed = "AGVs, cranes, booths and zones of the site"
            shown = ", ".join(given.subjects)[:200]
            fault = Fault(at="body.subjects", given=shown, allowed=allowed)
            raise ProblemError(422, "invalid", f"body.subjects: {answer.reason}"[:1000], [fault])
        if answer.outcome == "refused":
            raise ProblemError(403, "wrong-role", f"Not done: {answer.reason}.")
        return StoppedOut(stopped=list(answer.stopped))

    @router.get("", responses=documented(400))
    async def list_stops() -> Page[StopOut]:
        """What is stopped until it is reset: by people, by e-stops, losses of power, intruders."""
        return Page(items=[StopOut.of(seen) for seen in view.stops()], next=None)

    @router.post("/engage", responses=documented(*STATUSES), openapi_extra={"requestBody": body})
    async def engage(
        given: Annotated[StopIn, Depends(read_stop)],
        caller: Annotated[Caller, Depends(caller_of)],
    ) -> StoppedOut:
        """Stop devices at once, of whichever side. They stand until they are reset.

        This is an operational stop; the safety functions are the robots' own.
        """
        message = EngageStop("api", speaker(caller), given.reason, tuple(given.subjects))
        return await said(message, given)

    @router.post("/reset", responses=documented(*STATUSES), openapi_extra={"requestBody": body})
    async def reset(
        given: Annotated[StopIn, Depends(read_stop)],
        caller: Annotated[Caller, Depends(caller_of)],
    ) -> StoppedOut:
        """Let what is stopped go on. Only a role that the site names may (`limits.reset_by`)."""
        message = ResetStop("api", speaker(caller), given.reason, tuple(given.subjects))
        return await said(message, given)

    return router
