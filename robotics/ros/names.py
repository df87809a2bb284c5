"""What devices are called in ROS: the namespace `agv_001` of the AGV `AGV-001`.

ROS 2 names hold letters, digits, `_` and `/` only; no part begins with a digit or repeats `_`
(https://design.ros2.org/articles/topic_and_service_names.html). Ours are lower case besides.
"""

import re
from collections.abc import Iterable


def ros_name(device: str) -> str:
    """The device's name as one part of a ROS name: a namespace, or the beginning of a frame.

    Raises:
        ValueError: the name has neither letter nor digit of ASCII in it.
    """
    name = re.sub(r"[^a-z0-9]+", "_", device.lower()).strip("_")
    if not name:
        raise ValueError(f"device: given {device!r}, allowed: a name with a letter or digit in it")
    return f"n{name}" if name[0].isdigit() else name


def ros_names(devices: Iterable[str]) -> dict[str, str]:
    """The ROS name of every device, by device.

    Raises:
        ValueError: two devices have the same ROS name.
    """
    names: dict[str, str] = {}
    owner: dict[str, str] = {}
    for device in devices:
        name = names[device] = ros_name(device)
        other = owner.setdefault(name, device)
        if other != device:
            raise ValueError(f"devices: {other!r} and {device!r} are both {name!r} in ROS")
    return names
