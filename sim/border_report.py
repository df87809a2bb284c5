"""What a run of the gate with its border shows: trucks, waits, and who is waited for."""

from collections.abc import Iterable, Mapping

import msgspec

from actors.border import (
    ConsignmentEnded,
    Declaration,
    HoldChanged,
    HoldKind,
    ImageJudged,
    Role,
    StepTaken,
)
from actors.messages import Event
from actors.site.model import TargetSection
from sim.border_officers import DECIDERS

HOUR_NS = 3600 * 10**9
MATTERS = ("papers", "inspection", "release")
OWNERS_OF: dict[str, Role] = {
    **{str(step): role for step, role in DECIDERS.items()},
    "registered": "customs", "gated_in": "operator",
    "exit_approved": "customs", "entry_cleared": "customs",
}  # fmt: skip
"""Who is waited for; the fleet and the other side are `system`."""


class Dwell(msgspec.Struct, frozen=True):
    """How long consignments waited for something [min], and whose it was."""

    step: str
    owner: Role
    count: int
    p50_min: float
    p90_min: float
    p95_min: float


class Trucks(msgspec.Struct, frozen=True):
    """The trucks of one direction."""

    direction: str
    declared: int
    smart: int
    """Released by this gate."""
    traditional: int
    """Diverted to the ordinary road."""
    others: int
    """Seized, returned, or still under way."""
    smart_per_day: float
    """Released, by the time from the first declaration to the last release."""
    wait_min: tuple[float, float, float]
    """From the declaration until called forward: p50, p90, p95."""
    turnaround_min: tuple[float, float, float]
    """Of the truck that brings it, from its gate until its container is on an AGV."""

    @property
    def smart_share(self) -> float:
        """Of all trucks that ended by one of the two ways."""
        return self.smart / max(self.smart + self.traditional, 1)


class Judged(msgspec.Struct, frozen=True):
    """Officers' words on images."""

    images: int
    overruled: int
    """An officer passed what the review called suspicious."""
    missed: int
    """An officer stopped what the review called clear."""


class BorderLog:
    """The log of a run, and what it shows."""

    def __init__(self) -> None:
        self.events: list[tuple[int, Event]] = []
        self.goods: dict[str, Declaration] = {}

    def steps(self) -> dict[str, dict[str, int]]:
        """By consignment, when each step was taken last."""
        found: dict[str, dict[str, int]] = {}
        for at_ns, event in self.events:
            if isinstance(event, StepTaken) and event.what not in MATTERS:
                found.setdefault(event.consignment, {})[event.what] = at_ns
        return found

    def dwell(self) -> list[Dwell]:
        """How long each step took since the one before it, by the role that owns it."""
        came: dict[str, int] = {}
        waits: dict[tuple[str, Role], list[float]] = {}
        for at_ns, event in self.events:
            if not isinstance(event, StepTaken) or event.what in MATTERS:
                continue
            if event.consignment in came:
                owner = OWNERS_OF.get(event.what, event.by.role)
                owner = event.by.role if event.by.role == "system" else owner
                waited_min = (at_ns - came[event.consignment]) / 6e10
                waits.setdefault((event.what, owner), []).append(waited_min)
            came[event.consignment] = at_ns
        return [_dwell(step, owner, found) for (step, owner), found in waits.items()]

    def holds(self, owners: Mapping[HoldKind, Role]) -> list[Dwell]:
        """How long holds lasted, by the role that owns them."""
        since: dict[tuple[str, str, str], int] = {}
        waits: dict[HoldKind, list[float]] = {}
        for at_ns, event in self.events:
            if not isinstance(event, HoldChanged):
                continue
            key = (event.consignment, event.side, event.kind)
            if event.present:
                since[key] = at_ns
            elif key in since:
                waits.setdefault(event.kind, []).append((at_ns - since.pop(key)) / 6e10)
        return [_dwell(f"hold {kind}", owners[kind], found) for kind, found in waits.items()]

    def by_owner(self, dwells: Iterable[Dwell]) -> dict[str, float]:
        """Hours that all consignments together waited for each role, about: count times p50."""
        total: dict[str, float] = {}
        for dwell in dwells:
            total[dwell.owner] = total.get(dwell.owner, 0) + dwell.count * dwell.p50_min / 60
        return total

    def trucks(self) -> list[Trucks]:
        """By direction."""
        steps = self.steps()
        results = {
            event.consignment: event.result
            for _, event in self.events
            if isinstance(event, ConsignmentEnded)
        }
        found = []
        for direction in sorted({_direction(goods) for goods in self.goods.values()}):
            names = [n for n, goods in self.goods.items() if _direction(goods) == direction]
            taken = [steps.get(name, {}) for name in names]
            smart = sum("released" in times for times in taken)
            diverted = sum(results.get(name) == "diverted" for name in names)
            begin = min((t["declared"] for t in taken if "declared" in t), default=0)
            end = max((t["released"] for t in taken if "released" in t), default=begin)
            days = max((end - begin) / (24 * HOUR_NS), 1 / 24)
            found.append(
                Trucks(
                    direction, len(names), smart, diverted, len(names) - smart - diverted,
                    round(smart / days, 1),
                    shares(_minutes(taken, "declared", "called_forward")),
                    shares(_minutes(taken, "gated_in", "on_agv")),
                )
            )  # fmt: skip
        return found

    def judged(self) -> Judged:
        """How officers' words and the reviews' differ."""
        words = [event for _, event in self.events if isinstance(event, ImageJudged)]
        differing = [word for word in words if word.differs]
        overruled = sum(word.judged == "clear" for word in differing)
        return Judged(len(words), overruled, len(differing) - overruled)


def target_of(targets: tuple[TargetSection, ...], year: int) -> TargetSection | None:
    """The target in force in a year."""
    past = [target for target in targets if target.since.year <= year]
    return max(past, key=lambda target: target.since, default=None)


def shares(found: list[float]) -> tuple[float, float, float]:
    """p50, p90 and p95; zeros of nothing."""
    ordered = sorted(found) or [0.0]
    at = (ordered[min(int(share * len(ordered)), len(ordered) - 1)] for share in (0.5, 0.9, 0.95))
    p50, p90, p95 = (round(value, 1) for value in at)
    return p50, p90, p95


def _dwell(step: str, owner: Role, found: list[float]) -> Dwell:
    return Dwell(step, owner, len(found), *shares(found))


def _minutes(taken: list[dict[str, int]], begin: str, end: str) -> list[float]:
    return [(t[end] - t[begin]) / 6e10 for t in taken if begin in t and end in t]


def _direction(goods: Declaration) -> str:
    return f"{goods.from_side}-{goods.to_side}"
