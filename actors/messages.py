"""What participants say to each other about the work, as frozen structs; all of it: `actors.codec`.

Every request carries a number chosen by its sender, so that a repeat is known for one. The number
that runs through most of them is `step`: the fleet manager numbers the steps of all missions
upwards, and the step's number identifies the crane job, the scan and the lane permit made for it.
The number that runs through all motion is a visit's `seq`: an AGV's visits to zones are counted
upwards for ever (as VDA 5050 does with its sequenceId).
"""

from typing import Annotated, Literal

import msgspec

from actors import border
from actors.base import Event as Event
from actors.base import Message as Message
from actors.base import Side as Side

Action = Literal["load", "scan", "cross", "unload", "charge", "park"]
Transfer = Literal["truck_to_agv", "agv_to_truck"]
Verdict = Literal["clear", "suspicious", "unreadable", "unreviewed"]
"""Of the review, never of an officer. `unreadable`: it cannot be told from this image;
`unreviewed`: the review is down. Only `clear` speaks for the container, and passes none alone."""
StepPhase = Literal["accepted", "permitted", "refused", "abandoned", "serving", "done"]
OrderState = Literal[
    "queued", "assigned", "to_pickup", "loading", "carrying", "scanning", "crossing", "unloading",
    "done", "cancelled", "failed",
]  # fmt: skip
OVER: tuple[OrderState, ...] = ("done", "cancelled", "failed")
"""Nothing more becomes of an order."""
DeviceKind = Literal["vehicle", "crane", "lane", "booth", "fleet_manager"]
Leg = Literal["cross", "unload"]
LaneMode = Literal["open", "closed", "blocked"]
"""What people want of a lane. `closed`: nobody new enters, who is in it drives out; `blocked`: at
once, nobody in it or before it is let a zone further."""
LaneState = Literal["unknown", "open", "closing", "closed", "reversing", "blocked"]
"""What a lane does. `closing` and `reversing` last until all have left it."""
LaneCommand = Literal["open", "close", "block", "reverse"]
AlarmKind = Literal[
    "order_left", "order_stands", "fleet_waits",
    "vehicle_stopped", "vehicle_silent", "station_out", "zone_in_use",
    "consignment_stays", "consignment_perishes", "recorder_ended",
    "other_side_silent", "letter_dead", "clocks_apart", "webhooks_failed",
]  # fmt: skip
"""`order_left`: an order could move and an AGV could take it, and neither does anything.
`order_stands`: an order's AGV has no road, though there is room for it where it is to go.
`fleet_waits`: no AGV moves, because some have not said where they stand.
`vehicle_stopped`: an AGV's controller reports a fault. `vehicle_silent`: an AGV does not report,
although asked. `station_out`: a crane's or scanner's controller reports a fault.
`zone_in_use`: a zone was blocked that an AGV is in, or may already drive into.
`consignment_stays`: longer on a side than the rules allow; `consignment_perishes`: perishables that
are under way for long. `recorder_ended`: what records the gate has ended before it; nothing is
recorded any more.
`other_side_silent`: the other side's gate is not heard. `letter_dead`: what was to be told to it is
given up until people see to it. `clocks_apart`: its clock and this one differ by too much.
`webhooks_failed`: enterprises are told nothing, for the store cannot be read or written."""
Service = Literal["in", "withdrawn", "stopped", "silent", "out"]
"""Whether a device or place takes part: `in` service; `withdrawn` by an operator; of an AGV
`stopped` by a fault or `silent`; of a crane or booth `out` of order."""


# --- from the runtime -----------------------------------------------------------------------


class Started(Message):
    """The machine has just been put to work, for the first time or after a restart."""


class TimerFired(Message):
    """The timer that the machine set under this name has run out."""

    timer: str


class LinkLost(Message):
    """Nothing has been heard over the link for its time limit."""


class LinkRestored(Message):
    """The link is heard again. What was said meanwhile may be lost."""


# --- motion: fleet manager -> AGV -> its controller -------------------------------------------


class Visit(msgspec.Struct, frozen=True, gc=False):
    """One passage through one zone: the edges driven in it, in order."""

    seq: int
    zone: str
    edges: tuple[str, ...]


