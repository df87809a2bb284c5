"""A lane: it lets in no more than it has room for, and finds out who has silently left."""

from actors.effects import Effect, SetTimer
from actors.lane import DRAIN_NS, PERMIT_NS, QUERY_NS, RECOUNT_NS, Lane
from actors.messages import (
    LaneEntered,
    LaneLeft,
    LaneNoted,
    LaneOrder,
    LaneReport,
    LaneTruth,
    OrderLane,
    PermitGranted,
    PermitRefused,
    QueryLane,
    RequestPermit,
    Started,
    TimerFired,
)
from tests.gate import S, sent

AS_BUILT = LaneOrder(0, "open", "VN")


def agv(step: int) -> str:
    return f"AGV-{step:03d}"


def ask(lane: Lane, step: int, now_ns: int, side: str = "VN") -> list[Effect]:
    return lane.handle(RequestPermit(step, agv(step), side), now_ns)


def granted(effects: list[Effect]) -> list[int]:
    return [permit.step for permit in sent(effects, PermitGranted)]


def open_lane(room: int = 2) -> Lane:
    lane = Lane("D1", "fleet-manager", "VN", room)
    lane.handle(Started(), 0)
    lane.handle(truth(0), 0)
    return lane


def truth(
    asked_ns: int,
    occupants: tuple[int, ...] = (),
    asking: tuple[int, ...] = (),
    order: LaneOrder = AS_BUILT,
    from_side: str = "VN",
) -> LaneTruth:
    def named(steps: tuple[int, ...]) -> tuple[tuple[int, str], ...]:
        return tuple((step, agv(step)) for step in steps)

    return LaneTruth("D1", asked_ns, order, from_side, named(occupants), named(asking))


def test_a_started_lane_asks_who_is_in_it_and_permits_nothing_before_it_knows():
    lane = Lane("D1", "fleet-manager", "VN", room=2)
    assert sent(lane.handle(Started(), 0), QueryLane) == [QueryLane("D1", 0)]
    assert not granted(ask(lane, 5, 0))
    again = lane.handle(TimerFired("query"), QUERY_NS)
    assert sent(again, QueryLane) == [QueryLane("D1", QUERY_NS)]
    assert SetTimer("query", 2 * QUERY_NS) in again
    assert granted(lane.handle(truth(QUERY_NS, (3,)), QUERY_NS)) == [5]
    assert not granted(ask(lane, 6, QUERY_NS)), "3 is in it and 5 has a permit"


def test_an_answer_to_an_older_question_is_none():
    lane = Lane("D1", "fleet-manager", "VN", room=1)
    lane.handle(Started(), 50)
    lane.handle(truth(20), 60)  # to the question of a life before
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
        (3 * RECOUNT_NS, (1,), []),  # it has road into the lane
        (4 * RECOUNT_NS, (), [2]),
    ):
        asked = lane.handle(TimerFired("recount"), at_ns)
        assert sent(asked, QueryLane) == [QueryLane("D1", at_ns)]
        assert SetTimer("recount", at_ns + RECOUNT_NS) in asked
        assert granted(lane.handle(truth(at_ns, on_the_way), at_ns)) == then


def test_an_agv_that_forgot_to_say_that_it_left_is_counted_out_when_others_wait():
    lane = open_lane(room=1)
    ask(lane, 1, 0)
    lane.handle(LaneEntered(1, agv(1)), S)
    ask(lane, 2, 2 * S)
    lane.handle(TimerFired("recount"), RECOUNT_NS)
    assert granted(lane.handle(truth(RECOUNT_NS, (1,)), RECOUNT_NS)) == []
    lane.handle(TimerFired("recount"), 2 * RECOUNT_NS)
    assert granted(lane.handle(truth(2 * RECOUNT_NS), 2 * RECOUNT_NS)) == [2]


def test_one_that_entered_after_the_question_is_not_counted_out_by_its_answer():
    lane = open_lane(room=1)
    ask(lane, 1, 0)
    ask(lane, 2, 0)
    lane.handle(TimerFired("recount"), RECOUNT_NS)
    lane.handle(LaneEntered(1, agv(1)), RECOUNT_NS + 1)
    assert granted(lane.handle(truth(RECOUNT_NS), RECOUNT_NS + 2)) == []


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


# --- orders -----------------------------------------------------------------------------------

CLOSED = LaneOrder(1, "closed", "VN")
BLOCKED = LaneOrder(1, "blocked", "VN")
TURNED = LaneOrder(1, "open", "CN")


def reports(effects: list[Effect]) -> list[tuple[str, str]]:
    return [(report.state, report.from_side) for report in sent(effects, LaneReport)]


def refused(effects: list[Effect]) -> list[int]:
    return [refusal.step for refusal in sent(effects, PermitRefused)]


def test_an_empty_lane_closes_at_once_and_opens_again():
    lane = open_lane()
    assert reports(lane.handle(OrderLane(CLOSED), S)) == [("closed", "VN")]
    assert refused(ask(lane, 1, S)) == [1]
    assert reports(lane.handle(OrderLane(LaneOrder(2, "open", "VN")), 2 * S)) == [("open", "VN")]
    assert granted(ask(lane, 2, 2 * S)) == [2]


def test_a_lane_that_is_closed_refuses_those_who_wait_and_is_closed_when_all_have_left():
    lane = open_lane(room=2)
    for step in (1, 2, 3):
        ask(lane, step, 0)
    lane.handle(LaneEntered(1, agv(1)), S)
    closing = lane.handle(OrderLane(CLOSED), 2 * S)
    assert reports(closing) == [("closing", "VN")]
    assert refused(closing) == [3]
    assert sent(closing, QueryLane), "some may never come"
    assert not reports(lane.handle(LaneLeft(1, agv(1)), 3 * S))
    assert reports(lane.handle(LaneLeft(2, agv(2)), 4 * S)) == [("closed", "VN")]


