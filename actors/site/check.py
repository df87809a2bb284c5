"""What a site file means, checked beyond its form. Every check reports; none stops the others."""

import datetime
import re
from collections.abc import Callable, Iterator

import msgspec

from actors.errors import Problem
from actors.site.check_roadmap import (
    Finding,
    roadmap_problems,
    sharing_problems,
    survey_problems,
)
from actors.site.conflicts import share_zones
from actors.site.devices import FLEET_MANAGER, lanes_in_use, vehicle_name, yard_places
from actors.site.expand import draw
from actors.site.load_size import length_m, width_m
from actors.site.model import Section, Site
from actors.site.roadmap import Roadmap
from actors.site.schema import Words, given, path_text
from actors.site.swept_path import WAY_EDGES_MAX, WaysError, footprint

SIZE_TYPE = re.compile(r"^[1-9A-HL-P][0-9C-FL-P][A-Z][0-9A-Z]$")
"""ISO 6346: length code, height and width code, type group, type in its group."""
SHARE_TOLERANCE = 1e-6


def site_problems(site: Site, file: str, day: datetime.date) -> list[Problem]:
    """Everything that is wrong with the meaning of `site` when it is to run on `day`."""
    found: list[Finding] = []
    for check in _CHECKS:
        found += check(site)
    found += _lanes_each_way(site, day)
    survey = site.roadmap
    if survey is not None:
        found += survey_problems(site, survey)
    if not found:
        # Only a site without contradictions can be drawn, and only a sound drawing be driven over.
        roadmap = draw(site, day)
        found += roadmap_problems(site, roadmap)
        if not found:
            found += _sharing(site, roadmap)
    return [Problem(file, where, given(value), allowed) for where, value, allowed in found]


def _sharing(site: Site, roadmap: Roadmap) -> list[Finding]:
    """What is wrong with a roadmap once zones are shared where vehicles would touch."""
    try:
        return list(sharing_problems(site, share_zones(roadmap, footprint(site))))
    except WaysError as error:
        allowed = f"at most {WAY_EDGES_MAX} edges, counted in every way of a vehicle's length"
        return [("roadmap.edges", Words(f"more ways into {error.edge} than are followed"), allowed)]


def _sides(site: Site) -> Iterator[Finding]:
    sides = list(site.sides)
    both = " or ".join(sides)
    for i, yard in enumerate(site.yards):
        if yard.side not in sides:
            yield f"yards[{i}].side", yard.side, both
    if site.yards[0].side == site.yards[1].side:
        yield "yards[1].side", site.yards[1].side, "the other side: one yard on each"
    if site.fleet_side not in (None, *sides):
        yield "fleet_side", site.fleet_side, both
    directions = _directions(site)
    allowed = " or ".join(directions)
    named = [
        (f"road.lanes[{i}].direction", lane.direction) for i, lane in enumerate(site.road.lanes)
    ]
    named += [(f"inspection[{i}].direction", s.direction) for i, s in enumerate(site.inspection)]
    named += [(f"arrivals.shares.{d}", d) for d in site.arrivals.shares]
    for where, direction in named:
        if direction not in directions:
            yield where, direction, allowed
    for name, side in site.sides.items():
        if _minutes(side.opens) >= _minutes(side.closes):
            yield f"sides.{name}.closes", side.closes, f"later than opens, {side.opens}"


def _directions(site: Site) -> tuple[str, str]:
    west, east = site.sides
    return f"{west}-{east}", f"{east}-{west}"


def _minutes(time_of_day: str) -> int:
    hours, minutes = time_of_day.split(":")
    return 60 * int(hours) + int(minutes)


def _names(site: Site) -> Iterator[Finding]:
    """Names are taken once over all kinds of devices and places."""
    taken = {FLEET_MANAGER: "the fleet manager"}
    for i, yard in enumerate(site.yards):
        for place in yard_places(yard):
            taken.setdefault(place.id, f"a place of yards[{i}]")
            if place.station:
                taken.setdefault(place.station, f"a device of yards[{i}]")
    for number in range(1, site.vehicles.count + 1):
        taken[vehicle_name(number)] = "an AGV"
    for i, lane in enumerate(site.road.lanes):
        where = f"road.lanes[{i}].id"
        if lane.id in taken:
            yield where, lane.id, f"a name of its own; it is taken by {taken[lane.id]}"
        taken[lane.id] = f"road.lanes[{i}]"


