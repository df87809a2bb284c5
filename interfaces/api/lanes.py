"""Lanes across the border: what they do now."""

from fastapi import APIRouter

from interfaces.api.models import DeviceId, DeviceOut, Page
from interfaces.api.problems import ProblemError, documented
from interfaces.view import LiveView


def lanes_router(view: LiveView) -> APIRouter:
    """The routes under `/lanes`."""
    router = APIRouter(prefix="/lanes", tags=["devices"])

    @router.get("", responses=documented(400))
    async def list_lanes() -> Page[DeviceOut]:
        """All of them, in the site's order."""
        return Page(
            items=[DeviceOut.of(seen) for seen in view.devices("lane")],
            next=None,
        )

    @router.get("/{id}", responses=documented(400, 404, 422))
    async def get_lane(id: DeviceId) -> DeviceOut:
        """One of them."""
        for seen in view.devices("lane"):
            if seen.id == id:
                return DeviceOut.of(seen)
        raise ProblemError(404, "not-found", f"The site has no lane {id}.")

    return router
