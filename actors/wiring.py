"""From a site to its machines by name: the one list that both runtimes put to work."""

import datetime
from functools import partial

from actors.agv import Agv
from actors.base import Side
from actors.booth import Booth
from actors.clearance import Clearance, clearance_name
from actors.counterpart import Counterpart
from actors.crane import Crane
from actors.effects import Machine
from actors.fleet.plan import FleetPlan
from actors.fleet.traffic import Body
from actors.fleet_manager import FleetManager
from actors.lane import Lane
from actors.ports import MachineFactory
from actors.site.devices import FLEET_MANAGER, Device, devices, lanes_in_use
from actors.site.expand import expand
from actors.site.model import CranesSection, Site
from actors.site.roadmap import LaneWay, Roadmap
from actors.site.rules import BorderRules

SCAN_LIMIT = 4.0
"""A scan is overdue after so many times its mean duration [ours]."""


def machines(site: Site, roadmap: Roadmap, day: datetime.date) -> dict[str, Machine]:
    """All machines of a site on `day`, newly made."""
    return {name: make() for name, make in makers(site, roadmap, day).items()}


def makers(site: Site, roadmap: Roadmap, day: datetime.date) -> dict[str, MachineFactory]:
    """How to make each machine of a site on `day`; the fleet manager last: it asks the others.

    They are small and picklable, so that a process that is started again can make its machine anew.
    """
    ways = _open_ways(site, roadmap, day)
    scan_s = {yard.side: yard.booths.scan_s + yard.booths.review_s for yard in site.yards}
    found = {device.id: _maker(device, scan_s, ways) for device in devices(site, day)}
    found[FLEET_MANAGER] = partial(fleet_manager, site, day)
    return found


def clearances(site: Site) -> dict[str, MachineFactory]:
    """How to make the clearance of each side, of a site that has rules for the border."""
    rules = BorderRules(site)
    return {
        clearance_name(side): partial(Clearance, side, FLEET_MANAGER, rules) for side in site.sides
    }


def fleet_side(site: Site) -> Side:
    """The side whose gate runs the fleet, where each side has a gate of its own."""
    return site.fleet_side or next(iter(site.sides))


def one_side(site: Site, side: Side) -> dict[str, MachineFactory]:
    """How to make the clearance of one side, and the counterpart of the other one's.

    Where the fleet is the other side's, the counterpart is taken for the fleet manager: what is
    said to that goes to the other gate too.
    """
    other = next(name for name in site.sides if name != side)
    home, there = clearance_name(side), clearance_name(other)
    has_fleet = fleet_side(site) == side
    fleet = FLEET_MANAGER if has_fleet else ""
    return {
        home: partial(Clearance, side, fleet or there, BorderRules(site)),
        there: partial(Counterpart, there, other, home, fleet),
    }


def fleet_manager(site: Site, day: datetime.date) -> FleetManager:
    """The site's fleet manager; it lays the roadmap out itself, which is too large to be sent."""
    roadmap = expand(site, day)
    plan = FleetPlan(
        roadmap=roadmap,
        homes={d.id: d.home for d in devices(site, day) if d.kind == "vehicle"},
        open_ways=tuple(_open_ways(site, roadmap, day).values()),
        scans={rule.direction: rule.scan for rule in site.inspection},
        horizon_m=_horizon_m(site),
        body=Body(
            rear_clear_m=site.vehicles.length_m + site.vehicles.clearance_m,
            speed_mps=site.vehicles.speed_loaded_mps,
        ),
        charge_below_pct=site.vehicles.charge_below_pct,
        charge_until_pct=site.vehicles.charge_until_pct,
        reserve_pct=site.vehicles.reserve_pct,
        pct_per_km=site.vehicles.kwh_per_km_loaded / site.vehicles.battery_kwh * 100,
        lift_s={yard.side: _lift_s(yard.cranes) for yard in site.yards},
        limits=site.limits,
    )
    return FleetManager(FLEET_MANAGER, plan)


def _maker(device: Device, scan_s: dict[str, float], ways: dict[str, LaneWay]) -> MachineFactory:
    match device.kind:
        case "vehicle":
            return partial(Agv, device.id, FLEET_MANAGER)
        case "crane":
            return partial(Crane, device.id, FLEET_MANAGER)
        case "booth":
            scan_ns_max = round(scan_s[device.side] * SCAN_LIMIT * 1e9)
            return partial(Booth, device.id, FLEET_MANAGER, scan_ns_max)
        case "lane":
            way = ways[device.id]
            return partial(Lane, device.id, FLEET_MANAGER, way.from_side, room=len(way.edges))
        case "fleet_manager":
            raise AssertionError("the fleet manager is no device of the site")


def _open_ways(site: Site, roadmap: Roadmap, day: datetime.date) -> dict[str, LaneWay]:
    """By lane, the way in the direction that the site file opens."""
    return {lane.id: roadmap.way(lane.id, lane.direction[:2]) for lane in lanes_in_use(site, day)}


def _lift_s(cranes: CranesSection) -> float:
    """Mean time of a lift: that of the handover, unless the crane's rate is the slower."""
    return max(cranes.handover_s, 3600 / cranes.moves_per_h_max)


def _horizon_m(site: Site) -> float:
    """Two lane zones and the braking distance: an AGV on a free road never has to slow down."""
    vehicles = site.vehicles
    braking_m = vehicles.speed_empty_mps**2 / (2 * vehicles.deceleration_mps2)
    return 2 * site.road.lane_zone_m + braking_m
