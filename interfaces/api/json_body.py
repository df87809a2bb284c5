"""Reading a JSON body strictly: everything that is wrong with it is told at once."""

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from interfaces.api.problems import Fault, ProblemError, faults

Body = TypeVar("Body", bound=BaseModel)


async def read_json(request: Request, model: type[Body], context: object = None) -> Body:
    """The body of a request as a `model`; `context` is for the model's own validators.

    Raises:
        ProblemError: 415 for another media type, 400 for what is no JSON, 422 for other content.
    """
    given = request.headers.get("content-type", "")
    media_type, _, parameters = given.lower().partition(";")
    charset = parameters.partition("charset=")[2].strip(' "')
    if media_type.strip() != "application/json" or charset not in ("", "utf-8"):
        allowed = "application/json, in UTF-8"
        raise ProblemError(
            415, "unsupported-media-type", f"Content-Type: {allowed}",
            [Fault(at="header.content-type", given=given[:200], allowed=allowed)],
        )  # fmt: skip
    data = _parse(await request.body())
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        found = faults(error.errors(include_url=False), "body")
        detail = "; ".join(f"{f.at}: {f.allowed}" for f in found)
        raise ProblemError(422, "invalid", detail[:1000], found) from None


def json_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI `requestBody` of a body with this schema."""
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _parse(body: bytes) -> object:
    """The JSON in a body; NaN, Infinity, deep nesting and bytes that are no UTF-8 are refused."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        allowed = "one JSON object in UTF-8 (RFC 8259)"
        shown = body[:80].decode("utf-8", "replace")
        raise ProblemError(
            400, "malformed", f"body: {allowed}; {error}",
            [Fault(at="body", given=shown, allowed=allowed)],
        ) from None  # fmt: skip
