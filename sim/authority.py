"""The gate with its border: simulated officers of both sides, who do their work in their time.

How many officers there are, how long each word takes and how channels are shared stands in the
section `officers` of the site file. Times are drawn exponentially.
"""

import datetime
from collections import Counter
from random import Random

from actors.border import Channel, Declaration, Declare, Dispose, Officer, Role
from actors.clearance import Clearance, clearance_name
from actors.consignment.record import Record
from actors.messages import Event
from actors.site.model import Site
from actors.wiring import clearances
from sim.arrivals import TRUCK_HS, arrivals
from sim.booth_images import BoothImages
from sim.border_officers import right_word, work
from sim.border_reader import BorderReader
from sim.border_report import BorderLog
from sim.checker import Checker
from sim.plant.scanner import ScannerController
from sim.simulate import build

S = 10**9
LOOK_NS = 10 * S
"""Officers look at their desks so often."""


class BorderGate:
    """A site in virtual time with the clearances and officers of both sides."""

    def __init__(
        self, site: Site, day: datetime.date, seed: int, images: BoothImages | None = None
    ) -> None:
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
        self.images = images
        if images is not None:
            for device in self.world.machines():
                if isinstance(device, ScannerController):
                    device.imager = images
        self.reader = BorderReader(site, {})
        self.world.on_event = self._note
        self.report = BorderLog()
        self.silent: set[str] = set()
        """Sides whose officers do nothing."""
        self._due: dict[tuple[str, str, str], tuple[int, Role]] = {}
        """By side, consignment and what is to be said: when it is said, and by whom."""
        self._busy: Counter[tuple[str, Role]] = Counter()
        """Officers at work, by side and role."""
        self._commands = 0
        self.open: dict[str, Channel] = {}

    def _note(self, name: str, event: Event, at_ns: int) -> None:
        self.reader.read(name, event, at_ns)
        self.report.events.append((at_ns, event))

    @property
    def log(self) -> list[tuple[int, Event]]:
        """Every event, and when."""
        return self.report.events

    def number(self) -> str:
        """A command id that has not been used."""
        self._commands += 1
        return f"C{self._commands}"

    def declare(self, goods: Declaration, channel: Channel, at_ns: int) -> None:
        """An enterprise declares goods, which customs will give this channel."""
        self.report.goods[goods.id] = goods
        self.reader.channels[goods.id] = channel
        self.reader.directions[goods.id] = f"{goods.from_side}-{goods.to_side}"
        self.open[goods.id] = channel
        enterprise = Officer("E", "enterprise", goods.from_side)
        declared = Declare(self.number(), enterprise, goods)
        self.world.post(clearance_name(goods.from_side), declared, at_ns)

    def declare_arrivals(self, hours: float, trucks_per_day: int) -> None:
        """Trucks of the site's profile, channels by their shares."""
        for at_ns, order in arrivals(self.site, self.start, hours, trucks_per_day, self.seed):
            data = self.site.officers
            fruit = order.from_side == next(iter(self.site.sides))
            fruit = fruit and self.random.random() < data.perishable_share
            goods = Declaration(
                order.id, order.from_side, order.to_side, order.container, order.size_type,
                f"S{order.id}", f"29H-{order.id}", "081060" if fruit else TRUCK_HS,
                order.from_side, 20_000, perishable=fruit,
            )  # fmt: skip
            names, weights = list(data.channels), list(data.channels.values())
            channel = self.random.choices(names, weights)[0]
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
        now_ns, side = self.world.now_ns, clearance.side
        for key, (due_ns, role) in list(self._due.items()):
            if key[0] == side and due_ns < now_ns - LOOK_NS:  # it has become void meanwhile
                del self._due[key]
                self._busy[side, role] -= 1
        metered = clearance.rules.called_max(side, now_ns) is not None
        for name, channel in list(self.open.items()):
            record = clearance.records.get(name)
            if record is None:
                continue
            if record.ended:
                if not record.is_origin or "crossed" not in record.steps:
                    del self.open[name]
                continue
            if record.next == "called_forward" and not record.holds and metered:
                self._divert_if_late(record)
                continue
            word = right_word(clearance, name, "", channel, now_ns)
            if word is None:
                continue
            what = work(record, word)
            role = word.by.role
            assert role != "system"
            assert role != "engineer"
            key = (side, name, what)
            if key not in self._due:
                most = self.site.officers.counts.get(role)
                if most is not None and self._busy[side, role] >= most:
                    continue  # all of them have something in hand
                self._busy[side, role] += 1
                self._due[key] = (self._ready_ns(what), role)
            if self._due[key][0] <= now_ns:
                del self._due[key]
                self._busy[side, role] -= 1
                said = right_word(clearance, name, self.number(), channel, now_ns)
                assert said is not None
                self.world.post(clearance.name, said, now_ns)

    def _divert_if_late(self, record: Record) -> None:
        """A truck that has waited too long to be called goes by the ordinary road."""
        now_ns, limit_h = self.world.now_ns, self.site.officers.divert_wait_h
        if now_ns - record.steps["declared"].at_ns > limit_h * 3600 * S:
            by = Officer("Q", "supervisor", record.side)
            diverted = Dispose(self.number(), by, record.id, "diverted", "waited too long")
            self.world.post(clearance_name(record.side), diverted, now_ns)

    def _ready_ns(self, what: str) -> int:
        mean_s = self.site.officers.service_s.get(what, 60.0)
        return self.world.now_ns + round(self.random.expovariate(1 / mean_s) * S)