class StepRoad(msgspec.Struct, frozen=True, gc=False):
    """Where on an AGV's road a step's drive ends; the fields are those of `StartStep`."""

    step: int
    enter: int
    arrive: int


class ExtendGrant(Message):
    """The AGV may drive to the end of the last visit, and no further. Never taken back.

    Visits have consecutive `seq`; those already known are a repeat and change nothing.
    """

    grant: int
    visits: Annotated[tuple[Visit, ...], msgspec.Meta(min_length=1)]
    steps: tuple[StepRoad, ...] = ()
    """Where the drives of the AGV's steps end now: on its way to a stop, the way may change, but
    nothing of it is granted without this."""


class QueryState(Message):
    """Tell what is true: a restarted or doubting machine asks its controller."""


class SetPosition(Message):
    """The AGV has been brought to where `visit` ends: it stands there, and holds nothing else.

    After a tow or a repair. `seq` of the visit is higher than any before; a repeat, or a lower one,
    changes nothing. The controller answers with its state.
    """

    visit: Visit


class FaultChanged(Message):
    """From a device's controller, unasked: why its robot has stopped; empty: it is well again."""

    fault: str


class InjectFault(Message):
    """To a simulated controller: break down, for this reason."""

    fault: str


class ClearFault(Message):
    """To a simulated controller: it has been repaired."""


class ConfirmLoad(Message):
    """The crane has closed (or opened) the twistlocks: `container` is on the AGV, or none.

    Here and in all that is said to and by devices, `container` names the load: a container, or two
    of 20 ft as `CSQU3054383 + TEXU2345675`.
    """

    step: int
    container: str


class StartCharge(Message):
    """Take energy until the battery holds `until_pct` [%]."""

    step: int
    until_pct: float


class GrantAccepted(Message):
    """The controller has taken the grant; `end` is the last visit it may now drive."""

    agv: str
    grant: int
    end: int


class RearClear(Message):
    """The rear of the AGV, with its clearance, has left every visit up to `cleared`."""

    agv: str
    cleared: int


class Stood(Message):
    """The AGV has come to rest at the end of visit `seq`."""

    agv: str
    seq: int
    battery_pct: float


class Charged(Message):
    """Charging for `step` has reached what was asked."""

    agv: str
    step: int
    battery_pct: float


class LoadConfirmed(Message):
    """The controller reckons with the load that `ConfirmLoad` of this step named."""

    agv: str
    step: int


class AgvState(Message):
    """Answer of an AGV's controller to `QueryState`."""

    agv: str
    grant: int
    visits: tuple[Visit, ...]
    """The visits that the AGV occupies or may still drive, the rearmost first."""
    cleared: int
    stood: int
    """`seq` of the visit at whose end the AGV rests; -1 while it moves."""
    battery_pct: float
    container: str
    step_loaded: int
    """The last step whose `ConfirmLoad` was taken."""
    fault: str = ""
    limit: int = 0
    """Number of the limit that it keeps to; 0: none."""


# --- missions: fleet manager <-> AGV ----------------------------------------------------------


class StartStep(Message):
    """Go where `arrive` says and do `action` there, with the crane, booth or lane `station`."""

    step: int
    action: Action
    station: str
    place: str
    """The bay, booth, charger or parking place; for `cross` the side that is left."""
    arrive: int
    """`seq` of the visit at whose end the step's drive ends; -1: not known yet."""
    enter: int = 0
    """Of `cross`: `seq` of the first visit in the lane, 0 until it is known; `arrive` is the last.
    """
    order: str = ""
    container: str = ""
    size_type: str = ""
    hs: str = ""
    """Of the order's goods, as in `OrderRequest`."""
    until_pct: float = 0.0
    instead_of: int = 0
    """Crossings up to this number were taken back: no road leads into their lanes."""
    replaces: int = 0
    """Steps up to this number whose action has not begun are void: their road was taken away."""


class AbandonStep(Message):
    """Do not begin the step's action on arrival, if it has not begun: its order was given up.

    Of `cross`: give the lane's permit back, if the lane is not entered; no road leads into it.
    """

    step: int


