"""ROS 2 launch: a generated world in Gazebo, and the bridge of its topics to ROS.

For those who have ROS 2 with `ros_gz_sim` and `ros_gz_bridge`; docs/gazebo.md says how to do
without. Run it in the folder of the repository:

    .venv/bin/bordergate world demo --gz harmonic --out world
    ros2 launch launch/gazebo.launch.py world:=world
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare


def generate_launch_description() -> LaunchDescription:
    """What `ros2 launch` asks for."""
    world = LaunchConfiguration("world")
    gz_sim = PathJoinSubstitution([FindPackageShare("ros_gz_sim"), "launch", "gz_sim.launch.py"])
    return LaunchDescription(
        [
            DeclareLaunchArgument("world", description="Folder that bordergate world has written"),
            DeclareLaunchArgument("gui", default_value="-s", description="-s: without a window"),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(gz_sim),
                launch_arguments={
                    "gz_args": [
                        "-r ", LaunchConfiguration("gui"), " ",
                        PathJoinSubstitution([world, "gate.sdf"]),
                    ]
                }.items(),
            ),
            Node(
                package="ros_gz_bridge",
                executable="parameter_bridge",
                parameters=[{"config_file": PathJoinSubstitution([world, "bridge.yaml"])}],
            ),
        ]
    )  # fmt: skip