def _road(site: Site) -> Iterator[Finding]:
    road = site.road
    if road.border_m >= road.length_m:
        yield "road.border_m", road.border_m, f"less than road.length_m, {road.length_m} [m]"
    for i, lane in enumerate(road.lanes):
        if lane.until is not None and lane.until <= lane.since:
            yield f"road.lanes[{i}].until", str(lane.until), f"later than from, {lane.since}"
    room = site.vehicles.length_m + site.vehicles.clearance_m
    if road.lane_zone_m < room:
        allowed = f"at least vehicles.length_m + clearance_m, {room} [m]"
        yield "road.lane_zone_m", road.lane_zone_m, allowed
    need = room + 2 * site.vehicles.turn_radius_m
    if site.roadmap is None and road.length_m < need:
        allowed = f"at least one zone and two curves of turn_radius_m, {need} [m]"
        yield "road.length_m", road.length_m, allowed


def _lanes_each_way(site: Site, day: datetime.date) -> Iterator[Finding]:
    open_ways = {lane.direction for lane in lanes_in_use(site, day)}
    for direction in _directions(site):
        if direction not in open_ways:
            missing = Words(f"no lane {direction} in use on {day}")
            yield "road.lanes", missing, "at least one lane in use each way"


def _inspection(site: Site) -> Iterator[Finding]:
    """Each direction is inspected once, and the booths for it stand where it passes."""
    seen: set[str] = set()
    yards = {yard.side: (i, yard) for i, yard in enumerate(site.yards)}
    for i, entry in enumerate(site.inspection):
        if entry.direction in seen:
            yield f"inspection[{i}].direction", entry.direction, "each direction once"
        seen.add(entry.direction)
        before = entry.scan == "before_crossing"
        side = entry.direction[:2] if before else entry.direction[3:]
        if side in yards:
            number, yard = yards[side]
            kind = "outbound" if before else "inbound"
            if getattr(yard.booths, kind) == 0:
                allowed = f"at least 1, since {entry.direction} is scanned {entry.scan}"
                yield f"yards[{number}].booths.{kind}", 0, allowed
    for direction in _directions(site):
        if direction not in seen:
            yield "inspection", Words(f"no entry for {direction}"), "one for each direction"


def _refuges(site: Site) -> Iterator[Finding]:
    places = sum(yard.parking for yard in site.yards)
    if places < site.vehicles.count:
        allowed = f"at most as many as the yards have parking places, {places}: each needs a refuge"
        yield "vehicles.count", site.vehicles.count, allowed


def _vehicles(site: Site) -> Iterator[Finding]:
    vehicles = site.vehicles
    if vehicles.charge_below_pct >= vehicles.charge_until_pct:
        allowed = f"less than charge_until_pct, {vehicles.charge_until_pct} [%]"
        yield "vehicles.charge_below_pct", vehicles.charge_below_pct, allowed
    if vehicles.reserve_pct > vehicles.charge_below_pct:
        allowed = f"at most charge_below_pct, {vehicles.charge_below_pct} [%]"
        yield "vehicles.reserve_pct", vehicles.reserve_pct, allowed


def _loads(site: Site) -> Iterator[Finding]:
    """No load sticks out of its vehicle, whose body is what zones are made from."""
    sizes = [name for name in site.arrivals.size_types if SIZE_TYPE.match(name)]
    for size in ("length_m", "width_m"):
        of = length_m if size == "length_m" else width_m
        largest = max(sizes, key=of, default=None)
        given_m: float = getattr(site.vehicles, size)
        if largest is not None and given_m < of(largest):
            allowed = f"at least that of the loads: {largest} has {of(largest)} [m]"
            yield f"vehicles.{size}", given_m, allowed


