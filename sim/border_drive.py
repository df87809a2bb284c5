"""Two clearances driven at random: officers of all roles, a fleet, and a wire that harms.

Commands are right and wrong, by the right and the wrong role and side, repeated or late. What
machines say to each other is lost, repeated and delayed, so that it comes out of order. The log
goes to the independent reader.
"""

from collections.abc import Iterable
from random import Random

import msgspec

from actors.border import (
    BorderAnswer,
    Command,
    Decide,
    Declare,
    Dispose,
    GateIn,
    LiftHold,
    Matter,
    Officer,
    PutHold,
    Register,
    Role,
    SetDownLoad,
    SetSide,
    Step,
)  # fmt: skip
from actors.clearance import Clearance
from actors.effects import Effect, Send
from actors.messages import (
    OVER,
    AllowLeg,
    CancelOrder,
    GuardOrder,
    Message,
    OrderReport,
    QueryOrder,
    SetDown,
    TimerFired,
)  # fmt: skip
from actors.site.devices import FLEET_MANAGER
from actors.site.model import Site
from actors.site.rules import BorderRules
from sim.border_officers import (
    CHANNELS,
    DECIDERS,
    MATTERS,
    OWNERS,
    declaration,
    right_word,
)
from sim.border_reader import BorderReader
from sim.world import World

S = 10**9
ROLES: tuple[Role, ...] = (
    "enterprise",
    "operator",
    "customs",
    "supervisor",
    "border_guard",
    "quarantine",
)
WHATS: tuple[Step | Matter, ...] = (
    "called_forward", "quarantine_cleared", "fee_paid", "papers", "inspection", "release",
    "image_decided", "on_truck", "gated_out", "exit_approved", "lane_granted", "released",
)  # fmt: skip
COMMANDED: tuple[Step | Matter, ...] = ("declared", "registered", "gated_in")


class DrawnFleet:
    """A fleet manager that carries guarded orders at random, each leg only when it is allowed."""

    def __init__(self, random: Random, suspicious_share: float) -> None:
        self.name = FLEET_MANAGER
        self._random, self._suspicious = random, suspicious_share
        self._orders: dict[str, OrderReport] = {}
        self._guards: dict[str, GuardOrder] = {}
        self._scans: dict[str, str] = {}
        self.found: list[str] = []

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """Orders, permissions, and a timer a step of each order."""
        match message:
            case GuardOrder(request, guard):
                if request.id not in self._orders:
                    self._guards[request.id] = message
                    self._orders[request.id] = OrderReport(
                        request.id, guard.consignment, 1, "queued", False, None, False, ()
                    )
                    return self._tell(request.id)
                return self._answer(request.id, guard.cross, 0)
            case AllowLeg(_, order, leg, keeper):
                report = self._orders[order]
                guard = self._guards[order].guard
                if keeper == getattr(guard, leg) and leg not in report.allowed:
                    return self._change(order, allowed=(*report.allowed, leg))
                return self._answer(order, keeper, 0)
            case CancelOrder(order) if order in self._orders:
                if self._orders[order].state == "queued":
                    return self._change(order, state="cancelled")
                return []
            case SetDown(_, order, keeper):
                report = self._orders[order]
                over = report.state in OVER
                if report.loaded and not over and "unload" not in report.allowed:
                    return self._change(order, state="failed")
                return self._answer(order, keeper, 0)
            case QueryOrder(order, keeper, known) if order in self._orders:
                return self._answer(order, keeper, known)
            case TimerFired("work"):
                going = [o for o, r in self._orders.items() if r.state in ("queued", "carrying")]
                return self._work(self._random.choice(going)) if going else []
            case _:
                return []

    def _work(self, order: str) -> list[Effect]:
        report, request = self._orders[order], self._guards[order].request
        before = request.from_side == "VN"
        if not report.loaded:
            return self._change(order, state="carrying", loaded=True)
        if report.verdict is None and before != report.crossed:
            drawn = self._random.random()
            verdict = "suspicious" if drawn < self._suspicious else "clear"
            image = "" if drawn > 0.97 else f"X-{order}"
            return self._change(order, verdict=verdict, image=image)
        if not report.crossed:
            return self._change(order, crossed=True) if "cross" in report.allowed else []
        return self._change(order, state="done") if "unload" in report.allowed else []

    def _change(self, order: str, **changes: object) -> list[Effect]:
        report = self._orders[order]
        self._orders[order] = msgspec.structs.replace(report, number=report.number + 1, **changes)
        return self._tell(order)

    def _answer(self, order: str, keeper: str, known: int) -> list[Effect]:
        report = self._orders[order]
        return [Send(keeper, report)] if report.number > known else []

    def _tell(self, order: str) -> list[Effect]:
        guard, report = self._guards[order].guard, self._orders[order]
        return [Send(guard.cross, report), Send(guard.unload, report)]


