"""What the API gives of consignments, apart from the domain's own structs."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, Field

from actors.base import Side
from actors.border import Channel, HoldKind, Matter, Step
from actors.clearance import Clearance
from actors.consignment.awaited import awaited
from actors.consignment.record import Record, Taken
from interfaces.api.times import Time, time_of

ConsignmentId = Annotated[
    str,
    Path(
        min_length=1, max_length=48, pattern=r"^[A-Za-z0-9_-]+$",
        description="Chosen by who declares it; letters, digits, hyphen, underscore.",
        examples=["lychee-0001"],
    ),
]  # fmt: skip
CommandId = Annotated[
    str,
    Path(
        min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$",
        description="Chosen by the caller: a repeat under the same id changes nothing.",
        examples=["word-0001"],
    ),
]  # fmt: skip
Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class GoodsOut(BaseModel):
    """What was declared."""

    from_side: str
    to_side: str
    container: str
    twin_container: str | None
    size_type: str
    seal: str
    plate: str
    hs: str
    origin: str
    weight_kg: int
    perishable: bool


class TakenOut(BaseModel):
    """A step that was taken, or a matter that was settled."""

    what: Step | Matter
    side: str = Field(description="The side whose it is.")
    by: str
    role: str = Field(description="`system`: the gate itself, by the rules or as a fact.")
    at: Time
    reason: str

    @classmethod
    def of(cls, what: Step | Matter, side: Side, taken: Taken) -> "TakenOut":
        """The API's form of it."""
        return cls(
            what=what, side=side, by=taken.by.name, role=taken.by.role, at=time_of(taken.at_ns),
            reason=taken.reason,
        )  # fmt: skip


class HoldOut(BaseModel):
    """A named stop that is on."""

    consignment: str
    kind: HoldKind
    side: str
    owner: str = Field(description="The role that may lift it.")
    by: str
    role: str
    since: Time
    reason: str


class AwaitedOut(BaseModel):
    """A word that would let a consignment go on."""

    how: Literal["decide", "lift"] = Field(description="A step or matter, or a hold.")
    what: Step | Matter | HoldKind
    role: str = Field(description="Whose word it is, by the rules of today.")
    side: str


class ConsignmentOut(BaseModel):
    """A consignment as it stands."""

    id: str
    state: Step | None = Field(description="The last step taken.")
    next: Step | None = Field(description="The step that it waits for.")
    ended: Literal["released", "seized", "returned", "diverted"] | None
    custody: str | None = Field(description="The side that answers for the container.")
    channel: Channel | None = Field(description="null until it is registered.")
    number: str | None = Field(description="Of the customs declaration.")
    declared_by: str
    goods: GoodsOut
    holds: list[HoldOut]
    awaits: list[AwaitedOut] = Field(description="What officers can say now.")
    order: str | None = Field(description="The transport order under way for it.")


class ConsignmentWhole(ConsignmentOut):
    """A consignment with its history."""

    history: list[TakenOut] = Field(description="Steps and matters in the order of their times.")


