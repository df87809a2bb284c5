"""Goals of Nav2's action `FollowPath`: the road that an AGV may drive, in place of a topic.

Every growth of the road is a goal that takes the place of the one before. The action has no field
for a deadline, so the gate keeps one: a goal of which nothing is heard for `UNHEARD_BEATS` is given
anew. While the AGV may not drive, all goals of its server are cancelled, those of a gate or a
connection before too.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from actors.site.model import RobotsSection
from robotics.road_tracker import RoadPoint
from robotics.ros import standard_wire, wire
from robotics.ros.talk import Call, Goal, Outgoing, Reaction, body

UNHEARD_BEATS = 4
"""The gate's heartbeats that a goal may stay without feedback or result: 2 s [ours]."""
FAILURES_MAX = 3
"""Goals that fail one after the other without any motion until that is a fault [ours]."""
MOVES_MPS = 0.05
"""An AGV that is faster moves [ours]."""
ALL_GOALS = {
    "goal_info": {"goal_id": {"uuid": [0] * 16}, "stamp": {"sec": 0, "nanosec": 0}},
}
"""What `action_msgs/srv/CancelGoal` takes for all goals of a server."""


class FollowPathGoals:
    """The goals of one AGV, by the last visit of the road that each leads along."""

    def __init__(self, robots: RobotsSection) -> None:
        self._robots = robots
        self._pursued: int | None = None
        """The last visit of the goal that is under way."""
        self._may_run = True
        """Whether the server may have a goal: of an earlier gate, as long as nothing is known."""
        self._unheard = 0
        """Heartbeats since the goal was heard of."""
        self._cancelling = 0
        """Heartbeats for which the answer to a cancellation, which might also end a goal that comes
        after it, is waited for yet."""
        self._reached: int | None = None
        """The last visit to whose end it says that it has come."""
        self.failures = 0
        """Goals that failed since the AGV has moved."""

    @property
    def fault(self) -> str:
        """Why it does not drive; empty: nothing is known to be wrong."""
        if self.failures < FAILURES_MAX:
            return ""
        return f"{self._robots.follow_path} fails again and again"

    def beat(self) -> None:
        """A heartbeat's time has gone by."""
        self._cancelling = max(self._cancelling - 1, 0)
        if self._pursued is not None:
            self._unheard += 1
            if self._unheard > UNHEARD_BEATS:
                self._fail()

    def forget(self) -> None:
        """The link was lost: whatever was under way may still be."""
        self._pursued, self._may_run, self._cancelling = None, True, 0

    def stand(self) -> list[Outgoing]:
        """Cancel all goals, until the server has said that there are none."""
        self._pursued = None
        if not self._may_run:
            return []
        self._cancelling = UNHEARD_BEATS
        name = f"{self._robots.follow_path}/_action/cancel_goal"
        return [Call(name, standard_wire.CANCEL_GOAL, ALL_GOALS, self._on_cancelled)]

    def drive(self, ahead: Sequence[RoadPoint], end_seq: int, now_ns: int) -> list[Outgoing]:
        """Have it follow the road to the end of visit `end_seq`, unless it does or is there."""
        left_m = sum(math.hypot(b.x_m - a.x_m, b.y_m - a.y_m) for a, b in pairwise(ahead))
        if self._pursued == end_seq or left_m <= self._robots.stand_m or self._cancelling:
            return []
        if self._reached == end_seq:  # its goal checker is content with less than the gate
            self.failures += 1
        self._pursued, self._may_run, self._unheard = end_seq, True, 0
        goal = {
            "path": body(standard_wire.path_of(ahead, now_ns)),
            "controller_id": self._robots.controller_id,
            "goal_checker_id": self._robots.goal_checker_id,
        }
        return [
            Goal(
                self._robots.follow_path, standard_wire.FOLLOW_PATH, goal, self._on_result,
                self._on_feedback, self._fail, preempts=True,
            )
        ]  # fmt: skip

    def _on_cancelled(self, data: msgspec.Raw, _now_ns: int) -> list[Reaction]:
        answer = wire.read(data, standard_wire.GoalsCancelled, "cancel_goal")
        self._cancelling = 0
        self._may_run = answer.return_code == standard_wire.CANCEL_REJECTED
        return []

    def _on_result(self, _data: msgspec.Raw, _now_ns: int) -> list[Reaction]:
        """It says that it is there; where it is, its odometry says."""
        self._reached, self._pursued, self._may_run = self._pursued, None, False
        return []

    def _on_feedback(self, data: msgspec.Raw) -> None:
        feedback = wire.read(data, standard_wire.FollowPathFeedback, self._robots.follow_path)
        self._unheard = 0
        if feedback.speed > MOVES_MPS:
            self.failures = 0

    def _fail(self) -> None:
        """Rejected, aborted or unheard of; it is given anew with the next heartbeat."""
        if self._pursued is not None:
            self._pursued = None
            self.failures += 1
