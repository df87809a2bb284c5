"""An AGV that speaks standard messages only: what the gate makes of its poses."""

import math
from pathlib import Path

import pytest

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
from actors.site.model import RobotsSection
from robotics.road_tracker import Body
from robotics.ros import wire
from robotics.ros.account_file import AccountFile
from robotics.ros.follow_path import FAILURES_MAX, UNHEARD_BEATS
from robotics.ros.refusal import RefusedError
from robotics.ros.road_file import EdgeShape
from robotics.ros.standard_talk import StandardTalk
from robotics.ros.talk import Call, Goal, Publish, Remark
from tests.gate import S
from tests.ros_drawn import BOUNDS, NOW, header, level, raw

EDGES = {
    f"e{i}": EdgeShape(f"z{i}", ((i * 20.0, 0.0), (i * 20.0 + 20.0, 0.0)), 20.0, 5.0)
    for i in range(4)
}
ROAD = tuple(Visit(i, f"z{i}", (f"e{i}",)) for i in range(4))
STEP_M = 0.8


class Robot:
    """Says poses ten times a second, and keeps what the machine hears."""

    robots = RobotsSection(profile="standard")

    def __init__(self, file: Path = Path("/nowhere/account")) -> None:
        self._file = file
        self.now_ns, self.x_m = NOW, 20.0
        self.start_gate()

    def start_gate(self) -> None:
        """The gate's process, anew."""
        robots, kept = self.robots, AccountFile(self._file)
        self.talk = StandardTalk("AGV-001", robots, EDGES, ("e0",), Body(10.0, 2.0), BOUNDS, kept)
        self.talk.take("battery_state", raw({"percentage": 0.5}), self.now_ns)

    def say(self, y_m: float = 0.0, speed: float = 0.0, frame: str = "map") -> list[object]:
        self.now_ns += S // 10
        pose = wire.Pose(wire.Point(self.x_m, y_m), level(0.0))
        twist = wire.Twist(wire.Vector3(speed, 0.0, 0.0), wire.Vector3(0.0, 0.0, 0.0))
        said = {
            "header": header(self.now_ns, frame), "pose": {"pose": pose}, "twist": {"twist": twist},
        }  # fmt: skip
        return [*(self.talk.take("odom", raw(said), self.now_ns) or [])]

    def drive(self, to_m: float) -> list[object]:
        """Up to a place, and rest there."""
        told: list[object] = []
        while self.x_m < to_m:
            self.x_m = min(self.x_m + STEP_M, to_m)
            told += self.say(speed=8.0)
        return told + self.say()

    def path(self) -> list[tuple[float, float]]:
        """The road that the gate tells it to drive."""
        [said] = self.talk.beat(self.now_ns)
        assert isinstance(said, Publish)
        points = [pose["pose"]["position"] for pose in said.body["poses"]]
        return [(point["x"], point["y"]) for point in points]


def placed(file: Path = Path("/nowhere/account")) -> Robot:
    """A robot that has been found to stand in its place, and the machine knows."""
    robot = Robot(file)
    robot.say()
    robot.talk.tell(QueryState(), NOW)
    assert any(isinstance(told, AgvState) for told in robot.say())
    return robot


def test_a_robot_at_rest_in_a_place_stands_there_and_may_drive_nowhere():
    robot = Robot()
    robot.say()
    robot.talk.tell(QueryState(), NOW)
    [truth] = robot.say()
    assert isinstance(truth, AgvState)
    assert (truth.visits, truth.stood, truth.cleared) == (ROAD[:1], 0, -1)
    assert robot.path() == []


def test_a_robot_that_rests_in_no_place_is_not_known_and_takes_no_grant():
    robot = Robot()
    robot.x_m = 30.0
    robot.talk.tell(QueryState(), NOW)
    [why] = robot.say()
    assert isinstance(why, Remark)
    assert why.text.startswith("not known: it rests in no place of the site")
    assert robot.say() == []
    [refusal] = robot.talk.tell(ExtendGrant(1, ROAD[1:]), NOW)
    assert isinstance(refusal, Remark)
    assert refusal.text.startswith("grant 1: no_join: it rests in no place")
    assert robot.talk.counts()["grant no_join"] == 1


def test_a_grant_is_a_path_and_driven_to_its_end_clearing_what_is_behind():
    robot = placed()
    assert len(robot.talk.tell(ExtendGrant(3, ROAD[1:]), NOW)) == 1
    assert robot.path()[0] == (20.0, 0.0)
    assert robot.path()[-1] == (80.0, 0.0)
    told = robot.drive(80.0)
    assert told[0] == GrantAccepted("AGV-001", 3, 3)
    clear = [item for item in told if isinstance(item, RearClear)]
    assert clear == [RearClear("AGV-001", seq) for seq in (0, 1, 2)]
    assert told[-1] == Stood("AGV-001", 3, 50.0)
    assert robot.path() == []