class Whole:
    """One consignment as the sides that run here know it; each step from the side that took it."""

    def __init__(
        self, sides: Mapping[Side, Clearance], records: dict[Side, Record], now_ns: int
    ) -> None:
        self._sides, self.records, self._now_ns = sides, records, now_ns
        origin = [record for record in records.values() if record.is_origin]
        [self.first, *_] = [*origin, *records.values()]
        self.id = self.first.declaration.id

    @property
    def declared_by(self) -> str:
        """The enterprise; empty where only the other side knows it."""
        declared = self.first.steps.get("declared")
        return declared.by.name if declared is not None and self.first.is_origin else ""

    @property
    def kind(self) -> tuple[str, Channel | None]:
        """Consignments of one kind take about equally long: the side it leaves, and its channel."""
        registered = "registered" in self.steps()
        return self.first.declaration.from_side, self.first.channel if registered else None

    def steps(self) -> dict[Step, Taken]:
        """All steps taken, in the order of the way."""
        found: dict[Step, Taken] = {}
        for step in self.first.way:
            own = self.records.get(self.first.side_of(step))
            known = [own] if own is not None else list(self.records.values())
            taken = next((r.steps[step] for r in known if step in r.steps), None)
            if taken is not None:
                found[step] = taken
        return found

    def taken(self) -> list[TakenOut]:
        """Steps and matters, the oldest first."""
        found = [
            (taken.at_ns, TakenOut.of(step, self.first.side_of(step), taken))
            for step, taken in self.steps().items()
        ]
        for side, record in self.records.items():
            for matter, taken in record.matters.items():
                found.append((taken.at_ns, TakenOut.of(matter, side, taken)))
        return [out for _, out in sorted(found, key=lambda entry: entry[0])]

    def holds(self) -> list[HoldOut]:
        """The stops that are on, of both sides."""
        found = []
        for side, record in self.records.items():
            for kind, hold in record.holds.items():
                owners = self._sides[side].rules.at(hold.at_ns).holds
                found.append(
                    HoldOut(
                        consignment=self.id, kind=kind, side=side, owner=getattr(owners, kind),
                        by=hold.by.name, role=hold.by.role, since=time_of(hold.at_ns),
                        reason=hold.reason,
                    )
                )  # fmt: skip
        return found

    def awaits(self) -> list[AwaitedOut]:
        """The words that officers of either side can say now."""
        return [
            AwaitedOut(how=word.how, what=word.what, role=word.role, side=word.side)
            for side, record in self.records.items()
            for word in awaited(record, self._sides[side].rules.at(self._now_ns))
        ]

    @property
    def custody(self) -> Side | None:
        """The side that answers for the container; None before the gate and after it."""
        steps = self.steps()
        if "gated_in" not in steps or "gated_out" in steps or self.ended not in (None, "released"):
            return None
        goods = self.first.declaration
        return goods.to_side if "handed_over" in steps else goods.from_side

    @property
    def ended(self) -> Literal["released", "seized", "returned", "diverted"] | None:
        """How it ended, by the side that answered for it last."""
        goods = self.first.declaration
        at = goods.to_side if "handed_over" in self.steps() else goods.from_side
        return self.records.get(at, self.first).ended

    def fields(self) -> dict[str, object]:
        """What both models have."""
        steps = list(self.steps())
        goods = self.first.declaration
        registered = "registered" in steps
        nexts = [step for step in self.first.way if step not in steps]
        return {
            "id": self.id,
            "state": steps[-1] if steps else None,
            "next": nexts[0] if nexts and self.ended is None else None,
            "ended": self.ended,
            "custody": self.custody,
            "channel": self.first.channel if registered else None,
            "number": self.first.number or None,
            "declared_by": self.declared_by,
            "goods": GoodsOut(
                from_side=goods.from_side, to_side=goods.to_side, container=goods.container,
                twin_container=goods.twin_container or None, size_type=goods.size_type,
                seal=goods.seal, plate=goods.plate, hs=goods.hs, origin=goods.origin,
                weight_kg=goods.weight_kg, perishable=goods.perishable,
            ),
            "holds": self.holds(),
            "awaits": self.awaits(),
            "order": self.first.order or None,
        }  # fmt: skip

    def out(self) -> ConsignmentOut:
        """Without its history."""
        return ConsignmentOut.model_validate(self.fields())

    def whole(self) -> ConsignmentWhole:
        """With its history."""
        return ConsignmentWhole.model_validate({**self.fields(), "history": self.taken()})


def wholes(sides: Mapping[Side, Clearance], now_ns: int) -> Iterator[Whole]:
    """All consignments that any side knows, the newest first."""
    names = dict.fromkeys(name for c in sides.values() for name in c.records)
    for name in reversed(names):
        found = whole_of(sides, name, now_ns)
        assert found is not None
        yield found


def whole_of(sides: Mapping[Side, Clearance], name: str, now_ns: int) -> Whole | None:
    """One consignment, if a side knows it."""
    records = {side: c.records[name] for side, c in sides.items() if name in c.records}
    return Whole(sides, records, now_ns) if records else None
