"""What letters say, in the form that is published: a body for each kind of letter.

These are apart from what machines say to each other, so that one can change without the other. Two
things differ: moments are RFC 3339 with nanoseconds (an integer of that size is not the same in all
readers of JSON), and every text has a greatest length. Where the WCO Data Model has a word for a
field, `x-wco` names it as class/attribute.
"""

import datetime
import re
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from actors import border
from actors import messages as said
from actors.messages import SaidToOtherSide


class BodyError(ValueError):
    """A body that does not say what its kind says."""


def _wco(names: str) -> dict[str, str]:
    return {"x-wco": names}


Id = Annotated[str, Meta(min_length=1, max_length=200)]
Consignment = Annotated[
    str,
    Meta(min_length=1, max_length=100, extra_json_schema=_wco("Consignment/UCR/ID")),
]
Reason = Annotated[
    str, Meta(max_length=1000, extra_json_schema=_wco("AdditionalInformation/Content"))
]
SideName = Annotated[str, Meta(pattern=r"^[A-Z]{2}$", description="ISO 3166: VN, CN")]
FromSide = Annotated[
    str,
    Meta(pattern=r"^[A-Z]{2}$", extra_json_schema=_wco("Consignment/ExportationCountry/ID")),
]
ToSide = Annotated[
    str,
    Meta(pattern=r"^[A-Z]{2}$", extra_json_schema=_wco("Consignment/Destination/CountryCode")),
]
Container = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z]{4}[0-9]{7}$",
        description="ISO 6346",
        extra_json_schema=_wco("TransportEquipment/ID"),
    ),
]
MaybeContainer = Annotated[
    str,
    Meta(
        pattern=r"^([A-Z]{4}[0-9]{7})?$",
        description="ISO 6346; empty: none",
        extra_json_schema=_wco("TransportEquipment/ID"),
    ),
]
SizeType = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-Z]{4}$",
        description="ISO 6346: 45G1",
        extra_json_schema=_wco("TransportEquipment/CharacteristicCode"),
    ),
]
Moment = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$",
        description="RFC 3339, in UTC",
    ),
]
OrderState = Literal[
    "queued", "assigned", "to_pickup", "loading", "carrying", "scanning", "crossing", "unloading",
    "done", "cancelled", "failed",
]  # fmt: skip


