"""Phases 2 to 4 of dispatching: the next step of each AGV that stands at a decision, and its road.

Tell every AGV at a decision what to do next; send those without work home or to a charger; pass on
the grants that have become free.
"""

import math

from actors.effects import Effect, Send
from actors.fleet.doors import is_shut
from actors.fleet.lanes import Lanes
from actors.fleet.orders import Job
from actors.fleet.plan import FleetPlan
from actors.fleet.refusals import Refusals
from actors.fleet.stations import RESTS, Stations
from actors.fleet.traffic import Traffic, Trip
from actors.fleet.vehicles import Vehicle
from actors.fleet.watch import Found
from actors.messages import Action, AlarmKind, ExtendGrant, Side, StartStep
from actors.site.roadmap import Place, PlaceKind

ASIDE: tuple[PlaceKind, ...] = ("parking", "charger")
"""Places in which no AGV is served that has work."""


WAITS: tuple[PlaceKind, ...] = ("parking", "charger", "dropoff")
"""Where an AGV may stand that waits for a permission."""
PATIENCE_NS: dict[PlaceKind | None, int] = {"pickup": 15 * 10**9, "booth_outbound": 180 * 10**9}
"""So long an AGV stays where it was served, since it came there, rather than drive aside [ours].
Clearances mostly allow a crossing within seconds of the lift, officers decide on images within
minutes. Meanwhile it would drive a round of the yard, through the merges that all have to pass."""
DROPOFFS_KEPT = 1 / 8
"""So many drop-off bays are kept for those that may be unloaded [ours]. With half of them kept,
imports at 3,500 trucks a day drive aside and back, and block the yard's column and the lanes."""


