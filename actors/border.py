"""Everything that is said about consignments: by officers, between the two sides, to the fleet.

Commands carry an id chosen by their sender: a repeat is answered as it was the first time. What
the two sides say to each other carries one too, is repeated until it is answered, and is taken in
once. Ids of our own are made of what they are about, so that a repeat cannot get another one.
"""

from typing import Literal

import msgspec

from actors.base import Event, Message, Side

Role = Literal[
    "enterprise", "operator", "customs", "supervisor", "border_guard", "quarantine", "engineer",
    "system",
]  # fmt: skip
"""`system` is the clearance machine itself: what the rules leave to nobody's judgement, and facts
that the fleet reports. An `engineer` stops devices, and decides about no consignment."""
Step = Literal[
    "declared", "registered", "pre_advised", "called_forward", "gated_in", "quarantine_cleared",
    "fee_paid", "exit_approved", "on_agv", "scanned", "image_decided", "lane_granted", "crossed",
    "handed_over", "entry_cleared", "on_truck", "released", "gated_out",
]  # fmt: skip
Matter = Literal["papers", "inspection", "release"]
"""What a channel may need to be decided before the exit is approved or the entry cleared."""
HoldKind = Literal[
    "identity", "image", "sample", "papers", "quarantine", "fee", "security", "other_side"
]
Channel = Literal["green", "yellow", "red"]
Fate = Literal["seized", "returned", "diverted"]
"""How a consignment ends other than by passing: `returned` to its truck on the side where it is,
`diverted` to the ordinary road before it was loaded."""
Result = Literal["released", "seized", "returned", "diverted"]
"""How a consignment ends: passed, or with its fate."""
Outcome = Literal["done", "refused", "unknown", "conflict"]
Custody = Literal["taken", "offered", "given", "left"]
"""`offered`: it has crossed, and its old keeper decides nothing about it any more; `given`: the old
keeper has heard that the new one has it; `left`: it went out of the gate."""


class Officer(msgspec.Struct, frozen=True, gc=False):
    """Who decides."""

    name: str
    role: Role
    side: Side


class Declaration(msgspec.Struct, frozen=True, gc=False):
    """What an enterprise declares: one load, and what is in it."""

    id: str
    from_side: Side
    to_side: Side
    container: str
    size_type: str
    seal: str
    plate: str
    """Of the truck that brings it."""
    hs: str
    """HS (6 digits) or AHTN (8 digits) code of the goods."""
    origin: str
    """Country of origin, ISO 3166."""
    weight_kg: int
    perishable: bool = False
    twin_container: str = ""


# --- officers -> clearance of their side ------------------------------------------------------


class Declare(Message):
    """Declare a consignment."""

    id: str
    by: Officer
    declaration: Declaration


class Register(Message):
    """Customs has registered it, under this number and channel; the channel code is kept raw."""

    id: str
    by: Officer
    consignment: str
    number: str
    channel: str
    """`1`, `2`, `3D`; empty: as the site's risk profile says."""


class GateIn(Message):
    """What was read of truck and container at the gate."""

    id: str
    by: Officer
    consignment: str
    plate: str
    container: str
    seal: str
    weight_kg: int


class Decide(Message):
    """An officer's word that lets the consignment go on by one step, or settles a matter."""

    id: str
    by: Officer
    consignment: str
    what: Step | Matter
    reason: str


class PutHold(Message):
    """Stop the consignment under this name."""

    id: str
    by: Officer
    consignment: str
    kind: HoldKind
    reason: str


class LiftHold(Message):
    """The stop of this name is over; only the role that owns it may say so."""

    id: str
    by: Officer
    consignment: str
    kind: HoldKind
    reason: str


class SetDownLoad(Message):
    """Take the container off its AGV where it is now: to the manual bay, or to wait for long."""

    id: str
    by: Officer
    consignment: str
    reason: str


class Dispose(Message):
    """End the consignment without passing it."""

    id: str
    by: Officer
    consignment: str
    fate: Fate
    reason: str


class SetSide(Message):
    """Close or open the whole side: closed, it lets nothing begin to cross, either way."""

    id: str
    by: Officer
    is_open: bool
    reason: str


Command = (
    Declare | Register | GateIn | Decide | PutHold | LiftHold | SetDownLoad | Dispose | SetSide
)


class BorderAnswer(Message):
    """What came of a command, by its id."""

    id: str
    outcome: Outcome
    """`refused`: not by this officer, or not as things stand; `conflict`: the id has been used for
    another command."""
    reason: str = ""
    step: Step | None = None
    """The last step that the consignment has taken."""


# --- clearance <-> clearance of the other side ------------------------------------------------


class PreAdvice(Message):
    """A consignment has been registered and is going to come."""

    id: str
    declaration: Declaration
    number: str
    channel: Channel


class ExchangeAnswer(Message):
    """Taken in, or refused with a reason."""

    id: str
    """Of what is answered."""
    consignment: str
    outcome: Literal["ack", "nak"]
    reason: str = ""


class AskReady(Message):
    """The exit is approved and nothing here stands against crossing: is there room for it?"""

    id: str
    consignment: str


class Ready(Message):
    """Answer to `AskReady`; room is kept from now on, and it may begin to cross until then."""

    id: str
    consignment: str
    ready: bool
    until_ns: int = 0
    reason: str = ""


class StandDown(Message):
    """It will not cross under this `AskReady`: the room kept for it is free."""

    id: str
    consignment: str
    asked: str


class Crossed(Message):
    """It has passed the boundary; `id` is the number under which both sides log that.

    It is the order's, with `/crossed` after it: by that the receiving side knows the order.
    """

    id: str
    consignment: str
    at_ns: int


class CustodyTaken(Message):
    """The receiving side has it, under the number of the crossing."""

    id: str
    consignment: str


class ClearanceResult(Message):
    """How it ended on the receiving side; or before it crossed, on the one that sent it."""

    id: str
    consignment: str
    result: Result
    reason: str


# --- domain events ----------------------------------------------------------------------------


class StepTaken(Event):
    """A consignment has taken a step, or a matter was settled: who, when (the log's time), why."""

    consignment: str
    side: Side
    """Of the clearance that says so."""
    what: Step | Matter
    by: Officer
    reason: str
    event_id: str = ""
    """Of a crossing: the same on both sides."""


class ImageJudged(Event):
    """An officer's word on an image, beside the review's: where they differ is counted."""

    consignment: str
    side: Side
    image: str
    verdict: str
    """Of the review."""
    judged: Literal["clear", "suspicious"]
    """By the officer; that is final."""
    by: Officer
    reason: str

    @property
    def differs(self) -> bool:
        """Whether the officer has said the contrary of the review."""
        return self.verdict in ("clear", "suspicious") and self.verdict != self.judged


class StepsVoided(Event):
    """It was set down before it crossed: what came after this step is to be done anew."""

    consignment: str
    side: Side
    back_to: Step
    reason: str


class HoldChanged(Event):
    """A hold was put or lifted."""

    consignment: str
    side: Side
    kind: HoldKind
    present: bool
    by: Officer
    reason: str


class CustodyChanged(Event):
    """Who answers for the container."""

    consignment: str
    side: Side
    custody: Custody
    event_id: str


class ConsignmentEnded(Event):
    """It has ended on this side: passed, or with its fate."""

    consignment: str
    side: Side
    result: Result
    by: Officer
    reason: str


class SideChanged(Event):
    """A side was opened or closed."""

    side: Side
    is_open: bool
    by: Officer
    reason: str
