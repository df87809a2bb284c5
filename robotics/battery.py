"""What a vehicle's battery holds: drawn by distance and load, filled at a charger's rate."""

import msgspec


class BatteryData(msgspec.Struct, frozen=True, gc=False):
    """Figures of the data sheet."""

    capacity_kwh: float
    kwh_per_km_loaded: float
    kwh_per_km_empty: float
    charge_full_min: float
    """From empty to full; charging is taken as even."""

    def drawn_pct(self, distance_m: float, loaded: bool) -> float:
        """Charge used for a distance [%]."""
        per_km = self.kwh_per_km_loaded if loaded else self.kwh_per_km_empty
        return distance_m / 1000 * per_km / self.capacity_kwh * 100

    def charging_s(self, from_pct: float, until_pct: float) -> float:
        """Time that charging takes [s]; zero if there is nothing to charge."""
        return max(until_pct - from_pct, 0.0) / 100 * self.charge_full_min * 60
