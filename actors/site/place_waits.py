"""Circles of waits between places: when is the fleet too small to close one?

Traffic keeps zones free of deadlock. Above it, a vehicle holds a place, or a turn in a lane, while
it waits for the next one. A circle can only be closed by these waits:

- In a bay or a booth, or at the end of a lane: for a turn in the lane back. At the end of a lane:
  for a bay or a booth of that side. What waits for a bay, waits for others of its side that wait
  for a lane or a booth. So a circle over both sides has a full lane in each direction.
- On one side alone: failed images in all outbound booths wait for drop-off bays; these are all
  taken by vehicles whose next order waits for a pick-up bay; and those by loaded ones that wait for
  a booth.

A vehicle that has no order, on the side of its home, waits for nothing. It is taken that each
vehicle holds one place or turn; a turn in a second lane is only given to one that is next to leave
the first.
"""

import datetime
from collections import Counter

import msgspec

from actors.site.devices import lanes_in_use
from actors.site.model import Site
from actors.site.roadmap import Roadmap


class PossibleCircle(msgspec.Struct, frozen=True):
    """A circle of waits that the size of the fleet does not rule out."""

    places: str
    """What would all have to be taken, in words."""
    room: int
    """So many vehicles would close it."""


def possible_circles(site: Site, roadmap: Roadmap, day: datetime.date) -> list[PossibleCircle]:
    """The circles of waits that are not ruled out; none means that there can be none.

    Sufficient, not necessary: a fleet as large as the room of a circle will hardly ever be where
    it would have to be.
    """
    count = site.vehicles.count
    found = []
    lanes = []
    for direction in dict.fromkeys(lane.direction for lane in lanes_in_use(site, day)):
        rooms = {
            lane.id: len(roadmap.way(lane.id, direction[:2]).edges)
            for lane in lanes_in_use(site, day)
            if lane.direction == direction
        }
        smallest = min(rooms, key=lambda lane: (rooms[lane], lane))
        lanes.append((smallest, rooms[smallest]))
    room = sum(size for _, size in lanes)
    if count >= room:
        names = " and ".join(name for name, _ in lanes)
        found.append(PossibleCircle(f"all zones of lanes {names}", room))
    kinds = Counter((place.side, place.kind) for place in roadmap.places.values())
    for rule in site.inspection:
        side = rule.direction[:2]
        if rule.scan == "before_crossing":
            room = sum(kinds[side, kind] for kind in ("pickup", "dropoff", "booth_outbound"))
            if count >= room:
                places = f"all bays and outbound booths of side {side}, all images failed"
                found.append(PossibleCircle(places, room))
    return found
