"""The site file as frozen structs: parameters of roads, yards, devices and demand.

Units stand last in each name. `sources` of a section marks figures that are not ours: `V` verified
in a public source, `A` assumed; a figure without a mark is a choice of the site's own.
The structs are also the schema: ranges are declared here and nowhere else.
"""

import datetime
from typing import Annotated, Literal, dataclass_transform

import msgspec
from msgspec import Meta

Source = Literal["V", "A"]
Sources = Annotated[
    dict[str, Source],
    Meta(description="Marks of this section's figures: V verified in public, A assumed."),
]

Name = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$", description="letters, digits, - and _"),
]
SideName = Annotated[
    str, Meta(pattern=r"^[A-Z]{2}$", description="two capital letters, as in ISO 3166: VN, CN")
]
Direction = Annotated[
    str, Meta(pattern=r"^[A-Z]{2}-[A-Z]{2}$", description="from side - to side: VN-CN")
]
Day = Annotated[datetime.date, Meta(description="YYYY-MM-DD")]
TimeOfDay = Annotated[
    str,
    Meta(
        pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        description="HH:MM, local; 24:00 ends a day",
    ),
]
Count = Annotated[int, Meta(ge=0, le=1000)]
Metres = Annotated[float, Meta(gt=0, le=100_000, description="[m]")]
Speed = Annotated[float, Meta(gt=0, le=30, description="[m/s]")]
Acceleration = Annotated[float, Meta(gt=0, le=5, description="[m/s2]")]
Seconds = Annotated[float, Meta(gt=0, le=86_400, description="[s]")]
Wind = Annotated[float, Meta(gt=0, le=60, description="[m/s]")]
ChannelName = Literal["green", "yellow", "red"]
RoleName = Literal["operator", "customs", "supervisor", "border_guard", "quarantine"]
Percent = Annotated[float, Meta(ge=0, le=100, description="[%]")]
Energy = Annotated[float, Meta(gt=0, le=10_000, description="[kWh]")]
Consumption = Annotated[float, Meta(gt=0, le=100, description="[kWh/km]")]
Share = Annotated[float, Meta(ge=0, le=1, description="0..1")]
Weight = Annotated[float, Meta(ge=0, le=1000, description="relative")]


# Subclasses inherit `frozen`; type checkers learn it from the decorator.
@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all sections of the file: unknown keys are errors."""


class SideSection(Section, frozen=True, kw_only=True):
    """One side of the border: it commands its own devices only."""

    title: str
    utc_offset_h: Annotated[float, Meta(ge=-12, le=14, description="[h]")]
    opens: TimeOfDay = "00:00"
    closes: TimeOfDay = "24:00"
    declarations: Literal["vnaccs", "any"] = "any"
    """The form of its customs' declaration numbers: 12 digits of VNACCS, or any."""
    sources: Sources = {}


class LaneSection(Section, frozen=True, kw_only=True):
    """One AGV lane across the border. Lanes are dated: in use from `since`, to before `until`."""

    id: Name
    direction: Direction
    since: Day = msgspec.field(name="from", default=datetime.date(2024, 1, 1))
    until: Day | None = None
    sources: Sources = {}


class RoadSection(Section, frozen=True, kw_only=True):
    """The closed freight road between the two yards, lanes in order from south to north."""

    id: Name
    title: str
    length_m: Metres
    """Yard to yard."""
    border_m: Metres
    """From the western yard to the boundary (km 0)."""
    lane_zone_m: Annotated[float, Meta(ge=20, le=500, description="[m]")] = 60.0
    """Length of one zone of a lane: room for one vehicle and its clearance."""
    lane_speed_mps: Speed
    lanes: Annotated[tuple[LaneSection, ...], Meta(min_length=1, max_length=32)]
    sources: Sources = {}


