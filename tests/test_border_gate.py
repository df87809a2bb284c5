"""Rows of the domain's exceptions, in the whole gate in virtual time with both clearances."""

from actors.border import StepTaken
from actors.messages import Event
from sim.authority import BorderGate
from tests.gate import DAY
from tests.test_border_drive import both_scans


def gate() -> BorderGate:
    return BorderGate(both_scans(), DAY, 1)


def steps(events: list[tuple[int, Event]], name: str) -> list[str]:
    return [e.what for _, e in events if isinstance(e, StepTaken) and e.consignment == name]


def test_consignments_of_all_channels_pass_both_ways():
    border = gate()
    border.declare_arrivals(hours=2, trucks_per_day=240)
    count = len(border.open)
    border.finish(hours_max=24)
    assert border.reader.found == []
    assert len(border.reader.released) == count > 10
    assert border.open == {}
    assert not any(border.checker.finish(border.world.now_ns).values()), border.checker.found
