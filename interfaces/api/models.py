"""What the API takes and gives, apart from the domain's own structs."""

from typing import Annotated, Generic, Literal, TypedDict, TypeVar

import msgspec
from fastapi import Path
from pydantic import BaseModel, Field

from actors.messages import (
    DeviceKind,
    LaneAnswer,
    LaneMode,
    LaneOrder,
    LaneState,
    Order,
    OrderExplained,
    OrderState,
    PairCost,
    Service,
)
from actors.site.roadmap import PlaceKind
from interfaces.api.times import Time, time_of
from interfaces.view import DeviceState, LinkView, LiveView, PlaceView, StationView, VehicleView

Item = TypeVar("Item")

ORDER_ID = r"^[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*$"
"""Ids of orders; none of dots only, which a client would take for a relative path."""


DeviceId = Annotated[
    str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$", examples=["AGV-001"])
]
"""The name of a device in a path."""


SUBJECTS_MAX = 1000
Subject = Annotated[str, Field(min_length=1, max_length=64)]
"""The name of a device or zone in a body."""


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: str | None = Field(description="`cursor` of the next page; null on the last one.")


class MarkOut(BaseModel):
    """When an order came into a state."""

    state: OrderState
    at: Time


class OrderOut(BaseModel):
    """A transport order as it stands."""

    id: str
    container: str
    twin_container: str | None = Field(description="The second of 20 ft that goes with it.")
    size_type: str
    from_side: str
    to_side: str
    priority: int
    deadline: Time | None
    hs: str | None = Field(description="HS code of the goods declared.")
    state: OrderState
    vehicle: str | None = Field(description="The AGV that has the order.")
    reason: str | None = Field(description="Why it is cancelled or failed.")
    history: list[MarkOut]

    @classmethod
    def of(cls, order: Order) -> "OrderOut":
        """The API's form of an order."""
        asked = order.request
        return cls(
            id=asked.id,
            container=asked.container,
            twin_container=asked.twin_container or None,
            size_type=asked.size_type,
            from_side=asked.from_side,
            to_side=asked.to_side,
            priority=asked.priority,
            deadline=None if asked.deadline_ns is None else time_of(asked.deadline_ns),
            hs=asked.hs or None,
            state=order.state,
            vehicle=order.vehicle or None,
            reason=order.reason or None,
            history=[MarkOut(state=mark.state, at=time_of(mark.at_ns)) for mark in order.history],
        )


class PairOut(BaseModel):
    """An AGV that could take an order, and what that costs [s], term by term."""

    vehicle: str
    reach_s: float = Field(description="Its way to the bay.")
    crane_s: float = Field(description="Its wait there for the crane, at half.")
    late_s: float = Field(description="Lateness that this makes, less that of beginning later.")
    priority_s: float = Field(description="Negative for a high priority.")
    waiting_s: float = Field(description="The longer the order has waited, the lower.")
    energy_s: float = Field(
        description="What charging is worth instead; large if the task would eat into the reserve."
    )
    total_s: float

    @classmethod
    def of(cls, pair: PairCost | None) -> "PairOut | None":
        """The API's form of a pair."""
        if pair is None:
            return None
        terms = {name: round(cost, 1) for name, cost in msgspec.structs.asdict(pair.terms).items()}
        return cls(vehicle=pair.vehicle, total_s=round(pair.terms.total_s, 1), **terms)


