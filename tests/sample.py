"""A small site with a map made by hand, for tests of what is shown and accepted."""

import datetime
import math

import msgspec

from actors.site.devices import Device, devices, yard_places
from actors.site.model import Site
from actors.site.roadmap import Edge, LaneWay, Place, Roadmap

DAY = datetime.date(2026, 7, 1)


def small_site(agvs: int = 6, length_m: float = 600.0) -> Site:
    yard = {
        "cranes": {"count": 2, "handover_s": 150, "moves_per_h_max": 30},
        "booths": {"outbound": 1, "inbound": 1},
        "parking": agvs,
        "chargers": 1,
    }
    lanes = [
        {"id": "A1", "direction": "VN-CN"},
        {"id": "A2", "direction": "CN-VN"},
    ]
    return msgspec.convert(
        {
            "name": "sample",
            "title": "Sample gate",
            "sides": {
                "VN": {"title": "Hữu Nghị", "utc_offset_h": 7, "sources": {"utc_offset_h": "V"}},
                "CN": {"title": "友谊关", "utc_offset_h": 8},
            },
            "road": {
                "id": "A",
                "title": "Markers 1119–1120",
                "length_m": length_m,
                "border_m": length_m * 0.4,
                "lane_speed_mps": 6.5,
                "lanes": lanes,
                "sources": {"length_m": "A"},
            },
            "yards": [{"side": "VN", **yard}, {"side": "CN", **yard}],
            "vehicles": {
                "count": agvs,
                "length_m": 15,
                "width_m": 3,
                "clearance_m": 3,
                "speed_empty_mps": 6.5,
                "speed_loaded_mps": 5,
                "acceleration_mps2": 0.5,
                "deceleration_mps2": 0.7,
                "emergency_mps2": 1.5,
                "turn_radius_m": 12,
                "battery_kwh": 335,
                "kwh_per_km_loaded": 2.5,
                "kwh_per_km_empty": 1.5,
                "charge_full_min": 90,
            },
            "inspection": [{"direction": "VN-CN", "scan": "before_crossing"}],
            "arrivals": {
                "trucks_per_day": 800,
                "shares": {"VN-CN": 0.5, "CN-VN": 0.5},
                "hourly": [1.0] * 24,
                "size_types": {"45G1": 0.6, "22G1": 0.4},
            },
        },
        Site,
    )


def small_roadmap(site: Site) -> Roadmap:
    """Two straight lanes, and the places of each yard in a row off an aisle."""
    nodes: dict[str, tuple[float, float]] = {}
    edges: dict[str, Edge] = {}
    places: dict[str, Place] = {}

    def edge(start: str, end: str, zone: str = "", lane: str = "") -> str:
        name = f"{start}>{end}"
        points = (nodes[start], nodes[end])
        edges[name] = Edge(name, start, end, zone or name, lane, 5.0, points, math.dist(*points))
        return name

    ways = []
    count = 10
    for number, lane in enumerate(site.road.lanes):
        names = []
        for i in range(count + 1):
            names.append(f"{lane.id}.{i}")
            nodes[names[-1]] = (site.road.length_m * i / count, 8.0 * number)
        east = [edge(a, b, f"{lane.id}:{i}", lane.id) for i, (a, b) in enumerate(_pairs(names))]
        back = [edge(b, a, f"{lane.id}:{i}", lane.id) for i, (a, b) in enumerate(_pairs(names))]
        ways.append(LaneWay(lane.id, "VN", "CN", tuple(east)))
        ways.append(LaneWay(lane.id, "CN", "VN", tuple(reversed(back))))
    for yard, x0, way in ((site.yards[0], 0.0, -1), (site.yards[1], site.road.length_m, 1)):
        last = f"{site.road.lanes[0].id}.{0 if way < 0 else count}"
        for number, place in enumerate(yard_places(yard), start=1):
            aisle, node = f"{yard.side}.a{number}", f"{yard.side}.n{number}"
            nodes[aisle] = (x0 + way * 12.0 * number, 4.0)
            nodes[node] = (x0 + way * 12.0 * number, 26.0 if number % 2 else -18.0)
            edge(last, aisle)
            edge(aisle, last)
            edge(aisle, node)
            edge(node, aisle)
            places[place.id] = Place(place.id, place.kind, place.side, node, place.station)
            last = aisle
    return Roadmap(nodes, edges, places, tuple(ways))


def _pairs(names: list[str]) -> list[tuple[str, str]]:
    return list(zip(names, names[1:], strict=False))


def small_devices(site: Site) -> list[Device]:
    return devices(site, DAY)