def test_a_rear_is_clear_only_when_length_and_clearance_are_beyond():
    robot = placed()
    robot.talk.tell(ExtendGrant(1, ROAD[1:]), NOW)
    assert RearClear("AGV-001", 0) not in robot.drive(31.9)
    assert RearClear("AGV-001", 0) in robot.drive(32.1)


def test_who_leaves_his_road_has_no_path_until_he_is_well_back_on_it():
    robot = placed()
    robot.talk.tell(ExtendGrant(1, ROAD[1:]), NOW)
    robot.drive(25.0)
    assert any(isinstance(told, FaultChanged) and told.fault for told in robot.say(y_m=0.5))
    assert robot.path() == []
    robot.say(y_m=0.3)
    assert robot.path() == []
    assert FaultChanged("") in robot.say(y_m=0.1)
    assert robot.path()[-1] == (80.0, 0.0)


def test_who_runs_past_the_end_of_his_road_is_off_it():
    robot = placed()
    robot.talk.tell(ExtendGrant(1, ROAD[1:2]), NOW)
    told = robot.drive(40.6)
    assert any(isinstance(item, FaultChanged) and item.fault for item in told)


@pytest.mark.parametrize(("frame", "x_m"), [("odom", 20.0), ("map", math.nan), ("map", 40.0)])
def test_poses_that_cannot_be_true_are_refused_and_change_nothing(frame: str, x_m: float):
    robot = placed()
    robot.talk.tell(ExtendGrant(1, ROAD[1:]), NOW)
    before = robot.path()
    robot.x_m = x_m
    with pytest.raises(RefusedError):
        robot.say(frame=frame)
    assert robot.path() == before


def test_after_a_loss_the_road_is_as_before_and_the_robot_found_further_on_it():
    robot = placed()
    robot.talk.tell(ExtendGrant(1, ROAD[1:]), NOW)
    robot.drive(25.0)
    robot.talk.forget()
    robot.x_m = 55.0
    robot.talk.tell(QueryState(), NOW)
    [truth] = [told for told in robot.say() if isinstance(told, AgvState)]
    assert (truth.grant, truth.cleared, truth.visits) == (1, 1, ROAD[2:])


@pytest.mark.parametrize("to_m", [25.0, 55.0, 80.0])
def test_a_gate_process_that_is_restarted_knows_the_road_again(tmp_path: Path, to_m: float):
    robot = placed(tmp_path / "account")
    robot.talk.tell(ExtendGrant(3, ROAD[1:]), NOW)
    [call] = robot.talk.tell(ConfirmLoad(7, "CSQU3054383"), NOW)
    assert isinstance(call, Call)
    call.answer(raw({"success": True, "message": ""}), NOW)
    robot.drive(25.0)
    robot.x_m = to_m  # it drives on while the process is away
    robot.start_gate()
    robot.talk.tell(QueryState(), robot.now_ns)
    [truth] = [told for told in robot.say() if isinstance(told, AgvState)]
    assert (truth.grant, truth.container, truth.step_loaded) == (3, "CSQU3054383", 7)
    assert truth.visits[-1] == ROAD[3]
    assert truth.cleared == {25.0: -1, 55.0: 1, 80.0: 2}[to_m]
    assert truth.stood == (3 if to_m == 80.0 else -1)
    assert robot.path()[-1:] == ([(80.0, 0.0)] if to_m < 80.0 else [])


def test_a_restarted_gate_process_gives_no_road_to_who_is_not_on_his(tmp_path: Path):
    robot = placed(tmp_path / "account")
    robot.talk.tell(ExtendGrant(1, ROAD[1:]), NOW)
    robot.drive(25.0)
    robot.start_gate()
    robot.talk.tell(QueryState(), robot.now_ns)
    [truth] = [told for told in robot.say(y_m=3.0) if isinstance(told, AgvState)]
    assert truth.fault.startswith("3.00 m off its road")
    assert robot.path() == []


def test_an_account_that_is_damaged_is_none(tmp_path: Path):
    robot = placed(tmp_path / "account")
    robot.talk.tell(ExtendGrant(1, ROAD[1:]), NOW)
    robot.drive(25.0)
    (tmp_path / "account").write_bytes(b'{"visits": [')
    robot.start_gate()
    robot.talk.tell(QueryState(), robot.now_ns)
    assert not any(isinstance(told, AgvState) for told in robot.say())
    assert robot.path() == []


