"""The liveness watch: what could move and does not is an alarm, and never silence."""

import datetime
import json

import numpy as np
import pytest
from numpy.typing import NDArray

from actors.fleet import allocation
from actors.fleet.assignment import assign_in_turn
from actors.fleet.audit import AUDIT_NS
from actors.fleet.dispatch import Dispatch
from actors.fleet.watch import AGAIN_NS, IDLE_NS, Found, Watch
from actors.messages import Alarm, Event, OrderChanged, PermitGranted, PutOrder
from actors.site.devices import FLEET_MANAGER
from interfaces.api.events import rendered
from interfaces.events import EventLog
from robotics.telemetry import RecordedEvent
from sim.arrivals import arrivals
from sim.simulate import build
from sim.world import World
from tests.gate import DAY, DEMO, S, order

Alarms = list[tuple[int, Alarm]]


def listened(world: World) -> tuple[Alarms, dict[str, str]]:
    """The alarms of a world from now on, and the states of its orders."""
    alarms: Alarms = []
    states: dict[str, str] = {}

    def note(_name: str, event: Event, at_ns: int) -> None:
        if isinstance(event, Alarm):
            alarms.append((at_ns, event))
        elif isinstance(event, OrderChanged):
            states[event.order.request.id] = event.order.state

    world.on_event = note
    return alarms, states


def no_pairs(cost_s: NDArray[np.float64], first: list[int]) -> list[tuple[int, int]]:
    return []


def test_an_order_left_lying_beside_an_idle_agv_is_an_alarm_again_after_ten_minutes(
    monkeypatch: pytest.MonkeyPatch,
):
    world, _ = build(DEMO, DAY, 0, 1)
    alarms, states = listened(world)
    monkeypatch.setattr(allocation, "assign_in_turn", no_pairs)
    world.run(30 * S)
    world.post(FLEET_MANAGER, PutOrder(order(1)), 30 * S)
    world.run(30 * S + IDLE_NS - 1)
    assert not alarms
    world.run(30 * S + IDLE_NS + 2 * AUDIT_NS)
    ((first_ns, alarm),) = alarms
    assert (alarm.source, alarm.kind, alarm.subject) == (FLEET_MANAGER, "order_left", "T1")
    assert "AGV-" in alarm.detail
    world.run(first_ns + AGAIN_NS - 1)
    assert len(alarms) == 1
    world.run(first_ns + AGAIN_NS + AUDIT_NS)
    assert [alarm.subject for _, alarm in alarms] == ["T1", "T1"]
    monkeypatch.setattr(allocation, "assign_in_turn", assign_in_turn)
    world.post(FLEET_MANAGER, PutOrder(order(2)), world.now_ns)
    world.run(world.now_ns + 3600 * S)
    assert states == {"T1": "done", "T2": "done"}
    assert len(alarms) == 2


def test_a_healthy_day_raises_no_alarm():
    start = datetime.datetime.combine(DAY, datetime.time(), datetime.UTC)
    start_ns = round(start.timestamp()) * S
    world, _ = build(DEMO, DAY, start_ns, 1)
    alarms, states = listened(world)
    for at_ns, request in arrivals(DEMO, start, 24.0, 240, 1):
        world.post(FLEET_MANAGER, PutOrder(request), at_ns)
    world.run(start_ns + 25 * 3600 * S)
    assert len(states) > 200
    assert set(states.values()) == {"done"}
    assert not alarms


def test_orders_that_no_agv_could_take_are_no_alarm(monkeypatch: pytest.MonkeyPatch):
    world, _ = build(DEMO, DAY, 0, 1)
    alarms, states = listened(world)
    for number in range(30):  # many more than AGVs: they wait their turn
        world.post(FLEET_MANAGER, PutOrder(order(number)), 0)
    world.run(1800 * S)
    assert "queued" in states.values()
    assert not alarms


def test_idleness_that_is_interrupted_begins_anew():
    watch = Watch("fleet-manager")
    first: Found = {("order_left", "T1"): "waits"}
    assert not watch.look(first, 0)
    assert not watch.look({}, IDLE_NS - 1)
    assert not watch.look(first, IDLE_NS)
    (alarm,) = watch.look({**first, ("order_left", "T2"): "waits"}, 2 * IDLE_NS)
    assert alarm == Alarm("fleet-manager", "order_left", "T1", "waits, for 60 s")
    assert not watch.look({("order_stands", "T1"): "stands"}, 2 * IDLE_NS + S), "another matter"


def test_an_order_whose_agv_is_told_nothing_though_a_bay_is_free_is_an_alarm(
    monkeypatch: pytest.MonkeyPatch,
):
    world, _ = build(DEMO, DAY, 0, 1)
    alarms, states = listened(world)
    world.run(30 * S)
    with monkeypatch.context() as forgetful:
        forgetful.setattr(Dispatch, "decide", lambda _self, _charging, _now_ns: [])
        world.post(FLEET_MANAGER, PutOrder(order(1)), 30 * S)
        world.run(30 * S + IDLE_NS - 1)
        assert not alarms
        world.run(30 * S + IDLE_NS + 2 * AUDIT_NS)
    ((_, alarm),) = alarms
    assert (alarm.source, alarm.kind, alarm.subject) == (FLEET_MANAGER, "order_stands", "T1")
    assert "AGV-" in alarm.detail
    assert "VN-" in alarm.detail
    world.post(FLEET_MANAGER, PutOrder(order(2)), world.now_ns)
    world.run(world.now_ns + 3600 * S)
    assert states == {"T1": "done", "T2": "done"}
    assert len(alarms) == 1


def test_an_order_whose_agv_gets_no_permit_for_an_empty_lane_is_an_alarm():
    world, _ = build(DEMO, DAY, 0, 1)
    alarms, states = listened(world)
    world.wire = lambda _sender, _to, message, at_ns: (
        [] if isinstance(message, PermitGranted) else [at_ns]
    )
    world.post(FLEET_MANAGER, PutOrder(order(1)), 0)
    world.run(600 * S)
    assert states == {"T1": "scanning"}
    ((_, alarm),) = alarms
    assert (alarm.kind, alarm.subject) == ("order_stands", "T1")
    world.wire = None
    world.run(3600 * S)
    assert states == {"T1": "done"}


def test_a_fleet_that_waits_for_the_word_of_one_agv_is_an_alarm():
    world, _ = build(DEMO, DAY, 0, 1)
    alarms, states = listened(world)
    world.wire = lambda sender, _to, _message, at_ns: [] if sender == "AGV-003" else [at_ns]
    world.post(FLEET_MANAGER, PutOrder(order(1)), 0)
    world.run(IDLE_NS)
    assert not alarms
    world.run(IDLE_NS + 2 * AUDIT_NS)
    ((_, alarm),) = alarms
    assert (alarm.kind, alarm.subject) == ("fleet_waits", FLEET_MANAGER)
    assert "AGV-003" in alarm.detail
    world.wire = None
    world.run(3600 * S)
    assert states == {"T1": "done"}
    assert len(alarms) == 1


def test_followers_of_events_are_told_of_alarms():
    log = EventLog("run")
    alarm = Alarm("fleet-manager", "order_left", "T1", "waits")
    log.append(RecordedEvent("fleet-manager", 0, alarm))
    told = rendered(log.after(0, 1)[0], log)
    assert told.event == "alarm"
    assert json.loads(str(told.data)) == {
        "source": "fleet-manager", "kind": "order_left", "subject": "T1", "detail": "waits",
        "at": "1970-01-01T00:00:00.000Z",
    }  # fmt: skip
