"""Conflicts: edges of different zones on which two vehicles could touch, and zones made of them.

Two vehicles are kept apart as long as no zone is held by both. So a pair of edges is in conflict if
their swept paths overlap while neither vehicle holds the zone of the other's edge. Vehicles that
follow each other are kept apart by the clearance behind the rear, where a zone is given back: the
swept paths then reckoned are only those of a rear that has gone so far. The two directions of a
lane are not compared, for they are never open at the same time.

Edges in conflict are given a zone in common, besides their own. A crossing of many edges, all in
conflict with each other, is one such zone.
"""

from collections import defaultdict
from collections.abc import Iterable, Set

import msgspec
import numpy as np
import shapely

from actors.site.roadmap import LaneWay, Roadmap
from actors.site.swept_path import Footprint, Sweep, SweptPaths

OVERLAP_M2 = 1e-3
"""Swept paths that overlap by less only touch: coordinates are rounded to a millimetre, and the
lateral clearance is wider than what this leaves open."""

Pair = tuple[str, str]


def share_zones(roadmap: Roadmap, body: Footprint) -> Roadmap:
    """The roadmap with `Edge.also` filled in: no two vehicles touch that hold no zone in common.

    Raises:
        WaysError: a survey's edges cannot be followed, there are too many ways.
    """
    pairs = conflicts(roadmap, SweptPaths(roadmap, body))
    also = zones_of_cliques(roadmap, pairs)
    edges = {
        key: msgspec.structs.replace(edge, also=tuple(also[key])) if key in also else edge
        for key, edge in roadmap.edges.items()
    }
    return msgspec.structs.replace(roadmap, edges=edges)


def conflicts(roadmap: Roadmap, swept: SweptPaths) -> set[Pair]:
    """Pairs of edges, each in the order of the roadmap, on which vehicles could touch.

    Edges that one vehicle can hold together are looked at last: what comes near to touch them from
    the side mostly holds a zone by then that excludes it.
    """
    zones = {key: edge.zone for key, edge in roadmap.edges.items()}
    bound = _bound_for(roadmap)
    first, second = swept.tree.query(swept.boxes, predicate="intersects")
    one_way: list[Pair] = []
    found: dict[str, set[str]] = defaultdict(set)
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        a, b = swept.edges[i], swept.edges[j]
        if i >= j or zones[a] == zones[b] or _against(bound.get(a), bound.get(b)):
            continue
        if (a, b) in swept.along or (b, a) in swept.along:
            one_way.append((a, b))
        elif _touch(swept, (a, b), zones, {}):
            found[a].add(b)
            found[b].add(a)
    behind = {key: frozenset(others) for key, others in found.items()}
    for a, b in one_way:
        if _touch(swept, (a, b), zones, behind):
            found[a].add(b)
            found[b].add(a)
    order = {edge: number for number, edge in enumerate(swept.edges)}
    return {(a, b) for a, others in found.items() for b in others if order[a] < order[b]}


def _bound_for(roadmap: Roadmap) -> dict[str, LaneWay]:
    """The lane and direction of each edge of a lane, and of each that leads nowhere else."""
    bound = {edge: way for way in roadmap.lane_ways for edge in way.edges}
    onward: dict[str, list[str]] = defaultdict(list)
    for edge in roadmap.edges.values():
        onward[edge.start].append(edge.id)
    for way in roadmap.lane_ways:
        start = roadmap.edges[way.edges[0]].start
        if onward[start] == [way.edges[0]]:
            bound.update((e.id, way) for e in roadmap.edges.values() if e.end == start)
    return bound


def _against(one: LaneWay | None, other: LaneWay | None) -> bool:
    """Whether two ways are the two directions of one lane."""
    if one is None or other is None:
        return False
    return one.lane == other.lane and one.from_side != other.from_side


def _touch(
    swept: SweptPaths, pair: Pair, zones: dict[str, str], known: dict[str, frozenset[str]]
) -> bool:
    """Whether two vehicles, one on each edge, could touch while nothing keeps them apart."""
    a, b = pair
    ours = _free_of(swept.of[a], zones, zones[b], known.get(b, frozenset()))
    theirs = _free_of(swept.of[b], zones, zones[a], known.get(a, frozenset()))
    return any(_boxes_meet(one, other) and _overlap(one, other) for one in ours for other in theirs)


def _free_of(
    sweeps: Iterable[Sweep], zones: dict[str, str], zone: str, edges: Set[str]
) -> list[Sweep]:
    """The sweeps whose vehicle holds neither the zone nor an edge in conflict with the other."""
    return [
        sweep
        for sweep in sweeps
        if not any(zones[edge] == zone or edge in edges for edge in sweep.held)
    ]


def _boxes_meet(one: Sweep, other: Sweep) -> bool:
    a, b = one.box, other.box
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _overlap(one: Sweep, other: Sweep) -> bool:
    ours, theirs = one.polygons(), other.polygons()
    i, j = shapely.STRtree(theirs).query(ours, predicate="intersects")
    areas = shapely.area(shapely.intersection(ours[i], theirs[j]))
    return bool(np.any(areas > OVERLAP_M2))


def zones_of_cliques(roadmap: Roadmap, pairs: Set[Pair]) -> dict[str, list[str]]:
    """By edge, the zones it has besides its own: as few as a greedy choice finds.

    Each zone is one clique: any two of its edges are in conflict or in one zone already. A clique
    is grown from the first pair that is left, by edges in the order of the roadmap.
    """
    order = {edge: number for number, edge in enumerate(roadmap.edges)}
    zones = {key: edge.zone for key, edge in roadmap.edges.items()}
    near: dict[str, set[str]] = defaultdict(set)
    for a, b in pairs:
        near[a].add(b)
        near[b].add(a)
    taken = set(zones.values())
    also: dict[str, list[str]] = defaultdict(list)
    rest = sorted(pairs, key=lambda pair: (order[pair[0]], order[pair[1]]))
    covered: set[Pair] = set()
    for pair in rest:
        if pair in covered:
            continue
        clique = list(pair)
        others = near[pair[0]] | near[pair[1]]
        for edge in sorted(others - set(pair), key=order.__getitem__):
            if all(edge in near[one] or zones[edge] == zones[one] for one in clique):
                clique.append(edge)
        clique.sort(key=order.__getitem__)
        covered.update((a, b) for a in clique for b in clique if order[a] < order[b])
        name = _name([zones[edge] for edge in clique], taken)
        taken.add(name)
        for edge in clique:
            also[edge].append(name)
    return also


def _name(zones: list[str], taken: set[str]) -> str:
    """`VN-C1+VN-C2`, of the first two zones that meet; numbered if there are several."""
    first, second = list(dict.fromkeys(zones))[:2]
    name, number = f"{first}+{second}", 1
    while name in taken:
        number += 1
        name = f"{first}+{second}:{number}"
    return name
