import datetime
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.site.bundled import bundled_sites
from actors.site.devices import FLEET_MANAGER, devices
from actors.site.load import load_site
from robotics.ros.names import ros_name, ros_names


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("AGV-001", "agv_001"),
        ("VN-C1", "vn_c1"),
        ("fleet-manager", "fleet_manager"),
        ("D1", "d1"),
        ("a__b--c", "a_b_c"),
        ("-x-", "x"),
        ("1A", "n1a"),
    ],
)
def test_names_are_lower_case_with_underscores(device: str, name: str) -> None:
    assert ros_name(device) == name


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", fullmatch=True))
def test_every_name_that_a_site_may_give_is_one_that_ros_takes(device: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", ros_name(device))


@pytest.mark.parametrize("device", ["", "--", "门"])
def test_a_name_of_which_nothing_is_left_is_refused(device: str) -> None:
    with pytest.raises(ValueError, match="allowed: a name with a letter or digit"):
        ros_name(device)


def test_two_devices_of_one_ros_name_are_refused() -> None:
    with pytest.raises(ValueError, match="'AGV-001' and 'agv_001' are both 'agv_001' in ROS"):
        ros_names(["AGV-001", "D1", "agv_001"])


@pytest.mark.parametrize("site", bundled_sites())
def test_devices_of_the_bundled_sites_have_names_of_their_own(site: str) -> None:
    loaded = load_site(bundled_sites()[site])
    every = [d.id for d in devices(loaded, datetime.date(2026, 7, 1))]
    names = ros_names([*every, FLEET_MANAGER])
    assert len(set(names.values())) == len(every) + 1
