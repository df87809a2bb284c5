"""An independent reader of the border's event log: it shares no code with the clearance.

It reads DOMAIN's order of steps, the rules of the site file, and the log; and finds what was
skipped, decided by somebody else, decided in spite of a hold, or kept by nobody or by two.
"""

from actors.border import (
    Channel,
    CustodyChanged,
    HoldChanged,
    ImageJudged,
    StepsVoided,
    StepTaken,
)
from actors.messages import Event
from actors.site.model import Site

ORIGIN = [
    "declared", "registered", "pre_advised", "called_forward", "gated_in", "quarantine_cleared",
    "fee_paid", "exit_approved", "on_agv",
]  # fmt: skip
FACTS = {"pre_advised", "gated_in", "on_agv", "scanned", "crossed", "handed_over", "on_truck"}


class BorderReader:
    """Reads the log an event at a time; `found` is what is wrong with it, in words."""

    def __init__(self, site: Site, channels: dict[str, Channel]) -> None:
        self._rules = max(site.clearance, key=lambda rules: rules.since)
        self._scans = {entry.direction: entry.scan for entry in site.inspection}
        self.channels = channels
        """By consignment: what customs registered, and in which direction it goes."""
        self.directions: dict[str, str] = {}
        self.found: list[str] = []
        self.released: set[str] = set()
        self._steps: dict[str, list[tuple[str, str]]] = {}
        self._matters: dict[tuple[str, str], set[str]] = {}
        self._holds: dict[tuple[str, str], set[str]] = {}
        self._seen: set[str] = set()
        """Those on whose image an officer has given a word."""
        self._keeper: dict[str, str] = {}
        self._takers: dict[tuple[str, str], str] = {}
        """Who took a consignment over, by the event that the two sides share."""
        self._offered: dict[str, str] = {}
        self._crossings: dict[str, set[str]] = {}

    def read(self, _name: str, event: Event, at_ns: int) -> None:
        """One event of the log."""
        match event:
            case StepTaken():
                self._step(event, at_ns)
            case StepsVoided(name, side, back_to):
                taken = self._steps[name]
                at = taken.index((back_to, side))
                self._steps[name] = taken[: at + 1]
            case HoldChanged(name, side, kind, present, by, reason):
                held = self._holds.setdefault((name, side), set())
                if not reason or by.side != side:
                    self._blame(name, f"hold {kind} without a reason or by {by.side}", at_ns)
                if present:
                    held.add(kind)
                elif kind not in held or by.role != getattr(self._rules.holds, kind):
                    self._blame(name, f"hold {kind} lifted by {by.role}", at_ns)
                else:
                    held.discard(kind)
            case ImageJudged(name, image=image, judged="clear") if image:
                self._seen.add(name)
            case CustodyChanged():
                self._custody(event, at_ns)
            case _:
                pass

    def _step(self, event: StepTaken, at_ns: int) -> None:
        name, side, what, by = event.consignment, event.side, event.what, event.by
        if not by.name or by.side != side:
            self._blame(name, f"{what} on {side} by {by}", at_ns)
        held = self._holds.get((name, side), set())
        if what not in FACTS and held:
            self._blame(name, f"{what} in spite of holds {sorted(held)}", at_ns)
        role = getattr(self._rules.deciders, what, None)
        if what == "declared":
            role = "enterprise"
        automatic = (
            what in ("quarantine_cleared", "on_truck", "called_forward") and by.role == "system"
        )
        if role is not None and by.role != role and not automatic:
            self._blame(name, f"{what} decided by {by.role}, not {role}", at_ns)
        if role is None and by.role != "system":
            self._blame(name, f"{what} taken by {by.role}", at_ns)
        if what in ("papers", "inspection", "release"):
            self._matters.setdefault((name, side), set()).add(what)
            return
        if what == "crossed":
            self._crossings.setdefault(name, set()).add(event.event_id)
            if len(self._crossings[name]) > 1 or not event.event_id:
                self._blame(name, f"crossings {self._crossings[name]}", at_ns)
        if self._offered.get(name) and what not in ("crossed", "handed_over"):
            self._blame(name, f"{what} between two keepers", at_ns)
        taken = self._steps.setdefault(name, [])
        if (what, side) in taken:
            self._blame(name, f"{what} twice on {side}", at_ns)
        done = {step for step, _ in taken}
        for step in self._before(name, what):
            if step not in done:
                self._blame(name, f"{what} without {step}", at_ns)
        taken.append((what, side))
        channel = getattr(self._rules.channels, self.channels.get(name, "red"))
        settled = self._matters.get((name, side), set())
        needs = {"exit_approved": channel.exit, "entry_cleared": channel.entry}
        for matter in needs.get(what, ()):
            if matter not in settled:
                self._blame(name, f"{what} without {matter}", at_ns)
        if what == "released":
            self.released.add(name)
            if sum(step == "crossed" for step, _ in taken) != 2:
                self._blame(name, "released with a crossing that one side has not logged", at_ns)
            by_hand = any("inspection" in m for (n, _), m in self._matters.items() if n == name)
            if name not in self._seen and not by_hand:
                self._blame(name, "released with no image and not opened by hand", at_ns)

    def _before(self, name: str, what: str) -> list[str]:
        direction = self.directions[name]
        scan = ["scanned", "image_decided"]
        before = self._scans[direction] == "before_crossing"
        way = [*ORIGIN, *(scan if before else []), "lane_granted", "crossed", "handed_over"]
        way += [*([] if before else scan), "entry_cleared", "on_truck", "released", "gated_out"]
        return way[: way.index(what)]

    def _custody(self, event: CustodyChanged, at_ns: int) -> None:
        name, side, keeper = event.consignment, event.side, self._keeper.get(event.consignment, "")
        match event.custody:
            case "taken":
                if keeper and self._offered.get(name) != event.event_id:
                    self._blame(name, f"taken by {side} from {keeper} without an offer", at_ns)
                self._keeper[name] = self._takers[name, event.event_id] = side
                self._offered.pop(name, None)
            case "offered":
                if keeper != side or name in self._offered:
                    self._blame(name, f"offered by {side}, kept by {keeper}", at_ns)
                self._offered[name] = event.event_id
            case "given":  # heard by then, or when it has long left
                taker = self._takers.get((name, event.event_id), "")
                if taker in ("", side):
                    self._blame(name, f"given by {side}, taken by {taker or 'nobody'}", at_ns)
            case "left":
                if keeper != side:
                    self._blame(name, f"left from {side}, kept by {keeper or 'nobody'}", at_ns)
                self._keeper.pop(name, None)

    def _blame(self, name: str, what: str, at_ns: int) -> None:
        self.found.append(f"{at_ns / 1e9:.3f} {name}: {what}")
