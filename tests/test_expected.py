"""When a consignment will be through, by how long those before it took."""

from msgspec.structs import replace

from actors.border import Officer, Step
from actors.consignment.record import Hold, Record, Taken
from interfaces.api.border_models import Whole
from interfaces.expected import SAMPLES_MIN, Expected, expected
from sim.border_drive import Drive
from tests.gate import S
from tests.test_border_drive import both_scans
from tests.test_clearance import GOODS

SIDES = Drive(both_scans(), 1, consignments=1, harm=0.0).sides
BY = Officer("Minh", "customs", "VN")
DECLARED: Step = "declared"


def whole(
    name: str, steps: dict[Step, int], *, released: bool = False, held: bool = False
) -> Whole:
    """A consignment out of VN that has taken steps at these times [s]."""
    record = Record("VN", replace(GOODS, id=name), "before_crossing", channel="green")
    record.steps = {step: Taken(BY, at_s * S, "") for step, at_s in steps.items()}
    record.ended = "released" if released else None
    record.holds = {"papers": Hold(BY, 0, "")} if held else {}
    return Whole(SIDES, {"VN": record}, 0)


def passed(count: int) -> list[Whole]:
    """The n-th took n minutes from its registration to its end, and an hour before that."""
    return [
        whole(
            f"P{n}", {"declared": 0, "registered": 3600, "released": 3600 + 60 * n}, released=True
        )
        for n in range(1, count + 1)
    ]


def test_the_band_is_what_most_of_those_before_took_from_the_same_step():
    now = whole("now", {"declared": 9000, "registered": 10_000})
    assert expected(now, passed(101), 10_000 * S) == Expected(
        (10_000 + 60 * 11) * S, (10_000 + 60 * 51) * S, (10_000 + 60 * 91) * S, 101
    )


def test_one_that_has_waited_is_measured_by_those_that_waited_longer():
    now = whole("now", {"declared": 9000, "registered": 10_000})
    found = expected(now, passed(101), (10_000 + 60 * 60) * S)
    assert isinstance(found, Expected)
    assert found.samples == 41
    assert found.earliest_ns > (10_000 + 60 * 60) * S


def test_where_nothing_can_be_said_the_reason_is():
    steps: dict[Step, int] = {"declared": 0, "registered": 10}
    few = expected(whole("now", steps), passed(SAMPLES_MIN - 1), 10 * S)
    assert few == "too few like it have come through lately: 9 of 10"
    others = passed(50)
    assert expected(whole("now", steps, held=True), others, 10 * S) == "it is held: papers"
    assert expected(whole("now", steps, released=True), others, 10 * S) == "it is released"
    assert isinstance(expected(whole("now", {DECLARED: 0}), others, 0), str), "of another kind"
