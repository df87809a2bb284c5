"""Two gates in virtual time, a side each, with a bad link between them, and ends of the world.

Each gate is a world of its own, so that nothing passes between them but letters: those of the real
exchange, signed, in its real database. A gate that is killed loses all that is not on disk: its
clearance is made anew from what it had been told, its counterpart from nothing, its exchange from
the database. Both worlds run in steps shorter than the fastest letter, so that none comes too late.
"""

import datetime
from collections.abc import Callable
from random import Random

from actors.base import Side
from actors.border import Channel, Declaration, Declare, Officer
from actors.clearance import Clearance, clearance_name
from actors.effects import Effect, Machine, Send, SetTimer
from actors.messages import Event, Message, SaidToOtherSide, Started, TimerFired
from actors.site.devices import FLEET_MANAGER
from actors.site.model import Site
from actors.wiring import fleet_manager, fleet_side, one_side
from interfaces.exchange.backoff import Backoff
from interfaces.exchange.bad_link import LEAST_NS, BadLink
from interfaces.exchange.keys import new_key
from interfaces.exchange.parties import Parties
from interfaces.exchange.receiving import Receiver
from interfaces.exchange.sending import Outgoing, Sender
from interfaces.store.database import Database
from sim.arrivals import arrivals
from sim.authority import LOOK_NS
from sim.border_officers import right_word, work
from sim.border_reader import BorderReader
from sim.custody_reader import CustodyReader
from sim.simulate import build
from sim.world import World

S = 10**9
ANSWER_NS = 5 * S
"""A receipt that has not come after this time does not count any more, as over HTTP."""


class Arrived(Message):
    """Bytes over the link: a letter, or the receipt of the letter of this number."""

    number: int
    is_receipt: bool
    data: bytes


class ExchangeEnd:
    """One gate's end of the exchange: what `interfaces.exchange.link` and the API do for real."""

    def __init__(
        self,
        names: tuple[str, str],
        sender: Sender,
        receiver: Receiver,
        transmit: Callable[[Arrived, int], None],
    ) -> None:
        """`names`: of this side's clearance and of the peer's, for whom it is the controller."""
        self._counterpart = names[1]
        self.name = f"{names[1]}/controller"
        self.sender, self.receiver = sender, receiver
        self._transmit = transmit
        self._count = 0
        self._on_way: dict[int, Outgoing] = {}

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """What is to be said goes to the outbox; what has come, to the counterpart."""
        effects: list[Effect] = []
        match message:
            case Started():
                effects += self._pass_on(now_ns)
            case TimerFired("send"):
                pass
            case TimerFired(late):
                outgoing = self._on_way.pop(int(late), None)
                if outgoing is not None:
                    self.sender.unanswered(outgoing, "no receipt in time", now_ns)
            case Arrived(number, False, data):
                receipt = self.receiver.take(data, now_ns)
                self._transmit(Arrived(number, True, receipt), now_ns)
                if self.receiver.has_news:
                    effects += self._pass_on(now_ns)
            case Arrived(number, True, data):
                outgoing = self._on_way.pop(number, None)
                if outgoing is not None:
                    self.sender.received(outgoing, data, now_ns)
            case _:
                assert isinstance(message, SaidToOtherSide), message
                self.sender.put(message, now_ns)
        letters, again_ns = self.sender.due(now_ns)
        for outgoing in letters:
            self._count += 1
            number = now_ns * 1000 + self._count % 1000  # of no letter before it was killed
            self._on_way[number] = outgoing
            self._transmit(Arrived(number, False, outgoing.data), now_ns)
            effects.append(SetTimer(str(number), now_ns + ANSWER_NS))
        news, self.sender.news = self.sender.news, []
        effects += [Send(self._counterpart, told) for told in news]
        return [*effects, SetTimer("send", again_ns)]

    def _pass_on(self, now_ns: int) -> list[Effect]:
        waiting = self.receiver.waiting()
        if waiting:
            self.receiver.inbox.passed_on([number for number, _ in waiting], now_ns)
        return [Send(self._counterpart, said) for _, said in waiting if said is not None]


