"""What came of a scenario's expectations, and the report that continuous integration reads."""

from xml.etree import ElementTree as ET

import msgspec

from actors.messages import Alarm, Order
from sim.scenario.model import (
    AlarmWithin,
    AllOrders,
    Expectation,
    NoAlarm,
    NoContact,
    OrderBy,
    Scenario,
)


class Seen(msgspec.Struct):
    """What was seen of a run, whatever ran it."""

    start_ns: int
    given: int
    """Orders that were given."""
    orders: dict[str, Order]
    alarms: list[tuple[int, Alarm]]
    """With the time of each."""
    found: list[str]
    """What the checker found, in words; no more than the first few."""


class Verdict(msgspec.Struct, frozen=True):
    """One expectation, and whether it was met."""

    expected: str
    failure: str
    """Empty: it was met; else what was seen in its place."""


def verdicts(scenario: Scenario, seen: Seen) -> list[Verdict]:
    """One for each expectation, in their order."""
    return [_judge(expected, seen) for expected in scenario.expect]


def junit(name: str, results: list[Verdict], wall_s: float) -> bytes:
    """The results as JUnit XML: a suite of one scenario, a case for each expectation."""
    failed = sum(bool(verdict.failure) for verdict in results)
    root = ET.Element("testsuites")
    suite = ET.SubElement(
        root, "testsuite", name=name, tests=str(len(results)), failures=str(failed), errors="0",
        skipped="0", time=f"{wall_s:.3f}",
    )  # fmt: skip
    for verdict in results:
        case = ET.SubElement(suite, "testcase", classname=name, name=verdict.expected)
        if verdict.failure:
            ET.SubElement(case, "failure", message=verdict.failure)
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _judge(expected: Expectation, seen: Seen) -> Verdict:
    match expected:
        case OrderBy(id=order, state=state, by_s=by_s):
            return Verdict(
                f"order {order} is {state} by {by_s:g} s", _order_failure(seen, order, state, by_s)
            )
        case AllOrders(done=least, by_s=by_s):
            needed = seen.given if least is None else least
            text = "all orders are" if least is None else f"at least {least} orders are"
            done = sum(_at_s(seen, order, "done") <= by_s for order in seen.orders.values())
            failure = "" if done >= needed else f"{done} of {needed} were"
            return Verdict(f"{text} done by {by_s:g} s", failure)
        case NoContact():
            return Verdict("no contact, no grant out of order", "; ".join(seen.found))
        case AlarmWithin(kind=kind, subject=subject, from_s=from_s, by_s=by_s):
            text = f"alarm {kind} of {subject} from {from_s:g} s to {by_s:g} s"
            times = [
                (at_ns - seen.start_ns) / 1e9
                for at_ns, alarm in seen.alarms
                if (alarm.kind, alarm.subject) == (kind, subject)
            ]
            met = any(from_s <= at_s <= by_s for at_s in times)
            at = ", ".join(f"{at_s:.1f} s" for at_s in times) or "never"
            return Verdict(text, "" if met else f"it was raised: {at}")
        case NoAlarm(kind=wanted):
            raised = [
                f"{alarm.kind} of {alarm.subject} at {(at_ns - seen.start_ns) / 1e9:.1f} s"
                for at_ns, alarm in seen.alarms
                if wanted is None or alarm.kind == wanted
            ]
            return Verdict(f"no alarm {wanted or 'at all'}", "; ".join(raised[:5]))


def _order_failure(seen: Seen, order: str, state: str, by_s: float) -> str:
    known = seen.orders.get(order)
    if known is None:
        return "it was not accepted"
    at_s = _at_s(seen, known, state)
    if at_s <= by_s:
        return ""
    if at_s == float("inf"):
        return f"it was {known.state}" + (f": {known.reason}" if known.reason else "")
    return f"it was after {at_s:.1f} s"


def _at_s(seen: Seen, order: Order, state: str) -> float:
    """When an order first came into a state [s from the start]; infinite: never."""
    times = [mark.at_ns for mark in order.history if mark.state == state]
    return (times[0] - seen.start_ns) / 1e9 if times else float("inf")
