"""The independent checker: watches the vehicles themselves and counts what must never happen.

It reads the true motion of the simulated vehicles (their paths and speed profiles) and the grants
that reach them, and reckons with its own geometry. It shares no code with traffic and believes
nothing that the fleet manager says.

- `overlap`: two vehicles' bodies were in one zone at the same time.
- `beyond_grant`: a front was beyond the end of what its vehicle had been granted.
- `jump`: a vehicle was not where its own motion must have brought it.
- `stall`: orders were open and no vehicle moved for ten minutes.
"""

import math
from collections import deque

import msgspec

from actors.effects import Effect
from actors.messages import ExtendGrant, Message
from actors.site.roadmap import Roadmap
from robotics.motion import Profile
from sim.plant.vehicle import VehicleController

NEAR_M = 1e-3
"""Differences below a millimetre are rounding."""
STALL_NS = 600 * 10**9
KEPT = 16
"""Stays kept a zone, to be compared with those that become known later."""


class Stay(msgspec.Struct):
    """A body's stay in a zone [ns]; `out_ns` is None while it lasts."""

    vehicle: str
    end_m: float
    """Where the rear leaves the zone, as a place of the rear along the vehicle's path."""
    in_ns: int
    out_ns: int | None = None


class Track(msgspec.Struct):
    """One vehicle's path through life as the checker reckons it."""

    controller: VehicleController
    profile: Profile
    began_ns: int
    path: deque[tuple[float, str]]
    """(end along the path [m], zone) of edges that the rear has not left."""
    end_m: float
    """End of the path granted."""
    granted: int
    """`seq` of the last visit granted."""
    front_m: float
    entered: int
    """How many edges of `path` the front has entered."""
    stays: deque[tuple[str, Stay]]
    """Zones in which the body is, the rearmost first."""


