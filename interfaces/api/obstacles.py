"""What is not ours on the road: service cars, tows, vehicles under manual drive."""

from functools import cache
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from actors.messages import Obstacle, ObstacleAnswer, Outline, PutObstacle, RemoveObstacle
from actors.site.swept_path import SweptPaths, footprint, outline_of, zones_under
from interfaces.api.asking import Ask, answering
from interfaces.api.json_body import json_schema, read_json
from interfaces.api.models import Page
from interfaces.api.problems import ProblemError, documented
from interfaces.api.zones import PREFIX
from interfaces.view import LiveView

REACH_M = 1e6
"""No obstacle lies further from the map's origin."""
SIZE_M_MAX = 100.0
ObstacleId = Annotated[
    str,
    Path(
        min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$",
        description="Chosen by the client.", examples=["tow-1"],
    ),
]  # fmt: skip


class ObstacleIn(BaseModel):
    """A rectangle on the ground."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    x_m: Annotated[float, Field(ge=-REACH_M, le=REACH_M, description="East, its middle [m].")]
    y_m: Annotated[float, Field(ge=-REACH_M, le=REACH_M, description="North, its middle [m].")]
    heading_rad: Annotated[
        float, Field(ge=-7, le=7, description="Of its length, counter-clockwise from east [rad].")
    ]
    length_m: Annotated[float, Field(ge=0.1, le=SIZE_M_MAX)]
    width_m: Annotated[float, Field(ge=0.1, le=SIZE_M_MAX)]

    def outline(self) -> Outline:
        """The domain's form of it."""
        return Outline(self.x_m, self.y_m, self.heading_rad, self.length_m, self.width_m)


class ObstacleOut(BaseModel):
    """An obstacle, and the zones that no AGV is sent into because of it."""

    id: str
    x_m: float
    y_m: float
    heading_rad: float
    length_m: float
    width_m: float
    zones: list[str] = Field(description="In which an AGV could touch it.")
    in_use: list[str] = Field(
        description="AGVs that were there, or could drive there already, when it was put: these "
        "are not stopped. Empty in lists."
    )

    @classmethod
    def of(cls, obstacle: Obstacle, in_use: tuple[str, ...] = ()) -> "ObstacleOut":
        """The API's form of an obstacle with an outline."""
        at = obstacle.outline
        assert at is not None, "a zone blocked by name"
        return cls(
            id=obstacle.id, x_m=at.x_m, y_m=at.y_m, heading_rad=at.heading_rad,
            length_m=at.length_m, width_m=at.width_m, zones=list(obstacle.zones),
            in_use=list(in_use),
        )  # fmt: skip


async def read_obstacle(request: Request) -> ObstacleIn:
    """The body of a `PUT` obstacle."""
    return await read_json(request, ObstacleIn)


def obstacles_router(view: LiveView, ask: Ask) -> APIRouter:
    """The routes under `/obstacles`."""
    router = APIRouter(prefix="/obstacles", tags=["road"])
    answered = answering(ask)

    @cache
    def swept_paths() -> SweptPaths:
        return SweptPaths(view.roadmap, footprint(view.site))

    def placed(id: str, outline: Outline) -> Obstacle:
        ground = outline_of(
            outline.x_m, outline.y_m, outline.heading_rad, outline.length_m, outline.width_m
        )
        return Obstacle(id, tuple(zones_under(view.roadmap, swept_paths(), ground)), outline)

    @router.get("", responses=documented(400))
    async def list_obstacles() -> Page[ObstacleOut]:
        """All of them, the oldest first; zones blocked by name are listed under `/zones`."""
        shown = [o for o in view.obstacles() if not o.id.startswith(PREFIX)]
        return Page(items=[ObstacleOut.of(obstacle) for obstacle in shown], next=None)

    @router.put(
        "/{id}",
        status_code=201,
        responses=documented(400, 413, 415, 422, 503)
        | {200: {"model": ObstacleOut, "description": "Moved, or there before"}},
        openapi_extra={"requestBody": json_schema(ObstacleIn.model_json_schema())},
    )
    async def put_obstacle(
        id: ObstacleId, body: Annotated[ObstacleIn, Depends(read_obstacle)], response: Response
    ) -> ObstacleOut:
        """Send no AGV where it could touch this. One that may drive there already is not stopped.

        The same id again moves it.
        """
        obstacle = await run_in_threadpool(placed, id, body.outline())
        answer = await answered(PutObstacle(obstacle))
        assert isinstance(answer, ObstacleAnswer)
        if answer.outcome != "created":
            response.status_code = 200
        return ObstacleOut.of(obstacle, answer.in_use)

    @router.delete("/{id}", status_code=204, responses=documented(400, 404, 413, 422, 503))
    async def remove_obstacle(id: ObstacleId) -> None:
        """It is gone."""
        answer = await answered(RemoveObstacle(id))
        assert isinstance(answer, ObstacleAnswer)
        if answer.outcome == "unknown":
            raise ProblemError(404, "not-found", f"There is no obstacle {id}.")

    return router
