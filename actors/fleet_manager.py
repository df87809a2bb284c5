"""The fleet manager: keeps the order book, gives orders to AGVs, and the road to those that drive.

Each call of `handle` takes one message in and then runs the phases of dispatching, one screen each:
assign waiting orders to free AGVs; tell every AGV that stands at a decision what to do next; send
those without work home or to a charger; pass on the grants that have become free.
"""

import math
from typing import Literal

import msgspec
import numpy as np

from actors.effects import Effect, Emit, Reply, Send, SetTimer
from actors.fleet.assignment import assign_in_turn
from actors.fleet.cost import Costs
from actors.fleet.orders import ENDED, Job, OrderBook
from actors.fleet.reasons import Reasons
from actors.fleet.traffic import Body, Traffic
from actors.fleet.vehicles import Vehicle
from actors.fleet.watch import Watch
from actors.messages import (
    AbandonStep,
    Action,
    AgvReport,
    CancelOrder,
    CostTerms,
    DeviceChanged,
    ExplainOrder,
    ExtendGrant,
    LaneTruth,
    Message,
    OrderAnswer,
    OrderChanged,
    OrderExplained,
    OrderRequest,
    OrderState,
    PairCost,
    PutOrder,
    QueryLane,
    QueryReport,
    Side,
    Started,
    StartStep,
    TimerFired,
)
from actors.site.roadmap import LaneWay, Place, PlaceKind, Roadmap

AUDIT_NS = 5 * 10**9
"""How often it is checked that nothing told to an AGV was lost [ours]."""
LOST_NS = 20 * 10**9
"""What is not confirmed after this time is sent again [ours]: two lane zones at full speed."""
REPLANNED_MOST = 3
"""So many trips that have fallen behind are fitted anew at each audit [ours]."""
SILENT_NS = 60 * 10**9
"""An AGV with a step that has not reported for this time is asked to [ours]."""
SERVING: dict[Action, OrderState] = {"load": "loading", "scan": "scanning", "unload": "unloading"}
"""The state of an order while its AGV is served."""


class FleetPlan(msgspec.Struct, frozen=True):
    """What the fleet manager is to know of the site."""

    roadmap: Roadmap
    homes: dict[str, str]
    """Each AGV's own place."""
    open_ways: tuple[LaneWay, ...]
    """The lanes in use, in the direction in which they are open."""
    scans: dict[str, Literal["before_crossing", "after_crossing"]]
    """Where containers are scanned, by direction (`VN-CN`)."""
    horizon_m: float
    """How far ahead of its rear an AGV is granted road."""
    body: Body
    charge_below_pct: float
    charge_until_pct: float
    reserve_pct: float
    pct_per_km: float
    """Charge that a loaded AGV draws."""
    lift_s: dict[Side, float]
    """Mean time of a lift by the cranes of a side."""


