"""The machine that stands for the other side: what it lets pass, in either direction."""

from msgspec import structs

from actors.border import AskReady, CustodyTaken, PreAdvice, Ready
from actors.counterpart import AGAIN_NS, ASK_NS, STATE_NS, Counterpart
from actors.effects import Command, Effect, Emit, Send
from actors.messages import (
    Alarm,
    AllowLeg,
    CancelOrder,
    Guard,
    GuardOrder,
    HeardFromOtherSide,
    LetterGivenUp,
    LinkLost,
    Message,
    OrderReport,
    QueryOrder,
    SaidToOtherSide,
    Started,
)
from sim.border_officers import declaration
from tests.gate import S, order

REPORT = OrderReport("K1-1", "K1", 1, "carrying", True, None, False, ())
ADVICE = PreAdvice("K1/advice", declaration("K1", "VN-CN"), "1", "green")


def of_cn(fleet: str = "fleet-manager") -> Counterpart:
    """As VN's gate has it."""
    return Counterpart("clearance-CN", "CN", "clearance-VN", fleet)


def passes(machine: Counterpart, said: Message, now_ns: int) -> bool:
    return machine.handle(said, now_ns) == [Command(said)]


def heard(machine: Counterpart, said: SaidToOtherSide) -> list[Effect]:
    return machine.handle(HeardFromOtherSide(said), 0)


def test_what_is_said_again_and_again_passes_once_in_a_while():
    machine = of_cn()
    assert passes(machine, ADVICE, 0)
    assert not passes(machine, ADVICE, 5 * S)
    assert passes(machine, ADVICE, AGAIN_NS)
    ask = AskReady("K1/ready0", "K1")
    assert passes(machine, ask, 0)
    assert not passes(machine, ask, 5 * S)
    assert passes(machine, ask, ASK_NS)


def test_answers_pass_each_time_that_they_are_asked_for():
    machine = of_cn()
    for said in (Ready("K1/ready0", "K1", ready=False), CustodyTaken("K1-1/crossed", "K1")):
        assert passes(machine, said, 0)
        assert passes(machine, said, 1)


def test_a_report_without_news_passes_only_when_it_was_asked_for():
    machine = of_cn()
    assert passes(machine, REPORT, 0)
    again = structs.replace(REPORT, number=2)
    assert not passes(machine, again, S)
    assert passes(machine, structs.replace(REPORT, number=3, verdict="clear"), 2 * S)
    heard(machine, QueryOrder("K1-1", "clearance-CN"))
    asked = structs.replace(REPORT, number=4, verdict="clear")
    assert passes(machine, asked, 3 * S)
    assert passes(machine, structs.replace(asked, number=5), 3 * S + STATE_NS)


def test_a_question_passes_no_sooner_because_more_is_known():
    machine = of_cn(fleet="")
    assert passes(machine, QueryOrder("K1-1", "clearance-VN"), 0)
    assert not passes(machine, QueryOrder("K1-1", "clearance-VN", 7), 5 * S)
    assert passes(machine, QueryOrder("K1-1", "clearance-VN", 7), STATE_NS)


def test_the_other_sides_word_goes_to_whom_it_concerns():
    machine = of_cn()
    allow = AllowLeg("a", "K1-1", "unload", "clearance-CN")
    assert heard(machine, allow) == [Send("fleet-manager", allow)]
    ready = Ready("K1/ready0", "K1", ready=True, until_ns=1)
    assert heard(machine, ready) == [Send("clearance-VN", ready)]
    told = GuardOrder(order(1, "CN"), Guard("T1", "clearance-CN", "clearance-VN"))
    assert heard(machine, told) == [Send("fleet-manager", told)]


def test_a_word_that_is_not_the_other_sides_goes_nowhere():
    machine = of_cn()
    for said in (
        AllowLeg("a", "K1-1", "cross", "clearance-VN"),
        CancelOrder("K1-1", "clearance-VN"),
        CancelOrder("K1-1"),
        ADVICE,
        REPORT,
        GuardOrder(order(1, "VN"), Guard("T1", "clearance-CN", "clearance-VN")),
    ):
        assert heard(machine, said) == []
    assert heard(of_cn(fleet=""), AllowLeg("a", "K1-1", "unload", "clearance-CN")) == []
    assert heard(of_cn(fleet=""), REPORT) == [Send("clearance-VN", REPORT)]


def test_silence_and_dead_letters_are_alarms():
    machine = of_cn()
    [silent] = machine.handle(LinkLost(), 0)
    [dead] = machine.handle(LetterGivenUp("7", "K1", "schema: x"), 0)
    assert isinstance(silent, Emit)
    assert isinstance(dead, Emit)
    assert silent.event == Alarm("clearance-CN", "other_side_silent", "CN", "its gate is not heard")
    assert dead.event == Alarm("clearance-CN", "letter_dead", "K1", "7: schema: x")


def test_what_was_said_long_ago_is_forgotten():
    machine = of_cn()
    for number in range(100):
        machine.handle(AskReady(f"K{number}/ready0", f"K{number}"), 0)
    machine.handle(Started(), STATE_NS)
    assert machine._said == {}
