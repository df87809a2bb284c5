"""The liveness watch: an order and an AGV that could go on together and do not are an alarm.

Dispatching never leaves such a pair; the watch is there for the day on which it does. (openTCS has
had vehicles idle beside transport orders in silence: its issue 275.)
"""

from actors.messages import Alarm

IDLE_NS = 60 * 10**9
"""Both must have been idle together for so long, seen at every audit [ours]."""
AGAIN_NS = 600 * 10**9
"""The same order is not called out again before this time is over [ours]."""


class Watch:
    """Orders left lying although an AGV could take them, and since when."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._since_ns: dict[str, int] = {}
        self._called_ns: dict[str, int] = {}

    def look(self, left: dict[str, str], now_ns: int) -> list[Alarm]:
        """Alarms that are due, given the orders that an idle AGV could take now, with that AGV."""
        self._since_ns = {order: self._since_ns.get(order, now_ns) for order in left}
        self._called_ns = {
            order: at_ns for order, at_ns in self._called_ns.items() if now_ns - at_ns < AGAIN_NS
        }
        alarms: list[Alarm] = []
        for order, since_ns in self._since_ns.items():
            idle_ns = now_ns - since_ns
            if idle_ns >= IDLE_NS and order not in self._called_ns:
                self._called_ns[order] = now_ns
                text = f"waits, and an AGV, now {left[order]}, idles, for {idle_ns // 10**9} s"
                alarms.append(Alarm(self._source, "order_left", order, text))
        return alarms
