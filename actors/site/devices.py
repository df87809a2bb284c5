"""The devices and places of a site by name: who exists, on which side, and what belongs to whom.

Names follow from the file alone, so that a surveyed roadmap, the API and the telemetry agree:
cranes `VN-C1`, their bays `VN-C1-P1` (pick-up) and `VN-C1-D1` (drop-off), booths `VN-X1`, parking
places `VN-P01`, charging places `VN-E1`, lanes as in the file, AGVs `AGV-001`.
"""

import datetime

import msgspec

from actors.messages import DeviceKind, Side
from actors.site.model import LaneSection, Site, YardSection
from actors.site.roadmap import PlaceKind

FLEET_MANAGER = "fleet-manager"


class Device(msgspec.Struct, frozen=True, gc=False):
    """One participant that becomes an actor."""

    id: str
    kind: DeviceKind
    side: Side
    """Of a lane: the side it leads away from. Of an AGV: the side of its refuge."""
    home: str = ""
    """Of an AGV: the parking place that is its own refuge."""


class NamedPlace(msgspec.Struct, frozen=True, gc=False):
    """A place of the site before it has a position."""

    id: str
    kind: PlaceKind
    side: Side
    station: str


def lanes_in_use(site: Site, day: datetime.date) -> tuple[LaneSection, ...]:
    """The lanes of the road that exist on `day`, from south to north."""
    return tuple(
        lane
        for lane in site.road.lanes
        if lane.since <= day and (lane.until is None or day < lane.until)
    )


def yard_places(yard: YardSection) -> list[NamedPlace]:
    """All places of one yard, in the order in which they are laid out from the road inwards."""
    side = yard.side
    places = []
    booths = 0
    for kind, count in (
        ("booth_outbound", yard.booths.outbound), ("booth_inbound", yard.booths.inbound),
    ):  # fmt: skip
        for _ in range(count):
            booths += 1
            booth = f"{side}-X{booths}"
            places.append(NamedPlace(booth, kind, side, booth))  # type: ignore[arg-type]
    for number in range(1, yard.cranes.count + 1):
        crane = f"{side}-C{number}"
        for bay in range(1, yard.cranes.pickup_bays + 1):
            places.append(NamedPlace(f"{crane}-P{bay}", "pickup", side, crane))
        for bay in range(1, yard.cranes.dropoff_bays + 1):
            places.append(NamedPlace(f"{crane}-D{bay}", "dropoff", side, crane))
    for number in range(1, yard.chargers + 1):
        places.append(NamedPlace(f"{side}-E{number}", "charger", side, ""))
    for number in range(1, yard.parking + 1):
        places.append(NamedPlace(f"{side}-P{number:02d}", "parking", side, ""))
    return places


def vehicle_name(number: int) -> str:
    """The name of an AGV; they are counted from 1."""
    return f"AGV-{number:03d}"


def devices(site: Site, day: datetime.date) -> list[Device]:
    """Every device of the site on `day`, in the order in which they are started.

    AGVs are given their own refuges in turn, as many to each side as its parking allows in
    proportion. A site with fewer parking places than AGVs does not load.
    """
    found: list[Device] = []
    for lane in lanes_in_use(site, day):
        found.append(Device(lane.id, "lane", lane.direction[:2]))
    for yard in site.yards:
        stations = dict.fromkeys(p.station for p in yard_places(yard) if p.station)
        for station in stations:
            kind: DeviceKind = "booth" if station.startswith(f"{yard.side}-X") else "crane"
            found.append(Device(station, kind, yard.side))
    refuges = [[p for p in yard_places(yard) if p.kind == "parking"] for yard in site.yards]
    total = sum(len(places) for places in refuges)
    taken = [0] * len(refuges)
    for number in range(1, site.vehicles.count + 1):
        # Largest remainder first: both yards fill evenly, in proportion to their parking.
        yard_index = max(
            range(len(refuges)),
            key=lambda i: (len(refuges[i]) * number / total - taken[i], -i),
        )
        home = refuges[yard_index][taken[yard_index]]
        taken[yard_index] += 1
        found.append(Device(vehicle_name(number), "vehicle", home.side, home.id))
    return found
