"""The web application: the API under `/api/v1`, its documents, and the health routes."""

from collections.abc import Callable, Iterable
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.routing import compile_path

from actors.site.devices import Device
from actors.site.model import Site
from actors.site.roadmap import Roadmap
from interfaces.api import problems
from interfaces.api.asking import Ask
from interfaces.api.booths import booths_router
from interfaces.api.conditions import conditions_router
from interfaces.api.consignments import consignments_router
from interfaces.api.cranes import cranes_router
from interfaces.api.decisions import decisions_router
from interfaces.api.enter import Entrance, enter_router
from interfaces.api.events import events_router
from interfaces.api.exchange import exchange_router
from interfaces.api.guard import Guard
from interfaces.api.health import health_router
from interfaces.api.holds import holds_router
from interfaces.api.inspections import inspections_router
from interfaces.api.lanes import lanes_router
from interfaces.api.me import me_router
from interfaces.api.obstacles import obstacles_router
from interfaces.api.orders import orders_router
from interfaces.api.places import places_router
from interfaces.api.problems import Problem, ProblemError, documented
from interfaces.api.roles import OPEN, RULES, FindCaller, access, check_rules
from interfaces.api.site import site_router
from interfaces.api.stops import stops_router
from interfaces.api.stream import stream_router
from interfaces.api.trucks import trucks_router
from interfaces.api.vehicles import vehicles_router
from interfaces.api.zones import zones_router
from interfaces.border_desk import BorderDesk
from interfaces.frames import FrameSource
from interfaces.view import LiveView

PREFIX = "/api/v1"
DESCRIPTION = """
Transport orders and live state of one automated border gate. Errors are problem documents
(RFC 9457). Times are RFC 3339; those given back are in UTC. `/api/v1/stream` is a WebSocket that
sends the whole state five times a second: `{stamp, vehicles, stations, lanes, orders,
obstacles, places_out}`.
"""


def create_app(
    site: Site,
    roadmap: Roadmap,
    devices: Iterable[Device],
    view: LiveView,
    ask: Ask,
    readiness: Callable[[], list[str]],
    find_caller: FindCaller,
    border: BorderDesk | None = None,
    entrance: Entrance | None = None,
    letters: APIRouter | None = None,
    webhooks: APIRouter | None = None,
) -> FastAPI:
    """The application, to be served by one process on a loopback address (`guard.check_bind`).

    Args:
        site: The site that is run.
        roadmap: Its roadmap, as drawn by clients.
        devices: Its devices, as counted for clients.
        view: What is known; fed by somebody else.
        ask: Puts a message to the fleet manager and waits for its answer; called from a pool of
            threads. May raise TimeoutError or ConnectionError, which become a 503.
        readiness: The names of the devices that have not answered yet; called from the pool too.
        find_caller: Whose token it is; called from the pool too.
        border: Consignments, of a gate that clears them.
        entrance: The link that lets the page in.
        letters: Takes the letters of the other side's gate, where that is another one.
        webhooks: Where enterprises are told how their consignments stand.

    Raises:
        RuntimeError: for a route there is no rule that says who may use it.
    """
    app = FastAPIOffline(
        title=f"bordergate – {site.title}",
        version="1",
        description=DESCRIPTION,
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
        static_url="/api/docs-static",  # swagger-ui out of the package, not from a CDN
        swagger_ui_oauth2_redirect_url="/api/docs/oauth2-redirect",
    )
    api = APIRouter(prefix=PREFIX, dependencies=[Depends(access(find_caller))])
    routers = [
        site_router(site, roadmap, devices),
        orders_router(view, ask),
        vehicles_router(view, ask),
        cranes_router(view, ask),
        booths_router(view, ask),
        lanes_router(view, ask),
        places_router(view, ask),
        obstacles_router(view, ask),
        zones_router(view, ask),
        stops_router(view, ask),
        conditions_router(view, ask),
        events_router(view),
        me_router(),
        stream_router(FrameSource(view)),
        *(_border_routers(border, site) if border is not None else ()),
        *(router for router in (letters, webhooks) if router is not None),
    ]
    for router in routers:
        api.include_router(router)
    app.include_router(api)
    health = health_router(readiness)
    app.include_router(health)
    if entrance is not None:
        app.include_router(enter_router(entrance))
    problems.install(app)
    _document(app)
    served = _paths((PREFIX, routers), ("", [health]))
    check_rules(served, also=(f"GET {PREFIX}/stream",))
    _refuse_the_rest(app, served)
    app.add_middleware(Guard)
    return app


def _border_routers(border: BorderDesk, site: Site) -> list[APIRouter]:
    return [
        consignments_router(border, tuple(site.arrivals.size_types)),
        holds_router(border),
        decisions_router(border),
        inspections_router(border),
        trucks_router(border),
        exchange_router(border),
    ]


def _paths(*under: tuple[str, list[APIRouter]]) -> dict[str, set[str]]:
    """The methods of each path that routers serve under a prefix, WebSockets apart.

    The OpenAPI document would tell the same, and takes half a second to be made.
    """
    found: dict[str, set[str]] = {}
    for prefix, routers in under:
        for router in routers:
            for route in router.routes:
                if isinstance(route, APIRoute):
                    found.setdefault(prefix + route.path, set()).update(route.methods or ())
    return found


def _refuse_the_rest(app: FastAPI, paths: dict[str, set[str]]) -> None:
    """Answer 404 and 405 under the API's paths, before the page's own routes take them."""
    served = [
        (compile_path(path)[0], ", ".join(sorted(methods))) for path, methods in paths.items()
    ]

    async def unrouted(request: Request) -> Response:
        for pattern, methods in served:
            if pattern.match(request.scope["path"]):
                raise ProblemError(
                    405,
                    "method-not-allowed",
                    f"Allowed here: {methods}.",
                    headers={"Allow": methods},
                )
        raise ProblemError(404, "not-found", "There is nothing at this path.")

    for path in ("/api", "/api/{rest:path}", "/healthz", "/readyz"):
        app.router.add_route(path, unrouted, methods=METHODS, include_in_schema=False)


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]


def _document(app: FastAPI) -> None:
    """Put into the OpenAPI what no route says by itself: the problem's schema, and who may ask."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        document = generate()
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components = document["components"]
        components["schemas"].update(schema.pop("$defs"))
        components["schemas"]["Problem"] = schema
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        refusals = {str(status): answer for status, answer in documented(401, 403).items()}
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                rule = RULES.get(f"{method.upper()} {path}", OPEN)
                operation["responses"].update(refusals)
                if isinstance(rule, frozenset):
                    operation["security"] = [{"token": []}]
                    operation["x-roles"] = sorted(rule)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