def test_a_robot_stands_where_it_was_set_down_only_if_it_rests_there():
    robot = placed()
    robot.talk.tell(SetPosition(Visit(7, "z2", ("e2",))), NOW)
    robot.say()
    robot.talk.forget()
    robot.x_m = 60.0
    robot.say()
    robot.talk.tell(SetPosition(Visit(7, "z2", ("e2",))), NOW)
    robot.say()
    [truth] = [told for told in robot.say() if isinstance(told, AgvState)]
    assert (truth.visits, truth.stood, truth.fault) == ((Visit(7, "z2", ("e2",)),), 7, "")


def test_the_first_grant_tells_who_was_found_in_a_place_his_number():
    robot = placed()
    renumbered = tuple(Visit(visit.seq + 40, visit.zone, visit.edges) for visit in ROAD[1:])
    robot.talk.tell(ExtendGrant(9, renumbered), NOW)
    assert robot.drive(80.0)[-1] == Stood("AGV-001", 43, 50.0)


def test_an_error_of_a_component_is_a_fault_while_it_lasts():
    robot = placed()
    robot.talk.tell(ExtendGrant(1, ROAD[1:]), NOW)
    for level_, fault in ((2, "drive: hot"), (0, "")):
        status = {"level": level_, "name": "drive", "message": "drive: hot"}
        [path] = robot.talk.take("diagnostics", raw({"status": [status]}), robot.now_ns) or []
        assert isinstance(path, Publish)
        assert (not path.body["poses"]) == bool(fault)
        assert FaultChanged(fault) in robot.say()


@pytest.mark.parametrize("error", [2, [2], "\x02", "Ag=="])
@pytest.mark.parametrize("well", [0, [0], "\x00", "AA=="])
def test_a_level_may_be_written_as_any_rosbridge_writes_a_byte(error: object, well: object):
    robot = placed()
    robot.talk.tell(ExtendGrant(1, ROAD[1:]), NOW)
    for level_, stopped in ((error, True), (well, False)):
        status = {"level": level_, "name": "drive", "message": "hot"}
        robot.talk.take("diagnostics", raw({"status": [status]}), robot.now_ns)
        assert (not robot.path()) == stopped


@pytest.mark.parametrize("level_", [4, -1, [], [2, 2], "", "2", "\x02\n", "Ag", "BA==", None, 2.5])
def test_a_level_that_is_none_is_refused(level_: object):
    status = {"level": level_, "name": "drive", "message": "hot"}
    with pytest.raises(RefusedError, match="level"):
        placed().talk.take("diagnostics", raw({"status": [status]}), NOW)


def test_one_that_is_held_has_no_path_until_a_later_word_and_after_a_restart_neither(
    tmp_path: Path,
):
    robot = placed(tmp_path / "account")
    robot.talk.tell(ExtendGrant(1, ROAD[1:]), NOW)
    robot.talk.limit(LimitSpeed(5, 0.0, "smoke"))
    assert robot.path() == []
    assert FaultChanged("held: smoke") in robot.say()
    robot.talk.limit(LimitSpeed(4, None))
    robot.start_gate()
    robot.talk.tell(QueryState(), NOW)
    [truth] = robot.say()
    assert isinstance(truth, AgvState)
    assert (truth.fault, truth.limit) == ("held: smoke", 5)
    assert robot.path() == []
    robot.talk.limit(LimitSpeed(6, None))
    assert FaultChanged("") in robot.say()
    assert robot.path()[-1] == (80.0, 0.0)


def test_a_speed_limit_is_counted_for_it_cannot_be_said_with_a_path():
    robot = placed()
    robot.talk.tell(ExtendGrant(1, ROAD[1:]), NOW)
    robot.talk.limit(LimitSpeed(5, 2.0, "wind"))
    assert robot.path()[-1] == (80.0, 0.0)
    assert robot.talk.counts()["speed limits not carried"] == 1


# --- with Nav2 ----------------------------------------------------------------------------------


class Nav2Robot(Robot):
    """Driven by goals; what the gate asks of its action is kept."""

    robots = RobotsSection(profile="nav2", controller_id="front")

    def asked(self) -> Goal | Call | None:
        """What the next heartbeat asks of its action, if anything."""
        said, *asked = self.talk.beat(self.now_ns)
        assert isinstance(said, Publish)
        assert len(asked) <= 1
        for item in asked:
            assert isinstance(item, Goal | Call)
            return item
        return None


