"""Transport orders: accept, cancel, read."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from actors.messages import (
    CancelOrder,
    ExplainOrder,
    Order,
    OrderAnswer,
    OrderExplained,
    OrderState,
    PutOrder,
)
from interfaces.api.asking import Ask, answering
from interfaces.api.models import ORDER_ID, ExplanationOut, OrderOut, Page
from interfaces.api.order_body import OrderIn, body_reader, body_schema, words_of
from interfaces.api.problems import Fault, ProblemError, documented
from interfaces.view import LiveView, OrderView

OrderId = Annotated[
    str,
    Path(
        min_length=1,
        max_length=64,
        pattern=ORDER_ID,
        description="Chosen by the client; letters, digits, dot, hyphen, underscore.",
        examples=["demo-0001"],
    ),
]


class OrdersQuery(BaseModel):
    """Which orders are wanted, and which page of them."""

    model_config = ConfigDict(extra="forbid")

    state: OrderState | None = None
    vehicle: Annotated[str, Field(max_length=64)] | None = None
    container: Annotated[str, Field(max_length=64)] | None = None
    from_side: Annotated[str, Field(max_length=2)] | None = None
    to_side: Annotated[str, Field(max_length=2)] | None = None
    cursor: (
        Annotated[str, Field(max_length=64, description="`next` of the page before.")] | None
    ) = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100

    def wants(self, order: Order) -> bool:
        """Whether the order passes every filter that is set."""
        asked = order.request
        return (
            self.state in (None, order.state)
            and self.vehicle in (None, order.vehicle)
            and self.container in (None, asked.container, asked.twin_container)
            and self.from_side in (None, asked.from_side)
            and self.to_side in (None, asked.to_side)
        )


def orders_router(view: LiveView, ask: Ask) -> APIRouter:
    """The routes under `/orders`."""
    router = APIRouter(prefix="/orders", tags=["orders"])
    words = words_of(view.site)
    read_body = body_reader(words)
    answered = answering(ask)

    async def asked(message: PutOrder | CancelOrder) -> OrderAnswer:
        answer = await answered(message)
        assert isinstance(answer, OrderAnswer)
        if answer.order is not None:
            view.note(answer.order)
        return answer

    @router.get("", responses=documented(400, 422))
    def list_orders(wanted: Annotated[OrdersQuery, Query()]) -> Page[OrderOut]:
        """The orders that pass the filters, the newest first."""
        before = None
        if wanted.cursor is not None:
            last = view.order(wanted.cursor)
            if last is None:
                allowed = "`next` of an earlier page, or none"
                raise ProblemError(
                    422, "invalid", f"query.cursor: {allowed}",
                    [Fault(at="query.cursor", given=wanted.cursor, allowed=allowed)],
                )  # fmt: skip
            before = last.ordinal
        found: list[OrderView] = []
        for seen in view.orders():
            if (before is None or seen.ordinal < before) and wanted.wants(seen.order):
                found.append(seen)
                if len(found) > wanted.limit:
                    break
        shown = found[: wanted.limit]
        more = len(found) > wanted.limit
        return Page(
            items=[OrderOut.of(seen.order) for seen in shown],
            next=shown[-1].order.request.id if more else None,
        )

    @router.get("/{id}", responses=documented(400, 404, 422))
    async def get_order(id: OrderId) -> OrderOut:
        """One order."""
        seen = view.order(id)
        if seen is None:
            raise unknown(id)
        return OrderOut.of(seen.order)

    @router.get("/{id}/explanation", responses=documented(400, 404, 422, 503))
    async def explain_order(id: OrderId) -> ExplanationOut:
        """Why the order was given to its AGV: the cost of that, term by term, and the next best."""
        answer = await answered(ExplainOrder(id))
        assert isinstance(answer, OrderExplained)
        if answer.outcome == "unknown":
            raise unknown(id)
        return ExplanationOut.of(answer)

    @router.put(
        "/{id}",
        status_code=201,
        responses=documented(400, 409, 413, 415, 422, 503)
        | {200: {"model": OrderOut, "description": "Accepted before"}},
        openapi_extra={"requestBody": body_schema(words)},
    )
    async def put_order(
        id: OrderId, body: Annotated[OrderIn, Depends(read_body)], response: Response
    ) -> OrderOut:
        """Order the move of one container, or of two of 20 ft together.

        A repeat changes nothing and is answered alike.
        """
        answer = await asked(PutOrder(body.request(id)))
        if answer.outcome in ("created", "same"):
            assert answer.order is not None
            response.status_code = 201 if answer.outcome == "created" else 200
            response.headers["Location"] = f"/api/v1/orders/{quote(id)}"
            return OrderOut.of(answer.order)
        if answer.outcome == "conflict":
            raise ProblemError(
                409, "conflict",
                f"Order {id} was accepted before with other content. {answer.reason}".strip(),
            )  # fmt: skip
        raise ProblemError(422, "order-refused", answer.reason or f"Order {id} is refused.")

    @router.post(
        "/{id}/cancel",
        responses=documented(400, 404, 409, 413, 422, 503)
        | {202: {"model": OrderOut, "description": "Asked of its AGV, which may be too far on"}},
    )
    async def cancel_order(id: OrderId, response: Response) -> OrderOut:
        """Give an order up, which is possible until its container is lifted."""
        answer = await asked(CancelOrder(id))
        if answer.outcome == "unknown":
            raise unknown(id)
        if answer.outcome in ("cancelled", "cancelling"):
            assert answer.order is not None
            response.status_code = 200 if answer.outcome == "cancelled" else 202
            return OrderOut.of(answer.order)
        raise ProblemError(
            409, "too-late", answer.reason or f"Order {id} can no longer be cancelled."
        )

    return router


def unknown(name: str) -> ProblemError:
    """There is no order of that id."""
    return ProblemError(404, "not-found", f"There is no order {name}.")
