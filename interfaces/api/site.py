"""The site: sides, map, counts and figures. Nothing of it changes while the gate runs."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from actors.messages import DeviceKind
from actors.site.boundary import border_point
from actors.site.devices import Device
from actors.site.model import Point, Section, Site
from actors.site.roadmap import Edge, PlaceKind, Roadmap
from interfaces.api.problems import documented


class SideOut(BaseModel):
    """One side of the border."""

    name: str
    title: str
    utc_offset_h: float = Field(description="Local time less UTC [h].")
    opens: str
    closes: str


class EdgeOut(BaseModel):
    """One directed piece of road."""

    id: str
    start: str
    end: str
    zone: str
    lane: str | None
    speed_mps: float
    points: list[Point] = Field(description="Polyline from start to end, [m].")


class PlaceOut(BaseModel):
    """Where vehicles stop; position of a standing vehicle's front."""

    id: str
    kind: PlaceKind
    side: str
    station: str | None = Field(description="The crane or booth that serves here.")
    x_m: float
    y_m: float
    heading_rad: float = Field(description="Of a vehicle that stands here [rad].")


class MapOut(BaseModel):
    """The roadmap, for drawing: x to the east, y to the north [m]."""

    nodes: dict[str, Point]
    edges: list[EdgeOut]
    places: list[PlaceOut]
    border: Point | None = Field(description="Where the road crosses the boundary (km 0).")


class FigureOut(BaseModel):
    """One figure of the site file."""

    key: str = Field(description="Where it stands in the file: `road.length_m`.")
    value: float | str
    source: str | None = Field(
        description="V: verified in a public source. A: assumed. null: the site's own choice."
    )


class SiteOut(BaseModel):
    """Everything about the site that clients and the page need."""

    name: str
    title: str
    sides: list[SideOut] = Field(description="The first one lies in the west.")
    road: str
    vehicle_length_m: float
    vehicle_width_m: float
    map: MapOut
    counts: dict[DeviceKind, int]
    figures: list[FigureOut]


def site_router(site: Site, roadmap: Roadmap, devices: Iterable[Device]) -> APIRouter:
    """The route `/site`."""
    router = APIRouter(tags=["site"])
    document = describe(site, roadmap, devices).model_dump_json()

    @router.get("/site", response_model=SiteOut, responses=documented(400))
    async def get_site() -> Response:
        """The site with its map."""
        return Response(document, media_type="application/json")

    return router


def describe(site: Site, roadmap: Roadmap, devices: Iterable[Device]) -> SiteOut:
    """The API's form of a site and its roadmap."""
    sides = [
        SideOut(
            name=name,
            title=side.title,
            utc_offset_h=side.utc_offset_h,
            opens=side.opens,
            closes=side.closes,
        )
        for name, side in site.sides.items()
    ]
    return SiteOut(
        name=site.name,
        title=site.title,
        sides=sides,
        road=site.road.title,
        vehicle_length_m=site.vehicles.length_m,
        vehicle_width_m=site.vehicles.width_m,
        map=_map(site, roadmap),
        counts=Counter(device.kind for device in devices),
        figures=list(figures(site, "")),
    )


def _map(site: Site, roadmap: Roadmap) -> MapOut:
    into: dict[str, Edge] = {edge.end: edge for edge in roadmap.edges.values()}
    places = []
    for place in roadmap.places.values():
        x_m, y_m = roadmap.nodes[place.node]
        heading_rad = 0.0
        if place.node in into:
            (x0, y0), (x1, y1) = into[place.node].points[-2:]
            heading_rad = math.atan2(y1 - y0, x1 - x0)
        places.append(
            PlaceOut(
                id=place.id,
                kind=place.kind,
                side=place.side,
                station=place.station or None,
                x_m=_cm(x_m),
                y_m=_cm(y_m),
                heading_rad=round(heading_rad, 4),
            )
        )
    border = border_point(site, roadmap)
    return MapOut(
        nodes={name: (_cm(x), _cm(y)) for name, (x, y) in roadmap.nodes.items()},
        edges=[
            EdgeOut(
                id=edge.id,
                start=edge.start,
                end=edge.end,
                zone=edge.zone,
                lane=edge.lane or None,
                speed_mps=edge.speed_mps,
                points=[(_cm(x), _cm(y)) for x, y in edge.points],
            )
            for edge in roadmap.edges.values()
        ],
        places=places,
        border=(_cm(border[0]), _cm(border[1])) if border else None,
    )


def _cm(metres: float) -> float:
    return round(metres, 2)


def figures(section: Section, prefix: str) -> Iterator[FigureOut]:
    """All figures of a section of the site file and of the sections in it."""
    sources: dict[str, str] = getattr(section, "sources", {})
    for field in msgspec.structs.fields(section):
        if field.name in ("sources", "roadmap"):
            continue
        value = getattr(section, field.name)
        source = sources.get(field.encode_name, sources.get(field.name))
        yield from _figures_of(value, f"{prefix}{field.encode_name}", source)


def _figures_of(value: object, key: str, source: str | None) -> Iterator[FigureOut]:
    if isinstance(value, Section):
        yield from figures(value, f"{key}.")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _figures_of(item, f"{key}.{name}", source)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            named = getattr(item, "id", None) or getattr(item, "side", None) or str(index)
            yield from _figures_of(item, f"{key}.{named}", source)
    elif isinstance(value, int | float):
        yield FigureOut(key=key, value=value, source=source)
    elif source is not None:
        yield FigureOut(key=key, value=str(value), source=source)