class QueryReport(Message):
    """The fleet manager misses news: ask the controller what is true, then report it."""


class AgvReport(Message):
    """All that the fleet manager needs of an AGV; the newest replaces all before it."""

    agv: str
    stamp_ns: int
    accepted: int
    """The highest step accepted since the AGV's start; 0 before the first."""
    step: int
    """The step that `phase` and `outcome` speak of: the one before `accepted` while the AGV still
    clears a lane."""
    phase: StepPhase
    outcome: str
    """Of a scan that is done: its verdict; `abandoned` for a step given up; else empty."""
    grant: int
    """The last grant that the controller has taken."""
    cleared: int
    stood: int
    battery_pct: float
    visits: tuple[Visit, ...] = ()
    """The visits held, in a report after the controller was asked; empty in others."""
    permitted: int = 0
    """The newest step for which a lane's permit is held: it may be the one after `step`."""
    fault: str = ""
    """Why its controller has stopped it."""
    limit: int = 0
    """Number of the speed limit that it was told last; 0: none yet."""
    image: str = ""
    """Of a scan that is done: the name of its image."""
    no_image: str = ""
    """Of a scan that is done: why there is no image; empty if there is one."""


# --- AGV <-> crane, and the crane's controller ------------------------------------------------


class RequestTransfer(Message):
    """The AGV stands in the bay: lift the container on or off."""

    step: int
    agv: str
    bay: str
    transfer: Transfer
    order: str
    container: str


class TransferDone(Message):
    """The lift for `step` is finished and the twistlocks are confirmed."""

    step: int
    crane: str


class StartTransfer(Message):
    """To the crane's controller: make this lift."""

    step: int
    bay: str
    transfer: Transfer
    container: str


class TransferFinished(Message):
    """From the crane's controller: the lift for `step` is finished."""

    step: int


class ServiceRefused(Message):
    """The crane or booth is out of service and has not begun with `step`, nor will it ever."""

    step: int
    station: str
    reason: str


class StationReport(Message):
    """Whether a crane or booth can work; the newest replaces all before it."""

    station: str
    stamp_ns: int
    fault: str
    withdrawn: bool
    limit: int = 0
    """Number of the limit that it was told last; 0: none yet."""


class CraneState(Message):
    """Answer of a crane's controller to `QueryState`."""

    step: int
    """The lift it makes; 0: none."""
    done: tuple[int, ...]
    """The lifts it finished last, newest last; at least one for each of its bays."""
    fault: str = ""
    limit: int = 0
    """Number of the limit that it keeps to; 0: none."""


# --- AGV <-> booth, and the booth's scanner ---------------------------------------------------


class RequestScan(Message):
    """The AGV stands in the booth: scan what it carries."""

    step: int
    agv: str
    order: str
    container: str
    size_type: str = ""
    hs: str = ""
    """Of the goods declared, with which the image is compared; empty: none are."""


class ScanDecided(Message):
    """The booth's answer. Anything but `clear` is no clearance."""

    step: int
    booth: str
    verdict: Verdict
    image: str = ""
    """Its name in the store of images; empty: there is none."""
    no_image: str = ""
    """Why there is none, for people."""


class StartScan(Message):
    """To the scanner: make the image for `step`."""

    step: int
    container: str
    size_type: str = ""
    hs: str = ""
    """Of the goods declared, with which the image is compared; empty: none are."""


class ScanFinished(Message):
    """From the scanner: the image for `step` is made, and what its review says."""

    step: int
    verdict: Verdict
    image: str = ""
    """Its name in the store of images; empty: there is none."""
    no_image: str = ""
    """Why there is none, for people."""


class ScannerState(Message):
    """Answer of a scanner to `QueryState`."""

    step: int
    """The scan it makes; 0: none."""
    done: tuple[ScanFinished, ...]
    """The scans it finished last, newest last."""
    fault: str = ""
    limit: int = 0
    """Number of the limit that it keeps to; 0: none."""


# --- AGV <-> lane -----------------------------------------------------------------------------