class Drive:
    """The drive of one seed: `site` must scan exports before and imports after the crossing."""

    def __init__(
        self, site: Site, seed: int | Random, consignments: int, harm: float = 0.2
    ) -> None:
        self.random = seed if isinstance(seed, Random) else Random(seed)
        self.world = World(1_783_000_000 * S)
        self.harm = harm
        rules = BorderRules(site)
        self.sides = {side: Clearance(side, FLEET_MANAGER, rules) for side in site.sides}
        self.fleet = DrawnFleet(self.random, 0.2)
        for clearance in self.sides.values():
            self.world.add(clearance)
        self.world.add(self.fleet)
        self.reader = BorderReader(site, {})
        self.world.on_event = self.reader.read
        self.world.wire = self._wire
        self._count = 0
        self._number = 0
        self._sent: list[tuple[str, Command]] = []
        self.answers: dict[str, BorderAnswer] = {}
        self.names: list[str] = []
        """The consignments that are under way, as many as were asked for."""
        for _ in range(consignments):
            self._bring()

    def _bring(self) -> None:
        self._count += 1
        name = f"K{self._count}"
        self.names.append(name)
        self.reader.directions[name] = "VN-CN" if self._count % 3 == 0 else "CN-VN"

    def _renew(self) -> None:
        """New consignments in place of those that have ended on both sides."""
        for name in self.names[:]:
            if self.has_ended(name):
                self.names.remove(name)
                self._bring()

    def has_ended(self, name: str) -> bool:
        """Whether each side that knows of it has seen its end."""
        records = [s.records[name] for s in self.sides.values() if name in s.records]
        sent_on = any(r.is_origin and "crossed" in r.steps for r in records)
        ended = [bool(r.ended) for r in records if r.is_origin or sent_on]
        return bool(ended) and all(ended)

    def _wire(self, _from: str, to: str, _message: Message, at_ns: int) -> Iterable[int]:
        if self.random.random() < self.harm:
            return ()
        late = round(self.random.random() * 20 * S) if self.random.random() < self.harm else 0
        twice = self.random.random() < self.harm
        return (at_ns + late, at_ns + late + 7 * S) if twice else (at_ns + late,)

    def run(self, steps: int) -> None:
        """So many commands, with work of the fleet and time between them."""
        for _ in range(steps):
            self.step()
            if len(self._sent) > 500:
                del self._sent[:250]
                self._renew()

    def step(self) -> None:
        """One command, or a repeat of one; some work of the fleet; some time."""
        random, world = self.random, self.world
        if self._sent and random.random() < 0.1:
            to, command = random.choice(self._sent)
        else:
            to, command = self._draw()
            self._sent.append((to, command))
        before = len(world.replies)
        world.post(to, command, world.now_ns)
        if random.random() < 0.5:
            world.post(FLEET_MANAGER, TimerFired("work"), world.now_ns)
        world.run(world.now_ns + round(random.random() * 2 * S))
        for answer in world.replies[before:]:
            assert isinstance(answer, BorderAnswer)
            known = self.answers.setdefault(answer.id, answer)
            if known != answer and known.outcome != "unknown":
                self.reader.found.append(f"{answer} after {known}")
            self.answers[answer.id] = answer
        del world.replies[:]

    def finish(self, rounds: int) -> list[str]:
        """Officers who do their work, and no harm any more; who has not ended after that."""
        self.harm = 0.0
        for side in self.sides:
            self._put(side, SetSide(self._next_id(), Officer("Q", "supervisor", side), True, "day"))
        known = [n for n in self.names if any(n in s.records for s in self.sides.values())]
        for _ in range(rounds):
            known = [name for name in known if not self.has_ended(name)]
            if not known:
                break
            for name in known:
                for side in self.sides:
                    command = self._right(side, name)
                    if command is not None:
                        self._put(side, command)
                self.world.post(FLEET_MANAGER, TimerFired("work"), self.world.now_ns)
                self.world.run(self.world.now_ns + S)
        return known

    def begin(self, name: str) -> None:
        """Have a consignment declared."""
        direction = self.reader.directions[name]
        by = Officer("E", "enterprise", direction[:2])
        self._put(direction[:2], Declare(self._next_id(), by, declaration(name, direction)))
        self.world.run(self.world.now_ns + S)

    def _put(self, side: str, command: Command) -> None:
        self.world.post(f"clearance-{side}", command, self.world.now_ns)

    def _next_id(self) -> str:
        self._number += 1
        return f"C{self._number}"

    def _right(self, side: str, name: str) -> Command | None:
        if name not in self.sides[side].records:
            return None
        channel = self.reader.channels.setdefault(name, "green")
        return right_word(self.sides[side], name, self._next_id(), channel, self.world.now_ns)

    def _draw(self) -> tuple[str, Command]:
        random = self.random
        name = random.choice(self.names)
        direction = self.reader.directions[name]
        side = random.choice((direction[:2], direction[3:]))
        number = self._next_id()
        goods = declaration(name, direction)

        def by(role: Role) -> Officer:
            wrong = random.random()
            drawn = random.choice(ROLES) if wrong < 0.1 else role
            there = ("VN" if side == "CN" else "CN") if wrong > 0.95 else side
            return Officer(f"{drawn}-1", drawn, there)

        reason = "" if random.random() < 0.03 else "seen"
        record = self.sides[side].records.get(name)
        kind = random.choice(list(OWNERS))
        drawn = random.random()
        command: Command
        if record is not None and record.holds and drawn < 0.5:
            kind = random.choice(list(record.holds))
            command = LiftHold(number, by(OWNERS[kind]), name, kind, reason)
        elif drawn < 0.04:
            command = PutHold(number, by("customs"), name, kind, reason)
        elif drawn < 0.06:
            command = LiftHold(number, by(OWNERS[kind]), name, kind, reason)
        elif drawn < 0.07:
            command = SetDownLoad(number, by("customs"), name, reason)
        elif drawn < 0.073:
            fate = random.choice(("seized", "returned", "diverted"))
            command = Dispose(number, by("supervisor"), name, fate, reason)  # type: ignore[arg-type]
        elif drawn < 0.08:
            command = SetSide(number, by("supervisor"), random.random() < 0.7, reason)
        else:
            step: Step | Matter | None = record.next if record is not None else "declared"
            if random.random() < 0.2:
                step = random.choice((*COMMANDED, *WHATS))
            if step == "declared":
                command = Declare(number, by("enterprise"), goods)
            elif step == "registered":
                channel = self.reader.channels.setdefault(name, random.choice(CHANNELS))
                code = str(CHANNELS.index(channel) + 1)
                command = Register(number, by("customs"), name, f"3{self._number:011d}", code)
            elif step == "gated_in":
                seal = goods.seal if random.random() < 0.9 else "other"
                command = GateIn(
                    number, by("operator"), name, goods.plate, goods.container, seal, 20_000
                )
            else:
                if step in ("exit_approved", "entry_cleared") and random.random() < 0.9:
                    step = random.choice(MATTERS)
                what = step if step in DECIDERS else random.choice(WHATS)
                assert what is not None
                role = DECIDERS.get(what, "customs")
                command = Decide(number, by(role), name, what, reason)
        return f"clearance-{side}", command
