"""The independent checker beside robots over ROS: it reckons with what is heard of their talk.

What it hears: each AGV's own `state`, ten times a second of the wall clock, and each grant that is
said to an AGV. Everything is put in the order of its stamps and judged a moment later, when every
AGV has said where it was. Between two samples it is taken to have kept to its road
(`sim.plant.track`).

What it finds: contact between the bodies of AGVs, an AGV beyond the end of what it was granted or
off its way, and grants out of order (`sim.checker`). What it cannot see: an AGV that says something
else than where it is; how an AGV moved between two samples; and where people have set one down, of
which nothing is said on a topic. An AGV that has moved unheard for a while is a finding too: nobody
can then say that nothing was touched.
"""

import math
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
from sim.plant.track import Track
from sim.sweep import Way


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
        self._tracks: dict[str, Track] = {}
        for vehicle, visit in starts.items():
            self._tracks[vehicle] = Track(Way(body.length_m), body.length_m, speed_mps)
            self._drive(vehicle, visit)
        self._end_seq = {vehicle: visit.seq for vehicle, visit in starts.items()}
        self._cleared = dict.fromkeys(starts, -1)
        """The last visit that each AGV's rear has left."""
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
        position, speed_mps = state.pose.position, max(state.twist.linear.x, 0.0)
        heading_rad = yaw_rad(state.pose.orientation, f"{vehicle}.pose")
        newest_ns = track.newest_ns
        if newest_ns is not None and at_ns <= newest_ns:
            return  # late: a newer one says more
        signal = VehicleSignal(
            vehicle, position.x, position.y, heading_rad, speed_mps, state.battery * 100, ""
        )
        moved_m = track.add(at_ns, signal)
        if newest_ns is not None and at_ns - newest_ns > self._silence_ns and moved_m > NEAR_M:
            silent = f"{(at_ns - newest_ns) / 1e9:.1f} s"
            self.missed(f"{vehicle} was not heard for {silent}, and moved {moved_m:.1f} m")
        if state.cleared_seq > self._cleared[vehicle]:
            self._cleared[vehicle] = state.cleared_seq
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
        for visit in visits:
            if visit.seq == self._end_seq[vehicle] + 1:
                self._drive(vehicle, visit)
                self._end_seq[vehicle] = visit.seq
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

    def _drive(self, vehicle: str, visit: Visit) -> None:
        for edge in visit.edges:
            self._tracks[vehicle].way.append(self._roadmap.edges[edge])

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
