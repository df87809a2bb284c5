"""Runs a scenario in virtual time: the deployed machines, simulated controllers, the checker."""

import datetime

from actors.errors import SiteError
from actors.messages import (
    Alarm,
    ClearFault,
    Event,
    InjectFault,
    LinkLost,
    LinkRestored,
    Message,
    OrderChanged,
    PutOrder,
)
from actors.site.bundled import find_site
from actors.site.devices import FLEET_MANAGER, devices
from actors.site.expand import expand
from actors.site.load import last_change, load_site
from sim.scenario.model import CutLink, Scenario, Stop
from sim.scenario.script import Given, Happens, script, to_fleet, unknown
from sim.scenario.verdict import Seen
from sim.simulate import build
from sim.world import World


def run_virtual(scenario: Scenario, file: str) -> Seen:
    """What is seen of the scenario; the same scenario is seen the same each time.

    Raises:
        SiteError: there is no such site, or it has no such side, device, place or zone.
    """
    site = load_site(find_site(scenario.site))
    day = last_change(site)
    start = datetime.datetime.combine(day, datetime.time(12), datetime.UTC)
    start_ns = round(start.timestamp()) * 10**9
    every = devices(site, day)
    controlled = {device.id for device in every if device.kind != "lane"}
    names = {device.id for device in every}
    problems = unknown(scenario, file, site, expand(site, day), names, controlled)
    if problems:
        raise SiteError(problems)
    world, checker = build(site, day, start_ns, scenario.seed)
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
    wire = _Wire(world)
    for moment in script(scenario, site, start):
        world.run(moment.at_ns)
        match moment:
            case Given(request=request):
                world.post(FLEET_MANAGER, PutOrder(request), world.now_ns)
                seen.given += 1
            case Happens():
                wire.happen(moment)
    world.run(start_ns + round(scenario.lasts_s * 1e9))
    checker.finish(world.now_ns)
    return seen


class _Wire:
    """The world's wire, which can be cut, and what else can go wrong in it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._cut: set[str] = set()
        world.wire = self._carry

    def _carry(self, sender: str, to: str, _message: Message, at_ns: int) -> list[int]:
        device = sender.removesuffix("/controller")
        lost = device in self._cut and device == to.removesuffix("/controller")
        return [] if lost else [at_ns]

    def happen(self, moment: Happens) -> None:
        """Let a fault begin or end now."""
        begins = moment.begins
        match moment.fault:
            case Stop(device=device, reason=reason):
                news = InjectFault(reason) if begins else ClearFault()
                self._post(f"{device}/controller", news)
            case CutLink(device=device):
                self._cut = self._cut | {device} if begins else self._cut - {device}
                heard = LinkLost() if begins else LinkRestored()
                self._post(device, heard)
                self._post(f"{device}/controller", heard)
            case _:
                told = to_fleet(moment, self._world.now_ns)
                if told is not None:
                    self._post(FLEET_MANAGER, told)

    def _post(self, to: str, message: Message) -> None:
        self._world.post(to, message, self._world.now_ns)
