"""The roadmap as traffic sees it: passages through zones, as flat arrays.

A passage is what a vehicle drives in one visit of a zone: a chain of edges of that zone, from where
the zone is entered to where it is left, or to the place in it. Passages follow each other like the
edges they end and begin with. Besides the zone of its own, a passage holds the zones in which it
would touch others (`Edge.also`).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from actors.fleet.kernels import NONE, Net
from actors.site.roadmap import Edge, Roadmap


class Network:
    """All passages of a roadmap, for vehicles with one kind of body."""

    def __init__(
        self, roadmap: Roadmap, rear_clear_m: float, speed_mps: float, margin_s: float
    ) -> None:
        self._roadmap = roadmap
        self._stops = {place.node for place in roadmap.places.values()}
        self._leaving: dict[str, list[Edge]] = {}
        for edge in roadmap.edges.values():
            self._leaving.setdefault(edge.start, []).append(edge)
        self.edges: list[tuple[str, ...]] = []
        """By passage, its edges in driving order."""
        self.passage_of: dict[tuple[str, ...], int] = {}
        self.from_node: dict[str, list[int]] = {}
        """The passages that begin at a node."""
        self._find_passages()
        self._to_node: dict[str, tuple[int, ...]] = {}
        for passage in range(len(self.edges)):
            end = self.end_of(passage)
            self._to_node[end] = (*self._to_node.get(end, ()), passage)
        self.zone_index: dict[str, int] = {}
        for edge in roadmap.edges.values():
            for zone in edge.zones:
                self.zone_index.setdefault(zone, len(self.zone_index))
        self.node_index = {node: i for i, node in enumerate(roadmap.nodes)}
        self.net = self._arrays(rear_clear_m, speed_mps, margin_s)
        self._reversed = self._reversed_graph()
        self._left: dict[tuple[int, ...], NDArray[np.float32]] = {}

    def end_of(self, passage: int) -> str:
        """The node at which a passage ends."""
        return self._roadmap.edges[self.edges[passage][-1]].end

    def zone_of(self, passage: int) -> str:
        """The passage's own zone."""
        return self._roadmap.edges[self.edges[passage][0]].zone

    def ending_at(self, node: str) -> tuple[int, ...]:
        """The passages that end at a node."""
        return self._to_node.get(node, ())

    def left_s(self, goals: tuple[int, ...]) -> NDArray[np.float32]:
        """(P): least time from the end of each passage to the end of one of `goals` [s].

        From the goals' reverse shortest-path tree; infinite where no way leads there. Rounded
        down, so that it is a bound.
        """
        known = self._left.get(goals)
        if known is None:
            found = dijkstra(self._reversed, indices=list(goals), min_only=True)
            known = self._left[goals] = np.nextafter(found.astype(np.float32), np.float32(0))
        return known

    # --- passages -----------------------------------------------------------------------------

    def _find_passages(self) -> None:
        """All chains from where zones are entered, or left within, or left by a place."""
        zones_in: dict[str, set[str]] = {}
        for edge in self._roadmap.edges.values():
            zones_in.setdefault(edge.end, set()).add(edge.zone)
        bounds = {
            node
            for node, edges in self._leaving.items()
            if node in self._stops
            or len(zones_in.get(node, set()) | {edge.zone for edge in edges}) > 1
            or node not in zones_in
        }
        for node in (node for node in self._roadmap.nodes if node in bounds):
            for edge in self._leaving[node]:
                self._chains((edge,))

    def _chains(self, chain: tuple[Edge, ...]) -> None:
        """Add the passages that begin with `chain`."""
        last = chain[-1]
        onward = self._leaving.get(last.end, ())
        inside = [edge for edge in onward if edge.zone == last.zone and edge not in chain]
        if last.end in self._stops or len(inside) < len(onward) or not onward:
            edges = tuple(edge.id for edge in chain)
            self.passage_of[edges] = len(self.edges)
            self.from_node.setdefault(chain[0].start, []).append(len(self.edges))
            self.edges.append(edges)
        if last.end not in self._stops:
            for edge in inside:
                self._chains((*chain, edge))

    def _arrays(self, rear_clear_m: float, speed_mps: float, margin_s: float) -> Net:
        edges = self._roadmap.edges
        chains = [[edges[edge] for edge in chain] for chain in self.edges]
        held = [list(dict.fromkeys(
            [chain[0].zone, *(zone for edge in chain for zone in edge.also)]
        )) for chain in chains]  # fmt: skip
        count, most = len(chains), max(map(len, held))
        zones = np.full((count, most), NONE, np.int32)
        local = np.zeros((count, most), np.int32)
        users = np.zeros(len(self.zone_index), np.int32)
        for passage, names in enumerate(held):
            for j, name in enumerate(names):
                zone = self.zone_index[name]
                zones[passage, j], local[passage, j] = zone, users[zone]
                users[zone] += 1
        onward = [self.from_node.get(chain[-1].end, []) for chain in chains]
        return Net(
            zones=zones,
            local=local,
            drive_s=np.array(
                [sum(e.length_m / min(e.speed_mps, speed_mps) for e in c) for c in chains]
            ),
            length_m=np.array([sum(e.length_m for e in c) for c in chains]),
            lane=np.array([bool(c[0].lane) for c in chains]),
            stop=np.array(
                [self.node_index[c[-1].end] if c[-1].end in self._stops else NONE for c in chains],
                np.int32,
            ),
            onward_from=np.cumsum([0, *map(len, onward)], dtype=np.int32),
            onward=np.array([q for after in onward for q in after], np.int32),
            rear_clear_m=rear_clear_m,
            margin_s=margin_s,
            widest=int(users.max(initial=1)),
        )

    def _reversed_graph(self) -> csr_array:
        """From each passage to those before it, at the time that it takes itself."""
        net = self.net
        begins = np.repeat(np.arange(len(self.edges)), np.diff(net.onward_from))
        both_in_lane = net.lane[begins] & net.lane[net.onward]
        keep = ~both_in_lane
        size = len(self.edges)
        return csr_array(
            (net.drive_s[net.onward[keep]], (net.onward[keep], begins[keep])), shape=(size, size)
        )
