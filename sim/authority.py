"""The gate with its border: simulated officers of both sides, and how long consignments dwell.

Each officer's word takes the time of its kind; there are officers enough. Times are means [A], from
the figures of the domain; drawn exponentially.
"""

import datetime
from random import Random

import msgspec

from actors.border import Channel, Declaration, Declare, Officer, Role, StepTaken
from actors.clearance import Clearance, clearance_name
from actors.messages import Event
from actors.site.model import Site
from actors.wiring import clearances
from sim.arrivals import arrivals
from sim.border_officers import CHANNELS, DECIDERS, right_word
from sim.border_reader import BorderReader
from sim.checker import Checker
from sim.simulate import build

S = 10**9
LOOK_NS = 10 * S
"""Officers look at their desks so often."""
CHANNEL_SHARES = (45, 40, 15)
SERVICE_S: dict[str, float] = {
    "registered": 60, "called_forward": 30, "gated_in": 30, "quarantine_cleared": 300,
    "fee_paid": 30, "image_decided": 60, "on_truck": 150, "gated_out": 30,
    "papers": 600, "inspection": 5400, "release": 300, "hold": 1800,
}  # fmt: skip
"""Mean time of each word [s]: officer 60, manual opening 45 to 180 min, truck gate 30 (A)."""


class Dwell(msgspec.Struct, frozen=True):
    """How long consignments waited for a step [min], and whose it was."""

    step: str
    owner: Role
    count: int
    p50_min: float
    p90_min: float
    p95_min: float


class BorderGate:
    """A site in virtual time with the clearances and officers of both sides."""

    def __init__(self, site: Site, day: datetime.date, seed: int) -> None:
        self.random = Random(f"{seed}/authority")
        self.start = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
        start_ns = round(self.start.timestamp()) * S
        self.world, self.checker = build(site, day, start_ns, seed)
        self.site, self.seed = site, seed
        self.sides: dict[str, Clearance] = {}
        for make in clearances(site).values():
            clearance = make()
            assert isinstance(clearance, Clearance)
            self.sides[clearance.side] = clearance
            self.world.add(clearance)
        self.reader = BorderReader(site, {})
        self.world.on_event = self._note
        self.log: list[tuple[int, Event]] = []
        self.silent: set[str] = set()
        """Sides whose officers do nothing."""
        self._due: dict[tuple[str, str, str], int] = {}
        """By side, consignment and what is to be said: when it is said."""
        self._commands = 0
        self.open: dict[str, Channel] = {}

    def _note(self, name: str, event: Event, at_ns: int) -> None:
        self.reader.read(name, event, at_ns)
        self.log.append((at_ns, event))

    def number(self) -> str:
        """A command id that has not been used."""
        self._commands += 1
        return f"C{self._commands}"

    def declare(self, goods: Declaration, channel: Channel, at_ns: int) -> None:
        """An enterprise declares goods, which customs will give this channel."""
        self.reader.channels[goods.id] = channel
        self.reader.directions[goods.id] = f"{goods.from_side}-{goods.to_side}"
        self.open[goods.id] = channel
        enterprise = Officer("E", "enterprise", goods.from_side)
        declared = Declare(self.number(), enterprise, goods)
        self.world.post(clearance_name(goods.from_side), declared, at_ns)

    def declare_arrivals(self, hours: float, trucks_per_day: int) -> None:
        """Trucks of the site's profile, channels by their shares."""
        for at_ns, order in arrivals(self.site, self.start, hours, trucks_per_day, self.seed):
            goods = Declaration(
                order.id, order.from_side, order.to_side, order.container, order.size_type,
                f"S{order.id}", f"29H-{order.id}", "854231", order.from_side, 20_000,
            )  # fmt: skip
            channel = self.random.choices(CHANNELS, CHANNEL_SHARES)[0]
            self.declare(goods, channel, at_ns)

    def run(self, seconds: float) -> Checker:
        """So much time, officers at work."""
        end_ns = self.world.now_ns + round(seconds * S)
        while self.world.now_ns < end_ns:
            self.world.run(min(self.world.now_ns + LOOK_NS, end_ns))
            for side, clearance in self.sides.items():
                if side not in self.silent:
                    self._work(clearance)
        return self.checker

    def finish(self, hours_max: float) -> Checker:
        """Time until all consignments have ended, at most so much."""
        end_ns = self.world.now_ns + round(hours_max * 3600 * S)
        while self.open and self.world.now_ns < end_ns:
            self.run(60)
        return self.checker

    def _work(self, clearance: Clearance) -> None:
        now_ns = self.world.now_ns
        for name, channel in list(self.open.items()):
            record = clearance.records.get(name)
            if record is None:
                continue
            if record.ended:
                if not record.is_origin or "crossed" not in record.steps:
                    del self.open[name]
                continue
            word = right_word(record, "", channel)
            if word is None:
                continue
            what = str(getattr(word, "what", record.next if not record.holds else "hold"))
            due = self._due.setdefault((clearance.side, name, what), self._ready_ns(what))
            if due <= now_ns:
                del self._due[clearance.side, name, what]
                said = right_word(record, self.number(), channel)
                assert said is not None
                self.world.post(clearance.name, said, now_ns)

    def _ready_ns(self, what: str) -> int:
        mean_s = SERVICE_S.get(what, 60.0)
        return self.world.now_ns + round(self.random.expovariate(1 / mean_s) * S)

    def dwell(self) -> list[Dwell]:
        """How long each step took since the one before it, by the role that owns it."""
        came: dict[str, int] = {}
        waits: dict[tuple[str, Role], list[float]] = {}
        for at_ns, event in self.log:
            if not isinstance(event, StepTaken) or event.what in (
                "papers",
                "inspection",
                "release",
            ):
                continue
            if event.consignment in came:
                owner = OWNERS_OF.get(event.what, event.by.role)
                waited_min = (at_ns - came[event.consignment]) / 6e10
                waits.setdefault((event.what, owner), []).append(waited_min)
            came[event.consignment] = at_ns
        return [
            Dwell(step, owner, len(found), *(_share(found, s) for s in (0.5, 0.9, 0.95)))
            for (step, owner), found in waits.items()
        ]


OWNERS_OF: dict[str, Role] = {
    **{str(step): role for step, role in DECIDERS.items()},
    "registered": "customs", "gated_in": "operator",
    "exit_approved": "customs", "entry_cleared": "customs",
}  # fmt: skip
"""Who is waited for; the fleet and the other side are `system`."""


def _share(found: list[float], share: float) -> float:
    ordered = sorted(found)
    return round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1)
