"""A paused Gazebo server goes on only as it is told: it never outruns who drives its models."""

import time
from typing import Any

from robotics.gazebo.messages import Package, message_class
from robotics.gazebo.models import Models
from robotics.gazebo.node import Node

PATIENCE_S = 10.0
"""Of the wall clock: so long a server may take for what it is asked [ours]."""
RUNS_S = 1.0
"""A clock that stands for so long on the wall clock is a paused server's [ours]."""
QUIET_S = 0.2
"""When its clock has stood for so long it makes no steps any more [ours]."""


class Stepper:
    """Has the server of some models make a period's steps whenever `go_on` is called.

    Raises:
        NoReplyError: there is no such world.
        ConnectionError: its clock shows nothing, whatever it is told.
    """

    def __init__(
        self, node: Node, models: Models, world: str, package: Package, steps: int, step_ns: int
    ) -> None:
        self._node, self._models = node, models
        self._service = f"/world/{world}/control"
        self._control: Any = message_class("WorldControl", package)
        self._answer = message_class("Boolean", package)
        self._steps, self.period_ns = steps, steps * step_ns
        self._pause()
        self.due_ns = models.sim_ns
        """What its clock shows after the steps that it was told to make."""

    @property
    def is_done(self) -> bool:
        """Whether it has made the steps that it was told to make, or its world was reset."""
        left_ns = self.due_ns - self._models.sim_ns
        return left_ns <= 0 or left_ns > self.period_ns

    def go_on(self) -> None:
        """Make a period's steps; raises `NoReplyError` if nobody takes that any more."""
        begin_ns = min(self.due_ns, self._models.sim_ns)
        self._order()
        self.due_ns = begin_ns + self.period_ns

    def _order(self) -> None:
        order = self._control(pause=True, multi_step=self._steps)
        self._node.call(self._service, order, self._answer, PATIENCE_S)

    def _pause(self) -> None:
        """Pause it, and find out what its clock shows."""
        models = self._models
        until_s = time.monotonic() + PATIENCE_S
        while models.sim_ns == 0:  # what it says before we are connected to it is lost
            if time.monotonic() > until_s:
                raise ConnectionError("the Gazebo server tells nothing on /clock")
            self._order()
            models.wait_clock(1, QUIET_S)
        while models.wait_clock(models.sim_ns + 1, QUIET_S):
            pass  # it still makes those steps


def runs_by_itself(models: Models) -> bool:
    """Whether the server's clock goes on although nobody tells it to."""
    return models.wait_clock(1, RUNS_S) and models.wait_clock(models.sim_ns + 1, RUNS_S)