class CranesSection(Section, frozen=True, kw_only=True):
    """The cranes of a yard, all alike, each over its own transfer bays."""

    count: Annotated[int, Meta(ge=1, le=64)]
    pickup_bays: Annotated[int, Meta(ge=1, le=4)] = 2
    """Bays a crane in which AGVs are loaded from trucks."""
    dropoff_bays: Annotated[int, Meta(ge=1, le=4)] = 2
    """Bays a crane in which AGVs are unloaded onto trucks."""
    handover_s: Seconds
    moves_per_h_max: Annotated[float, Meta(gt=0, le=120, description="[1/h]")]
    sources: Sources = {}


class BoothsSection(Section, frozen=True, kw_only=True):
    """The inspection booths of a yard, on its way out and on its way in."""

    outbound: Annotated[int, Meta(ge=0, le=16)] = 0
    inbound: Annotated[int, Meta(ge=0, le=16)] = 0
    scan_s: Seconds = 30.0
    review_s: Seconds = 3.0
    suspicious_share: Share = 0.0
    """Share of containers in which something is hidden, that simulated scans find or do not find;
    where nobody makes images, share of scans whose review calls the image suspicious."""
    sources: Sources = {}


class YardSection(Section, frozen=True, kw_only=True):
    """One truck yard, given by its parameters; `actors.site.yard` lays it out."""

    side: SideName
    cranes: CranesSection
    booths: BoothsSection
    parking: Annotated[int, Meta(ge=0, le=500)]
    """Parking places, each a refuge for one AGV."""
    chargers: Annotated[int, Meta(ge=0, le=200)]
    """Places at which AGVs charge; refuges of nobody."""
    aisle_speed_mps: Speed = 5.0
    curve_speed_mps: Speed = 3.0
    sources: Sources = {}


class VehiclesSection(Section, frozen=True, kw_only=True):
    """The AGVs, all of one type, with the figures of its data sheet."""

    count: Annotated[int, Meta(ge=1, le=1000)]
    length_m: Annotated[float, Meta(gt=0, le=25, description="[m]")]
    width_m: Annotated[float, Meta(gt=0, le=5, description="[m]")]
    clearance_m: Annotated[float, Meta(ge=0.5, le=20, description="[m]")]
    """Kept free behind the rear before a zone counts as cleared."""
    speed_empty_mps: Speed
    speed_loaded_mps: Speed
    acceleration_mps2: Acceleration
    deceleration_mps2: Acceleration
    emergency_mps2: Acceleration
    turn_radius_m: Annotated[float, Meta(ge=3, le=50, description="[m]")]
    battery_kwh: Energy
    kwh_per_km_loaded: Consumption
    kwh_per_km_empty: Consumption
    charge_full_min: Annotated[float, Meta(gt=0, le=1440, description="[min]")]
    charge_below_pct: Percent = 30.0
    """An idle AGV with less goes to a charger, unless an order is worth more."""
    charge_until_pct: Percent = 90.0
    reserve_pct: Percent = 20.0
    """An AGV with less takes no order."""
    sources: Sources = {}


class LimitsSection(Section, frozen=True, kw_only=True):
    """From which wind, sight and position error on devices are slowed down or stopped.

    The defaults are assumed; yard cranes on rails are commonly taken out of service at 20 m/s.
    """

    slow_mps: Speed = 2.0
    """How fast AGVs may be where they are to be slow."""
    wind_slow_mps: Wind = 15.0
    wind_stop_mps: Wind = 22.0
    crane_wind_mps: Wind = 20.0
    """From this wind on cranes lock."""
    visibility_slow_m: Metres = 50.0
    """Sight of this or less is slow."""
    visibility_stop_m: Metres = 20.0
    position_slow_m: Metres = 0.10
    """A position error of this or more is slow."""
    position_stop_m: Metres = 0.30
    silent_s: Annotated[float, Meta(gt=0, le=3600, description="[s]")] = 60.0
    """A sensor that has spoken and says nothing for longer: AGVs are slow, cranes lock."""
    reset_by: Annotated[tuple[RoleName, ...], Meta(min_length=1)] = ("supervisor",)
    """The roles that may reset a stop."""
    sources: Sources = {}


