"""The live view: what orders and devices are doing now, for everything that shows or answers.

It is a read model and decides nothing. Domain events and signals are fed in by the pump's threads,
requests and pages read it from others; every method may be called from any thread.
"""

import itertools
import math
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from actors.border import Officer
from actors.messages import (
    DeviceChanged,
    DeviceKind,
    LaneOrder,
    LaneOrdered,
    Obstacle,
    ObstacleChanged,
    Order,
    OrderChanged,
    OrderState,
    Service,
    ServiceChanged,
    Side,
)
from actors.safety import StopChanged
from actors.site.devices import Device
from actors.site.model import Site
from actors.site.roadmap import Place, Roadmap
from interfaces.events import EventLog
from robotics.telemetry import Frame, LinkSignal, RecordedEvent, StationSignal, VehicleSignal

STARTING = "starting"
"""The state of a device from which nothing has been heard yet."""

FINISHED: frozenset[OrderState] = frozenset({"done", "cancelled", "failed"})

FINISHED_KEPT = 20_000
"""Finished orders kept for reading: six days at the gate's target; the oldest go first."""


class DeviceState(msgspec.Struct, frozen=True, gc=False):
    """A device as it last told of itself."""

    id: str
    kind: DeviceKind
    side: Side
    state: str
    detail: str
    since_ns: int
    """When it came into this state [UTC, ns]; 0 before it was heard."""
    service: Service = "in"
    """Whether the fleet manager lets it take part."""


class PlaceView(msgspec.Struct, frozen=True, gc=False):
    """A place, and whether it is in service."""

    place: Place
    service: Service


class StopView(msgspec.Struct, frozen=True, gc=False):
    """A device or a zone that is stopped until somebody resets it."""

    subject: str
    reason: str
    by: Officer
    since_ns: int


class LinkView(msgspec.Struct, frozen=True, gc=False):
    """The link to a device's controller as it last told of itself."""

    signal: LinkSignal
    stamp_ns: int
    """When it told that [UTC, ns]."""


class VehicleView(msgspec.Struct, frozen=True, gc=False):
    """One AGV: its state, the order it works for, and its last signal, if one has come."""

    device: DeviceState
    order: str
    signal: VehicleSignal | None
    stamp_ns: int
    """When the signal was sampled [UTC, ns]; 0 without one."""
    link: LinkView | None


class StationView(msgspec.Struct, frozen=True, gc=False):
    """One crane or booth, and its last signal, if one has come."""

    device: DeviceState
    signal: StationSignal | None
    stamp_ns: int
    """When the signal was sampled [UTC, ns]; 0 without one."""
    link: LinkView | None


class OrderView(msgspec.Struct, frozen=True, gc=False):
    """An order, with the number of its first appearance and that of its last change."""

    order: Order
    ordinal: int
    change: int


class Summary(msgspec.Struct, frozen=True, gc=False):
    """Orders counted by state; `done_today` since midnight on the site's first side."""

    by_state: dict[OrderState, int]
    done_today: int