class ExplanationOut(BaseModel):
    """Why an order was given to its AGV."""

    id: str
    outcome: Literal["assigned", "waiting", "not_kept"] = Field(
        description="`waiting`: no AGV has it; `not_kept`: never assigned and over, or long ago."
    )
    at: Time | None = Field(description="When it was assigned.")
    vehicles: int = Field(description="AGVs that could have taken it then.")
    promoted: bool = Field(description="Overtaken for so long that it went first.")
    chosen: PairOut | None
    runner_up: PairOut | None = Field(
        description="The cheapest of the others; it may have been given another order."
    )

    @classmethod
    def of(cls, told: OrderExplained) -> "ExplanationOut":
        """The API's form of the fleet manager's answer."""
        assert told.outcome != "unknown"
        return cls(
            id=told.id,
            outcome=told.outcome,
            at=time_of(told.at_ns) if told.chosen is not None else None,
            vehicles=told.vehicles,
            promoted=told.promoted,
            chosen=PairOut.of(told.chosen),
            runner_up=PairOut.of(told.runner_up),
        )


SERVICE = (
    "`in` service; `withdrawn` by an operator; of an AGV `stopped` by a fault or `silent`; of a "
    "crane or booth `out` of order."
)


class ServiceOut(BaseModel):
    """Whether a device or place takes part in the work."""

    id: str
    service: Service = Field(description=SERVICE)
    detail: str = Field(description="Why; may be empty.")


class PlaceNow(BaseModel):
    """A place and whether AGVs are sent there."""

    id: str
    kind: PlaceKind
    side: str
    station: str | None = Field(description="The crane or booth that serves here.")
    service: Service = Field(description=SERVICE)

    @classmethod
    def seen(cls, seen: PlaceView) -> "PlaceNow":
        """The API's form of a place."""
        place = seen.place
        return cls(
            id=place.id,
            kind=place.kind,
            side=place.side,
            station=place.station or None,
            service=seen.service,
        )


class BlockedZone(BaseModel):
    """A zone that no AGV is sent into."""

    id: str
    in_use: list[str] = Field(
        description="AGVs that were in it, or could drive into it already, when it was blocked: "
        "these are not stopped."
    )


class DeviceOut(BaseModel):
    """A device as it last told of itself."""

    id: str
    kind: DeviceKind
    side: str = Field(
        description="Of an AGV the side of its own refuge; of a lane the side it leads away from."
    )
    state: str = Field(description="`starting` until the device has first been heard.")
    detail: str = Field(description="With what or for whom; may be empty.")
    since: Time | None = Field(description="When it came into this state.")
    service: Service = Field(description=SERVICE)

    @classmethod
    def of(cls, device: DeviceState) -> "DeviceOut":
        """The API's form of a device."""
        return cls(**device_fields(device))


class LinkOut(BaseModel):
    """The link to a device's controller, as the gate's end of it last told."""

    connected: bool = Field(description="Whether commands are passed on.")
    counts: dict[str, int] = Field(
        description="How often what people should know of happened since the gate was started: "
        "connections, silences, refusals by kind, commands dropped, grants not taken."
    )
    refusal: str | None = Field(description="What was refused last, and why.")
    refusal_age_s: float | None = Field(description="How long ago, by the wall's clock [s].")
    age_s: float = Field(
        description="How long ago it told this, by the wall's clock [s]; it does so every 5 s."
    )

    @classmethod
    def seen(cls, seen: LinkView | None, view: LiveView) -> "LinkOut | None":
        """The API's form of a link; None before it has told of itself."""
        if seen is None:
            return None
        signal = seen.signal
        return cls(
            connected=signal.connected,
            counts=signal.counts,
            refusal=signal.refusal or None,
            refusal_age_s=round(view.age_s(signal.refused_ns), 3) if signal.refusal else None,
            age_s=round(view.age_s(seen.stamp_ns), 3),
        )


