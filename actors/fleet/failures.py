"""AGVs that stop, fall silent, are withdrawn, or are set down elsewhere by hand.

An AGV that fails keeps the road it was granted: it may still be driving there. What it was not
granted is taken away, so it cannot arrive where that road led to, and its step is void if it ends
there. So an order that it was to fetch can go to another AGV at once, without its word.
"""

from typing import Literal

from actors.effects import Effect, Emit, Send
from actors.fleet.audit import SILENT_NS
from actors.fleet.orders import OrderBook
from actors.fleet.service import InService
from actors.fleet.stations import RESTS, Stations
from actors.fleet.traffic import Traffic, Trip
from actors.fleet.vehicles import Vehicle
from actors.messages import (
    AbandonStep,
    AgvReport,
    Alarm,
    AlarmKind,
    ExtendGrant,
    Service,
    ServiceChanged,
    SetPosition,
    StartStep,
    Visit,
)
from actors.site.roadmap import Place


class Failures:
    """What becomes of AGVs and their orders when something fails."""

    def __init__(
        self,
        source: str,
        vehicles: dict[str, Vehicle],
        orders: OrderBook,
        traffic: Traffic,
        stations: Stations,
        service: InService,
    ) -> None:
        self._source = source
        self._vehicles = vehicles
        self._orders = orders
        self._traffic = traffic
        self._stations = stations
        self._service = service

    # --- stopped and silent -------------------------------------------------------------------

    def on_report(self, vehicle: Vehicle, report: AgvReport, now_ns: int) -> list[Effect]:
        """An AGV has spoken: does it say that it has stopped, or that it is well again?"""
        vehicle.asked_ns = 0
        if report.fault:
            if vehicle.stopped == "stopped":
                return []
            return self._stop(vehicle, "stopped", "vehicle_stopped", report.fault, now_ns)
        if not vehicle.stopped:
            return []
        vehicle.stopped = ""
        if vehicle.position is None:
            self._traffic.resume(vehicle.name)
        return [self._told(vehicle)]

    def look_for_silent(self, now_ns: int) -> list[Effect]:
        """AGVs that have been asked for long enough and have said nothing."""
        effects: list[Effect] = []
        for vehicle in self._vehicles.values():
            asked = vehicle.placed and vehicle.asked_ns and not vehicle.stopped
            if asked and now_ns - vehicle.asked_ns >= SILENT_NS:
                silent_s = (now_ns - vehicle.stamp_ns) // 10**9
                text = f"no report for {silent_s} s, although asked"
                effects += self._stop(vehicle, "silent", "vehicle_silent", text, now_ns)
        return effects

    def _stop(
        self,
        vehicle: Vehicle,
        stopped: Literal["stopped", "silent"],
        kind: AlarmKind,
        why: str,
        now_ns: int,
    ) -> list[Effect]:
        """Reckon with it no more until it is well."""
        vehicle.stopped = stopped
        self._traffic.cut(vehicle.name)
        self._traffic.stop(vehicle.name, now_ns / 1e9)
        step = vehicle.step
        self.void_lost_steps(vehicle)
        given_up: list[Effect] = []
        if step is not None and step.action == "cross" and vehicle.step is None:
            given_up.append(Send(vehicle.name, AbandonStep(step.step)))  # so is its permit
        zones = ", ".join(visit.zone for visit in self._traffic.granted(vehicle.name))
        job = vehicle.job
        effects = self.release_order(vehicle, now_ns)
        if job is None:
            order = "no order"
        elif job.loaded:
            order = f"order {job.request.id} stays on it until it is repaired or towed"
        else:
            order = f"order {job.request.id} goes to another AGV"
            if vehicle.job is job:
                order += " if it has not been loaded"
        alarm = Alarm(self._source, kind, vehicle.name, f"{why}; holds {zones}; {order}")
        return [*given_up, *effects, self._told(vehicle, why), Emit(alarm)]

    # --- steps and orders that cannot be gone on with -----------------------------------------

    def void_lost_steps(self, vehicle: Vehicle) -> None:
        """Forget the steps whose road has been taken away; their AGV will be told others."""
        if vehicle.step is not None and self._is_lost(vehicle, vehicle.trip):
            self.void_steps(vehicle)
        elif vehicle.next is not None and self._is_lost(vehicle, vehicle.next_trip):
            assert vehicle.trip is not None
            if vehicle.next.action == "cross":
                vehicle.side, vehicle.permit_way = vehicle.next.place, None
            self._note_void(vehicle, vehicle.next, vehicle.next_trip, vehicle.trip.arrive + 1)
            vehicle.next = vehicle.next_trip = None

    def void_steps(self, vehicle: Vehicle) -> None:
        """Forget all that the AGV was told to do."""
        step = vehicle.step
        if step is None:
            return
        if step.action == "cross" and self._is_lost(vehicle, vehicle.trip):
            vehicle.side = step.place
        begin = self._traffic.granted_end(vehicle.name) + 1
        self._note_void(vehicle, step, vehicle.trip, begin)
        if vehicle.next is not None:
            self._note_void(vehicle, vehicle.next, vehicle.next_trip, begin)
        vehicle.step = vehicle.trip = vehicle.next = vehicle.next_trip = None
        vehicle.permit_way = None

    def _note_void(self, vehicle: Vehicle, step: StartStep, trip: Trip | None, begin: int) -> None:
        vehicle.void_seq = min(begin, vehicle.void_seq) if vehicle.voided else begin
        vehicle.voided = max(step.step, vehicle.voided)
        vehicle.seq_max = max(vehicle.seq_max, step.arrive, trip.arrive if trip is not None else 0)

    def _is_lost(self, vehicle: Vehicle, trip: Trip | None) -> bool:
        """Whether the road to the step's end was not made yet, or has been taken away."""
        end = self._traffic.granted_end(vehicle.name)
        if trip is None:
            return True
        # A lane that may be entered at any moment is kept to its end.
        return trip.arrive > end and not 0 < trip.enter <= end

    def release_order(self, vehicle: Vehicle, now_ns: int) -> list[Effect]:
        """Give an order that is not loaded back to the queue.

        If its AGV can still reach the bay on the road it has, only when it has said that it will
        not load there.
        """
        job = vehicle.job
        if job is None or job.loaded or job.state not in ("assigned", "to_pickup"):
            return []
        step = vehicle.next or vehicle.step
        if step is not None and step.action == "load":
            job.let_go = True
            return [Send(vehicle.name, AbandonStep(step.step))]
        return self.give_back(vehicle, now_ns)

    def give_back(self, vehicle: Vehicle, now_ns: int) -> list[Effect]:
        """Its order waits for another AGV, or is over if that is what the client wants."""
        job, vehicle.job = vehicle.job, None
        assert job is not None
        vehicle.waits_since_ns = now_ns
        if job.give_up:
            self._orders.end(job)
            job.reason = "on request"
            return job.come_into("cancelled", now_ns)
        self._orders.put_back(job)
        return job.come_into("queued", now_ns)

    def hand_over_road(self, vehicle: Vehicle) -> list[Effect]:
        """Grants that were withheld until the AGV has given up what it was told before."""
        if not vehicle.voided or vehicle.accepted <= vehicle.voided:
            return []
        vehicle.voided = 0
        if not vehicle.withheld:
            return []
        vehicle.withheld = False
        granted = self._traffic.granted(vehicle.name)
        return [Send(vehicle.name, ExtendGrant(vehicle.grant, granted, vehicle.roads()))]

    # --- by hand ------------------------------------------------------------------------------

    def withdraw(self, vehicle: Vehicle, now_ns: int) -> list[Effect]:
        """Nothing new for this AGV: it finishes what is loaded, and goes home."""
        if vehicle.withdrawn:
            return []
        vehicle.withdrawn = True
        effects: list[Effect] = []
        job = vehicle.job
        if vehicle.placed and job is not None and not job.loaded:
            step = vehicle.next or vehicle.step
            if step is None or step.action in ("load", "cross"):
                self._traffic.cut(vehicle.name)
                self.void_lost_steps(vehicle)
            effects += self.release_order(vehicle, now_ns)
        return [*effects, self._told(vehicle)]

    def restore(self, vehicle: Vehicle) -> list[Effect]:
        """It takes part again."""
        if not vehicle.withdrawn:
            return []
        vehicle.withdrawn = False
        return [self._told(vehicle)]

    def service_of(self, vehicle: Vehicle) -> Service:
        """Whether the AGV takes part."""
        if vehicle.stopped:
            return vehicle.stopped
        return "withdrawn" if vehicle.withdrawn else "in"

    def _told(self, vehicle: Vehicle, why: str = "") -> Effect:
        return Emit(ServiceChanged(vehicle.name, self.service_of(vehicle), why))

    def set_down(self, vehicle: Vehicle, place: Place, now_ns: int) -> Effect:
        """The AGV is said to stand in a place: its controller is to confirm that.

        Raises:
            ValueError: it cannot be there; says why, and who is in the way.
        """
        self._check_idle(vehicle)
        edge = self._traffic.roadmap.standing_edge(place.id)
        self._check_free(vehicle, place, edge.zones)
        if vehicle.position is not None:
            self._traffic.unblock(_tow_of(vehicle))
        if not vehicle.stopped:
            self._traffic.cut(vehicle.name)
            self._traffic.stop(vehicle.name, now_ns / 1e9)
        self.void_steps(vehicle)
        # Beyond all that it was ever told, so that nothing said of an old visit fits this one.
        seq = max(vehicle.seq_max, self._traffic.granted_end(vehicle.name)) + 1
        vehicle.seq_max = seq
        vehicle.position = Visit(seq, edge.zone, (edge.id,))
        self._traffic.block(edge.zones, _tow_of(vehicle), now_ns / 1e9)
        return Send(vehicle.name, SetPosition(vehicle.position))

    def stands_in(self, vehicle: Vehicle, place: Place) -> bool:
        """Whether the AGV is at rest in the place, as far as is known."""
        if not vehicle.placed or vehicle.step is not None or vehicle.position is not None:
            return False
        at_rest = len(self._traffic.granted(vehicle.name)) == 1
        return at_rest and self._traffic.place_of(vehicle.name) == place.id

    def _check_idle(self, vehicle: Vehicle) -> None:
        if not vehicle.placed:
            raise ValueError(f"{vehicle.name} has not reported yet where it stands")
        if not (vehicle.stopped or vehicle.withdrawn):
            raise ValueError(f"{vehicle.name} is in service: withdraw it first")
        job = vehicle.job
        if job is not None and job.state in ("loading", "unloading"):
            raise ValueError(f"{vehicle.name} is {job.state} order {job.request.id}")

    def _check_free(self, vehicle: Vehicle, place: Place, zones: tuple[str, ...]) -> None:
        traffic = self._traffic
        if not traffic.may_take(vehicle.name, place.id):
            by = traffic.taken_by(place.id)
            at = "stands there or is on its way there" if by else "has its home there"
            by = by or next(v.name for v in self._vehicles.values() if v.home == place.id)
            raise ValueError(f"{place.id} is not free: {by} {at}")
        blocked = traffic.blocked()
        for zone in zones:
            for other, _ in traffic.order_of(zone):
                if other != vehicle.name:
                    raise ValueError(f"{place.id} is not free: zone {zone} is held by {other}")
            blockers = [by for by in blocked.get(zone, ()) if by != _tow_of(vehicle)]
            if blockers:
                raise ValueError(f"{place.id} is not free: zone {zone} is blocked by {blockers[0]}")

    def confirm(self, vehicle: Vehicle, report: AgvReport, now_ns: int) -> list[Effect]:
        """The controller says that it stands where it was set down: its old zones are free."""
        position = vehicle.position
        if position is None or report.visits != (position,):
            return []
        traffic = self._traffic
        traffic.remove(vehicle.name)
        traffic.unblock(_tow_of(vehicle))
        traffic.stand(vehicle.name, (position,))  # kept free since it was asked
        vehicle.position = None
        vehicle.waits_since_ns = now_ns
        place = traffic.place_of(vehicle.name)
        assert place is not None, "set down in no place"
        vehicle.side = traffic.roadmap.places[place].side
        if vehicle.stopped:
            traffic.stop(vehicle.name, now_ns / 1e9)
        job = vehicle.job
        return self.give_back(vehicle, now_ns) if job is not None and not job.loaded else []

    # --- places out of service ----------------------------------------------------------------

    def reroute(self) -> None:
        """Send AGVs elsewhere whose goal is out of service, where there is a place for them.

        Where there is none they go on: the place is theirs to rest in, and on the road they would
        be in the way. If something stands in it, they rest wherever they can.
        """
        for vehicle in self._vehicles.values():
            step = vehicle.next or vehicle.step
            if step is None or vehicle.stopped or step.place not in self._service.places:
                continue
            place = self._service.places[step.place]
            if self._stations.is_open(place) or not self._elsewhere(vehicle, step, place):
                continue
            if step.action == "charge":  # also if it has arrived: nothing will end it there
                self._traffic.cut(vehicle.name)
                self.void_steps(vehicle)
            elif self._is_lost(vehicle, vehicle.next_trip if vehicle.next else vehicle.trip):
                self._traffic.cut(vehicle.name)
                self.void_lost_steps(vehicle)

    def _elsewhere(self, vehicle: Vehicle, step: StartStep, place: Place) -> bool:
        if step.action == "charge":
            return True  # home, if there is no other charger
        kinds = RESTS if self._stations.is_occupied(place) else (place.kind,)
        return any(self._stations.free(place.side, kind) for kind in kinds)


def _tow_of(vehicle: Vehicle) -> str:
    return f"the place of {vehicle.name}"
