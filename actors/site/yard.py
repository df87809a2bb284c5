"""The layout of one yard from its parameters: a one-way ring with rungs, booths and lane mouths.

Drawn for the western yard; the eastern one is the same, turned by 180°. x points east, y north:

    feeder     y = H   <------+------+---- booths in ---+
                       |      |      |                  |  column x = 0, northbound,
    connector          |    rung   rung                 +<=>  lanes, two to a mouth
    x = -W, southbound v      v      v                  |
    collector  y = 0   +------+------+--- booths out -->+

A rung leads from the feeder to the collector and holds one place. Aisles are cut into blocks of up
to four rungs; a block's stretch of an aisle and the curves that touch it are one zone.
"""

import math
from collections.abc import Sequence

import msgspec

from actors.site.devices import NamedPlace, yard_places
from actors.site.drawing import Drawing, Frame, mm, quarter, s_bend
from actors.site.measures import BEND_M, NOSE_M, RUNGS_PER_BLOCK, Measures, equal_parts
from actors.site.model import Point, YardSection
from actors.site.roadmap import Place


class Mouth(msgspec.Struct, frozen=True):
    """A stretch of the column, in the yard's own frame [m], and the lanes that end there."""

    south: float
    north: float
    lanes: tuple[tuple[str, float], ...]
    """Lanes in use: name and y."""


class LaneEnds(msgspec.Struct, frozen=True):
    """The nodes at which a lane meets a yard."""

    departs: str
    arrives: str


class _Stretch(msgspec.Struct, frozen=True):
    """A part of an aisle that is one zone: x (or y) from low to high [m]."""

    low: float
    high: float
    zone: str


class _Block(msgspec.Struct, frozen=True):
    """The stretch of both aisles between which some rungs stand."""

    low: float
    high: float
    rungs: tuple[tuple[NamedPlace, float], ...]


