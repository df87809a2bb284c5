"""The roadmap: nodes [m], directed edges, the zones that exclude each other, and named places.

A vehicle's reference point is the middle of its front. It stands at the *end* of an edge with its
body inside the edge. A zone has room for one vehicle; edges that share a zone are never driven by
two vehicles at once. A place is a node at which vehicles stop and are served; no route leads
through it. Lanes exist in both directions over the same zones: which one is open is the lane's
state, not geometry.
"""

from typing import Literal

import msgspec

from actors.messages import Side
from actors.site.model import Point

PlaceKind = Literal["pickup", "dropoff", "booth_outbound", "booth_inbound", "charger", "parking"]


class Edge(msgspec.Struct, frozen=True, gc=False):
    """A directed piece of road."""

    id: str
    start: str
    end: str
    zone: str
    lane: str
    """The lane it belongs to; empty outside lanes."""
    speed_mps: float
    points: tuple[Point, ...]
    """Polyline from start to end, both included; curves are sampled."""
    length_m: float
    also: tuple[str, ...] = ()
    """Zones that a vehicle on this edge holds besides `zone`, in common with edges of other zones
    on which another vehicle could touch it (`actors.site.conflicts`)."""

    @property
    def zones(self) -> tuple[str, ...]:
        """All zones that a vehicle on this edge holds, its own first."""
        return (self.zone, *self.also)


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a vehicle stops."""

    id: str
    kind: PlaceKind
    side: Side
    node: str
    station: str
    """The crane or booth that serves here; empty at parking and charging places."""


class LaneWay(msgspec.Struct, frozen=True, gc=False):
    """One lane in one direction."""

    lane: str
    from_side: Side
    to_side: Side
    edges: tuple[str, ...]
    """In driving order; one zone each."""


class Roadmap(msgspec.Struct, frozen=True):
    """The whole road network of a site."""

    nodes: dict[str, Point]
    edges: dict[str, Edge]
    places: dict[str, Place]
    lane_ways: tuple[LaneWay, ...]
    """Both directions of every lane, whatever is open."""

    def standing_edge(self, place: str) -> Edge:
        """The edge at whose end a vehicle in `place` stands, with its body on it."""
        node = self.places[place].node
        return next(edge for edge in self.edges.values() if edge.end == node)

    def way(self, lane: str, from_side: Side) -> LaneWay:
        """The lane in the direction that leads away from `from_side`."""
        return next(
            way for way in self.lane_ways if way.lane == lane and way.from_side == from_side
        )