class InspectionSection(Section, frozen=True, kw_only=True):
    """Where a container of one direction is scanned: before or after it crosses."""

    direction: Direction
    scan: Literal["before_crossing", "after_crossing"]


Role = Literal["enterprise", "operator", "customs", "supervisor", "border_guard", "quarantine"]


SERVICE_S: dict[str, float] = {
    "registered": 60, "called_forward": 30, "gated_in": 30, "quarantine_cleared": 300,
    "fee_paid": 30, "image_decided": 60, "set_down": 60, "on_truck": 150, "gated_out": 30,
    "papers": 600, "inspection": 5400, "release": 300, "hold": 1800,
}  # fmt: skip
CHANNEL_SHARES: dict[ChannelName, float] = {"green": 45, "yellow": 40, "red": 15}


class OfficersSection(Section, frozen=True, kw_only=True):
    """Simulated officers of each side, and how long their words take; all of it assumed."""

    counts: dict[Role, Annotated[int, Meta(ge=1, le=10_000)]] = {}
    """At work at a time on each side; of a role that is not named there are enough."""
    service_s: dict[str, Annotated[float, Meta(gt=0, le=86_400, description="[s]")]] = (
        msgspec.field(default_factory=lambda: dict(SERVICE_S))
    )
    """Mean time of each word: officer 60 s, manual opening 45 to 180 min, truck gate 30 s."""
    channels: dict[ChannelName, Annotated[float, Meta(ge=0)]] = msgspec.field(
        default_factory=lambda: dict(CHANNEL_SHARES)
    )
    """Relative shares of the channels."""
    perishable_share: Share = 0.25
    """Of what leaves the first side."""
    divert_wait_h: Annotated[float, Meta(gt=0, le=168, description="[h]")] = 12.0
    """A truck that has waited so long to be called is sent by the ordinary road."""
    sources: Sources = {}


class TargetSection(Section, frozen=True, kw_only=True):
    """Trucks a day that are to be reached from a day on."""

    since: Day = msgspec.field(name="from")
    trucks_per_day_min: Annotated[int, Meta(ge=1, le=100_000, description="[1/d]")]
    trucks_per_day_max: Annotated[int, Meta(ge=1, le=100_000, description="[1/d]")]
    sources: Sources = {}


class ArrivalsSection(Section, frozen=True, kw_only=True):
    """The demand that simulations and `up` draw trucks from."""

    trucks_per_day: Annotated[int, Meta(ge=0, le=100_000, description="[1/d]")]
    shares: Annotated[dict[Direction, Share], Meta(min_length=1)]
    """Share of the trucks by direction; the shares add up to 1."""
    hourly: Annotated[tuple[Weight, ...], Meta(min_length=24, max_length=24)]
    """Relative demand in each hour of the day, local time of the first side."""
    size_types: Annotated[dict[str, Share], Meta(min_length=1)]
    """Share of the containers by ISO 6346 size-type; the shares add up to 1."""
    sources: Sources = {}


Coordinate = Annotated[float, Meta(ge=-100_000, le=100_000, description="[m]")]
Point = tuple[Coordinate, Coordinate]
"""x (east) and y (north) [m] in the site's map frame."""


