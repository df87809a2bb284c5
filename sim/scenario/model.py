"""A scenario file as frozen structs. Times are seconds from the scenario's start."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from actors.errors import Problem, SiteError
from actors.messages import AlarmKind, OrderState, Side
from actors.site.read import read_yaml

At = Annotated[float, Meta(ge=0, le=86_400, description="[s]")]
Span = Annotated[float, Meta(gt=0, le=86_400, description="[s]")]
Text = Annotated[str, Meta(min_length=1, max_length=64)]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all parts of the file: unknown keys are errors."""


class Ordered(_Part, frozen=True, kw_only=True):
    """A container from one side to the other; its number is made up from the seed."""

    id: Text
    from_side: Side
    to_side: Side
    at_s: At = 0.0
    size_type: Text = "45G1"
    priority: Annotated[int, Meta(ge=-1000, le=1000)] = 0


class Trucks(_Part, frozen=True, kw_only=True):
    """Trucks of the site's own profile, besides the orders that are listed."""

    per_day: Annotated[int, Meta(ge=1, le=100_000)]
    until_s: Span


class _Fault(_Part, frozen=True, kw_only=True, tag_field="fault"):
    at_s: At
    for_s: Span | None = None
    """None: until the end."""


class Stop(_Fault, frozen=True, kw_only=True, tag="stop"):
    """An AGV, crane or booth breaks down where it is; it is repaired there."""

    device: Text
    reason: Text = "broken down"


class CutLink(_Fault, frozen=True, kw_only=True, tag="cut_link"):
    """Device and controller no longer hear each other."""

    device: Text


class BlockZone(_Fault, frozen=True, kw_only=True, tag="block_zone"):
    """No AGV is sent into a zone any more."""

    zone: Text


class Withdraw(_Fault, frozen=True, kw_only=True, tag="withdraw"):
    """People take a device or place out of service, and put it back."""

    name: Text


class Fog(_Fault, frozen=True, kw_only=True, tag="fog"):
    """A sensor of the site says how far can be seen; the site's rules say what comes of it."""

    visibility_m: Annotated[float, Meta(ge=0, le=100_000, description="[m]")]


class Wind(_Fault, frozen=True, kw_only=True, tag="wind"):
    """A sensor of the site says how strong gusts are."""

    wind_mps: Annotated[float, Meta(ge=0, le=100, description="[m/s]")]


Fault = Stop | CutLink | BlockZone | Withdraw | Fog | Wind


class OrderBy(_Part, frozen=True, kw_only=True, tag_field="expect", tag="order"):
    """An order has come into a state by a time."""

    id: Text
    state: OrderState = "done"
    by_s: At


class AllOrders(_Part, frozen=True, kw_only=True, tag_field="expect", tag="all_orders"):
    """So many orders at least are done by a time; without a number: all that were given."""

    done: Annotated[int, Meta(ge=1)] | None = None
    by_s: At


class NoContact(_Part, frozen=True, kw_only=True, tag_field="expect", tag="no_contact"):
    """The independent checker finds nothing: no contact, no grant out of order, no circle."""


class AlarmWithin(_Part, frozen=True, kw_only=True, tag_field="expect", tag="alarm"):
    """An alarm is raised between two times."""

    kind: AlarmKind
    subject: Text
    from_s: At = 0.0
    by_s: At


class NoAlarm(_Part, frozen=True, kw_only=True, tag_field="expect", tag="no_alarm"):
    """No alarm of this kind; without a kind: none at all."""

    kind: AlarmKind | None = None


Expectation = OrderBy | AllOrders | NoContact | AlarmWithin | NoAlarm


class Scenario(_Part, frozen=True, kw_only=True):
    """The whole file."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    site: Literal["demo", "huu-nghi", "tan-thanh"] | Text
    seed: Annotated[int, Meta(ge=0)] = 1
    lasts_s: Span
    orders: Annotated[tuple[Ordered, ...], Meta(max_length=10_000)] = ()
    trucks: Trucks | None = None
    faults: Annotated[tuple[Fault, ...], Meta(max_length=10_000)] = ()
    expect: Annotated[tuple[Expectation, ...], Meta(min_length=1, max_length=1000)]


def read_scenario(path: Path) -> Scenario:
    """The scenario in a YAML file.

    Raises:
        SiteError: the file cannot be read, or is no scenario; it says where and what is allowed.
    """
    value = read_yaml(path)
    try:
        scenario = msgspec.convert(value, Scenario)
    except msgspec.ValidationError as error:
        said, _, where = str(error).partition(" - at `$")
        problem = Problem(path.name, where.strip("`."), "a value that does not fit", said)
        raise SiteError([problem]) from error
    problems = _problems(scenario, path.name)
    if problems:
        raise SiteError(problems)
    return scenario


def _problems(scenario: Scenario, file: str) -> list[Problem]:
    """What no schema says: names that are given twice, or that nothing is called."""
    found = []
    known: set[str] = set()
    for number, order in enumerate(scenario.orders):
        if order.id in known:
            found.append(Problem(file, f"orders[{number}].id", order.id, "each id once"))
        known.add(order.id)
    for number, expected in enumerate(scenario.expect):
        key = f"expect[{number}]"
        if isinstance(expected, OrderBy) and expected.id not in known:
            allowed = f"one of the orders: {', '.join(sorted(known)) or 'there are none'}"
            found.append(Problem(file, f"{key}.id", expected.id, allowed))
        if isinstance(expected, NoContact | NoAlarm):
            continue
        if expected.by_s > scenario.lasts_s:
            allowed = f"at most {scenario.lasts_s:g}, as lasts_s says"
            found.append(Problem(file, f"{key}.by_s", f"{expected.by_s:g}", allowed))
    return found
