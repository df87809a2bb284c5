"""How `bordergate bench ros` counts what was lost."""

from interfaces.bench.ros import lost


def test_lost_is_what_was_sent_between_the_first_and_the_last_heard_and_not_heard() -> None:
    sent = {"agv_001": [1, 2, 3, 4, 5, 6], "agv_002": [1, 2, 3]}
    assert lost(sent, {"agv_001": [2, 3, 5], "agv_002": [1, 2, 3]}) == (1, 7)


def test_an_agv_of_which_nothing_was_heard_has_lost_all_it_sent() -> None:
    assert lost({"agv_001": [5, 6, 7]}, {"agv_001": []}) == (3, 3)
