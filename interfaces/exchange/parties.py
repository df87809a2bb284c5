"""The two parties of an exchange: this gate, and its peer."""

import msgspec

from actors.base import Side
from interfaces.exchange.keys import PublicKey, SigningKey


class Parties(msgspec.Struct, frozen=True):
    """Who sends, who receives, and how each is known."""

    side: Side
    """This gate's."""
    key: SigningKey
    peer: Side
    peer_keys: tuple[PublicKey, ...]
    has_fleet: bool
    """Whether this gate runs the fleet."""
