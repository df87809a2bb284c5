"""AGVs: what they do now; out of service, back, and set down elsewhere by hand."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from actors.messages import PlaceAnswer, PlaceVehicle
from actors.safety import PermitTow, StopAnswer
from interfaces.api.asking import Ask, answering
from interfaces.api.border_models import Reason
from interfaces.api.json_body import json_schema, read_json
from interfaces.api.models import DeviceId, Page, VehicleOut
from interfaces.api.problems import Fault, ProblemError, documented
from interfaces.api.roles import Caller, caller_of
from interfaces.api.service import add_service_routes
from interfaces.api.speaker import officer_of
from interfaces.view import LiveView

WITHDRAWING = """
It is given nothing new. An order that is not loaded yet goes to another AGV; a loaded one is
finished. Then it drives home and stays there.
"""


class PositionIn(BaseModel):
    """Where an AGV has been brought."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    place: Annotated[str, Field(min_length=1, max_length=64, examples=["VN-P03"])]


class PositionOut(BaseModel):
    """Where an AGV stands, or will stand when its controller has confirmed it."""

    id: str
    place: str


class TowPermitIn(BaseModel):
    """Why the AGV may be towed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason


class TowPermitOut(BaseModel):
    """Which sides let the AGV be towed."""

    id: str
    permitted_by: list[str]


async def read_permit(request: Request) -> TowPermitIn:
    """The body of a permit to tow."""
    return await read_json(request, TowPermitIn)


async def read_position(request: Request) -> PositionIn:
    """The body of a `PUT` position."""
    return await read_json(request, PositionIn)


def vehicles_router(view: LiveView, ask: Ask) -> APIRouter:
    """The routes under `/vehicles`."""
    router = APIRouter(prefix="/vehicles", tags=["devices"])
    answered = answering(ask)

    def is_known(name: str) -> bool:
        return any(seen.device.id == name for seen in view.vehicles())

    @router.get("", responses=documented(400))
    async def list_vehicles() -> Page[VehicleOut]:
        """All of them, in the site's order."""
        return Page(
            items=[VehicleOut.seen(seen, view) for seen in view.vehicles()],
            next=None,
        )

    @router.get("/{id}", responses=documented(400, 404, 422))
    async def get_vehicle(id: DeviceId) -> VehicleOut:
        """One of them."""
        for seen in view.vehicles():
            if seen.device.id == id:
                return VehicleOut.seen(seen, view)
        raise ProblemError(404, "not-found", f"The site has no vehicle {id}.")

    add_service_routes(
        router, ask, "vehicle", lambda name: "" if is_known(name) else None, WITHDRAWING
    )

    @router.put(
        "/{id}/position",
        status_code=202,
        responses=documented(400, 404, 409, 413, 415, 422, 503)
        | {200: {"model": PositionOut, "description": "It stands there already"}},
        openapi_extra={"requestBody": json_schema(PositionIn.model_json_schema())},
    )
    async def put_position(
        id: DeviceId, body: Annotated[PositionIn, Depends(read_position)], response: Response
    ) -> PositionOut:
        """Say that the AGV has been brought to a place, after a tow or repair.

        Only of one that is withdrawn, stopped or silent, and only if the place is free. Its old
        zones are given to others when its controller has confirmed the new position.
        """
        if not is_known(id):
            raise ProblemError(404, "not-found", f"The site has no vehicle {id}.")
        answer = await answered(PlaceVehicle(id, body.place))
        assert isinstance(answer, PlaceAnswer)
        if answer.outcome == "no_place":
            allowed = "a place of the site, as /places lists them"
            raise ProblemError(
                422, "invalid", f"body.place: {allowed}",
                [Fault(at="body.place", given=body.place, allowed=allowed)],
            )  # fmt: skip
        if answer.outcome in ("refused", "unknown"):
            raise ProblemError(409, "not-possible", answer.reason)
        if answer.outcome == "same":
            response.status_code = 200
        return PositionOut(id=id, place=body.place)

    @router.post(
        "/{id}/permit-tow",
        responses=documented(400, 403, 404, 413, 415, 422, 503),
        openapi_extra={"requestBody": json_schema(TowPermitIn.model_json_schema())},
    )
    async def permit_tow(
        id: DeviceId,
        body: Annotated[TowPermitIn, Depends(read_permit)],
        caller: Annotated[Caller, Depends(caller_of)],
    ) -> TowPermitOut:
        """Let a loaded AGV be towed out of a lane, as far as your side is concerned.

        Its new position is taken when both sides have permitted it; good for one tow.
        """
        answer = await answered(
            PermitTow("api", officer_of(caller, view.site.sides), id, body.reason)
        )
        assert isinstance(answer, StopAnswer)
        if answer.outcome == "unknown":
            raise ProblemError(404, "not-found", f"The site has no vehicle {id}.")
        return TowPermitOut(id=id, permitted_by=list(answer.stopped))

    return router
