"""The one thing that a station is at work on: its goal, how far it is, and what was done before."""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from rclpy.action import GoalResponse
from rclpy.action.server import ServerGoalHandle

Result = TypeVar("Result")


class Jobs(Generic[Result]):
    """Jobs of an action, each done once for its step, however often it is asked for.

    `result` makes of what came out the action's result, `spoilt` that of a job of which nothing
    came. A step that is in `done` (the newest last) is answered at once. The step that is made is
    answered when it is done, to all who asked; another one is refused meanwhile.
    """

    def __init__(
        self, kept: int, result: Callable[[Result], object], spoilt: Callable[[], object]
    ) -> None:
        self.done: deque[tuple[int, Result]] = deque(maxlen=kept)
        self.step = 0
        """The step that is made; 0: none."""
        self._result, self._spoilt = result, spoilt
        self._goals: list[ServerGoalHandle] = []
        self._began_ns = self._ends_ns = self._paused_ns = 0

    def answer(self, step: int, late: bool, must_stop: bool) -> GoalResponse:
        """Whether a goal is taken."""
        if any(step == known for known, _ in self.done) or step == self.step != 0:
            return GoalResponse.ACCEPT
        if step == 0 or self.step or late or must_stop:
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def accept(self, goal: ServerGoalHandle) -> bool:
        """Take a goal that was answered so; whether it is to be begun."""
        step = goal.request.step
        for known, result in self.done:
            if step == known:
                self._finish(goal, result)
                return False
        self._goals.append(goal)
        if self.step:
            return False
        self.step = step
        return True

    def begin(self, now_ns: int, takes_s: float) -> int:
        """Begin with the step; returns when it will be done [ns]."""
        self._began_ns, self._ends_ns = now_ns, now_ns + round(takes_s * 1e9)
        return self._ends_ns

    def pause(self, now_ns: int) -> None:
        """Stand still."""
        if not self._paused_ns:
            self._paused_ns = now_ns

    def go_on(self, now_ns: int) -> int:
        """Take up what was paused; returns when it will be done [ns], 0 if nothing is made."""
        if self._paused_ns:
            self._began_ns += now_ns - self._paused_ns
            self._ends_ns += now_ns - self._paused_ns
            self._paused_ns = 0
        return self._ends_ns if self.step else 0

    def finish(self, result: Result) -> None:
        """The step is done: everybody who asked for it is told."""
        self.done.append((self.step, result))
        self.step = 0
        for goal in self._goals:
            self._finish(goal, result)
        self._goals.clear()

    def spoil(self) -> None:
        """Nothing comes of the step: who asked has to ask again."""
        self.step = self._paused_ns = 0
        for goal in self._goals:
            goal.execute(self._abort)
        self._goals.clear()

    def tell(self, feedback: object) -> None:
        """Say how far it is to everybody who asked."""
        for goal in self._goals:
            goal.publish_feedback(feedback)

    def progress(self, now_ns: int) -> float:
        """0..1 of the present job."""
        if not self.step:
            return 0.0
        done_ns = (self._paused_ns or now_ns) - self._began_ns
        return min(max(done_ns / max(self._ends_ns - self._began_ns, 1), 0.0), 1.0)

    def _finish(self, goal: ServerGoalHandle, result: Result) -> None:
        """A goal counts as executed when its step is done: nothing waits in the meantime."""

        def execute(executed: ServerGoalHandle) -> object:
            executed.succeed()
            return self._result(result)

        goal.execute(execute)

    def _abort(self, goal: ServerGoalHandle) -> object:
        goal.abort()
        return self._spoilt()
