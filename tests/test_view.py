import asyncio
import math
from pathlib import Path

import msgspec
import pytest

from actors.messages import DeviceChanged, Mark, Order, OrderChanged, OrderRequest, OrderState
from actors.site.load import load_site
from interfaces import view as view_module
from interfaces.pump import ViewPump
from interfaces.view import LinkView, LiveView
from robotics.telemetry import (
    Bus,
    EventKeeper,
    EventSink,
    Frame,
    LinkSignal,
    RecordedEvent,
    SignalForwarder,
    SignalPublisher,
    SignalReader,
    VehicleSignal,
)
from tests.gate_server import START_NS, VirtualGate
from tests.site_files import DEMO

SECOND_NS = 10**9


@pytest.fixture
def view() -> LiveView:
    return VirtualGate(load_site(DEMO)).view


def order(name: str, *states: OrderState, vehicle: str = "", at_ns: int = START_NS) -> Order:
    marks = tuple(Mark(state, at_ns + i * SECOND_NS) for i, state in enumerate(states))
    return Order(
        OrderRequest(name, "CSQU3054383", "45G1", "VN", "CN"), states[-1], vehicle, "", marks
    )


def changed(item: Order) -> RecordedEvent:
    return RecordedEvent("fleet-manager", START_NS, OrderChanged(item))


def signal(x_m: float, name: str = "AGV-001") -> VehicleSignal:
    return VehicleSignal(name, x_m, 0.0, 0.0, 1.0, 80.0, "")


def test_every_device_is_starting_until_it_is_heard(view: LiveView) -> None:
    silent = view.unheard()
    assert set(silent) >= {"D1", "VN-C1", "VN-X1", "AGV-001"}
    view.apply(RecordedEvent("D1", START_NS, DeviceChanged("D1", "lane", "open")))
    assert view.unheard() == [name for name in silent if name != "D1"]


def test_a_noted_answer_is_read_before_its_event(view: LiveView) -> None:
    view.note(order("a", "queued"))
    seen = view.order("a")
    assert seen is not None
    assert seen.order.state == "queued"


def test_an_answer_overtaken_by_events_changes_nothing(view: LiveView) -> None:
    view.apply(changed(order("a", "queued", "assigned", vehicle="AGV-001")))
    view.note(order("a", "queued"))
    seen = view.order("a")
    assert seen is not None
    assert seen.order.state == "assigned"
    assert view.summary().by_state == {"assigned": 1}


def test_a_vehicle_shows_the_order_it_works_for_until_that_ends(view: LiveView) -> None:
    view.apply(changed(order("a", "queued", "assigned", vehicle="AGV-001")))
    assert [v.order for v in view.vehicles()][:2] == ["a", ""]
    view.apply(changed(order("a", "queued", "assigned", "done", vehicle="AGV-001")))
    assert [v.order for v in view.vehicles()][:2] == ["", ""]


def test_an_order_is_counted_once_on_the_day_it_was_done(view: LiveView) -> None:
    done = order("a", "queued", "done")
    view.apply(changed(done))
    view.apply(changed(done))
    view.note(done)
    day_ns = 86_400 * SECOND_NS
    view.apply(changed(order("b", "queued", "done", at_ns=START_NS - day_ns)))
    assert view.summary().done_today == 1
    assert view.summary().by_state == {"done": 2}


def test_the_oldest_finished_orders_are_forgotten(
    view: LiveView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_module, "FINISHED_KEPT", 3)
    view.apply(changed(order("open", "queued")))
    for number in range(5):
        view.apply(changed(order(f"o{number}", "queued", "done")))
    assert [seen.order.request.id for seen in view.orders()] == ["o4", "o3", "o2", "open"]
    assert view.summary().by_state == {"queued": 1, "done": 3}


