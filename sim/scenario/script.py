"""What happens in a scenario and when, whatever runs it."""

import datetime
from collections.abc import Container
from random import Random

import msgspec

from actors.errors import Problem
from actors.messages import (
    Message,
    Obstacle,
    OrderRequest,
    PutObstacle,
    RemoveObstacle,
    SetService,
)
from actors.safety import ReportConditions
from actors.site.model import Site
from actors.site.roadmap import Roadmap
from sim.arrivals import arrivals, container_number
from sim.scenario.model import BlockZone, CutLink, Fault, Fog, Scenario, Stop, Wind, Withdraw


class Given(msgspec.Struct, frozen=True):
    """An order that is put."""

    at_ns: int
    request: OrderRequest


class Happens(msgspec.Struct, frozen=True):
    """A fault that begins or ends."""

    at_ns: int
    fault: Fault
    number: int
    """Its number in the file, from 0."""
    begins: bool
    """A sensor says its reading again and again: then it begins each time."""


Moment = Given | Happens


REPORT_NS = 20 * 10**9
"""Sensors say their reading so often; they are missed after 30 s."""


def script(scenario: Scenario, site: Site, start: datetime.datetime) -> list[Moment]:
    """All that is put or goes wrong up to the scenario's end, in the order of its times."""
    start_ns = round(start.timestamp()) * 10**9
    random = Random(f"{scenario.seed}/scenario")
    end_ns = start_ns + round(scenario.lasts_s * 1e9)
    moments: list[Moment] = []
    for order in scenario.orders:
        request = OrderRequest(
            order.id, container_number(random), order.size_type, order.from_side, order.to_side,
            order.priority,
        )  # fmt: skip
        moments.append(Given(start_ns + round(order.at_s * 1e9), request))
    if scenario.trucks is not None:
        hours = min(scenario.trucks.until_s, scenario.lasts_s) / 3600
        trucks = arrivals(site, start, hours, scenario.trucks.per_day, scenario.seed)
        moments += [Given(at_ns, request) for at_ns, request in trucks]
    for number, fault in enumerate(scenario.faults):
        begins_ns, ends_ns = start_ns + round(fault.at_s * 1e9), end_ns
        if fault.for_s is not None:
            ends_ns = begins_ns + round(fault.for_s * 1e9)
            moments.append(Happens(ends_ns, fault, number, False))
        is_reading = isinstance(fault, Fog | Wind)
        said_ns = range(begins_ns, ends_ns, REPORT_NS) if is_reading else (begins_ns,)
        moments += [Happens(at_ns, fault, number, True) for at_ns in said_ns]
    return sorted((m for m in moments if m.at_ns <= end_ns), key=lambda moment: moment.at_ns)


def to_fleet(moment: Happens, now_ns: int) -> Message | None:
    """What the fleet manager is told of it; None: it has to find out by itself."""
    name = f"scenario-{moment.number}"
    match moment.fault:
        case BlockZone(zone=zone):
            return PutObstacle(Obstacle(name, (zone,))) if moment.begins else RemoveObstacle(name)
        case Withdraw(name=withdrawn):
            return SetService(withdrawn, not moment.begins)
        case Fog(visibility_m=visibility_m) if moment.begins:
            return ReportConditions(name, now_ns, visibility_m=visibility_m)
        case Wind(wind_mps=wind_mps) if moment.begins:
            return ReportConditions(name, now_ns, wind_mps=wind_mps)
        case Fog() | Wind():
            return ReportConditions(name, now_ns)
        case _:
            return None


def unknown(
    scenario: Scenario,
    file: str,
    site: Site,
    roadmap: Roadmap,
    machines: Container[str],
    controlled: Container[str],
) -> list[Problem]:
    """Names in the scenario that the site has not; `controlled` are devices with a controller."""
    found = []
    zones = {zone for edge in roadmap.edges.values() for zone in edge.zones}
    for number, fault in enumerate(scenario.faults):
        key = f"faults[{number}]"
        match fault:
            case Stop(device=name) | CutLink(device=name) if name not in controlled:
                allowed = "an AGV, crane or booth of the site"
                found.append(Problem(file, f"{key}.device", name, allowed))
            case BlockZone(zone=name) if name not in zones:
                found.append(Problem(file, f"{key}.zone", name, "a zone of the site"))
            case Withdraw(name=name) if name not in machines and name not in roadmap.places:
                found.append(Problem(file, f"{key}.name", name, "a device or place of the site"))
            case _:
                pass
    for number, order in enumerate(scenario.orders):
        if {order.from_side, order.to_side} != set(site.sides):
            given = f"{order.from_side} to {order.to_side}"
            allowed = f"{' to '.join(site.sides)}, or the other way"
            found.append(Problem(file, f"orders[{number}]", given, allowed))
    return found
