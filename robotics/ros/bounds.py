"""How far what a robot says may lie from what the gate takes to be possible."""

import msgspec


class Bounds(msgspec.Struct, frozen=True):
    """Limits of plausibility for the devices of a site, in the gate's time."""

    speed_mps_max: float
    """No AGV is faster, measurement errors included."""
    skew_ns: int
    """Stamps may lie so far from the gate's own clock."""
    jump_m: float = 1.0
    """An AGV's place may be wrong by so much between two samples, beyond what it can have driven
    [ours]."""