class _Yard:
    """One yard while it is being drawn."""

    def __init__(
        self, drawing: Drawing, frame: Frame, yard: YardSection, measures: Measures
    ) -> None:
        self.drawing = drawing
        self.frame = frame
        self.yard = yard
        self.side = yard.side
        self.m = measures
        self.places = yard_places(yard)
        self.booths_out = [p for p in self.places if p.kind == "booth_outbound"]
        self.booths_in = [p for p in self.places if p.kind == "booth_inbound"]
        tracks = max(len(self.booths_out), len(self.booths_in))
        self.bend = max(BEND_M, measures.room, 2 * measures.radius, tracks * measures.track_pitch)
        self.track = measures.room + NOSE_M
        self.booths_east = -measures.radius - measures.corner_run
        self.booths_west = self.booths_east - (2 * self.bend + self.track if tracks else 0.0)
        self.blocks = self.cut_blocks()
        self.west = self.blocks[-1].low - measures.corner_run - measures.radius
        self.aisle_nodes: dict[tuple[str, float], str] = {}

    # --- the plan ---------------------------------------------------------------------------

    def cut_blocks(self) -> list[_Block]:
        """Blocks from the booths inwards; each crane, and the first of each kind, begins one."""
        groups: dict[str, list[NamedPlace]] = {}
        for place in self.places:
            if not place.kind.startswith("booth"):
                groups.setdefault(place.station or place.kind, []).append(place)
        blocks = []
        east = self.booths_west
        for group in groups.values():
            pieces = math.ceil(len(group) / RUNGS_PER_BLOCK)
            for piece in range(pieces):
                rungs = group[piece * len(group) // pieces : (piece + 1) * len(group) // pieces]
                blocks.append(self.block(rungs, east))
                east = blocks[-1].low
        return blocks

    def block(self, places: Sequence[NamedPlace], east: float) -> _Block:
        """A block whose eastern end is at `east` and which holds all curves of its rungs."""
        m = self.m
        first = east - max(1.0, m.room - m.arc) - m.radius
        xs = [mm(first - m.rung_pitch * i) for i in range(len(places))]
        low = min(xs[-1] - m.side_gap, east - m.room)
        return _Block(mm(low), mm(east), tuple(zip(places, xs, strict=True)))

    def aisle_stretches(self, aisle: str, booths: list[NamedPlace]) -> list[_Stretch]:
        """The zones of the collector or the feeder, from east to west."""
        side, m = self.side, self.m
        corners = ("1", "4") if aisle == "collector" else ("2", "3")
        east, west = self.booths_east, self.booths_west
        found = [_Stretch(east, -m.radius, f"{side}-corner-{corners[0]}")]
        if booths:
            # Driven east on the collector, west on the feeder: its bends part where it begins.
            names = ["merge", "bypass", "diverge"]
            if aisle == "feeder":
                names.reverse()
            cuts = [east, east - self.bend, west + self.bend, west]
            for high, low, name in zip(cuts, cuts[1:], names, strict=False):
                found.append(_Stretch(low, high, f"{side}-{aisle}-{name}"))
        elif west < east:
            parts = equal_parts(west, east, 30.0, m.room)
            for number, (low, high) in enumerate(reversed(parts), 1):
                found.append(_Stretch(low, high, f"{side}-{aisle}-plain-{number}"))
        for number, block in enumerate(self.blocks, 1):
            found.append(_Stretch(block.low, block.high, f"{side}-{aisle}-{number:02d}"))
        end = self.blocks[-1].low
        found.append(_Stretch(end - m.corner_run, end, f"{side}-corner-{corners[1]}"))
        return found

    # --- the ring ---------------------------------------------------------------------------

    def draw_aisle(
        self, aisle: str, stretches: Sequence[_Stretch], cuts: Sequence[float], ascending: bool
    ) -> None:
        """Nodes and straight edges of one side of the ring, in driving order.

        `cuts` are the positions at which curves join; the bounds of the zones are added to them.
        """
        bounds = {mm(b) for s in stretches for b in (s.low, s.high)}
        order = sorted(bounds | {mm(c) for c in cuts}, reverse=not ascending)
        nodes = []
        for number, at in enumerate(order):
            node = f"{self.side}-{aisle}:{number:03d}"
            self.drawing.add_node(node, self.on_aisle(aisle, at), self.frame)
            self.aisle_nodes[aisle, at] = node
            nodes.append(node)
        numbers: dict[str, int] = {}
        for i in range(len(order) - 1):
            middle = (order[i] + order[i + 1]) / 2
            zone = next(s.zone for s in stretches if s.low - 1e-3 <= middle <= s.high + 1e-3)
            numbers[zone] = numbers.get(zone, 0) + 1
            edge = f"{zone}:{numbers[zone]}"
            speed = self.yard.aisle_speed_mps
            self.drawing.add_edge(edge, nodes[i], nodes[i + 1], zone=zone, speed_mps=speed)

    def on_aisle(self, aisle: str, at: float) -> Point:
        """The point at `at` [m] along a side of the ring."""
        match aisle:
            case "collector":
                return (at, 0.0)
            case "feeder":
                return (at, self.m.height)
            case "column":
                return (0.0, at)
        return (self.west, at)

    def curve(self, edge: str, start: str, end: str, zone: str, *, along_x: bool) -> None:
        """A quarter circle between two nodes, leaving along x or along y."""
        nodes = self.drawing.nodes
        via = quarter(nodes[start], nodes[end], along_x=along_x)
        self.drawing.add_edge(
            edge, start, end, zone=zone, speed_mps=self.yard.curve_speed_mps,
            via=via, length_m=self.m.arc,
        )  # fmt: skip

    def node(self, aisle: str, at: float) -> str:
        return self.aisle_nodes[aisle, mm(at)]

    def draw_ring(self, mouths: Sequence[Mouth]) -> None:
        """Both aisles, column, connector and the four corners."""
        m, side = self.m, self.side
        joins = [x + m.radius for block in self.blocks for _, x in block.rungs]
        out_zones = self.aisle_stretches("collector", self.booths_out)
        in_zones = self.aisle_stretches("feeder", self.booths_in)
        self.draw_aisle("collector", out_zones, joins, ascending=True)
        self.draw_aisle("feeder", in_zones, joins, ascending=False)
        ends = [y - m.radius for mouth in mouths for _, y in mouth.lanes]
        ends += [y + m.radius for mouth in mouths for _, y in mouth.lanes]
        self.draw_aisle("column", self.column_stretches(mouths), ends, ascending=True)
        low, high = m.radius, m.height - m.radius
        connector = [
            _Stretch(a, b, f"{side}-connector-{number}")
            for number, (a, b) in enumerate(reversed(equal_parts(low, high, 30.0, m.room)), 1)
        ]
        self.draw_aisle("connector", connector, [], ascending=False)
        west = self.west + m.radius
        corners = (
            ("1", self.node("collector", -m.radius), self.node("column", low)),
            ("2", self.node("column", high), self.node("feeder", -m.radius)),
            ("3", self.node("feeder", west), self.node("connector", high)),
            ("4", self.node("connector", low), self.node("collector", west)),
        )
        for number, start, end in corners:
            zone = f"{side}-corner-{number}"
            self.curve(f"{zone}:curve", start, end, zone, along_x=number in "13")

    def column_stretches(self, mouths: Sequence[Mouth]) -> list[_Stretch]:
        """The mouths; what is left of the column is a zone of its own if a vehicle fits."""
        m = self.m
        found = []
        south, north = m.radius, m.height - m.radius
        bounds = [[mouth.south, mouth.north] for mouth in mouths]
        if bounds[0][0] - south < m.room:
            bounds[0][0] = south
        else:
            found.append(_Stretch(south, bounds[0][0], f"{self.side}-column-1"))
        if north - bounds[-1][1] < m.room:
            bounds[-1][1] = north
        else:
            found.append(_Stretch(bounds[-1][1], north, f"{self.side}-column-2"))
        for number, (low, high) in enumerate(bounds, 1):
            found.append(_Stretch(low, high, f"{self.side}-mouth-{number}"))
        return found

    # --- lanes, rungs, booths ---------------------------------------------------------------

    def draw_mouths(self, mouths: Sequence[Mouth]) -> dict[str, LaneEnds]:
        """The curves between the column and each lane, both ways."""
        found = {}
        radius = self.m.radius
        for number, mouth in enumerate(mouths, 1):
            zone = f"{self.side}-mouth-{number}"
            for lane, y in mouth.lanes:
                end = (radius, y)
                departs = self.drawing.add_node(f"{self.side}-{lane}:departs", end, self.frame)
                arrives = self.drawing.add_node(f"{self.side}-{lane}:arrives", end, self.frame)
                start, join = self.node("column", y - radius), self.node("column", y + radius)
                self.curve(f"{zone}:{lane}:out", start, departs, zone, along_x=False)
                self.curve(f"{zone}:{lane}:in", arrives, join, zone, along_x=True)
                found[lane] = LaneEnds(departs, arrives)
        return found

    def draw_rungs(self) -> None:
        """Each rung: curve off the feeder, the straight with its place, curve to the collector."""
        m, drawing = self.m, self.drawing
        for number, block in enumerate(self.blocks, 1):
            for place, x in block.rungs:
                top = drawing.add_node(f"{place.id}:top", (x, m.height - m.radius), self.frame)
                foot = drawing.add_node(f"{place.id}:foot", (x, m.radius), self.frame)
                feeder = self.node("feeder", x + m.radius)
                collector = self.node("collector", x + m.radius)
                feeder_zone = f"{self.side}-feeder-{number:02d}"
                collector_zone = f"{self.side}-collector-{number:02d}"
                self.curve(f"{place.id}:turn-in", feeder, top, feeder_zone, along_x=True)
                self.put_place(place, top, foot, (x, m.radius + NOSE_M))
                self.curve(f"{place.id}:turn-out", foot, collector, collector_zone, along_x=False)

    def draw_booths(self) -> None:
        """The booth tracks beside the collector (outbound) and the feeder (inbound)."""
        east, west = self.booths_east, self.booths_west
        for index, booth in enumerate(self.booths_out, 1):
            y = -self.m.track_pitch * index
            self.draw_track(booth, "collector", (west, east), y, 1.0)
        for index, booth in enumerate(self.booths_in, 1):
            y = self.m.height + self.m.track_pitch * index
            self.draw_track(booth, "feeder", (east, west), y, -1.0)

    def draw_track(
        self, booth: NamedPlace, aisle: str, ends: tuple[float, float], y: float, heading: float
    ) -> None:
        """One booth track, driven from `ends[0]` to `ends[1]`, `heading` +1 to the east."""
        drawing, frame = self.drawing, self.frame
        head = ends[0] + heading * self.bend
        tail = ends[1] - heading * self.bend
        top = drawing.add_node(f"{booth.id}:top", (head, y), frame)
        foot = drawing.add_node(f"{booth.id}:foot", (tail, y), frame)
        self.put_place(booth, top, foot, (tail - heading * NOSE_M, y))
        bends = (
            ("diverge", "turn-in", self.node(aisle, ends[0]), top),
            ("merge", "turn-out", foot, self.node(aisle, ends[1])),
        )
        for part, turn, start, end in bends:
            via, length_m, radius = s_bend(drawing.nodes[start], drawing.nodes[end])
            drawing.add_edge(
                f"{booth.id}:{turn}", start, end, zone=f"{self.side}-{aisle}-{part}",
                speed_mps=self.bend_speed(radius), via=via, length_m=length_m,
            )  # fmt: skip

    def bend_speed(self, radius_m: float) -> float:
        """The speed [m/s] at which a wider bend pushes as hard sideways as a curve of the yard."""
        wider = math.sqrt(radius_m / self.m.radius)
        return mm(min(self.yard.aisle_speed_mps, self.yard.curve_speed_mps * wider))

    def put_place(self, place: NamedPlace, top: str, foot: str, at: Point) -> None:
        """The straight that holds one place; both its edges are the place's own zone."""
        drawing, speed = self.drawing, self.yard.aisle_speed_mps
        drawing.add_node(place.id, at, self.frame)
        drawing.add_edge(f"{place.id}:stand", top, place.id, zone=place.id, speed_mps=speed)
        drawing.add_edge(f"{place.id}:go", place.id, foot, zone=place.id, speed_mps=speed)
        drawing.places[place.id] = Place(place.id, place.kind, self.side, place.id, place.station)


def draw_yard(
    drawing: Drawing,
    frame: Frame,
    yard: YardSection,
    measures: Measures,
    mouths: Sequence[Mouth],
) -> dict[str, LaneEnds]:
    """Lay out one yard; returns the nodes at which each lane in use departs and arrives."""
    drawn = _Yard(drawing, frame, yard, measures)
    drawn.draw_ring(mouths)
    drawn.draw_booths()
    drawn.draw_rungs()
    return drawn.draw_mouths(mouths)
