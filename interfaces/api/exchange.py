"""The exchange with the other side: whether it is heard, and what waits."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from interfaces.api.models import Page
from interfaces.api.problems import documented
from interfaces.api.times import Time, time_of
from interfaces.border_desk import BorderDesk


class PeerOut(BaseModel):
    """The exchange of one side of ours with the side opposite."""

    side: str
    peer: str
    is_open: bool = Field(description="Our side lets crossings begin.")
    link: Literal["embedded", "up", "down"] = Field(
        description="`embedded`: the other side's clearance runs in this gate, too."
    )
    waiting: int = Field(description="Messages that are not answered yet.")
    dead: int = Field(description="Messages that were given up: an alarm.")
    naks: int = Field(description="Messages that the other side has refused.")
    heard: Time | None


def exchange_router(desk: BorderDesk) -> APIRouter:
    """The route `/exchange`."""
    router = APIRouter(tags=["border"])

    @router.get("/exchange", responses=documented(400))
    def get_exchange() -> Page[PeerOut]:
        """Each side that runs here with the one opposite."""
        with desk.reading() as sides:
            is_open = {side: clearance.is_open for side, clearance in sides.items()}
        items = [
            PeerOut(
                side=peer.side, peer=peer.peer, is_open=is_open.get(peer.side, False),
                link=peer.link, waiting=peer.waiting, dead=peer.dead, naks=peer.naks,
                heard=time_of(peer.heard_ns) if peer.heard_ns else None,
            )
            for peer in desk.peers.now()
        ]  # fmt: skip
        return Page(items=items, next=None)

    return router