class LiveView:
    """Orders, devices and signals of one site as they are now, and the log of what happened.

    `now_ns` is the gate's clock [UTC, ns], which runs `speed` times as fast as the wall's.
    """

    def __init__(
        self,
        site: Site,
        roadmap: Roadmap,
        devices: Iterable[Device],
        now_ns: Callable[[], int] = time.time_ns,
        speed: float = 1.0,
    ) -> None:
        self.site = site
        self.roadmap = roadmap
        self.run = secrets.token_hex(4)
        """Distinguishes this process's life from the ones before and after it."""
        self.log = EventLog(self.run)
        self._now_ns = now_ns
        self._speed = speed
        self._offset_h = next(iter(site.sides.values())).utc_offset_h
        self._lock = threading.Lock()
        self._devices = {
            device.id: DeviceState(device.id, device.kind, device.side, STARTING, "", 0)
            for device in devices
        }
        self._lane_orders: dict[str, LaneOrder] = {}
        self._services: dict[str, Service] = {}
        self._obstacles: dict[str, Obstacle] = {}
        self._stops: dict[str, StopView] = {}
        self._orders: dict[str, OrderView] = {}
        self._open: dict[str, None] = {}
        self._finished: dict[str, None] = {}
        self._by_state: Counter[OrderState] = Counter()
        self._done_on: Counter[int] = Counter()
        self._order_of: dict[str, str] = {}
        self._vehicle_signals: dict[str, tuple[VehicleSignal, int]] = {}
        self._station_signals: dict[str, tuple[StationSignal, int]] = {}
        self._links: dict[str, LinkView] = {}
        self._ordinals = itertools.count(1)
        self._changes = itertools.count(1)

    def now_ns(self) -> int:
        """The present time by the gate's clock [UTC, ns]."""
        return self._now_ns()

    def age_s(self, stamp_ns: int) -> float:
        """How long ago a signal was sampled, by the wall's clock [s].

        A link is as silent as people find it, however fast the gate is run. Never negative,
        although clocks of several processes may differ.
        """
        return max(self._now_ns() - stamp_ns, 0) / self._speed / 1e9

    # --- what comes in ------------------------------------------------------------------------

    def apply(self, recorded: RecordedEvent) -> None:
        """Take in one domain event and wake everybody who follows the log."""
        event = recorded.event
        with self._lock:
            if isinstance(event, OrderChanged):
                self._take(event.order)
            elif isinstance(event, DeviceChanged):
                self._change_device(event, recorded.at_ns)
            elif isinstance(event, LaneOrdered):
                known = self._lane_orders.get(event.lane)
                if known is None or known.number < event.order.number:
                    self._lane_orders[event.lane] = event.order
            elif isinstance(event, ServiceChanged):
                self._change_service(event)
            elif isinstance(event, ObstacleChanged):
                self._obstacles.pop(event.obstacle.id, None)
                if event.present:
                    self._obstacles[event.obstacle.id] = event.obstacle
            elif isinstance(event, StopChanged):
                for subject in event.subjects:
                    self._stops.pop(subject, None)
                    if event.engaged:
                        stop = StopView(subject, event.reason, event.by, recorded.at_ns)
                        self._stops[subject] = stop
        self.log.append(recorded)

    def note(self, order: Order) -> None:
        """Take in an order from the fleet manager's own answer, ahead of its event.

        So a client reads its own write at once. An answer older than what is known changes
        nothing: of two versions, the one with the longer history is the newer.
        """
        with self._lock:
            self._take(order)

    def sample(self, frame: Frame) -> None:
        """Take in the signals of one frame.

        Dropped are those older than the ones held, of devices that the site does not have, and
        with numbers that are none: a position is shown as it is known, or as it last was.
        """
        stamp_ns = frame.stamp_ns
        with self._lock:
            for vehicle in frame.vehicles:
                held_ns = self._vehicle_signals.get(vehicle.id, (None, 0))[1]
                if vehicle.id in self._devices and held_ns <= stamp_ns and _is_finite(vehicle):
                    self._vehicle_signals[vehicle.id] = (vehicle, stamp_ns)
            for station in frame.stations:
                held_ns = self._station_signals.get(station.id, (None, 0))[1]
                known = station.id in self._devices
                if known and held_ns <= stamp_ns and math.isfinite(station.progress):
                    self._station_signals[station.id] = (station, stamp_ns)
            for link in frame.links:
                held = self._links.get(link.id)
                if link.id in self._devices and (held is None or held.stamp_ns <= stamp_ns):
                    self._links[link.id] = LinkView(link, stamp_ns)

    def _change_device(self, event: DeviceChanged, at_ns: int) -> None:
        known = self._devices.get(event.device)
        if known is not None and at_ns < known.since_ns:
            return
        side = event.side or (known.side if known is not None else "")
        service = self._services.get(event.device, "in")
        self._devices[event.device] = DeviceState(
            event.device, event.kind, side, event.state, event.detail, at_ns, service
        )

    def _change_service(self, event: ServiceChanged) -> None:
        self._services[event.name] = event.service
        known = self._devices.get(event.name)
        if known is not None:
            service = event.service
            self._devices[event.name] = msgspec.structs.replace(known, service=service)

    def _take(self, order: Order) -> None:
        name = order.request.id
        known = self._orders.get(name)
        if known is not None:
            if len(order.history) < len(known.order.history) or order == known.order:
                return
            self._by_state[known.order.state] -= 1
            if self._order_of.get(known.order.vehicle) == name:
                del self._order_of[known.order.vehicle]
        ordinal = known.ordinal if known is not None else next(self._ordinals)
        self._orders[name] = OrderView(order, ordinal, next(self._changes))
        self._by_state[order.state] += 1
        if order.state not in FINISHED:
            self._open[name] = None
            if order.vehicle:
                self._order_of[order.vehicle] = name
        elif name not in self._finished:
            self._open.pop(name, None)
            self._finish(order)

    def _finish(self, order: Order) -> None:
        self._finished[order.request.id] = None
        if order.state == "done" and order.history:
            self._done_on[self._local_day(order.history[-1].at_ns)] += 1
        if len(self._finished) > FINISHED_KEPT:
            oldest = next(iter(self._finished))
            del self._finished[oldest]
            self._by_state[self._orders.pop(oldest).order.state] -= 1

    def _local_day(self, at_ns: int) -> int:
        local_ns = at_ns + round(self._offset_h * 3600) * 1_000_000_000
        return local_ns // 86_400_000_000_000

    # --- what is read -------------------------------------------------------------------------

    def order(self, name: str) -> OrderView | None:
        """The order of that id, if it is known and still kept."""
        with self._lock:
            return self._orders.get(name)

    def orders(self) -> list[OrderView]:
        """All orders kept, the newest first."""
        with self._lock:
            return list(reversed(self._orders.values()))

    def orders_changed(self, since: int, finished_max: int) -> list[OrderView]:
        """Orders changed after change number `since`, in the order of their changes.

        Of finished orders at most the last `finished_max` are among them.
        """
        with self._lock:
            ended = itertools.islice(reversed(self._finished), finished_max)
            found = [self._orders[name] for name in itertools.chain(self._open, ended)]
        return sorted((v for v in found if v.change > since), key=lambda v: v.change)

    def summary(self) -> Summary:
        """Orders by state, and how many were done today."""
        with self._lock:
            today = self._local_day(self._now_ns())
            counts = {state: count for state, count in self._by_state.items() if count}
            return Summary(counts, self._done_on[today])

    def devices(self, *kinds: DeviceKind) -> list[DeviceState]:
        """The devices of these kinds, in the site's order."""
        with self._lock:
            return [device for device in self._devices.values() if device.kind in kinds]

    def lane_order(self, lane: str) -> LaneOrder | None:
        """How people have ordered the lane to be; None before their first command."""
        with self._lock:
            return self._lane_orders.get(lane)

    def vehicles(self) -> list[VehicleView]:
        """All AGVs, in the site's order."""
        with self._lock:
            found = []
            for device in self._devices.values():
                if device.kind == "vehicle":
                    signal, stamp_ns = self._vehicle_signals.get(device.id, (None, 0))
                    order = self._order_of.get(device.id, "")
                    link = self._links.get(device.id)
                    found.append(VehicleView(device, order, signal, stamp_ns, link))
            return found

    def stations(self, *kinds: DeviceKind) -> list[StationView]:
        """The cranes and booths among `kinds`, in the site's order."""
        with self._lock:
            found = []
            for device in self._devices.values():
                if device.kind in kinds:
                    signal, stamp_ns = self._station_signals.get(device.id, (None, 0))
                    link = self._links.get(device.id)
                    found.append(StationView(device, signal, stamp_ns, link))
            return found

    def places(self) -> list[PlaceView]:
        """All places, in the site's order."""
        with self._lock:
            places = self.roadmap.places.values()
            return [PlaceView(place, self._services.get(place.id, "in")) for place in places]

    def obstacles(self) -> list[Obstacle]:
        """What is not ours and stands on the road, and zones blocked by hand; the oldest first."""
        with self._lock:
            return list(self._obstacles.values())

    def stops(self) -> list[StopView]:
        """What is stopped until somebody resets it; the oldest first."""
        with self._lock:
            return list(self._stops.values())

    def unheard(self) -> list[str]:
        """The names of the devices that have not told of themselves yet."""
        with self._lock:
            return [d.id for d in self._devices.values() if d.state == STARTING]


def _is_finite(at: VehicleSignal) -> bool:
    return all(
        math.isfinite(value)
        for value in (at.x_m, at.y_m, at.heading_rad, at.speed_mps, at.battery_pct)
    )
