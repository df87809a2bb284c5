"""Rows of the domain's exceptions between the two sides, and the peak.

The whole gate runs in virtual time, with both clearances and their officers.
"""

from msgspec import structs

from actors.border import ConsignmentEnded, SetSide, StepTaken
from actors.messages import LaneAnswer
from actors.safety import AgreeReversal, ReversalChanged
from actors.site.model import ShiftSection, Site
from tests.border import Border, officer
from tests.test_border_drive import both_scans, four_lanes

OTHER = {"VN": "CN", "CN": "VN"}


def metered(called_max: int, overtaken_h_max: float = 4.0, divert_wait_h: float = 12.0) -> Site:
    site = both_scans()
    shift = ShiftSection(opens="00:00", closes="24:00", called_max=called_max)
    rules = structs.replace(site.clearance[0], shifts=(shift,), overtaken_h_max=overtaken_h_max)
    officers = structs.replace(site.officers, divert_wait_h=divert_wait_h)
    return structs.replace(site, clearance=(rules,), officers=officers)


def calls(border: Border) -> list[str]:
    taken = border.events(StepTaken)
    return [event.consignment for event in taken if event.what == "called_forward"]


def test_a_lane_is_turned_when_both_sides_have_asked_it_is_proved_empty_and_both_confirm():
    border = Border(four_lanes())
    names = [border.bring(f"K{n}", "VN-CN" if n % 2 else "CN-VN") for n in range(1, 7)]
    border.until(lambda: bool(border.crossing()))

    def say(number: str, side: str, word: str) -> LaneAnswer:
        by = officer("operator", side)
        told = AgreeReversal(number, by, "D1", "CN", word, "imports wait")  # type: ignore[arg-type]
        return border.ask(told, LaneAnswer)

    assert say("A0", "VN", "confirm_empty").outcome == "refused", "nobody has asked"
    assert say("A1", "VN", "ask").outcome == "ordered"
    assert say("A2", "VN", "ask").outcome == "ordered", "one side twice is one side"
    border.run(600)
    modes = [border.manager.lanes["D1"].order.mode]
    say("A3", "CN", "ask")
    modes.append(border.manager.lanes["D1"].order.mode)
    assert modes == ["open", "closed"]
    border.until(lambda: border.events(ReversalChanged)[-1].word == "proved_empty")
    inside = [
        v.name for v in border.manager.vehicles.values()
        if any(step.station == "D1" for step, _ in v.lane_steps)
    ]  # fmt: skip
    assert inside == []
    say("A4", "CN", "confirm_empty")
    border.run(600)
    assert border.manager.lanes["D1"].order.from_side == "VN", "the other side has not confirmed"
    say("A5", "VN", "confirm_empty")
    border.until(lambda: border.manager.lanes["D1"].from_side == "CN")
    border.until(lambda: border.manager.lanes["D1"].state == "open")
    border.ends(*names)


def test_a_reversal_is_called_off_by_either_side_and_the_lane_opens_as_it_led():
    border = Border(four_lanes())
    for number, (side, word) in enumerate((("VN", "ask"), ("CN", "ask"), ("CN", "call_off"))):
        told = AgreeReversal(str(number), officer("operator", side), "D1", "CN", word, "why")  # type: ignore[arg-type]
        border.ask(told, LaneAnswer)
        border.run(30)
    border.until(lambda: border.manager.lanes["D1"].state == "open")
    assert border.manager.lanes["D1"].order.from_side == "VN"


def test_while_the_other_side_is_closed_agvs_are_not_filled_nobody_is_called_and_trucks_go_round():
    border = Border(metered(called_max=4, divert_wait_h=3.0))
    names = [border.bring(f"K{number}") for number in range(1, 13)]
    border.until(lambda: len(calls(border)) >= 4)
    closed = SetSide("S1", officer("supervisor", "CN"), False, "a storm")
    border.command("CN", closed)
    border.until(lambda: any("image_decided" in border.steps(name) for name in names))
    border.run(600)
    called, loaded = len(calls(border)), border.order_states().count("loading")
    border.run(3.2 * 3600)
    assert len(calls(border)) == called
    assert border.order_states().count("loading") == loaded
    assert not any("crossed" in border.steps(name) for name in names)
    # Both sides end it, each in its own log.
    diverted = {e.consignment for e in border.events(ConsignmentEnded) if e.result == "diverted"}
    assert len(diverted) == len(names) - called
    opened = SetSide("S2", officer("supervisor", "CN"), True, "over")
    border.command("CN", opened)
    border.ends(*(set(names) - set(diverted)))
    (trucks,) = border.gate.report.trucks()
    assert (trucks.smart, trucks.traditional) == (called, len(diverted))
    assert trucks.smart_share == called / len(names)


def test_at_the_peak_trucks_are_metered_perishables_go_first_and_who_waits_long_goes_before_them():
    border = Border(metered(called_max=2, overtaken_h_max=1.0))
    dry = [border.bring(f"D{number}") for number in range(1, 7)]
    fruit = [border.bring(f"F{number}", hs="081060", perishable=True) for number in range(1, 7)]
    yards = [0]

    def in_yard() -> int:
        return sum(
            "called_forward" in steps and "on_agv" not in steps
            for steps in map(border.steps, (*dry, *fruit))
        )

    for _ in range(60):
        border.run(60)
        yards.append(in_yard())
    assert max(yards) == 2
    order = calls(border)
    early = [name for name in order if name[0] == "F"]
    assert early
    border.gate.silent = set()
    border.ends(*dry, *fruit)
    order = calls(border)
    called_at = {
        e.consignment: at_ns for at_ns, e in border.gate.log
        if isinstance(e, StepTaken) and e.what == "called_forward"
    }  # fmt: skip
    start = min(called_at.values())
    within = [n for n in order if called_at[n] - start < 3000 * 10**9]
    ranks = ["FD".index(name[0]) for name in within[2:]]
    assert ranks == sorted(ranks), "perishables first"
    late = [n for n in order if called_at[n] - start > 4000 * 10**9]
    names = [name for name in late if name[0] == "D"] + [name for name in late if name[0] == "F"]
    assert late == names, "who has waited for an hour goes before fruit"
