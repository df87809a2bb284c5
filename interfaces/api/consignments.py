"""Consignments: declare, and follow."""

from collections.abc import Callable, Generator
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from actors.border import Channel, Declaration, Declare, HoldKind, Step
from actors.consignment.identity import (
    CONTAINER,
    HS,
    SEAL,
    IdentityError,
    container_number,
    hs_code,
    seal,
)
from interfaces.api.border_models import (
    ConsignmentId,
    ConsignmentOut,
    ConsignmentWhole,
    Whole,
    whole_of,
    wholes,
)
from interfaces.api.border_words import told, unknown
from interfaces.api.json_body import json_schema, read_json
from interfaces.api.models import Page
from interfaces.api.paging import PageQuery, page_of
from interfaces.api.problems import Fault, ProblemError, documented
from interfaces.api.roles import Caller, caller_of
from interfaces.api.speaker import officer_of
from interfaces.api.times import Time, time_of
from interfaces.border_desk import BorderDesk
from interfaces.expected import Expected, expected

WEIGHT_KG_MAX = 30_480
"""Of a container with its load (ISO 668)."""


def _reading(read: Callable[[str], str]) -> Callable[[str], str]:
    """A validator that says what is allowed where the domain cannot read it."""

    def validate(given: str) -> str:
        try:
            return read(given)
        except IdentityError as error:
            raise PydanticCustomError("allowed", "{allowed}", {"allowed": error.allowed}) from error

    return validate


Container = Annotated[str, AfterValidator(_reading(lambda given: container_number(given, "body")))]
Hs = Annotated[str, AfterValidator(_reading(lambda given: hs_code(given, "body").digits))]
SealNumber = Annotated[str, AfterValidator(_reading(lambda given: seal(given, "H", "body").number))]


class ConsignmentIn(BaseModel):
    """What an enterprise declares."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_side: Annotated[str, Field(max_length=8, examples=["VN"])]
    to_side: Annotated[str, Field(max_length=8, examples=["CN"])]
    container: Annotated[
        Container,
        Field(
            description="ISO 6346 number with its check digit.",
            examples=["CSQU3054383"],
            json_schema_extra={"pattern": f"^{CONTAINER.pattern}$"},
        ),
    ]
    size_type: Annotated[str, Field(min_length=4, max_length=4, examples=["45R1"])]
    seal: Annotated[
        SealNumber,
        Field(
            description="Number on the seal (ISO 17712).",
            examples=["VN1234567"],
            json_schema_extra={"pattern": f"^{SEAL.pattern}$"},
        ),
    ]
    plate: Annotated[str, Field(min_length=1, max_length=20, pattern=r"\S", examples=["12C12345"])]
    hs: Annotated[
        Hs,
        Field(
            description="HS (6 digits) or AHTN (8) code of the goods.",
            examples=["081060"],
            json_schema_extra={"pattern": f"^{HS.pattern}$"},
        ),
    ]
    origin: Annotated[str, Field(pattern=r"^[A-Z]{2}$", examples=["VN"])]
    weight_kg: Annotated[int, Field(ge=1, le=WEIGHT_KG_MAX, strict=True)]
    perishable: Annotated[bool, Field(strict=True)] = False
    twin_container: Annotated[
        Container | None,
        Field(description="A second one of 20 ft that goes with it."),
    ] = None

    def declaration(self, name: str) -> Declaration:
        """The domain's form of it."""
        fields = self.model_dump()
        fields["twin_container"] = self.twin_container or ""
        return Declaration(id=name, **fields)


class ExpectedOut(BaseModel):
    """When a consignment will be through; null where that cannot be said, with the reason."""

    id: str
    earliest: Time | None = Field(description="One of ten is through by then.")
    likely: Time | None = Field(description="Half of them are.")
    latest: Time | None = Field(description="Nine of ten are.")
    samples: int = Field(description="How many like it this is taken from.")
    reason: str | None

    @classmethod
    def of(cls, id: str, found: Expected | str) -> "ExpectedOut":
        """The API's form of it."""
        if isinstance(found, str):
            return cls(id=id, earliest=None, likely=None, latest=None, samples=0, reason=found)
        at = (time_of(t) for t in (found.earliest_ns, found.likely_ns, found.latest_ns))
        earliest, likely, latest = at
        return cls(
            id=id, earliest=earliest, likely=likely, latest=latest, samples=found.samples,
            reason=None,
        )  # fmt: skip


