"""Runs a scenario on a live gate: actors on Ray, links, robots that are no part of the gate."""

import contextlib
import datetime

from actors.errors import Problem, SiteError
from actors.messages import (
    OVER,
    Alarm,
    OrderChanged,
    PutOrder,
)
from actors.site.bundled import find_site
from interfaces.gate import LiveGate
from interfaces.tried_robots import TriedRobots
from robotics.clock import GateClock
from sim.scenario.mishaps import Mishaps
from sim.scenario.model import AlarmWithin, CutLink, Scenario, Stop
from sim.scenario.script import Given, Happens, Moment, script, to_fleet, unknown
from sim.scenario.verdict import Seen

POLL_MS = 20
NOTICED_S = 2.5
"""Links and robots that do not hear each other for two seconds of the wall clock know that they are
cut off; they look for that a few times a second."""
REST_NS = 60 * 10**9
"""When all has been put, no order is open and no alarm is expected any more, a run ends after so
long: nothing is left that could happen."""


def run_live(scenario: Scenario, file: str, speed: float, robots: TriedRobots) -> Seen:
    """What is seen of the scenario on a gate that runs so many times as fast as the clock.

    It ends before its time when nothing is left that could happen.

    Raises:
        SiteError: there is no such site, or it has no such side, device, place or zone; or a cut is
            so short at this speed that nobody would notice it.
        DriverError: the robots did not come up.
    """
    gate = LiveGate(
        find_site(scenario.site),
        speed=speed,
        seed=scenario.seed,
        driver=robots.driver,
        simulated_time=robots.simulated_time,
    )
    names = {device.id for device in gate.devices}
    controlled = {device.id for device in gate.devices if device.kind != "lane"}
    problems = unknown(scenario, file, gate.site, gate.roadmap, names, controlled)
    problems += _unnoticed(scenario, file, speed)
    if problems:
        raise SiteError(problems)
    with gate, contextlib.ExitStack() as open_ends:
        for end in (gate.keeper, gate.signals):
            open_ends.callback(end.close)
        mishaps = open_ends.enter_context(robots.mishaps(gate.bus))
        gate.start(lambda _name, _process: None)
        seen = _Run(gate, mishaps).run(scenario)
    seen.found += robots.found
    return seen


def _unnoticed(scenario: Scenario, file: str, speed: float) -> list[Problem]:
    found = []
    for number, fault in enumerate(scenario.faults):
        if isinstance(fault, CutLink) and fault.for_s and fault.for_s < NOTICED_S * speed:
            given = f"{fault.for_s:g} s, which pass unnoticed at speed {speed:g}"
            allowed = f"a speed up to {fault.for_s / NOTICED_S:g}"
            found.append(Problem(file, f"faults[{number}].for_s", given, allowed))
    return found


class _Run:
    """One run on a gate whose actors have been started."""

    def __init__(self, gate: LiveGate, mishaps: Mishaps) -> None:
        self._gate, self._mishaps = gate, mishaps
        self._clock: GateClock = gate.gate_time()
        self._seen = Seen(0, 0, {}, [], [])

    def run(self, scenario: Scenario) -> Seen:
        """Put and break what the scenario says, and keep what is seen meanwhile."""
        start_ns = self._clock.now_ns()
        start = datetime.datetime.fromtimestamp(start_ns / 1e9, datetime.UTC)
        self._seen.start_ns = start_ns
        end_ns = start_ns + round(scenario.lasts_s * 1e9)
        moments = script(scenario, self._gate.site, start)
        awaited_s = [e.by_s for e in scenario.expect if isinstance(e, AlarmWithin)]
        rests_ns = start_ns + round(max(awaited_s, default=0.0) * 1e9)
        while (now_ns := self._clock.now_ns()) < end_ns:
            while moments and moments[0].at_ns <= now_ns:
                self._happen(moments.pop(0))
                rests_ns = max(rests_ns, now_ns)
            if any(order.state not in OVER for order in self._seen.orders.values()):
                rests_ns = max(rests_ns, now_ns)
            if not moments and now_ns - rests_ns > REST_NS:
                break
            self._read()
        return self._seen

    def _read(self) -> None:
        for recorded in self._gate.keeper.read(POLL_MS):
            match recorded.event:
                case OrderChanged(order):
                    self._seen.orders[order.request.id] = order
                case Alarm():
                    self._seen.alarms.append((recorded.at_ns, recorded.event))
                case _:
                    pass

    def _happen(self, moment: Moment) -> None:
        match moment:
            case Given(request=request):
                self._gate.ask(PutOrder(request))
                self._seen.given += 1
            case Happens(fault=fault, begins=begins):
                match fault:
                    case Stop(device=device, reason=reason) if begins:
                        self._mishaps.stop(device, reason)
                    case Stop(device=device):
                        self._mishaps.repair(device)
                    case CutLink(device=device) if begins:
                        self._mishaps.cut(device)
                    case CutLink(device=device):
                        self._mishaps.join(device)
                    case _:
                        told = to_fleet(moment, self._clock.now_ns())
                        assert told is not None, fault
                        self._gate.ask(told)
