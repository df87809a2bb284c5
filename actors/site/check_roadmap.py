"""The roadmap, checked: references, room for the vehicle, a way from everywhere to everywhere."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

import rustworkx as rx

from actors.site.devices import yard_places
from actors.site.expand import lane_chains
from actors.site.model import Site, SurveyedEdge, SurveyedRoadmap
from actors.site.roadmap import Roadmap
from actors.site.schema import Words
from actors.site.tow import refuge_cases

Finding = tuple[str, object, str]
"""Key path, what is given there, what is allowed."""
ROUNDING_M = 0.01
"""Coordinates are rounded to a millimetre; a sum of rounded lengths may fall short by less."""


def survey_problems(site: Site, survey: SurveyedRoadmap) -> Iterator[Finding]:
    """References of a surveyed roadmap that lead nowhere, and places missing or too many."""
    lanes = {lane.id for lane in site.road.lanes}
    seen: set[str] = set()
    for i, edge in enumerate(survey.edges):
        where = f"roadmap.edges[{i}]"
        if edge.id in seen:
            yield f"{where}.id", edge.id, "each edge once"
        seen.add(edge.id)
        for key, node in (("start", edge.start), ("end", edge.end)):
            if node not in survey.nodes:
                yield f"{where}.{key}", node, "a node of roadmap.nodes"
        if edge.start == edge.end:
            yield f"{where}.end", edge.end, "another node than start"
        if edge.lane and edge.lane not in lanes:
            yield f"{where}.lane", edge.lane, f"a lane of the road: {', '.join(sorted(lanes))}"
    needed = {place.id for yard in site.yards for place in yard_places(yard)}
    for place, node in survey.places.items():
        if place not in needed:
            yield f"roadmap.places.{place}", place, "a place that follows from yards"
        if node not in survey.nodes:
            yield f"roadmap.places.{place}", node, "a node of roadmap.nodes"
    for place in sorted(needed - survey.places.keys()):
        yield f"roadmap.places.{place}", None, "the node of this place"
    for node, count in Counter(survey.places.values()).items():
        if count > 1:
            yield "roadmap.places", node, "one place a node"
    for lane in sorted(lanes):
        yield from _surveyed_lane(survey, lane)


def _surveyed_lane(survey: SurveyedRoadmap, lane: str) -> Iterator[Finding]:
    """A lane is two chains of edges, one each way, over the same zones."""
    edges = [edge for edge in survey.edges if edge.lane == lane]
    chains = lane_chains(survey, lane)
    if len(chains) != 2 or sum(len(chain) for chain in chains) != len(edges):
        allowed = "two chains of edges joined end to start, one each way"
        yield "roadmap.edges", Words(f"lane {lane}"), allowed
        return
    there, back = ([edge.zone or edge.id for edge in chain] for chain in chains)
    if there != back[::-1] or len(set(there)) != len(there):
        yield "roadmap.edges", Words(f"lane {lane}"), "the same zones both ways, one an edge"
    if all(_known(survey, chain) for chain in chains):
        ways = [survey.nodes[c[0].start][0] < survey.nodes[c[-1].end][0] for c in chains]
        if ways[0] == ways[1]:
            yield (
                "roadmap.edges",
                Words(f"lane {lane}"),
                "one chain to the east and one to the west",
            )


def _known(survey: SurveyedRoadmap, chain: Iterable[SurveyedEdge]) -> bool:
    return all(e.start in survey.nodes and e.end in survey.nodes for e in chain)


def roadmap_problems(site: Site, roadmap: Roadmap) -> list[Finding]:
    """What is wrong with a roadmap whose references hold."""
    found = list(_room(site, roadmap))
    if not found:
        found += _ways(site, roadmap)
    return found


def sharing_problems(site: Site, roadmap: Roadmap) -> Iterator[Finding]:
    """Places that are in the way of others, in a roadmap whose zones in common are known."""
    allowed = "an edge to stand on that vehicles under way to other stops and lanes do not touch"
    for place, case in refuge_cases(roadmap).items():
        more = f" and {len(case.cut_off) - 1} more" if len(case.cut_off) > 1 else ""
        given = Words(f"{place}, in which a vehicle at rest cuts off {case.cut_off[0]}{more}")
        yield _where(site, place), given, allowed


def _where(site: Site, place: str) -> str:
    """The key to look at when `place` is unfit."""
    return "vehicles.turn_radius_m" if site.roadmap is None else f"roadmap.places.{place}"


def _room(site: Site, roadmap: Roadmap) -> Iterator[Finding]:
    """A vehicle with its clearance fits where it may stand: in places and in zones of lanes."""
    room = site.vehicles.length_m + site.vehicles.clearance_m - ROUNDING_M
    need = f"at least length_m + clearance_m, {room + ROUNDING_M:g} [m]"
    lane_key = "road.lane_zone_m" if site.roadmap is None else "roadmap.edges"
    into = defaultdict(list)
    for edge in roadmap.edges.values():
        into[edge.end].append(edge)
        if edge.length_m <= 0:
            yield "roadmap.edges", Words(f"{edge.id} of 0 m"), "edges longer than 0 [m]"
        if edge.lane and edge.length_m < room:
            yield lane_key, Words(f"{edge.id} of {edge.length_m:g} m"), need
    for place in roadmap.places.values():
        edges = into[place.node]
        if len(edges) != 1:
            allowed = "a node at which exactly one edge ends: the one to stand on"
            yield _where(site, place.id), Words(f"{place.id} with {len(edges)}"), allowed
        elif edges[0].length_m < room:
            yield _where(site, place.id), Words(f"{place.id} on {edges[0].length_m:g} m"), need


class _Ways:
    """Where one can get to. No way leads through a place, nor over a lane to the other side."""

    def __init__(self, roadmap: Roadmap) -> None:
        stops = {place.node for place in roadmap.places.values()}
        graph: rx.PyDiGraph[str, None] = rx.PyDiGraph()
        self.index = {node: graph.add_node(node) for node in roadmap.nodes}
        self.exits: dict[str, list[str]] = defaultdict(list)
        for edge in roadmap.edges.values():
            if edge.lane:
                continue
            if edge.start in stops:
                self.exits[edge.start].append(edge.end)
            else:
                graph.add_edge(self.index[edge.start], self.index[edge.end], None)
        self.component: dict[int, int] = {}
        components = rx.strongly_connected_components(graph)
        for number, members in enumerate(components):
            self.component.update(dict.fromkeys(members, number))
        joined: rx.PyDiGraph[int, None] = rx.PyDiGraph()
        joined.add_nodes_from(range(len(components)))
        for a, b in graph.edge_list():
            if self.component[a] != self.component[b]:
                joined.add_edge(self.component[a], self.component[b], None)
        self.joined = joined
        self.known: dict[int, set[int]] = {}

    def from_node(self, node: str) -> set[int]:
        """The components reached from a node, starting there even if it is a place."""
        found: set[int] = set()
        for start in self.exits.get(node, [node]):
            component = self.component[self.index[start]]
            if component not in self.known:
                self.known[component] = {component} | set(rx.descendants(self.joined, component))
            found |= self.known[component]
        return found

    def of(self, node: str) -> int:
        return self.component[self.index[node]]


def _ways(site: Site, roadmap: Roadmap) -> Iterator[Finding]:
    """All stops and lanes of a side reach each other."""
    ways = _Ways(roadmap)
    for side in site.sides:
        starts = {p.id: p.node for p in roadmap.places.values() if p.side == side}
        ends = dict(starts)
        for way in roadmap.lane_ways:
            if way.to_side == side:
                starts[f"lane {way.lane}"] = roadmap.edges[way.edges[-1]].end
            else:
                ends[f"lane {way.lane}"] = roadmap.edges[way.edges[0]].start
        reached = {name: ways.from_node(node) for name, node in starts.items()}
        for end, node in ends.items():
            target = ways.of(node)
            cut_off = [s for s in starts if s != end and target not in reached[s]]
            if cut_off:
                more = f" and {len(cut_off) - 1} more" if len(cut_off) > 1 else ""
                given = Words(f"{end}, out of reach of {cut_off[0]}{more}")
                yield "roadmap.edges", given, f"a way to it from every stop and lane of {side}"
