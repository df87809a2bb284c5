"""Which places of the yards are in service and free, and how much their stations have to do."""

from actors.fleet.obstacles import Obstacles
from actors.fleet.service import InService
from actors.fleet.traffic import Traffic
from actors.messages import Side
from actors.site.roadmap import Place, PlaceKind, Roadmap

RESTS: tuple[PlaceKind, ...] = (
    "parking", "charger", "dropoff", "pickup", "booth_inbound", "booth_outbound",
)  # fmt: skip
"""Where an AGV that is in the way on the road may rest, the best first."""


class Stations:
    """The places of a roadmap by side and kind, as traffic has them reserved."""

    def __init__(
        self, roadmap: Roadmap, traffic: Traffic, service: InService, obstacles: Obstacles
    ) -> None:
        self._traffic = traffic
        self._service, self._obstacles = service, obstacles
        self._zones_of = {
            place.id: roadmap.standing_edge(place.id).zones for place in roadmap.places.values()
        }
        self._places: dict[tuple[Side, PlaceKind], list[Place]] = {}
        for place in roadmap.places.values():
            self._places.setdefault((place.side, place.kind), []).append(place)

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides that have places."""
        return tuple(dict.fromkeys(side for side, _ in self._places))

    def free(self, side: Side, kind: PlaceKind) -> list[Place]:
        """Places that may be reserved, those of the least busy stations first."""
        busy = self.load(side, kind)
        places = [p for p in self._places.get((side, kind), ()) if self._traffic.may_take("", p.id)]
        return sorted(filter(self.is_open, places), key=lambda p: (busy[p.station], p.id))

    def count(self, side: Side, kind: PlaceKind) -> int:
        """How many places of the kind there are."""
        return len(self._places.get((side, kind), ()))

    def is_open(self, place: Place) -> bool:
        """Whether AGVs may be sent there: in service, and nothing that is not ours stands there."""
        return self._service.is_open(place) and not self.is_occupied(place)

    def is_occupied(self, place: Place) -> bool:
        """Whether something that is not ours stands there."""
        return self._obstacles.occupy(self._zones_of[place.id])

    def load(self, side: Side, kind: PlaceKind) -> dict[str, int]:
        """How many places of each station are taken; both kinds of bay count for a crane."""
        load: dict[str, int] = {}
        kinds: tuple[PlaceKind, ...] = (
            ("pickup", "dropoff") if kind in ("pickup", "dropoff") else (kind,)
        )
        for one in kinds:
            for place in self._places.get((side, one), ()):
                taken = not self._traffic.may_take("", place.id)
                load[place.station] = load.get(place.station, 0) + taken
        return load
