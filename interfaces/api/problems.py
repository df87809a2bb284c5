"""Every error of the API as an RFC 9457 problem document."""

import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

GIVEN_MAX = 200
"""Characters of a refused value that are shown back."""


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    at: str = Field(description="Where: `body.container`, `query.limit`, `header.host`.")
    given: str | int | float | bool | None = Field(description="What was given there, shortened.")
    allowed: str = Field(description="What is allowed there.")


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="Names the kind of problem; never changes.")
    title: str
    status: int
    detail: str
    instance: str = Field(description="The path that was asked for.")
    errors: list[Fault] = []


class ProblemError(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        errors: Sequence[Fault] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.errors = list(errors)
        self.headers = headers or {}

    def response(self, instance: str) -> Response:
        """The answer to the request for the path `instance`."""
        problem = Problem(
            type=f"urn:bordergate:problem:{self.kind}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            instance=instance,
            errors=self.errors,
        )
        return Response(
            problem.model_dump_json(),
            self.status,
            headers=self.headers,
            media_type="application/problem+json",
        )


def fault(at: str, given: object, allowed: str) -> Fault:
    """A fault with a value of any kind, shown so that it is short and is valid JSON."""
    if given is None or isinstance(given, bool):
        return Fault(at=at, given=given, allowed=allowed)
    if isinstance(given, int) and abs(given) < 2**53:
        return Fault(at=at, given=given, allowed=allowed)
    if isinstance(given, float) and math.isfinite(given):
        return Fault(at=at, given=given, allowed=allowed)
    if isinstance(given, int):
        shown = f"an integer of {given.bit_length()} bits"
    else:
        # Counted before it is written out: nesting or length may be of any size.
        shown = given if isinstance(given, str) else f"a {_kind(given)}"
        shown = shown.encode("utf-8", "replace").decode()
    if len(shown) > GIVEN_MAX:
        shown = f"{shown[:GIVEN_MAX]}… ({len(shown)} characters)"
    return Fault(at=at, given=shown, allowed=allowed)


def _kind(given: object) -> str:
    kinds = {dict: "JSON object", list: "JSON list", float: "number that is not finite"}
    return kinds.get(type(given), type(given).__name__)


def faults(errors: Sequence[Any], root: str = "") -> list[Fault]:
    """Pydantic's error list as faults; `root` stands before every place."""
    found = []
    for error in errors:
        parts = [root, *map(str, error["loc"])] if root else list(map(str, error["loc"]))
        at = ".".join(part[:64].encode("utf-8", "replace").decode() for part in parts)
        allowed = str(error["msg"]).removeprefix("Input should be ")
        given = None if error["type"] == "missing" else error.get("input")
        if error["type"] == "missing":
            allowed = "is required"
        elif error["type"] == "extra_forbidden":
            allowed = "no such field"
        elif error["type"] == "model_type":
            allowed = "a JSON object"
        found.append(fault(at, given, allowed))
    return found


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with problems of these statuses."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {"application/problem+json": {"schema": schema}},
        }
        for status in statuses
    }


KINDS = {404: "not-found", 405: "method-not-allowed"}


def install(app: FastAPI) -> None:
    """Make the app answer every error with a problem document."""

    async def problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)
        return error.response(request.url.path)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = faults(error.errors())
        detail = "; ".join(f"{f.at}: {f.allowed}" for f in found)
        return ProblemError(422, "invalid", detail, found).response(request.url.path)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind = KINDS.get(error.status_code, "refused")
        answer = ProblemError(
            error.status_code, kind, str(error.detail), headers=dict(error.headers or {})
        )
        return answer.response(request.url.path)

    async def failed(request: Request, error: Exception) -> Response:
        # Starlette logs the error itself after this answer; its text stays inside.
        answer = ProblemError(500, "internal", "The request could not be carried out.")
        return answer.response(request.url.path)

    app.add_exception_handler(ProblemError, problem)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(Exception, failed)


async def send_problem(error: ProblemError, app_scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a problem from a middleware, outside the app's own handlers."""
    answer: ASGIApp = error.response(app_scope["path"])
    await answer(app_scope, receive, send)
