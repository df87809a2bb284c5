"""A crane: one lift at a time, none twice, and nothing before its controller has spoken."""

from actors.crane import QUERY_NS, WATCH_NS, Crane
from actors.effects import SetTimer
from actors.messages import (
    CraneState,
    LinkLost,
    LinkRestored,
    QueryState,
    RequestTransfer,
    Started,
    StartTransfer,
    TimerFired,
    TransferDone,
    TransferFinished,
)
from tests.gate import S, commanded, sent, shown


def request(step: int, bay: str = "VN-C1-P1") -> RequestTransfer:
    return RequestTransfer(step, f"AGV-{step:03d}", bay, "truck_to_agv", "T1", "CSQU3054383")


def idle_crane() -> Crane:
    crane = Crane("VN-C1", "fleet-manager")
    crane.handle(Started(), 0)
    crane.handle(CraneState(0, ()), 0)
    return crane


def test_a_started_crane_asks_until_its_controller_answers_and_lifts_nothing_before():
    crane = Crane("VN-C1", "fleet-manager")
    assert commanded(crane.handle(Started(), 0), QueryState)
    assert not commanded(crane.handle(request(1), 0), StartTransfer)
    again = crane.handle(TimerFired("query"), QUERY_NS)
    assert commanded(again, QueryState)
    assert SetTimer("query", 2 * QUERY_NS) in again
    known = crane.handle(CraneState(0, ()), 2 * QUERY_NS)
    assert [lift.step for lift in commanded(known, StartTransfer)] == [1]


def test_lifts_are_made_one_at_a_time_in_the_order_asked():
    crane = idle_crane()
    assert [c.step for c in commanded(crane.handle(request(1), 0), StartTransfer)] == [1]
    assert not commanded(crane.handle(request(2), 0), StartTransfer)
    assert not commanded(crane.handle(request(3), 0), StartTransfer)
    first = crane.handle(TransferFinished(1), S)
    assert sent(first, TransferDone) == [TransferDone(1, "VN-C1")]
    assert [c.step for c in commanded(first, StartTransfer)] == [2]
    second = crane.handle(TransferFinished(2), S)
    assert [c.step for c in commanded(second, StartTransfer)] == [3]
    assert shown(crane.handle(TransferFinished(3), S)) == ["idle"]


def test_a_repeated_request_is_answered_the_same_and_lifted_once():
    crane = idle_crane()
    crane.handle(request(1), 0)
    assert crane.handle(request(1), 0) == []
    crane.handle(request(2), 0)
    crane.handle(request(2), 0)
    crane.handle(TransferFinished(1), S)
    after = crane.handle(request(1), S)
    assert sent(after, TransferDone) == [TransferDone(1, "VN-C1")]
    assert not commanded(after, StartTransfer)
    crane.handle(TransferFinished(2), S)
    assert not commanded(crane.handle(TransferFinished(2), S), StartTransfer)


def test_a_lift_whose_command_was_lost_is_commanded_again_and_a_running_one_is_not():
    crane = idle_crane()
    crane.handle(request(1), 0)
    assert commanded(crane.handle(TimerFired("watch"), WATCH_NS), QueryState)
    assert not commanded(crane.handle(CraneState(1, ()), WATCH_NS), StartTransfer)
    again = commanded(crane.handle(CraneState(0, ()), WATCH_NS), StartTransfer)
    assert [c.step for c in again] == [1]


def test_a_lift_whose_end_was_not_heard_is_found_among_the_controllers_done():
    crane = idle_crane()
    crane.handle(request(1), 0)
    found = crane.handle(CraneState(0, (1,)), WATCH_NS)
    assert sent(found, TransferDone) == [TransferDone(1, "VN-C1")]


def test_a_restarted_crane_answers_for_lifts_of_its_life_before():
    crane = Crane("VN-C1", "fleet-manager")
    crane.handle(Started(), 0)
    crane.handle(CraneState(0, (7, 8)), 0)
    assert sent(crane.handle(request(8), 0), TransferDone) == [TransferDone(8, "VN-C1")]


def test_a_lift_that_a_restart_interrupted_is_answered_though_another_waited_for_it():
    crane = Crane("VN-C1", "fleet-manager")
    crane.handle(Started(), 0)
    crane.handle(CraneState(7, ()), 0)  # still lifting for the life before
    crane.handle(request(9), 0)  # refused by the busy controller
    crane.handle(request(7), 0)
    freed = crane.handle(TransferFinished(7), S)
    assert [c.step for c in commanded(freed, StartTransfer)] == [9]
    last = crane.handle(TransferFinished(9), 2 * S)
    assert [d.step for d in sent(last, TransferDone)] == [9, 7]
    assert not commanded(last, StartTransfer)


def test_a_lift_that_ends_while_the_link_is_cut_leaves_the_crane_ready_for_the_next():
    crane = idle_crane()
    crane.handle(request(1), 0)
    assert shown(crane.handle(LinkLost(), S)) == ["unknown"]
    crane.handle(request(2), 2 * S)
    crane.handle(LinkRestored(), 3 * S)
    known = crane.handle(CraneState(0, (1,)), 3 * S)
    assert [d.step for d in sent(known, TransferDone)] == [1]
    assert [c.step for c in commanded(known, StartTransfer)] == [2]
    assert crane.state == "lifting"
