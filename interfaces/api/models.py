"""What the API takes and gives, apart from the domain's own structs."""

from typing import Annotated, Generic, Literal, TypedDict, TypeVar

import msgspec
from fastapi import Path
from pydantic import BaseModel, Field

from actors.messages import DeviceKind, Order, OrderExplained, OrderState, PairCost
from interfaces.api.times import Time, time_of
from interfaces.view import DeviceState, StationView, VehicleView

Item = TypeVar("Item")

ORDER_ID = r"^[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*$"
"""Ids of orders; none of dots only, which a client would take for a relative path."""


DeviceId = Annotated[
    str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$", examples=["AGV-001"])
]
"""The name of a device in a path."""


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
    size_type: str
    from_side: str
    to_side: str
    priority: int
    deadline: Time | None
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
            size_type=asked.size_type,
            from_side=asked.from_side,
            to_side=asked.to_side,
            priority=asked.priority,
            deadline=None if asked.deadline_ns is None else time_of(asked.deadline_ns),
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

    @classmethod
    def of(cls, device: DeviceState) -> "DeviceOut":
        """The API's form of a device."""
        return cls(**device_fields(device))


class VehicleOut(DeviceOut):
    """An AGV with what its controller last signalled; null until a signal has come."""

    order: str | None = Field(description="The order it works for.")
    x_m: float | None = Field(description="East, middle of the vehicle [m].")
    y_m: float | None = Field(description="North, middle of the vehicle [m].")
    heading_rad: float | None = Field(description="Counter-clockwise from east [rad].")
    speed_mps: float | None
    battery_pct: float | None
    container: str | None
    fault: str | None
    age_s: float | None = Field(description="Age of the signal, by the wall's clock [s].")

    @classmethod
    def seen(cls, seen: VehicleView, age_s: float) -> "VehicleOut":
        """The API's form of an AGV whose signal is `age_s` old."""
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
            age_s=round(age_s, 3) if signal else None,
        )


class StationOut(DeviceOut):
    """A crane or booth with what its controller last signalled; null until a signal has come."""

    activity: str | None = Field(description="`idle`, or what it does.")
    progress: float | None = Field(description="0..1 of the present job.")
    fault: str | None
    age_s: float | None = Field(description="Age of the signal, by the wall's clock [s].")

    @classmethod
    def seen(cls, seen: StationView, age_s: float) -> "StationOut":
        """The API's form of a crane or booth whose signal is `age_s` old."""
        signal = seen.signal
        return cls(
            **device_fields(seen.device),
            activity=signal.activity if signal else None,
            progress=signal.progress if signal else None,
            fault=signal.fault or None if signal else None,
            age_s=round(age_s, 3) if signal else None,
        )


class DeviceFields(TypedDict):
    """The fields that every device has in the API."""

    id: str
    kind: DeviceKind
    side: str
    state: str
    detail: str
    since: str | None


def device_fields(device: DeviceState) -> DeviceFields:
    """What the API tells of any device."""
    return {
        "id": device.id,
        "kind": device.kind,
        "side": device.side,
        "state": device.state,
        "detail": device.detail,
        "since": time_of(device.since_ns) if device.since_ns else None,
    }
