"""`/exchange/…`: letters of the other side's gate, and what has become of ours."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from interfaces.api.problems import ProblemError, documented, fault
from interfaces.api.roles import Caller, caller_of
from interfaces.api.times import time_of
from interfaces.exchange.receiving import Receiver
from interfaces.store.exchange_peer import PeerBook
from interfaces.store.outbox import Outbox, Waiting

LETTER: dict[str, Any] = {"content": {"application/json": {"schema": {"type": "object"}}}}
By = Annotated[Caller, Depends(caller_of)]
Number = Annotated[int, Path(ge=1, le=2**53 - 1)]


class RefusedOut(BaseModel):
    """Letters that were refused for one reason."""

    by: str = Field(description="`us`: the peer's letters; `peer`: ours.")
    code: str
    times: int
    last_at: str
    last: str


class LaneOut(BaseModel):
    """How a lane is, as the other side told last."""

    lane: str
    state: str
    from_side: str


class DeadLetterOut(BaseModel):
    """A letter that the peer will not have."""

    number: int
    consignment: str
    sequence: int
    kind: str
    body: dict[str, object]
    since: str
    tries: int
    trouble: str

    @classmethod
    def of(cls, letter: Waiting) -> "DeadLetterOut":
        """As it is shown."""
        return cls(
            number=letter.number, consignment=letter.consignment, sequence=letter.sequence,
            kind=letter.kind, body=letter.body, since=time_of(letter.put_ns), tries=letter.tries,
            trouble=letter.trouble,
        )  # fmt: skip


class ExchangeOut(BaseModel):
    """How the exchange is doing."""

    side: str
    peer: str
    heard_at: str | None = Field(description="When its last letter came.")
    answered_at: str | None = Field(description="When its last receipt came.")
    skew_ms: float | None = Field(description="Its clock less this one's.")
    waiting: int = Field(description="Letters that it has not taken yet.")
    dead: int
    oldest_at: str | None = Field(description="Since when the oldest of both kinds waits.")
    refused: list[RefusedOut]
    lanes: list[LaneOut] = Field(description="Of the side that runs the fleet.")
    dead_letters: list[DeadLetterOut] = Field(description="The oldest 100.")


class WordIn(BaseModel, extra="forbid"):
    """An officer's word on a dead letter."""

    reason: str = Field(min_length=1, max_length=1000)


def letters_router(receiver: Receiver, outbox: Outbox, now_ns: Callable[[], int]) -> APIRouter:
    """The routes under `/exchange`, of a gate that has a peer."""
    router = APIRouter(prefix="/exchange", tags=["exchange"])

    @router.post(
        "/messages",
        responses=documented(400, 413, 422)
        | {200: {"description": "A receipt, signed: `ack` or `nak`", **LETTER}},
        openapi_extra={"requestBody": {"required": True, **LETTER}},
    )
    async def take_letter(request: Request) -> Response:
        """Take a letter of the other side's gate: what is acknowledged is on disk."""
        try:
            data = await request.body()
        except ClientDisconnect:
            raise ProblemError(400, "invalid", "body: the sender has hung up") from None
        try:
            msgspec.json.decode(data, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            shown = data[:200].decode("utf-8", "replace")
            wrong = [fault("body", shown, "a JSON object")]
            raise ProblemError(422, "invalid", "body: a JSON object", wrong) from None
        receipt = await run_in_threadpool(receiver.take, data, now_ns())
        return Response(receipt, media_type="application/json")

    @router.get("/state", responses=documented(400))
    def get_exchange_state() -> ExchangeOut:
        """When the peer was heard, what waits, and what was refused."""
        return told(receiver.book, outbox, receiver)

    @router.post("/dead-letters/{number}/requeue", responses=documented(400, 404, 413, 422))
    def requeue_letter(number: Number, word: WordIn, caller: By) -> ExchangeOut:
        """Send a dead letter again, because what stood against it is mended."""
        if not outbox.requeue(number, _named(caller), word.reason, now_ns()):
            raise unknown(number)
        return told(receiver.book, outbox, receiver)

    @router.post("/dead-letters/{number}/withdraw", responses=documented(400, 404, 413, 422))
    def withdraw_letter(number: Number, word: WordIn, caller: By) -> ExchangeOut:
        """Have the peer told that the letter is withdrawn, by whom and why, in its place."""
        body = {"by": _named(caller), "reason": word.reason}
        if not outbox.withdraw(number, body, now_ns()):
            raise unknown(number)
        return told(receiver.book, outbox, receiver)

    return router


def told(book: PeerBook, outbox: Outbox, receiver: Receiver) -> ExchangeOut:
    """The state as it is shown."""
    peer, state, sides = book.state(), outbox.state(), receiver.sides
    return ExchangeOut(
        side=sides[0],
        peer=sides[1],
        heard_at=_time(peer.heard_ns),
        answered_at=_time(peer.answered_ns),
        skew_ms=None if peer.skew_ns is None else peer.skew_ns / 1e6,
        waiting=state.waiting,
        dead=state.dead,
        oldest_at=_time(state.oldest_ns or 0),
        refused=[
            RefusedOut(
                by=refused.by, code=refused.code, times=refused.times,
                last_at=time_of(refused.last_ns), last=refused.last,
            )
            for refused in book.refusals()
        ],
        lanes=[LaneOut.model_validate(lane) for lane in peer.lanes],
        dead_letters=[DeadLetterOut.of(letter) for letter in outbox.dead()],
    )  # fmt: skip


def _named(caller: Caller) -> str:
    return f"{caller.name}, {caller.role}"


def unknown(number: int) -> ProblemError:
    """There is no dead letter of that number."""
    return ProblemError(404, "not-found", f"There is no dead letter {number}.")


def _time(at_ns: int) -> str | None:
    return time_of(at_ns) if at_ns else None