def test_an_order_is_reported_on_as_often_as_it_is_told_and_an_older_one_changes_nothing():
    lane = open_lane()
    for _ in range(2):
        assert reports(lane.handle(OrderLane(CLOSED), S)) == [("closed", "VN")]
    assert reports(lane.handle(OrderLane(AS_BUILT), S)) == [("closed", "VN")]


def test_a_reversed_lane_turns_only_when_nobody_is_in_it_and_no_permit_is_valid():
    lane = open_lane()
    ask(lane, 1, 0)
    ask(lane, 2, 0)
    lane.handle(LaneEntered(1, agv(1)), S)
    assert reports(lane.handle(OrderLane(TURNED), 2 * S)) == [("reversing", "VN")]
    assert refused(ask(lane, 3, 3 * S, side="CN")) == [3]
    assert not reports(lane.handle(LaneLeft(1, agv(1)), 4 * S)), "2 may still come"
    assert reports(lane.handle(LaneLeft(2, agv(2)), 5 * S)) == [("open", "CN")]
    assert granted(ask(lane, 4, 6 * S, side="CN")) == [4]
    assert refused(ask(lane, 5, 6 * S, side="VN")) == [5]


def test_while_a_lane_is_drained_no_permit_is_renewed_and_those_that_ran_out_end_it():
    lane = open_lane()
    ask(lane, 1, 0)
    lane.handle(OrderLane(TURNED), S)
    again = sent(ask(lane, 1, 60 * S), PermitGranted)
    assert [permit.expires_ns for permit in again] == [PERMIT_NS], "for one that did not hear of it"
    for at_ns, on_the_way, then in (
        (PERMIT_NS, (), []),  # still valid
        (PERMIT_NS + DRAIN_NS, (1,), []),  # has road into the lane
        (PERMIT_NS + 2 * DRAIN_NS, (), [("open", "CN")]),
    ):
        asked = lane.handle(TimerFired("recount"), at_ns)
        assert sent(asked, QueryLane) == [QueryLane("D1", at_ns)]
        assert SetTimer("recount", at_ns + DRAIN_NS) in asked
        assert reports(lane.handle(truth(at_ns, on_the_way), at_ns)) == then


def test_a_blocked_lane_gives_no_permit_and_does_not_turn_before_it_is_opened():
    lane = open_lane()
    lane.handle(OrderLane(TURNED), S)  # at once, it is empty
    blocked = LaneOrder(2, "blocked", "VN")
    assert reports(lane.handle(OrderLane(blocked), 2 * S)) == [("blocked", "CN")]
    assert refused(ask(lane, 1, 3 * S, side="CN")) == [1]
    opened = lane.handle(OrderLane(LaneOrder(3, "open", "VN")), 4 * S)
    assert reports(opened) == [("open", "VN")]


def test_who_is_in_a_blocked_lane_is_still_counted():
    lane = open_lane(room=1)
    ask(lane, 1, 0)
    lane.handle(LaneEntered(1, agv(1)), S)
    lane.handle(OrderLane(BLOCKED), 2 * S)
    lane.handle(OrderLane(LaneOrder(2, "open", "VN")), 3 * S)
    assert not granted(ask(lane, 2, 4 * S))
    assert granted(lane.handle(LaneLeft(1, agv(1)), 5 * S)) == [2]


# --- restarts ---------------------------------------------------------------------------------


def restarted(room: int = 2) -> Lane:
    lane = Lane("D1", "fleet-manager", "VN", room)
    lane.handle(Started(), S)
    return lane


def test_a_restarted_lane_learns_how_it_is_to_be_and_which_way_it_led():
    lane = restarted()
    assert not sent(lane.handle(OrderLane(TURNED), S), LaneReport), "not before it knows"
    closing = lane.handle(truth(S, (1,), order=LaneOrder(4, "closed", "CN")), 2 * S)
    assert reports(closing) == [("closing", "VN")]
    assert reports(lane.handle(LaneLeft(1, agv(1)), 3 * S)) == [("closed", "CN")]


def test_what_a_restarted_lane_hears_of_those_who_left_does_not_make_it_open():
    lane = restarted()
    ask(lane, 2, S)
    assert not granted(lane.handle(LaneLeft(1, agv(1)), 2 * S))
    assert lane.state == "unknown"


def test_a_restarted_lane_keeps_room_for_permits_it_may_have_given_and_forgotten():
    lane = restarted(room=1)
    lane.handle(truth(S, asking=(1,)), S)
    assert not granted(ask(lane, 2, 2 * S)), "1 may hold one"
    held = lane.handle(RequestPermit(1, agv(1), "VN", 50 * S), 3 * S)
    assert sent(held, PermitGranted) == [PermitGranted(1, "D1", 3 * S + PERMIT_NS)]
    assert not granted(ask(lane, 2, 2 * S))


def test_who_asks_a_restarted_lane_without_a_permit_takes_its_turn():
    lane = restarted(room=1)
    lane.handle(truth(S, asking=(1, 2)), S)
    assert granted(ask(lane, 2, 2 * S)) == [], "1 may hold one"
    assert granted(ask(lane, 1, 3 * S)) == [2]


def test_a_restarted_lane_does_not_turn_before_permits_it_may_have_given_ran_out():
    lane = restarted()
    lane.handle(truth(S, asking=(1,), order=TURNED), S)
    assert lane.state == "reversing"
    at_ns = S + PERMIT_NS + DRAIN_NS
    lane.handle(TimerFired("recount"), at_ns)
    assert reports(lane.handle(truth(at_ns, order=TURNED), at_ns)) == [("open", "CN")]
