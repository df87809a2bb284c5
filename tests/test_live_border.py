"""Both sides' clearances on real Ray: killed in the middle, nothing is lost or twice."""

import itertools
import os
import pickle
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from actors.border import CustodyChanged, Declare, Officer, Result, StepTaken
from actors.clearance import clearance_name
from actors.host import process_of
from actors.site.model import OfficersSection
from interfaces.copies import Copies
from interfaces.gate import LiveGate
from interfaces.officers import Officers, channel_of
from interfaces.pump import ViewPump
from interfaces.server import declared_by_truck
from interfaces.store.database import Database, file_url
from interfaces.view import LiveView
from robotics.telemetry import RecordedEvent
from tests.live_orders import request, until
from tests.site_files import demo_with

SPEED = 30.0
DRAWN = (f"live-{number}" for number in itertools.count())
NAMES = list(
    itertools.islice((n for n in DRAWN if channel_of(n, OfficersSection(), 1) == "green"), 4)
)
"""Of the green channel: a manual inspection takes an hour and a half."""


class LiveBorder:
    """A gate with officers of both sides, and all that its clearances have told."""

    def __init__(
        self, gate: LiveGate, copies: Copies, view: LiveView, events: list[RecordedEvent]
    ) -> None:
        self.gate, self.copies, self.view, self.events = gate, copies, view, events
        self.processes: dict[str, int] = {}

    def steps(self, name: str) -> list[str]:
        with self.copies.reading() as sides:
            return [s for c in sides.values() if name in c.records for s in c.records[name].steps]

    def has_come_to(self, step: str) -> bool:
        return any(step in self.steps(name) for name in NAMES)

    def ended(self, name: str) -> list[Result | None]:
        with self.copies.reading() as sides:
            return [c.records[name].ended for c in sides.values() if name in c.records]


@pytest.fixture(scope="module")
def border(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveBorder]:
    database = Database(file_url(tmp_path_factory.mktemp("store") / "store.sqlite"))
    database.create_all()
    # The booths of the plant keep no images, so that everything is inspected by hand.
    quick = {"service_s": {"inspection": 60, "hold": 60}}
    site = demo_with(tmp_path_factory.mktemp("site"), officers=quick)
    gate = LiveGate(site, speed=SPEED, store=database)
    copies = Copies(database, gate.site, gate.sides)
    events: list[RecordedEvent] = []

    class Keeping(LiveView):
        def apply(self, recorded: RecordedEvent) -> None:
            events.append(recorded)
            super().apply(recorded)

    view = Keeping(gate.site, gate.roadmap, gate.devices)
    running = LiveBorder(gate, copies, view, events)
    with gate, ViewPump(view, gate.keeper, gate.signals):
        gate.start(running.processes.__setitem__)
        officers = Officers(
            copies, gate.tell, gate.gate_time(), gate.sides, gate.site.officers, seed=1
        )
        with officers.at_work():
            yield running
    database.close()


@pytest.mark.timeout(300)
def test_killed_clearances_go_on_from_their_journals_and_nothing_is_lost_or_twice(
    border: LiveBorder,
):
    gate = border.gate
    for number, name in enumerate(NAMES):
        way = "CN-VN" if number % 2 else "VN-CN"
        goods = declared_by_truck(request(name, way))
        by = Officer("Lan", "enterprise", goods.from_side)
        declare = Declare(f"{name}/declare", by, goods)
        assert gate.tell(goods.from_side, declare).outcome == "done"
        assert gate.tell(goods.from_side, declare).outcome == "done", "a repeat is answered alike"
    for step in ("gated_in", "on_agv", "crossed"):
        until(partial(border.has_come_to, step), step, 250)
        for side in gate.sides:
            name = clearance_name(side)
            killed = border.processes[name]
            os.kill(killed, signal.SIGKILL)

            def is_back(name: str = name, killed: int = killed) -> bool:
                try:
                    border.processes[name] = process_of(name)
                except ConnectionError:
                    return False
                return border.processes[name] != killed

            until(is_back, f"{name} has another process")
    until(lambda: all(border.ended(n) == ["released"] * 2 for n in NAMES), "all released", 280)
    told = [r.event for r in border.events if isinstance(r.event, StepTaken | CustodyChanged)]
    counts = Counter(str(event) for event in told)
    assert [event for event, count in counts.items() if count > 1] == [], "told twice"
    moved = [order.order for order in border.view.orders()]
    assert sorted(order.request.id for order in moved) == sorted(f"{name}-1" for name in NAMES)
    assert {order.state for order in moved} == {"done"}
    with border.copies.reading() as sides:
        records = [c.records[name] for name in NAMES for c in sides.values()]
        assert all(record.attempts <= 1 and not record.holds for record in records)


def test_the_process_of_a_device_loads_no_database(border: LiveBorder):
    load = "import pickle, sys; pickle.load(sys.stdin.buffer); print('sqlalchemy' in sys.modules)"
    loaded = {
        name: subprocess.run(
            [sys.executable, "-c", load], input=pickle.dumps(border.gate._ports(name)),
            capture_output=True, check=True,
        ).stdout.strip()
        for name in ("AGV-001", clearance_name("VN"))
    }  # fmt: skip
    assert loaded == {"AGV-001": b"False", clearance_name("VN"): b"True"}