class LaneOrder(msgspec.Struct, frozen=True, gc=False):
    """How a lane is to be; of two orders the one with the higher number holds."""

    number: int
    mode: LaneMode
    from_side: Side
    """The side that it is to lead away from, once it is drained if it leads the other way."""


class RequestPermit(Message):
    """Ask for, or renew, the permit to enter the lane for `step`."""

    step: int
    agv: str
    from_side: Side
    held_until_ns: int = 0
    """The end of the permit that the AGV holds; 0: none. A lane that was restarted learns it so."""


class PermitGranted(Message):
    """The lane has room for the AGV until `expires_ns`; renew before, or enter before."""

    step: int
    lane: str
    expires_ns: int


class PermitRefused(Message):
    """The lane does not lead away from the side that the AGV named, or is not open."""

    step: int
    lane: str
    reason: str


class LaneEntered(Message):
    """The whole AGV is in the lane."""

    step: int
    agv: str


class LaneLeft(Message):
    """The rear of the AGV has left the lane; also gives a permit back that was not used."""

    step: int
    agv: str


class LaneNoted(Message):
    """The lane has taken note of `LaneEntered` or `LaneLeft`."""

    step: int
    lane: str
    entered: bool


class QueryLane(Message):
    """A lane that has just started, or has been full for long, asks who is in it."""

    lane: str
    asked_ns: int
    """When it asked: the answer to an older question is none."""


class LaneTruth(Message):
    """What the fleet manager knows of the lane: who is in it, and how it is to be."""

    lane: str
    asked_ns: int
    """Of the question that it answers."""
    order: LaneOrder
    from_side: Side
    """The side that the lane leads away from, as it last said itself."""
    occupants: tuple[tuple[int, str], ...]
    """(step, AGV) of those that are in the lane, or have the road into it."""
    asking: tuple[tuple[int, str], ...]
    """(step, AGV) of those that were told to ask for a permit and have no road into it: they may
    hold a permit or not."""


# --- fleet manager <-> lane -------------------------------------------------------------------


class OrderLane(Message):
    """Be so. Repeated until the lane has reported that it is; each repeat is answered."""

    order: LaneOrder


class LaneReport(Message):
    """How the lane is; after each change, and in answer to `OrderLane`."""

    lane: str
    stamp_ns: int
    number: int
    """Of the order that it follows."""
    state: LaneState
    from_side: Side
    """The side that it leads away from now."""


# --- the outside <-> fleet manager ------------------------------------------------------------


class Mark(msgspec.Struct, frozen=True, gc=False):
    """When an order came into a state [UTC, ns]."""

    state: OrderState
    at_ns: int


class OrderRequest(msgspec.Struct, frozen=True, gc=False):
    """What a client orders: a load from a truck bay on one side to one on the other."""

    id: str
    container: str
    size_type: str
    from_side: Side
    to_side: Side
    priority: int = 0
    """The higher, the sooner."""
    deadline_ns: int | None = None
    twin_container: str = ""
    """A second one of 20 ft, of the same size-type, that goes with the first on one AGV."""
    hs: str = ""
    """HS (6 digits) or AHTN (8 digits) code of the goods declared; empty: it has no papers."""

    @property
    def load(self) -> str:
        """What its AGV carries: the container, or both."""
        return " + ".join(filter(None, (self.container, self.twin_container)))


class Order(msgspec.Struct, frozen=True, gc=False):
    """A transport order as it stands; `history` is never shortened."""

    request: OrderRequest
    state: OrderState
    vehicle: str
    reason: str
    history: tuple[Mark, ...]


class PutOrder(Message):
    """Accept this order; its id was chosen by the client, so that a repeat is harmless."""

    request: OrderRequest


class CancelOrder(Message):
    """Give the order up, if its container has not been lifted."""

    id: str
    keeper: str = ""
    """The clearance that says so: it is to be the one that ordered it. Empty: an operator."""


class OrderAnswer(Message):
    """What came of `PutOrder` or `CancelOrder`, and the order as it now stands."""

    outcome: Literal[
        "created", "same", "conflict", "refused", "cancelled", "cancelling", "unknown", "too_late"
    ]
    """`cancelling`: its AGV is on the way to the pick-up and has been told; the order becomes
    `cancelled` when the AGV confirms, or goes on if the lift had begun."""
    order: Order | None = None
    reason: str = ""


