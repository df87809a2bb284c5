"""Reading the body of a `PUT` order: everything that is wrong with it is told at once."""

import datetime
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Request
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from actors.consignment.identity import CONTAINER, IdentityError, container_number, hs_code
from actors.messages import OrderRequest
from actors.site.load_size import TWIN_LENGTH_M, goes_in_twos
from actors.site.model import Site
from interfaces.api.json_body import json_schema, read_json
from interfaces.api.times import ns_of

DEADLINE_MIN = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
DEADLINE_MAX = datetime.datetime(2200, 1, 1, tzinfo=datetime.UTC)
"""Within what 64 bits of nanoseconds hold."""
DEADLINE_FORM = "a time as in RFC 3339, with zone: 2026-07-01T10:00:00+07:00"


class Words(BaseModel):
    """The words that the site allows in an order."""

    sides: tuple[str, ...]
    size_types: tuple[str, ...]
    twins: bool
    """Whether two containers of 20 ft have room on a vehicle."""


def _refuse(allowed: str) -> PydanticCustomError:
    return PydanticCustomError("allowed", "{allowed}", {"allowed": allowed})


def _container(number: str) -> str:
    try:
        return container_number(number, "body")
    except IdentityError as error:
        raise _refuse(error.allowed) from error


def _hs(code: str) -> str:
    try:
        return hs_code(code, "body").digits
    except IdentityError as error:
        raise _refuse(error.allowed) from error


def _words(info: ValidationInfo) -> Words:
    assert isinstance(info.context, Words)
    return info.context


def _size_type(value: str, info: ValidationInfo) -> str:
    words = _words(info)
    if value not in words.size_types:
        raise _refuse(f"one of {', '.join(words.size_types)}")
    return value


def _twin_container(value: str, info: ValidationInfo) -> str:
    if not _words(info).twins:
        raise _refuse(f"none: two of 20 ft need vehicles of {TWIN_LENGTH_M:.2f} m")
    if not goes_in_twos(info.data.get("size_type", "2")):
        raise _refuse("none, but for 20 ft: a size_type that begins with 2")
    if value == info.data.get("container"):
        raise _refuse("another number than container")
    return value


def _side(value: str, info: ValidationInfo) -> str:
    words = _words(info)
    if value not in words.sides:
        raise _refuse(f"one of {', '.join(words.sides)}")
    return value


def _to_side(value: str, info: ValidationInfo) -> str:
    if value == info.data.get("from_side"):
        raise _refuse("the other side than from_side")
    return value


def _text_only(value: object) -> object:
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d[Tt]", value, re.ASCII):
        raise _refuse(DEADLINE_FORM)
    return value


def _in_reach(value: datetime.datetime) -> datetime.datetime:
    if value.tzinfo is None:
        raise _refuse(DEADLINE_FORM)
    if not DEADLINE_MIN <= value < DEADLINE_MAX:
        raise _refuse("a time from 2020 on and before 2200")
    return value


Deadline = Annotated[datetime.datetime, BeforeValidator(_text_only), AfterValidator(_in_reach)]


class OrderIn(BaseModel):
    """What a client orders."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    container: Annotated[
        str,
        AfterValidator(_container),
        Field(
            description="ISO 6346 number with its check digit.",
            examples=["CSQU3054383"],
            json_schema_extra={"pattern": f"^{CONTAINER.pattern}$"},
        ),
    ]
    size_type: Annotated[
        str,
        AfterValidator(_size_type),
        Field(description="ISO 6346 size-type known to the site.", examples=["45G1"]),
    ]
    twin_container: Annotated[
        Annotated[str, AfterValidator(_container), AfterValidator(_twin_container)] | None,
        Field(
            description="A second container of 20 ft, carried together with the first; both are "
            "of `size_type`. Its ISO 6346 number with its check digit.",
            examples=["TEXU2345675"],
        ),
    ] = None
    from_side: Annotated[str, AfterValidator(_side), Field(examples=["VN"])]
    to_side: Annotated[
        str,
        AfterValidator(_side),
        AfterValidator(_to_side),
        Field(description="The other side than `from_side`.", examples=["CN"]),
    ]
    priority: Annotated[
        int, Field(ge=-100, le=100, strict=True, description="The higher, the sooner.")
    ] = 0
    deadline: Annotated[
        Deadline | None, Field(description="RFC 3339, with zone; from 2020 on, before 2200.")
    ] = None
    hs: Annotated[
        Annotated[str, AfterValidator(_hs)] | None,
        Field(
            description="HS (6 digits) or AHTN (8) code of the goods declared, with which the "
            "image is compared; without one it is compared with nothing.",
            examples=["854231"],
        ),
    ] = None

    def request(self, name: str) -> OrderRequest:
        """The domain's form of this order, under the id that the client chose."""
        return OrderRequest(
            id=name,
            container=self.container,
            size_type=self.size_type,
            from_side=self.from_side,
            to_side=self.to_side,
            priority=self.priority,
            deadline_ns=None if self.deadline is None else ns_of(self.deadline),
            twin_container=self.twin_container or "",
            hs=self.hs or "",
        )


def words_of(site: Site) -> Words:
    """What orders of this site may say."""
    return Words(
        sides=tuple(site.sides),
        size_types=tuple(site.arrivals.size_types),
        twins=site.vehicles.length_m >= TWIN_LENGTH_M,
    )


def body_schema(words: Words) -> dict[str, Any]:
    """The OpenAPI `requestBody` of an order, with the site's own words."""
    schema = OrderIn.model_json_schema()
    schema["properties"]["size_type"]["enum"] = list(words.size_types)
    schema["properties"]["from_side"]["enum"] = list(words.sides)
    schema["properties"]["to_side"]["enum"] = list(words.sides)
    return json_schema(schema)


def body_reader(words: Words) -> Callable[[Request], Awaitable[OrderIn]]:
    """A dependency that reads an order from a request's body."""

    async def read(request: Request) -> OrderIn:
        return await read_json(request, OrderIn, words)

    return read
