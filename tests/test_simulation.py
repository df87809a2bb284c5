"""Whole stretches of the gate's life: undisturbed, and under every fault that may hit a device."""

import os
import subprocess
import sys

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.messages import CancelOrder, OrderChanged, PutOrder
from actors.site.devices import FLEET_MANAGER
from actors.wiring import machines
from sim.faults import FaultPlan, Faults
from sim.simulate import MINUTE_NS, OrderCounts, build, simulate
from tests.gate import DAY, DEMO, ROADMAP, S, order

CLEAN = {"overlap": 0, "beyond_grant": 0, "jump": 0, "grant_order": 0, "circle": 0, "stall": 0}
DIGEST = """
import sys
from sim.simulate import simulate
from tests.gate import DAY, DEMO
print(simulate(DEMO, DAY, 10.0, 240, int(sys.argv[1])).digest)
"""


def test_demo_day_ends_every_order_and_breaks_no_rule():
    result = simulate(DEMO, DAY, 24.0, 240, seed=1)
    assert result.checker == CLEAN
    assert result.orders.done > 200
    assert result.orders == OrderCounts(done=result.orders.done)


def digest_in_new_process(seed: int, hash_seed: str) -> str:
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", DIGEST, str(seed)],
        env=env, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout


def test_a_seed_makes_the_same_run_in_every_process_and_another_seed_another_run():
    first = digest_in_new_process(7, "1")
    assert digest_in_new_process(7, "2") == first
    assert digest_in_new_process(8, "1") != first


def test_faults_of_one_seed_are_the_same_each_time():
    plan = FaultPlan(lost_share=0.1, repeated_share=0.1, restarts_per_h=20)
    first = simulate(DEMO, DAY, 8.0, 240, 3, faults=plan)
    assert simulate(DEMO, DAY, 8.0, 240, 3, faults=plan).digest == first.digest
    assert simulate(DEMO, DAY, 8.0, 240, 3).digest != first.digest


SHARES = st.sampled_from((0.0, 0.05, 0.1, 0.2))
PLANS = st.builds(
    FaultPlan,
    lost_share=SHARES,
    repeated_share=SHARES,
    late_share=SHARES,
    late_s_max=st.sampled_from((0.1, 3.0, 30.0)),
    restarts_per_h=st.sampled_from((0.0, 10.0, 60.0)),
    down_s_max=st.sampled_from((1.0, 60.0)),
    outages_per_h=st.sampled_from((0.0, 10.0, 60.0)),
    outage_s_max=st.sampled_from((5.0, 200.0, 600.0)),
    breakdowns_per_h=st.sampled_from((0.0, 10.0, 60.0)),
    broken_s_max=st.sampled_from((30.0, 900.0)),
)


@settings(max_examples=25, deadline=None)
@given(PLANS, st.integers(0, 2**32))
@example(FaultPlan(lost_share=0.1, repeated_share=0.1, late_share=0.1), 1)
@example(FaultPlan(restarts_per_h=30), 4)
@example(FaultPlan(outages_per_h=20), 3)
@example(FaultPlan(breakdowns_per_h=40), 2)
def test_under_faults_no_two_vehicles_meet_and_every_order_is_done(plan: FaultPlan, seed: int):
    orders, faults, checker = disturbed(plan, seed)
    assert checker == CLEAN, (plan, seed, faults)
    assert set(orders.values()) == {"done"}, (plan, seed, faults)


@settings(max_examples=15, deadline=None)
@given(PLANS, st.integers(0, 2**32), st.lists(st.integers(0, 1800), min_size=16, max_size=16))
@example(  # an AGV on the road has the permit for a lane, but behind one that waits for it
    FaultPlan(lost_share=0.05, repeated_share=0.2, late_s_max=0.1, outages_per_h=10),
    2789650484,
    [124, 261, 301, 338, 411, 509, 0, 73, 272, 54, 224, 196, 537, 617, 1056, 211],
)
def test_cancelled_orders_end_too_whatever_else_goes_wrong(
    plan: FaultPlan, seed: int, cancel_s: list[int]
):
    orders, faults, checker = disturbed(plan, seed, cancel_s)
    assert checker == CLEAN, (plan, seed, faults)
    assert set(orders.values()) <= {"done", "cancelled"}, (plan, seed, faults)


def disturbed(
    plan: FaultPlan, seed: int, cancel_s: list[int] | None = None
) -> tuple[dict[str, str], dict[str, int], dict[str, int]]:
    """Sixteen orders in an hour of faults, then six hours of peace: the states they ended in."""
    world, checker = build(DEMO, DAY, 0, seed)
    fresh = machines(DEMO, ROADMAP, DAY)
    del fresh[FLEET_MANAGER]
    faults = Faults(world, plan, seed, fresh)
    orders = {f"T{number}": "queued" for number in range(16)}

    def note(_name: str, event: object, _at_ns: int) -> None:
        if isinstance(event, OrderChanged):
            history = [mark.state for mark in event.order.history]
            begun = history[history.index("loading") :] if "loading" in history else []
            assert len(begun) == len(set(begun)), history  # nothing is done twice
            assert not {"queued", "assigned", "to_pickup"} & set(begun), history
            assert not ("cancelled" in history and "loading" in history), history
            orders[event.order.request.id] = event.order.state

    world.on_event = note
    for number in range(16):
        put = order(number, "VN" if number % 4 == 0 else "CN")
        world.post(FLEET_MANAGER, PutOrder(put), number * 120 * S)
        if cancel_s is not None:
            at_ns = number * 120 * S + cancel_s[number] * S
            world.post(FLEET_MANAGER, CancelOrder(put.id), at_ns)
    for minute in range(1, 7 * 60):
        world.run(minute * MINUTE_NS)
        if minute == 60:
            faults.stop()
        if minute > 76:  # while faults go on, all vehicles may stand for as long
            left = sum(state not in ("done", "cancelled", "failed") for state in orders.values())
            if left == 0:
                break
            checker.watch_progress(world.now_ns, left)
    return orders, faults.done, checker.finish(world.now_ns)


def test_every_kind_of_fault_is_injected():
    plan = FaultPlan(0.1, 0.1, 0.1, restarts_per_h=20, outages_per_h=20, breakdowns_per_h=20)
    _, faults, _ = disturbed(plan, 1)
    assert all(faults.values()), faults


def test_suspicious_containers_are_set_down_where_they_stand():
    yards = tuple(
        msgspec.structs.replace(
            yard, booths=msgspec.structs.replace(yard.booths, suspicious_share=0.5)
        )
        for yard in DEMO.yards
    )
    result = simulate(msgspec.structs.replace(DEMO, yards=yards), DAY, 12.0, 240, seed=2)
    assert result.checker == CLEAN
    assert result.orders.open == 0
    assert result.orders.failed > 10
    assert result.orders.done > 10
