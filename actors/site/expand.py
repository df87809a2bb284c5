"""From a site's parameters, or from its survey, to the roadmap."""

import datetime
from functools import lru_cache

import msgspec

from actors.site.conflicts import share_zones
from actors.site.devices import lanes_in_use, yard_places
from actors.site.drawing import Drawing, as_drawn, half_turned, mm, polyline_m
from actors.site.measures import Measures, equal_parts, measure, mouth_of
from actors.site.model import Site, SurveyedEdge, SurveyedRoadmap
from actors.site.roadmap import Edge, LaneWay, Place, Roadmap
from actors.site.swept_path import footprint
from actors.site.yard import LaneEnds, Mouth, draw_yard


def expand(site: Site, day: datetime.date) -> Roadmap:
    """The roadmap of a checked site with the lanes that are in use on `day`.

    Vehicles that hold no zone of it in common do not touch. That of an equal site is made once in
    a process: it takes a second or two for a large one.
    """
    return _expanded(msgspec.msgpack.encode(site), day)


@lru_cache(maxsize=8)
def _expanded(encoded: bytes, day: datetime.date) -> Roadmap:
    site = msgspec.msgpack.decode(encoded, type=Site)
    return share_zones(draw(site, day), footprint(site))


def draw(site: Site, day: datetime.date) -> Roadmap:
    """The roadmap as it is drawn or surveyed, with the zones that were given to its edges."""
    if site.roadmap is not None:
        return _surveyed(site, site.roadmap, day)
    measures = measure(site)
    in_use = {lane.id for lane in lanes_in_use(site, day)}
    yards = {yard.side: yard for yard in site.yards}
    west, east = site.sides
    length_m, height_m = site.road.length_m, measures.height
    drawing = Drawing()
    west_ends = draw_yard(
        drawing, as_drawn, yards[west], measures, _mouths(site, measures, in_use, turned=False)
    )
    east_ends = draw_yard(
        drawing,
        half_turned(length_m, height_m),
        yards[east],
        measures,
        _mouths(site, measures, in_use, turned=True),
    )
    ways: list[LaneWay] = []
    for index, lane in enumerate(site.road.lanes):
        if lane.id in in_use:
            y = measures.lanes[index]
            ends = (west_ends[lane.id], east_ends[lane.id])
            ways += _draw_lane(drawing, site, lane.id, y, ends, measures)
    return Roadmap(drawing.nodes, drawing.edges, drawing.places, tuple(ways))


def _mouths(site: Site, measures: Measures, in_use: set[str], *, turned: bool) -> list[Mouth]:
    """The mouths in a yard's own frame, from its collector to its feeder."""
    height = measures.height
    found = []
    for number, (south, north) in enumerate(measures.mouths):
        lanes = [
            (lane.id, height - measures.lanes[i] if turned else measures.lanes[i])
            for i, lane in enumerate(site.road.lanes)
            if mouth_of(i) == number and lane.id in in_use
        ]
        if turned:
            south, north = height - north, height - south
        found.append(Mouth(mm(south), mm(north), tuple(lanes)))
    return found[::-1] if turned else found


def _draw_lane(
    drawing: Drawing,
    site: Site,
    lane: str,
    y: float,
    ends: tuple[LaneEnds, LaneEnds],
    measures: Measures,
) -> list[LaneWay]:
    """Both directions of one lane over the same zones, numbered from the west."""
    west, east = site.sides
    road = site.road
    start, end = measures.radius, road.length_m - measures.radius
    parts = equal_parts(start, end, road.lane_zone_m, measures.room)
    ways = []
    for from_side, to_side in ((west, east), (east, west)):
        eastbound = from_side == west
        direction = f"{from_side}-{to_side}"
        numbers = list(range(1, len(parts) + 1))
        bounds = [high for _, high in parts[:-1]]
        first, last = ends[0].departs, ends[1].arrives
        if not eastbound:
            numbers.reverse()
            bounds.reverse()
            first, last = ends[1].departs, ends[0].arrives
        nodes = [first]
        for number, x in enumerate(bounds, 1):
            node = f"{lane}:{direction}:n{number:03d}"
            nodes.append(drawing.add_node(node, (x, y), as_drawn))
        nodes.append(last)
        edges = [
            drawing.add_edge(
                f"{lane}:{direction}:{number:03d}",
                nodes[i],
                nodes[i + 1],
                zone=f"{lane}-{number:03d}",
                lane=lane,
                speed_mps=road.lane_speed_mps,
            )
            for i, number in enumerate(numbers)
        ]
        ways.append(LaneWay(lane, from_side, to_side, tuple(edges)))
    return ways


# --- surveyed roadmaps ------------------------------------------------------------------------


def _surveyed(site: Site, survey: SurveyedRoadmap, day: datetime.date) -> Roadmap:
    """The roadmap that was given node by node; lanes not in use on `day` are left out."""
    in_use = {lane.id for lane in lanes_in_use(site, day)}
    edges = {}
    for given in survey.edges:
        if given.lane and given.lane not in in_use:
            continue
        points = (survey.nodes[given.start], *given.via, survey.nodes[given.end])
        edges[given.id] = Edge(
            id=given.id,
            start=given.start,
            end=given.end,
            zone=given.zone or given.id,
            lane=given.lane,
            speed_mps=given.speed_mps,
            points=points,
            length_m=polyline_m(points),
        )
    places = {
        named.id: Place(named.id, named.kind, named.side, survey.places[named.id], named.station)
        for yard in site.yards
        for named in yard_places(yard)
    }
    west, east = site.sides
    ways = []
    for lane in lanes_in_use(site, day):
        for chain in lane_chains(survey, lane.id):
            start, end = survey.nodes[chain[0].start], survey.nodes[chain[-1].end]
            sides = (west, east) if start[0] < end[0] else (east, west)
            ways.append(LaneWay(lane.id, *sides, tuple(edge.id for edge in chain)))
    return Roadmap(dict(survey.nodes), edges, places, tuple(ways))


def lane_chains(survey: SurveyedRoadmap, lane: str) -> list[list[SurveyedEdge]]:
    """The edges of a surveyed lane, joined end to start: one chain for each direction."""
    rest = {edge.start: edge for edge in survey.edges if edge.lane == lane}
    ends = {edge.end for edge in rest.values()}
    chains = []
    for start in [node for node in rest if node not in ends]:
        chain = [rest.pop(start)]
        while chain[-1].end in rest:
            chain.append(rest.pop(chain[-1].end))
        chains.append(chain)
    return chains
