"""The virtual-time runtime: the order of events, timers, loss, and that a seed replays."""

import hashlib

import pytest

from actors.effects import CancelTimer, Command, Effect, Emit, Reply, Send, SetTimer
from actors.messages import (
    AbandonStep,
    DeviceChanged,
    LinkLost,
    Message,
    OrderAnswer,
    QueryState,
    Started,
    TimerFired,
)
from sim.world import LINK_NS, SEND_NS, World


class Scripted:
    """A machine that does what its script says for each message, and notes what came when."""

    def __init__(self, name: str, script: dict[Message, list[Effect]]) -> None:
        self.name = name
        self.script = script
        self.heard: list[tuple[int, Message]] = []

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        self.heard.append((now_ns, message))
        return self.script.get(message, [])


def world_of(*machines: Scripted) -> World:
    world = World()
    for machine in machines:
        world.add(machine)
    return world


def test_events_come_by_time_then_messages_before_timers_then_in_the_order_posted():
    machine = Scripted("a", {Started(): [SetTimer("t", 50)]})
    world = world_of(machine)
    world.run(0)
    for step, at_ns in ((1, 50), (2, 40), (3, 50)):
        world.post("a", AbandonStep(step), at_ns)
    world.run(100)
    assert machine.heard[1:] == [
        (40, AbandonStep(2)), (50, AbandonStep(1)), (50, AbandonStep(3)), (50, TimerFired("t")),
    ]  # fmt: skip
    assert world.now_ns == 100
    assert world.events == 5


def test_a_run_stops_after_its_last_moment_and_goes_on_from_there():
    machine = Scripted("a", {})
    world = world_of(machine)
    world.post("a", LinkLost(), 10)
    world.post("a", QueryState(), 11)
    world.run(10)
    assert [m for _, m in machine.heard] == [Started(), LinkLost()]
    world.run(11)
    assert machine.heard[-1] == (11, QueryState())


def test_a_timer_set_anew_fires_once_at_its_new_time_and_a_cancelled_one_never():
    machine = Scripted(
        "a",
        {
            Started(): [SetTimer("moved", 10), SetTimer("dropped", 10), SetTimer("past", -5)],
            LinkLost(): [SetTimer("moved", 30), CancelTimer("dropped"), CancelTimer("never set")],
        },
    )
    world = world_of(machine)
    world.post("a", LinkLost(), 5)
    world.run(100)
    fired = [(at, m) for at, m in machine.heard if isinstance(m, TimerFired)]
    assert fired == [(0, TimerFired("past")), (30, TimerFired("moved"))]


def test_timers_of_two_machines_with_one_name_are_two():
    first = Scripted("a", {Started(): [SetTimer("t", 10)]})
    second = Scripted("b", {Started(): [SetTimer("t", 20), CancelTimer("x")]})
    world_of(first, second).run(100)
    assert first.heard[-1] == (10, TimerFired("t"))
    assert second.heard[-1] == (20, TimerFired("t"))


def test_messages_take_their_time_to_machines_and_controllers():
    machine = Scripted("a", {Started(): [Send("b", LinkLost()), Command(QueryState())]})
    peer = Scripted("b", {})
    controller = Scripted("a/controller", {QueryState(): [Send("a", AbandonStep(1))]})
    world_of(machine, peer, controller).run(10 * SEND_NS)
    assert peer.heard[-1] == (SEND_NS, LinkLost())
    assert controller.heard[-1] == (LINK_NS, QueryState())
    assert machine.heard[-1] == (2 * LINK_NS, AbandonStep(1))


def test_what_is_sent_to_nobody_is_lost():
    world = world_of(Scripted("a", {Started(): [Send("nobody", LinkLost())]}))
    world.post("nobody either", LinkLost(), 0)
    world.run(10 * SEND_NS)
    assert world.events == 1


def test_a_removed_machine_hears_nothing_and_its_successor_no_timer_of_it():
    old = Scripted("a", {Started(): [SetTimer("t", 30)]})
    world = world_of(old)
    world.run(0)
    world.post("a", LinkLost(), 10)
    world.remove("a")
    assert "a" not in world
    world.run(20)
    new = Scripted("a", {})
    world.add(new)
    world.run(100)
    assert [m for _, m in old.heard] == [Started()]
    assert new.heard == [(20, Started())]


def test_the_past_and_a_second_machine_of_a_name_are_refused():
    world = world_of(Scripted("a", {}))
    world.run(10)
    with pytest.raises(AssertionError, match="past"):
        world.post("a", LinkLost(), 9)
    with pytest.raises(ValueError, match="two machines named a"):
        world.add(Scripted("a", {}))


def test_the_wire_says_when_and_how_often_a_message_arrives():
    heard = Scripted("b", {})
    world = world_of(Scripted("a", {Started(): [Send("b", LinkLost()), Send("b", Started())]}))
    world.add(heard)
    asked: list[tuple[str, str, Message, int]] = []

    def wire(sender: str, to: str, message: Message, at_ns: int) -> list[int]:
        asked.append((sender, to, message, at_ns))
        return [at_ns + 5, at_ns + 9] if message == LinkLost() else []

    world.wire = wire
    world.run(10 * SEND_NS)
    assert asked[0] == ("a", "b", LinkLost(), SEND_NS)
    assert heard.heard[1:] == [(SEND_NS + 5, LinkLost()), (SEND_NS + 9, LinkLost())]


def test_replies_and_observers_are_given_what_happened():
    effects: list[Effect] = [Reply(OrderAnswer("unknown"))]
    world = world_of(Scripted("a", {LinkLost(): effects}))
    seen: list[tuple[str, Message, list[Effect], int]] = []
    world.observers.append(lambda *event: seen.append(event))
    world.post("a", LinkLost(), 3)
    world.run(3)
    assert world.replies == [OrderAnswer("unknown")]
    assert seen == [("a", Started(), [], 0), ("a", LinkLost(), effects, 3)]


def digest_of(state: str, at_ns: int) -> str:
    machine = Scripted("a", {LinkLost(): [Emit(DeviceChanged("a", "crane", state))]})
    world = world_of(machine)
    world.post("a", LinkLost(), at_ns)
    world.run(100)
    return world.digest()


def test_the_digest_tells_events_times_and_sources_apart():
    assert digest_of("idle", 1) == digest_of("idle", 1)
    others = {digest_of("idle", 1), digest_of("idle", 2), digest_of("lifting", 1)}
    assert len(others) == 3
    assert hashlib.sha256().hexdigest() not in others