class FleetManager:
    """Machine of the whole fleet.

    It starts by asking every AGV where it stands, and moves none before all have answered: an AGV
    that has not is somewhere, and no zone could be called free.
    """

    def __init__(self, name: str, plan: FleetPlan) -> None:
        self.name = name
        self.plan = plan
        self.orders = OrderBook()
        self.traffic = Traffic(plan.roadmap, plan.homes, plan.horizon_m, plan.body)
        self.costs = Costs(
            plan.roadmap, self.traffic.router, plan.open_ways, plan.lift_s, plan.pct_per_km,
            plan.reserve_pct,
        )  # fmt: skip
        self.vehicles = {
            vehicle: Vehicle(vehicle, home, side, side)
            for vehicle, home in plan.homes.items()
            for side in (plan.roadmap.places[home].side,)
        }
        self._places: dict[tuple[Side, PlaceKind], list[Place]] = {}
        for place in plan.roadmap.places.values():
            self._places.setdefault((place.side, place.kind), []).append(place)
        self._reasons = Reasons()
        self._watch = Watch(name)
        self._steps = 0
        self._running = False
        self._undecided = False
        """Something has happened after which some AGV or order may go on."""

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """One message in; then all that has become possible is done."""
        match message:
            case AgvReport():
                effects = self._on_report(message, now_ns)
            case PutOrder(request):
                effects = self._on_put_order(request, now_ns)
            case CancelOrder(order):
                effects = self._on_cancel(order, now_ns)
            case ExplainOrder(order):
                return [Reply(self._explain(order))]
            case QueryLane(lane, asked_ns):
                return self._on_query_lane(lane, asked_ns)
            case TimerFired("audit"):
                effects = self._audit(now_ns)
                if self._running:
                    self.traffic.replan_late(now_ns / 1e9, REPLANNED_MOST)
            case Started():
                return [
                    Emit(DeviceChanged(self.name, "fleet_manager", "starting")),
                    *self._ask_where(),
                    SetTimer("audit", now_ns + AUDIT_NS),
                ]
            case _:
                return []
        if self._running:
            while self._undecided:
                self._undecided = False
                effects += self._assign_orders(now_ns)
                effects += self._decide(now_ns)
            effects += self._pass_grants(now_ns)
        return effects

    # --- orders -------------------------------------------------------------------------------

    def _on_put_order(self, request: OrderRequest, now_ns: int) -> list[Effect]:
        if request.id in self.orders:
            job = self.orders[request.id]
            same = job.request == request
            return [Reply(OrderAnswer("same" if same else "conflict", job.as_order()))]
        direction = f"{request.from_side}-{request.to_side}"
        if direction not in self.plan.scans:
            allowed = ", ".join(self.plan.scans)
            return [Reply(OrderAnswer("refused", None, f"direction {direction}, not {allowed}"))]
        job = self.orders.accept(request, now_ns)
        self._undecided = True
        return [Reply(OrderAnswer("created", job.as_order())), Emit(OrderChanged(job.as_order()))]

    def _on_cancel(self, order: str, now_ns: int) -> list[Effect]:
        if order not in self.orders:
            return [Reply(OrderAnswer("unknown"))]
        job = self.orders[order]
        if job.state == "cancelled":
            return [Reply(OrderAnswer("cancelled", job.as_order()))]
        if job.state not in ("queued", "assigned", "to_pickup"):
            return [Reply(OrderAnswer("too_late", job.as_order(), f"already {job.state}"))]
        vehicle = self.vehicles.get(job.vehicle)
        step = vehicle.next or vehicle.step if vehicle is not None else None
        if vehicle is not None and step is not None and step.action == "load":
            job.give_up = True
            job.reason = "cancel requested"
            abandon = Send(vehicle.name, AbandonStep(step.step))
            return [abandon, Reply(OrderAnswer("cancelling", job.as_order()))]
        effects = self._end(job, "cancelled", "on request", now_ns)
        return [*effects, Reply(OrderAnswer("cancelled", job.as_order()))]

    def _explain(self, order: str) -> OrderExplained:
        """Why the order has its AGV."""
        if order not in self.orders:
            return OrderExplained("unknown", order)
        kept = self._reasons.of(order)
        if kept is not None:
            return kept
        waiting = self.orders[order].state == "queued"
        return OrderExplained("waiting" if waiting else "not_kept", order)

    def _end(self, job: Job, state: OrderState, reason: str, now_ns: int) -> list[Effect]:
        """The order is over; its AGV is free."""
        vehicle = self.vehicles.get(job.vehicle)
        if vehicle is not None and vehicle.job is job:
            vehicle.job = None
            vehicle.waits_since_ns = now_ns
        self.orders.end(job)
        job.reason = reason
        self._undecided = True
        return self._come_into(job, state, now_ns)

    def _come_into(self, job: Job, state: OrderState, now_ns: int) -> list[Effect]:
        return [Emit(OrderChanged(job.as_order()))] if job.come_into(state, now_ns) else []

    # --- reports ------------------------------------------------------------------------------

    def _on_report(self, report: AgvReport, now_ns: int) -> list[Effect]:
        vehicle = self.vehicles.get(report.agv)
        if vehicle is None or report.stamp_ns < vehicle.stamp_ns:
            return []
        if not vehicle.placed:
            return self._place(vehicle, report, now_ns)
        vehicle.stamp_ns, vehicle.battery_pct = report.stamp_ns, report.battery_pct
        vehicle.grant_taken = max(vehicle.grant_taken, report.grant)
        vehicle.accepted = report.accepted
        self.traffic.clear(vehicle.name, report.cleared, now_ns / 1e9)
        effects: list[Effect] = []
        if vehicle.next is not None and report.step == vehicle.next.step:
            effects += self._finish(vehicle, "", now_ns)  # the lane is behind it
        if vehicle.step is not None and report.step == vehicle.step.step:
            effects += self._follow(vehicle, vehicle.step, report, now_ns)
        return effects

    def _place(self, vehicle: Vehicle, report: AgvReport, now_ns: int) -> list[Effect]:
        """The first word of an AGV: where it stands."""
        if not report.visits:
            return []  # it is asked until it has asked its controller
        try:
            self.traffic.stand(vehicle.name, report.visits)
        except ValueError as error:  # stays as it is until someone clears it up
            return [Emit(DeviceChanged(vehicle.name, "vehicle", "misplaced", str(error)))]
        vehicle.placed = True
        vehicle.stamp_ns, vehicle.battery_pct = report.stamp_ns, report.battery_pct
        vehicle.grant = vehicle.grant_taken = report.grant
        vehicle.waits_since_ns = now_ns
        place = self.traffic.place_of(vehicle.name)
        if place is not None:
            vehicle.side = self.plan.roadmap.places[place].side
        if not all(other.placed for other in self.vehicles.values()):
            return []
        self._running = self._undecided = True
        return [Emit(DeviceChanged(self.name, "fleet_manager", "running"))]

    def _follow(
        self, vehicle: Vehicle, step: StartStep, report: AgvReport, now_ns: int
    ) -> list[Effect]:
        """What a report on the present step means for the order and for the road."""
        job = vehicle.job
        effects: list[Effect] = []
        if job is not None and job.state == "assigned":
            effects += self._come_into(job, "to_pickup", now_ns)
        match report.phase:
            case "permitted":
                effects += self._on_permitted(vehicle, step, report, now_ns)
            case "refused" if vehicle.permit_trip is not None:
                vehicle.side = step.place
                vehicle.step = vehicle.permit_trip = None
                self._undecided = True
            case "abandoned" if step.action == "load":
                # What is left of the step is the drive, whoever has to be told of it again.
                vehicle.step = msgspec.structs.replace(step, action="park", order="", container="")
                if job is not None and job.give_up:
                    effects += self._end(job, "cancelled", "on request", now_ns)
            case "serving":
                if job is not None and step.action in SERVING:
                    job.give_up = False  # too late
                    effects += self._come_into(job, SERVING[step.action], now_ns)
            case "done" if (
                vehicle.permit_trip is None
                and self.traffic.granted_end(vehicle.name) >= step.arrive
            ):  # it cannot be where it has not been let
                effects += self._finish(vehicle, report.outcome, now_ns)
            case "accepted" if job is not None and job.give_up and step.action == "load":
                effects.append(Send(vehicle.name, AbandonStep(step.step)))
        return effects

    def _on_permitted(
        self, vehicle: Vehicle, step: StartStep, report: AgvReport, now_ns: int
    ) -> list[Effect]:
        """The lane has room: take the road to its end; later, note when it is entered."""
        if vehicle.permit_trip is not None:
            if not self.traffic.take(vehicle.name, vehicle.permit_trip, now_ns / 1e9):
                return []  # tried again with the next report, which a silent AGV is asked for
            vehicle.permit_trip = None
            self._undecided = True  # the place that it leaves can be another's
        if vehicle.next is None and self.traffic.may_plan_on(vehicle.name):
            self._undecided = True
        job = vehicle.job
        if job is not None and job.loaded and report.cleared >= step.enter - 1:
            return self._come_into(job, "crossing", now_ns)
        return []

    def _finish(self, vehicle: Vehicle, outcome: str, now_ns: int) -> list[Effect]:
        """The present step is done: note what that means, and go over to the next one."""
        step, vehicle.step, vehicle.next = vehicle.step, vehicle.next, None
        assert step is not None
        vehicle.waits_since_ns = now_ns
        self._undecided = True
        job = vehicle.job
        if job is None:
            return []
        match step.action:
            case "load" if outcome == "abandoned":
                return self._end(job, "cancelled", "on request", now_ns) if job.give_up else []
            case "load":
                job.loaded, job.give_up = True, False
                return self._come_into(job, "carrying", now_ns)
            case "scan":
                job.scanned = True
                if outcome != "clear":
                    job.fails_because = f"image {outcome}; set down on side {vehicle.side}"
            case "unload" if job.fails_because:
                return self._end(job, "failed", job.fails_because, now_ns)
            case "unload":
                return self._end(job, "done", "", now_ns)
        return []

    # --- dispatching --------------------------------------------------------------------------

    def _assign_orders(self, now_ns: int) -> list[Effect]:
        """Phase 1: give waiting orders to free AGVs, at the least total cost."""
        free = [v for v in self.vehicles.values() if self._may_take_order(v)]
        offers = self._offers(free) if free else []
        if not offers:
            return []
        terms = self._terms(free, offers, now_ns)
        cost_s = np.array([[pair.total_s for pair in row] for row in terms])
        promoted = [i for i, (job, _, _) in enumerate(offers) if self.orders.is_promoted(job)]
        effects: list[Effect] = []
        for row, column in assign_in_turn(cost_s, promoted):
            job, vehicle = offers[column][0], free[row]
            self.orders.assign(job, vehicle.name)
            vehicle.job = job
            pairs = [PairCost(v.name, costs[column]) for v, costs in zip(free, terms, strict=True)]
            self._reasons.keep(job.request.id, pairs, row, column in promoted, now_ns)
            effects += self._come_into(job, "assigned", now_ns)
        return effects

    def _offers(self, free: list[Vehicle]) -> list[tuple[Job, Place | None, int]]:
        """Orders that may be assigned now, with their bay and how many are before it at its crane.

        Of each side as many as there are bays free, and AGVs free to come from the other side:
        until those are here, bays will be. Promoted orders are before all others.
        """
        offers: list[tuple[Job, Place | None, int]] = []
        for side in dict.fromkeys(place_side for place_side, _ in self._places):
            queued = self.orders.queued(side)
            if not queued:
                continue
            old = [job for job in queued if self.orders.is_promoted(job)]
            jobs = sorted(old, key=lambda job: job.arrived)
            jobs += [job for job in queued if not self.orders.is_promoted(job)]
            bays = self._free_places(side, "pickup")
            busy = self._station_load(side, "pickup")
            remote = sum(v.side != side for v in free)
            for i, job in enumerate(jobs[: len(bays) + remote]):
                bay = bays[i] if i < len(bays) else None
                ahead = 0
                if bay is not None:
                    ahead = busy[bay.station]
                    busy[bay.station] += 1
                offers.append((job, bay, ahead))
        return offers

    def _terms(
        self, free: list[Vehicle], offers: list[tuple[Job, Place | None, int]], now_ns: int
    ) -> list[list[CostTerms]]:
        """The cost of every pair, a row an AGV."""
        return [
            [self.costs.terms(vehicle, node, job, bay, ahead, now_ns) for job, bay, ahead in offers]
            for vehicle in free
            for node in (self.traffic.node_of(vehicle.name),)
        ]

    def _may_take_order(self, vehicle: Vehicle) -> bool:
        return (
            vehicle.job is None
            and vehicle.battery_pct >= max(self.plan.reserve_pct, self.plan.charge_below_pct)
            and self._at_decision(vehicle)
        )

    def _at_decision(self, vehicle: Vehicle) -> bool:
        """Whether the AGV can be told a next step now."""
        if vehicle.step is None:
            return True
        return (
            vehicle.crossing
            and vehicle.permit_trip is None
            and self.traffic.may_plan_on(vehicle.name)
        )

    def _decide(self, now_ns: int) -> list[Effect]:
        """Phase 2: tell each AGV at a decision its next step; who waits longest, first."""
        effects: list[Effect] = []
        waiting = [v for v in self.vehicles.values() if self._at_decision(v)]
        for vehicle in sorted(waiting, key=lambda v: v.waits_since_ns):
            if self._at_decision(vehicle):
                effects += self._next_step(vehicle, now_ns)
        return effects

    def _next_step(self, vehicle: Vehicle, now_ns: int) -> list[Effect]:
        """What an AGV does next; nothing if what it needs is taken, it will be asked again."""
        job = vehicle.job
        if job is None:
            return self._go_home(vehicle, now_ns)
        request, side = job.request, vehicle.side
        if not job.loaded:
            if side != request.from_side:
                return self._cross(vehicle, now_ns)
            return self._go(vehicle, "load", "pickup", now_ns)
        if job.fails_because:
            return self._go(vehicle, "unload", "dropoff", now_ns)
        scan = self.plan.scans[f"{request.from_side}-{request.to_side}"]
        if not job.scanned and scan == "before_crossing":
            return self._go(vehicle, "scan", "booth_outbound", now_ns)
        if side != request.to_side:
            return self._cross(vehicle, now_ns)
        if not job.scanned:
            return self._go(vehicle, "scan", "booth_inbound", now_ns)
        return self._go(vehicle, "unload", "dropoff", now_ns)

    def _go_home(self, vehicle: Vehicle, now_ns: int) -> list[Effect]:
        """Phase 3: without an order: to a charger, if that is needed, or to the own refuge."""
        if vehicle.battery_pct < self.plan.charge_below_pct:
            charging = self._go(vehicle, "charge", "charger", now_ns)
            if charging:
                return charging
        if vehicle.side != vehicle.home_side:
            return self._cross(vehicle, now_ns)
        if self.traffic.place_of(vehicle.name) == vehicle.home:
            return []
        return self._go_to(vehicle, "park", self.plan.roadmap.places[vehicle.home], now_ns)

    def _go(self, vehicle: Vehicle, action: Action, kind: PlaceKind, now_ns: int) -> list[Effect]:
        """To the free place of that kind whose station has least to do, then the nearest."""
        free = self._free_places(vehicle.side, kind)
        if not free:
            return []
        node = self.traffic.node_of(vehicle.name)
        busy = self._station_load(vehicle.side, kind)
        place = min(
            free,
            key=lambda p: (busy[p.station], self.traffic.router.time_s(node, p.node), p.id),
        )
        return self._go_to(vehicle, action, place, now_ns)

    def _free_places(self, side: Side, kind: PlaceKind) -> list[Place]:
        """Places that may be reserved, those of the least busy stations first."""
        busy = self._station_load(side, kind)
        places = [p for p in self._places.get((side, kind), ()) if self.traffic.may_take("", p.id)]
        return sorted(places, key=lambda p: (busy[p.station], p.id))

    def _station_load(self, side: Side, kind: PlaceKind) -> dict[str, int]:
        """How many places of each station are taken; both kinds of bay count for a crane."""
        load: dict[str, int] = {}
        kinds: tuple[PlaceKind, ...] = (
            ("pickup", "dropoff") if kind in ("pickup", "dropoff") else (kind,)
        )
        for one in kinds:
            for place in self._places.get((side, one), ()):
                taken = not self.traffic.may_take("", place.id)
                load[place.station] = load.get(place.station, 0) + taken
        return load

    def _go_to(self, vehicle: Vehicle, action: Action, place: Place, now_ns: int) -> list[Effect]:
        trip = self.traffic.trip_to(vehicle.name, place.id)
        if not self.traffic.take(vehicle.name, trip, now_ns / 1e9):
            return []
        return self._tell(vehicle, action, place.station, place.id, trip.arrive, 0, now_ns)

    def _cross(self, vehicle: Vehicle, now_ns: int) -> list[Effect]:
        """Into the emptiest lane that leads to the other side, once it permits."""
        ways = [way for way in self.plan.open_ways if way.from_side == vehicle.side]
        way = min(ways, key=lambda w: (self._lane_users(w.lane), w.lane))
        trip = self.traffic.trip_through(vehicle.name, way)
        effects = self._tell(
            vehicle, "cross", way.lane, way.from_side, trip.arrive, trip.enter, now_ns
        )
        vehicle.permit_trip = trip
        vehicle.side = way.to_side
        return effects

    def _lane_users(self, lane: str) -> int:
        waiting = sum(
            v.permit_trip is not None and v.permit_trip.goal == lane for v in self.vehicles.values()
        )
        return self.traffic.lane_load(lane) + waiting

    def _tell(
        self, vehicle: Vehicle, action: Action, station: str, place: str, arrive: int, enter: int,
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
            arrive=arrive,
            enter=enter,
            order=job.request.id if job is not None else "",
            container=job.request.container if job is not None else "",
            until_pct=self.plan.charge_until_pct if action == "charge" else 0.0,
        )
        if vehicle.step is None:
            vehicle.step = step
        else:
            vehicle.next = step
        vehicle.told_ns = now_ns
        self._undecided = True
        return [Send(vehicle.name, step)]

    def _pass_grants(self, now_ns: int) -> list[Effect]:
        """Phase 4: the road that has become free, to those who head the queues for it."""
        effects: list[Effect] = []
        for name, visits in self.traffic.take_grants():
            vehicle = self.vehicles[name]
            vehicle.grant += 1
            vehicle.told_ns = now_ns
            effects.append(Send(name, ExtendGrant(vehicle.grant, visits)))
        return effects

    # --- what may have been lost --------------------------------------------------------------

    def _on_query_lane(self, lane: str, asked_ns: int) -> list[Effect]:
        if not self._running:
            return []  # it asks again
        occupants = tuple(
            (v.step.step, v.name)
            for v in self.vehicles.values()
            if v.step is not None and v.step.action == "cross" and v.step.station == lane
            and v.permit_trip is None
        )  # fmt: skip
        return [Send(lane, LaneTruth(lane, asked_ns, occupants))]

    def _ask_where(self) -> list[Effect]:
        return [Send(v.name, QueryReport()) for v in self.vehicles.values() if not v.placed]

    def _audit(self, now_ns: int) -> list[Effect]:
        """Send again what an AGV should have confirmed by now, and ask those that are silent."""
        effects: list[Effect] = self._ask_where()
        for vehicle in self.vehicles.values():
            if not vehicle.placed or now_ns - vehicle.told_ns < LOST_NS:
                continue
            sent = len(effects)
            for step in (vehicle.step, vehicle.next):
                if step is not None and step.step > vehicle.accepted:
                    effects.append(Send(vehicle.name, step))
            if vehicle.grant_taken < vehicle.grant:
                granted = self.traffic.granted(vehicle.name)
                effects.append(Send(vehicle.name, ExtendGrant(vehicle.grant, granted)))
            # An AGV that has come to rest holds one visit, unless its rear's last word was lost.
            busy = vehicle.step is not None or len(self.traffic.granted(vehicle.name)) > 1
            if len(effects) > sent or (busy and now_ns - vehicle.stamp_ns > SILENT_NS):
                effects.append(Send(vehicle.name, QueryReport()))
                vehicle.told_ns = now_ns
        effects += [Emit(alarm) for alarm in self._watch.look(self._left_lying(now_ns), now_ns)]
        return [*effects, SetTimer("audit", now_ns + AUDIT_NS)]

    def _left_lying(self, now_ns: int) -> dict[str, str]:
        """Orders without an AGV that a free AGV could take now, with the first such AGV."""
        if not self._running:
            return {}
        free = [v for v in self.vehicles.values() if self._may_take_order(v)]
        offers = self._offers(free)
        left: dict[str, str] = {}
        for vehicle, row in zip(free, self._terms(free, offers, now_ns), strict=True):
            for (job, _, _), pair in zip(offers, row, strict=True):
                if math.isfinite(pair.total_s):
                    left.setdefault(job.request.id, vehicle.name)
        return left

    def open_orders(self) -> int:
        """How many orders have not ended."""
        return sum(job.state not in ENDED for job in self.orders)
