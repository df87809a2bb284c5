"""Runs a scenario in virtual time: the deployed machines, simulated controllers, the checker."""

import datetime
from collections.abc import Callable
from random import Random

from actors.errors import Problem, SiteError
from actors.messages import (
    Alarm,
    ClearFault,
    Event,
    InjectFault,
    LinkLost,
    LinkRestored,
    Message,
    Obstacle,
    OrderChanged,
    OrderRequest,
    PutObstacle,
    PutOrder,
    RemoveObstacle,
    SetService,
)
from actors.site.bundled import find_site
from actors.site.devices import FLEET_MANAGER
from actors.site.expand import expand
from actors.site.load import last_change, load_site
from actors.site.roadmap import Roadmap
from sim.arrivals import arrivals, container_number
from sim.scenario.model import BlockZone, CutLink, Scenario, Stop, Withdraw
from sim.scenario.verdict import Seen
from sim.simulate import build
from sim.world import World

Moment = tuple[int, Callable[[], None]]


def run_virtual(scenario: Scenario, file: str) -> Seen:
    """What is seen of the scenario; the same scenario is seen the same each time.

    Raises:
        SiteError: there is no such site, or it has no such side, device, place or zone.
    """
    site = load_site(find_site(scenario.site))
    day = last_change(site)
    start = datetime.datetime.combine(day, datetime.time(12), datetime.UTC)
    start_ns = round(start.timestamp()) * 10**9
    world, checker = build(site, day, start_ns, scenario.seed)
    roadmap = expand(site, day)
    problems = _unknown(scenario, file, world, roadmap, tuple(site.sides))
    if problems:
        raise SiteError(problems)
    seen = Seen(start_ns, 0, {}, [], checker.found)

    def keep(_name: str, event: Event, at_ns: int) -> None:
        match event:
            case OrderChanged(order):
                seen.orders[order.request.id] = order
            case Alarm():
                seen.alarms.append((at_ns, event))
            case _:
                pass

    world.on_event = keep
    random = Random(f"{scenario.seed}/scenario")
    for order in scenario.orders:
        request = OrderRequest(
            order.id, container_number(random), order.size_type, order.from_side, order.to_side,
            order.priority,
        )  # fmt: skip
        world.post(FLEET_MANAGER, PutOrder(request), start_ns + round(order.at_s * 1e9))
        seen.given += 1
    if scenario.trucks is not None:
        hours = min(scenario.trucks.until_s, scenario.lasts_s) / 3600
        for at_ns, request in arrivals(site, start, hours, scenario.trucks.per_day, scenario.seed):
            world.post(FLEET_MANAGER, PutOrder(request), at_ns)
            seen.given += 1
    for at_ns, happens in sorted(_moments(scenario, world, start_ns), key=lambda moment: moment[0]):
        world.run(at_ns)
        happens()
    world.run(start_ns + round(scenario.lasts_s * 1e9))
    checker.finish(world.now_ns)
    return seen


def _moments(scenario: Scenario, world: World, start_ns: int) -> list[Moment]:
    """When faults begin and end, up to the scenario's end, and what is to be done then."""
    cut: set[str] = set()

    def wire(sender: str, to: str, _message: Message, at_ns: int) -> list[int]:
        device = sender.removesuffix("/controller")
        lost = device in cut and device == to.removesuffix("/controller")
        return [] if lost else [at_ns]

    def posting(*told: tuple[str, Message]) -> Callable[[], None]:
        def happens() -> None:
            for to, message in told:
                world.post(to, message, world.now_ns)

        return happens

    def cutting(device: str, change: Callable[[str], None], message: Message) -> Callable[[], None]:
        def happens() -> None:
            change(device)
            posting((device, message), (f"{device}/controller", message))()

        return happens

    world.wire = wire
    moments: list[Moment] = []
    for number, fault in enumerate(scenario.faults):
        match fault:
            case Stop(device=device, reason=reason):
                controller = f"{device}/controller"
                begin = posting((controller, InjectFault(reason)))
                end = posting((controller, ClearFault()))
            case CutLink(device=device):
                begin = cutting(device, cut.add, LinkLost())
                end = cutting(device, cut.discard, LinkRestored())
            case BlockZone(zone=zone):
                name = f"scenario-{number}"
                begin = posting((FLEET_MANAGER, PutObstacle(Obstacle(name, (zone,)))))
                end = posting((FLEET_MANAGER, RemoveObstacle(name)))
            case Withdraw(name=name):
                begin = posting((FLEET_MANAGER, SetService(name, False)))
                end = posting((FLEET_MANAGER, SetService(name, True)))
        begins_ns = start_ns + round(fault.at_s * 1e9)
        moments.append((begins_ns, begin))
        if fault.for_s is not None:
            moments.append((begins_ns + round(fault.for_s * 1e9), end))
    end_ns = start_ns + round(scenario.lasts_s * 1e9)
    return [moment for moment in moments if moment[0] <= end_ns]


def _unknown(
    scenario: Scenario, file: str, world: World, roadmap: Roadmap, sides: tuple[str, ...]
) -> list[Problem]:
    """Names in the scenario that the site has not."""
    found = []
    zones = {zone for edge in roadmap.edges.values() for zone in edge.zones}
    for number, fault in enumerate(scenario.faults):
        key = f"faults[{number}]"
        match fault:
            case Stop(device=name) | CutLink(device=name) if f"{name}/controller" not in world:
                allowed = "an AGV, crane or booth of the site"
                found.append(Problem(file, f"{key}.device", name, allowed))
            case BlockZone(zone=name) if name not in zones:
                found.append(Problem(file, f"{key}.zone", name, "a zone of the site"))
            case Withdraw(name=name) if name not in world and name not in roadmap.places:
                found.append(Problem(file, f"{key}.name", name, "a device or place of the site"))
            case _:
                pass
    for number, order in enumerate(scenario.orders):
        if {order.from_side, order.to_side} != set(sides):
            given = f"{order.from_side} to {order.to_side}"
            allowed = f"{' to '.join(sides)}, or the other way"
            found.append(Problem(file, f"orders[{number}]", given, allowed))
    return found