class Gate:
    """The gate of one side: its world, and its disk, which outlives the machines."""

    def __init__(self, site: Site, parties: Parties, world: World, database: Database) -> None:
        self.side, self.world = parties.side, world
        self.transmit: Callable[[Arrived, int], None] = lambda _arrived, _now_ns: None
        self._site, self._parties, self._database = site, parties, database
        self._names = (clearance_name(parties.side), clearance_name(parties.peer))
        self._told: dict[str, list[tuple[Message, int]]] = {self._names[0]: []}
        """The journal: all that a durable machine was told."""
        self._starts = 0
        world.observers.append(self._journal)
        self.start()

    @property
    def clearance(self) -> Clearance | None:
        """This side's clearance; None while the gate is down."""
        name = self._names[0]
        found = self.world.machine(name) if name in self.world else None
        assert found is None or isinstance(found, Clearance)
        return found

    @property
    def end(self) -> ExchangeEnd:
        """This gate's end of the exchange, while it is up."""
        found = self.world.machine(f"{self._names[1]}/controller")
        assert isinstance(found, ExchangeEnd)
        return found

    def keep_fleet(self, day: datetime.date) -> None:
        """Take the fleet manager to be durable too: it ends and comes back with the gate."""
        self._told[FLEET_MANAGER] = []
        self._day = day

    def start(self) -> None:
        """Put the machines to work; those that are durable with all that they had been told."""
        self._starts += 1
        for make in one_side(self._site, self.side).values():
            self.world.add(self._replayed(make()))
        if FLEET_MANAGER in self._told and FLEET_MANAGER not in self.world:
            self.world.add(self._replayed(fleet_manager(self._site, self._day)))
        parties, engine, now_ns = self._parties, self._database.engine, self.world.now_ns
        random = Random(f"{self.side}/{self._starts}")
        sender = Sender(engine, parties, Backoff(random), now_ns)
        receiver = Receiver(engine, parties, self._names)
        end = ExchangeEnd(
            self._names, sender, receiver, lambda arrived, at_ns: self.transmit(arrived, at_ns)
        )
        self.world.add(end)

    def kill(self) -> None:
        """End the machines, wherever they are."""
        names = [*self._names, f"{self._names[1]}/controller"]
        if FLEET_MANAGER in self._told:
            names.append(FLEET_MANAGER)
        for name in names:
            self.world.remove(name)

    def arrive(self, arrived: Arrived, at_ns: int) -> None:
        """Bytes come over the link; a gate that is down does not hear them."""
        self.world.post(f"{self._names[1]}/controller", arrived, at_ns)

    def _journal(self, name: str, message: Message, _effects: list[Effect], now_ns: int) -> None:
        told = self._told.get(name)
        if told is not None:
            told.append((message, now_ns))

    def _replayed(self, machine: Machine) -> Machine:
        for message, at_ns in self._told.get(machine.name, ()):
            machine.handle(message, at_ns)
        return machine


