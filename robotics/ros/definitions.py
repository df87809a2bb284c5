"""Definitions of the messages that are written here, as `ros2msg` text for files and viewers.

The fields of ROS 2's common interfaces, as Jazzy has them; constants are left out, they are no part
of the bytes. Tests hold them against definitions that are not ours, hash by hash.
"""

from collections.abc import Mapping

import msgspec


class Schema(msgspec.Struct, frozen=True, gc=False):
    """A message type with the text of its definition and of all that it contains."""

    name: str
    """`nav_msgs/msg/Odometry`."""
    text: str


_FIELDS = {
    "builtin_interfaces/Duration": "int32 sec\nuint32 nanosec\n",
    "builtin_interfaces/Time": "int32 sec\nuint32 nanosec\n",
    "diagnostic_msgs/DiagnosticArray": (
        "std_msgs/Header header\ndiagnostic_msgs/DiagnosticStatus[] status\n"
    ),
    "diagnostic_msgs/DiagnosticStatus": (
        "byte level\nstring name\nstring message\nstring hardware_id\n"
        "diagnostic_msgs/KeyValue[] values\n"
    ),
    "diagnostic_msgs/KeyValue": "string key\nstring value\n",
    "geometry_msgs/Point": "float64 x\nfloat64 y\nfloat64 z\n",
    "geometry_msgs/Pose": "geometry_msgs/Point position\ngeometry_msgs/Quaternion orientation\n",
    "geometry_msgs/PoseWithCovariance": "geometry_msgs/Pose pose\nfloat64[36] covariance\n",
    "geometry_msgs/Quaternion": "float64 x\nfloat64 y\nfloat64 z\nfloat64 w\n",
    "geometry_msgs/Transform": (
        "geometry_msgs/Vector3 translation\ngeometry_msgs/Quaternion rotation\n"
    ),
    "geometry_msgs/TransformStamped": (
        "std_msgs/Header header\nstring child_frame_id\ngeometry_msgs/Transform transform\n"
    ),
    "geometry_msgs/Twist": "geometry_msgs/Vector3 linear\ngeometry_msgs/Vector3 angular\n",
    "geometry_msgs/TwistWithCovariance": "geometry_msgs/Twist twist\nfloat64[36] covariance\n",
    "geometry_msgs/Vector3": "float64 x\nfloat64 y\nfloat64 z\n",
    "nav_msgs/Odometry": (
        "std_msgs/Header header\nstring child_frame_id\n"
        "geometry_msgs/PoseWithCovariance pose\ngeometry_msgs/TwistWithCovariance twist\n"
    ),
    "sensor_msgs/BatteryState": (
        "std_msgs/Header header\nfloat32 voltage\nfloat32 temperature\nfloat32 current\n"
        "float32 charge\nfloat32 capacity\nfloat32 design_capacity\nfloat32 percentage\n"
        "uint8 power_supply_status\nuint8 power_supply_health\nuint8 power_supply_technology\n"
        "bool present\nfloat32[] cell_voltage\nfloat32[] cell_temperature\n"
        "string location\nstring serial_number\n"
    ),
    "sensor_msgs/CompressedImage": "std_msgs/Header header\nstring format\nuint8[] data\n",
    "std_msgs/ColorRGBA": "float32 r\nfloat32 g\nfloat32 b\nfloat32 a\n",
    "std_msgs/Header": "builtin_interfaces/Time stamp\nstring frame_id\n",
    "tf2_msgs/TFMessage": "geometry_msgs/TransformStamped[] transforms\n",
    "visualization_msgs/Marker": (
        "std_msgs/Header header\nstring ns\nint32 id\nint32 type\nint32 action\n"
        "geometry_msgs/Pose pose\ngeometry_msgs/Vector3 scale\nstd_msgs/ColorRGBA color\n"
        "builtin_interfaces/Duration lifetime\nbool frame_locked\n"
        "geometry_msgs/Point[] points\nstd_msgs/ColorRGBA[] colors\n"
        "string texture_resource\nsensor_msgs/CompressedImage texture\n"
        "visualization_msgs/UVCoordinate[] uv_coordinates\nstring text\nstring mesh_resource\n"
        "visualization_msgs/MeshFile mesh_file\nbool mesh_use_embedded_materials\n"
    ),
    "visualization_msgs/MarkerArray": "visualization_msgs/Marker[] markers\n",
    "visualization_msgs/MeshFile": "string filename\nuint8[] data\n",
    "visualization_msgs/UVCoordinate": "float32 u\nfloat32 v\n",
}

_BETWEEN = "=" * 80 + "\n"


def schema(name: str, own: Mapping[str, str] | None = None) -> Schema:
    """The type `name` (`nav_msgs/Odometry`), with the types that it contains after it.

    `own` holds the text of types of other packages by their name.

    Raises:
        KeyError: a type that is not known here.
    """
    known = {**_FIELDS, **(own or {})}
    needed = [name]
    for found in needed:  # grows while it is read
        for line in known[found].splitlines():
            kind = line.partition("#")[0].partition(" ")[0].partition("[")[0]
            if "/" in kind and kind not in needed:
                needed.append(kind)
    parts = [known[name], *(f"MSG: {kind}\n{known[kind]}" for kind in needed[1:])]
    package, _, short = name.partition("/")
    return Schema(f"{package}/msg/{short}", _BETWEEN.join(parts))


ODOMETRY = schema("nav_msgs/Odometry")
BATTERY_STATE = schema("sensor_msgs/BatteryState")
DIAGNOSTIC_ARRAY = schema("diagnostic_msgs/DiagnosticArray")
TF_MESSAGE = schema("tf2_msgs/TFMessage")
MARKER_ARRAY = schema("visualization_msgs/MarkerArray")
