"""Two clearances under random officers, roles, repeats, losses and reorderings."""

import os

import msgspec
import pytest

from actors.site.model import InspectionSection, Site
from sim.border_drive import Drive
from tests.gate import DEMO, FOUR_LANES

STEPS = int(os.environ.get("BORDER_STEPS", "5000"))
"""Commands a seed; `bordergate bench clearance` drives 100,000."""


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


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_released_without_its_decisions_nobody_or_two_keep_nothing_and_all_end(
    seed: int,
):
    drive = Drive(both_scans(), seed, consignments=30)
    drive.run(STEPS)
    assert drive.finish(rounds=200) == []
    assert drive.reader.found == []
    assert len(drive.reader.released) > STEPS // 400
