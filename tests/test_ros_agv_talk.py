"""What an AGV says over ROS and what the gate makes of it; and the other way round."""

import contextlib
import math

import msgspec
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from actors.messages import (
    AgvState,
    Charged,
    ConfirmLoad,
    ExtendGrant,
    FaultChanged,
    GrantAccepted,
    LoadConfirmed,
    QueryState,
    RearClear,
    SetPosition,
    StartCharge,
    Stood,
    Visit,
)
from actors.safety import LimitSpeed
from robotics.ros import wire
from robotics.ros.agv_talk import AgvTalk
from robotics.ros.refusal import RefusedError
from robotics.ros.road_file import EdgeShape, RoadFile, write_roads
from robotics.ros.talk import Call, Goal, Publish, Remark
from tests.gate import ROADMAP, S
from tests.ros_drawn import (
    BOUNDS,
    NOW,
    agv_state,
    damaged,
    header,
    json_values,
    level,
    of_kind,
    raw,
)

EDGES = {name: EdgeShape.of(edge) for name, edge in ROADMAP.edges.items()}
NAMES = sorted(EDGES)


def agv_talk() -> AgvTalk:
    return AgvTalk("AGV-001", EDGES, BOUNDS, 2 * S, 2.0)


def given(number: int, end_seq: int) -> AgvTalk:
    """The talk of an AGV that has been given a grant up to a visit."""
    talk = agv_talk()
    edge = NAMES[0]
    talk.tell(ExtendGrant(number, (Visit(end_seq, EDGES[edge].zone, (edge,)),)), NOW)
    return talk


def heard(*states: wire.AgvState) -> list[object]:
    """What the machine hears of samples, each taken at its own stamp."""
    talk = given(2, 4)
    told: list[object] = []
    for state in states:
        told += talk.take("state", raw(state), state.header.stamp.ns) or []
    return told


def refusal(talk: AgvTalk, state: object, now_ns: int = NOW) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        talk.take("state", raw(state), now_ns)
    return caught.value


# --- commands -----------------------------------------------------------------------------------


@drawn(
    st.integers(1, 2**40),
    st.integers(0, 2**40),
    st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3), min_size=1, max_size=4),
)
def test_a_grant_says_every_visit_with_its_geometry_and_ends_its_own_life(number, first, roads):
    visits = tuple(
        Visit(first + i, EDGES[edges[0]].zone, tuple(edges)) for i, edges in enumerate(roads)
    )
    [said] = agv_talk().tell(ExtendGrant(number, visits), NOW)
    assert isinstance(said, Publish)
    grant = wire.read(raw(said.body), wire.Grant, "grant")
    assert (grant.number, grant.header) == (number, header())
    assert grant.deadline.ns == NOW + 2 * S
    assert [Visit(v.seq, v.zone, tuple(e.id for e in v.edges)) for v in grant.visits] == [*visits]
    for visit in grant.visits:
        for edge in visit.edges:
            shape = EDGES[edge.id]
            assert [(p.x, p.y) for p in edge.points] == [*shape.points]
            assert (edge.length, edge.speed_limit) == (shape.length_m, shape.speed_mps)


def test_a_load_is_confirmed_by_its_service_and_only_if_the_robot_agrees():
    talk = agv_talk()
    [call] = talk.tell(ConfirmLoad(7, "CSQU3054383"), NOW)
    assert isinstance(call, Call)
    assert call.body["step"] == 7
    assert call.body["container"] == "CSQU3054383"
    assert call.answer(raw({"accepted": True, "reason": ""}), NOW) == [LoadConfirmed("AGV-001", 7)]
    assert call.answer(raw({"accepted": False, "reason": "moves"}), NOW) == []
    assert talk.counts()["calls refused by the AGV"] == 1


def test_a_charge_is_a_goal_in_shares_and_comes_back_in_percent():
    [goal] = agv_talk().tell(StartCharge(9, 90.0), NOW)
    assert isinstance(goal, Goal)
    assert goal.body["until"] == pytest.approx(0.9)
    answer = raw({"step": 9, "battery": 0.8999999761581421})
    assert goal.answer(answer, NOW) == [Charged("AGV-001", 9, 90.0)]