def nav2_on_its_way(file: Path = Path("/nowhere/account")) -> tuple[Nav2Robot, Goal]:
    robot = Nav2Robot(file)
    robot.say()
    robot.talk.tell(QueryState(), NOW)
    robot.say()
    said, goal = robot.talk.tell(ExtendGrant(1, ROAD[1:3]), NOW)
    assert isinstance(said, Publish)
    assert isinstance(goal, Goal)
    return robot, goal


def test_each_growth_of_the_road_is_a_goal_that_preempts_the_one_before():
    robot, goal = nav2_on_its_way()
    assert (goal.action, goal.type) == ("follow_path", "nav2_msgs/action/FollowPath")
    assert goal.body["controller_id"] == "front"
    assert goal.body["path"]["poses"][-1]["pose"]["position"]["x"] == 60.0
    assert robot.asked() is None
    _, grown = robot.talk.tell(ExtendGrant(2, ROAD[3:]), NOW)
    assert isinstance(grown, Goal)
    assert grown.preempts
    assert grown.body["path"]["poses"][-1]["pose"]["position"]["x"] == 80.0


def test_while_it_may_not_drive_all_goals_are_cancelled_until_there_are_none():
    robot, _ = nav2_on_its_way()
    robot.talk.limit(LimitSpeed(5, 0.0, "smoke"))
    for return_code in (1, 0):
        cancel = robot.asked()
        assert isinstance(cancel, Call)
        assert cancel.service == "follow_path/_action/cancel_goal"
        assert cancel.answer(raw({"return_code": return_code}), NOW) == []
    assert robot.asked() is None
    robot.talk.limit(LimitSpeed(6, None))
    assert isinstance(robot.asked(), Goal)


def test_after_a_lost_link_the_goal_is_given_anew_from_where_it_is():
    robot, _ = nav2_on_its_way()
    robot.drive(30.0)
    robot.talk.forget()
    robot.say()
    goal = robot.asked()
    assert isinstance(goal, Goal)
    assert goal.body["path"]["poses"][0]["pose"]["position"]["x"] == pytest.approx(30.0)


def test_a_goal_of_which_nothing_is_heard_is_given_anew_and_feedback_keeps_it():
    robot, goal = nav2_on_its_way()
    assert goal.feedback is not None
    for _ in range(2 * UNHEARD_BEATS):
        assert robot.asked() is None
        goal.feedback(raw({"distance_to_goal": 9.0, "speed": 1.0}))
    asked = [robot.asked() for _ in range(UNHEARD_BEATS + 1)]
    assert asked[:-1] == [None] * UNHEARD_BEATS
    assert isinstance(asked[-1], Goal)


def test_goals_that_fail_again_and_again_are_a_fault_until_it_moves():
    robot, failing = nav2_on_its_way()
    for _ in range(FAILURES_MAX):
        assert robot.say() == [] or not any(isinstance(t, FaultChanged) for t in robot.say())
        assert failing.failed is not None
        failing.failed()
        again = robot.asked()
        assert isinstance(again, Goal)
        failing = again
    assert FaultChanged("follow_path fails again and again") in robot.say()
    assert failing.feedback is not None
    failing.feedback(raw({"distance_to_goal": 9.0, "speed": 1.0}))
    assert FaultChanged("") in robot.say()


def test_who_says_that_he_is_there_and_is_not_is_at_fault():
    robot, goal = nav2_on_its_way()
    robot.drive(59.5)
    for _ in range(FAILURES_MAX):
        assert goal.answer(raw({"error_code": 0}), NOW) == []
        again = robot.asked()
        assert isinstance(again, Goal)
        goal = again
    assert FaultChanged("follow_path fails again and again") in robot.say()


def test_a_load_is_a_bool_that_the_robot_agrees_to():
    [call] = placed().talk.tell(ConfirmLoad(7, "CSQU3054383"), NOW)
    assert isinstance(call, Call)
    assert call.body == {"data": True}
    assert call.answer(raw({"success": False, "message": ""}), NOW) == []
    answer = call.answer(raw({"success": True, "message": ""}), NOW)
    assert answer == [LoadConfirmed("AGV-001", 7)]


def test_a_charge_is_done_when_the_battery_says_so():
    talk = placed().talk
    talk.tell(StartCharge(5, 90.0), NOW)
    assert talk.take("battery_state", raw({"percentage": 0.89}), NOW) == []
    charged = talk.take("battery_state", raw({"percentage": 0.8999999761581421}), NOW)
    assert charged == [Charged("AGV-001", 5, 90.0)]