class ConsignmentsQuery(PageQuery):
    """Which consignments are wanted."""

    state: Step | None = None
    hold: HoldKind | None = None
    channel: Channel | None = None
    container: Annotated[str, Field(max_length=64)] | None = None
    from_side: Annotated[str, Field(max_length=8)] | None = None
    open: bool | None = Field(default=None, description="Only those that have not ended.")

    def wants(self, out: ConsignmentOut) -> bool:
        """Whether the consignment passes every filter that is set."""
        return (
            self.state in (None, out.state)
            and (self.hold is None or any(hold.kind == self.hold for hold in out.holds))
            and self.channel in (None, out.channel)
            and self.container in (None, out.goods.container, out.goods.twin_container)
            and self.from_side in (None, out.goods.from_side)
            and self.open in (None, out.ended is None)
        )


def may_see(caller: Caller, whole: Whole) -> bool:
    """Enterprises see only what they have declared."""
    if caller.role != "enterprise":
        return True
    side = whole.first.declaration.from_side
    return (whole.declared_by, side) == (caller.name, caller.side)


async def read_consignment(request: Request) -> ConsignmentIn:
    """The body of a `PUT` consignment."""
    return await read_json(request, ConsignmentIn)


def consignments_router(desk: BorderDesk, size_types: tuple[str, ...]) -> APIRouter:
    """The routes under `/consignments`."""
    router = APIRouter(prefix="/consignments", tags=["border"])

    @router.get("", responses=documented(400, 422))
    def list_consignments(
        wanted: Annotated[ConsignmentsQuery, Query()], caller: Annotated[Caller, Depends(caller_of)]
    ) -> Page[ConsignmentOut]:
        """Those that pass the filters, the newest first."""

        def found() -> Generator[tuple[str, ConsignmentOut]]:
            with desk.reading() as sides:
                for whole in wholes(sides, desk.now_ns()):
                    if may_see(caller, whole):
                        out = whole.out()
                        if wanted.wants(out) or out.id == wanted.cursor:
                            yield out.id, out

        return page_of(found(), wanted)

    @router.get("/{id}", responses=documented(400, 404, 422))
    def get_consignment(
        id: ConsignmentId, caller: Annotated[Caller, Depends(caller_of)]
    ) -> ConsignmentWhole:
        """One of them with its history: each step, by whom, when and why."""
        with desk.reading() as sides:
            whole = whole_of(sides, id, desk.now_ns())
            if whole is None or not may_see(caller, whole):
                raise unknown(id)
            return whole.whole()

    @router.get("/{id}/expected", responses=documented(400, 404, 422))
    def get_expected(
        id: ConsignmentId, caller: Annotated[Caller, Depends(caller_of)]
    ) -> ExpectedOut:
        """When it will be through, by how long those like it took lately from where it stands."""
        with desk.reading() as sides:
            now_ns = desk.now_ns()
            whole = whole_of(sides, id, now_ns)
            if whole is None or not may_see(caller, whole):
                raise unknown(id)
            return ExpectedOut.of(id, expected(whole, wholes(sides, now_ns), now_ns))

    @router.put(
        "/{id}",
        status_code=201,
        responses=documented(400, 404, 409, 413, 415, 422, 503)
        | {200: {"model": ConsignmentWhole, "description": "Declared before"}},
        openapi_extra={"requestBody": json_schema(ConsignmentIn.model_json_schema())},
    )
    def declare(
        id: ConsignmentId,
        body: Annotated[ConsignmentIn, Depends(read_consignment)],
        caller: Annotated[Caller, Depends(caller_of)],
        response: Response,
    ) -> ConsignmentWhole:
        """Declare a load to the side that it leaves; a repeat changes nothing."""
        by = officer_of(caller, desk.sides)
        if body.size_type not in size_types:
            allowed = f"one of {', '.join(size_types)}"
            given = Fault(at="body.size_type", given=body.size_type, allowed=allowed)
            raise ProblemError(422, "invalid", f"body.size_type: {allowed}", [given])
        caller.check_side(body.from_side)
        goods = body.declaration(id)
        with desk.reading() as sides:
            known = whole_of(sides, id, desk.now_ns())
            if known is not None:
                if known.first.declaration != goods or not may_see(caller, known):
                    raise ProblemError(409, "conflict", f"{id} was declared with other content.")
                response.status_code = 200
                return known.whole()
        told(desk, by.side, Declare(f"{id}/{desk.now_ns()}", by, goods), id)
        response.headers["Location"] = f"/api/v1/consignments/{quote(id)}"
        with desk.reading() as sides:
            whole = whole_of(sides, id, desk.now_ns())
            assert whole is not None, "what was answered is on disk"
            return whole.whole()

    return router
