"""What the fleet manager orders lanes to be, and how long refused AGVs leave them alone."""

import pytest

from actors.fleet.lanes import Lanes
from actors.fleet.refusals import PAUSE_NS_MAX, PAUSE_NS_MIN, Refusals
from actors.messages import CommandLane, LaneCommand, LaneOrder, LaneReport, LaneState, OrderLane
from actors.site.expand import expand
from tests.gate import DAY, FOUR_LANES, S, sent

ROADMAP = expand(FOUR_LANES, DAY)


def four_lanes() -> Lanes:
    """D1 and D3 lead away from VN, D2 and D4 from CN."""
    return Lanes(ROADMAP, tuple(ROADMAP.way(f"D{n}", "VN" if n % 2 else "CN") for n in range(1, 5)))


def open_from(lanes: Lanes, side: str) -> list[str]:
    return [way.lane for way in lanes.open_ways(side)]


def say(lanes: Lanes, lane: str, number: int, state: LaneState, side: str, at_ns: int = S) -> bool:
    return lanes.note(LaneReport(lane, at_ns, number, state, side))


def test_a_lane_that_is_being_reversed_is_used_in_neither_direction_until_it_has_turned():
    lanes = four_lanes()
    assert lanes.command(CommandLane("D1", "reverse")).order == LaneOrder(1, "open", "CN")
    assert (open_from(lanes, "VN"), open_from(lanes, "CN")) == (["D3"], ["D2", "D4"])
    assert not say(lanes, "D1", 1, "reversing", "VN")
    assert open_from(lanes, "CN") == ["D2", "D4"]
    assert say(lanes, "D1", 1, "open", "CN")
    assert (open_from(lanes, "VN"), open_from(lanes, "CN")) == (["D3"], ["D1", "D2", "D4"])


def test_word_of_an_older_order_or_time_opens_nothing():
    lanes = four_lanes()
    lanes.command(CommandLane("D1", "close"))
    lanes.command(CommandLane("D1", "open"))
    assert not say(lanes, "D1", 1, "closed", "VN", at_ns=5 * S)
    assert not say(lanes, "D1", 2, "open", "VN", at_ns=4 * S)
    assert open_from(lanes, "VN") == ["D3"]
    assert say(lanes, "D1", 2, "open", "VN", at_ns=6 * S)
    assert not say(lanes, "D1", 2, "open", "VN", at_ns=7 * S), "nothing new"


def test_an_order_is_repeated_until_it_is_carried_out():
    lanes = four_lanes()
    assert lanes.orders_to_repeat() == []
    lanes.command(CommandLane("D1", "close"))
    for state in ("open", "closing"):
        say(lanes, "D1", 1, state, "VN")
        assert sent(lanes.orders_to_repeat(), OrderLane) == [
            OrderLane(LaneOrder(1, "closed", "VN"))
        ]
    say(lanes, "D1", 1, "closed", "VN")
    assert lanes.orders_to_repeat() == []


@pytest.mark.parametrize("command", ["open", "close", "block"])
def test_the_same_command_again_makes_no_other_order(command: LaneCommand):
    lanes = four_lanes()
    first = lanes.command(CommandLane("D1", command))
    again = lanes.command(CommandLane("D1", command))
    assert (again.outcome, again.order) == ("same", first.order)


def test_the_last_lane_of_a_way_is_neither_closed_nor_reversed_but_may_be_blocked():
    lanes = four_lanes()
    assert lanes.command(CommandLane("D3", "block")).outcome == "ordered"
    for command in ("close", "reverse"):
        refused = lanes.command(CommandLane("D1", command))
        assert (refused.outcome, refused.reason) == (
            "refused", "no other lane is open from VN to CN",
        )  # fmt: skip
    assert lanes.command(CommandLane("D1", "block")).outcome == "ordered"
    assert open_from(lanes, "VN") == []


def test_the_last_lane_that_could_be_opened_a_way_is_not_turned():
    lanes = four_lanes()
    for lane in ("D1", "D3"):
        lanes.command(CommandLane(lane, "block"))
        lanes.command(CommandLane(lane, "close"))
    assert lanes.command(CommandLane("D1", "reverse")).outcome == "ordered"
    assert lanes.command(CommandLane("D3", "reverse")).outcome == "refused"
    assert lanes.command(CommandLane("D3", "open")).outcome == "ordered"


def test_a_reversal_can_be_called_back_by_naming_the_side():
    lanes = four_lanes()
    lanes.command(CommandLane("D1", "reverse"))
    assert lanes.command(CommandLane("D1", "reverse")).outcome == "same"
    back = lanes.command(CommandLane("D1", "reverse", "VN"))
    assert (back.outcome, back.order) == ("ordered", LaneOrder(2, "open", "VN"))


def test_what_is_no_lane_or_no_side_of_it_is_told():
    lanes = four_lanes()
    assert lanes.command(CommandLane("D9", "open")).outcome == "unknown"
    invalid = lanes.command(CommandLane("D1", "reverse", "LA"))
    assert (invalid.outcome, invalid.reason) == ("invalid", "VN or CN")
    assert not say(lanes, "D9", 1, "open", "VN")
    assert not say(lanes, "D1", 0, "open", "LA")


def test_pauses_after_refusals_double_up_to_a_minute_and_end_with_a_permit():
    refusals = Refusals()
    now_ns, lengths = 0, []
    for _ in range(5):
        refusals.refuse("AGV-001", "D1", now_ns)
        since_ns = now_ns
        while not refusals.may_ask("AGV-001", "D1", now_ns):
            now_ns += S
        lengths.append((now_ns - since_ns) // S)
    assert lengths == [10, 20, 40, 60, 60]
    refusals.forget("AGV-001", "D1")
    refusals.refuse("AGV-001", "D1", now_ns)
    assert refusals.may_ask("AGV-001", "D1", now_ns + PAUSE_NS_MIN)


def test_a_pause_is_for_one_agv_and_one_lane_and_ends_when_the_lane_opens():
    refusals = Refusals()
    refusals.refuse("AGV-001", "D1", 0)
    assert refusals.may_ask("AGV-002", "D1", 0)
    assert refusals.may_ask("AGV-001", "D2", 0)
    assert not refusals.may_ask("AGV-001", "D1", 0)
    refusals.forget_lane("D1")
    assert refusals.may_ask("AGV-001", "D1", 0)


def test_it_is_known_when_an_agv_may_ask_again():
    refusals = Refusals()
    refusals.refuse("AGV-001", "D1", 0)
    assert not refusals.some_ended(PAUSE_NS_MIN - 1)
    assert refusals.some_ended(PAUSE_NS_MIN)
    assert not refusals.some_ended(2 * PAUSE_NS_MAX), "nobody has cared since"
