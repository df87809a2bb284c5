"""Two gates that know each other's keys, each with a database in memory, and no link."""

from random import Random

from fastapi import APIRouter

from actors.clearance import clearance_name
from actors.codec import AnyMessage
from interfaces.api.letters import letters_router
from interfaces.exchange.backoff import Backoff
from interfaces.exchange.keys import SigningKey, new_key
from interfaces.exchange.parties import Parties
from interfaces.exchange.receiving import Receiver
from interfaces.exchange.sending import Outgoing, Sender
from interfaces.store.database import Database

S = 10**9
NOW_NS = 1_783_000_000 * S


class Peer:
    """One gate's exchange, at rest."""

    def __init__(
        self, side: str, key: SigningKey, other: str, other_key: SigningKey, url: str = "sqlite://"
    ) -> None:
        self.database = Database(url)
        self.database.create_all()
        self.parties = Parties(side, key, other, (other_key.public,), side == "VN")
        self.names = (clearance_name(side), clearance_name(other))
        self.start()

    def start(self) -> None:
        """As after a start of its process: all but the database is new."""
        engine = self.database.engine
        self.sender = Sender(engine, self.parties, Backoff(Random(1)), NOW_NS)
        self.sender._clock_ns = NOW_NS + 10**18  # no letters but those that are put
        self.receiver = Receiver(engine, self.parties, self.names)

    def letters(self, now_ns: int) -> list[Outgoing]:
        return self.sender.due(now_ns)[0]

    def passed_on(self) -> list[AnyMessage]:
        waiting = self.receiver.waiting()
        self.receiver.inbox.passed_on([number for number, _ in waiting], NOW_NS)
        return [said.message for _, said in waiting if said is not None]


def peers() -> tuple[Peer, Peer]:
    """Of VN, which runs the fleet, and of CN."""
    vn, cn = new_key(), new_key()
    return Peer("VN", vn, "CN", cn), Peer("CN", cn, "VN", vn)


def carried(sender: Peer, receiver: Peer, now_ns: int) -> list[str]:
    """All letters that are due go over, and their receipts back; the kinds of those letters."""
    kinds = []
    while letters := sender.letters(now_ns):
        for outgoing in letters:
            assert outgoing.letter is not None
            kinds.append(outgoing.letter.kind)
            sender.sender.received(outgoing, receiver.receiver.take(outgoing.data, now_ns), now_ns)
    return kinds


def letters_of_vn(url: str) -> APIRouter:
    """The routes that take letters in VN's gate, over its database."""
    vn = Peer("VN", new_key(), "CN", new_key(), url)
    return letters_router(vn.receiver, vn.sender.outbox, lambda: NOW_NS)
