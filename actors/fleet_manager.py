"""The fleet manager: keeps the order book, gives orders to AGVs, and the road to those that drive.

Each call of `handle` takes one message in and then runs the phases of dispatching: waiting orders
to free AGVs (`actors.fleet.allocation`); steps and grants to AGVs that can go on
(`actors.fleet.dispatch`).
"""

import typing

import msgspec

from actors.effects import Effect, Emit, Reply, Send, SetTimer
from actors.fleet.agreements import Agreements
from actors.fleet.allocation import Allocation
from actors.fleet.audit import AUDIT_NS, ask_where, audit
from actors.fleet.cost import Costs
from actors.fleet.dispatch import Dispatch
from actors.fleet.doors import Doors
from actors.fleet.failures import Failures
from actors.fleet.lanes import Lanes
from actors.fleet.limits import Limits
from actors.fleet.obstacles import Obstacles
from actors.fleet.orders import Job, OrderBook
from actors.fleet.plan import FleetPlan
from actors.fleet.refusals import Refusals
from actors.fleet.service import InService
from actors.fleet.stations import Stations
from actors.fleet.traffic import Traffic
from actors.fleet.vehicles import Vehicle
from actors.fleet.watch import Watch
from actors.messages import (
    AbandonStep,
    Action,
    AgvReport,
    Alarm,
    AllowLeg,
    CancelOrder,
    CommandLane,
    DeviceChanged,
    ExplainOrder,
    Guard,
    GuardOrder,
    LaneAnswer,
    LaneOrdered,
    LaneReport,
    LaneTruth,
    Message,
    Obstacle,
    ObstacleAnswer,
    ObstacleChanged,
    OrderAnswer,
    OrderChanged,
    OrderExplained,
    OrderLane,
    OrderRequest,
    OrderState,
    PlaceAnswer,
    PlaceVehicle,
    PutObstacle,
    PutOrder,
    QueryLane,
    QueryOrder,
    QueryReport,
    RemoveObstacle,
    ServiceAnswer,
    ServiceChanged,
    SetDown,
    SetService,
    Started,
    StartStep,
    StationReport,
    TimerFired,
    Verdict,
)
from actors.safety import (
    AgreeReversal,
    EngageStop,
    PermitTow,
    ReportConditions,
    ResetStop,
    StopAnswer,
)
from actors.site.roadmap import Place

REPLANNED_MOST = 10
"""So many trips that have fallen behind are fitted anew at each audit [ours]."""
SERVING: dict[Action, OrderState] = {"load": "loading", "scan": "scanning", "unload": "unloading"}
"""The state of an order while its AGV is served."""


VERDICTS: dict[str, Verdict] = {word: word for word in typing.get_args(Verdict)}