def _shares(site: Site) -> Iterator[Finding]:
    arrivals = site.arrivals
    for key, shares in (("shares", arrivals.shares), ("size_types", arrivals.size_types)):
        total = sum(shares.values())
        if abs(total - 1.0) > SHARE_TOLERANCE:
            yield f"arrivals.{key}", Words(f"a sum of {total:.6g}"), "shares that add up to 1"
    if sum(arrivals.hourly) <= 0:
        yield "arrivals.hourly", Words("only zeros"), "at least one hour above 0"
    for size_type in arrivals.size_types:
        if not SIZE_TYPE.match(size_type):
            allowed = "an ISO 6346 size-type: 22G1, 42G1, 45G1, 45R1"
            yield f"arrivals.size_types.{size_type}", size_type, allowed


def _targets(site: Site) -> Iterator[Finding]:
    seen: set[datetime.date] = set()
    for i, target in enumerate(site.targets):
        if target.trucks_per_day_min > target.trucks_per_day_max:
            allowed = f"at least trucks_per_day_min, {target.trucks_per_day_min} [1/d]"
            yield f"targets[{i}].trucks_per_day_max", target.trucks_per_day_max, allowed
        if target.since in seen:
            yield f"targets[{i}].from", str(target.since), "each day once"
        seen.add(target.since)


def _clearance(site: Site) -> Iterator[Finding]:
    directions = _directions(site)
    seen: set[datetime.date] = set()
    for i, rules in enumerate(site.clearance):
        where = f"clearance[{i}]"
        if rules.since in seen:
            yield f"{where}.from", str(rules.since), "each day once"
        seen.add(rules.since)
        for k, goods in enumerate(rules.commodities):
            if goods.direction not in directions:
                allowed = " or ".join(directions)
                yield f"{where}.commodities[{k}].direction", goods.direction, allowed
        if _minutes(rules.opens) >= _minutes(rules.closes):
            yield f"{where}.closes", rules.closes, f"later than opens, {rules.opens}"


def _sources(site: Site) -> Iterator[Finding]:
    """`sources` marks keys of its own section only."""
    for path, section in _sections(site, []):
        keys = [f.encode_name for f in msgspec.structs.fields(section) if f.name != "sources"]
        for name in getattr(section, "sources", {}):
            if name not in keys:
                where = path_text([*path, "sources", name])
                yield where, name, f"a key of its section: {', '.join(keys)}"


def _sections(value: object, path: list[str | int]) -> Iterator[tuple[list[str | int], Section]]:
    """Every section in `value`, with its key path."""
    if isinstance(value, Section):
        yield path, value
        for field in msgspec.structs.fields(value):
            yield from _sections(getattr(value, field.name), [*path, field.encode_name])
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _sections(item, [*path, key])
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from _sections(item, [*path, i])


def _robots(site: Site) -> Iterator[Finding]:
    """Every AGV has one profile, and leaves its road only as far as its clearance covers."""
    count = site.vehicles.count
    names = {vehicle_name(number) for number in range(1, count + 1)}
    taken: set[str] = set()
    for i, robots in enumerate(site.robots):
        if not robots.agvs and len(site.robots) > 1:
            allowed = "names in every entry, or one entry without for all AGVs"
            yield f"robots[{i}].agvs", robots.agvs, allowed
        for k, name in enumerate(robots.agvs):
            if name not in names:
                allowed = f"{vehicle_name(1)} to {vehicle_name(count)}"
                yield f"robots[{i}].agvs[{k}]", name, allowed
            elif name in taken:
                yield f"robots[{i}].agvs[{k}]", name, "each AGV once"
            taken.add(name)
        topics = [robots.path, robots.odometry, robots.battery, robots.diagnostics]
        if len(set(topics)) < len(topics):
            yield f"robots[{i}]", Words(", ".join(topics)), "four topics of different names"
        if robots.off_road_m >= site.vehicles.clearance_m:
            allowed = f"less than vehicles.clearance_m, {site.vehicles.clearance_m} [m]"
            yield f"robots[{i}].off_road_m", robots.off_road_m, allowed


_CHECKS: tuple[Callable[[Site], Iterator[Finding]], ...] = (
    _sides, _names, _road, _inspection, _refuges, _vehicles, _loads, _shares, _targets,
    _clearance, _robots, _sources,
)  # fmt: skip
