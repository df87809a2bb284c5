"""Fastest ways over the roadmap, for one direction of every lane left to the caller.

No way leads through a place (vehicles stop there) nor through a lane (lanes need a permit and are
driven end to end): a way begins where a vehicle is and ends at a node.
"""

import math

import rustworkx as rx

from actors.site.roadmap import Edge, Roadmap


class NoWayError(ValueError):
    """No way leads from one node to the other: the site check lets no such site pass."""


class Router:
    """Fastest ways of a roadmap; answers are kept, since they never change."""

    def __init__(self, roadmap: Roadmap) -> None:
        self._nodes = list(roadmap.nodes)
        self._index = {node: i for i, node in enumerate(self._nodes)}
        place_nodes = {place.node for place in roadmap.places.values()}
        self._out: dict[str, list[Edge]] = {}
        self._reversed: rx.PyDiGraph[str, float] = rx.PyDiGraph()
        self._reversed.add_nodes_from(self._nodes)
        for edge in roadmap.edges.values():
            if edge.lane:
                continue
            self._out.setdefault(edge.start, []).append(edge)
            if edge.start not in place_nodes:
                self._reversed.add_edge(
                    self._index[edge.end], self._index[edge.start], drive_s(edge)
                )
        self._places = place_nodes
        self._to_goal: dict[str, dict[int, float]] = {}
        self._ways: dict[tuple[str, str], tuple[Edge, ...]] = {}

    def time_s(self, start: str, goal: str) -> float:
        """Driving time at speed limits from node to node [s]; infinite if there is no way."""
        if start == goal:
            return 0.0
        if start in self._places:
            ways = (drive_s(e) + self._left_s(e.end, goal) for e in self._out.get(start, ()))
            return min(ways, default=math.inf)
        return self._left_s(start, goal)

    def way(self, start: str, goal: str) -> tuple[Edge, ...]:
        """The edges of the fastest way; of two equally fast ones, the first by edge id.

        Raises:
            NoWayError: there is none.
        """
        known = self._ways.get((start, goal))
        if known is not None:
            return known
        edges: list[Edge] = []
        node = start
        while node != goal:
            onward = [
                (drive_s(edge) + self._left_s(edge.end, goal), edge.id, edge)
                for edge in self._out.get(node, ())
            ]
            best = min(onward, default=None)
            if best is None or math.isinf(best[0]):
                raise NoWayError(f"from {start} to {goal}")
            edges.append(best[2])
            node = best[2].end
        self._ways[start, goal] = tuple(edges)
        return self._ways[start, goal]

    def _left_s(self, node: str, goal: str) -> float:
        """Time from a node to the goal, from the goal's reverse shortest-path tree."""
        if node == goal:
            return 0.0
        tree = self._to_goal.get(goal)
        if tree is None:
            lengths = rx.dijkstra_shortest_path_lengths(
                self._reversed, self._index[goal], lambda weight: weight
            )
            tree = self._to_goal[goal] = dict(lengths)
        return tree.get(self._index[node], math.inf)


def drive_s(edge: Edge) -> float:
    """Time on an edge at its speed limit [s]."""
    return edge.length_m / edge.speed_mps
