"""Traffic without places of its own to drive to: from goal to goal, with room to rest behind each.

A road leads through a goal, any cell of the map, and on to an end: one of the zones in which a
vehicle may rest. Where it goes next is told before it gets to the goal; then what is behind the
goal is taken away, which nobody has driven, and fitted anew through the next goal to another end.
So vehicles that are told in time do not stop, and what `actors.fleet.traffic` promises holds as
ever: every road ends where nobody queues behind it, at each moment.

That each goal can be reached in the end takes two things of the ends:

- Without all of them the rest of the map still leads from every zone to every other, so that
  vehicles at rest are in nobody's way but to the zones in which they are.
- There are more of them than vehicles. One that wants a free end gets there, and may stay. A
  vehicle whose road ends where another is to go through moves on, to an end that nobody wants: if
  all who wait want ends that are in use, the one that is not in use is wanted by none.
"""

import math
from collections.abc import Iterable

from actors.fleet.gaps import Way
from actors.fleet.kernels import NONE
from actors.fleet.traffic import Body, Held, Traffic, Trip
from actors.site.roadmap import Roadmap


class ThroughTraffic(Traffic):
    """All queues of a roadmap whose nodes are zones of their own. `homes` tells who there is.

    A vehicle at the end of a zone is out of the one before: it rests in one zone.
    """

    def __init__(
        self, roadmap: Roadmap, homes: dict[str, str], horizon_m: float, body: Body
    ) -> None:
        super().__init__(roadmap, homes, horizon_m, body)
        assert body.rear_clear_m <= self._network.net.length_m.min()
        self._projected_s = math.nan
        """For when the times of all visits hold, as long as nobody moves."""

    def clear(self, vehicle: str, cleared: int, now_s: float) -> None:
        """The vehicle's rear has left all visits up to `cleared`."""
        super().clear(vehicle, cleared, now_s)
        self._projected_s = math.nan

    def go_through(
        self, vehicle: str, node: str, ends: tuple[int, ...], now_s: float
    ) -> Trip | None:
        """Make a way through a node, and on to one of `ends`, the vehicle's road.

        It follows on the node through which the road leads so far, or on what is granted. It may
        end at the node itself, whoever else wants that. None, and nothing is changed, if no way
        fits now.
        """
        held = self._held[vehicle]
        keep = self._keep(held)
        wanted, zone = self._timetable.rows.wanted, self._network.zone_index[node]
        others_want, wanted[zone] = wanted[zone], False
        way = self._refit(held, keep, ends, self._network.ending_at(node), now_s)
        wanted[zone] = others_want
        return self._lead(vehicle, node, keep, way)

    def hasten(
        self, vehicle: str, ends: tuple[int, ...], gain_s: float, now_s: float
    ) -> Trip | None:
        """Fit the way through its node anew, if the vehicle then is there so much sooner.

        Others have given up since what they had planned behind their goals.
        """
        held = self._held[vehicle]
        trip = held.trips[-1]
        keep = max(held.granted, trip.begin - 1)
        if trip.through <= keep:
            return None
        self._project_once(now_s)
        soon_s = float(self._timetable.rows.in_s[held.row_of(trip.through)]) - gain_s
        goal = self._network.ending_at(trip.goal)
        way = self._refit(held, keep, ends, goal, now_s, soon_s)
        return self._lead(vehicle, trip.goal, keep, way)

    def move_on(self, vehicle: str, ends: tuple[int, ...], now_s: float) -> bool:
        """Let the vehicle's road end where nobody wants to go through; False if there is no way."""
        held = self._held[vehicle]
        keep = self._keep(held)
        way = self._refit(held, keep, ends, (), now_s)
        return self._lead(vehicle, "", keep, way) is not None

    def want(self, nodes: Iterable[str]) -> None:
        """From now on let no road end in these nodes' zones, and in all others again."""
        wanted = self._timetable.rows.wanted
        wanted[:] = False
        for node in nodes:
            wanted[self._network.zone_index[node]] = True

    def who_stays(self, node: str) -> str | None:
        """The vehicle whose road ends in the node's zone."""
        stay = int(self._timetable.rows.tail[self._network.zone_index[node]])
        if stay == NONE or self._timetable.rows.next[stay // self._timetable.per_row] != NONE:
            return None
        return self._vehicle_at(stay)

    def ending_at(self, nodes: Iterable[str]) -> tuple[int, ...]:
        """The passages that end at nodes."""
        return tuple(passage for node in nodes for passage in self._network.ending_at(node))

    def _keep(self, held: Held) -> int:
        """`seq` of the last visit that stays when the road is fitted anew."""
        return max([held.granted, *(trip.through for trip in held.trips[-1:])])

    def _project_once(self, now_s: float) -> None:
        """Project the times of all visits, unless nobody has moved since that was done."""
        if now_s != self._projected_s:
            self._project(now_s)
            self._projected_s = now_s

    def _refit(
        self,
        held: Held,
        keep: int,
        ends: tuple[int, ...],
        through: tuple[int, ...],
        now_s: float,
        soon_s: float = math.inf,
    ) -> Way | None:
        """Take away the road behind `keep` if there is another way, by then at what it is through.

        The way is yet to be put in its place.
        """
        self._project_once(now_s)
        at = keep - held.visits[0].seq
        suffix = [held.rows[i] for i in range(at + 1, len(held.rows))]
        in_s = self._timetable.rows.in_s[suffix]
        cut = self._timetable.cut(suffix)
        way = self._fit(held, held.rows[at], ends, now_s, through)
        if way is not None and (not through or way.enter_s[way.through] <= soon_s):
            self._give_up(held, suffix)
            return way
        self._timetable.restore(held.index, cut)
        self._timetable.expect(held.index, suffix, in_s)
        return None

    def _lead(self, vehicle: str, goal: str, keep: int, way: Way | None) -> Trip | None:
        """Make a way the vehicle's road behind `keep`; to no goal, it leads through nothing."""
        if way is None:
            return None
        held = self._held[vehicle]
        for before in held.trips[-1:]:
            before.arrive = min(before.arrive, keep)
        through = keep + 1 + way.through if goal else keep
        trip = Trip(goal, keep + 1, 0, 0, through=through)
        held.trips = [*(t for t in held.trips if t.arrive >= held.visits[0].seq), trip]
        self._drive(vehicle, trip, way)
        rows = [held.row_of(seq) for seq in range(trip.begin, trip.arrive + 1)]
        self._timetable.expect(held.index, rows, way.enter_s)
        return trip