# --- clearance <-> fleet manager --------------------------------------------------------------


class Guard(msgspec.Struct, frozen=True, gc=False):
    """The doors of an order: legs that do not begin before their keeper, a clearance, allows it."""

    consignment: str
    cross: str
    """Who allows it to cross."""
    unload: str
    """Who allows it to be set onto its truck on the other side."""


class GuardOrder(Message):
    """Accept this order, whose legs need permissions; a repeat is answered with `OrderReport`."""

    request: OrderRequest
    guard: Guard


class AllowLeg(Message):
    """The leg may begin, for good. From another than its keeper it changes nothing."""

    id: str
    order: str
    leg: Leg
    keeper: str


class SetDown(Message):
    """Put the container down on the side where it is now, and end the order as failed.

    From the keeper of that side: of `cross` before it has crossed, of `unload` after.
    """

    id: str
    order: str
    keeper: str
    reason: str


class QueryOrder(Message):
    """Tell me how the order stands, if I do not know it.

    The newest `OrderReport` comes once more, to the asker alone. Asking makes no report: nothing
    comes if that is the one known, nor of an order that is not known or has other keepers.
    """

    order: str
    keeper: str
    known: int = 0
    """Number of the newest report that the asker has; 0: of none."""


class OrderReport(Message):
    """How a guarded order stands, to both of its keepers; the newest replaces all before it."""

    order: str
    consignment: str
    number: int
    """Higher than those of all reports on this order before: the moment [UTC, ms], or one more than
    the last. So it also is if the fleet manager has forgotten which it gave."""
    state: OrderState
    loaded: bool
    """It has been lifted onto its AGV."""
    verdict: Verdict | None
    """Of its image, once it is scanned."""
    crossed: bool
    allowed: tuple[Leg, ...]
    image: str = ""
    """The name of the image that the verdict speaks of; empty: there is none."""
    no_image: str = ""
    """Why there is none, for people."""


SaidToOtherSide = (
    border.PreAdvice | border.ExchangeAnswer | border.AskReady | border.Ready | border.StandDown
    | border.Crossed | border.CustodyTaken | border.ClearanceResult
    | GuardOrder | AllowLeg | SetDown | CancelOrder | QueryOrder | OrderReport
)  # fmt: skip
"""All that one side's gate may tell the other's."""


class HeardFromOtherSide(Message):
    """The exchange has taken this in from the other side's gate, signed by it and in order."""

    message: SaidToOtherSide


class LetterGivenUp(Message):
    """The exchange could not have this taken in by the other side; it waits for an officer."""

    letter: str
    consignment: str
    reason: str


class ClocksApart(Message):
    """The other side's clock is ahead of this one by so much: more than is allowed."""

    skew_ms: int


class CommandLane(Message):
    """Open, close, block or reverse a lane; what it is ordered to be already, changes nothing."""

    lane: str
    command: LaneCommand
    from_side: Side = ""
    """Of `reverse`: the side that it is to lead away from; empty: the one it now leads to. A lane
    that is being reversed stays with that."""


LaneOutcome = Literal["ordered", "same", "refused", "invalid", "unknown"]
"""`refused`: not as things stand; `invalid`: never, the site has no such side."""


class LaneAnswer(Message):
    """What came of `CommandLane`: how the lane is to be, and how it last said that it is."""

    outcome: LaneOutcome
    lane: str
    order: LaneOrder | None = None
    state: LaneState = "unknown"
    from_side: Side = ""
    reason: str = ""


class SetService(Message):
    """Take a device or place out of service, or back into it; a repeat changes nothing.

    From an operator to the fleet manager, and from it to a crane or booth.
    """

    name: str
    in_service: bool


class ServiceAnswer(Message):
    """What came of `SetService`."""

    outcome: Literal["done", "same", "unknown"]
    service: Service = "in"
    """As it now is: a device that was restored may still be stopped by its fault."""
    detail: str = ""


class PlaceVehicle(Message):
    """The AGV has been brought to this place, by a tow or by hand."""

    agv: str
    place: str


