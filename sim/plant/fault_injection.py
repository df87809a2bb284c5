"""Breaks robots over ROS: says to their topic `inject_fault` what they are to have.

It is no topic of the contract: reference controllers have it for testers. Everything is said again
and again, since ROS forgets what is said while a topic is still being found, and a robot does
nothing about what it has heard before.
"""

from collections.abc import Collection
from typing import Self

from robotics.ros.client import Client, event_loop

TYPE = "std_msgs/msg/String"
REPEAT_S = 0.5


class FaultInjection:
    """Enter it to have robots, given by their namespaces, broken and repaired from any thread."""

    def __init__(self, url: str, robots: Collection[str]) -> None:
        self._url, self._robots = url, robots
        self._loop = event_loop()
        self._faults: dict[str, str] = {}
        """What was said last, by robot; empty: nothing ails it."""

    def __enter__(self) -> Self:
        self._loop.call_soon_threadsafe(self._begin)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._close)

    def say(self, robot: str, fault: str) -> None:
        """The robot has this fault from now on; with an empty one it is well."""
        self._loop.call_soon_threadsafe(self._say, robot, fault)

    # --- all below runs in the loop's thread ------------------------------------------------

    def _begin(self) -> None:
        self._client = Client(
            self._url,
            on_open=self._on_open,
            on_end=lambda: None,  # with the server, robots are lost to the gate too
            on_refused=lambda _error: None,
            on_status=lambda _level, _text: None,
        )
        self._repeat()

    def _close(self) -> None:
        self._client.end()

    def _on_open(self) -> None:
        for robot in self._robots:
            self._client.advertise(_topic(robot), TYPE)

    def _say(self, robot: str, fault: str) -> None:
        self._faults[robot] = fault
        self._client.publish(_topic(robot), {"data": fault})

    def _repeat(self) -> None:
        if self._client.ended:
            return
        self._loop.call_later(REPEAT_S, self._repeat)
        for robot, fault in self._faults.items():
            self._say(robot, fault)


def _topic(robot: str) -> str:
    return f"/{robot}/inject_fault"
