"""How guarded orders stand: told to their keepers once, and fetched after a loss or a restart."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.border import Crossed, PreAdvice, SetDownLoad
from actors.clearance import REPEAT_NS, Clearance
from actors.effects import Effect, Machine, Send
from actors.fleet_manager import FleetManager
from actors.messages import (
    AllowLeg,
    Guard,
    GuardOrder,
    Message,
    OrderReport,
    QueryOrder,
    SetDown,
)
from actors.site.devices import FLEET_MANAGER
from actors.site.rules import BorderRules
from actors.wiring import fleet_manager
from sim.border_officers import declaration
from tests.border import Border, officer
from tests.gate import DAY, DEMO, S, order, sent
from tests.test_border_drive import both_scans

NOW_NS = 1_783_000_000 * S
VN, CN = "clearance-VN", "clearance-CN"
ORDER = GuardOrder(order(1), Guard("K1", VN, CN))
ALLOW = AllowLeg("T1/cross", "T1", "cross", VN)


def ordered(at_ns: int = NOW_NS) -> tuple[FleetManager, OrderReport]:
    """A fleet manager that has just taken the order, and what it tells of that."""
    manager = fleet_manager(DEMO, DAY)
    effects = manager.handle(ORDER, at_ns)
    [to_vn, to_cn] = reports(effects)
    assert to_vn.message == to_cn.message
    assert (to_vn.to, to_cn.to) == (VN, CN)
    assert isinstance(to_vn.message, OrderReport)
    return manager, to_vn.message


def reports(effects: list[Effect]) -> list[Send]:
    return [e for e in effects if isinstance(e, Send) and isinstance(e.message, OrderReport)]


def test_each_change_is_told_to_both_keepers_under_a_higher_number():
    manager, first = ordered()
    [to_vn, to_cn] = reports(manager.handle(ALLOW, NOW_NS))
    assert to_vn.message == to_cn.message
    assert isinstance(to_vn.message, OrderReport)
    assert to_vn.message.number > first.number
    assert to_vn.message.allowed == ("cross",)


def test_a_question_is_answered_to_the_asker_alone_and_makes_no_report():
    manager, first = ordered()
    for keeper in (VN, CN):
        for known in (0, first.number - 1):
            asked = QueryOrder("T1", keeper, known)
            assert manager.handle(asked, NOW_NS + S) == [Send(keeper, first)]
        assert manager.handle(QueryOrder("T1", keeper, first.number), NOW_NS + S) == []


def test_nothing_is_told_to_strangers_or_of_orders_that_are_not_known():
    manager, _ = ordered()
    assert manager.handle(QueryOrder("T1", "clearance-LA"), NOW_NS) == []
    assert manager.handle(QueryOrder("T2", VN), NOW_NS) == []


SET_DOWN = SetDown("T1/down", "T1", VN, "seen")


@pytest.mark.parametrize("said", [ORDER, ALLOW, SET_DOWN], ids=lambda said: type(said).__name__)
def test_what_is_repeated_is_answered_to_who_said_it_and_makes_no_report(said: Message):
    manager, _ = ordered()
    manager.handle(ALLOW, NOW_NS)
    [newest] = sent(manager.handle(QueryOrder("T1", VN), NOW_NS), OrderReport)
    assert manager.handle(said, NOW_NS + S) == [Send(VN, newest)]
    assert manager.handle(QueryOrder("T1", CN, newest.number), NOW_NS + S) == []


@given(st.integers(0, 40), st.integers(1, 60))
def test_a_manager_that_has_forgotten_its_numbers_goes_on_above_them(asked: int, down_s: int):
    manager, _ = ordered()
    for _ in range(asked):
        manager.handle(QueryOrder("T1", VN), NOW_NS)
    [told, _] = sent(manager.handle(ALLOW, NOW_NS), OrderReport)
    _, again = ordered(NOW_NS + down_s * S)
    assert again.number > told.number


def test_one_whose_clock_was_set_back_is_heard_when_it_has_passed_what_is_known():
    _, known = ordered(NOW_NS + 30 * S)
    manager, lower = ordered(NOW_NS)
    assert lower.number < known.number
    asked = QueryOrder("T1", VN, known.number)
    [early] = sent(manager.handle(asked, NOW_NS + 25 * S), OrderReport)
    assert lower.number < early.number < known.number
    [late] = sent(manager.handle(asked, NOW_NS + 35 * S), OrderReport)
    assert late.number > known.number


# --- the whole gate, in virtual time ------------------------------------------------------------


class Killable(Border):
    """A border gate in which durable machines end, and come back from what they were told."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed=seed)
        site = both_scans()
        self._makers: dict[str, Callable[[], Machine]] = {
            VN: lambda: Clearance("VN", FLEET_MANAGER, BorderRules(site)),
            CN: lambda: Clearance("CN", FLEET_MANAGER, BorderRules(site)),
            FLEET_MANAGER: lambda: fleet_manager(site, DAY),
        }
        for name, make in self._makers.items():  # anew, so that their journals miss nothing
            self.world.remove(name)
            self._put_to_work(make())
        self._told: dict[str, list[tuple[Message, int]]] = {name: [] for name in self._makers}
        self.world.observers.append(self._note)

    def _note(self, name: str, message: Message, _effects: list[Effect], now_ns: int) -> None:
        if name in self._told:
            self._told[name].append((message, now_ns))

    def _put_to_work(self, machine: Machine) -> None:
        if isinstance(machine, Clearance):
            self.gate.sides[machine.side] = machine
        self.world.add(machine)

    def kill(self, name: str, down_s: float) -> None:
        """End a machine; until it is back, all that is said to it is lost."""
        self.world.remove(name)
        self.run(down_s)
        machine = self._makers[name]()
        for message, at_ns in self._told[name]:
            machine.handle(message, at_ns)
        self._put_to_work(machine)


