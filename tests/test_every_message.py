"""Every machine in every state answers every message: nothing that arrives makes one raise."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.agv import Agv
from actors.booth import Booth
from actors.clearance import Clearance
from actors.codec import decode_message, encode
from actors.counterpart import Counterpart
from actors.crane import Crane
from actors.effects import Command, Effect, Machine, Send, SetTimer
from actors.lane import Lane
from actors.messages import (
    AgvState,
    CraneState,
    ExtendGrant,
    Message,
    PermitGranted,
    RequestTransfer,
    ScanDecided,
    ScanFinished,
    ScannerState,
    Started,
    StartScan,
    StartStep,
    StartTransfer,
    TimerFired,
    TransferFinished,
)
from actors.site.rules import BorderRules
from actors.wiring import machines
from sim.plant.wiring import controllers
from tests.drawn import messages
from tests.gate import DAY, DEMO, ROADMAP, S

Arrivals = list[tuple[Message, int]]
arrivals: st.SearchStrategy[Arrivals] = st.lists(
    st.tuples(messages, st.integers(0, 200 * S)), max_size=60
)


def run(machine: Machine, sequence: Arrivals) -> Iterator[tuple[Message, list[Effect]]]:
    """Each message with what was answered; timers that are due fire in between."""
    timers: dict[str, int] = {}
    now_ns = 0

    def hand(message: Message) -> tuple[Message, list[Effect]]:
        effects = machine.handle(message, now_ns)
        for effect in effects:
            if isinstance(effect, SetTimer):
                timers[effect.name] = max(effect.at_ns, now_ns + 1)
            if isinstance(effect, Send | Command):  # whatever it says can be said on the wire
                assert decode_message(encode(effect.message)) == effect.message
        return message, effects

    yield hand(Started())
    for message, wait_ns in sequence:
        for _ in range(3):
            due = min(timers.items(), key=lambda timer: timer[1], default=None)
            if due is None or due[1] > now_ns + wait_ns:
                break
            now_ns, wait_ns = due[1], now_ns + wait_ns - due[1]
            del timers[due[0]]
            yield hand(TimerFired(due[0]))
        now_ns += wait_ns
        yield hand(message)


MACHINES: dict[str, Callable[[], Machine]] = {
    "agv": lambda: Agv("AGV-001", "fleet-manager"),
    "crane": lambda: Crane("VN-C1", "fleet-manager"),
    "booth": lambda: Booth("VN-X1", "fleet-manager", 60 * S),
    "lane": lambda: Lane("D1", "fleet-manager", "VN", 2),
    "counterpart": lambda: Counterpart("clearance-CN", "CN", "clearance-VN", "fleet-manager"),
    "clearance": lambda: Clearance("VN", "fleet-manager", BorderRules(DEMO)),
    "fleet manager": lambda: machines(DEMO, ROADMAP, DAY)["fleet-manager"],
    "AGV's controller": lambda: controllers(DEMO, ROADMAP, DAY, 1)["AGV-001"],
    "crane's controller": lambda: controllers(DEMO, ROADMAP, DAY, 1)["VN-C1"],
    "scanner": lambda: controllers(DEMO, ROADMAP, DAY, 1)["VN-X1"],
}


@pytest.mark.parametrize("make", MACHINES.values(), ids=MACHINES.keys())
@settings(max_examples=60, deadline=None)
@given(sequence=arrivals)
def test_every_message_has_an_answer_in_every_state(
    make: Callable[[], Machine], sequence: Arrivals
):
    for _ in run(make(), sequence):
        pass


@settings(max_examples=100, deadline=None)
@given(arrivals)
def test_a_crane_never_has_two_lifts_nor_makes_one_twice(sequence: Arrivals):
    lifting: int | None = None
    done: set[int] = set()
    crane = Crane("VN-C1", "fleet-manager")
    for message, effects in run(crane, sequence):
        if isinstance(message, TransferFinished):
            done.add(message.step)
        if isinstance(message, CraneState):
            done.update(message.done)
        lifting = None if lifting in done else lifting
        for effect in effects:
            if isinstance(effect, Command) and isinstance(effect.message, StartTransfer):
                assert effect.message.step not in done
                assert lifting in (None, effect.message.step)
                assert crane.state != "unknown"
                lifting = effect.message.step


@settings(max_examples=100, deadline=None)
@given(arrivals)
def test_a_booth_says_of_each_step_what_its_scanner_said_first(sequence: Arrivals):
    said: dict[int, set[str]] = {}
    decided: dict[int, str] = {}
    for message, effects in run(Booth("VN-X1", "fleet-manager", 60 * S), sequence):
        scans: tuple[ScanFinished, ...] = ()
        if isinstance(message, ScanFinished):
            scans = (message,)
        elif isinstance(message, ScannerState):
            scans = message.done
        for scan in scans:
            said.setdefault(scan.step, set()).add(scan.verdict)
        for effect in effects:
            if isinstance(effect, Send) and isinstance(effect.message, ScanDecided):
                answer = effect.message
                assert answer.verdict in said[answer.step]
                assert decided.setdefault(answer.step, answer.verdict) == answer.verdict
            if isinstance(effect, Command) and isinstance(effect.message, StartScan):
                assert effect.message.step not in said


@settings(max_examples=100, deadline=None)
@given(arrivals)
def test_an_agv_that_knows_nothing_moves_nothing(sequence: Arrivals):
    agv = Agv("AGV-001", "fleet-manager")
    known = False
    for message, effects in run(agv, sequence):
        known = known or isinstance(message, AgvState)
        if not known:
            assert not [e for e in effects if isinstance(e, Send)]
        for effect in effects:
            if isinstance(effect, Command) and isinstance(effect.message, ExtendGrant):
                assert known
                assert effect.message == message, "a grant is passed on, never made"


@settings(max_examples=100, deadline=None)
@given(arrivals)
def test_an_agv_asks_each_lift_under_the_step_it_was_told(sequence: Arrivals):
    told: set[int] = set()
    for message, effects in run(Agv("AGV-001", "fleet-manager"), sequence):
        if isinstance(message, StartStep):
            told.add(message.step)
        for effect in effects:
            if isinstance(effect, Send) and isinstance(effect.message, RequestTransfer):
                assert effect.message.step in told


@settings(max_examples=100, deadline=None)
@given(arrivals)
def test_a_lane_that_knows_nothing_permits_nothing(sequence: Arrivals):
    lane = Lane("D1", "fleet-manager", "VN", 2)
    for _, effects in run(lane, sequence):
        if lane.state == "unknown":
            assert not [
                e for e in effects if isinstance(e, Send) and isinstance(e.message, PermitGranted)
            ]
