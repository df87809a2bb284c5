"""The demo gate for tests, and what machines answer."""

import datetime
from typing import TypeVar

import msgspec

from actors.effects import Command, Effect, Emit, Reply, Send
from actors.messages import DeviceChanged, Message, OrderRequest
from actors.site.bundled import find_site
from actors.site.expand import expand
from actors.site.load import load_site
from actors.site.model import LaneSection

DAY = datetime.date(2026, 7, 1)
DEMO = load_site(find_site("demo"), DAY)
ROADMAP = expand(DEMO, DAY)
FOUR_LANES = msgspec.structs.replace(
    DEMO,
    road=msgspec.structs.replace(
        DEMO.road,
        lanes=tuple(
            LaneSection(id=f"D{number}", direction="VN-CN" if number % 2 else "CN-VN")
            for number in range(1, 5)
        ),
    ),
)
"""The demo with two lanes each way: D1 and D3 lead away from VN, D2 and D4 from CN."""
S = 10**9
"""One second [ns]."""

M = TypeVar("M", bound=Message)


def sent(effects: list[Effect], kind: type[M]) -> list[M]:
    return [e.message for e in effects if isinstance(e, Send) and isinstance(e.message, kind)]


def commanded(effects: list[Effect], kind: type[M]) -> list[M]:
    return [e.message for e in effects if isinstance(e, Command) and isinstance(e.message, kind)]


def replied(effects: list[Effect]) -> list[Message]:
    return [e.message for e in effects if isinstance(e, Reply)]


def shown(effects: list[Effect]) -> list[str]:
    """The states of devices that people are told of."""
    return [
        e.event.state for e in effects if isinstance(e, Emit) and isinstance(e.event, DeviceChanged)
    ]


def order(
    number: int, from_side: str = "VN", priority: int = 0, deadline_ns: int | None = None
) -> OrderRequest:
    to_side = "CN" if from_side == "VN" else "VN"
    return OrderRequest(
        f"T{number}", f"CSQU{number:07d}", "45G1", from_side, to_side, priority, deadline_ns
    )
