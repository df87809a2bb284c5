"""The few message types that the gate says and hears, declared here by their wire form.

Fortress calls their package `ignition.msgs`, Harmonic and later `gz.msgs`; the wire form is the
same. Fields that the gate does not use are left out: protobuf skips them when it reads.
"""

from typing import Literal

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

Package = Literal["ignition.msgs", "gz.msgs"]

_Scalar = Literal["bool", "double", "int32", "int64", "string", "uint32", "uint64"]
_Types = descriptor_pb2.FieldDescriptorProto

_SCALARS: dict[str, "_Types.Type.ValueType"] = {
    "bool": _Types.TYPE_BOOL,
    "double": _Types.TYPE_DOUBLE,
    "int32": _Types.TYPE_INT32,
    "int64": _Types.TYPE_INT64,
    "string": _Types.TYPE_STRING,
    "uint32": _Types.TYPE_UINT32,
    "uint64": _Types.TYPE_UINT64,
}

# A type by name: number, name and kind of each field. A kind that is no scalar is a type of this
# table; `[]` makes it a list, `!` one of several of which only one is set.
_TABLE: dict[str, tuple[tuple[int, str, str], ...]] = {
    "Time": ((1, "sec", "int64"), (2, "nsec", "int32")),
    "Entry": ((1, "key", "string"), (2, "value", "string[]")),
    "Header": ((1, "stamp", "Time"), (2, "data", "Entry[]")),
    "Vector3d": ((2, "x", "double"), (3, "y", "double"), (4, "z", "double")),
    "Quaternion": ((2, "x", "double"), (3, "y", "double"), (4, "z", "double"), (5, "w", "double")),
    "Pose": (
        (1, "header", "Header"), (2, "name", "string"), (3, "id", "uint32"),
        (4, "position", "Vector3d"), (5, "orientation", "Quaternion"),
    ),
    "Twist": ((1, "header", "Header"), (2, "linear", "Vector3d"), (3, "angular", "Vector3d")),
    "Odometry": ((1, "header", "Header"), (2, "pose", "Pose"), (3, "twist", "Twist")),
    "BatteryState": (
        (1, "header", "Header"), (2, "voltage", "double"), (3, "current", "double"),
        (4, "charge", "double"), (5, "capacity", "double"), (6, "percentage", "double"),
    ),
    "Boolean": ((1, "header", "Header"), (2, "data", "bool")),
    "Double": ((1, "header", "Header"), (2, "data", "double")),
    "Empty": ((1, "unused", "bool"),),
    "StringMsg": ((1, "header", "Header"), (2, "data", "string")),
    "Clock": ((1, "header", "Header"), (2, "system", "Time"), (3, "real", "Time"),
              (4, "sim", "Time")),
    "Entity": ((1, "header", "Header"), (2, "id", "uint64"), (3, "name", "string"),
               (4, "type", "uint32")),
    "EntityFactory": (
        (1, "header", "Header"), (2, "sdf", "string"), (7, "pose", "Pose"), (8, "name", "string"),
        (9, "allow_renaming", "bool"),
    ),
    "Contact": ((1, "header", "Header"), (2, "collision1", "Entity"), (3, "collision2", "Entity")),
    "Contacts": ((1, "header", "Header"), (2, "contact", "Contact[]")),
    "WorldControl": (
        (1, "header", "Header"), (2, "pause", "bool"), (3, "step", "bool"),
        (4, "multi_step", "uint32"),
    ),
    # Discovery. Its enumerations are read and written as the numbers that they are on the wire.
    "Flags": ((1, "relay", "bool"), (2, "no_relay", "bool")),
    "Subscriber": ((1, "topic", "string"),),
    "MessagePublisher": ((1, "ctrl", "string"), (2, "msg_type", "string"),
                         (3, "throttled", "bool"), (4, "msgs_per_sec", "uint64")),
    "ServicePublisher": ((1, "socket_id", "string"), (2, "request_type", "string"),
                         (3, "response_type", "string")),
    "Publisher": (
        (1, "topic", "string"), (2, "address", "string"), (3, "process_uuid", "string"),
        (4, "node_uuid", "string"), (5, "scope", "uint32"), (6, "msg_pub", "MessagePublisher!"),
        (7, "srv_pub", "ServicePublisher!"),
    ),
    "Discovery": (
        (1, "header", "Header"), (2, "version", "uint32"), (3, "process_uuid", "string"),
        (4, "type", "uint32"), (5, "flags", "Flags"), (6, "sub", "Subscriber!"),
        (7, "pub", "Publisher!"),
    ),
}  # fmt: skip

_POOL = descriptor_pool.DescriptorPool()


def _declare(package: str) -> dict[str, type[Message]]:
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto", package=package, syntax="proto3"
    )
    for name, fields in _TABLE.items():
        message = file.message_type.add(name=name)
        for number, field, kind in fields:
            plain = kind.rstrip("[]!")
            entry = message.field.add(name=field, number=number)
            entry.label = _Types.LABEL_REPEATED if kind.endswith("[]") else _Types.LABEL_OPTIONAL
            if plain in _SCALARS:
                entry.type = _SCALARS[plain]
            else:
                entry.type, entry.type_name = _Types.TYPE_MESSAGE, f".{package}.{plain}"
            if kind.endswith("!"):
                if not message.oneof_decl:
                    message.oneof_decl.add(name="one")
                entry.oneof_index = 0
    _POOL.Add(file)
    return {
        name: message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{package}.{name}"))
        for name in _TABLE
    }


_CLASSES: dict[str, dict[str, type[Message]]] = {
    package: _declare(package) for package in ("ignition.msgs", "gz.msgs")
}


def message_class(name: str, package: Package) -> type[Message]:
    """The class of a message type: `message_class("Twist", "gz.msgs")`."""
    return _CLASSES[package][name]


def type_name(kind: type[Message]) -> str:
    """What a type is called on the wire: `gz.msgs.Twist`."""
    name: str = kind.DESCRIPTOR.full_name
    return name