class SurveyedEdge(Section, frozen=True, kw_only=True):
    """One directed edge of a surveyed roadmap."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    start: str
    end: str
    speed_mps: Speed
    zone: str = ""
    """The zone it belongs to; its own if empty. Edges of two zones on which vehicles would touch
    are given one more in common."""
    lane: str = ""
    via: tuple[Point, ...] = ()
    """Points between the two nodes, where the edge is not straight."""


class SurveyedRoadmap(Section, frozen=True, kw_only=True):
    """A roadmap given node by node, in place of the layout from parameters."""

    nodes: Annotated[dict[str, Point], Meta(min_length=2)]
    edges: Annotated[tuple[SurveyedEdge, ...], Meta(min_length=1)]
    places: dict[str, str]
    """Node of each place: bays (`VN-C1-P1`), booths, parking and charging places."""


HsPrefix = Annotated[
    str, Meta(pattern=r"^[0-9]{2,8}$", description="an HS code or its first digits: 08, 081060")
]
Country = Annotated[
    str, Meta(pattern=r"^[A-Z]{2}$", description="two capital letters, as in ISO 3166: VN, TH")
]
MatterName = Literal["papers", "inspection", "release"]


class CommoditySection(Section, frozen=True, kw_only=True):
    """Goods that may pass in one direction."""

    title: str
    direction: Direction
    origins: Annotated[tuple[Country, ...], Meta(min_length=1, max_length=250)]
    hs: Annotated[tuple[HsPrefix, ...], Meta(min_length=1, max_length=200)]
    quarantine: bool
    """A quarantine officer has to clear them; others need none."""


class ChannelSection(Section, frozen=True, kw_only=True):
    """What has to be decided in a channel, beyond the image, on either side."""

    exit: tuple[MatterName, ...]
    """Before the exit is approved; nothing: that is automatic."""
    entry: tuple[MatterName, ...]
    """Before the entry is cleared; nothing: that is automatic."""


class ChannelsSection(Section, frozen=True, kw_only=True):
    """What each channel needs."""

    green: ChannelSection
    yellow: ChannelSection
    red: ChannelSection


class RiskSection(Section, frozen=True, kw_only=True):
    """The channel of goods that were registered without one; the first entry that fits, holds."""

    channel: ChannelName
    hs: Annotated[tuple[HsPrefix, ...], Meta(min_length=1, max_length=200)]
    origins: Annotated[tuple[Country, ...], Meta(min_length=1, max_length=250)]


class DecidersSection(Section, frozen=True, kw_only=True):
    """The role that takes each decision, always of the side on which it falls."""

    registered: RoleName
    called_forward: RoleName
    gated_in: RoleName
    quarantine_cleared: RoleName
    fee_paid: RoleName
    image_decided: RoleName
    on_truck: RoleName
    """Of a container that was set down after it crossed; else the crane says so."""
    gated_out: RoleName
    papers: RoleName
    inspection: RoleName
    release: RoleName
    ended: RoleName
    """Seizes, returns or diverts."""
    side: RoleName
    """Closes and opens the side."""


class HoldOwnersSection(Section, frozen=True, kw_only=True):
    """The role that owns each hold: it alone lifts it."""

    identity: RoleName
    image: RoleName
    sample: RoleName
    papers: RoleName
    quarantine: RoleName
    fee: RoleName
    security: RoleName
    other_side: RoleName


class ShiftSection(Section, frozen=True, kw_only=True):
    """Hours of each side's day, and how many trucks its yard takes in them."""

    opens: TimeOfDay
    closes: TimeOfDay
    called_max: Annotated[int, Meta(ge=0, le=10_000)]
    """Trucks called forward whose containers are not on an AGV yet."""


class RulesSection(Section, frozen=True, kw_only=True):
    """The border's rules from a day on, until the next ones."""

    since: Day = msgspec.field(name="from")
    commodities: Annotated[tuple[CommoditySection, ...], Meta(min_length=1, max_length=500)]
    channels: ChannelsSection
    risk: tuple[RiskSection, ...] = ()
    """Where no entry fits, the channel is red."""
    deciders: DecidersSection
    holds: HoldOwnersSection
    opens: TimeOfDay = "00:00"
    """Hours in which crossings may begin, in each side's local time."""
    closes: TimeOfDay = "24:00"
    stay_h_max: Annotated[float, Meta(gt=0, le=8784, description="[h]")]
    """A consignment that stays longer on a side, from its gate or the boundary, is an alarm."""
    perishable_h_max: Annotated[float, Meta(gt=0, le=8784, description="[h]")] = 24.0
    """So it is with perishables, from when they are declared."""
    room: Annotated[int, Meta(ge=1, le=1000)]
    """Loaded AGVs that a side takes in before their containers are off."""
    shifts: Annotated[tuple[ShiftSection, ...], Meta(max_length=24)] = ()
    """Trucks are called forward by them, and none outside; without any, operators call each."""
    overtaken_h_max: Annotated[float, Meta(gt=0, le=168, description="[h]")] = 4.0
    """A truck that has waited longer to be called goes before perishables."""
    weight_tolerance_pct: Percent = 5.0
    """A weight read at the gate may differ by so much from the declared one."""
    sources: Sources = {}


