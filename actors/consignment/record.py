"""One consignment as the clearance of one side keeps it."""

import msgspec

from actors.base import Side
from actors.border import (
    BorderAnswer,
    Channel,
    Command,
    Declaration,
    HoldKind,
    Matter,
    Officer,
    Result,
    Step,
)  # fmt: skip
from actors.consignment.transitions import TRANSITIONS, WAYS
from actors.messages import OVER, OrderReport


class Taken(msgspec.Struct, frozen=True):
    """Who took a step or settled a matter, when and why."""

    by: Officer
    at_ns: int
    reason: str


class Hold(msgspec.Struct, frozen=True):
    """A stop, and who put it why."""

    by: Officer
    at_ns: int
    reason: str


class Record(msgspec.Struct):
    """What one side knows; steps of the other side are taken from what that side says."""

    side: Side
    declaration: Declaration
    scan: str
    """`before_crossing` or `after_crossing`."""
    number: str = ""
    channel: Channel = "red"
    steps: dict[Step, Taken] = {}
    matters: dict[Matter, Taken] = {}
    holds: dict[HoldKind, Hold] = {}
    ended: Result | None = None
    attempts: int = 0
    """Transport orders made for it."""
    order: str = ""
    """The one under way; empty: none."""
    report: OrderReport | None = None
    ready_until_ns: int = 0
    """The other side keeps room and lets it begin to cross until then."""
    asks: int = 0
    """How often readiness was asked for anew, after it had been given up."""
    set_down: bool = False
    """It was taken off its AGV after it had crossed."""
    overstayed: bool = False
    perishing: bool = False
    """People were told that these perishables are under way for long."""
    image: str = ""
    """Its name in the store of images; empty: there is none."""
    verdict: str = ""
    """Of the review of its image."""
    void: tuple[str, ...] = ()
    """Questions for room that the other side took back: they come late."""
    answers: dict[str, tuple[Command, BorderAnswer]] = {}

    @property
    def id(self) -> str:
        """Of its declaration."""
        return self.declaration.id

    @property
    def held(self) -> str:
        """Its holds in words."""
        return f"held: {', '.join(self.holds)}"

    @property
    def way(self) -> tuple[Step, ...]:
        """All its steps in order."""
        return WAYS[self.scan]

    @property
    def last(self) -> Step | None:
        """The last step taken."""
        taken = [step for step in self.way if step in self.steps]
        return taken[-1] if taken else None

    @property
    def next(self) -> Step | None:
        """The step to be taken now."""
        return next((step for step in self.way if step not in self.steps), None)

    def side_of(self, step: Step) -> Side:
        """The side that takes the step."""
        match TRANSITIONS[step].side:
            case "origin":
                return self.declaration.from_side
            case "receiver":
                return self.declaration.to_side
            case "scanning":
                before = self.scan == "before_crossing"
                return self.declaration.from_side if before else self.declaration.to_side

    @property
    def is_origin(self) -> bool:
        """Whether this side sends it."""
        return self.side == self.declaration.from_side

    @property
    def is_on_agv(self) -> bool:
        """Whether an AGV carries it, by what the fleet said last."""
        report = self.report
        if report is None or not report.loaded or self.set_down:
            return False
        return report.state not in OVER

    @property
    def has_custody(self) -> bool:
        """Whether this side answers for the container, and so decides about it."""
        if self.is_origin:
            return "crossed" not in self.steps
        return "handed_over" in self.steps
