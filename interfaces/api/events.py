"""Domain events as Server-Sent Events, resumable with `Last-Event-ID`."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header
from sse_starlette import EventSourceResponse, ServerSentEvent

from actors.border import (
    ConsignmentEnded,
    CustodyChanged,
    HoldChanged,
    ImageJudged,
    SideChanged,
    StepsVoided,
    StepTaken,
)
from actors.messages import (
    Alarm,
    DeviceChanged,
    Event,
    LaneOrdered,
    ObstacleChanged,
    OrderChanged,
    ServiceChanged,
)
from actors.safety import LimitsChanged, ReversalChanged, StopChanged
from interfaces.api.models import OrderOut
from interfaces.api.problems import documented
from interfaces.api.times import time_of
from interfaces.events import EventLog, Logged
from interfaces.view import LiveView

BATCH = 100
"""Entries taken from the log at once, so that a follower never holds its lock for long."""

SEND_TIMEOUT_S = 30.0
"""A client that takes nothing for so long is let go; it may resume."""

PING_S = 15
DESCRIPTION = """
Event types: `order` (data: the order), `device` (data: id, kind, state, detail, at; of a lane also
side, the one that it leads away from), `lane_order` (data: id, number, mode, from_side, at; people
have ordered the lane to be so), `service` (data: id, service, detail, at), `obstacle` (data: id,
zones, present, at), `alarm` (data: source, kind, subject, detail, at), `start` (the first one
without `Last-Event-ID`; its id is that of the newest event so far) and `reset` (events between
`Last-Event-ID` and `oldest` are lost to this client: read the resources anew).

Of consignments: `step` (what, by, reason; a crossing has the same event_id on both sides),
`steps_voided` (back_to, reason), `hold` (kind, present, by, reason), `custody` (custody, event_id),
`consignment_ended` (result, by, reason), all with consignment, side and at; `side` (side, is_open,
by, reason, at). `by` is name, role and side. `image_judged`: an officer's word on an image
beside the review's (image, verdict, judged, by, reason).

Of safety: `stop` (subjects, engaged, by, reason), `limits` (devices, reason: how many the weather
limits), `reversal` (lane, from_side, word, by, reason: of a lane that both sides turn).

Kinds of alarm: `order_left`: the order `subject` and an AGV that could take it have both been idle
for a minute; `order_stands`: the order's AGV stood for a minute though there was room for it where
it was to go; `fleet_waits`: AGVs have not said where they stand, so that none moves;
`vehicle_stopped`: the AGV's controller reports a fault; `vehicle_silent`: the AGV
does not report, although asked; `station_out`: the crane or scanner is out of order; `zone_in_use`:
an AGV is in a zone that was blocked, or may already drive into it; `recorder_ended`: nothing is
recorded any more, by `--record` or for Foxglove; `consignment_stays`: it is on a side for longer
than the rules allow; `other_side_silent`: the other side's gate is not heard; `letter_dead`: it
will not have what it was told of the consignment; `clocks_apart`: its clock and this one differ.
"""


def events_router(view: LiveView) -> APIRouter:
    """The route `/events`."""
    router = APIRouter(tags=["events"])

    @router.get(
        "/events",
        description=DESCRIPTION,
        response_class=EventSourceResponse,
        responses=documented(400)
        | {
            200: {
                "description": "An endless stream of events",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            }
        },
    )
    async def follow_events(
        last_event_id: Annotated[str | None, Header(max_length=200)] = None,
    ) -> EventSourceResponse:
        return EventSourceResponse(
            stream(view.log, last_event_id), ping=PING_S, send_timeout=SEND_TIMEOUT_S
        )

    return router


async def stream(log: EventLog, last_event_id: str | None) -> AsyncIterator[ServerSentEvent]:
    """Everything in the log after `last_event_id`, then everything to come, for ever."""
    with log.follow() as follower:
        if last_event_id is None:
            seq = log.last
            yield ServerSentEvent("{}", event="start", id=log.entry_id(seq))
        else:
            known = log.position(last_event_id)
            seq = -1 if known is None else known
        while True:
            oldest = log.oldest
            if seq < oldest - 1:
                seq = oldest - 1
                lost = json.dumps({"oldest": log.entry_id(oldest)})
                yield ServerSentEvent(lost, event="reset", id=log.entry_id(seq))
            for entry in log.after(seq, BATCH):
                if entry.seq != seq + 1:
                    break  # overtaken since: the next round tells of the reset
                seq = entry.seq
                yield rendered(entry, log)
            if seq == log.last:
                await follower.wait()


def rendered(entry: Logged, log: EventLog) -> ServerSentEvent:
    """One entry in its form on the wire."""
    recorded = entry.recorded
    kind, told = _told(recorded.event)
    if isinstance(recorded.event, OrderChanged):
        data = OrderOut.of(recorded.event.order).model_dump_json()
    else:
        data = json.dumps({**told, "at": time_of(recorded.at_ns)}, ensure_ascii=False)
    return ServerSentEvent(data, event=kind, id=log.entry_id(entry.seq))


def _told(event: Event) -> tuple[str, dict[str, Any]]:
    """The type of an event, and its data without the time."""
    match event:
        case OrderChanged():
            return "order", {}
        case Alarm():
            return "alarm", msgspec.structs.asdict(event)
        case LaneOrdered(lane, order):
            return "lane_order", {"id": lane, **msgspec.structs.asdict(order)}
        case ServiceChanged(name, service, detail):
            return "service", {"id": name, "service": service, "detail": detail}
        case ObstacleChanged(obstacle, present):
            return "obstacle", {"id": obstacle.id, "zones": obstacle.zones, "present": present}
        case DeviceChanged(device, kind, state, detail, side):
            told = {"id": device, "kind": kind, "state": state, "detail": detail}
            return "device", {**told, "side": side} if side else told
        case StepTaken():
            return "step", msgspec.to_builtins(event)
        case StepsVoided():
            return "steps_voided", msgspec.to_builtins(event)
        case HoldChanged():
            return "hold", msgspec.to_builtins(event)
        case CustodyChanged():
            return "custody", msgspec.to_builtins(event)
        case ConsignmentEnded():
            return "consignment_ended", msgspec.to_builtins(event)
        case SideChanged():
            return "side", msgspec.to_builtins(event)
        case ImageJudged():
            return "image_judged", msgspec.to_builtins(event)
        case StopChanged():
            return "stop", msgspec.to_builtins(event)
        case LimitsChanged():
            return "limits", msgspec.to_builtins(event)
        case ReversalChanged():
            return "reversal", msgspec.to_builtins(event)
        case _:
            raise AssertionError(f"{type(event).__name__} has no form on the wire")
