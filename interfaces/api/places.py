"""Places where AGVs stop: bays, booths, chargers, refuges, and whether they are in service."""

from fastapi import APIRouter

from interfaces.api.asking import Ask
from interfaces.api.models import DeviceId, Page, PlaceNow
from interfaces.api.problems import ProblemError, documented
from interfaces.api.service import add_service_routes
from interfaces.view import LiveView

WITHDRAWING = """
No AGV is sent there any more; one on the way there goes elsewhere, one that charges there is sent
away. What a crane or booth has begun there is finished.
"""


def places_router(view: LiveView, ask: Ask) -> APIRouter:
    """The routes under `/places`."""
    router = APIRouter(prefix="/places", tags=["devices"])

    @router.get("", responses=documented(400))
    async def list_places() -> Page[PlaceNow]:
        """All of them, in the site's order."""
        return Page(items=[PlaceNow.seen(seen) for seen in view.places()], next=None)

    @router.get("/{id}", responses=documented(400, 404, 422))
    async def get_place(id: DeviceId) -> PlaceNow:
        """One of them."""
        for seen in view.places():
            if seen.place.id == id:
                return PlaceNow.seen(seen)
        raise ProblemError(404, "not-found", f"The site has no place {id}.")

    def side_of(name: str) -> str | None:
        place = view.roadmap.places.get(name)
        return place.side if place is not None else None

    add_service_routes(router, ask, "place", side_of, WITHDRAWING)
    return router
