"""Inspection booths: what they do now."""

from fastapi import APIRouter

from interfaces.api.models import DeviceId, Page, StationOut
from interfaces.api.problems import ProblemError, documented
from interfaces.view import LiveView


def booths_router(view: LiveView) -> APIRouter:
    """The routes under `/booths`."""
    router = APIRouter(prefix="/booths", tags=["devices"])

    @router.get("", responses=documented(400))
    async def list_booths() -> Page[StationOut]:
        """All of them, in the site's order."""
        return Page(
            items=[
                StationOut.seen(seen, view.age_s(seen.stamp_ns)) for seen in view.stations("booth")
            ],
            next=None,
        )

    @router.get("/{id}", responses=documented(400, 404, 422))
    async def get_booth(id: DeviceId) -> StationOut:
        """One of them."""
        for seen in view.stations("booth"):
            if seen.device.id == id:
                return StationOut.seen(seen, view.age_s(seen.stamp_ns))
        raise ProblemError(404, "not-found", f"The site has no booth {id}.")

    return router
