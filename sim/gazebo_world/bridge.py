"""The configuration of ros_gz_bridge for a site's world: clock, commands, odometry, batteries.

ROS names are those of docs/connect-a-robot.md for robots that speak standard messages.
"""

import datetime
from typing import Any

import yaml

from actors.site.devices import devices
from actors.site.model import Site
from robotics.ros.names import ros_names
from sim.gazebo_world.agv import BATTERY
from sim.gazebo_world.release import Release


def bridge_yaml(site: Site, day: datetime.date, release: Release) -> str:
    """What ros_gz_bridge takes as its `config_file`.

    Raises:
        ValueError: two devices have the same name in ROS.
    """
    every = devices(site, day)
    names = ros_names(device.id for device in every)
    entries = [_entry(release, "/clock", "rosgraph_msgs/msg/Clock", "/clock", "Clock", out=True)]
    for device in every:
        at, there = f"/{names[device.id]}", f"/model/{device.id}"
        if device.kind == "vehicle":
            contact = f"/world/{site.name}{there}/link/body/sensor/contact/contact"
            for ros_topic, ros_type, topic, kind, out in (
                ("cmd_vel", "geometry_msgs/msg/Twist", f"{there}/cmd_vel", "Twist", False),
                ("odom", "nav_msgs/msg/Odometry", f"{there}/odometry", "Odometry", True),
                (
                    "battery_state", "sensor_msgs/msg/BatteryState",
                    f"{there}/battery/{BATTERY}/state", "BatteryState", True,
                ),
                ("contacts", "ros_gz_interfaces/msg/Contacts", contact, "Contacts", True),
            ):  # fmt: skip
                entries.append(_entry(release, f"{at}/{ros_topic}", ros_type, topic, kind, out=out))
        elif device.kind == "crane":
            for joint in ("gantry", "trolley", "hoist"):
                topic = f"{there}/{joint}"
                entries.append(
                    _entry(release, f"{at}/{joint}", "std_msgs/msg/Float64", topic, "Double",
                           out=False)
                )  # fmt: skip
            topic = f"{there}/joint_state"
            entries.append(
                _entry(release, f"{at}/joint_states", "sensor_msgs/msg/JointState", topic, "Model",
                       out=True)
            )  # fmt: skip
    text: str = yaml.safe_dump(entries, sort_keys=False)
    return text


def _entry(
    release: Release, ros_topic: str, ros_type: str, topic: str, kind: str, *, out: bool
) -> dict[str, Any]:
    key = release.bridge_key
    return {
        "ros_topic_name": ros_topic,
        f"{key}_topic_name": topic,
        "ros_type_name": ros_type,
        f"{key}_type_name": f"{release.messages}.{kind}",
        "direction": f"{key.upper()}_TO_ROS" if out else f"ROS_TO_{key.upper()}",
    }
