"""The fleet manager: orders from acceptance to their end, and what may go wrong on the way."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.effects import Effect, Emit
from actors.fleet.audit import LOST_NS, SILENT_NS
from actors.fleet.orders import OVERTAKEN_NS_MAX
from actors.fleet_manager import FleetManager
from actors.messages import (
    AbandonStep,
    AgvReport,
    CancelOrder,
    ExtendGrant,
    LaneOrder,
    LaneTruth,
    Message,
    OrderAnswer,
    OrderChanged,
    OrderRequest,
    PutOrder,
    QueryLane,
    QueryReport,
    Started,
    StartStep,
    StepPhase,
    TimerFired,
    Visit,
)
from actors.site.bundled import find_site
from actors.site.expand import expand
from actors.site.load import load_site
from actors.site.model import Site
from actors.site.roadmap import Roadmap
from actors.wiring import machines
from tests.drawn import messages
from tests.gate import DAY, DEMO, ROADMAP, S, order, replied, sent, shown


class Fleet:
    """A fleet manager, with AGVs that report what the test makes of them."""

    def __init__(self, site: Site = DEMO, roadmap: Roadmap = ROADMAP) -> None:
        self.roadmap = roadmap
        self.manager = machines(site, roadmap, DAY)["fleet-manager"]
        self.homes: dict[str, str] = self.manager.plan.homes  # type: ignore[attr-defined]
        self.now_ns = 0
        self.steps: dict[str, StartStep] = {}
        self.granted = dict.fromkeys(self.homes, 0)
        self.cleared = dict.fromkeys(self.homes, -1)
        self.battery_pct = dict.fromkeys(self.homes, 80.0)
        self.states: dict[str, list[str]] = {}
        self.reasons: dict[str, str] = {}

    def tell(self, message: Message) -> list[Effect]:
        effects = self.manager.handle(message, self.now_ns)
        for effect in effects:
            if isinstance(effect, Emit) and isinstance(effect.event, OrderChanged):
                changed = effect.event.order
                self.states.setdefault(changed.request.id, []).append(changed.state)
                self.reasons[changed.request.id] = changed.reason
        for step, agv in self.told(effects, StartStep):
            self.steps[agv] = step  # type: ignore[assignment]
        for grant, agv in self.told(effects, ExtendGrant):
            assert isinstance(grant, ExtendGrant)
            self.granted[agv] = grant.visits[-1].seq
            for road in grant.steps:
                if road.step == self.steps[agv].step:
                    self.steps[agv] = replace(self.steps[agv], enter=road.enter, arrive=road.arrive)
        return effects

    def told(self, effects: list[Effect], kind: type[Message]) -> list[tuple[Message, str]]:
        return [
            (e.message, e.to)  # type: ignore[union-attr]
            for e in effects
            if type(getattr(e, "message", None)) is kind and hasattr(e, "to")
        ]

    def report(
        self,
        agv: str,
        phase: StepPhase,
        outcome: str = "",
        visits: tuple[Visit, ...] = (),
        image: str = "",
        no_image: str = "",
    ) -> list[Effect]:
        self.now_ns += 10**6
        number = self.steps[agv].step if agv in self.steps else 0
        return self.tell(
            AgvReport(
                agv, self.now_ns, number, number, phase, outcome, 10**6, self.cleared[agv], -1,
                self.battery_pct[agv], visits, image=image, no_image=no_image,
            )
        )  # fmt: skip

    def start(self) -> "Fleet":
        self.tell(Started())
        for agv, home in self.homes.items():
            edge = self.roadmap.standing_edge(home)
            self.report(agv, "done", visits=(Visit(0, edge.zone, (edge.id,)),))
        return self

    def arrive(self, agv: str) -> StartStep:
        """Drive to the end of the present step, as grants allow."""
        step = self.steps[agv]
        phase: StepPhase = "permitted" if step.action == "cross" else "accepted"
        self.report(agv, phase)
        for _ in range(200):
            self.cleared[agv] = self.granted[agv] - 1
            self.report(agv, phase)
            if self.steps[agv].step != step.step:
                break
            step = self.steps[agv]
            if self.granted[agv] >= step.arrive >= 0:
                break
        return step

    def serve(self, agv: str, outcome: str = "", image: str = "", no_image: str = "") -> StartStep:
        """Do the present step to its end."""
        step = self.arrive(agv)
        if step.action == "cross":  # the step that follows brings the rear out of the lane
            assert self.steps[agv].step > step.step
            return step
        self.report(agv, "serving")
        self.report(agv, "done", outcome, image=image, no_image=no_image)
        return step

    def put(self, request: OrderRequest) -> OrderAnswer:
        answer = replied(self.tell(PutOrder(request)))[0]
        assert isinstance(answer, OrderAnswer)
        return answer

    def cancel(self, order_id: str) -> tuple[OrderAnswer, list[Effect]]:
        effects = self.tell(CancelOrder(order_id))
        answer = replied(effects)[0]
        assert isinstance(answer, OrderAnswer)
        return answer, effects

    def carrier(self) -> str:
        """The one AGV that has a step."""
        (agv,) = self.steps
        return agv


def test_nothing_moves_before_every_agv_has_said_where_it_stands():
    fleet = Fleet()
    asked = fleet.tell(Started())
    assert len(sent(asked, QueryReport)) == len(fleet.homes)
    fleet.put(order(1))
    first = next(iter(fleet.homes))
    edge = ROADMAP.standing_edge(fleet.homes[first])
    fleet.report(first, "done", visits=(Visit(0, edge.zone, (edge.id,)),))
    assert not fleet.steps
    audit = fleet.tell(TimerFired("audit"))
    assert len(sent(audit, QueryReport)) == len(fleet.homes) - 1
    fleet.start()
    assert fleet.steps


def test_an_agv_that_reports_a_zone_of_another_or_none_at_all_is_misplaced_not_placed():
    fleet = Fleet()
    fleet.tell(Started())
    edge = ROADMAP.standing_edge("VN-P01")
    there = (Visit(0, edge.zone, (edge.id,)),)
    fleet.report("AGV-001", "done", visits=there)
    assert shown(fleet.report("AGV-002", "done", visits=there)) == ["misplaced"]
    assert shown(fleet.report("AGV-003", "done", visits=(Visit(0, "moon", ("sea",)),))) == [
        "misplaced"
    ]


@pytest.mark.parametrize("side", ["VN", "CN"])
def test_an_order_goes_from_pick_up_through_scan_and_lane_to_its_end(side: str):
    fleet = Fleet().start()
    assert fleet.put(order(1, side)).outcome == "created"
    agv = fleet.carrier()
    actions = [fleet.serve(agv).action, fleet.serve(agv, "clear").action]
    actions.append(fleet.serve(agv).action)
    actions.append(fleet.serve(agv).action)
    assert actions == ["load", "scan", "cross", "unload"]
    assert fleet.states["T1"] == [
        "queued", "assigned", "to_pickup", "loading", "carrying", "scanning", "crossing",
        "unloading", "done",
    ]  # fmt: skip


def test_an_order_put_twice_is_the_same_and_with_other_contents_a_conflict():
    fleet = Fleet().start()
    assert fleet.put(order(1)).outcome == "created"
    again = fleet.put(order(1))
    assert again.outcome == "same"
    assert again.order is not None
    assert again.order.request == order(1)
    assert fleet.put(order(1, priority=5)).outcome == "conflict"
    assert fleet.states["T1"].count("queued") == 1


def test_a_direction_without_inspection_is_refused():
    answer = Fleet().start().put(OrderRequest("T1", "CSQU3054383", "45G1", "VN", "VN"))
    assert answer.outcome == "refused"
    assert "VN-VN" in answer.reason


def test_orders_wait_by_priority_then_deadline_then_arrival():
    fleet = Fleet()
    for request in (
        order(1),
        order(2, deadline_ns=900),
        order(3, deadline_ns=800),
        order(4, priority=1),
    ):
        fleet.put(request)
    book = fleet.manager.orders  # type: ignore[attr-defined]
    assert [job.request.id for job in book.queued("VN")] == ["T4", "T3", "T2", "T1"]


def test_priority_goes_first_but_overtakes_an_order_for_so_long_only():
    fleet = Fleet()
    for agv in fleet.homes:
        fleet.battery_pct[agv] = 80.0 if agv == "AGV-001" else 15.0
    fleet.put(order(1))
    fleet.now_ns = OVERTAKEN_NS_MAX
    for number in (2, 3, 4):
        fleet.put(order(number, priority=9))
    fleet.start()
    (first,) = [step.order for step in fleet.steps.values() if step.order]
    assert first != "T1"
    fleet.cancel(first)
    fleet.report("AGV-001", "abandoned")
    fleet.serve("AGV-001")
    assert fleet.steps["AGV-001"].order == "T1"


# --- cancelling -------------------------------------------------------------------------------


def test_a_queued_order_is_cancelled_at_once_and_again_with_the_same_answer():
    fleet = Fleet()
    fleet.put(order(1))
    assert fleet.cancel("T1")[0].outcome == "cancelled"
    assert fleet.cancel("T1")[0].outcome == "cancelled"
    assert fleet.cancel("T9")[0].outcome == "unknown"
    fleet.start()
    assert not fleet.steps


def test_an_order_whose_agv_still_crosses_to_fetch_it_is_cancelled_at_once():
    fleet = Fleet().start()
    for number in range(1, 5):  # three AGVs live on this side, so the fourth comes from the other
        fleet.put(order(number))
    (crossing,) = [step for step in fleet.steps.values() if step.action == "cross"]
    answer, effects = fleet.cancel(crossing.order)
    assert answer.outcome == "cancelled"
    assert not sent(effects, AbandonStep)


def on_the_way() -> tuple[Fleet, str]:
    fleet = Fleet().start()
    fleet.put(order(1))
    agv = fleet.carrier()
    fleet.report(agv, "accepted")
    return fleet, agv


def test_an_order_on_the_way_to_its_pick_up_is_cancelled_by_its_agvs_word():
    fleet, agv = on_the_way()
    answer, effects = fleet.cancel("T1")
    assert answer.outcome == "cancelling"
    assert sent(effects, AbandonStep) == [AbandonStep(fleet.steps[agv].step)]
    assert fleet.states["T1"][-1] == "to_pickup"
    assert sent(fleet.report(agv, "accepted"), AbandonStep), "told again while it has not heard"
    fleet.report(agv, "abandoned")
    assert fleet.states["T1"][-1] == "cancelled"
    fleet.arrive(agv)
    fleet.report(agv, "done", "abandoned")
    assert fleet.steps[agv].action == "park", "it goes home empty"


def test_an_order_is_cancelled_though_the_word_abandoned_was_lost():
    fleet, agv = on_the_way()
    fleet.cancel("T1")
    fleet.arrive(agv)
    fleet.report(agv, "done", "abandoned")
    assert fleet.states["T1"][-1] == "cancelled"


def test_an_order_whose_lift_had_begun_goes_on_and_no_later_step_is_abandoned():
    fleet, agv = on_the_way()
    fleet.cancel("T1")
    fleet.arrive(agv)
    fleet.report(agv, "serving")
    assert fleet.cancel("T1")[0].outcome == "too_late"
    fleet.report(agv, "done")
    assert fleet.steps[agv].action == "scan"
    fleet.now_ns += 2 * LOST_NS
    assert not sent(fleet.tell(TimerFired("audit")), AbandonStep)
    assert not sent(fleet.report(agv, "accepted"), AbandonStep)
    assert fleet.states["T1"][-1] == "carrying"


def test_an_agv_restarted_after_a_cancel_is_not_sent_to_lift_the_container():
    fleet, agv = on_the_way()
    fleet.cancel("T1")
    fleet.report(agv, "abandoned")
    number = fleet.steps[agv].step
    del fleet.steps[agv]
    fleet.report(agv, "done")  # a new life: it has accepted nothing
    fleet.now_ns += 2 * LOST_NS
    again = sent(fleet.tell(TimerFired("audit")), StartStep)
    assert [(step.step, step.action) for step in again] == [(number, "park")]


# --- inspection -------------------------------------------------------------------------------


def test_a_suspicious_container_is_set_down_on_its_side_and_the_order_failed_with_the_reason():
    fleet = Fleet().start()
    fleet.put(order(1))
    agv = fleet.carrier()
    fleet.serve(agv)
    fleet.serve(agv, "suspicious")
    step = fleet.serve(agv)
    assert (step.action, ROADMAP.places[step.place].side) == ("unload", "VN")
    assert fleet.states["T1"][-1] == "failed"
    assert "suspicious" in fleet.reasons["T1"]
    assert "VN" in fleet.reasons["T1"]


@pytest.mark.parametrize(("outcome", "ends"), [("clear", "done"), ("suspicious", "failed")])
def test_where_it_is_the_rule_a_container_is_scanned_after_it_has_crossed(outcome: str, ends: str):
    site = load_site(find_site("huu-nghi"), DAY)
    fleet = Fleet(site, expand(site, DAY)).start()
    fleet.put(order(1, "CN"))
    agv = fleet.carrier()
    steps = [fleet.serve(agv), fleet.serve(agv), fleet.serve(agv, outcome), fleet.serve(agv)]
    assert [step.action for step in steps] == ["load", "cross", "scan", "unload"]
    assert fleet.roadmap.places[steps[-1].place].side == "VN"
    assert fleet.states["T1"][-1] == ends


@pytest.mark.parametrize(
    ("hs", "outcome", "image", "ends"),
    [
        ("", "unreviewed", "X-1", "done"),
        ("", "unreviewed", "", "failed"),
        ("", "unreadable", "X-1", "failed"),
        ("854231", "unreviewed", "X-1", "failed"),
        ("854231", "clear", "X-1", "done"),
    ],
)
def test_goods_without_papers_need_an_image_and_those_with_papers_a_clear_one(
    hs: str, outcome: str, image: str, ends: str
):
    fleet = Fleet().start()
    fleet.put(replace(order(1), hs=hs))
    agv = fleet.carrier()
    fleet.serve(agv)
    step = fleet.serve(agv, outcome, image, "" if image else "the disk is full")
    assert (step.size_type, step.hs) == ("45G1", hs), "the scanner is told what is declared"
    while fleet.states["T1"][-1] not in ("done", "failed"):
        fleet.serve(agv)
    assert fleet.states["T1"][-1] == ends
    if not image:
        why = "image unreviewed, the disk is full; set down on side VN"
        assert fleet.reasons["T1"] == why


@pytest.mark.parametrize("outcome", ["", "abandoned", "perhaps"])
def test_no_word_but_clear_is_clearance(outcome: str):
    fleet = Fleet().start()
    fleet.put(order(1))
    agv = fleet.carrier()
    fleet.serve(agv)
    fleet.serve(agv, outcome)
    assert fleet.steps[agv].action == "unload"
    assert ROADMAP.places[fleet.steps[agv].place].side == "VN"


# --- energy -----------------------------------------------------------------------------------


def test_an_agv_with_little_charge_goes_to_a_charger_and_takes_no_order():
    fleet = Fleet()
    for agv in fleet.homes:
        fleet.battery_pct[agv] = 80.0 if agv == "AGV-002" else 25.0
    fleet.start()
    charging = {agv for agv, step in fleet.steps.items() if step.action == "charge"}
    assert len(charging) == 2, "one charger a side"
    fleet.put(order(1))
    assert {agv for agv, step in fleet.steps.items() if step.order} == {"AGV-002"}
    full = sorted(charging)[0]
    fleet.battery_pct[full] = 90.0
    fleet.serve(full)
    assert fleet.steps[full].action in ("park", "load")


def test_a_charger_that_another_took_in_the_same_round_is_not_gone_to():
    fleet = Fleet()
    fleet.start()
    one, other = [agv for agv, home in fleet.homes.items() if ROADMAP.places[home].side == "VN"][:2]
    charger = next(p for p in ROADMAP.places.values() if (p.kind, p.side) == ("charger", "VN"))
    manager = fleet.manager
    assert isinstance(manager, FleetManager)
    assert manager.traffic.go(other, charger.id, 0.0)
    told = manager._dispatch.decide({one: charger}, 0)
    assert one not in {agv for _, agv in fleet.told(told, StartStep)}


@pytest.mark.parametrize(("pct", "takes"), [(25.0, True), (15.0, False)])
def test_while_chargers_are_taken_little_charge_is_enough_for_an_order_down_to_the_reserve(
    pct: float, takes: bool
):
    fleet = Fleet()
    fleet.battery_pct = dict.fromkeys(fleet.homes, pct)
    fleet.start()
    fleet.put(order(1))
    assert [step.action for step in fleet.steps.values()].count("charge") == 2
    assert any(step.order for step in fleet.steps.values()) == takes


@pytest.mark.parametrize(("pct", "action"), [(29.0, "load"), (21.0, "charge"), (15.0, "charge")])
def test_an_order_and_a_charger_compete_for_an_agv_by_its_charge(pct: float, action: str):
    fleet = Fleet().start()
    for number in range(1, 6):
        fleet.put(order(number, "VN" if number % 2 else "CN"))
    (idle,) = set(fleet.homes) - set(fleet.steps)
    fleet.battery_pct[idle] = pct
    fleet.report(idle, "done")
    side = fleet.roadmap.places[fleet.homes[idle]].side
    fleet.put(order(6, side, priority=1))
    assert fleet.steps[idle].action == action


# --- what may have been lost --------------------------------------------------------------------


def test_a_step_that_was_not_accepted_is_sent_again_and_its_agv_asked():
    fleet = Fleet().start()
    fleet.put(order(1))
    agv = fleet.carrier()
    fleet.now_ns += LOST_NS
    again = fleet.tell(TimerFired("audit"))
    assert sent(again, StartStep) == [fleet.steps[agv]]
    assert fleet.told(again, QueryReport) == [(QueryReport(), agv)]
    assert not sent(fleet.tell(TimerFired("audit")), StartStep), "not before time has passed"


def test_a_grant_that_was_not_taken_is_sent_again_whole():
    fleet = Fleet()
    fleet.tell(Started())
    for agv, home in fleet.homes.items():
        edge = ROADMAP.standing_edge(home)
        at_home = (Visit(0, edge.zone, (edge.id,)),)
        fleet.tell(AgvReport(agv, 0, 0, 0, "done", "", 0, -1, 0, 80.0, at_home))
    first = sent(fleet.tell(PutOrder(order(1))), ExtendGrant)[0]
    fleet.now_ns += LOST_NS
    again = sent(fleet.tell(TimerFired("audit")), ExtendGrant)[0]
    assert again.grant == first.grant
    assert again.visits[-len(first.visits) :] == first.visits


def test_an_agv_at_work_that_is_silent_is_asked_and_one_at_rest_is_left_alone():
    fleet = Fleet().start()
    fleet.put(order(1))
    agv = fleet.carrier()
    fleet.report(agv, "accepted")
    fleet.now_ns += SILENT_NS + S
    asked = fleet.told(fleet.tell(TimerFired("audit")), QueryReport)
    assert asked == [(QueryReport(), agv)]


def test_an_older_report_changes_nothing():
    fleet, agv = on_the_way()
    stale = AgvReport(agv, 0, 99, fleet.steps[agv].step, "done", "", 0, -1, 0, 5.0)
    assert fleet.tell(stale) == []
    assert fleet.states["T1"][-1] == "to_pickup"


def test_a_lane_is_told_who_is_in_it_or_has_road_into_it():
    fleet = Fleet().start()
    fleet.put(order(1))
    agv = fleet.carrier()
    fleet.serve(agv)
    fleet.serve(agv, "clear")
    cross = fleet.steps[agv]
    asked = QueryLane(cross.station, 7)
    as_built = LaneOrder(0, "open", "VN")
    it = (cross.step, agv)
    truth = LaneTruth(cross.station, 7, as_built, "VN", occupants=(), asking=(it,))
    assert sent(fleet.tell(asked), LaneTruth) == [truth]
    fleet.report(agv, "permitted")
    truth = LaneTruth(cross.station, 7, as_built, "VN", occupants=(it,), asking=())
    assert sent(fleet.tell(asked), LaneTruth) == [truth]


# --- AGVs that say anything -----------------------------------------------------------------------

PHASES: tuple[StepPhase, ...] = (
    "accepted", "permitted", "refused", "abandoned", "serving", "done",
)  # fmt: skip
reports = st.tuples(
    st.integers(0, 5),
    st.sampled_from(PHASES),
    st.sampled_from(("", "clear", "suspicious", "abandoned")),
    st.sampled_from((-1, 0, 2, 100)),
    st.sampled_from((5.0, 80.0)),
)
calls = st.one_of(
    st.builds(PutOrder, st.builds(order, st.integers(1, 9), st.sampled_from(("VN", "CN")))),
    st.builds(CancelOrder, st.integers(1, 9).map(lambda number: f"T{number}")),
    st.builds(TimerFired, st.just("audit")),
    messages,
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(reports, reports, calls), min_size=40, max_size=120))
def test_whatever_agvs_say_no_zone_is_granted_twice_and_no_order_is_lost(
    said: list[Message | tuple[int, StepPhase, str, int, float]],
):
    fleet = Fleet().start()
    names = list(fleet.homes)
    put: set[str] = set()
    for item in said:
        fleet.now_ns += 7 * S
        if isinstance(item, tuple):
            who, phase, outcome, ahead, pct = item
            agv = names[who]
            fleet.cleared[agv] = max(fleet.cleared[agv], fleet.granted[agv] - 1 + min(ahead, 0))
            if ahead == 100:  # a lie: more than it was ever granted
                fleet.cleared[agv] += ahead
            fleet.battery_pct[agv] = pct
            fleet.report(agv, phase, outcome)
            fleet.cleared[agv] = min(fleet.cleared[agv], fleet.granted[agv] - 1)
        else:
            answers = replied(fleet.tell(item))
            created = [isinstance(a, OrderAnswer) and a.outcome == "created" for a in answers]
            if isinstance(item, PutOrder) and any(created):
                put.add(item.request.id)
        holders: dict[str, str] = {}
        traffic = fleet.manager.traffic  # type: ignore[attr-defined]
        for agv in names:
            for visit in traffic.granted(agv):
                assert holders.setdefault(visit.zone, agv) == agv
    for order_id in put:
        history = fleet.states[order_id]
        assert history[0] == "queued"
        begun = history[history.index("loading") :] if "loading" in history else []
        assert len(set(begun)) == len(begun)
        assert not set(history[:-1]) & {"done", "failed", "cancelled"}