def test_after_a_tow_the_robot_is_asked_where_it_is_whatever_it_answers():
    talk = agv_talk()
    talk.take("state", raw(agv_state()), NOW)
    [call] = talk.tell(SetPosition(Visit(3, EDGES[NAMES[0]].zone, (NAMES[0],))), NOW)
    assert isinstance(call, Call)
    [asked] = call.answer(raw({"accepted": False, "reason": "moves"}), NOW)
    assert isinstance(asked, Call)
    assert asked.service == "get_road"
    far = wire.Pose(wire.Point(500.0, 0.0), level(0.0))
    assert talk.take("state", raw(agv_state(NOW + S // 10, pose=far)), NOW + S // 10) == []


def test_every_heartbeat_carries_the_newest_limit_however_the_link_fares():
    def said(talk: AgvTalk) -> object:
        [beat] = talk.beat(NOW)
        assert isinstance(beat, Publish)
        return beat.body["limit"]

    talk = agv_talk()
    assert said(talk) == {"number": 0, "limited": False, "speed": 0.0, "reason": ""}
    talk.limit(LimitSpeed(7, 2.0, "wind"))
    talk.limit(LimitSpeed(6, 0.0, "smoke"))
    talk.forget()
    assert said(talk) == {"number": 7, "limited": True, "speed": 2.0, "reason": "wind"}
    talk.limit(LimitSpeed(8, 0.0, "smoke"))
    assert said(talk) == {"number": 8, "limited": True, "speed": 0.0, "reason": "smoke"}


def test_a_robot_that_a_person_drives_is_asked_but_not_commanded():
    talk = agv_talk()
    talk.take("state", raw(agv_state(mode=1)), NOW)
    assert talk.tell(StartCharge(9, 90.0), NOW) == []
    assert len(talk.tell(QueryState(), NOW)) == 1


# --- samples ------------------------------------------------------------------------------------


def test_what_changes_between_samples_is_told_and_nothing_else():
    driving = {"end_seq": 4, "stood_seq": -1, "grant": 2}
    assert heard(
        agv_state(NOW),
        agv_state(NOW + 1, **driving),
        agv_state(NOW + 2, **driving, cleared_seq=1),
        agv_state(NOW + 3, **driving, cleared_seq=1),
        agv_state(NOW + 4, grant=2, end_seq=4, cleared_seq=3, stood_seq=4, fault="tyre"),
        agv_state(NOW + 5, grant=2, end_seq=4, cleared_seq=3, stood_seq=4),
    ) == [
        RearClear("AGV-001", 1),
        FaultChanged("tyre"),
        RearClear("AGV-001", 3),
        Stood("AGV-001", 4, 75.0),
        FaultChanged(""),
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"safety_state": 1}, "PROTECTIVE_STOP"),
        ({"safety_state": 2}, "EMERGENCY_STOP"),
        ({"mode": 1}, "MANUAL"),
        ({"mode": 2, "fault": "tyre"}, "MAINTENANCE, tyre"),
    ],
)
def test_a_stop_that_is_no_fault_is_one_to_the_gate_while_it_lasts(change, fault):
    samples = agv_state(NOW), agv_state(NOW + 1, **change), agv_state(NOW + 2)
    assert heard(*samples) == [FaultChanged(fault), FaultChanged("")]


