"""The independent checker beside robots over ROS: it reckons with what is heard of their talk.

What it hears: each AGV's own `state`, ten times a second of the wall clock, and each grant that is
said to an AGV. Everything is put in the order of its stamps and judged a moment later, when every
AGV has said where it was. Between two samples, which are seconds of driving if the gate's clock is
fast, an AGV is taken to have gone along the arc, and as fast, as the two say.

What it finds: contact between the bodies of AGVs, an AGV beyond the end of what it was granted or
off its way, and grants out of order (`sim.checker`). What it cannot see: an AGV that says something
else than where it is; how an AGV moved between two samples; and where people have set one down, of
which nothing is said on a topic. An AGV that has moved unheard for a while is a finding too: nobody
can then say that nothing was touched.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping
from heapq import heappop, heappush

from actors.effects import Send
from actors.messages import ExtendGrant, Message, RearClear, Visit
from actors.site.roadmap import Roadmap
from robotics.ros import wire
from robotics.ros.agv_state import yaw_rad
from robotics.telemetry import VehicleSignal
from sim.checker import FOUND_KEPT, NEAR_M, Checker
from sim.footprint import Body

SLOPE_MAX = 3.0
"""A cubic curve from 0 to 1 rises all the way if its slopes at the ends are from 0 to this."""


class Track:
    """Where one AGV has said that it was, lately."""

    def __init__(self, vehicle: str) -> None:
        self._vehicle = vehicle
        self._stamps: deque[int] = deque()
        self._signals: deque[VehicleSignal] = deque()
        self.cleared = -1
        """The last visit that its rear has left."""

    @property
    def newest_ns(self) -> int | None:
        """When it was last heard of; None: never."""
        return self._stamps[-1] if self._stamps else None

    def add(self, at_ns: int, state: wire.AgvState) -> float:
        """It says where it was at a time that is later than all before; how far it has come [m]."""
        position, speed = state.pose.position, max(state.twist.linear.x, 0.0)
        heading_rad = yaw_rad(state.pose.orientation, f"{self._vehicle}.pose")
        signal = VehicleSignal(
            self._vehicle, position.x, position.y, heading_rad, speed, state.battery * 100, ""
        )
        before = self._signals[-1] if self._signals else signal
        self._stamps.append(at_ns)
        self._signals.append(signal)
        return math.hypot(signal.x_m - before.x_m, signal.y_m - before.y_m)

    def forget(self, before_ns: int) -> None:
        """Drop the samples that say nothing about that time or later."""
        while len(self._stamps) > 1 and self._stamps[1] <= before_ns:
            self._stamps.popleft()
            self._signals.popleft()

    def show(self, now_ns: int) -> VehicleSignal:
        """As it was at a time; what was before is forgotten. Beyond its samples it stands."""
        self.forget(now_ns)
        if len(self._stamps) == 1 or now_ns <= self._stamps[0]:
            return self._signals[0]
        span_ns = self._stamps[1] - self._stamps[0]
        share = (now_ns - self._stamps[0]) / span_ns
        return _between(self._signals[0], self._signals[1], span_ns / 1e9, share)


class Overheard:
    """The checker of robots that are listened to; it has no clock: stamps are all it knows of time.

    Args:
        roadmap: The roads as drawn.
        body: The size of all AGVs.
        speed_mps: No AGV is faster.
        starts: By AGV, the visit in which it stands at first, at its end.
        silence_ns: So long an AGV that moves may not be heard [ns of the gate].
    """

    def __init__(
        self,
        roadmap: Roadmap,
        body: Body,
        speed_mps: float,
        starts: Mapping[str, Visit],
        silence_ns: int,
    ) -> None:
        self._roadmap, self._body, self._speed_mps = roadmap, body, speed_mps
        self._starts, self._silence_ns = dict(starts), silence_ns
        self._tracks = {vehicle: Track(vehicle) for vehicle in starts}
        self._news: list[tuple[int, int, str, Message]] = []
        """A heap: (stamp, number, AGV, a grant to it or what its rear has left)."""
        self._heard = 0
        self._checker: Checker | None = None
        """Made when every AGV has been heard of."""
        self._due_ns: int | None = None
        self._now_ns = 0
        """All that is stamped up to here has been judged."""
        self._unheard: list[str] = []

    # --- what is heard ------------------------------------------------------------------------

    def told(self, vehicle: str, state: wire.AgvState) -> None:
        """An AGV has said its state."""
        track, at_ns = self._tracks[vehicle], state.header.stamp.ns
        newest_ns = track.newest_ns
        if newest_ns is not None and at_ns <= newest_ns:
            return  # late: a newer one says more
        moved_m = track.add(at_ns, state)
        if newest_ns is not None and at_ns - newest_ns > self._silence_ns and moved_m > NEAR_M:
            silent = f"{(at_ns - newest_ns) / 1e9:.1f} s"
            self.missed(f"{vehicle} was not heard for {silent}, and moved {moved_m:.1f} m")
        if state.cleared_seq > track.cleared:
            track.cleared = state.cleared_seq
            self._keep(at_ns, vehicle, RearClear(vehicle, state.cleared_seq))

    def granted(self, vehicle: str, grant: wire.Grant) -> None:
        """A grant was said to an AGV, by whomever."""
        strange = [
            edge.id
            for visit in grant.visits
            for edge in visit.edges
            if edge.id not in self._roadmap.edges
        ]
        if strange or not all(visit.edges for visit in grant.visits):
            roads = ", ".join(strange) or "none"
            self.missed(f"grant {grant.number} to {vehicle} has roads that are not there: {roads}")
            return
        if not grant.visits:
            return  # nothing is granted by it
        visits = tuple(
            Visit(visit.seq, visit.zone, tuple(edge.id for edge in visit.edges))
            for visit in grant.visits
        )
        self._keep(grant.header.stamp.ns, vehicle, ExtendGrant(grant.number, visits))

    def missed(self, what: str) -> None:
        """Something could not be heard, so that nobody can say that all was well."""
        if len(self._unheard) < FOUND_KEPT:
            self._unheard.append(f"unheard: {what}")

    # --- what comes of it ---------------------------------------------------------------------

    def look(self, now_ns: int) -> None:
        """Judge all up to the moment of which all AGVs have told that were heard lately."""
        newest = [track.newest_ns for track in self._tracks.values()]
        known = [at_ns for at_ns in newest if at_ns is not None]
        if len(known) < len(newest):
            return
        lately = [at_ns for at_ns in known if now_ns - at_ns <= self._silence_ns]
        if lately:
            self._judge(min(lately))

    def finish(self, now_ns: int) -> list[str]:
        """Judge all that has been heard; what was found, in words."""
        for vehicle, track in self._tracks.items():
            newest_ns = track.newest_ns
            if newest_ns is None:
                self.missed(f"{vehicle} was never heard")
            elif now_ns - newest_ns > self._silence_ns:
                self.missed(
                    f"{vehicle} was not heard for the last {(now_ns - newest_ns) / 1e9:.1f} s"
                )
        self.look(now_ns)
        if self._checker is None:
            return self._unheard
        self._checker.finish(self._now_ns)
        return [*self._checker.found, *self._unheard]

    def _keep(self, at_ns: int, vehicle: str, message: Message) -> None:
        self._heard += 1
        heappush(self._news, (at_ns, self._heard, vehicle, message))

    def _judge(self, until_ns: int) -> None:
        checker = self._checker or self._begin(until_ns)
        while True:
            news_ns = self._news[0][0] if self._news else math.inf
            due_ns = math.inf if self._due_ns is None else self._due_ns
            if min(news_ns, due_ns) > until_ns:
                break
            # What comes later than it should is judged by where all are now.
            self._now_ns = max(self._now_ns, int(min(news_ns, due_ns)))
            if due_ns <= news_ns:
                self._due_ns = None
                checker.look(self._now_ns)
            else:
                _, _, vehicle, message = heappop(self._news)
                checker.observe(
                    f"{vehicle}/controller", message, [Send(vehicle, message)], self._now_ns
                )
        self._now_ns = max(self._now_ns, until_ns)
        for track in self._tracks.values():
            track.forget(self._now_ns)

    def _begin(self, until_ns: int) -> Checker:
        shows: dict[str, Callable[[int], VehicleSignal]] = {
            vehicle: track.show for vehicle, track in self._tracks.items()
        }
        self._checker = Checker(
            self._roadmap, self._body, self._speed_mps, shows, self._starts, self._wake
        )
        self._now_ns = min([until_ns, *(at_ns for at_ns, *_ in self._news)])
        self._checker.finish(self._now_ns)  # all stand: what they do is reckoned from here
        return self._checker

    def _wake(self, at_ns: int) -> None:
        self._due_ns = at_ns if self._due_ns is None else min(at_ns, self._due_ns)


def _between(
    one: VehicleSignal, other: VehicleSignal, span_s: float, share: float
) -> VehicleSignal:
    """After a share of the span from the one to the other.

    Cubic Hermite curves: one on the map, which leaves with the heading of the one and arrives with
    that of the other, and is all but an arc of a circle where they are on one; and one of the way
    along it, with the speeds of both, which never goes back (F. Fritsch, R. Carlson, 1980).
    """
    dx_m, dy_m = other.x_m - one.x_m, other.y_m - one.y_m
    turned_rad = math.remainder(other.heading_rad - one.heading_rad, math.tau)
    arc_m = 2 * math.hypot(dx_m, dy_m) / (1 + math.cos(turned_rad / 2))
    if arc_m == 0:
        return one if share < 1 else other
    leaves, arrives = (min(s.speed_mps * span_s / arc_m, SLOPE_MAX) for s in (one, other))
    way = _hermite(0.0, 1.0, leaves, arrives, share)
    headings = one.heading_rad, one.heading_rad + turned_rad
    x_out_m, x_in_m = (arc_m * math.cos(heading) for heading in headings)
    y_out_m, y_in_m = (arc_m * math.sin(heading) for heading in headings)
    return VehicleSignal(
        one.id,
        _hermite(one.x_m, other.x_m, x_out_m, x_in_m, way),
        _hermite(one.y_m, other.y_m, y_out_m, y_in_m, way),
        one.heading_rad + turned_rad * way,
        one.speed_mps + (other.speed_mps - one.speed_mps) * share,
        one.battery_pct,
        one.container,
        one.fault,
    )


def _hermite(begin: float, end: float, leaves: float, arrives: float, share: float) -> float:
    """From a value with a slope to another with another; `share` is 0 to 1."""
    rest = 1 - share
    ends = begin * rest * rest * (1 + 2 * share) + end * share * share * (3 - 2 * share)
    return ends + leaves * share * rest * rest - arrives * share * share * rest
