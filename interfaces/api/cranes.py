"""Cranes: what they do now."""

from fastapi import APIRouter

from interfaces.api.asking import Ask
from interfaces.api.models import DeviceId, Page, StationOut
from interfaces.api.problems import ProblemError, documented
from interfaces.api.service import add_service_routes
from interfaces.view import LiveView

WITHDRAWING = """
No AGV is sent to it any more, those on the way go to another, and those in its bays whose
lift has not begun are told so.
"""


def cranes_router(view: LiveView, ask: Ask) -> APIRouter:
    """The routes under `/cranes`."""
    router = APIRouter(prefix="/cranes", tags=["devices"])

    @router.get("", responses=documented(400))
    async def list_cranes() -> Page[StationOut]:
        """All of them, in the site's order."""
        return Page(
            items=[StationOut.seen(seen, view) for seen in view.stations("crane")],
            next=None,
        )

    @router.get("/{id}", responses=documented(400, 404, 422))
    async def get_crane(id: DeviceId) -> StationOut:
        """One of them."""
        for seen in view.stations("crane"):
            if seen.device.id == id:
                return StationOut.seen(seen, view)
        raise ProblemError(404, "not-found", f"The site has no crane {id}.")

    def side_of(name: str) -> str | None:
        found = (seen.device for seen in view.stations("crane") if seen.device.id == name)
        return next((device.side for device in found), None)

    add_service_routes(router, ask, "crane", side_of, WITHDRAWING)
    return router
