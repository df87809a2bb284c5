"""The fleet manager: keeps the order book, gives orders to AGVs, and the road to those that drive.

Each call of `handle` takes one message in and then runs the phases of dispatching: waiting orders
to free AGVs (`actors.fleet.allocation`); steps and grants to AGVs that can go on
(`actors.fleet.dispatch`).
"""

import msgspec

from actors.effects import Effect, Emit, Reply, Send, SetTimer
from actors.fleet.allocation import Allocation
from actors.fleet.audit import AUDIT_NS, ask_where, audit
from actors.fleet.cost import Costs
from actors.fleet.dispatch import Dispatch
from actors.fleet.orders import Job, OrderBook
from actors.fleet.plan import FleetPlan
from actors.fleet.stations import Stations
from actors.fleet.traffic import Traffic
from actors.fleet.vehicles import Vehicle
from actors.fleet.watch import Watch
from actors.messages import (
    AbandonStep,
    Action,
    AgvReport,
    CancelOrder,
    DeviceChanged,
    ExplainOrder,
    LaneTruth,
    Message,
    OrderAnswer,
    OrderChanged,
    OrderExplained,
    OrderRequest,
    OrderState,
    PutOrder,
    QueryLane,
    Started,
    StartStep,
    TimerFired,
)

REPLANNED_MOST = 10
"""So many trips that have fallen behind are fitted anew at each audit [ours]."""
SERVING: dict[Action, OrderState] = {"load": "loading", "scan": "scanning", "unload": "unloading"}
"""The state of an order while its AGV is served."""


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
        self.costs = Costs(plan, self.traffic.router)
        self.vehicles = {
            vehicle: Vehicle(vehicle, home, side, side)
            for vehicle, home in plan.homes.items()
            for side in (plan.roadmap.places[home].side,)
        }
        stations = Stations(plan.roadmap, self.traffic)
        self._allocation = Allocation(
            plan, self.vehicles, self.orders, self.traffic, stations, self.costs
        )
        self._dispatch = Dispatch(plan, self.vehicles, self.traffic, stations)
        self._watch = Watch(name)
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
            case Started():
                return [
                    Emit(DeviceChanged(self.name, "fleet_manager", "starting")),
                    *ask_where(self.vehicles),
                    SetTimer("audit", now_ns + AUDIT_NS),
                ]
            case _:
                return []
        if self._running:
            while self._undecided:
                news, charging = self._allocation.assign(now_ns)
                steps = self._dispatch.decide(charging, now_ns)
                effects += [*news, *steps]
                self._undecided = bool(steps)  # each takes one place and leaves another
            effects += self._dispatch.pass_grants(now_ns)
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
        kept = self._allocation.reasons.of(order)
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
        return job.come_into(state, now_ns)

    # --- reports ------------------------------------------------------------------------------

    def _on_report(self, report: AgvReport, now_ns: int) -> list[Effect]:
        vehicle = self.vehicles.get(report.agv)
        if vehicle is None or report.stamp_ns < vehicle.stamp_ns:
            return []
        if not vehicle.placed:
            return self._place(vehicle, report, now_ns)
        vehicle.stamp_ns, vehicle.battery_pct = report.stamp_ns, report.battery_pct
        vehicle.grant_taken = max(vehicle.grant_taken, report.grant)
        vehicle.accepted, vehicle.permitted = report.accepted, report.phase == "permitted"
        self.traffic.clear(vehicle.name, report.cleared, now_ns / 1e9)
        effects: list[Effect] = []
        if vehicle.next is not None and report.permitted == vehicle.next.step:
            self._enter_lane(vehicle, now_ns)
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
            effects += job.come_into("to_pickup", now_ns)
        match report.phase:
            case "permitted":
                effects += self._on_permitted(vehicle, step, report, now_ns)
            case "refused" if vehicle.trip is None:
                vehicle.side = step.place
                vehicle.step = vehicle.permit_way = None
                self._undecided = True
            case "abandoned" if step.action == "load":
                # What is left of the step is the drive, whoever has to be told of it again.
                vehicle.step = msgspec.structs.replace(step, action="park", order="", container="")
                if job is not None and job.give_up:
                    effects += self._end(job, "cancelled", "on request", now_ns)
            case "serving":
                if job is not None and step.action in SERVING:
                    job.give_up = False  # too late
                    effects += job.come_into(SERVING[step.action], now_ns)
            case "done" if (
                vehicle.trip is not None
                and self.traffic.granted_end(vehicle.name) >= vehicle.trip.arrive
            ):  # it cannot be where it has not been let
                effects += self._finish(vehicle, report.outcome, now_ns)
            case "accepted" if job is not None and job.give_up and step.action == "load":
                effects.append(Send(vehicle.name, AbandonStep(step.step)))
        return effects

    def _on_permitted(
        self, vehicle: Vehicle, step: StartStep, report: AgvReport, now_ns: int
    ) -> list[Effect]:
        """The lane has room: take the road to its end; later, note when it is entered."""
        if vehicle.trip is None:
            self._enter_lane(vehicle, now_ns)
        if vehicle.trip is None:
            return []  # tried again with the next report, which a silent AGV is asked for
        if vehicle.next is None and self.traffic.may_plan_on(vehicle.name):
            self._undecided = True
        job = vehicle.job
        if job is not None and job.loaded and report.cleared >= vehicle.trip.enter - 1:
            return job.come_into("crossing", now_ns)
        return []

    def _enter_lane(self, vehicle: Vehicle, now_ns: int) -> None:
        """Make the road into the lane that has permitted it, for the step that waits for that."""
        if vehicle.permit_way is None:
            return
        trip = self.traffic.enter(vehicle.name, vehicle.permit_way, now_ns / 1e9)
        if trip is None:
            return
        if vehicle.next is None:
            vehicle.trip = trip
        else:
            vehicle.next_trip = trip
        vehicle.permit_way = None
        self._undecided = True  # the place that it leaves can be another's

    def _finish(self, vehicle: Vehicle, outcome: str, now_ns: int) -> list[Effect]:
        """The present step is done: note what that means, and go over to the next one."""
        step, vehicle.step, vehicle.next = vehicle.step, vehicle.next, None
        vehicle.trip, vehicle.next_trip = vehicle.next_trip, None
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
                return job.come_into("carrying", now_ns)
            case "scan":
                job.scanned = True
                if outcome != "clear":
                    job.fails_because = f"image {outcome}; set down on side {vehicle.side}"
            case "unload" if job.fails_because:
                return self._end(job, "failed", job.fails_because, now_ns)
            case "unload":
                return self._end(job, "done", "", now_ns)
        return []

    # --- what may have been lost --------------------------------------------------------------

    def _on_query_lane(self, lane: str, asked_ns: int) -> list[Effect]:
        if not self._running:
            return []  # it asks again
        occupants = tuple(
            (step.step, v.name)
            for v in self.vehicles.values()
            for step, trip in ((v.step, v.trip), (v.next, v.next_trip))
            if step is not None and step.action == "cross" and step.station == lane
            and trip is not None
        )  # fmt: skip
        return [Send(lane, LaneTruth(lane, asked_ns, occupants))]

    def _audit(self, now_ns: int) -> list[Effect]:
        """Look after what may have been lost, and after what stands still."""
        effects = audit(self.vehicles, self.traffic, now_ns)
        if self._running:
            self.traffic.replan_late(now_ns / 1e9, REPLANNED_MOST)
            found = self._allocation.left_lying(now_ns) | self._dispatch.left_standing()
        else:
            missing = [v.name for v in self.vehicles.values() if not v.placed]
            text = f"{len(missing)} AGVs have not said where they stand, first {missing[0]}"
            found = {("fleet_waits", self.name): text}
        effects += [Emit(alarm) for alarm in self._watch.look(found, now_ns)]
        return [*effects, SetTimer("audit", now_ns + AUDIT_NS)]
