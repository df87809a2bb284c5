"""Registers the operator page at `/` and feeds it from the live view."""

import itertools
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI
from nicegui import ui
from nicegui.element import Element

from actors.messages import OrderState, Side
from interfaces.frames import TICK_S, FrameSource, StateFrame
from interfaces.view import LiveView, OrderView

HERE = Path(__file__).parent
ACK_S = 3.0
"""A page that has not taken an update for so long is sent the next one anyway."""

ORDERS_FINISHED = 100
"""Finished orders that a page shows."""

ORDERS_A_TICK = 500
"""Orders in one update; the rest follow in the next ones."""

HISTORY_KEPT = 50
"""Messages that a page may have missed and is sent again; after more, it is loaded anew."""


class OrderRow(msgspec.Struct, frozen=True, gc=False):
    """An order as a row of the page's list; times in ms since 1970, UTC."""

    id: str
    container: str
    from_side: Side = msgspec.field(name="from")
    to_side: Side = msgspec.field(name="to")
    state: OrderState
    vehicle: str
    reason: str
    created: int
    changed: int


class News(msgspec.Struct, frozen=True, gc=False):
    """One update of a page: the whole frame, and the orders changed since the last one."""

    frame: StateFrame
    orders: list[OrderRow]


class GatePage(Element, component="gate_page.js", esm={"bordergate-page": "parts"}):
    """The whole page as one element, drawn in the browser; `has_desk`: it leads to the desk."""

    def __init__(self, has_desk: bool) -> None:
        super().__init__()
        self._props["hasDesk"] = has_desk

    async def show(self, news: News) -> None:
        """Send one update and wait until the page has taken it.

        Raises:
            TimeoutError: the page has not answered in `ACK_S`.
        """
        taken: Any = msgspec.to_builtins(news)
        await self.run_method("update", taken, timeout=ACK_S)


class DeskPage(Element, component="desk_page.js", esm={"bordergate-page": "parts"}):
    """The border desk as one element; it asks the API by itself, with the browser's token."""


class Feed:
    """Sends one page its updates, never more than one ahead of what it has taken."""

    def __init__(self, view: LiveView, frames: FrameSource, page: GatePage) -> None:
        self._view = view
        self._frames = frames
        self._page = page
        self._change = 0

    async def tick(self) -> None:
        """Send what is new. A page that does not answer gets the same orders again."""
        changed = self._view.orders_changed(self._change, ORDERS_FINISHED)
        sent = list(itertools.islice(changed, ORDERS_A_TICK))
        try:
            await self._page.show(News(self._frames.frame(), [row(seen) for seen in sent]))
        except TimeoutError:
            return
        if sent:
            self._change = sent[-1].change


def row(seen: OrderView) -> OrderRow:
    """An order as the page lists it."""
    order = seen.order
    marks = order.history
    return OrderRow(
        id=order.request.id,
        container=order.request.load,
        from_side=order.request.from_side,
        to_side=order.request.to_side,
        state=order.state,
        vehicle=order.vehicle,
        reason=order.reason,
        created=marks[0].at_ns // 1_000_000 if marks else 0,
        changed=marks[-1].at_ns // 1_000_000 if marks else 0,
    )


def register_page(app: FastAPI, view: LiveView, has_desk: bool = False) -> None:
    """Put the operator page at `/` of the app; once a process, after all other routes.

    `has_desk`: the border desk at `/desk`, too; the app has the resources of the border.
    """
    frames = FrameSource(view)
    title = f"{view.site.title} – bordergate"

    @ui.page("/", title=title, dark=None)
    def operator_page() -> None:
        ui.add_css(HERE / "style.css")
        feed = Feed(view, frames, GatePage(has_desk))
        ui.timer(TICK_S, feed.tick)

    if has_desk:

        @ui.page("/desk", title=f"Border desk – {title}", dark=None)
        def desk_page() -> None:
            ui.add_css(HERE / "style.css")
            ui.add_css(HERE / "desk.css")
            DeskPage()

    ui.run_with(
        app,
        title=title,
        tailwind=False,
        show_welcome_message=False,
        message_history_length=HISTORY_KEPT,
    )