class Dispatch:
    """Steps and grants for AGVs, a phase at a time."""

    def __init__(
        self,
        plan: FleetPlan,
        vehicles: dict[str, Vehicle],
        traffic: Traffic,
        stations: Stations,
        lanes: Lanes,
        refusals: Refusals,
    ) -> None:
        self._plan = plan
        self._vehicles = vehicles
        self._traffic = traffic
        self._stations = stations
        self._lanes, self._refusals = lanes, refusals
        self._steps = 0

    def decide(self, charging: dict[str, Place], now_ns: int) -> list[Effect]:
        """Phase 2: tell each AGV at a decision its next step; who waits longest, first.

        `charging` are the chargers to go to, by AGV.
        """
        effects: list[Effect] = []
        waiting = [v for v in self._vehicles.values() if v.at_decision(self._traffic)]
        for vehicle in sorted(waiting, key=lambda v: v.waits_since_ns):
            if vehicle.at_decision(self._traffic):
                steps = self._next_step(vehicle, charging.get(vehicle.name), now_ns)
                if not steps and self._is_in_the_way(vehicle):
                    steps = self._rest(vehicle, now_ns)
                effects += steps
        return effects

    def _is_in_the_way(self, vehicle: Vehicle) -> bool:
        """Whether it has nothing to do, and its road ends in no place."""
        return vehicle.step is None and self._traffic.place_of(vehicle.name) is None

    def could_rest(self, vehicle: Vehicle, side: Side) -> bool:
        """Whether it stands on the road of a side, and there is a place to which it can go."""
        if not self._stands_on_road(vehicle):
            return False
        places = [place for kind in RESTS for place in self._stations.free(side, kind)]
        if side == vehicle.home_side:
            places.append(self._plan.roadmap.places[vehicle.home])
        node, time_s = self._traffic.node_of(vehicle.name), self._traffic.router.time_s
        return any(math.isfinite(time_s(node, place.node)) for place in places)

    def _stands_on_road(self, vehicle: Vehicle) -> bool:
        """Whether its road ends neither in a place nor in a lane: nobody gets past it there."""
        name = vehicle.name
        return self._traffic.place_of(name) is None and not self._traffic.ends_in_lane(name)

    def is_stranded(self) -> bool:
        """Whether an AGV could not be told a next step and stands on the road."""
        return any(
            v.at_decision(self._traffic) and self._is_in_the_way(v) for v in self._vehicles.values()
        )

    def is_patient(self) -> bool:
        """Whether an AGV stays where it was served, before a door: it leaves in a while."""
        return any(
            v.job is not None and is_shut(v.job, v.side) and self._kind_of(v) in PATIENCE_NS
            for v in self._vehicles.values()
            if v.at_decision(self._traffic)
        )

    def _kind_of(self, vehicle: Vehicle) -> PlaceKind | None:
        """Of the place in which its road ends."""
        here = self._plan.roadmap.places.get(self._traffic.place_of(vehicle.name) or "")
        return here.kind if here is not None else None

    def _next_step(self, vehicle: Vehicle, charger: Place | None, now_ns: int) -> list[Effect]:
        """What an AGV does next; nothing if what it needs is taken, it will be asked again."""
        job = vehicle.job
        if job is None:
            return self._go_home(vehicle, charger, now_ns)
        stop = self._stop(vehicle.side, job)
        shut = (stop is None or stop[0] == "unload") and is_shut(job, vehicle.side)
        if shut:
            return self._wait_at_door(vehicle, job, now_ns)
        return (
            self._go(vehicle, *stop, now_ns) if stop is not None else self._cross(vehicle, now_ns)
        )

    def _stop(self, side: Side, job: Job) -> tuple[Action, PlaceKind] | None:
        """What is to be done next for the order, and in which places of `side`; None: crossing."""
        request = job.request
        if not job.loaded:
            return ("load", "pickup") if side == request.from_side else None
        if job.fails_because:
            return "unload", "dropoff"
        scan = self._plan.scans[f"{request.from_side}-{request.to_side}"]
        if not job.scanned and scan == "before_crossing":
            return "scan", "booth_outbound"
        if side != request.to_side:
            return None
        return ("unload", "dropoff") if job.scanned else ("scan", "booth_inbound")

    def left_standing(self) -> Found:
        """Orders whose AGV has no road, though a lane or a place for it has room.

        While zones are blocked or AGVs stand still, people know why one may have no road.
        """
        found: Found = {}
        if self._traffic.blocked() or self._traffic.stopped():
            return found
        for vehicle in self._vehicles.values():
            if vehicle.job is None or is_shut(vehicle.job, vehicle.side):
                continue
            room = self._room_for(vehicle, vehicle.job)
            if room:
                what: tuple[AlarmKind, str] = "order_stands", vehicle.job.request.id
                found[what] = f"its AGV {vehicle.name} has no road, and {room} has room"
        return found

    def _room_for(self, vehicle: Vehicle, job: Job) -> str:
        """Where the AGV could go with its order and does not; empty if it need not or cannot."""
        way = vehicle.permit_way
        if way is not None:
            if vehicle.permitted or way not in self._lanes.open_ways(way.from_side):
                return ""  # its way to the lane is not free, or it waits for the lane
            return way.lane if self._traffic.lane_load(way.lane) < len(way.edges) else ""
        if not vehicle.at_decision(self._traffic):
            return ""
        stop = self._stop(vehicle.side, job)
        if stop is None:
            return "a lane" if self._lanes.open_ways(vehicle.side) else ""
        free = self._stations.free(vehicle.side, stop[1])
        return free[0].id if free else ""

    def _go_home(self, vehicle: Vehicle, charger: Place | None, now_ns: int) -> list[Effect]:
        """Phase 3: without an order: to the charger that it was given, or to the own refuge."""
        # One that had to stand aside may have taken the charger in this very round.
        if charger is not None and self._traffic.may_take(vehicle.name, charger.id):
            effects = self._go_to(vehicle, "charge", charger, now_ns)
            if effects:
                return effects
        if vehicle.side != vehicle.home_side:
            return self._cross(vehicle, now_ns)
        here = self._traffic.place_of(vehicle.name)
        home = self._plan.roadmap.places[vehicle.home]
        if here == vehicle.home:
            return []
        if self._stations.is_open(home):
            return self._go_to(vehicle, "park", home, now_ns)
        if here is not None and self._plan.roadmap.places[here].kind == "parking":
            return []
        return self._go(vehicle, "park", "parking", now_ns)

    def _rest(self, vehicle: Vehicle, now_ns: int) -> list[Effect]:
        """Off the road, for an AGV that cannot go on from there at once."""
        home = self._plan.roadmap.places[vehicle.home]
        if vehicle.side == vehicle.home_side and self._stations.is_open(home):
            resting = self._go_to(vehicle, "park", home, now_ns)
            if resting:
                return resting
        for kind in RESTS:
            resting = self._go(vehicle, "park", kind, now_ns)
            if resting:
                return resting
        return []

    def _go(self, vehicle: Vehicle, action: Action, kind: PlaceKind, now_ns: int) -> list[Effect]:
        """To the free place of that kind whose station has least to do, then the nearest.

        An AGV that is in such a place already is served there.
        """
        here = self._plan.roadmap.places.get(self._traffic.place_of(vehicle.name) or "")
        served_here = here is not None and (here.side, here.kind) == (vehicle.side, kind)
        if action != "park" and here is not None and served_here and self._stations.is_open(here):
            end = self._traffic.granted_end(vehicle.name)
            stay = Trip(here.id, end + 1, 0, end)
            return self._tell(vehicle, action, here.station, here.id, stay, now_ns)
        free = self._stations.free(vehicle.side, kind)
        node = self._traffic.node_of(vehicle.name)
        busy = self._stations.load(vehicle.side, kind)
        free.sort(key=lambda p: (busy[p.station], self._traffic.router.time_s(node, p.node), p.id))
        for place in free:
            going = self._go_to(vehicle, action, place, now_ns)
            if going:
                return going
        return []

    def _go_to(self, vehicle: Vehicle, action: Action, place: Place, now_ns: int) -> list[Effect]:
        trip = self._traffic.go(vehicle.name, place.id, now_ns / 1e9)
        if trip is None:
            return []
        return self._tell(vehicle, action, place.station, place.id, trip, now_ns)

    def _cross(self, vehicle: Vehicle, now_ns: int) -> list[Effect]:
        """Into the emptiest lane that leads to the other side, once it permits.

        It waits for the permit in a place, or at the end of the lane before: elsewhere it would
        stand in the way of others, and they perhaps in that of those it waits for. One that was
        stopped where the road leads into lanes only has no choice.
        """
        node, edges = self._traffic.node_of(vehicle.name), self._plan.roadmap.edges
        if self._is_in_the_way(vehicle):
            if self.places_aside(vehicle, vehicle.side, node):
                return self._step_aside(vehicle, now_ns)
            resting = self._rest(vehicle, now_ns) if self._stands_on_road(vehicle) else []
            if resting:
                return resting
        ways = [
            way
            for way in self._lanes.open_ways(vehicle.side)
            if self._refusals.may_ask(vehicle.name, way.lane, now_ns)
            and math.isfinite(self._traffic.router.time_s(node, edges[way.edges[0]].start))
        ]
        if not ways:
            return self._step_aside(vehicle, now_ns)
        way = min(ways, key=lambda w: (self._lane_users(w.lane), w.lane))
        effects = self._tell(vehicle, "cross", way.lane, way.from_side, None, now_ns)
        vehicle.permit_way = way
        vehicle.side = way.to_side
        return effects

    def _wait_at_door(self, vehicle: Vehicle, job: Job, now_ns: int) -> list[Effect]:
        """Off the road and out of booths and pick-up bays, until the order's next leg is allowed.

        It stays where it was served for a while. Past the boundary it waits in a drop-off bay, as
        long as these are not kept for those that may be unloaded; else aside.
        """
        kind = self._kind_of(vehicle)
        came_ns = job.history[-1].at_ns
        if kind in WAITS or now_ns < came_ns + PATIENCE_NS.get(kind, 0):
            return []
        if vehicle.side == job.request.to_side:
            free = self._stations.free(vehicle.side, "dropoff")
            if len(free) > self._stations.count(vehicle.side, "dropoff") * DROPOFFS_KEPT:
                waiting = self._go(vehicle, "park", "dropoff", now_ns)
                if waiting:
                    return waiting
        for place in self.places_aside(vehicle, vehicle.side, self._traffic.node_of(vehicle.name)):
            if self._stations.is_open(place):
                waiting = self._go_to(vehicle, "park", place, now_ns)
                if waiting:
                    return waiting
        return []

    def _step_aside(self, vehicle: Vehicle, now_ns: int) -> list[Effect]:
        """Off the road, while no lane can be had."""
        if self._traffic.place_of(vehicle.name) is not None:
            return []
        for place in self.places_aside(vehicle, vehicle.side, self._traffic.node_of(vehicle.name)):
            parking = self._go_to(vehicle, "park", place, now_ns)
            if parking:
                return parking
        return []

    def places_aside(self, vehicle: Vehicle, side: Side, node: str) -> list[Place]:
        """Where it can go from a node to be in nobody's way: its own place, or free ones."""
        places: list[Place] = []
        if side == vehicle.home_side:
            places.append(self._plan.roadmap.places[vehicle.home])
        for kind in ASIDE:
            places += self._stations.free(side, kind)
        time_s = self._traffic.router.time_s
        return [place for place in places if math.isfinite(time_s(node, place.node))]

    def _lane_users(self, lane: str) -> int:
        waiting = sum(
            v.permit_way is not None and v.permit_way.lane == lane for v in self._vehicles.values()
        )
        return self._traffic.lane_load(lane) + waiting

    def _tell(
        self, vehicle: Vehicle, action: Action, station: str, place: str, trip: Trip | None,
        now_ns: int,
    ) -> list[Effect]:  # fmt: skip
        """Send a step; an AGV in a lane takes it up when the lane is behind it."""
        self._steps += 1
        job = vehicle.job
        step = StartStep(
            step=self._steps,
            action=action,
            station=station,
            place=place,
            arrive=trip.arrive if trip is not None else -1,
            order=job.request.id if job is not None else "",
            container=job.request.load if job is not None else "",
            size_type=job.request.size_type if job is not None else "",
            hs=job.request.hs if job is not None else "",
            until_pct=self._plan.charge_until_pct if action == "charge" else 0.0,
            instead_of=vehicle.taken_back,
            replaces=vehicle.voided,
        )
        if vehicle.step is None:
            vehicle.step, vehicle.trip = step, trip
        else:
            vehicle.next, vehicle.next_trip = step, trip
        vehicle.told_ns = now_ns
        return [Send(vehicle.name, step)]

    def pass_grants(self, now_ns: int) -> list[Effect]:
        """Phase 4: the road that has become free, to those who head the queues for it."""
        effects: list[Effect] = []
        for name, visits in self._traffic.take_grants():
            vehicle = self._vehicles[name]
            vehicle.grant += 1
            vehicle.told_ns = now_ns
            if vehicle.voided and visits[-1].seq >= vehicle.void_seq:
                vehicle.withheld = True  # it must know first that what it was told is void
            else:
                roads = vehicle.roads()
                effects.append(Send(name, ExtendGrant(vehicle.grant, visits, roads)))
        return effects
