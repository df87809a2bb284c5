"""From a site to the simulated controllers of all its devices."""

import datetime
from collections.abc import Callable
from random import Random

from actors.site.devices import devices
from actors.site.model import Site, YardSection
from actors.site.roadmap import Roadmap
from robotics.battery import BatteryData
from robotics.vehicle import Vehicle, VehicleData
from sim.plant.crane import CraneController
from sim.plant.scanner import ScannerController
from sim.plant.vehicle import VehicleController

Controller = Vehicle | CraneController | ScannerController
VehicleMaker = Callable[[str, Roadmap, VehicleData, str], Vehicle]
"""From an AGV's name, the roadmap, the data sheet and its home."""

SPREAD = 0.1
"""Lifts and scans take up to this share less or more than their mean [A]."""


def vehicle_data(site: Site) -> VehicleData:
    """The figures of the site's AGVs that their controllers need."""
    vehicles = site.vehicles
    return VehicleData(
        length_m=vehicles.length_m,
        clearance_m=vehicles.clearance_m,
        speed_empty_mps=vehicles.speed_empty_mps,
        speed_loaded_mps=vehicles.speed_loaded_mps,
        acceleration_mps2=vehicles.acceleration_mps2,
        deceleration_mps2=vehicles.deceleration_mps2,
        battery=BatteryData(
            capacity_kwh=vehicles.battery_kwh,
            kwh_per_km_loaded=vehicles.kwh_per_km_loaded,
            kwh_per_km_empty=vehicles.kwh_per_km_empty,
            charge_full_min=vehicles.charge_full_min,
        ),
    )


def lift_s(yard: YardSection) -> float:
    """The mean time of a lift [s]."""
    return max(yard.cranes.handover_s, 3600 / yard.cranes.moves_per_h_max)


def scan_s(yard: YardSection) -> float:
    """The mean time of a scan with its review [s]."""
    return yard.booths.scan_s + yard.booths.review_s


def controllers(
    site: Site,
    roadmap: Roadmap,
    day: datetime.date,
    seed: int,
    vehicle: VehicleMaker = VehicleController,
) -> dict[str, Controller]:
    """Controllers by the name of their device; lanes have none. `vehicle` makes those of AGVs.

    Each draws from its own random source, so that one device's luck does not hang on another's.
    """
    data = vehicle_data(site)
    yards = {yard.side: yard for yard in site.yards}
    found: dict[str, Controller] = {}
    for device in devices(site, day):
        random = Random(f"{seed}/{device.id}")
        yard = yards.get(device.side)
        match device.kind:
            case "vehicle":
                found[device.id] = vehicle(device.id, roadmap, data, device.home)
            case "crane" if yard is not None:
                found[device.id] = CraneController(device.id, lift_s(yard), SPREAD, random)
            case "booth" if yard is not None:
                share = yard.booths.suspicious_share
                found[device.id] = ScannerController(device.id, scan_s(yard), SPREAD, share, random)
            case _:
                pass
    return found
