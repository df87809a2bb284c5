"""A lane: it lets in no more than it has room for, and finds out who has silently left."""

from actors.effects import Effect, SetTimer
from actors.lane import PERMIT_NS, QUERY_NS, RECOUNT_NS, Lane
from actors.messages import (
    LaneEntered,
    LaneLeft,
    LaneNoted,
    LaneTruth,
    PermitGranted,
    PermitRefused,
    QueryLane,
    RequestPermit,
    Started,
    TimerFired,
)
from tests.gate import S, sent


def agv(step: int) -> str:
    return f"AGV-{step:03d}"


def ask(lane: Lane, step: int, now_ns: int, side: str = "VN") -> list[Effect]:
    return lane.handle(RequestPermit(step, agv(step), side), now_ns)


def granted(effects: list[Effect]) -> list[int]:
    return [permit.step for permit in sent(effects, PermitGranted)]


def open_lane(room: int = 2) -> Lane:
    lane = Lane("D1", "fleet-manager", "VN", room)
    lane.handle(Started(), 0)
    lane.handle(LaneTruth("D1", 0, ()), 0)
    return lane


def test_a_started_lane_asks_who_is_in_it_and_permits_nothing_before_it_knows():
    lane = Lane("D1", "fleet-manager", "VN", room=2)
    assert sent(lane.handle(Started(), 0), QueryLane) == [QueryLane("D1", 0)]
    assert not granted(ask(lane, 5, 0))
    again = lane.handle(TimerFired("query"), QUERY_NS)
    assert sent(again, QueryLane) == [QueryLane("D1", QUERY_NS)]
    assert SetTimer("query", 2 * QUERY_NS) in again
    assert granted(lane.handle(LaneTruth("D1", QUERY_NS, ((3, agv(3)),)), QUERY_NS)) == [5]
    assert not granted(ask(lane, 6, QUERY_NS)), "3 is in it and 5 has a permit"


def test_an_answer_to_an_older_question_is_none():
    lane = Lane("D1", "fleet-manager", "VN", room=1)
    lane.handle(Started(), 50)
    lane.handle(LaneTruth("D1", 20, ()), 60)  # to the question of a life before
    assert lane.state == "unknown"


def test_permits_are_given_while_there_is_room_and_then_in_the_order_asked():
    lane = open_lane(room=2)
    assert [granted(ask(lane, step, S)) for step in (4, 3, 2, 1)] == [[4], [3], [], []]
    assert granted(ask(lane, 1, S)) == [], "asking more often is no help"
    lane.handle(LaneEntered(4, agv(4)), 2 * S)
    assert granted(lane.handle(LaneLeft(4, agv(4)), 3 * S)) == [2]
    assert granted(lane.handle(LaneLeft(3, agv(3)), 3 * S)) == [1]


def test_the_wrong_side_is_refused():
    assert sent(ask(open_lane(), 1, 0, side="CN"), PermitRefused)


def test_a_repeated_request_renews_the_permit():
    lane = open_lane(room=1)
    first = sent(ask(lane, 1, 0), PermitGranted)
    renewed = sent(ask(lane, 1, 60 * S), PermitGranted)
    assert [p.expires_ns for p in first + renewed] == [PERMIT_NS, 60 * S + PERMIT_NS]


def test_an_expired_permit_goes_to_the_next_once_nobody_is_on_the_way_with_it():
    lane = open_lane(room=1)
    ask(lane, 1, 0)
    assert SetTimer("recount", RECOUNT_NS) in ask(lane, 2, 0)
    for at_ns, on_the_way, then in (
        (RECOUNT_NS, (), []),  # not expired yet
        (3 * RECOUNT_NS, ((1, agv(1)),), []),  # it has road into the lane
        (4 * RECOUNT_NS, (), [2]),
    ):
        asked = lane.handle(TimerFired("recount"), at_ns)
        assert sent(asked, QueryLane) == [QueryLane("D1", at_ns)]
        assert SetTimer("recount", at_ns + RECOUNT_NS) in asked
        assert granted(lane.handle(LaneTruth("D1", at_ns, on_the_way), at_ns)) == then


def test_an_agv_that_forgot_to_say_that_it_left_is_counted_out_when_others_wait():
    lane = open_lane(room=1)
    ask(lane, 1, 0)
    lane.handle(LaneEntered(1, agv(1)), S)
    ask(lane, 2, 2 * S)
    lane.handle(TimerFired("recount"), RECOUNT_NS)
    assert granted(lane.handle(LaneTruth("D1", RECOUNT_NS, ((1, agv(1)),)), RECOUNT_NS)) == []
    lane.handle(TimerFired("recount"), 2 * RECOUNT_NS)
    assert granted(lane.handle(LaneTruth("D1", 2 * RECOUNT_NS, ()), 2 * RECOUNT_NS)) == [2]


def test_one_that_entered_after_the_question_is_not_counted_out_by_its_answer():
    lane = open_lane(room=1)
    ask(lane, 1, 0)
    ask(lane, 2, 0)
    lane.handle(TimerFired("recount"), RECOUNT_NS)
    lane.handle(LaneEntered(1, agv(1)), RECOUNT_NS + 1)
    assert granted(lane.handle(LaneTruth("D1", RECOUNT_NS, ()), RECOUNT_NS + 2)) == []


def test_entering_and_leaving_are_noted_as_often_as_they_are_told():
    lane = open_lane(room=1)
    ask(lane, 1, 0)
    for _ in range(2):
        noted = sent(lane.handle(LaneEntered(1, agv(1)), S), LaneNoted)
        assert noted == [LaneNoted(1, "D1", entered=True)]
    for _ in range(2):
        noted = sent(lane.handle(LaneLeft(1, agv(1)), S), LaneNoted)
        assert noted == [LaneNoted(1, "D1", entered=False)]


def test_what_comes_late_of_a_step_that_has_left_takes_no_room():
    lane = open_lane(room=1)
    ask(lane, 1, 0)
    lane.handle(LaneLeft(1, agv(1)), S)
    lane.handle(LaneEntered(1, agv(1)), 2 * S)
    assert not granted(ask(lane, 1, 3 * S))
    assert granted(ask(lane, 2, 3 * S)) == [2]
