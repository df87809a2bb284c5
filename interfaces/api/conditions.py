"""Readings of wind, sight and position quality, which limit what devices may do."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from actors.messages import DeviceKind
from actors.safety import ReadingNoted, ReportConditions
from interfaces.api.asking import Ask, answering
from interfaces.api.json_body import json_schema, read_json
from interfaces.api.models import SUBJECTS_MAX, Subject
from interfaces.api.problems import Fault, ProblemError, documented
from interfaces.api.times import Time, time_of
from interfaces.view import LiveView

LIMITED: tuple[DeviceKind, ...] = ("vehicle", "crane")
Source = Annotated[
    str,
    Path(
        min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$",
        description="The sensor.", examples=["mast-1"],
    ),
]  # fmt: skip


class ReadingIn(BaseModel):
    """What a sensor measures, at least one thing; what it does not measure is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    wind_mps: Annotated[float, Field(ge=0, le=150, description="In gusts [m/s].")] | None = None
    visibility_m: Annotated[float, Field(ge=0, le=100_000, description="[m]")] | None = None
    position_error_m: (
        Annotated[
            float,
            Field(ge=0, le=1000, description="Standard deviation of the AGVs' positions [m]."),
        ]
        | None
    ) = None
    subjects: Annotated[
        list[Subject],
        Field(max_length=SUBJECTS_MAX, description="AGVs and cranes it holds for; none: all."),
    ] = []

    @model_validator(mode="after")
    def _measures(self) -> "ReadingIn":
        if self.wind_mps is self.visibility_m is self.position_error_m is None:
            raise PydanticCustomError(
                "allowed", "at least one of wind_mps, visibility_m, position_error_m"
            )
        return self


class ReadingOut(BaseModel):
    """A reading that was taken."""

    source: str
    at: Time
    limited: int = Field(description="How many devices all readings together limit now.")


async def read_reading(request: Request) -> ReadingIn:
    """The body of a `PUT` reading."""
    return await read_json(request, ReadingIn)


def conditions_router(view: LiveView, ask: Ask) -> APIRouter:
    """The routes under `/conditions`."""
    router = APIRouter(prefix="/conditions", tags=["safety"])
    answered = answering(ask)
    devices = {seen.id for kind in LIMITED for seen in view.devices(kind)}

    @router.put(
        "/{source}",
        responses=documented(400, 413, 415, 422, 503),
        openapi_extra={"requestBody": json_schema(ReadingIn.model_json_schema())},
    )
    async def put_reading(
        source: Source, body: Annotated[ReadingIn, Depends(read_reading)]
    ) -> ReadingOut:
        """Tell what a sensor measures now, at least every 30 s.

        From a sensor that has spoken and falls silent, the worst is assumed: AGVs are slow and
        cranes stand (`limits` in the site file), until it speaks again or is taken out. Several
        sensors: the strictest limit holds.
        """
        unknown = [subject for subject in body.subjects if subject not in devices]
        if unknown:
            allowed = "AGVs and cranes of the site"
            shown = ", ".join(unknown)[:200]
            fault = Fault(at="body.subjects", given=shown, allowed=allowed)
            raise ProblemError(422, "invalid", f"body.subjects: {allowed}", [fault])
        at_ns = view.now_ns()
        measured = (body.wind_mps, body.visibility_m, body.position_error_m)
        answer = await answered(
            ReportConditions(source, at_ns, *measured, subjects=tuple(body.subjects))
        )
        assert isinstance(answer, ReadingNoted)
        return ReadingOut(source=source, at=time_of(at_ns), limited=answer.limited)

    @router.delete("/{source}", responses=documented(400, 413, 422, 503))
    async def take_out(source: Source) -> ReadingOut:
        """Take a sensor out: nothing is limited by it, or by its silence, until it speaks again."""
        at_ns = view.now_ns()
        answer = await answered(ReportConditions(source, at_ns))
        assert isinstance(answer, ReadingNoted)
        return ReadingOut(source=source, at=time_of(at_ns), limited=answer.limited)

    return router