class VehicleOut(DeviceOut):
    """An AGV with what its controller last signalled; null until a signal has come."""

    order: str | None = Field(description="The order it works for.")
    x_m: float | None = Field(description="East, middle of the vehicle [m].")
    y_m: float | None = Field(description="North, middle of the vehicle [m].")
    heading_rad: float | None = Field(description="Counter-clockwise from east [rad].")
    speed_mps: float | None
    battery_pct: float | None
    container: str | None = Field(description="Its load; two of 20 ft with ` + ` between them.")
    fault: str | None
    age_s: float | None = Field(description="Age of the signal, by the wall's clock [s].")
    link: LinkOut | None = Field(description="To its controller; null until it has been told of.")

    @classmethod
    def seen(cls, seen: VehicleView, view: LiveView) -> "VehicleOut":
        """The API's form of an AGV."""
        signal = seen.signal
        return cls(
            **device_fields(seen.device),
            order=seen.order or None,
            x_m=signal.x_m if signal else None,
            y_m=signal.y_m if signal else None,
            heading_rad=signal.heading_rad if signal else None,
            speed_mps=signal.speed_mps if signal else None,
            battery_pct=signal.battery_pct if signal else None,
            container=signal.container or None if signal else None,
            fault=signal.fault or None if signal else None,
            age_s=round(view.age_s(seen.stamp_ns), 3) if signal else None,
            link=LinkOut.seen(seen.link, view),
        )


class StationOut(DeviceOut):
    """A crane or booth with what its controller last signalled; null until a signal has come."""

    activity: str | None = Field(description="`idle`, or what it does.")
    progress: float | None = Field(description="0..1 of the present job.")
    fault: str | None
    age_s: float | None = Field(description="Age of the signal, by the wall's clock [s].")
    link: LinkOut | None = Field(description="To its controller; null until it has been told of.")

    @classmethod
    def seen(cls, seen: StationView, view: LiveView) -> "StationOut":
        """The API's form of a crane or booth."""
        signal = seen.signal
        return cls(
            **device_fields(seen.device),
            activity=signal.activity if signal else None,
            progress=signal.progress if signal else None,
            fault=signal.fault or None if signal else None,
            age_s=round(view.age_s(seen.stamp_ns), 3) if signal else None,
            link=LinkOut.seen(seen.link, view),
        )


class LaneOrderOut(BaseModel):
    """How a lane is to be."""

    mode: LaneMode
    from_side: str = Field(description="The side that it is to lead away from, once drained.")

    @classmethod
    def of(cls, order: LaneOrder) -> "LaneOrderOut":
        """The API's form of an order to a lane."""
        return cls(mode=order.mode, from_side=order.from_side)


class LaneOut(DeviceOut):
    """A lane as it last told of itself, and how people have ordered it to be."""

    ordered: LaneOrderOut | None = Field(
        description="The last command; null before the first, while it is as in the site file."
    )

    @classmethod
    def seen(cls, lane: DeviceState, view: LiveView) -> "LaneOut":
        """The API's form of a lane."""
        order = view.lane_order(lane.id)
        return cls(
            **device_fields(lane),
            ordered=LaneOrderOut.of(order) if order is not None else None,
        )


class LaneOrderedOut(BaseModel):
    """What a command makes of a lane: how it is to be, and how it is until then."""

    id: str
    ordered: LaneOrderOut | None = Field(
        description="The last command; null after a word on a reversal that is none yet."
    )
    state: LaneState = Field(description="As the lane last told the fleet manager.")
    from_side: str = Field(description="The side that it leads away from now.")

    @classmethod
    def of(cls, answer: LaneAnswer) -> "LaneOrderedOut":
        """The API's form of the fleet manager's answer."""
        return cls(
            id=answer.lane,
            ordered=LaneOrderOut.of(answer.order) if answer.order is not None else None,
            state=answer.state,
            from_side=answer.from_side,
        )


class DeviceFields(TypedDict):
    """The fields that every device has in the API."""

    id: str
    kind: DeviceKind
    side: str
    state: str
    detail: str
    since: str | None
    service: Service


def device_fields(device: DeviceState) -> DeviceFields:
    """What the API tells of any device."""
    return {
        "id": device.id,
        "kind": device.kind,
        "side": device.side,
        "state": device.state,
        "detail": device.detail,
        "since": time_of(device.since_ns) if device.since_ns else None,
        "service": device.service,
    }
