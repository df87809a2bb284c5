"""What is put into an outbox is taken in by the peer once and in order, or is a dead letter."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.border import AskReady, PreAdvice
from actors.messages import ClocksApart, LetterGivenUp, LinkLost, LinkRestored
from interfaces.exchange.backoff import Backoff
from interfaces.exchange.bodies import lane_status
from interfaces.exchange.keys import new_key
from interfaces.exchange.sending import REFUSALS_MAX, SILENCE_NS
from sim.border_officers import declaration
from tests.exchange_peers import NOW_NS, Peer, S, carried, peers


def asks(*numbers: int, consignment: str = "K1") -> list[AskReady]:
    return [AskReady(f"{consignment}/ready{number}", consignment) for number in numbers]


def test_letters_on_one_consignment_go_one_after_the_other_and_others_beside_them():
    vn, cn = peers()
    for said in (*asks(1, 2, 3), *asks(1, consignment="K2")):
        cn.sender.put(said, NOW_NS)
    first = cn.letters(NOW_NS)
    assert [o.letter and (o.letter.consignment, o.letter.sequence) for o in first] == [
        ("K1", 1),
        ("K2", 1),
    ]
    for outgoing in first:
        cn.sender.unanswered(outgoing, "lost", NOW_NS)
    assert cn.letters(NOW_NS) == []
    carried(cn, vn, NOW_NS + 2 * S)
    heard = vn.passed_on()
    assert [said for said in heard if said.consignment == "K1"] == asks(1, 2, 3)  # type: ignore[union-attr]
    assert len(heard) == 4


def test_what_waits_already_is_not_put_twice_but_may_be_said_again_later():
    vn, cn = peers()
    cn.sender.put(asks(1)[0], NOW_NS)
    cn.sender.put(asks(1)[0], NOW_NS)
    assert cn.sender.outbox.state().waiting == 1
    carried(cn, vn, NOW_NS)
    cn.sender.put(asks(1)[0], NOW_NS)
    carried(cn, vn, NOW_NS)
    assert vn.passed_on() == asks(1, 1)


def test_a_letter_whose_receipt_was_lost_is_taken_in_once():
    vn, cn = peers()
    cn.sender.put(asks(1)[0], NOW_NS)
    [outgoing] = cn.letters(NOW_NS)
    vn.receiver.take(outgoing.data, NOW_NS)
    cn.start()  # it was killed before the receipt came
    assert carried(cn, vn, NOW_NS) == ["ask_ready"]
    assert vn.passed_on() == asks(1)
    assert cn.sender.outbox.state().waiting == 0


def test_the_same_id_with_other_content_is_a_conflict_and_a_dead_letter():
    vn, cn = peers()
    cn.sender.put(asks(1)[0], NOW_NS)
    carried(cn, vn, NOW_NS)
    reborn = Peer("CN", cn.parties.key, "VN", vn.parties.key)  # its disk was lost
    reborn.sender.put(asks(2)[0], NOW_NS)
    carried(reborn, vn, NOW_NS)
    [dead] = reborn.sender.outbox.dead()
    assert dead.trouble.startswith("conflict")
    assert [type(news) for news in reborn.sender.news] == [LetterGivenUp]


def test_a_peer_that_lost_its_disk_is_told_again_from_where_it_is():
    vn, cn = peers()
    for said in asks(1, 2):
        cn.sender.put(said, NOW_NS)
    carried(cn, vn, NOW_NS)
    reborn = Peer("VN", vn.parties.key, "CN", cn.parties.key)
    cn.sender.put(asks(3)[0], NOW_NS)
    carried(cn, reborn, NOW_NS)
    assert reborn.passed_on() == asks(1, 2, 3)


def advice(name: str = "K1") -> PreAdvice:
    return PreAdvice(f"{name}/advice", declaration(name, "VN-CN"), "1", "green")


def test_a_dead_letter_holds_back_those_behind_it_until_it_is_withdrawn():
    vn, cn = peers()
    cn.sender.put(advice(), NOW_NS)  # of the wrong direction: refused for good
    cn.sender.put(asks(1)[0], NOW_NS)
    cn.sender.put(asks(1, consignment="K2")[0], NOW_NS)
    assert sorted(carried(cn, vn, NOW_NS)) == ["ask_ready", "pre_advice"]
    [dead] = cn.sender.outbox.dead()
    assert dead.trouble.startswith("not_allowed")
    assert vn.passed_on() == asks(1, consignment="K2")
    assert cn.sender.outbox.requeue(dead.number, "Lan", "again", NOW_NS)
    carried(cn, vn, NOW_NS)
    assert len(cn.sender.outbox.dead()) == 1
    withdrawn = {"by": "Lan", "reason": "told to the wrong gate"}
    assert cn.sender.outbox.withdraw(dead.number, withdrawn, NOW_NS)
    assert carried(cn, vn, NOW_NS) == ["withdrawn", "ask_ready"]
    assert vn.passed_on() == asks(1)
    assert not cn.sender.outbox.requeue(dead.number, "Lan", "again", NOW_NS)


def test_a_letter_refused_for_what_may_pass_is_tried_so_often_and_then_dies():
    vn, cn = peers()
    stranger = Peer("VN", vn.parties.key, "CN", new_key())  # knows another key of CN's
    cn.sender.put(asks(1)[0], NOW_NS)
    now_ns, tries = NOW_NS, 0
    while not cn.sender.outbox.dead():
        tries += len(carried(cn, stranger, now_ns))
        now_ns += 60 * S
    assert tries == REFUSALS_MAX
    assert [type(news) for news in cn.sender.news] == [LetterGivenUp]
    [dead] = cn.sender.outbox.dead()
    assert dead.trouble.startswith("signature")
    cn.sender.outbox.requeue(dead.number, "Lan", "new key", now_ns)
    assert carried(cn, vn, now_ns) == ["ask_ready"]


def test_an_outage_is_waited_out_for_as_long_as_it_lasts_and_told_once():
    vn, cn = peers()
    for number in range(40):
        cn.sender.put(asks(1, consignment=f"K{number}")[0], NOW_NS)
    now_ns, most = NOW_NS, 0
    while now_ns < NOW_NS + 3600 * S:
        letters = cn.letters(now_ns)
        most = len(letters) if now_ns > NOW_NS + 60 * S and len(letters) > most else most
        for outgoing in letters:
            cn.sender.unanswered(outgoing, "cut", now_ns)
        now_ns += S
    assert most == 1, "a silent peer is tried with one letter at a time"
    assert cn.sender.news == [LinkLost()]
    assert cn.sender.outbox.state().waiting == 40
    for _ in range(130):
        carried(cn, vn, now_ns)
        now_ns += S
    assert len(vn.passed_on()) == 40
    assert cn.sender.news == [LinkLost(), LinkRestored()]
    assert cn.sender.outbox.dead() == []
    assert SILENCE_NS < 3600 * S


def test_clocks_that_are_apart_are_told_once():
    vn, cn = peers()
    for _ in range(3):
        cn.sender._clock_ns = NOW_NS
        [outgoing] = cn.letters(NOW_NS)
        cn.sender.received(outgoing, vn.receiver.take(outgoing.data, NOW_NS + 9 * S), NOW_NS)
    assert cn.sender.news == [ClocksApart(9000)]
    assert cn.sender.book.state().skew_ns == 9 * S


def test_waits_grow_to_a_bound_and_are_drawn_from_the_upper_half():
    backoff = Backoff(Random(1))
    for failures, span_s in ((1, 1), (2, 2), (4, 8), (7, 60), (1000, 60)):
        waits = [backoff.wait_ns(failures) / S for _ in range(100)]
        assert span_s / 2 <= min(waits) < max(waits) <= span_s


def test_lanes_are_told_by_the_side_that_runs_them_and_the_newest_word_holds():
    vn, cn = peers()
    for state in ("open", "closed"):
        body = lane_status([("D1", state, "VN")])
        vn.sender.outbox.put("lane_status", "", body, NOW_NS)
    carried(vn, cn, NOW_NS)
    assert cn.receiver.book.state().lanes == [{"lane": "D1", "state": "closed", "from_side": "VN"}]
    assert cn.passed_on() == []
    cn.sender.outbox.put("lane_status", "", lane_status([("D1", "open", "VN")]), NOW_NS)
    carried(cn, vn, NOW_NS)
    [dead] = cn.sender.outbox.dead()
    assert dead.trouble.startswith("not_allowed")
    assert vn.receiver.book.state().lanes == []


def test_pruning_keeps_the_count_of_each_consignment():
    vn, cn = peers()
    for said in asks(1, 2, 3):
        cn.sender.put(said, NOW_NS)
    carried(cn, vn, NOW_NS)
    vn.passed_on()
    assert cn.sender.outbox.prune(NOW_NS + 1) == 2
    assert vn.receiver.inbox.prune(NOW_NS + 1) == 2
    cn.sender.put(asks(4)[0], NOW_NS)
    carried(cn, vn, NOW_NS)
    assert vn.passed_on() == asks(4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(("put", "lose", "lose receipt", "carry", "kill")), max_size=30))
def test_whatever_happens_all_is_taken_in_once_and_in_order(events: list[str]):
    vn, cn = peers()
    now_ns, said = NOW_NS, 0
    for event in [*events, "carry"]:
        now_ns += 61 * S
        match event:
            case "put":
                said += 1
                cn.sender.put(asks(said)[0], now_ns)
            case "kill":
                cn.letters(now_ns)
                cn.start()
                vn.start()
            case "carry":
                carried(cn, vn, now_ns)
            case lost:
                for outgoing in cn.letters(now_ns):
                    if lost == "lose receipt":
                        vn.receiver.take(outgoing.data, now_ns)
                    cn.sender.unanswered(outgoing, lost, now_ns)
    assert vn.passed_on() == asks(*range(1, said + 1))


@pytest.mark.parametrize("side", ["VN", "CN"])
def test_what_cannot_be_told_is_given_up_and_told_of(side: str):
    vn, cn = peers()
    peer = vn if side == "VN" else cn
    peer.sender.put(AskReady("a", ""), NOW_NS)
    assert peer.sender.outbox.state().waiting == 0
    [news] = peer.sender.news
    assert isinstance(news, LetterGivenUp)
