"""Webhooks: where an enterprise is told how its consignments stand."""

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from interfaces.api.json_body import json_schema, read_json
from interfaces.api.models import Page
from interfaces.api.problems import Fault, ProblemError, documented
from interfaces.api.roles import Caller, caller_of
from interfaces.api.times import Time, time_of
from interfaces.store.webhooks import HOOKS_MAX, Hook, Hooks
from interfaces.webhooks.targets import URL_LENGTH_MAX, Targets

HookId = Annotated[
    str,
    Path(
        min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$",
        description="Chosen by the enterprise.", examples=["erp"],
    ),
]  # fmt: skip


class WebhookIn(BaseModel):
    """Where messages go."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    url: Annotated[str, Field(min_length=1, max_length=URL_LENGTH_MAX)]


class WebhookOut(BaseModel):
    """A webhook, and what it is owed."""

    id: str
    url: str
    waiting: int = Field(description="Consignments of which it has not taken the newest state.")
    oldest: Time | None = Field(description="Since when the oldest of them waits.")
    trouble: str | None = Field(description="What came of the last try that failed.")
    given_up: Time | None = Field(description="Told no more from then on, until it is put again.")

    @classmethod
    def of(cls, hook: Hook, hooks: Hooks) -> "WebhookOut":
        """The API's form of it."""
        owed = hooks.backlog(hook)
        return cls(
            id=hook.id, url=hook.url, waiting=owed.waiting,
            oldest=None if owed.oldest_ns is None else time_of(owed.oldest_ns),
            trouble=owed.trouble or None,
            given_up=time_of(hook.given_up_ns) if hook.given_up_ns else None,
        )  # fmt: skip


class WebhookMade(WebhookOut):
    """A webhook that is new, with its secret."""

    secret: str | None = Field(
        description="Signs its messages (Standard Webhooks); shown once, when it is made."
    )


async def read_webhook(request: Request) -> WebhookIn:
    """The body of a `PUT` webhook."""
    return await read_json(request, WebhookIn)


def webhooks_router(hooks: Hooks, targets: Targets) -> APIRouter:
    """The routes under `/webhooks`; each enterprise sees and changes its own."""
    router = APIRouter(prefix="/webhooks", tags=["border"])

    @router.get("", responses=documented(400))
    def list_webhooks(caller: Annotated[Caller, Depends(caller_of)]) -> Page[WebhookOut]:
        """Yours, the oldest first."""
        found = hooks.of(caller.name, caller.side)
        return Page(items=[WebhookOut.of(hook, hooks) for hook in found], next=None)

    @router.put(
        "/{id}",
        status_code=201,
        responses=documented(400, 409, 413, 415, 422)
        | {200: {"model": WebhookMade, "description": "It was there, and goes to this URL now"}},
        openapi_extra={"requestBody": json_schema(WebhookIn.model_json_schema())},
    )
    def put_webhook(
        id: HookId,
        body: Annotated[WebhookIn, Depends(read_webhook)],
        caller: Annotated[Caller, Depends(caller_of)],
        response: Response,
    ) -> WebhookMade:
        """Be told of each change of your consignments: `POST` with the whole state, signed.

        Messages follow Standard Webhooks; what is answered with 2xx is taken, all else is repeated
        for three days. Several changes in a short time may come as one message.
        """
        refusal = targets.refusal(body.url)
        if refusal:
            fault = Fault(at="body.url", given=body.url[:200], allowed=refusal)
            raise ProblemError(422, "invalid", f"body.url: {refusal}", [fault])
        made = hooks.put(caller.name, caller.side, id, body.url, time.time_ns())
        if made is None:
            raise ProblemError(409, "too-many", f"You have {HOOKS_MAX} webhooks; delete one first.")
        hook, is_new = made
        if not is_new:
            response.status_code = 200
        secret = hook.secret if is_new else None
        return WebhookMade(**WebhookOut.of(hook, hooks).model_dump(), secret=secret)

    @router.delete("/{id}", status_code=204, responses=documented(400, 404, 413, 422))
    def delete_webhook(id: HookId, caller: Annotated[Caller, Depends(caller_of)]) -> None:
        """Be told no more."""
        if not hooks.remove(caller.name, caller.side, id):
            raise ProblemError(404, "not-found", f"You have no webhook {id}.")

    return router
