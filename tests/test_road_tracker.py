"""The account of an AGV's road, whatever poses come."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.messages import Visit
from robotics.road_tracker import Body, Front, RoadTracker

BODY = Body(length_m=6.0, clearance_m=2.0)
OFF_M = 0.4
SIDE_M = 30.0
CORNERS = ((0.0, 0.0), (SIDE_M, 0.0), (SIDE_M, SIDE_M), (0.0, SIDE_M))


def side(seq: int) -> tuple[Visit, tuple[tuple[float, float], ...]]:
    """One side of a square that is driven round and round."""
    return Visit(seq, f"z{seq % 4}", (f"e{seq % 4}",)), (CORNERS[seq % 4], CORNERS[(seq + 1) % 4])


def front(at_m: float, off_m: float = 0.0, speed_mps: float = 5.0) -> Front:
    """The front at a place along the square, so far to its left."""
    number, along = divmod(at_m, SIDE_M)
    heading = (int(number) % 4) * math.pi / 2
    x, y = CORNERS[int(number) % 4]
    cos, sin = math.cos(heading), math.sin(heading)
    return Front(x + along * cos - off_m * sin, y + along * sin + off_m * cos, heading, speed_mps)


def tracker(sides: int) -> RoadTracker:
    made = RoadTracker(BODY, stand_m=0.2)
    made.stand(*side(0))
    assert made.extend([side(seq) for seq in range(1, sides)])
    return made


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.01, 1.5), st.floats(-0.3, 0.3)), min_size=1, max_size=150),
    st.integers(2, 9),
)
def test_progress_is_true_and_nothing_is_cleared_too_early(steps, sides):
    made, at_m, cleared = tracker(sides), SIDE_M, -1
    for step_m, off_m in steps:
        at_m = min(at_m + step_m, sides * SIDE_M - 0.001)
        found = made.locate(front(at_m, off_m), 2.5, OFF_M)
        assert found.on_road
        assert abs(found.at_m - at_m) <= OFF_M
        made.advance(found.at_m)
        now = made.cleared(found.at_m)
        assert now >= cleared
        assert (now + 1) * SIDE_M + BODY.length_m + BODY.clearance_m <= at_m + OFF_M
        assert made.visits[0].seq == now + 1
        cleared = now


@settings(max_examples=100, deadline=None)
@given(st.floats(-50, 80), st.floats(-50, 80), st.floats(-4, 4), st.floats(0, 200))
def test_a_front_is_on_its_road_only_within_the_limit_and_never_behind(x, y, heading, reach_m):
    made = tracker(3)
    found = made.locate(Front(x, y, heading, 1.0), reach_m, OFF_M)
    assert SIDE_M <= found.at_m <= min(SIDE_M + reach_m, 3 * SIDE_M) + 1e-9
    if found.on_road:
        assert found.off_m <= OFF_M


def test_of_two_rounds_over_the_same_edge_the_first_counts():
    found = tracker(9).locate(front(SIDE_M + 10), math.inf, OFF_M)
    assert abs(found.at_m - (SIDE_M + 10)) < 1e-6


def test_road_that_does_not_go_on_where_the_old_ends_is_not_taken():
    made = tracker(2)
    assert not made.extend([side(3)])
    wrong, points = side(2)
    assert not made.extend([(wrong, points[::-1])])
    assert made.end_seq == 1


def test_who_moves_or_is_short_of_the_end_does_not_stand():
    made = tracker(2)
    end_m = 2 * SIDE_M - 0.001
    assert made.stood(front(end_m, speed_mps=0.0), end_m) == 1
    assert made.stood(front(end_m, speed_mps=0.5), end_m) == -1
    assert made.stood(front(end_m - 0.5, speed_mps=0.0), end_m - 0.5) == -1
