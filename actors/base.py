"""What all messages and events are made of, and the words that both of their files use."""

from typing import dataclass_transform

import msgspec

Side = str
"""The name of a side of the border: a key of `sides` in the site file (`VN`, `CN`)."""


# Subclasses inherit `frozen`; type checkers learn it from the decorator.
@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Message(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Base of all that is sent; the tag on the wire is the class name."""


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Event(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Base of all domain events."""