def test_a_sample_shows_the_agv_in_the_units_of_the_data_plane():
    talk = agv_talk()
    talk.take("state", raw(agv_state(container="CSQU3054383")), NOW)
    frame = talk.frame(NOW)
    assert frame is not None
    [vehicle] = frame.vehicles
    assert (vehicle.x_m, vehicle.y_m, vehicle.heading_rad) == (3.0, 4.0, 0.5)
    assert (vehicle.battery_pct, vehicle.container) == (75.0, "CSQU3054383")


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("frame", {"header": header(frame="odom")}),
        ("stamp", {"header": header(NOW + 6 * S // 10)}),
        ("pose", {"pose": wire.Pose(wire.Point(0, 0), wire.Quaternion(0, 0, 0, 0))}),
        ("pose", {"pose": wire.Pose(wire.Point(0, 0), wire.Quaternion(1, 0, 0, 0))}),
        ("range", {"twist": wire.Twist(wire.Vector3(10.1, 0, 0), wire.Vector3(0, 0, 0))}),
        ("range", {"twist": wire.Twist(wire.Vector3(-1, 0, 0), wire.Vector3(0, 0, 0))}),
        ("seq", {"cleared_seq": 1}),
        ("seq", {"stood_seq": 1}),
        ("form", {"battery": 1.01}),
        ("form", {"pose": wire.Pose(wire.Point(math.nan, 0), level(0))}),
        ("form", {"mode": 3}),
        ("form", {"end_seq": -2}),
        ("form", {"container": "C" * 65}),
    ],
)
def test_what_cannot_be_true_is_refused_by_kind(kind, change):
    error = refusal(agv_talk(), agv_state(**change))
    assert error.refusal.kind == kind
    assert error.refusal.where.startswith("state")


@pytest.mark.parametrize("field", ["grant", "end_seq", "load_step"])
def test_a_number_that_falls_is_refused(field):
    talk = agv_talk()
    talk.take("state", raw(agv_state(NOW, **{field: 5}, stood_seq=-1)), NOW)
    error = refusal(talk, agv_state(NOW + 1, **{field: 4}, stood_seq=-1))
    assert error.refusal.kind == "seq"
    assert "at least 5" in str(error)


def test_nobody_is_further_than_he_can_have_driven():
    talk = agv_talk()
    talk.take("state", raw(agv_state()), NOW)
    later = NOW + S // 10
    near = wire.Pose(wire.Point(4.9, 4.0), level(0.5))
    assert talk.take("state", raw(agv_state(later, pose=near)), later) == []
    far = wire.Pose(wire.Point(7.0, 4.0), level(0.5))
    error = refusal(talk, agv_state(later + S // 10, pose=far), later + S // 10)
    assert error.refusal.kind == "jump"


def test_a_late_sample_says_nothing_and_is_no_sign_of_life():
    talk = agv_talk()
    assert talk.take("state", raw(agv_state(NOW - S)), NOW) is None
    assert talk.take("state", raw(agv_state(NOW)), NOW) == []
    assert talk.take("state", raw(agv_state(NOW - 1)), NOW) is None
    assert talk.counts()["late samples"] == 2


# --- what is true -------------------------------------------------------------------------------


def road(state: wire.AgvState, *held: wire.HeldVisit) -> wire.Road:
    return wire.Road(state, held)


def held(seq: int, edge: str = NAMES[0]) -> wire.HeldVisit:
    return wire.HeldVisit(seq, EDGES[edge].zone, (edge,))


def asked(talk: AgvTalk, answer: wire.Road, now_ns: int = NOW) -> list[object]:
    [call] = talk.tell(QueryState(), now_ns)
    assert isinstance(call, Call)
    return [*call.answer(raw(answer), now_ns)]


@drawn(st.integers(0, 2**40), st.lists(st.sampled_from(NAMES), min_size=1, max_size=5))
def test_the_road_held_comes_back_as_the_robot_says(first, names):
    visits = tuple(held(first + i, name) for i, name in enumerate(names))
    last = visits[-1].seq
    state = agv_state(
        grant=3, end_seq=last, cleared_seq=first - 1, stood_seq=last, load_step=8, limit=6
    )
    [truth] = asked(agv_talk(), road(state, *visits))
    assert truth == AgvState(
        agv="AGV-001",
        grant=3,
        visits=tuple(Visit(v.seq, v.zone, v.edges) for v in visits),
        cleared=first - 1,
        stood=last,
        battery_pct=75.0,
        container="",
        step_loaded=8,
        limit=6,
    )


def test_an_answer_older_than_a_sample_does_not_undo_what_the_sample_said():
    talk = agv_talk()
    driving = {"end_seq": 2, "grant": 1}
    talk.take("state", raw(agv_state(NOW, **driving, stood_seq=-1)), NOW)
    arrived = agv_state(NOW + 2, **driving, cleared_seq=1, stood_seq=2)
    talk.take("state", raw(arrived), NOW + 2)
    answer = road(agv_state(NOW + 1, **driving, stood_seq=-1), held(0), held(1), held(2))
    truth, *news = asked(talk, answer, NOW + 2)
    assert isinstance(truth, AgvState)
    assert truth.stood == -1
    assert news == [RearClear("AGV-001", 1), Stood("AGV-001", 2, 75.0)]


@pytest.mark.parametrize(
    ("kind", "visits"),
    [
        ("seq", [held(0), held(2)]),
        ("seq", [held(-1), held(0)]),
        ("seq", [held(0), held(1), held(2)]),
        ("name", [held(0), wire.HeldVisit(1, "VN", ("nowhere",))]),
        ("name", [held(0), wire.HeldVisit(1, "nowhere", (NAMES[0],))]),
    ],
)
def test_a_road_that_cannot_be_is_refused(kind, visits):
    with pytest.raises(RefusedError) as caught:
        asked(agv_talk(), road(agv_state(end_seq=1, stood_seq=1), *visits))
    assert caught.value.refusal.kind == kind


def test_answers_to_grants_are_told_or_counted():
    talk = given(4, 9)
    ack = wire.GrantAck(header(), 4, 0, 4, 9, "")
    assert talk.take("grant_ack", raw(ack), NOW) == [GrantAccepted("AGV-001", 4, 9)]
    for result in (1, 2, 3):
        refused = wire.GrantAck(header(), 5, result, 4, 9, "why")
        [told] = talk.take("grant_ack", raw(refused), NOW) or []
        assert told == Remark(f"grant 5: {wire.GRANT_RESULTS[result]}: why")
    assert {name for name in talk.counts() if name.startswith("grant")} == {
        "grant late", "grant no_join", "grant invalid",
    }  # fmt: skip


@pytest.mark.parametrize(("grant", "end_seq"), [(5, 9), (4, 10)])
def test_nothing_is_taken_that_was_not_given(grant: int, end_seq: int):
    talk = given(4, 9)
    with pytest.raises(RefusedError, match="as given"):
        talk.take("grant_ack", raw(wire.GrantAck(header(), 5, 0, grant, end_seq, "")), NOW)
    talk.take("state", raw(agv_state(NOW)), NOW)
    later = agv_state(NOW + 1, grant=grant, end_seq=end_seq, stood_seq=-1)
    assert refusal(talk, later, NOW + 1).refusal.kind == "seq"


# --- anything at all ----------------------------------------------------------------------------


@drawn(of_kind(wire.AgvState), of_kind(wire.AgvState))
def test_any_two_samples_in_range_are_taken_or_refused(first, second):
    talk = agv_talk()
    for state in (first, second):
        with contextlib.suppress(RefusedError):
            talk.take("state", raw(state), state.header.stamp.ns)


@drawn(st.one_of(damaged(agv_state()), json_values.map(msgspec.json.encode), st.binary()))
def test_garbage_for_a_sample_is_taken_or_refused_and_nothing_else(data):
    talk = agv_talk()
    with contextlib.suppress(RefusedError):
        talk.take("state", msgspec.Raw(data), NOW)


@drawn(st.one_of(damaged(road(agv_state(), held(0))), json_values.map(msgspec.json.encode)))
def test_garbage_for_an_answer_is_taken_or_refused_and_nothing_else(data):
    talk = agv_talk()
    commands = (
        QueryState(),
        ConfirmLoad(1, ""),
        StartCharge(1, 9.0),
        SetPosition(Visit(1, "", (NAMES[0],))),
    )
    for command in commands:
        [said] = talk.tell(command, NOW)
        assert isinstance(said, Call | Goal)
        with contextlib.suppress(RefusedError):
            said.answer(msgspec.Raw(data), NOW)


def test_too_deep_a_nesting_is_refused():
    with pytest.raises(RefusedError):
        agv_talk().take("state", msgspec.Raw(b'{"header":' + b"[" * 100_000 + b"]" * 100_000), NOW)


def test_the_road_file_gives_back_the_roadmap(tmp_path):
    write_roads(ROADMAP, tmp_path / "roads")
    assert dict(RoadFile(str(tmp_path / "roads"))) == EDGES
