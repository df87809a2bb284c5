"""Faults, drawn from a seed: messages lost or late, links cut, machines restarted, robots broken.

Any fault that hits a device may hit it here; the fleet manager, whose inputs are kept in a journal,
is not restarted. What is posted from outside is a call with an answer and is not touched.
"""

import copy
from random import Random

import msgspec

from actors.effects import Effect, Machine, SetTimer
from actors.messages import (
    ClearFault,
    InjectFault,
    LinkLost,
    LinkRestored,
    Message,
    Started,
    TimerFired,
)
from sim.world import World

HOUR_NS = 3600 * 10**9


class FaultPlan(msgspec.Struct, frozen=True):
    """How much goes wrong. Shares are of all messages; rates are means of Poisson processes."""

    lost_share: float = 0.0
    repeated_share: float = 0.0
    late_share: float = 0.0
    late_s_max: float = 3.0
    """The longest delay of a late message, and of a repeat behind the message itself."""
    restarts_per_h: float = 0.0
    down_s_max: float = 20.0
    """The longest time that a machine is away before its successor is put to work."""
    outages_per_h: float = 0.0
    outage_s_max: float = 200.0
    """The longest time that a link is cut."""
    breakdowns_per_h: float = 0.0
    """Of all AGVs, cranes and scanners together."""
    broken_s_max: float = 900.0
    """The longest time until a robot is repaired where it stands."""


class Faults:
    """Machine that does harm to its world.

    Messages of one sender to one receiver keep their order, as on Ray and on a link; a repeat may
    come late, after others.

    `fresh` are the machines that may be restarted, as they are before their first message.
    """

    def __init__(self, world: World, plan: FaultPlan, seed: int, fresh: dict[str, Machine]) -> None:
        self.name = "faults"
        self.done = {"lost": 0, "repeated": 0, "late": 0, "restart": 0, "outage": 0, "breakdown": 0}
        """How many faults there were, by kind."""
        self._world, self._plan = world, plan
        self._random = Random(f"{seed}/faults")
        self._fresh = {name: copy.deepcopy(machine) for name, machine in fresh.items()}
        self._names = sorted(fresh)
        self._linked = [name for name in self._names if f"{name}/controller" in world]
        self._cut: set[str] = set()
        self._broken: set[str] = set()
        self._newest_ns: dict[tuple[str, str], int] = {}
        world.wire = self.wire
        world.add(self)

    def stop(self) -> None:
        """No more faults begin from now on; those under way end in their time."""
        self._plan = FaultPlan()

    def wire(self, sender: str, to: str, message: Message, at_ns: int) -> list[int]:
        """When the message arrives; see `sim.world.Wire`."""
        device = sender.removesuffix("/controller")
        if device in self._cut and device == to.removesuffix("/controller"):
            return []
        plan, draw = self._plan, self._random.random
        late_ns = plan.late_s_max * 1e9
        if draw() < plan.lost_share:
            self.done["lost"] += 1
            return []
        if draw() < plan.late_share:
            self.done["late"] += 1
            at_ns += round(draw() * late_ns)
        at_ns = self._newest_ns[sender, to] = max(at_ns, self._newest_ns.get((sender, to), 0))
        if draw() < plan.repeated_share:
            self.done["repeated"] += 1
            return [at_ns, at_ns + round(draw() * late_ns)]
        return [at_ns]

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """Begin or end the fault for which the timer was set."""
        match message:
            case Started():
                kinds = ("restart", "outage", "breakdown")
                return [effect for kind in kinds for effect in self._next(kind, now_ns)]
            case TimerFired("restart"):
                return [*self._kill(now_ns), *self._next("restart", now_ns)]
            case TimerFired("outage"):
                return [*self._cut_link(now_ns), *self._next("outage", now_ns)]
            case TimerFired("breakdown"):
                return [*self._break(now_ns), *self._next("breakdown", now_ns)]
            case TimerFired(timer):
                kind, name = timer.split(":")
                if kind == "up":
                    self._world.add(copy.deepcopy(self._fresh[name]))
                elif kind == "mend":
                    self._broken.discard(name)
                    self._world.post(f"{name}/controller", ClearFault(), now_ns)
                else:
                    self._cut.discard(name)
                    self._tell_ends(name, LinkRestored(), now_ns)
        return []

    def _next(self, kind: str, now_ns: int) -> list[Effect]:
        plan = self._plan
        rates = {
            "restart": plan.restarts_per_h,
            "outage": plan.outages_per_h,
            "breakdown": plan.breakdowns_per_h,
        }
        per_h = rates[kind]
        if per_h == 0:
            return []
        return [SetTimer(kind, now_ns + round(self._random.expovariate(per_h) * HOUR_NS))]

    def _kill(self, now_ns: int) -> list[Effect]:
        name = self._random.choice(self._names)
        if name not in self._world or self._plan.restarts_per_h == 0:
            return []
        self.done["restart"] += 1
        self._world.remove(name)
        down_ns = round(self._random.random() * self._plan.down_s_max * 1e9)
        return [SetTimer(f"up:{name}", now_ns + down_ns)]

    def _cut_link(self, now_ns: int) -> list[Effect]:
        name = self._random.choice(self._linked)
        if name in self._cut or self._plan.outages_per_h == 0:
            return []
        self.done["outage"] += 1
        self._cut.add(name)
        self._tell_ends(name, LinkLost(), now_ns)
        out_ns = round(self._random.random() * self._plan.outage_s_max * 1e9)
        return [SetTimer(f"link:{name}", now_ns + out_ns)]

    def _break(self, now_ns: int) -> list[Effect]:
        name = self._random.choice(self._linked)
        if name in self._broken or self._plan.breakdowns_per_h == 0:
            return []
        self.done["breakdown"] += 1
        self._broken.add(name)
        self._world.post(f"{name}/controller", InjectFault("broken down"), now_ns)
        out_ns = round(self._random.random() * self._plan.broken_s_max * 1e9)
        return [SetTimer(f"mend:{name}", now_ns + out_ns)]

    def _tell_ends(self, name: str, message: Message, now_ns: int) -> None:
        for end in (name, f"{name}/controller"):
            self._world.post(end, message, now_ns)
