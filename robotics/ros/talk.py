"""What one kind of device and the gate say to each other, apart from how it is carried."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from actors.messages import Message
from actors.safety import LimitSpeed
from robotics.ros import wire
from robotics.telemetry import Frame

PATIENCE_S = 2.0
"""A command that has not arrived after so long on the wall clock is not acted on [ours]."""
GOAL_SILENCE_S = 10.0
"""A goal of which nothing has been heard for so long on the wall clock is given up; the machine
asks again [ours]."""
PACKAGE = "bordergate_msgs"
INTERFACE_VERSION = "1.0.0"
"""Of the interface package, as in its package.xml."""


class Publish(msgspec.Struct, frozen=True):
    """Say something on a topic of the device's namespace."""

    topic: str
    body: dict[str, Any]


class Call(msgspec.Struct, frozen=True):
    """Call a service of the device. One call of each service is under way at a time."""

    service: str
    type: str
    body: dict[str, Any]
    answer: "Callable[[msgspec.Raw, int], list[Reaction]]"
    """Of the JSON that comes back and the gate's time; may raise `RefusedError`."""


class Goal(msgspec.Struct, frozen=True):
    """Have the device do something that takes long.

    One goal of each action is under way; another one is a repeat of it, unless it `preempts`.
    """

    action: str
    type: str
    body: dict[str, Any]
    answer: "Callable[[msgspec.Raw, int], list[Reaction]]"
    feedback: Callable[[msgspec.Raw], None] | None = None
    """May raise `RefusedError`."""
    failed: Callable[[], None] | None = None
    """Called when it is rejected or ends without success."""
    preempts: bool = False
    """Given although another one is under way, of which nothing is waited for any more."""


class Remark(msgspec.Struct, frozen=True):
    """For people: why something was refused, or cannot be done."""

    text: str


class Later(msgspec.Struct, frozen=True):
    """Something that takes long: done beside the conversation, which goes on meanwhile."""

    work: Callable[[], Any]
    after: "Callable[[Any], list[Reaction]]"
    """Of what the work has answered."""


Outgoing = Publish | Call | Goal | Remark | Later
Reaction = Message | Outgoing
"""A message to the machine, or something that the device or people are told in their turn."""


class Talk(Protocol):
    """One device's side of the conversation; does no I/O and reads no clock.

    Times are the gate's [ns].
    """

    @property
    def listens(self) -> Mapping[str, str]:
        """Types of the topics that the device speaks on; the first tells that it lives."""
        ...

    @property
    def speaks(self) -> Mapping[str, str]:
        """Types of the topics that the device listens to."""
        ...

    def take(self, topic: str, data: msgspec.Raw, now_ns: int) -> list[Reaction] | None:
        """Read what came on a topic; None if it comes too late to say anything.

        Raises:
            RefusedError: it cannot be true.
        """
        ...

    def tell(self, command: Message, now_ns: int) -> list[Outgoing]:
        """A machine's command in the words of ROS."""
        ...

    def limit(self, limit: LimitSpeed) -> None:
        """Every beat from now on says how fast the device may be, after a lost link too."""
        ...

    def beat(self, now_ns: int) -> list[Outgoing]:
        """Say that the gate is there."""
        ...

    def forget(self) -> None:
        """The link was lost: what comes next is the new truth."""
        ...

    def frame(self, now_ns: int) -> Frame | None:
        """What the device shows of itself; None before it has said anything."""
        ...

    def counts(self) -> Mapping[str, int]:
        """How often something happened that people should know of, by its name."""
        ...


_T = TypeVar("_T")


def body(item: object) -> dict[str, Any]:
    """A struct of `wire` as the JSON object that rosbridge takes."""
    found: dict[str, Any] = msgspec.to_builtins(item)
    return found


def heartbeat(now_ns: int, count: int, silence_s: float, limit: LimitSpeed) -> Publish:
    """The gate's sign of life on a device's topic `gate_heartbeat`, with its newest limit."""
    return Publish(
        "gate_heartbeat",
        {
            "stamp": body(wire.time_of(now_ns)),
            "count": count,
            "silence": body(wire.time_of(round(silence_s * 1e9))),
            "limit": {
                "number": limit.number,
                "limited": limit.speed_mps is not None,
                "speed": limit.speed_mps or 0.0,
                "reason": limit.reason,
            },
        },
    )
