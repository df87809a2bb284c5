"""The web application: the API under `/api/v1`, its documents, and the health routes."""

from collections.abc import Callable, Iterable

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi_offline import FastAPIOffline
from starlette.routing import compile_path

from actors.site.devices import Device
from actors.site.model import Site
from actors.site.roadmap import Roadmap
from interfaces.api import problems
from interfaces.api.asking import Ask
from interfaces.api.booths import booths_router
from interfaces.api.cranes import cranes_router
from interfaces.api.events import events_router
from interfaces.api.guard import Guard
from interfaces.api.health import health_router
from interfaces.api.lanes import lanes_router
from interfaces.api.obstacles import obstacles_router
from interfaces.api.orders import orders_router
from interfaces.api.places import places_router
from interfaces.api.problems import Problem, ProblemError
from interfaces.api.site import site_router
from interfaces.api.stream import stream_router
from interfaces.api.vehicles import vehicles_router
from interfaces.api.zones import zones_router
from interfaces.frames import FrameSource
from interfaces.view import LiveView

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
    api = APIRouter(prefix="/api/v1")
    for router in (
        site_router(site, roadmap, devices),
        orders_router(view, ask),
        vehicles_router(view, ask),
        cranes_router(view, ask),
        booths_router(view, ask),
        lanes_router(view, ask),
        places_router(view, ask),
        obstacles_router(view, ask),
        zones_router(view, ask),
        events_router(view),
        stream_router(FrameSource(view)),
    ):
        api.include_router(router)
    app.include_router(api)
    app.include_router(health_router(readiness))
    problems.install(app)
    _document_problems(app)
    _refuse_the_rest(app)
    app.add_middleware(Guard)
    return app


def _refuse_the_rest(app: FastAPI) -> None:
    """Answer 404 and 405 under the API's paths, before the page's own routes take them."""
    served = [
        (compile_path(path)[0], ", ".join(sorted(method.upper() for method in methods)))
        for path, methods in app.openapi()["paths"].items()
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


def _document_problems(app: FastAPI) -> None:
    """Put the problem document's schema, which no route returns by itself, into the OpenAPI."""
    generate = app.openapi

    def openapi() -> dict[str, object]:
        document = generate()
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = document["components"]["schemas"]
        schemas.update(schema.pop("$defs"))
        schemas["Problem"] = schema
        return document

    app.openapi = openapi  # type: ignore[method-assign]
