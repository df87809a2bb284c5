"""The terms of a pair of AGV and order: each alone, then what they decide together."""

import math

import numpy as np
import pytest

from actors.fleet.assignment import assign_in_turn
from actors.fleet.cost import (
    CHARGE_S,
    CRANE_SHARE,
    ENERGY_SHORT_S,
    LEFT_S,
    PRIORITY_S,
    WAITED_S_MAX,
    WAITING_SHARE,
    Costs,
)
from actors.fleet.orders import OVERTAKEN_NS_MAX, OrderBook
from actors.fleet.vehicles import Vehicle
from actors.fleet_manager import FleetManager
from actors.messages import CostTerms, OrderRequest
from actors.site.roadmap import Place
from actors.wiring import fleet_manager
from tests.gate import DAY, DEMO, ROADMAP, S, order

MANAGER: FleetManager = fleet_manager(DEMO, DAY)
COSTS: Costs = MANAGER.costs
LIFT_S = MANAGER.plan.lift_s["VN"]
BAY = next(p for p in ROADMAP.places.values() if (p.side, p.kind) == ("VN", "pickup"))
PARKING = next(p for p in ROADMAP.places.values() if (p.side, p.kind) == ("VN", "parking"))
ACROSS = next(p for p in ROADMAP.places.values() if (p.side, p.kind) == ("CN", "parking"))


def terms(
    request: OrderRequest, *, now_s: float = 0, ahead: int = 0, pct: float = 80.0, side: str = "VN"
) -> CostTerms:
    """Of an AGV at rest in a refuge, and an order accepted at time 0."""
    place = PARKING if side == "VN" else ACROSS
    vehicle = Vehicle("AGV-001", place.id, side, side, battery_pct=pct)
    job = OrderBook().accept(request, 0)
    return COSTS.terms(vehicle, place.node, job, BAY, ahead, round(now_s * S))


def test_the_way_is_that_of_the_road_and_longer_from_beyond_a_lane():
    near = terms(order(1))
    assert near.reach_s == MANAGER.traffic.router.time_s(PARKING.node, BAY.node)
    assert terms(order(1), side="CN").reach_s > near.reach_s
    assert near == CostTerms(near.reach_s, 0, 0, 0, 0, 0)


def test_a_pair_without_a_bay_on_its_own_side_is_impossible():
    vehicle = Vehicle("AGV-001", PARKING.id, "VN", "VN", battery_pct=80.0)
    job = OrderBook().accept(order(1, deadline_ns=0), 0)
    assert COSTS.terms(vehicle, PARKING.node, job, None, 0, 0).total_s == math.inf


def test_the_crane_costs_the_wait_that_is_left_on_arrival():
    reach_s = terms(order(1)).reach_s
    assert terms(order(1), ahead=3).crane_s == CRANE_SHARE * (3 * LIFT_S - reach_s)
    assert terms(order(1), ahead=0).crane_s == 0


def test_an_order_in_time_anyway_has_no_lateness_and_a_late_one_is_urgent_within_bounds():
    assert terms(order(1, deadline_ns=10_000 * S)).late_s == 0
    assert terms(order(1, deadline_ns=1_000 * S), now_s=500).late_s < 0
    late = terms(order(1, deadline_ns=0), now_s=5_000)
    assert late.late_s == pytest.approx(late.reach_s - LEFT_S)


def test_priority_and_waiting_make_an_order_cheaper():
    assert terms(order(1, priority=2)).priority_s == -2 * PRIORITY_S
    assert terms(order(1), now_s=100).waiting_s == -WAITING_SHARE * 100


def test_waiting_counts_within_bounds_so_that_no_old_order_fetches_an_agv_past_many_at_hand():
    for_hours, for_days = (terms(order(1), now_s=3600 * hours) for hours in (5, 48))
    assert for_hours.waiting_s == for_days.waiting_s == -WAITING_SHARE * WAITED_S_MAX


def test_eating_into_the_reserve_costs_more_than_all_else_but_is_possible():
    short = terms(order(1, priority=-100), pct=MANAGER.plan.reserve_pct + 0.1)
    assert short.energy_s == ENERGY_SHORT_S
    assert math.isfinite(short.total_s)
    assert terms(order(1)).energy_s == 0


def test_charging_is_worth_more_the_less_there_is_and_past_everything_at_the_reserve():
    plan = MANAGER.plan
    worth_s = [COSTS.charge_worth_s(pct) for pct in (80, plan.charge_below_pct, 29, 25, 21, 20.1)]
    assert worth_s[:2] == [0, 0]
    assert worth_s[1:] == sorted(set(worth_s[1:]))
    assert COSTS.charge_worth_s(25) == CHARGE_S
    assert COSTS.charge_worth_s(plan.reserve_pct) == COSTS.charge_worth_s(0) == ENERGY_SHORT_S
    assert terms(order(1), pct=25).energy_s == CHARGE_S


def test_a_charger_is_for_agvs_of_its_side_that_need_one():
    charger = next(p for p in ROADMAP.places.values() if (p.side, p.kind) == ("VN", "charger"))

    def cost_s(pct: float, place: Place = PARKING) -> float:
        vehicle = Vehicle("AGV-001", place.id, place.side, place.side, battery_pct=pct)
        return COSTS.charging_s(vehicle, place.node, charger)

    assert cost_s(25) == MANAGER.traffic.router.time_s(PARKING.node, charger.node) - CHARGE_S
    assert cost_s(35) == cost_s(25, ACROSS) == math.inf


def test_an_order_is_promoted_when_one_accepted_long_after_it_on_its_side_had_an_agv():
    book = OrderBook()
    first = book.accept(order(1), 0)
    near = book.accept(order(2, priority=1), OVERTAKEN_NS_MAX - 1)
    far = book.accept(order(3, priority=1), OVERTAKEN_NS_MAX)
    beyond = book.accept(order(4, "CN"), 10 * OVERTAKEN_NS_MAX)
    for job, promotes in ((beyond, False), (near, False), (far, True)):
        book.assign(job, "AGV-001")
        assert book.is_promoted(first) == promotes


def test_promoted_orders_get_the_best_vehicle_left_one_by_one():
    cost_s = np.array([[5.0, 1.0, 3.0], [6.0, 2.0, math.inf], [math.inf, 3.0, 1.0]])
    assert assign_in_turn(cost_s, []) == [(0, 0), (1, 1), (2, 2)]
    assert assign_in_turn(cost_s, [1, 0]) == [(0, 1), (1, 0), (2, 2)]
    assert assign_in_turn(cost_s[:1], [1, 0]) == [(0, 1)]
    assert assign_in_turn(np.full((2, 2), math.inf), [0]) == []
