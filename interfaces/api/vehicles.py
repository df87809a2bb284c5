"""AGVs: what they do now."""

from fastapi import APIRouter

from interfaces.api.models import DeviceId, Page, VehicleOut
from interfaces.api.problems import ProblemError, documented
from interfaces.view import LiveView


def vehicles_router(view: LiveView) -> APIRouter:
    """The routes under `/vehicles`."""
    router = APIRouter(prefix="/vehicles", tags=["devices"])

    @router.get("", responses=documented(400))
    async def list_vehicles() -> Page[VehicleOut]:
        """All of them, in the site's order."""
        return Page(
            items=[VehicleOut.seen(seen, view.age_s(seen.stamp_ns)) for seen in view.vehicles()],
            next=None,
        )

    @router.get("/{id}", responses=documented(400, 404, 422))
    async def get_vehicle(id: DeviceId) -> VehicleOut:
        """One of them."""
        for seen in view.vehicles():
            if seen.device.id == id:
                return VehicleOut.seen(seen, view.age_s(seen.stamp_ns))
        raise ProblemError(404, "not-found", f"The site has no vehicle {id}.")

    return router
