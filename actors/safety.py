"""What is said about stops that people engage and reset, and about wind, sight and positions.

These stops are operational: the safety functions stay in the robots. What is stopped by people, by
a robot's own e-stop, by a loss of power or by an intruder is latched: it goes on only when somebody
who may do so has reset it, with a reason (ISO 3691-4). What is stopped by the weather is not.
"""

from typing import Literal

import msgspec

from actors.base import Event, Message, Side
from actors.border import Officer

LATCHING = ("e-stop", "power loss", "intrusion")
"""A fault of a robot that begins with one of these is latched: it does not go on by itself."""
HELD = "held: "
"""So begins the fault that a device reports for as long as it is limited to a standstill."""


class LimitSpeed(Message):
    """To a device, and from its machine to its controller: no faster than this, from now on.

    At 0 an AGV brakes and stands, a crane stops its lift and a scanner its scan. Of two limits the
    one with the higher number holds; the controller keeps it whatever becomes of the link.
    """

    number: int
    speed_mps: float | None
    """None: as fast as it may."""
    reason: str = ""

    @property
    def held(self) -> str:
        """Why it stands, as a fault in words; empty if it may move."""
        stands = self.speed_mps is not None and self.speed_mps <= 0
        return HELD + self.reason if stands else ""


class EngageStop(Message):
    """Stop devices at once and until they are reset. Anybody may."""

    id: str
    by: Officer
    reason: str
    subjects: tuple[str, ...] = ()
    """AGVs, cranes, booths and zones; a zone is blocked, and the AGVs that hold it are stopped.
    Without any: all devices of the site."""


class ResetStop(Message):
    """What is stopped may go on. Only from a role that the site names, with a reason."""

    id: str
    by: Officer
    reason: str
    subjects: tuple[str, ...] = ()
    """As in `EngageStop`; without any: all that is stopped."""


class StopAnswer(Message):
    """What came of `EngageStop` or `ResetStop`."""

    id: str
    outcome: Literal["done", "same", "refused", "unknown"]
    reason: str = ""
    stopped: tuple[str, ...] = ()
    """What is stopped now."""


class ReportConditions(Message):
    """A sensor's reading; what it does not measure is None. Repeated at least every 30 s.

    One that measures nothing takes the sensor out: its silence is no longer feared.
    """

    source: str
    stamp_ns: int
    wind_mps: float | None = None
    """In gusts."""
    visibility_m: float | None = None
    position_error_m: float | None = None
    """Standard deviation of the position that the AGVs reckon with."""
    subjects: tuple[str, ...] = ()
    """The AGVs and cranes that it holds for; without any: all."""

    @property
    def measures(self) -> bool:
        """Whether it says anything."""
        return not (self.wind_mps is self.visibility_m is self.position_error_m is None)


class ReadingNoted(Message):
    """Answer to `ReportConditions`."""

    source: str
    limited: int
    """How many devices are limited by wind, sight or positions now."""


class AgreeReversal(Message):
    """One side's word on turning a lane, in either phase. Answered with `LaneAnswer`."""

    id: str
    by: Officer
    lane: str
    from_side: Side
    """The side that it is to lead away from."""
    word: Literal["ask", "confirm_empty", "call_off"]
    reason: str


class PermitTow(Message):
    """One side permits a loaded AGV to be towed out of a lane. Answered with `StopAnswer`."""

    id: str
    by: Officer
    agv: str
    reason: str


class ReversalChanged(Event):
    """A step in the turning of a lane: a side's word, or that it is proved empty."""

    lane: str
    from_side: Side
    word: str
    by: Officer
    reason: str


class StopChanged(Event):
    """Something was stopped until it is reset, or was reset."""

    subjects: tuple[str, ...]
    engaged: bool
    by: Officer
    reason: str


class LimitsChanged(Event):
    """Wind, sight or positions limit what devices may do, or no longer do."""

    devices: int
    """How many are limited by them now."""
    reason: str
    """Empty: nothing limits them any more."""


class Limit(msgspec.Struct, frozen=True):
    """What a device may do, and why no more."""

    speed_mps: float | None = None
    reason: str = ""
