"""The whole state as one compact message a tick, for the WebSocket and for the page."""

import threading
import time
from collections.abc import Callable

import msgspec

from actors.messages import LaneMode, OrderState, Outline, Service
from interfaces.view import LinkView, LiveView

TICK_S = 0.2
"""Time between two messages [s]."""


class LinkNow(msgspec.Struct, frozen=True, gc=False):
    """A link that is worth a remark: not connected, or it has refused something."""

    connected: bool
    counts: dict[str, int]
    refusal: str
    refusal_age_s: float | None


class VehicleNow(msgspec.Struct, frozen=True, gc=False):
    """One AGV; the fields from `x_m` on are null until its first signal."""

    id: str
    state: str
    detail: str
    order: str
    x_m: float | None
    y_m: float | None
    heading_rad: float | None
    speed_mps: float | None
    battery_pct: float | None
    container: str | None
    fault: str | None
    age_s: float | None
    service: Service
    link: LinkNow | None
    """Null for one of which there is nothing to remark."""


class StationNow(msgspec.Struct, frozen=True, gc=False):
    """One crane or booth; the fields from `activity` on are null until its first signal."""

    id: str
    kind: str
    state: str
    detail: str
    activity: str | None
    progress: float | None
    fault: str | None
    age_s: float | None
    service: Service
    link: LinkNow | None
    """Null for one of which there is nothing to remark."""


class LaneNow(msgspec.Struct, frozen=True, gc=False):
    """One lane; `side` is the one it leads away from.

    `ordered` and `ordered_side` are what people last wanted of it; null before their first command.
    """

    id: str
    side: str
    state: str
    detail: str
    ordered: LaneMode | None
    ordered_side: str | None


class ObstacleNow(msgspec.Struct, frozen=True, gc=False):
    """What is not ours on the road, or a zone blocked by hand, which has no outline."""

    id: str
    zones: tuple[str, ...]
    outline: Outline | None


class OrdersNow(msgspec.Struct, frozen=True, gc=False):
    """Orders by state, and how many were done today."""

    by_state: dict[OrderState, int]
    done_today: int


class StateFrame(msgspec.Struct, frozen=True, gc=False):
    """Everything that moves or changes, as it was at `stamp` (UTC, ms since 1970)."""

    stamp: int
    vehicles: list[VehicleNow]
    stations: list[StationNow]
    lanes: list[LaneNow]
    orders: OrdersNow
    obstacles: list[ObstacleNow]
    places_out: list[str]
    """Places out of service."""


def state_frame(view: LiveView) -> StateFrame:
    """The present state; centimetres and milliradians are kept, finer digits are not."""
    now_ns = view.now_ns()

    def age(stamp_ns: int) -> float:
        return round(view.age_s(stamp_ns), 1)

    vehicles = []
    for vehicle in view.vehicles():
        device, at = vehicle.device, vehicle.signal
        vehicles.append(
            VehicleNow(
                id=device.id,
                state=device.state,
                detail=device.detail,
                order=vehicle.order,
                x_m=round(at.x_m, 2) if at else None,
                y_m=round(at.y_m, 2) if at else None,
                heading_rad=round(at.heading_rad, 3) if at else None,
                speed_mps=round(at.speed_mps, 2) if at else None,
                battery_pct=round(at.battery_pct, 1) if at else None,
                container=at.container if at else None,
                fault=at.fault if at else None,
                age_s=age(vehicle.stamp_ns) if at else None,
                service=device.service,
                link=_remarkable(vehicle.link, age),
            )
        )
    stations = []
    for station in view.stations("crane", "booth"):
        device, signal = station.device, station.signal
        stations.append(
            StationNow(
                id=device.id,
                kind=device.kind,
                state=device.state,
                detail=device.detail,
                activity=signal.activity if signal else None,
                progress=round(signal.progress, 2) if signal else None,
                fault=signal.fault if signal else None,
                age_s=age(station.stamp_ns) if signal else None,
                service=device.service,
                link=_remarkable(station.link, age),
            )
        )
    lanes = []
    for lane in view.devices("lane"):
        order = view.lane_order(lane.id)
        lanes.append(
            LaneNow(
                id=lane.id,
                side=lane.side,
                state=lane.state,
                detail=lane.detail,
                ordered=order.mode if order else None,
                ordered_side=order.from_side if order else None,
            )
        )
    summary = view.summary()
    return StateFrame(
        stamp=now_ns // 1_000_000,
        vehicles=vehicles,
        stations=stations,
        lanes=lanes,
        orders=OrdersNow(summary.by_state, summary.done_today),
        obstacles=[ObstacleNow(o.id, o.zones, o.outline) for o in view.obstacles()],
        places_out=[seen.place.id for seen in view.places() if seen.service != "in"],
    )


def _remarkable(seen: LinkView | None, age: Callable[[int], float]) -> LinkNow | None:
    if seen is None or (seen.signal.connected and not seen.signal.refusal):
        return None
    signal = seen.signal
    refusal_age_s = age(signal.refused_ns) if signal.refusal else None
    return LinkNow(signal.connected, signal.counts, signal.refusal, refusal_age_s)


class FrameSource:
    """One frame a tick for all clients together, made when the first of them asks."""

    def __init__(self, view: LiveView) -> None:
        self._view = view
        self._lock = threading.Lock()
        self._tick = -1
        self._frame: StateFrame | None = None
        self._text: str | None = None

    def frame(self) -> StateFrame:
        """The frame of the present tick."""
        with self._lock:
            return self._present()

    def text(self) -> str:
        """The frame of the present tick as JSON."""
        with self._lock:
            frame = self._present()
            if self._text is None:
                self._text = msgspec.json.encode(frame).decode()
            return self._text

    def _present(self) -> StateFrame:
        tick = time.monotonic_ns() // round(TICK_S * 1e9)
        if self._frame is None or tick != self._tick:
            self._tick = tick
            self._frame = state_frame(self._view)
            self._text = None
        return self._frame