class FleetManager:
    """Machine of the whole fleet.

    It starts by asking every AGV where it stands, and moves none before all have answered: an AGV
    that has not is somewhere, and no zone could be called free.
    """

    def __init__(self, name: str, plan: FleetPlan) -> None:
        self.name = name
        self.plan = plan
        self.orders = OrderBook()
        self.doors = Doors(self.orders)
        self.traffic = Traffic(plan.roadmap, plan.homes, plan.horizon_m, plan.body)
        self.lanes = Lanes(plan.roadmap, plan.open_ways)
        self.costs = Costs(plan, self.traffic.router, self.lanes)
        self.vehicles = {
            vehicle: Vehicle(vehicle, home, side, side)
            for vehicle, home in plan.homes.items()
            for side in (plan.roadmap.places[home].side,)
        }
        self.service = InService(plan.roadmap)
        self._obstacles = Obstacles(self.traffic)
        self._agreements = Agreements(
            self.lanes, dict.fromkeys(place.side for place in plan.roadmap.places.values())
        )
        self.limits = Limits(name, plan, self._obstacles)
        stations = Stations(plan.roadmap, self.traffic, self.service, self._obstacles)
        self._allocation = Allocation(
            plan, self.vehicles, self.orders, self.traffic, stations, self.costs
        )
        self._refusals = Refusals()
        self._dispatch = Dispatch(
            plan, self.vehicles, self.traffic, stations, self.lanes, self._refusals
        )
        self._failures = Failures(
            name, self.vehicles, self.orders, self.traffic, stations, self.service
        )
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
            case GuardOrder(request, guard):
                effects = self._on_guard_order(request, guard, now_ns)
            case AllowLeg(_, order, _, keeper):
                if not self.doors.allow(message):
                    return self.doors.answer(order, keeper, 0, now_ns)
                effects = []
                self._undecided = True
            case SetDown(_, order, keeper, reason):
                effects = self._on_set_down(order, keeper, reason, now_ns)
            case QueryOrder(order, keeper, known):
                return self.doors.answer(order, keeper, known, now_ns)
            case CancelOrder(order, keeper):
                effects = self._on_cancel(order, keeper, now_ns)
            case ExplainOrder(order):
                return [Reply(self._explain(order))]
            case CommandLane():
                effects = self._on_command_lane(message, now_ns)
            case LaneReport(lane):
                effects = []
                if self.lanes.note(message):
                    self._refusals.forget_lane(lane)
                    self._undecided = True
                    effects = self._agreements.closed(lane)
            case QueryLane(lane, asked_ns):
                return self._on_query_lane(lane, asked_ns)
            case SetService(subject, in_service):
                effects = self._on_set_service(subject, in_service, now_ns)
            case StationReport():
                effects = self._on_station_report(message, now_ns)
            case PlaceVehicle(agv, place):
                effects = self._on_place_vehicle(agv, place, now_ns)
            case PutObstacle(obstacle):
                effects = self._on_put_obstacle(obstacle, now_ns)
            case RemoveObstacle(obstacle_id):
                effects = self._on_remove_obstacle(obstacle_id)
            case AgreeReversal():
                effects = self._on_agree(message, now_ns)
            case PermitTow():
                effects = self._on_permit_tow(message)
            case EngageStop():
                effects = self.limits.engage(message, now_ns)
                self._undecided = True
            case ResetStop():
                effects = self.limits.reset(message, now_ns)
                self._undecided = True
            case ReportConditions():
                effects = self.limits.note(message, now_ns)
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
        return effects + self.doors.report(effects, now_ns)

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

    def _on_cancel(self, order: str, keeper: str, now_ns: int) -> list[Effect]:
        if order not in self.orders:
            return [Reply(OrderAnswer("unknown"))]
        job = self.orders[order]
        if keeper and (job.guard is None or job.guard.cross != keeper):
            return [Reply(OrderAnswer("refused", job.as_order(), f"not ordered by {keeper}"))]
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

    def _on_guard_order(self, request: OrderRequest, guard: Guard, now_ns: int) -> list[Effect]:
        """An order with doors; whoever sent it hears of it by report, now and from then on."""
        if request.id in self.orders:
            return self.doors.answer(request.id, guard.cross, 0, now_ns)
        job = self.orders.accept(request, now_ns)
        job.guard = guard
        self._undecided = True
        return [Emit(OrderChanged(job.as_order()))]

    def _on_set_down(self, order: str, keeper: str, reason: str, now_ns: int) -> list[Effect]:
        """Its AGV goes to a bay of the side where it is, and the order ends there."""
        if order not in self.orders:
            return []
        job = self.orders[order]
        if self.doors.may_set_down(job, keeper):
            job.fails_because = reason
            self._undecided = True
        return self.doors.answer(order, keeper, 0, now_ns)

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
        limited = self.limits.heard(report.agv, report.fault, report.limit, now_ns)
        if not vehicle.placed:
            return limited + self._place(vehicle, report, now_ns)
        vehicle.stamp_ns, vehicle.battery_pct = report.stamp_ns, report.battery_pct
        vehicle.grant_taken = max(vehicle.grant_taken, report.grant)
        vehicle.accepted = report.accepted
        vehicle.permitted = report.permitted >= vehicle.newest_step
        towed = vehicle.position is not None
        effects = limited + self._failures.confirm(vehicle, report, now_ns)
        set_down = towed and vehicle.position is None
        self.traffic.clear(vehicle.name, report.cleared, now_ns / 1e9)
        service = self._failures.on_report(vehicle, report, now_ns)
        self._undecided |= bool(effects or service or set_down)
        effects += [*service, *self._failures.hand_over_road(vehicle)]
        if vehicle.next is not None and report.permitted == vehicle.next.step:
            self._enter_lane(vehicle, now_ns)
        if vehicle.step is not None and report.step > vehicle.step.step:
            effects += self._finish(vehicle, None, now_ns)  # the lane is behind it
        if vehicle.step is not None and report.step == vehicle.step.step:
            effects += self._follow(vehicle, vehicle.step, report, now_ns)
        elif report.step <= vehicle.taken_back and report.phase in ("accepted", "permitted"):
            effects.append(Send(vehicle.name, AbandonStep(report.step)))  # it has not heard of it
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
        effects = self._failures.on_report(vehicle, report, now_ns)
        if not all(other.placed for other in self.vehicles.values()):
            return effects
        self._running = self._undecided = True
        return [*effects, Emit(DeviceChanged(self.name, "fleet_manager", "running"))]

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
            case "refused" if step is vehicle.asked_step:
                self._refusals.refuse(vehicle.name, step.station, now_ns)
                vehicle.take_back_crossing()
                self._undecided = True
            case "refused" if step.action in ("load", "scan", "unload"):
                vehicle.step = vehicle.trip = None
                self._undecided = True
                if self.service.note_refusal(step.station):
                    effects += self._tell_service(step.station)
                effects.append(Send(step.station, QueryReport()))
            case "abandoned" if step.action == "load":
                # What is left of the step is the drive, whoever has to be told of it again.
                vehicle.step = msgspec.structs.replace(step, action="park", order="", container="")
                if job is not None and (job.give_up or job.let_go):
                    effects += self._failures.give_back(vehicle, now_ns)
                    self._undecided = True
            case "serving":
                if job is not None and step.action in SERVING:
                    job.give_up = job.let_go = False  # too late
                    effects += job.come_into(SERVING[step.action], now_ns)
            case "done" if (
                vehicle.trip is not None
                and self.traffic.granted_end(vehicle.name) >= vehicle.trip.arrive
            ):  # it cannot be where it has not been let
                effects += self._finish(vehicle, report, now_ns)
            case "accepted" if job is not None and step.action == "load":
                if job.give_up or job.let_go:
                    effects.append(Send(vehicle.name, AbandonStep(step.step)))
        return effects

    def _on_permitted(
        self, vehicle: Vehicle, step: StartStep, report: AgvReport, now_ns: int
    ) -> list[Effect]:
        """The lane has room: take the road to its end; later, note when it is entered."""
        if vehicle.trip is None:
            self._enter_lane(vehicle, now_ns)
        if (
            vehicle.trip is None
        ):  # tried again with the next report, which a silent AGV is asked for
            return self._let_rest(vehicle, step, now_ns)
        if vehicle.next is None and self.traffic.may_plan_on(vehicle.name):
            self._undecided = True
        job = vehicle.job
        if job is not None and job.loaded and report.cleared >= vehicle.trip.enter - 1:
            return job.come_into("crossing", now_ns)
        return []

    def _enter_lane(self, vehicle: Vehicle, now_ns: int) -> None:
        """Make the road into the lane that has permitted it, for the step that waits for that."""
        way = vehicle.permit_way
        if way is None:
            return
        self._refusals.forget(vehicle.name, way.lane)
        if self.traffic.lane_load(way.lane) >= len(way.edges):
            return  # a lane that was restarted may have forgotten a permit that it gave
        trip = self.traffic.enter(vehicle.name, way, now_ns / 1e9)
        if trip is None:
            return
        if vehicle.next is None:
            vehicle.trip = trip
        else:
            vehicle.next_trip = trip
        vehicle.permit_way = None
        self._undecided = True  # the place that it leaves can be another's

    def _let_rest(self, vehicle: Vehicle, step: StartStep, now_ns: int) -> list[Effect]:
        """Take the crossing of an AGV back that stands in the way of those it would wait for."""
        if not self._dispatch.could_rest(vehicle, step.place):
            return []
        vehicle.take_back_crossing()
        vehicle.waits_since_ns = now_ns
        self._undecided = True
        return [Send(vehicle.name, AbandonStep(step.step))]

    def _finish(self, vehicle: Vehicle, report: AgvReport | None, now_ns: int) -> list[Effect]:
        """The present step is done: note what that means, and go over to the next one.

        Without a `report` it is known to be done by what the AGV does now.
        """
        step, vehicle.step, vehicle.next = vehicle.step, vehicle.next, None
        vehicle.trip, vehicle.next_trip = vehicle.next_trip, None
        assert step is not None
        vehicle.waits_since_ns = now_ns
        self._undecided = True
        job = vehicle.job
        if job is None:
            return []
        match step.action:
            case "load" if report is not None and report.outcome == "abandoned":
                if job.give_up or job.let_go:
                    return self._failures.give_back(vehicle, now_ns)
                return []
            case "load":
                job.loaded, job.give_up, job.let_go = True, False, False
                return job.come_into("carrying", now_ns)
            case "scan":
                job.scanned = True
                if report is not None:
                    job.verdict = VERDICTS.get(report.outcome, "unreviewed")
                    job.image, job.no_image = report.image, report.no_image
                else:
                    job.verdict, job.no_image = "unreviewed", "what its booth said is lost"
                self.doors.note(job)
                if job.stays_behind:
                    why = f", {job.no_image}" if job.no_image else ""
                    job.fails_because = f"image {job.verdict}{why}; set down on side {vehicle.side}"
            case "cross" if job.loaded:
                job.crossed = True
                self.doors.note(job)
            case "unload" if job.fails_because:
                return self._end(job, "failed", job.fails_because, now_ns)
            case "unload":
                return self._end(job, "done", "", now_ns)
        return []

    # --- lanes --------------------------------------------------------------------------------

    def _on_command_lane(self, message: CommandLane, now_ns: int) -> list[Effect]:
        """Pass on what people want of a lane; who has no road in it yet, goes another way."""
        lane, answer = message.lane, self.lanes.command(message)
        if answer.outcome != "ordered" or answer.order is None:
            return [Reply(answer)]
        self._undecided = True
        effects: list[Effect] = [
            Reply(answer),
            Send(lane, OrderLane(answer.order)),
            Emit(LaneOrdered(lane, answer.order)),
        ]
        record, order = self.lanes[lane], answer.order
        self.traffic.unblock(lane)
        if order.mode != "open" or order.from_side != record.from_side:
            for vehicle in self.vehicles.values():
                effects += self._call_off(vehicle, lane, now_ns)
        if order.mode == "blocked":
            edges = record.ways[order.from_side].edges
            zones = [self.plan.roadmap.edges[edge].zone for edge in edges]
            self.traffic.block(zones, lane, now_ns / 1e9)
        return effects

    def _on_agree(self, message: AgreeReversal, now_ns: int) -> list[Effect]:
        """What both sides have agreed upon is commanded; who has spoken last, hears of it."""
        effects, command = self._agreements.agree(message)
        if command is None:
            return effects
        commanded = self._on_command_lane(command, now_ns)
        (answer,) = (e.message for e in commanded if isinstance(e, Reply))
        assert isinstance(answer, LaneAnswer)
        if answer.outcome not in ("ordered", "same"):
            self._agreements.refused(message.lane)
            return commanded
        others = [effect for effect in effects if not isinstance(effect, Reply)]
        return [*others, *commanded, *self._agreements.closed(message.lane)]

    def _on_permit_tow(self, message: PermitTow) -> list[Effect]:
        if message.agv not in self.vehicles:
            text = f"the site has no AGV {message.agv}"
            return [Reply(StopAnswer(message.id, "unknown", text))]
        return self._agreements.permit_tow(message)

    def _call_off(self, vehicle: Vehicle, lane: str, now_ns: int) -> list[Effect]:
        """Take a crossing back, unless road in the lane is granted or no other way leads on."""
        asked, steps = vehicle.asked_step, vehicle.lane_steps
        if asked is None or asked.station != lane:
            step, trip = steps[-1] if steps else (None, None)
            if step is None or trip is None or step.station != lane:
                return []
            if self.traffic.granted_end(vehicle.name) >= trip.enter:
                return []
            stops_at = self.plan.roadmap.edges[self.traffic.granted(vehicle.name)[-1].edges[-1]].end
            if not self._dispatch.places_aside(vehicle, step.place, stops_at):
                return []  # it goes through before the lane is drained, or waits with it
            self.traffic.cut(vehicle.name)
        step = vehicle.take_back_crossing()
        vehicle.waits_since_ns = now_ns
        return [Send(vehicle.name, AbandonStep(step.step))]

    # --- service and obstacles ----------------------------------------------------------------

    def _on_set_service(self, name: str, in_service: bool, now_ns: int) -> list[Effect]:
        vehicle = self.vehicles.get(name)
        if vehicle is not None:
            news = vehicle.withdrawn == in_service
            if in_service:
                effects = self._failures.restore(vehicle)
            else:
                effects = self._failures.withdraw(vehicle, now_ns)
            self._undecided = True
            service = self._failures.service_of(vehicle)
            return [*effects, Reply(ServiceAnswer("done" if news else "same", service))]
        if name not in self.service:
            return [Reply(ServiceAnswer("unknown"))]
        news = self.service.restore(name) if in_service else self.service.withdraw(name)
        effects = self._tell_service(name) if news else []
        if name in self.service.stations:
            effects.append(Send(name, SetService(name, in_service)))
        service, why = self.service.of(name), self.service.why(name)
        return [*effects, Reply(ServiceAnswer("done" if news else "same", service, why))]

    def _tell_service(self, name: str) -> list[Effect]:
        """Tell of a place or station, and send AGVs elsewhere that were on the way there."""
        self._failures.reroute()
        self._undecided = True
        service, why = self.service.of(name), self.service.why(name)
        effects: list[Effect] = [Emit(ServiceChanged(name, service, why))]
        if service == "out":
            effects.append(Emit(Alarm(self.name, "station_out", name, why)))
        return effects

    def _on_station_report(self, report: StationReport, now_ns: int) -> list[Effect]:
        if report.station not in self.service.stations:
            return []
        effects = self._tell_service(report.station) if self.service.note(report) else []
        effects += self.limits.heard(report.station, report.fault, report.limit, now_ns)
        in_service = self.service.to_tell(report)
        if in_service is not None:
            effects.append(Send(report.station, SetService(report.station, in_service)))
        return effects

    def _on_place_vehicle(self, agv: str, place: str, now_ns: int) -> list[Effect]:
        vehicle, goal = self.vehicles.get(agv), self.plan.roadmap.places.get(place)
        if vehicle is None:
            return [Reply(PlaceAnswer("unknown", f"no AGV of the site: {agv}"))]
        if goal is None:
            return [Reply(PlaceAnswer("no_place", f"no place of the site: {place}"))]
        if self._failures.stands_in(vehicle, goal):
            return [Reply(PlaceAnswer("same"))]
        wrong = self._may_not_tow(vehicle, goal)
        if wrong:
            return [Reply(PlaceAnswer("refused", wrong))]
        try:
            command = self._failures.set_down(vehicle, goal, now_ns)
        except ValueError as error:
            return [Reply(PlaceAnswer("refused", str(error)))]
        self._undecided = True
        self._agreements.towed(agv)
        return [command, Reply(PlaceAnswer("asked"))]

    def _may_not_tow(self, vehicle: Vehicle, goal: Place) -> str:
        """Why a load under the clearances' guard may not be towed there; empty: it may.

        It stays on the side that answers for it; out of a lane both sides permit it.
        """
        job = vehicle.job
        if job is None or job.guard is None or not job.loaded:
            return ""
        side = job.request.to_side if job.crossed else job.request.from_side
        if goal.side != side:
            return f"{job.guard.consignment} is in the custody of {side}, {goal.id} is not there"
        edges = [edge for visit in self.traffic.granted(vehicle.name) for edge in visit.edges]
        in_lane = any(self.plan.roadmap.edges[edge].lane for edge in edges)
        missing = self._agreements.missing_tow(vehicle.name)
        return f"no tow permit of {', '.join(missing)}" if in_lane and missing else ""

    def _on_put_obstacle(self, obstacle: Obstacle, now_ns: int) -> list[Effect]:
        placed = [v.name for v in self.vehicles.values() if v.placed]
        answer = self._obstacles.put(obstacle, placed, now_ns / 1e9)
        effects: list[Effect] = [Reply(answer)]
        if answer.outcome in ("created", "changed"):
            self._failures.reroute()
            self._undecided = True
            effects.append(Emit(ObstacleChanged(obstacle, present=True)))
            zones = ", ".join(obstacle.zones)
            for agv in answer.in_use:
                text = f"{agv} is there, or may already drive there; it is not stopped by this"
                effects.append(Emit(Alarm(self.name, "zone_in_use", zones, text)))
        return effects

    def _on_remove_obstacle(self, obstacle_id: str) -> list[Effect]:
        gone = self._obstacles.remove(obstacle_id)
        if gone is None:
            return [Reply(ObstacleAnswer("unknown"))]
        self._undecided = True
        return [Reply(ObstacleAnswer("removed")), Emit(ObstacleChanged(gone, present=False))]

    def _on_query_lane(self, lane: str, asked_ns: int) -> list[Effect]:
        if not self._running or lane not in self.lanes:
            return []  # it asks again
        inside: list[tuple[int, str]] = []
        asking: list[tuple[int, str]] = []
        for vehicle in self.vehicles.values():
            inside += [
                (step.step, vehicle.name) for step, _ in vehicle.lane_steps if step.station == lane
            ]
            asked = vehicle.asked_step
            if asked is not None and asked.station == lane:
                asking.append((asked.step, vehicle.name))
        record = self.lanes[lane]
        truth = LaneTruth(
            lane, asked_ns, record.order, record.from_side, tuple(inside), tuple(asking)
        )
        return [Send(lane, truth)]

    # --- what may have been lost --------------------------------------------------------------

    def _audit(self, now_ns: int) -> list[Effect]:
        """Look after what may have been lost, and after what stands still."""
        effects = audit(self.vehicles, self.traffic, now_ns)
        effects += self.lanes.orders_to_repeat()
        effects += self.limits.repeat(now_ns)
        effects += [Send(station, QueryReport()) for station in self.service.doubtful()]
        silent = self._failures.look_for_silent(now_ns)
        effects += silent
        left = self._dispatch.is_stranded() or self._dispatch.is_patient()
        self._undecided |= bool(silent) or (self._running and left)
        if self._running:
            self._undecided = self._undecided or self._refusals.some_ended(now_ns)
            self.traffic.replan_late(now_ns / 1e9, REPLANNED_MOST)
            found = self._allocation.left_lying(now_ns) | self._dispatch.left_standing()
        else:
            missing = [v.name for v in self.vehicles.values() if not v.placed]
            text = f"{len(missing)} AGVs have not said where they stand, first {missing[0]}"
            found = {("fleet_waits", self.name): text}
        effects += [Emit(alarm) for alarm in self._watch.look(found, now_ns)]
        return [*effects, SetTimer("audit", now_ns + AUDIT_NS)]
