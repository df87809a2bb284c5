"""Decisions: the words of officers, each by name and role, with a reason."""

from collections.abc import Generator
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from actors.base import Message
from actors.border import Decide, Dispose, Fate, Officer, Register, SetDownLoad, SetSide
from interfaces.api.border_models import CommandId, Reason, TakenOut, wholes
from interfaces.api.border_words import WordOut, need_role, told
from interfaces.api.consignments import may_see
from interfaces.api.json_body import json_schema, read_json
from interfaces.api.models import Page
from interfaces.api.paging import PageQuery, page_of
from interfaces.api.problems import documented
from interfaces.api.roles import Caller, caller_of
from interfaces.api.speaker import officer_of
from interfaces.border_desk import BorderDesk

Decided = Literal[
    "called_forward", "quarantine_cleared", "fee_paid", "papers", "inspection", "release",
    "image_decided", "on_truck", "gated_out",
]  # fmt: skip
"""Steps and matters that wait for an officer's word."""
OfSide = Literal["side_closed", "side_opened"]
What = Literal[Decided, Fate, OfSide, "registered", "set_down"]


class DecisionIn(BaseModel):
    """An officer's word. Who says it, is told by the token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    what: What = Field(
        description="A step or matter; `seized`, `returned` or `diverted` ends the consignment; "
        "`set_down` takes it off its AGV; `side_closed` and `side_opened` are about the whole side."
    )
    consignment: Annotated[str, Field(max_length=48)] = Field(
        default="", description="None for a word about the side."
    )
    reason: Reason
    number: Annotated[str, Field(pattern=r"^[0-9A-Z-]{0,35}$")] = Field(
        default="", description="With `registered`: of the customs declaration."
    )
    channel: Annotated[str, Field(pattern=r"^([123][0-9A-Za-z]{0,3})?$")] = Field(
        default="",
        description="With `registered`: `1`, `2`, `3D`; empty: as the site's risk profile says.",
    )

    @model_validator(mode="after")
    def _goes_together(self) -> "DecisionIn":
        about_side = self.what in get_args(OfSide)
        if about_side == bool(self.consignment):
            allowed = "none for a word about the side" if about_side else "required"
            raise PydanticCustomError("allowed", "consignment: {allowed}", {"allowed": allowed})
        if (self.what == "registered") != bool(self.number):
            allowed = "with `registered`, and only then"
            raise PydanticCustomError("allowed", "number: {allowed}", {"allowed": allowed})
        if self.channel and self.what != "registered":
            raise PydanticCustomError("allowed", "channel: only with `registered`")
        return self

    def command(self, id: str, by: Officer) -> Message:
        """The clearance's form of it."""
        name, reason = self.consignment, self.reason
        match self.what:
            case "registered":
                return Register(id, by, name, self.number, self.channel)
            case "seized" | "returned" | "diverted":
                return Dispose(id, by, name, self.what, reason)
            case "set_down":
                return SetDownLoad(id, by, name, reason)
            case "side_closed" | "side_opened":
                return SetSide(id, by, self.what == "side_opened", reason)
            case _:
                return Decide(id, by, name, self.what, reason)

    def decider(self, desk: BorderDesk) -> str | None:
        """The role that says this, by the rules of today; None: any officer."""
        deciders = desk.rules.at(desk.now_ns()).deciders
        if self.what in get_args(Fate):
            return str(deciders.ended)
        if self.what in get_args(OfSide):
            return str(deciders.side)
        return None if self.what == "set_down" else str(getattr(deciders, self.what))


class DecisionOut(TakenOut):
    """A decision that was made."""

    consignment: str


class DecisionsQuery(PageQuery):
    """Which decisions are wanted."""

    consignment: Annotated[str, Field(max_length=48)] | None = None
    by: Annotated[str, Field(max_length=100)] | None = None
    role: Annotated[str, Field(max_length=32)] | None = None
    side: Annotated[str, Field(max_length=8)] | None = None

    def wants(self, taken: TakenOut) -> bool:
        """Whether the decision passes every filter that is set."""
        return (
            taken.role != "system"
            and self.by in (None, taken.by)
            and self.role in (None, taken.role)
            and self.side in (None, taken.side)
        )


async def read_decision(request: Request) -> DecisionIn:
    """The body of a `PUT` decision."""
    return await read_json(request, DecisionIn)


def decisions_router(desk: BorderDesk) -> APIRouter:
    """The routes under `/decisions`."""
    router = APIRouter(prefix="/decisions", tags=["border"])

    @router.get("", responses=documented(400, 422))
    def list_decisions(
        wanted: Annotated[DecisionsQuery, Query()], caller: Annotated[Caller, Depends(caller_of)]
    ) -> Page[DecisionOut]:
        """What people have decided, of the newest consignments first, the oldest word first."""

        def found() -> Generator[tuple[str, DecisionOut]]:
            with desk.reading() as sides:
                for whole in wholes(sides, desk.now_ns()):
                    if wanted.consignment in (None, whole.id) and may_see(caller, whole):
                        for taken in whole.taken():
                            if wanted.wants(taken):
                                out = DecisionOut(consignment=whole.id, **taken.model_dump())
                                yield f"{whole.id}.{taken.side}.{taken.what}", out

        return page_of(found(), wanted)

    @router.put(
        "/{id}",
        responses=documented(400, 404, 409, 413, 415, 422, 503),
        openapi_extra={"requestBody": json_schema(DecisionIn.model_json_schema())},
    )
    def decide(
        id: CommandId,
        body: Annotated[DecisionIn, Depends(read_decision)],
        caller: Annotated[Caller, Depends(caller_of)],
    ) -> WordOut:
        """Decide about a consignment in your side's custody, or about your side."""
        by = officer_of(caller, desk.sides)
        decider = body.decider(desk)
        if decider is not None:
            need_role(by, decider, body.what)
        answer = told(desk, by.side, body.command(f"api/{id}", by), body.consignment)
        return WordOut(id=id, consignment=body.consignment or None, state=answer.step)

    return router