def lossy(border: Border, seed: int, share: float) -> None:
    """Lose this share of the reports and of the questions for them."""
    random = Random(seed)
    border.world.wire = lambda _from, _to, message, at_ns: (
        ()
        if isinstance(message, OrderReport | QueryOrder) and random.random() < share
        else (at_ns,)
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**16), st.sampled_from([0.3, 0.7, 0.9]))
def test_whichever_reports_and_questions_are_lost_all_ends(seed: int, share: float):
    border = Border(seed=seed)
    lossy(border, seed, share)
    names = [border.bring("K1", "VN-CN"), border.bring("K2", "CN-VN")]
    border.ends(*names)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**16),
    st.sampled_from([VN, CN, FLEET_MANAGER]),
    st.integers(30, 1500),
    st.integers(1, 600),
)
def test_whenever_a_side_or_the_fleet_manager_ends_and_comes_back_from_its_journal_all_ends(
    seed: int, name: str, after_s: int, down_s: int
):
    border = Killable(seed)
    lossy(border, seed, 0.3)
    names = [border.bring("K1", "VN-CN"), border.bring("K2", "CN-VN")]
    border.run(after_s)
    border.kill(name, down_s)
    border.ends(*names)


def test_a_report_that_is_lost_is_fetched_by_the_next_question():
    border = Border()
    border.bring("K1", "VN-CN")
    border.until_step("K1", "on_agv")
    lost: list[OrderReport] = []

    def lose_first_verdict(_from: str, to: str, message: Message, at_ns: int) -> tuple[int, ...]:
        if isinstance(message, OrderReport) and to == VN and message.verdict and not lost:
            lost.append(message)
            return ()
        return (at_ns,)

    border.world.wire = lose_first_verdict
    while not lost:
        border.run(1)
    assert "scanned" not in border.steps("K1")
    border.run(REPEAT_NS / S + 1)
    assert "scanned" in border.steps("K1")
    assert border.gate.sides["VN"].records["K1"].report == lost[0]


@pytest.mark.parametrize("attempts", [1, 2])
def test_the_receiving_side_follows_an_order_of_which_every_report_was_lost_until_it_crossed(
    attempts: int,
):
    border = Border()
    name = border.bring("K1", "VN-CN")
    if attempts == 2:
        border.until_step(name, "on_agv")
        border.command("VN", SetDownLoad("D", officer("customs", "VN"), name, "seen"))
        border.until(lambda: "failed" in border.order_states())
    records = border.gate.sides["CN"].records
    lost: list[OrderReport] = []

    def lose_those_before(_from: str, to: str, message: Message, at_ns: int) -> tuple[int, ...]:
        has_crossed = name in records and "crossed" in records[name].steps
        if to != CN or has_crossed or not isinstance(message, OrderReport):
            return (at_ns,)
        if message.order != f"K1-{attempts}":
            return (at_ns,)
        lost.append(message)
        return ()

    border.world.wire = lose_those_before
    border.ends(name)
    assert lost[-1].crossed


ADVICE = PreAdvice("K1/advice", declaration("K1", "VN-CN"), "1001", "green")


def crossed(crossing: str) -> Clearance:
    """The receiving side's clearance, which has heard of a consignment and of its crossing."""
    clearance = Clearance("CN", FLEET_MANAGER, BorderRules(both_scans()))
    clearance.handle(ADVICE, NOW_NS)
    clearance.handle(Crossed(crossing, "K1", NOW_NS), NOW_NS)
    return clearance


def test_a_late_report_on_an_order_before_the_one_that_crossed_changes_nothing():
    clearance = crossed("K1-2/crossed")
    record = clearance.records["K1"]
    clearance.handle(OrderReport("K1-1", "K1", 9, "carrying", True, None, False, ()), NOW_NS)
    assert (record.order, record.report) == ("K1-2", None)


@pytest.mark.parametrize("crossing", ["", "7", "K1-1", "K2-1/crossed", "/crossed", "K1-1/passed"])
def test_a_crossing_that_does_not_name_its_order_leaves_it_to_the_reports(crossing: str):
    clearance = crossed(crossing)
    record = clearance.records["K1"]
    assert "crossed" in record.steps
    assert record.order == ""
    for named in ("K1-1", "seven"):
        clearance.handle(OrderReport(named, "K1", 9, "crossing", True, None, True, ()), NOW_NS)
        assert record.order == "K1-1"


def test_who_knows_how_an_order_stands_is_told_nothing_again():
    border = Border()
    name = border.bring("K1", "VN-CN")
    numbers: list[int] = []
    questions = 0

    def count(to: str, message: Message, _effects: list[Effect], _now_ns: int) -> None:
        nonlocal questions
        questions += isinstance(message, QueryOrder)
        if to == VN and isinstance(message, OrderReport):
            numbers.append(message.number)

    border.world.observers.append(count)
    border.ends(name)
    assert numbers == sorted(set(numbers))
    assert questions > len(numbers)
