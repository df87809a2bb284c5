"""From a site to its machines by name: the one list that both runtimes put to work."""

import datetime

from actors.agv import Agv
from actors.booth import Booth
from actors.crane import Crane
from actors.effects import Machine
from actors.fleet_manager import FleetManager, FleetPlan
from actors.lane import Lane
from actors.site.devices import FLEET_MANAGER, Device, devices, lanes_in_use
from actors.site.model import Site
from actors.site.roadmap import LaneWay, Roadmap

SCAN_LIMIT = 4.0
"""A scan is overdue after so many times its mean duration [ours]."""


def machines(site: Site, roadmap: Roadmap, day: datetime.date) -> dict[str, Machine]:
    """All machines of a site on `day`, the fleet manager last: it asks those before it."""
    ways = _open_ways(site, roadmap, day)
    scan_s = {yard.side: yard.booths.scan_s + yard.booths.review_s for yard in site.yards}
    found: dict[str, Machine] = {}
    homes: dict[str, str] = {}
    for device in devices(site, day):
        found[device.id] = _machine(device, scan_s, ways)
        if device.kind == "vehicle":
            homes[device.id] = device.home
    plan = FleetPlan(
        roadmap=roadmap,
        homes=homes,
        open_ways=tuple(ways.values()),
        scans={rule.direction: rule.scan for rule in site.inspection},
        horizon_m=_horizon_m(site),
        charge_below_pct=site.vehicles.charge_below_pct,
        charge_until_pct=site.vehicles.charge_until_pct,
        reserve_pct=site.vehicles.reserve_pct,
    )
    found[FLEET_MANAGER] = FleetManager(FLEET_MANAGER, plan)
    return found


def _machine(device: Device, scan_s: dict[str, float], ways: dict[str, LaneWay]) -> Machine:
    match device.kind:
        case "vehicle":
            return Agv(device.id, FLEET_MANAGER)
        case "crane":
            return Crane(device.id)
        case "booth":
            return Booth(device.id, round(scan_s[device.side] * SCAN_LIMIT * 1e9))
        case "lane":
            way = ways[device.id]
            return Lane(device.id, FLEET_MANAGER, way.from_side, room=len(way.edges))
        case "fleet_manager":
            raise AssertionError("the fleet manager is no device of the site")


def _open_ways(site: Site, roadmap: Roadmap, day: datetime.date) -> dict[str, LaneWay]:
    """By lane, the way in the direction that the site file opens."""
    return {lane.id: roadmap.way(lane.id, lane.direction[:2]) for lane in lanes_in_use(site, day)}


def _horizon_m(site: Site) -> float:
    """Two lane zones and the braking distance: an AGV on a free road never has to slow down."""
    vehicles = site.vehicles
    braking_m = vehicles.speed_empty_mps**2 / (2 * vehicles.deceleration_mps2)
    return 2 * site.road.lane_zone_m + braking_m