RosTopic = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}(/[A-Za-z][A-Za-z0-9_]{0,63}){0,7}$",
        description="a ROS name in the AGV's own namespace: odometry/filtered",
    ),
]


class RobotsSection(Section, frozen=True, kw_only=True):
    """AGVs whose controllers do not speak the gate's own ROS messages, bordergate_msgs."""

    profile: Literal["standard", "nav2"]
    """Messages that come with every ROS 2; the gate keeps the account of the road for the AGV.
    With nav2 the AGV is driven by Nav2's action nav2_msgs/FollowPath."""
    agvs: Annotated[tuple[Name, ...], Meta(max_length=1000)] = ()
    """Their names, as AGV-001; without any: all AGVs of the site."""
    path: RosTopic = "path"
    """Topic nav_msgs/Path, to the AGV: the road that it may drive; empty: stand still."""
    follow_path: RosTopic = "follow_path"
    """Action nav2_msgs/FollowPath of an AGV with nav2; path then only says that the gate is there.
    """
    controller_id: Annotated[str, Meta(max_length=64)] = ""
    """Nav2's controller that is to follow; empty: its only one."""
    goal_checker_id: Annotated[str, Meta(max_length=64)] = ""
    """Nav2's checker of goals; empty: its only one."""
    odometry: RosTopic = "odom"
    """Topic nav_msgs/Odometry in the frame map, from the AGV, at 10 Hz or more."""
    battery: RosTopic = "battery_state"
    """Topic sensor_msgs/BatteryState, from the AGV."""
    diagnostics: RosTopic = "diagnostics"
    """Topic diagnostic_msgs/DiagnosticArray, from the AGV: an ERROR is a fault."""
    load: RosTopic = "load"
    """Service std_srvs/SetBool of the AGV: a container is on, or none."""
    front_m: Annotated[float, Meta(ge=0, le=25, description="[m]")] = 0.0
    """From the point whose pose the odometry gives to the middle of the AGV's front."""
    off_road_m: Annotated[float, Meta(ge=0.05, le=5, description="[m]")] = 0.4
    """An AGV whose front is further from its road is stopped; less than its clearance."""
    stand_m: Annotated[float, Meta(ge=0.01, le=1, description="[m]")] = 0.2
    """An AGV that rests so near to its road's end, or to a place, stands there."""


class Site(Section, frozen=True, kw_only=True):
    """Everything one site file describes."""

    name: Name
    title: str
    sides: Annotated[dict[SideName, SideSection], Meta(min_length=2, max_length=2)]
    """The two sides; the first one lies in the west of the map."""
    road: RoadSection
    yards: Annotated[tuple[YardSection, ...], Meta(min_length=2, max_length=2)]
    vehicles: VehiclesSection
    inspection: Annotated[tuple[InspectionSection, ...], Meta(min_length=1)]
    targets: tuple[TargetSection, ...] = ()
    arrivals: ArrivalsSection
    limits: LimitsSection = LimitsSection()
    officers: OfficersSection = OfficersSection()
    """Of simulations only."""
    clearance: Annotated[tuple[RulesSection, ...], Meta(max_length=100)] = ()
    """The border's rules, dated; without any, orders need no clearance."""
    fleet_side: SideName | None = None
    """Where each side has a gate of its own: the side whose gate runs all devices of the road and
    of both yards. Without it: the first side's."""
    roadmap: SurveyedRoadmap | None = None
    robots: Annotated[tuple[RobotsSection, ...], Meta(max_length=1000)] = ()
    """AGVs that speak standard ROS messages only; no AGV is in two entries."""