class PlaceAnswer(Message):
    """What came of `PlaceVehicle`."""

    outcome: Literal["asked", "same", "unknown", "no_place", "refused"]
    """`asked`: its controller has been told and is to confirm; `same`: it stands there already."""
    reason: str = ""


class Outline(msgspec.Struct, frozen=True, gc=False):
    """A rectangle on the ground [m], turned about its middle."""

    x_m: float
    y_m: float
    heading_rad: float
    length_m: float
    width_m: float


class Obstacle(msgspec.Struct, frozen=True, gc=False):
    """Something that is not ours and that no AGV may be sent into."""

    id: str
    zones: tuple[str, ...]
    """The zones that it occupies."""
    outline: Outline | None = None
    """None of a zone blocked by name."""


class PutObstacle(Message):
    """Send no AGV into these zones; replaces what was said under this id before."""

    obstacle: Obstacle


class RemoveObstacle(Message):
    """The obstacle of this id is gone."""

    id: str


class ObstacleAnswer(Message):
    """What came of `PutObstacle` or `RemoveObstacle`."""

    outcome: Literal["created", "same", "changed", "removed", "unknown", "refused"]
    reason: str = ""
    in_use: tuple[str, ...] = ()
    """AGVs that are in these zones, or may already drive into them."""


class CostTerms(msgspec.Struct, frozen=True, gc=False):
    """What it costs that an AGV takes an order [s]; the least sum is chosen."""

    reach_s: float
    """Its way to the bay."""
    crane_s: float
    """Its wait there, for the crane's next free slot."""
    late_s: float
    """The lateness that this makes, less that of leaving the order for later."""
    priority_s: float
    waiting_s: float
    """The longer an order has waited, the less it costs to take it."""
    energy_s: float
    """What charging is worth to the AGV instead; large if the task and the way to a charger would
    eat into the reserve."""

    @property
    def total_s(self) -> float:
        """The sum of all terms."""
        return (
            self.reach_s + self.crane_s + self.late_s
            + self.priority_s + self.waiting_s + self.energy_s
        )  # fmt: skip


class PairCost(msgspec.Struct, frozen=True, gc=False):
    """An AGV that might have an order, and at what cost."""

    vehicle: str
    terms: CostTerms


class ExplainOrder(Message):
    """Tell why the order was given to its AGV."""

    id: str


class OrderExplained(Message):
    """Answer to `ExplainOrder`; the chosen pair stands in it if the order has been assigned."""

    outcome: Literal["assigned", "waiting", "unknown", "not_kept"]
    """`waiting`: not assigned; `not_kept`: never assigned and ended, or too long ago."""
    id: str
    at_ns: int = 0
    """When it was assigned."""
    vehicles: int = 0
    """How many AGVs could have taken it."""
    promoted: bool = False
    """It had been overtaken for so long that it was assigned before all others."""
    chosen: PairCost | None = None
    runner_up: PairCost | None = None
    """The cheapest of the other AGVs that were free; it may have been given another order."""


# --- domain events ----------------------------------------------------------------------------


class OrderChanged(Event):
    """An order came into a new state."""

    order: Order


class DeviceChanged(Event):
    """A device came into a new state; `detail` says with what or for whom."""

    device: str
    kind: DeviceKind
    state: str
    detail: str = ""
    side: Side = ""
    """Of a lane: the side that it leads away from now. Empty: as it was."""


class LaneOrdered(Event):
    """People have ordered a lane to be so."""

    lane: str
    order: LaneOrder


class ServiceChanged(Event):
    """A device or place takes part in the work, or no longer does."""

    name: str
    service: Service
    detail: str = ""


class ObstacleChanged(Event):
    """An obstacle is there, or gone."""

    obstacle: Obstacle
    present: bool


class Alarm(Event):
    """Something is as it must not be, and people are to look at it."""

    source: str
    """The machine that noticed it."""
    kind: AlarmKind
    subject: str
    """What is amiss: the id of the order, or the name of the AGV, crane, booth, zone or, for
    `fleet_waits`, the fleet manager; for `recorder_ended`, the recorder."""
    detail: str
