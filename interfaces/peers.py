"""What is known of the exchange with the other side."""

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from actors.base import Side
from interfaces.exchange.sending import SILENCE_NS
from interfaces.store.exchange_peer import PeerBook
from interfaces.store.outbox import Outbox


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


class ExchangePeers(msgspec.Struct, frozen=True):
    """The other side's clearance runs in a gate of its own."""

    side: Side
    peer: Side
    outbox: Outbox
    book: PeerBook
    now_ns: Callable[[], int]

    def now(self) -> list[Peer]:
        """The one other gate, as letters and receipts tell of it."""
        state, waits = self.book.state(), self.outbox.state()
        heard_ns = max(state.heard_ns, state.answered_ns)
        is_up = self.now_ns() - state.answered_ns < SILENCE_NS
        naks = sum(refused.times for refused in self.book.refusals() if refused.by == "peer")
        link: Literal["up", "down"] = "up" if is_up else "down"
        return [Peer(self.side, self.peer, link, waits.waiting, waits.dead, naks, heard_ns)]
