"""Tow cases: what a vehicle that stands dead in a zone cuts off from the rest of its side.

A dead vehicle takes its zone out of the roadmap, and with it every edge that has a zone in common
with one of its edges. What is left is judged by the ends of ways: the stops of a side, and its
lanes, each where it arrives and where it departs. Ends that do not all reach each other any more
are cut off; then the vehicle has to be towed before all orders of the side can go on. As
everywhere, no way leads through a place, nor over a lane to the other side.
"""

from collections import defaultdict
from collections.abc import Iterable, Set

import msgspec
import rustworkx as rx

from actors.messages import Side
from actors.site.roadmap import Edge, Roadmap


class TowCase(msgspec.Struct, frozen=True):
    """A zone in which a vehicle must not stay."""

    zone: str
    side: Side
    cut_off: tuple[str, ...]
    """Places and lanes that do not reach, or are not reached by, the others of the side. Those
    that stand in the zone itself are not counted."""
    of: int
    """How many places and lanes the side has outside the zone."""


class _End(msgspec.Struct, frozen=True):
    """A stop or a lane: where ways to it end, and where ways from it begin."""

    name: str
    arrive: str
    depart: str
    zones: frozenset[str]


def tow_cases(roadmap: Roadmap, zones: Iterable[str] | None = None) -> list[TowCase]:
    """Every zone, of those given or of all, in which a dead vehicle cuts something off."""
    edges_of: dict[str, list[Edge]] = defaultdict(list)
    for edge in roadmap.edges.values():
        for zone in edge.zones:
            edges_of[zone].append(edge)
    own = {edge.zone: None for edge in roadmap.edges.values()}
    sides = _sides(roadmap)
    found = []
    for zone in own if zones is None else zones:
        lost = {
            edge.id for one in edges_of[zone] for shared in one.zones for edge in edges_of[shared]
        }
        for side in sides:
            case = side.without(zone, lost)
            if case is not None:
                found.append(case)
    return found


def refuge_cases(roadmap: Roadmap) -> dict[str, TowCase]:
    """By place, what a vehicle that rests there cuts off, where it does: no trip may end there.

    Every trip ends in a place that is kept for its vehicle (decision 3). That others can always go
    on needs that vehicles at rest, each in its place, leave a way from every other stop to every
    other one.
    """
    zones = {place: roadmap.standing_edge(place).zone for place in roadmap.places}
    cases = {case.zone: case for case in tow_cases(roadmap, dict.fromkeys(zones.values()))}
    return {place: cases[zone] for place, zone in zones.items() if zone in cases}


def _sides(roadmap: Roadmap) -> list["_Network"]:
    """The networks of the two sides, lanes taken out, each with its ends."""
    standing = {edge.end: edge for edge in roadmap.edges.values()}
    ends: dict[Side, dict[str, _End]] = defaultdict(dict)
    for place in roadmap.places.values():
        zones = frozenset([standing[place.node].zone])
        ends[place.side][place.id] = _End(place.id, place.node, place.node, zones)
    for way in roadmap.lane_ways:
        zones = frozenset(roadmap.edges[edge].zone for edge in way.edges)
        back = roadmap.way(way.lane, way.to_side)
        start, end = roadmap.edges[way.edges[0]].start, roadmap.edges[back.edges[-1]].end
        ends[way.from_side][way.lane] = _End(way.lane, start, end, zones)
    return [_Network(roadmap, side, list(found.values())) for side, found in ends.items()]


class _Network:
    """The roads of one side, and which of its ends reach which."""

    def __init__(self, roadmap: Roadmap, side: Side, ends: list[_End]) -> None:
        self.side, self.ends = side, ends
        self.stops = {place.node for place in roadmap.places.values()}
        roads = [edge for edge in roadmap.edges.values() if not edge.lane]
        onward: dict[str, list[Edge]] = defaultdict(list)
        for edge in roads:
            onward[edge.start].append(edge)
        reached, rest = set(), [end.depart for end in ends]
        while rest:
            node = rest.pop()
            if node not in reached:
                reached.add(node)
                rest += [edge.end for edge in onward[node]]
        self.edges = [edge for edge in roads if edge.start in reached]
        self.names = {edge.id for edge in self.edges}
        self.number = {node: i for i, node in enumerate(sorted(reached | {e.arrive for e in ends}))}

    def without(self, zone: str, lost: Set[str]) -> TowCase | None:
        """What is cut off when the edges are lost; None if nothing is.

        Edges that only lead to or from one place serve no other: most zones of places need no
        search.
        """
        ends = [end for end in self.ends if zone not in end.zones]
        missing = [edge for edge in self.edges if edge.id in lost]
        if all(edge.start in self.stops or edge.end in self.stops for edge in missing):
            touched = {
                node for edge in missing for node in (edge.start, edge.end) if node in self.stops
            }
            if not any(end.arrive in touched or end.depart in touched for end in ends):
                return None
        cut_off = _apart(ends, self._reached(ends, lost))
        return TowCase(zone, self.side, cut_off, len(ends)) if cut_off else None

    def _reached(self, ends: list[_End], lost: Set[str]) -> list[int]:
        """By end, the set of ends that it reaches, a bit each."""
        graph: rx.PyDiGraph[None, None] = rx.PyDiGraph()
        graph.add_nodes_from([None] * len(self.number))
        exits: dict[str, list[int]] = defaultdict(list)
        links = []
        for edge in self.edges:
            if edge.id in lost:
                continue
            if edge.start in self.stops:
                exits[edge.start].append(self.number[edge.end])
            else:
                links.append((self.number[edge.start], self.number[edge.end]))
        graph.extend_from_edge_list(links)
        bits = [0] * len(self.number)
        for i, end in enumerate(ends):
            bits[self.number[end.arrive]] |= 1 << i
        component = [0] * len(self.number)
        # Components come with those first that lead to no other: what they reach is known then.
        onward: dict[int, list[int]] = defaultdict(list)
        for a, b in links:
            onward[a].append(b)
        total: list[int] = []
        for number, members in enumerate(rx.strongly_connected_components(graph)):
            reach = 0
            for node in members:
                component[node] = number
                reach |= bits[node]
            for node in members:
                for after in onward[node]:
                    if component[after] != number:
                        reach |= total[component[after]]
            total.append(reach)
        found = []
        for end in ends:
            starts = exits[end.depart] if end.depart in self.stops else [self.number[end.depart]]
            reach = 0
            for node in starts:
                reach |= total[component[node]]
            found.append(reach)
        return found


def _apart(ends: list[_End], reach: list[int]) -> tuple[str, ...]:
    """The ends to leave out, so that those left all reach each other.

    The one that misses most goes first, until none misses any; of equals the last one.
    """
    left = set(range(len(ends)))
    missed: dict[int, set[int]] = {i: set() for i in left}
    for i in left:
        for j in left:
            if i != j and not reach[i] >> j & 1:
                missed[i].add(j)
                missed[j].add(i)
    gone = []
    while left:
        worst = max(left, key=lambda i: (len(missed[i]), i))
        if not missed[worst]:
            break
        left.discard(worst)
        gone.append(worst)
        for other in missed.pop(worst):
            missed[other].discard(worst)
    return tuple(ends[i].name for i in sorted(gone))
