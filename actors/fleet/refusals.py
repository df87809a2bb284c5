"""Lanes that have refused an AGV are left alone by it for a while, longer each time."""

import msgspec

PAUSE_NS_MIN = 10 * 10**9
"""After the first refusal [ours]."""
PAUSE_NS_MAX = 60 * 10**9
"""And after many [ours]; a lane that opens is used that much later by one that was refused."""


class Pause(msgspec.Struct):
    """How long one AGV leaves one lane alone."""

    length_ns: int
    until_ns: int


class Refusals:
    """The pauses that are on or have just ended, by AGV and lane."""

    def __init__(self) -> None:
        self._pauses: dict[tuple[str, str], Pause] = {}

    def refuse(self, vehicle: str, lane: str, now_ns: int) -> None:
        """The lane has refused the AGV (again)."""
        known = self._pauses.get((vehicle, lane))
        length_ns = PAUSE_NS_MIN if known is None else min(2 * known.length_ns, PAUSE_NS_MAX)
        self._pauses[vehicle, lane] = Pause(length_ns, now_ns + length_ns)

    def forget(self, vehicle: str, lane: str) -> None:
        """The lane has permitted the AGV."""
        self._pauses.pop((vehicle, lane), None)

    def forget_lane(self, lane: str) -> None:
        """The lane is another one now: it has opened."""
        for key in [key for key in self._pauses if key[1] == lane]:
            del self._pauses[key]

    def may_ask(self, vehicle: str, lane: str, now_ns: int) -> bool:
        """Whether no pause is on."""
        pause = self._pauses.get((vehicle, lane))
        return pause is None or pause.until_ns <= now_ns

    def some_ended(self, now_ns: int) -> bool:
        """Whether an AGV may ask again that might not; pauses long over are forgotten."""
        for key, pause in list(self._pauses.items()):
            if now_ns - pause.until_ns > PAUSE_NS_MAX:
                del self._pauses[key]
        return any(pause.until_ns <= now_ns for pause in self._pauses.values())
