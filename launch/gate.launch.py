"""ROS 2 launch: rosbridge, and reference controllers for the devices of a site.

For those who have ROS 2 with `rosbridge_suite` and `bordergate_msgs` in a sourced workspace; docs/
connect-a-robot.md says how, and how to do without. Run it in the folder of the repository:

    .venv/bin/python -m sim.plant.reference demo > order.json
    ros2 launch launch/gate.launch.py order:=order.json port:=9090
    .venv/bin/bordergate up demo --driver ros --rosbridge ws://127.0.0.1:9090
"""

import sys

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node


def generate_launch_description() -> LaunchDescription:
    """What `ros2 launch` asks for."""
    return LaunchDescription(
        [
            DeclareLaunchArgument("order", description="File with the devices that are run here"),
            DeclareLaunchArgument("port", default_value="9090", description="Of rosbridge"),
            Node(
                package="rosbridge_server",
                executable="rosbridge_websocket",
                parameters=[{"address": "127.0.0.1", "port": LaunchConfiguration("port")}],
            ),
            ExecuteProcess(
                cmd=[sys.executable, "-m", "robotics.ros.reference", LaunchConfiguration("order")],
                output="screen",
            ),
        ]
    )
