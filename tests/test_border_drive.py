"""Two clearances under random officers, roles, repeats, losses and reorderings."""

from collections.abc import Iterable
from random import Random

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from actors.border import ImageJudged, StepTaken
from actors.messages import Event
from actors.site.model import InspectionSection, Site
from sim.border_drive import Drive
from sim.border_officers import CHANNELS
from sim.border_reader import BorderReader
from tests.gate import DEMO, FOUR_LANES

STEPS, EXAMPLES = 5_000, 20
"""Commands of a drive, and drives."""


def both_scans() -> Site:
    """The demo with imports scanned after they have crossed."""
    vn, cn = DEMO.yards
    booths = msgspec.structs.replace(vn.booths, inbound=1)
    return msgspec.structs.replace(
        DEMO,
        yards=(msgspec.structs.replace(vn, booths=booths), cn),
        inspection=(
            InspectionSection(direction="VN-CN", scan="before_crossing"),
            InspectionSection(direction="CN-VN", scan="after_crossing"),
        ),
    )


def four_lanes() -> Site:
    """So it is, with two lanes each way."""
    return msgspec.structs.replace(both_scans(), road=FOUR_LANES.road)


@pytest.mark.timeout(1800)  # 75 s of one core that has nothing else to do
def test_100_000_steps_skip_no_decision_keep_nothing_twice_or_by_nobody_and_all_end():
    steps = 0

    @settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.generate])
    @given(
        seed=st.integers(0, 2**32),
        consignments=st.integers(5, 60),
        harm=st.sampled_from([0.0, 0.1, 0.2, 0.4]),
    )
    def drive_all(seed: int, consignments: int, harm: float) -> None:
        nonlocal steps
        drive = Drive(both_scans(), seed, consignments, harm)
        drive.run(STEPS)
        steps += STEPS
        assert drive.finish(rounds=400) == []
        assert drive.reader.found == []

    drive_all()
    assert steps >= EXAMPLES * STEPS


def test_what_is_set_down_after_it_crossed_and_before_its_scan_is_opened_by_hand_and_ends():
    drive = Drive(both_scans(), 37_597, consignments=50, harm=0.4)
    drive.run(STEPS)
    assert drive.finish(rounds=400) == []
    assert drive.reader.found == []


@settings(max_examples=60, deadline=None)
@given(random=st.randoms(use_true_random=False), steps=st.integers(1, 60))
def test_no_short_life_that_hypothesis_can_think_of_skips_a_decision(random: Random, steps: int):
    drive = Drive(both_scans(), random, consignments=3)
    for name in drive.names:
        drive.begin(name)
    drive.run(steps)
    assert drive.reader.found == []


def lives() -> tuple[Drive, list[Event]]:
    """A drive without harm, in which consignments of all channels pass, and its log."""
    drive = Drive(both_scans(), 3, consignments=9, harm=0.0)
    log: list[Event] = []

    def note(name: str, event: Event, at_ns: int) -> None:
        log.append(event)
        drive.reader.read(name, event, at_ns)

    drive.world.on_event = note
    for number, name in enumerate(drive.names):
        drive.reader.channels[name] = CHANNELS[number % 3]
        drive.begin(name)
    assert drive.finish(rounds=400) == []
    return drive, log


def read_again(drive: Drive, log: Iterable[Event]) -> list[str]:
    """What the reader finds in a log."""
    reader = BorderReader(both_scans(), drive.reader.channels)
    reader.directions = drive.reader.directions
    for event in log:
        reader.read("", event, 0)
    return reader.found


def test_the_reader_finds_every_single_decision_that_is_left_out_of_the_log():
    drive, log = lives()
    assert read_again(drive, log) == []
    assert len(drive.reader.released) == 9
    matters = {"papers", "inspection", "release"}
    decisions = [
        n for n, event in enumerate(log)
        if isinstance(event, StepTaken) and event.what not in ("gated_out",)
        and not (event.what in matters and not _is_needed(drive, event))
    ]  # fmt: skip
    assert {log[n].what for n in decisions} > matters  # type: ignore[attr-defined]
    for number in decisions:
        found = read_again(drive, [*log[:number], *log[number + 1 :]])
        assert found, log[number]


def _is_needed(drive: Drive, event: StepTaken) -> bool:
    """Whether the channel of the consignment needs this matter on this side."""
    channel = getattr(both_scans().clearance[0].channels, drive.reader.channels[event.consignment])
    origin = drive.reader.directions[event.consignment][:2] == event.side
    return event.what in (channel.exit if origin else channel.entry)


def test_the_reader_finds_who_decides_in_anothers_place_or_without_an_image():
    drive, log = lives()
    for number, event in enumerate(log):
        if isinstance(event, StepTaken) and event.by.role == "customs":
            forged = msgspec.structs.replace(event.by, role="operator")
            other = msgspec.structs.replace(event, by=forged)
            assert read_again(drive, [*log[:number], other, *log[number + 1 :]]), event
    unseen = [event for event in log if not isinstance(event, ImageJudged)]
    assert any("with no image" in line for line in read_again(drive, unseen))
