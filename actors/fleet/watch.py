"""The liveness watch: what could go on and does not is an alarm.

That is an order that waits beside an AGV that could take it; an order whose AGV stands though there
is a place for it to go; and a fleet that waits for an AGV to say where it stands. Dispatching
leaves no such thing; the watch is there for the day on which it does. (openTCS has had vehicles
idle beside transport orders in silence: its issue 275.)
"""

from actors.messages import Alarm, AlarmKind

Found = dict[tuple[AlarmKind, str], str]
"""What stands still, as kind and subject of the alarm that it may become, and how, in words."""

IDLE_NS = 60 * 10**9
"""It must have stood still for so long, seen at every audit [ours]."""
AGAIN_NS = 600 * 10**9
"""The same is not called out again before this time is over [ours]."""


class Watch:
    """What stands still, and since when."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._since_ns: dict[tuple[AlarmKind, str], int] = {}
        self._called_ns: dict[tuple[AlarmKind, str], int] = {}

    def look(self, found: Found, now_ns: int) -> list[Alarm]:
        """Alarms that are due, given all that stands still now."""
        self._since_ns = {what: self._since_ns.get(what, now_ns) for what in found}
        self._called_ns = {
            what: at_ns for what, at_ns in self._called_ns.items() if now_ns - at_ns < AGAIN_NS
        }
        alarms: list[Alarm] = []
        for what, since_ns in self._since_ns.items():
            idle_ns = now_ns - since_ns
            if idle_ns >= IDLE_NS and what not in self._called_ns:
                self._called_ns[what] = now_ns
                kind, subject = what
                text = f"{found[what]}, for {idle_ns // 10**9} s"
                alarms.append(Alarm(self._source, kind, subject, text))
        return alarms