class Checker:
    """Add it to a world's observers; `violations` holds a count a kind, `found` the first few."""

    def __init__(
        self, roadmap: Roadmap, vehicle_length_m: float, controllers: list[VehicleController]
    ) -> None:
        self.violations = {"overlap": 0, "beyond_grant": 0, "jump": 0, "stall": 0}
        self.found: list[str] = []
        self._length_m = vehicle_length_m
        self._measured = {edge.id: (edge.length_m, edge.zone) for edge in roadmap.edges.values()}
        self._zones: dict[str, deque[Stay]] = {}
        self._tracks: dict[str, Track] = {}
        self._moved_ns = 0
        for controller in controllers:
            self._begin(controller)

    def observe(self, name: str, message: Message, effects: list[Effect], now_ns: int) -> None:
        """After each event of a vehicle's controller: how has it moved, and was that allowed?"""
        track = self._tracks.get(name)
        if track is None:
            return
        self._follow(track, now_ns)
        if isinstance(message, ExtendGrant):
            self._extend(track, message)
        controller = track.controller
        track.profile, track.began_ns = controller.profile, controller.began_ns

    def watch_progress(self, now_ns: int, open_orders: int) -> None:
        """Call now and then: counts a stall when orders are open and nothing moves."""
        if open_orders == 0:
            self._moved_ns = now_ns
        elif now_ns - self._moved_ns > STALL_NS:
            self._count("stall", f"at {now_ns}: nothing has moved for {STALL_NS / 6e10:.0f} min")
            self._moved_ns = now_ns

    def finish(self, now_ns: int) -> dict[str, int]:
        """Compare the stays that still last, and return all counts."""
        for track in self._tracks.values():
            self._follow(track, now_ns)
        for track in self._tracks.values():
            for zone, stay in track.stays:
                self._compare(zone, stay)
        return self.violations

    # --- following one vehicle ----------------------------------------------------------------

    def _begin(self, controller: VehicleController) -> None:
        path: deque[tuple[float, str]] = deque()
        end_m = 0.0
        for passage in controller.passages:
            for edge in passage.visit.edges:
                length_m, zone = self._measured[edge]
                end_m += length_m
                path.append((end_m, zone))
        track = Track(
            controller, controller.profile, controller.began_ns, path, end_m,
            controller.passages[-1].visit.seq, controller.front(0)[0], len(path), deque(),
        )  # fmt: skip
        for edge_end_m, zone in path:
            self._enter(track, zone, edge_end_m, 0)
        self._tracks[controller.name] = track

    def _extend(self, track: Track, grant: ExtendGrant) -> None:
        for visit in grant.visits:
            if visit.seq == track.granted + 1:
                track.granted = visit.seq
                for edge in visit.edges:
                    length_m, zone = self._measured[edge]
                    track.end_m += length_m
                    track.path.append((track.end_m, zone))

    def _follow(self, track: Track, now_ns: int) -> None:
        """Bring the body forward to where its motion has carried it by now."""
        profile, began_ns = track.profile, track.began_ns
        front_m, _ = profile.at((now_ns - began_ns) / 1e9)
        shown_m, _ = track.controller.front(now_ns)
        if abs(front_m - shown_m) > NEAR_M or front_m < track.front_m - NEAR_M:
            self._count("jump", f"{track.controller.device} at {now_ns}: {front_m} is {shown_m}")
        if front_m > track.end_m + NEAR_M:
            self._count("beyond_grant", f"{track.controller.device} at {now_ns}: {front_m}")
        if front_m > track.front_m + NEAR_M:
            self._moved_ns = max(self._moved_ns, now_ns)
        track.front_m = front_m
        while track.entered < len(track.path):
            begin_m = track.path[track.entered - 1][0]
            if front_m <= begin_m + NEAR_M:
                break
            end_m, zone = track.path[track.entered]
            self._enter(track, zone, end_m, _when(profile, began_ns, begin_m))
            track.entered += 1
        rear_m = front_m - self._length_m
        while track.entered > 1 and track.path[0][0] <= rear_m:
            end_m, zone = track.path.popleft()
            track.entered -= 1
            if track.stays[0][1].end_m <= end_m:
                _, stay = track.stays.popleft()
                stay.out_ns = _when(profile, began_ns, end_m + self._length_m)
                self._compare(zone, stay)

    def _enter(self, track: Track, zone: str, end_m: float, at_ns: int) -> None:
        if track.stays and track.stays[-1][0] == zone:
            track.stays[-1][1].end_m = end_m  # on within the same zone
            return
        stay = Stay(track.controller.name, end_m, at_ns)
        track.stays.append((zone, stay))
        self._zones.setdefault(zone, deque(maxlen=KEPT)).append(stay)

    # --- comparing ----------------------------------------------------------------------------

    def _compare(self, zone: str, stay: Stay) -> None:
        """Count every other stay in the zone that this one overlapped with."""
        out_ns = stay.out_ns if stay.out_ns is not None else 1 << 62
        for other in self._zones[zone]:
            if other.vehicle == stay.vehicle or other.in_ns >= out_ns:
                continue
            other_out_ns = other.out_ns
            if other_out_ns is None:
                other_out_ns = self._leaves_ns(other)
            if other_out_ns > stay.in_ns:
                both = f"{stay.vehicle} from {stay.in_ns}, {other.vehicle} from {other.in_ns}"
                self._count("overlap", f"zone {zone}: {both}")

    def _leaves_ns(self, stay: Stay) -> int:
        """When a body that is known to be in a zone leaves it, as its motion now stands."""
        track = self._tracks[stay.vehicle]
        return _when(track.profile, track.began_ns, stay.end_m + self._length_m)

    def _count(self, kind: str, what: str) -> None:
        self.violations[kind] += 1
        if len(self.found) < 20:
            self.found.append(f"{kind}: {what}")


def _when(profile: Profile, began_ns: int, at_m: float) -> int:
    seconds = profile.time_at(at_m)
    return began_ns + round(seconds * 1e9) if math.isfinite(seconds) else 1 << 62
