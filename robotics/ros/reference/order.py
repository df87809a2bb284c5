"""What a process of reference controllers is told on its standard input, as JSON."""

import msgspec

from robotics.battery import BatteryData
from robotics.clock import GateTime


class StartPlace(msgspec.Struct, frozen=True):
    """The edge on which an AGV stands when it is switched on: at its end, its visit 0."""

    zone: str
    edge: str
    points: tuple[tuple[float, float], ...]
    """Polyline from start to end, in the map frame [m]."""
    length_m: float
    speed_mps: float


class AgvSetup(msgspec.Struct, frozen=True, tag="agv"):
    """An AGV: its data sheet, and where it stands."""

    device: str
    namespace: str
    """Of all its ROS names, without slash: `agv_001`."""
    start: StartPlace
    length_m: float
    width_m: float
    clearance_m: float
    """Kept free behind the rear before a visit counts as cleared."""
    speed_empty_mps: float
    speed_loaded_mps: float
    acceleration_mps2: float
    deceleration_mps2: float
    emergency_mps2: float
    """Deceleration of an emergency stop."""
    turn_radius_m: float
    battery: BatteryData


class CraneSetup(msgspec.Struct, frozen=True, tag="crane"):
    """A crane: a lift takes `lift_s` in the mean, up to `spread` (a share) less or more."""

    device: str
    namespace: str
    lift_s: float
    spread: float


class ScannerSetup(msgspec.Struct, frozen=True, tag="scanner"):
    """A scanner: a scan and its review take `scan_s` in the mean."""

    device: str
    namespace: str
    scan_s: float
    spread: float
    suspicious_share: float
    """Of the images, 0..1."""


Setup = AgvSetup | CraneSetup | ScannerSetup


class ReferenceOrder(msgspec.Struct, frozen=True):
    """The devices of one process, and the time that they live in."""

    devices: tuple[Setup, ...]
    gate_time: GateTime
    """Epoch and speed of the gate's time; at speed 1 it is the wall clock."""
    seed: int = 1
    """Of the times that lifts and scans take, and of what scans find."""
