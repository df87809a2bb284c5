"""What takes part in the work: places and their stations, unless withdrawn or out of order."""

from actors.messages import Service, StationReport
from actors.site.roadmap import Place, Roadmap


class InService:
    """What is withdrawn by operators, and what cranes and booths say of themselves."""

    def __init__(self, roadmap: Roadmap) -> None:
        self.places = roadmap.places
        self.stations = {place.station for place in roadmap.places.values() if place.station}
        self._withdrawn: set[str] = set()
        self._faults: dict[str, str] = {}
        """By station, what its machine last said is wrong with it."""
        self._stamps_ns: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        return name in self.places or name in self.stations

    def withdraw(self, name: str) -> bool:
        """Take a place or station out of service; whether that is news."""
        news = name not in self._withdrawn
        self._withdrawn.add(name)
        return news

    def restore(self, name: str) -> bool:
        """Undo `withdraw`; whether that is news."""
        news = name in self._withdrawn
        self._withdrawn.discard(name)
        return news

    def note(self, report: StationReport) -> bool:
        """Take in what a station says of itself; whether that changes its service."""
        if report.station not in self.stations:
            return False
        if report.stamp_ns < self._stamps_ns.get(report.station, 0):
            return False
        self._stamps_ns[report.station] = report.stamp_ns
        return self._set_fault(report.station, report.fault)

    def note_refusal(self, station: str) -> bool:
        """An AGV was refused there: out of order, until the station says otherwise."""
        if station not in self.stations or self.of(station) != "in":
            return False
        return self._set_fault(station, "refuses AGVs")

    def _set_fault(self, station: str, fault: str) -> bool:
        before = self._faults.pop(station, "")
        if fault:
            self._faults[station] = fault
        return fault != before

    def of(self, name: str) -> Service:
        """Whether this place or station takes part; a place may be in service at a station out."""
        if name in self._withdrawn:
            return "withdrawn"
        return "out" if name in self._faults else "in"

    def why(self, name: str) -> str:
        """What is wrong with a station, in words; empty if nothing is known."""
        return self._faults.get(name, "")

    def is_open(self, place: Place) -> bool:
        """Whether AGVs may be sent to this place."""
        if place.id in self._withdrawn or place.station in self._withdrawn:
            return False
        return place.station not in self._faults

    def to_tell(self, report: StationReport) -> bool | None:
        """What the station must still be told: to be in service, or not; None if it knows."""
        withdrawn = report.station in self._withdrawn
        return None if withdrawn == report.withdrawn else not withdrawn

    def doubtful(self) -> list[str]:
        """Stations that are out of order, to be asked whether they still are."""
        return list(self._faults)