def test_changed_orders_come_in_the_order_of_their_changes(view: LiveView) -> None:
    for name in ("a", "b", "c"):
        view.apply(changed(order(name, "queued")))
    since = view.orders_changed(0, 100)[-1].change
    view.apply(changed(order("a", "queued", "assigned")))
    assert [seen.order.request.id for seen in view.orders_changed(0, 100)] == ["b", "c", "a"]
    assert [seen.order.request.id for seen in view.orders_changed(since, 100)] == ["a"]


def test_a_late_signal_does_not_move_a_vehicle_back(view: LiveView) -> None:
    view.sample(Frame(START_NS, (signal(5.0),)))
    view.sample(Frame(START_NS - 1, (signal(4.0),)))
    at = view.vehicles()[0].signal
    assert at is not None
    assert at.x_m == 5.0


@pytest.mark.parametrize("nonsense", [math.nan, math.inf])
def test_a_position_that_is_no_number_is_not_shown(view: LiveView, nonsense: float) -> None:
    view.sample(Frame(START_NS, (signal(nonsense),)))
    assert view.vehicles()[0].signal is None


def test_signals_of_unknown_vehicles_are_dropped(view: LiveView) -> None:
    before = msgspec.to_builtins(view.vehicles())
    view.sample(Frame(START_NS, (signal(1.0, "AGV-999"),)))
    assert msgspec.to_builtins(view.vehicles()) == before


def test_a_device_shows_how_its_link_is_and_no_older_account_of_it(view: LiveView) -> None:
    assert view.vehicles()[0].link is None
    late = LinkSignal("AGV-001", True, {"connections": 1, "refused: stamp": 3}, "too early", 5)
    view.sample(Frame(START_NS, links=(late, LinkSignal("VN-C1", False, {}))))
    view.sample(Frame(START_NS - 1, links=(LinkSignal("AGV-001", False, {}),)))
    view.sample(Frame(START_NS, links=(LinkSignal("AGV-999", False, {}),)))
    assert view.vehicles()[0].link == LinkView(late, START_NS)
    crane = view.stations("crane")[0].link
    assert crane is not None
    assert not crane.signal.connected


def test_an_older_state_does_not_replace_a_newer_one(view: LiveView) -> None:
    view.apply(RecordedEvent("D1", START_NS, DeviceChanged("D1", "lane", "open")))
    view.apply(RecordedEvent("D1", START_NS - 1, DeviceChanged("D1", "lane", "unknown")))
    assert view.devices("lane")[0].state == "open"


def test_a_gate_that_is_run_faster_ages_signals_by_the_wall() -> None:
    gate = VirtualGate(load_site(DEMO))
    view = LiveView(gate.site, gate.roadmap, gate.devices, lambda: START_NS, speed=20.0)
    assert view.age_s(START_NS - 10 * SECOND_NS) == 0.5
    assert view.age_s(START_NS + 1) == 0.0


async def _followed(view: LiveView, count: int) -> list[RecordedEvent]:
    found: list[RecordedEvent] = []
    with view.log.follow() as follower:
        while len(found) < count:
            found += [e.recorded for e in view.log.after(len(found), 100)]
            if len(found) < count:
                await follower.wait()
    return found


def test_the_pump_carries_events_and_signals_into_the_view(view: LiveView, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    bus = Bus(str(tmp_path))
    SignalForwarder(bus)
    with ViewPump(view, EventKeeper(bus), SignalReader(bus)):
        sink = EventSink(bus, "fleet-manager")
        sink.record(OrderChanged(order("a", "queued")), START_NS)

        async def wait() -> list[RecordedEvent]:
            return await asyncio.wait_for(_followed(view, 1), 10)

        (recorded,) = asyncio.run(wait())
        assert recorded.source == "fleet-manager"
        publisher = SignalPublisher(bus)
        for attempt in range(1000):  # the first ones are lost while the sockets join
            publisher.publish(Frame(START_NS + attempt, (signal(7.0),)))
            if view.vehicles()[0].signal is not None:
                break
            asyncio.run(asyncio.sleep(0.01))
        publisher.close()
    at = view.vehicles()[0].signal
    assert at is not None
    assert at.x_m == 7.0
