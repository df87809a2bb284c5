"""An independent reader of the logs of both gates: who answers for each container, at each moment.

It shares no code with clearances or exchange. Of each side it reads what that side says of its own
custody, in the order of time, and finds a container that nobody answers for, or two do.
"""

from actors.border import ConsignmentEnded, CustodyChanged, StepTaken
from actors.messages import Event


class CustodyReader:
    """Reads events of both sides; `found` is what is wrong, in words."""

    def __init__(self, directions: dict[str, str]) -> None:
        self.found: list[str] = []
        self._directions = directions
        self._says: dict[str, dict[str, str]] = {}
        """By consignment and side: what the side last said of its custody."""
        self._offers: dict[str, str] = {}
        self._crossings: dict[str, dict[str, str]] = {}
        self._ends: dict[str, dict[str, str]] = {}

    def read(self, event: Event, at_ns: int) -> None:
        """One event; events come in the order of time, whichever side they are from."""
        match event:
            case CustodyChanged():
                self._custody(event, at_ns)
            case StepTaken(name, side, "crossed"):
                self._crossings.setdefault(name, {})[side] = event.event_id
            case ConsignmentEnded(name, side, result):
                before = self._ends.setdefault(name, {}).setdefault(side, result)
                if before != result:
                    self._blame(name, f"ended as {before}, then {result} on {side}", at_ns)
            case _:
                pass

    def _custody(self, event: CustodyChanged, at_ns: int) -> None:
        name, side = event.consignment, event.side
        says = self._says.setdefault(name, {})
        before, now = says.get(side, ""), event.custody
        other = {s: c for s, c in says.items() if s != side}
        came_from = {"taken": "", "offered": "taken", "given": "offered", "left": "taken"}
        if before != came_from[now]:
            self._blame(name, f"{now} by {side} after {before or 'nothing'}", at_ns)
        if now == "taken" and other and self._offers.get(name) != event.event_id:
            self._blame(name, f"taken by {side}, not offered: {other}", at_ns)
        if now == "taken" and not other and side != self._directions[name][:2]:
            self._blame(name, f"taken by {side}, where it does not come from", at_ns)
        if now == "offered":
            self._offers[name] = event.event_id
        if now == "given" and not set(other.values()) & {"taken", "left"}:
            self._blame(name, f"given by {side}, had by nobody: {other}", at_ns)
        says[side] = now
        deciding = [s for s, c in says.items() if c == "taken"]
        answering = [s for s, c in says.items() if c in ("taken", "offered")]
        if len(deciding) > 1:
            self._blame(name, f"in the custody of {deciding}", at_ns)
        if not answering and "left" not in says.values():
            self._blame(name, "in nobody's custody", at_ns)

    def finish(self) -> list[str]:
        """What is wrong, with what has not ended on both sides, or not alike."""
        for name, direction in self._directions.items():
            origin, receiver = direction[:2], direction[3:]
            ends, says = self._ends.get(name, {}), self._says.get(name, {})
            crossed = self._crossings.get(name, {})
            if crossed and (set(crossed) != {origin, receiver} or len(set(crossed.values())) != 1):
                self.found.append(f"{name}: crossings {crossed}")
            wanted = {origin, receiver} if crossed else {origin}
            if not wanted <= set(ends) or len(set(ends.values())) != 1:
                self.found.append(f"{name}: ended {ends}")
            last = {origin: "given", receiver: "left"} if crossed else {origin: "left"}
            if says and says != last:
                self.found.append(f"{name}: custody at the end {says}")
        return self.found

    @property
    def results(self) -> dict[str, int]:
        """How consignments ended, where they come from."""
        counts: dict[str, int] = {}
        for name, ends in self._ends.items():
            result = ends.get(self._directions[name][:2], "open")
            counts[result] = counts.get(result, 0) + 1
        return counts

    def _blame(self, name: str, what: str, at_ns: int) -> None:
        self.found.append(f"{at_ns / 1e9:.3f} {name}: {what}")