class Federation:
    """Both gates of a site, their officers and enterprises, and the log of all events."""

    def __init__(self, site: Site, day: datetime.date, seed: int, harm: float) -> None:
        self.random = Random(f"{seed}/federation")
        self.start = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
        self.now_ns = round(self.start.timestamp()) * S
        self.site, self.seed, self._day = site, seed, day
        self.link = BadLink(Random(f"{seed}/link"), harm)
        self.log: list[tuple[int, str, Event]] = []
        """When, in which side's gate, and what."""
        self.channels: dict[str, Channel] = {}
        self.directions: dict[str, str] = {}
        self.open: set[str] = set()
        """Consignments that have not ended."""
        self.restarts = 0
        self._due: dict[tuple[Side, str, str], int] = {}
        self._commands = 0
        self._plans: list[tuple[int, Gate, bool]] = []
        """When a gate is to go down (False) or up (True)."""
        keys = {side: new_key() for side in site.sides}
        here = fleet_side(site)
        there = next(side for side in site.sides if side != here)
        worlds = {there: World(self.now_ns)}
        worlds[here], self.checker = build(site, day, self.now_ns, seed)
        self.gates: dict[Side, Gate] = {}
        self.databases: dict[Side, Database] = {}
        for side, peer in ((here, there), (there, here)):
            database = self.databases[side] = Database("sqlite://")
            database.create_all()
            parties = Parties(side, keys[side], peer, (keys[peer].public,), side == here)
            worlds[side].on_event = self._noted(side)
            self.gates[side] = Gate(site, parties, worlds[side], database)
        for side, peer in ((here, there), (there, here)):
            self.gates[side].transmit = self._carrier(self.gates[peer])

    def keep_fleet(self) -> None:
        """Let the fleet manager go down and come back with its gate."""
        self.gates[fleet_side(self.site)].keep_fleet(self._day)

    def declare_arrivals(self, hours: float, trucks_per_day: int) -> None:
        """Trucks of the site's profile, channels by their shares."""
        shares = self.site.officers.channels
        for at_ns, order in arrivals(self.site, self.start, hours, trucks_per_day, self.seed):
            goods = Declaration(
                order.id, order.from_side, order.to_side, order.container, order.size_type,
                f"S{order.id}", f"29H-{order.id}", "854231", order.from_side, 20_000,
            )  # fmt: skip
            names, weights = list(shares), list(shares.values())
            self.declare(goods, self.random.choices(names, weights)[0], at_ns)

    def declare(self, goods: Declaration, channel: Channel, at_ns: int) -> None:
        """An enterprise declares goods, which customs will give this channel.

        It says so six times, a minute apart: its gate may be down.
        """
        self.channels[goods.id] = channel
        self.directions[goods.id] = f"{goods.from_side}-{goods.to_side}"
        self.open.add(goods.id)
        enterprise = Officer("E", "enterprise", goods.from_side)
        gate, number = self.gates[goods.from_side], self._number()
        said = Declare(number, enterprise, goods)
        for attempt in range(6):
            gate.world.post(clearance_name(gate.side), said, at_ns + attempt * 60 * S)

    def plan_restart(self, side: Side, after_s: float, down_s: float) -> None:
        """Kill a gate at a time from now, and start it again after it was down for so long."""
        gate = self.gates[side]
        at_ns = self.now_ns + round(after_s * S)
        self._plans += [(at_ns, gate, False), (at_ns + round(down_s * S), gate, True)]
        self._plans.sort(key=lambda plan: plan[0])

    def plan_cut(self, after_s: float, cut_s: float) -> None:
        """Cut the link at a time from now, for so long."""
        at_ns = self.now_ns + round(after_s * S)
        self.link.cuts.append((at_ns, at_ns + round(cut_s * S)))

    def run(self, seconds: float) -> None:
        """So much time, officers at work."""
        end_ns = self.now_ns + round(seconds * S)
        look_ns = self.now_ns + LOOK_NS
        gates = list(self.gates.values())
        while self.now_ns < end_ns:
            self.now_ns = self._step_ns(min(end_ns, look_ns))
            for gate in gates:
                gate.world.run(self.now_ns)
            while self._plans and self._plans[0][0] <= self.now_ns:
                _, gate, up = self._plans.pop(0)
                gate.start() if up else gate.kill()
                self.restarts += up
            if self.now_ns >= look_ns:
                look_ns = self.now_ns + LOOK_NS
                for gate in gates:
                    if gate.clearance is not None:
                        self._work(gate.clearance, gate.world)

    def _step_ns(self, most_ns: int) -> int:
        """Until when nothing that one gate sends can arrive at the other."""
        nexts = [gate.world.next_ns() for gate in self.gates.values()]
        first_ns = min((at_ns for at_ns in nexts if at_ns is not None), default=most_ns)
        steps = [most_ns, max(first_ns, self.now_ns) + LEAST_NS]
        steps += [at_ns for at_ns, _, _ in self._plans[:1] if at_ns > self.now_ns]
        return min(steps)

    def finish(self, hours_max: float) -> None:
        """Time until all consignments have ended and both gates know it, at most so much."""
        end_ns = self.now_ns + round(hours_max * 3600 * S)
        while not self._is_over() and self.now_ns < end_ns:
            self.run(60)

    def _is_over(self) -> bool:
        if self.open or self._plans:
            return False
        clearances = [gate.clearance for gate in self.gates.values()]
        return all(c and all(record.ended for record in c.records.values()) for c in clearances)

    def _noted(self, side: Side) -> Callable[[str, Event, int], None]:
        def note(_name: str, event: Event, at_ns: int) -> None:
            self.log.append((at_ns, side, event))

        return note

    def _carrier(self, to: Gate) -> Callable[[Arrived, int], None]:
        def carry(arrived: Arrived, now_ns: int) -> None:
            for at_ns in self.link.arrivals(now_ns):
                to.arrive(arrived, at_ns)

        return carry

    def _work(self, clearance: Clearance, world: World) -> None:
        """Officers of one side say what is due; a consignment has ended where it ends last."""
        now_ns = self.now_ns
        for name in sorted(self.open & clearance.records.keys()):
            record = clearance.records[name]
            if record.ended:
                if not record.is_origin or "crossed" not in record.steps:
                    self.open.discard(name)
                continue
            channel = self.channels[name]
            word = right_word(clearance, name, "", channel, now_ns)
            if word is None:
                continue
            what = work(record, word)
            key = (clearance.side, name, what)
            if key not in self._due:
                mean_s = self.site.officers.service_s.get(what, 60.0)
                self._due[key] = now_ns + round(self.random.expovariate(1 / mean_s) * S)
            if self._due[key] <= now_ns:
                del self._due[key]
                said = right_word(clearance, name, self._number(), channel, now_ns)
                assert said is not None
                world.post(clearance.name, said, now_ns)

    def _number(self) -> str:
        self._commands += 1
        return f"C{self._commands}"


def judged(federation: Federation) -> tuple[list[str], dict[str, int]]:
    """What two independent readers find in the log of both gates, and how consignments ended."""
    custody = CustodyReader(federation.directions)
    border = BorderReader(federation.site, federation.channels)
    border.directions = federation.directions
    for at_ns, _side, event in sorted(federation.log, key=lambda entry: entry[0]):
        custody.read(event, at_ns)
        border.read("", event, at_ns)
    violations = federation.checker.finish(federation.now_ns)
    physical = [f"{count} of {kind}" for kind, count in violations.items() if count]
    return [*border.found, *custody.finish(), *physical], custody.results