class Body(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all bodies."""


class Goods(Body, frozen=True, kw_only=True):
    """What is declared."""

    id: Consignment
    from_side: FromSide
    to_side: ToSide
    container: Container
    size_type: SizeType
    seal: Annotated[str, Meta(max_length=100, extra_json_schema=_wco("Seal/ID"))]
    plate: Annotated[
        str,
        Meta(max_length=100, extra_json_schema=_wco("DepartureTransportMeans/ID")),
    ]
    hs: Annotated[
        str,
        Meta(
            pattern=r"^[0-9. ]{2,16}$",
            extra_json_schema=_wco("Commodity/Classification/ID"),
        ),
    ]
    origin: Annotated[
        str, Meta(pattern=r"^[A-Z]{2}$", extra_json_schema=_wco("Origin/CountryCode"))
    ]
    weight_kg: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000,
            description="[kg]",
            extra_json_schema=_wco("GoodsMeasure/GrossMassMeasure"),
        ),
    ]
    perishable: bool = False
    twin_container: MaybeContainer = ""


class PreAdvice(Body, frozen=True, kw_only=True):
    """A consignment has been registered and is going to come."""

    id: Id
    declaration: Goods
    number: Annotated[
        str,
        Meta(
            max_length=100,
            description="under which customs has registered it",
            extra_json_schema=_wco("Declaration/ID"),
        ),
    ]
    channel: Annotated[
        Literal["green", "yellow", "red"],
        Meta(extra_json_schema=_wco("Control/TypeCode")),
    ]


class Answer(Body, frozen=True, kw_only=True):
    """Taken in by the clearance, or refused with a reason."""

    id: Annotated[str, Meta(min_length=1, max_length=200, description="of what is answered")]
    consignment: Consignment
    outcome: Annotated[Literal["ack", "nak"], Meta(extra_json_schema=_wco("Response/TypeCode"))]
    reason: Reason = ""


class AskReady(Body, frozen=True, kw_only=True):
    """Nothing here stands against crossing: is there room for it?"""

    id: Id
    consignment: Consignment


class Ready(Body, frozen=True, kw_only=True):
    """Answer to `ask_ready`; room is kept from now on, and it may begin to cross until then."""

    id: Id
    consignment: Consignment
    ready: bool
    until: Moment
    reason: Reason = ""


class StandDown(Body, frozen=True, kw_only=True):
    """It will not cross under this `ask_ready`: the room kept for it is free."""

    id: Id
    consignment: Consignment
    asked: Id


class Crossing(Body, frozen=True, kw_only=True):
    """It has passed the boundary; both sides log that under this id."""

    id: Annotated[
        str,
        Meta(min_length=1, max_length=200, description="of its order, and `/crossed` after that"),
    ]
    consignment: Consignment
    at: Annotated[
        str,
        Meta(
            pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$",
            description="RFC 3339, in UTC",
            extra_json_schema=_wco("BorderTransportMeans/Itinerary/ArrivalDateTime"),
        ),
    ]


class Custody(Body, frozen=True, kw_only=True):
    """The receiving side has it, under the id of the crossing."""

    id: Id
    consignment: Consignment


class ClearanceResult(Body, frozen=True, kw_only=True):
    """How it ended on the receiving side; or before it crossed, on the one that sent it."""

    id: Id
    consignment: Consignment
    result: Annotated[
        Literal["released", "seized", "returned", "diverted"],
        Meta(extra_json_schema=_wco("Response/Status/NameCode")),
    ]
    reason: Reason


class Request(Body, frozen=True, kw_only=True):
    """The move of one container from a truck bay on one side to one on the other."""

    id: Id
    container: Container
    size_type: SizeType
    from_side: FromSide
    to_side: ToSide
    priority: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    deadline: Moment | None = None
    twin_container: MaybeContainer = ""
    hs: Annotated[
        str,
        Meta(
            pattern=r"^[0-9. ]{0,16}$",
            description="of the goods declared; empty: none",
            extra_json_schema=_wco("Commodity/Classification/ID"),
        ),
    ] = ""


class Guard(Body, frozen=True, kw_only=True):
    """Whose word each leg needs."""

    consignment: Consignment
    cross: Id
    unload: Id


class LegOrder(Body, frozen=True, kw_only=True):
    """Carry it, each leg only when its side allows it; to the side that runs the fleet."""

    request: Request
    guard: Guard


class LegAllowed(Body, frozen=True, kw_only=True):
    """This leg may begin, for good."""

    id: Id
    order: Id
    leg: Literal["cross", "unload"]
    keeper: Id


class LegSetDown(Body, frozen=True, kw_only=True):
    """Put the container down on the side where it is."""

    id: Id
    order: Id
    keeper: Id
    reason: Reason


class LegCancelled(Body, frozen=True, kw_only=True):
    """Give the order up, if its container has not been lifted."""

    id: Id
    keeper: Id


class LegQuery(Body, frozen=True, kw_only=True):
    """Tell me how the order stands, if that is newer than the report of the number known."""

    order: Id
    keeper: Id
    known: Annotated[
        int, Meta(ge=0, le=2**53 - 1, description="of a `leg_report`; 0: none has come")
    ] = 0


class LegReport(Body, frozen=True, kw_only=True):
    """How an order stands; of two reports the one with the higher number holds."""

    order: Id
    consignment: Consignment
    number: Annotated[
        int, Meta(ge=0, le=2**53 - 1, description="the same one may come again, as it was")
    ]
    state: OrderState
    loaded: bool
    verdict: Literal["clear", "suspicious", "unreadable", "unreviewed"] | None
    crossed: bool
    allowed: Annotated[tuple[Literal["cross", "unload"], ...], Meta(max_length=2)]
    image: Annotated[str, Meta(max_length=200, description="of the verdict; empty: none")] = ""
    no_image: Annotated[str, Meta(max_length=500, description="why there is none")] = ""


class LaneStatus(Body, frozen=True, kw_only=True):
    """How the lanes are; from the side that runs the fleet, the newest replaces all before."""

    lanes: Annotated[tuple["LaneIs", ...], Meta(max_length=100)]


class LaneIs(Body, frozen=True, kw_only=True):
    """How one lane is."""

    lane: Annotated[str, Meta(min_length=1, max_length=64)]
    state: Literal["unknown", "open", "closing", "closed", "reversing", "blocked"]
    from_side: Annotated[str, Meta(max_length=2, description="that it leads away from")]


class Clock(Body, frozen=True, kw_only=True):
    """Says that the gate is there; its receipt tells how far the two clocks are apart."""


class Withdrawn(Body, frozen=True, kw_only=True):
    """An officer has withdrawn what this letter said: its place in the order is empty."""

    by: Annotated[str, Meta(min_length=1, max_length=200)]
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]


class Receipt(Body, frozen=True, kw_only=True):
    """Answer to a letter: it is on disk here, or it is refused with a code."""

    of: Annotated[str, Meta(max_length=200, description="id of the letter; empty: unreadable")]
    digest: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$", description="SHA-256 of its bytes")]
    outcome: Annotated[Literal["ack", "nak"], Meta(extra_json_schema=_wco("Response/TypeCode"))]
    code: Literal[
        "", "unreadable", "version", "unknown_peer", "signature", "wrong_side", "schema", "time",
        "not_allowed", "out_of_order", "conflict",
    ] = ""  # fmt: skip
    detail: Reason = ""
    expected: Annotated[int, Meta(ge=0, description="with out_of_order: the next sequence")] = 0
    received_at: Moment


BODIES: dict[str, type[Body]] = {
    "pre_advice": PreAdvice,
    "answer": Answer,
    "ask_ready": AskReady,
    "ready": Ready,
    "stand_down": StandDown,
    "crossing": Crossing,
    "custody": Custody,
    "clearance_result": ClearanceResult,
    "leg_order": LegOrder,
    "leg_allowed": LegAllowed,
    "leg_set_down": LegSetDown,
    "leg_cancelled": LegCancelled,
    "leg_query": LegQuery,
    "leg_report": LegReport,
    "lane_status": LaneStatus,
    "clock": Clock,
    "withdrawn": Withdrawn,
    "receipt": Receipt,
}
"""By kind of letter."""
MESSAGES: dict[str, type[said.Message]] = {
    "pre_advice": border.PreAdvice,
    "answer": border.ExchangeAnswer,
    "ask_ready": border.AskReady,
    "ready": border.Ready,
    "stand_down": border.StandDown,
    "crossing": border.Crossed,
    "custody": border.CustodyTaken,
    "clearance_result": border.ClearanceResult,
    "leg_order": said.GuardOrder,
    "leg_allowed": said.AllowLeg,
    "leg_set_down": said.SetDown,
    "leg_cancelled": said.CancelOrder,
    "leg_query": said.QueryOrder,
    "leg_report": said.OrderReport,
}
"""What machines say, by the kind of letter that carries it."""
KINDS = {message: kind for kind, message in MESSAGES.items()}
UNSTORED = ("clock", "receipt")
"""Kinds that are of no use later: they are not kept, not numbered and not repeated."""


def body_of(message: SaidToOtherSide) -> tuple[str, str, dict[str, Any]]:
    """Kind, consignment and body of the letter that carries a message.

    Raises:
        BodyError: a field of it cannot be told, with the field and what is allowed.
    """
    kind = KINDS[type(message)]
    plain = msgspec.to_builtins(message)
    del plain["type"]
    plain = _renamed(plain, "_ns", "", rfc3339)
    body = checked(kind, plain)
    told = msgspec.to_builtins(body)
    return kind, consignment_of(message), told


def lane_status(lanes: list[tuple[str, str, str]]) -> dict[str, Any]:
    """Body of a letter about lanes: of each its name, its state and the side that it leads from.

    Raises:
        BodyError: one of these cannot be told.
    """
    told = [{"lane": lane, "state": state, "from_side": side} for lane, state, side in lanes]
    body: dict[str, Any] = msgspec.to_builtins(checked("lane_status", {"lanes": told}))
    return body


def message_of(kind: str, body: dict[str, Any]) -> SaidToOtherSide:
    """The message that a checked body carries."""
    kind_of = MESSAGES[kind]
    plain = {"type": kind_of.__name__, **_renamed(body, "", "_ns", nanoseconds)}
    message = msgspec.convert(plain, kind_of)
    assert isinstance(message, SaidToOtherSide)
    return message


def checked(kind: str, body: object) -> Body:
    """The body as its type.

    Raises:
        BodyError: it is none of this kind, or a moment in it is none.
    """
    try:
        found = msgspec.convert(body, BODIES[kind])
    except msgspec.ValidationError as error:
        raise BodyError(str(error)) from None
    for name in ("at", "until", "received_at"):
        moment = getattr(found, name, None)
        if moment is not None:
            nanoseconds(moment)
    return found


def rfc3339(at_ns: int) -> str:
    """A moment [ns, UTC] as text."""
    whole, rest = divmod(at_ns, 10**9)
    try:
        second = datetime.datetime.fromtimestamp(whole, datetime.UTC)
    except (OverflowError, ValueError, OSError):
        raise BodyError(f"moment: given {at_ns} ns, allowed are the years 1 to 9999") from None
    return f"{second.replace(tzinfo=None).isoformat()}.{rest:09d}Z"


def nanoseconds(moment: str) -> int:
    """A moment as text in [ns, UTC].

    Raises:
        BodyError: it is no moment of RFC 3339 in UTC.
    """
    form = re.fullmatch(r"([0-9T:-]{19})(?:\.([0-9]{1,9}))?Z", moment)
    try:
        if form is None:
            raise ValueError(moment)
        second = datetime.datetime.fromisoformat(f"{form[1]}+00:00")
    except ValueError:
        allowed = "RFC 3339 in UTC, 2026-07-01T08:00:00.5Z"
        raise BodyError(f"moment: given {moment[:40]!r}, allowed is {allowed}") from None
    since = second - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    whole = since.days * 86_400 + since.seconds
    return whole * 10**9 + int((form[2] or "0").ljust(9, "0"))


MOMENTS = ("at", "until", "deadline")


def _renamed(plain: Any, cut: str, add: str, convert: Callable[[Any], Any]) -> Any:
    """The same with the names and values of its moments in the other form."""
    if not isinstance(plain, dict):
        return plain
    renamed = {}
    for name, value in plain.items():
        stem = name.removesuffix(cut) if cut else name
        if stem in MOMENTS and (stem != name or not cut):
            renamed[stem + add] = None if value is None else convert(value)
        else:
            renamed[name] = _renamed(value, cut, add, convert)
    return renamed


def consignment_of(message: SaidToOtherSide) -> str:
    """The consignment that a message is about."""
    match message:
        case border.PreAdvice(_, declaration):
            return declaration.id
        case said.GuardOrder(_, guard):
            return guard.consignment
        case said.CancelOrder(order):
            return _of_order(order)
        case said.AllowLeg() | said.SetDown() | said.QueryOrder():
            return _of_order(message.order)
        case _:
            return message.consignment


def _of_order(order: str) -> str:
    """Orders are named by their consignment and the number of the attempt."""
    return order.rpartition("-")[0] or order


assert set(KINDS) == set(typing.get_args(SaidToOtherSide))
