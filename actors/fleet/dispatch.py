"""Phases 2 to 4 of dispatching: the next step of each AGV that stands at a decision, and its road.

Tell every AGV at a decision what to do next; send those without work home or to a charger; pass on
the grants that have become free.
"""

from actors.effects import Effect, Send
from actors.fleet.orders import Job
from actors.fleet.plan import FleetPlan
from actors.fleet.stations import Stations
from actors.fleet.traffic import Traffic, Trip
from actors.fleet.vehicles import Vehicle
from actors.fleet.watch import Found
from actors.messages import Action, AlarmKind, ExtendGrant, Side, StartStep
from actors.site.roadmap import Place, PlaceKind


class Dispatch:
    """Steps and grants for AGVs, a phase at a time."""

    def __init__(
        self,
        plan: FleetPlan,
        vehicles: dict[str, Vehicle],
        traffic: Traffic,
        stations: Stations,
    ) -> None:
        self._plan = plan
        self._vehicles = vehicles
        self._traffic = traffic
        self._stations = stations
        self._lane_zones = {way.lane: len(way.edges) for way in plan.open_ways}
        self._steps = 0

    def decide(self, charging: dict[str, Place], now_ns: int) -> list[Effect]:
        """Phase 2: tell each AGV at a decision its next step; who waits longest, first.

        `charging` are the chargers to go to, by AGV.
        """
        effects: list[Effect] = []
        waiting = [v for v in self._vehicles.values() if v.at_decision(self._traffic)]
        for vehicle in sorted(waiting, key=lambda v: v.waits_since_ns):
            if vehicle.at_decision(self._traffic):
                effects += self._next_step(vehicle, charging.get(vehicle.name), now_ns)
        return effects

    def _next_step(self, vehicle: Vehicle, charger: Place | None, now_ns: int) -> list[Effect]:
        """What an AGV does next; nothing if what it needs is taken, it will be asked again."""
        job = vehicle.job
        if job is None:
            return self._go_home(vehicle, charger, now_ns)
        stop = self._stop(vehicle.side, job)
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
        """Orders whose AGV has no road, though a lane or a place for it has room."""
        found: Found = {}
        for vehicle in self._vehicles.values():
            if vehicle.job is None:
                continue
            room = self._room_for(vehicle, vehicle.job)
            if room:
                what: tuple[AlarmKind, str] = "order_stands", vehicle.job.request.id
                found[what] = f"its AGV {vehicle.name} has no road, and {room} has room"
        return found

    def _room_for(self, vehicle: Vehicle, job: Job) -> str:
        """Where the AGV could go with its order and does not; empty if it need not or cannot."""
        if vehicle.permit_trip is not None:
            lane = vehicle.permit_trip.goal
            if vehicle.permitted:
                return ""  # its way to the lane is not free
            return lane if self._traffic.lane_load(lane) < self._lane_zones[lane] else ""
        if not vehicle.at_decision(self._traffic):
            return ""
        stop = self._stop(vehicle.side, job)
        if stop is None:
            return "a lane"
        free = self._stations.free(vehicle.side, stop[1])
        return free[0].id if free else ""

    def _go_home(self, vehicle: Vehicle, charger: Place | None, now_ns: int) -> list[Effect]:
        """Phase 3: without an order: to the charger that it was given, or to the own refuge."""
        if charger is not None:
            effects = self._go_to(vehicle, "charge", charger, now_ns)
            if effects:
                return effects
        if vehicle.side != vehicle.home_side:
            return self._cross(vehicle, now_ns)
        if self._traffic.place_of(vehicle.name) == vehicle.home:
            return []
        return self._go_to(vehicle, "park", self._plan.roadmap.places[vehicle.home], now_ns)

    def _go(self, vehicle: Vehicle, action: Action, kind: PlaceKind, now_ns: int) -> list[Effect]:
        """To the free place of that kind whose station has least to do, then the nearest."""
        free = self._stations.free(vehicle.side, kind)
        if not free:
            return []
        node = self._traffic.node_of(vehicle.name)
        busy = self._stations.load(vehicle.side, kind)
        place = min(
            free,
            key=lambda p: (busy[p.station], self._traffic.router.time_s(node, p.node), p.id),
        )
        return self._go_to(vehicle, action, place, now_ns)

    def _go_to(self, vehicle: Vehicle, action: Action, place: Place, now_ns: int) -> list[Effect]:
        trip = self._traffic.go(vehicle.name, place.id, now_ns / 1e9)
        if trip is None:
            return []
        return self._tell(vehicle, action, place.station, place.id, trip, now_ns)

    def _cross(self, vehicle: Vehicle, now_ns: int) -> list[Effect]:
        """Into the emptiest lane that leads to the other side, once it permits."""
        ways = [way for way in self._plan.open_ways if way.from_side == vehicle.side]
        way = min(ways, key=lambda w: (self._lane_users(w.lane), w.lane))
        effects = self._tell(vehicle, "cross", way.lane, way.from_side, None, now_ns)
        vehicle.permit_way = way
        vehicle.side = way.to_side
        return effects

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
            container=job.request.container if job is not None else "",
            until_pct=self._plan.charge_until_pct if action == "charge" else 0.0,
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
            effects.append(Send(name, ExtendGrant(vehicle.grant, visits, vehicle.roads())))
        return effects
