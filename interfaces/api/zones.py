"""Zones of the road that an operator has blocked."""

from fastapi import APIRouter, Response

from actors.messages import Obstacle, ObstacleAnswer, PutObstacle, RemoveObstacle
from interfaces.api.asking import Ask, answering
from interfaces.api.models import BlockedZone, DeviceId, Page
from interfaces.api.problems import ProblemError, documented
from interfaces.view import LiveView

PREFIX = "zone:"
"""Blocked zones are obstacles without an outline; no other obstacle's id has a colon."""


def zones_router(view: LiveView, ask: Ask) -> APIRouter:
    """The routes under `/zones`."""
    router = APIRouter(prefix="/zones", tags=["road"])
    answered = answering(ask)
    zones = {edge.zone for edge in view.roadmap.edges.values()}

    def check(zone: str) -> None:
        if zone not in zones:
            raise ProblemError(404, "not-found", f"The site has no zone {zone}.")

    @router.get("/blocked", responses=documented(400))
    async def list_blocked() -> Page[BlockedZone]:
        """Zones that are blocked by hand; those under obstacles are listed with these."""
        blocked = [o for o in view.obstacles() if o.id.startswith(PREFIX)]
        return Page(items=[BlockedZone(id=o.zones[0], in_use=[]) for o in blocked], next=None)

    @router.put(
        "/{id}/block",
        status_code=201,
        responses=documented(400, 404, 413, 422, 503)
        | {200: {"model": BlockedZone, "description": "Blocked before"}},
    )
    async def block_zone(id: DeviceId, response: Response) -> BlockedZone:
        """Send no AGV into the zone. One that may drive into it already is not stopped by this."""
        check(id)
        answer = await answered(PutObstacle(Obstacle(PREFIX + id, (id,))))
        assert isinstance(answer, ObstacleAnswer)
        if answer.outcome != "created":
            response.status_code = 200
        return BlockedZone(id=id, in_use=list(answer.in_use))

    @router.delete("/{id}/block", status_code=204, responses=documented(400, 404, 413, 422, 503))
    async def unblock_zone(id: DeviceId) -> None:
        """Let AGVs into the zone again."""
        check(id)
        answer = await answered(RemoveObstacle(PREFIX + id))
        assert isinstance(answer, ObstacleAnswer)
        if answer.outcome == "unknown":
            raise ProblemError(404, "not-found", f"Zone {id} is not blocked.")

    return router
