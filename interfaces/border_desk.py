"""What the API needs of the border: consignments to read, officers' words to pass on."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import msgspec

from actors.base import Message, Side
from actors.border import BorderAnswer
from actors.clearance import Clearance
from actors.site.rules import BorderRules
from interfaces.peers import Peers
from robotics.imaging.store import ImageStore


class BorderDesk(msgspec.Struct, frozen=True):
    """The border of one gate."""

    sides: tuple[Side, ...]
    """Those whose clearances run here."""
    rules: BorderRules
    reading: Callable[[], AbstractContextManager[Mapping[Side, Clearance]]]
    """The clearances as they now are; nothing may be kept of them after the block."""
    tell: Callable[[Side, Message], BorderAnswer]
    """Passes a command on and waits; TimeoutError or ConnectionError without an answer."""
    now_ns: Callable[[], int]
    """The gate's time."""
    images: ImageStore | None
    """None: the booths keep none."""
    peers: Peers
