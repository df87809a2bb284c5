"""What is known of the exchange with the other side."""

from typing import Literal, Protocol

import msgspec

from actors.base import Side


class Peer(msgspec.Struct, frozen=True):
    """The exchange of one side of ours with the side opposite."""

    side: Side
    """Ours."""
    peer: Side
    link: Literal["embedded", "up", "down"]
    """`embedded`: the other side's clearance runs in this gate, too."""
    waiting: int = 0
    """Messages that are not answered yet."""
    dead: int = 0
    """Messages that have been given up, which is an alarm."""
    naks: int = 0
    """Messages that the other side has refused."""
    heard_ns: int = 0
    """When it was heard last [UTC, ns]; 0: never, or embedded."""


class Peers(Protocol):
    """The exchange as it is now."""

    def now(self) -> list[Peer]:
        """A peer for each side of ours."""
        ...


class EmbeddedPeers(msgspec.Struct, frozen=True):
    """Both sides' clearances run in one gate: there is no exchange to fail."""

    sides: tuple[Side, ...]

    def now(self) -> list[Peer]:
        """Each side with the other one."""
        return [
            Peer(side, next(other for other in self.sides if other != side), "embedded")
            for side in self.sides
        ]
