"""Domain events as Server-Sent Events, resumable with `Last-Event-ID`."""

import json
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header
from sse_starlette import EventSourceResponse, ServerSentEvent

from actors.messages import (
    Alarm,
    DeviceChanged,
    LaneOrdered,
    ObstacleChanged,
    OrderChanged,
    ServiceChanged,
)
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

Kinds of alarm: `order_left`: the order `subject` and an AGV that could take it have both been idle
for a minute; `order_stands`: the order's AGV stood for a minute though there was room for it where
it was to go; `fleet_waits`: AGVs have not said where they stand, so that none moves;
`vehicle_stopped`: the AGV's controller reports a fault; `vehicle_silent`: the AGV
does not report, although asked; `station_out`: the crane or scanner is out of order; `zone_in_use`:
an AGV is in a zone that was blocked, or may already drive into it; `recorder_ended`: nothing is
recorded any more, by `--record` or for Foxglove.
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
    event = recorded.event
    if isinstance(event, OrderChanged):
        kind, data = "order", OrderOut.of(event.order).model_dump_json()
    elif isinstance(event, Alarm):
        alarm = {**msgspec.structs.asdict(event), "at": time_of(recorded.at_ns)}
        kind, data = "alarm", json.dumps(alarm, ensure_ascii=False)
    elif isinstance(event, LaneOrdered):
        order = {"id": event.lane, **msgspec.structs.asdict(event.order)}
        kind, data = "lane_order", json.dumps({**order, "at": time_of(recorded.at_ns)})
    elif isinstance(event, ServiceChanged):
        changed = {
            "id": event.name,
            "service": event.service,
            "detail": event.detail,
            "at": time_of(recorded.at_ns),
        }
        kind, data = "service", json.dumps(changed, ensure_ascii=False)
    elif isinstance(event, ObstacleChanged):
        obstacle = {
            "id": event.obstacle.id,
            "zones": event.obstacle.zones,
            "present": event.present,
            "at": time_of(recorded.at_ns),
        }
        kind, data = "obstacle", json.dumps(obstacle, ensure_ascii=False)
    else:
        assert isinstance(event, DeviceChanged)
        told = {
            "id": event.device,
            "kind": event.kind,
            "state": event.state,
            "detail": event.detail,
            "at": time_of(recorded.at_ns),
        }
        if event.side:
            told["side"] = event.side
        kind, data = "device", json.dumps(told, ensure_ascii=False)
    return ServerSentEvent(data, event=kind, id=log.entry_id(entry.seq))
