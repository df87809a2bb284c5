"""Makes the ROS links of a site's devices, each in its device's own process."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from actors.messages import DeviceKind
from actors.site.devices import Device
from actors.site.model import RobotsSection, Site
from actors.site.roadmap import Roadmap
from robotics.clock import GateTime
from robotics.imaging.reported import ScanImages
from robotics.link_account import LinkAccount
from robotics.road_tracker import Body
from robotics.ros.account_file import AccountFile
from robotics.ros.agv_talk import AgvTalk
from robotics.ros.bounds import Bounds
from robotics.ros.link import SILENCE_S, RosLink
from robotics.ros.names import ros_names
from robotics.ros.road_file import RoadFile, write_roads
from robotics.ros.standard_talk import StandardTalk
from robotics.ros.station_talk import StationTalk
from robotics.ros.talk import PATIENCE_S, Talk
from robotics.telemetry import Bus, SignalPublisher

SPEED_MARGIN = 1.2
"""A measured speed may be so many times the highest of the data sheet [ours]."""
SKEW_S = 0.5
"""Clocks of devices may be off by so much, the way of a sample included, on the wall clock [ours].
"""
ROAD_FILE = "roads"


class RosLinks(msgspec.Struct, frozen=True):
    """See `actors.ports.LinkFactory`; small and picklable."""

    url: str
    """Of the rosbridge server: `ws://127.0.0.1:9090`."""
    gate_time: GateTime
    names: Mapping[str, str]
    """The namespace of each device."""
    kinds: Mapping[str, DeviceKind]
    """Of the devices that have a controller."""
    roads: str
    """The file of the roadmap's edges, see `robotics.ros.road_file`."""
    bounds: Bounds
    standard: Mapping[str, RobotsSection] = {}
    """The AGVs that speak standard messages only."""
    standing: tuple[str, ...] = ()
    """The edges at whose ends they stand in places."""
    size: Body = Body(0.0, 0.0)
    """Of an AGV."""
    bus: Bus | None = None
    """Where the devices' signals go; None: nowhere."""
    images: ScanImages | None = None
    """Those of the scanners; None: they cannot be seen here."""

    def __call__(self, device: str) -> RosLink | None:
        """The link of one device, not yet open."""
        kind = self.kinds.get(device)
        if kind is None:
            return None
        signals = SignalPublisher(self.bus) if self.bus is not None else None
        clock, talk = self.gate_time(), self.talk(device, kind)
        account = LinkAccount(device, clock, signals)
        return RosLink(self.url, self.names[device], talk, clock, account, signals)

    def talk(self, device: str, kind: DeviceKind) -> Talk:
        """What the gate's side of the conversation with a device is."""
        patience_ns = round(PATIENCE_S * self.gate_time.speed * 1e9)
        match kind:
            case "vehicle":
                roads = RoadFile(self.roads)
                robots = self.standard.get(device)
                if robots is not None:
                    kept = AccountFile(Path(self.roads).with_name(f"{self.names[device]}.account"))
                    return StandardTalk(
                        device, robots, roads, self.standing, self.size, self.bounds, kept
                    )
                return AgvTalk(device, roads, self.bounds, patience_ns, SILENCE_S)
            case "crane" | "booth":
                return StationTalk(device, kind, self.bounds, patience_ns, SILENCE_S, self.images)
            case _:
                raise AssertionError(f"{device}: a {kind} has no controller")


def ros_links(
    site: Site,
    roadmap: Roadmap,
    devices: list[Device],
    url: str,
    gate_time: GateTime,
    folder: Path,
    bus: Bus | None = None,
    images: ScanImages | None = None,
) -> RosLinks:
    """The links of a site's devices; a file that they read is written to `folder`.

    Raises:
        ValueError: two devices have the same name in ROS.
    """
    vehicles = site.vehicles
    fastest_mps = max(vehicles.speed_empty_mps, vehicles.speed_loaded_mps)
    write_roads(roadmap, folder / ROAD_FILE)
    kinds = {device.id: device.kind for device in devices if device.kind != "lane"}
    agvs = [device for device, kind in kinds.items() if kind == "vehicle"]
    standard = {agv: robots for robots in site.robots for agv in robots.agvs or agvs}
    standing = tuple(roadmap.standing_edge(place).id for place in roadmap.places)
    return RosLinks(
        url=url,
        gate_time=gate_time,
        names=ros_names(kinds),
        kinds=kinds,
        roads=str(folder / ROAD_FILE),
        bounds=Bounds(SPEED_MARGIN * fastest_mps, round(SKEW_S * gate_time.speed * 1e9)),
        standard=standard,
        standing=standing if standard else (),
        size=Body(vehicles.length_m, vehicles.clearance_m),
        bus=bus,
        images=images,
    )
