"""What is known of another gate: when it was heard, how its clock differs, what was refused."""

from typing import Literal

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Integer,
    String,
    Table,
    Text,
    and_,
    insert,
    select,
    update,
)

from interfaces.store.database import metadata

PEERS = Table(
    "exchange_peers",
    metadata,
    Column("peer", String(2), primary_key=True),
    Column("heard_ns", BigInteger, nullable=False),
    Column("answered_ns", BigInteger, nullable=False),
    Column("skew_ns", BigInteger, nullable=True),
    Column("lanes", Text, nullable=False),
)
REFUSALS = Table(
    "exchange_refusals",
    metadata,
    Column("peer", String(2), primary_key=True),
    Column("by", String(5), primary_key=True),
    Column("code", String(40), primary_key=True),
    Column("times", Integer, nullable=False),
    Column("last_ns", BigInteger, nullable=False),
    Column("last", Text, nullable=False),
)
By = Literal["us", "peer"]


class PeerState(msgspec.Struct, frozen=True):
    """When a gate was heard, and its clock; None: not yet."""

    heard_ns: int = 0
    """Its own letters."""
    answered_ns: int = 0
    """Its receipts."""
    skew_ns: int | None = None
    """Its clock less ours."""
    lanes: list[dict[str, str]] = []
    """As it told of them last; by the side that runs the fleet."""


class Refused(msgspec.Struct, frozen=True):
    """Letters that were refused for one reason."""

    by: By
    code: str
    times: int
    last_ns: int
    last: str


class PeerBook:
    """What is known of one peer."""

    def __init__(self, engine: Engine, peer: str) -> None:
        self._engine, self._peer = engine, peer

    def note(self, **values: object) -> None:
        """Note fields of its state."""
        change = update(PEERS).where(PEERS.c.peer == self._peer).values(values)
        with self._engine.begin() as connection:
            if not connection.execute(change).rowcount:
                blank = {"peer": self._peer, "heard_ns": 0, "answered_ns": 0, "lanes": "[]"}
                connection.execute(insert(PEERS).values({**blank, **values}))

    def note_lanes(self, lanes: list[dict[str, str]]) -> None:
        """Note how its lanes are."""
        self.note(lanes=msgspec.json.encode(lanes).decode())

    def refused(self, by: By, code: str, detail: str, now_ns: int) -> None:
        """Count a letter that was refused: by us, or by the peer."""
        table = REFUSALS.c
        mine = and_(table.peer == self._peer, table.by == by, table.code == code)
        change = update(REFUSALS).where(mine)
        more = change.values(times=table.times + 1, last_ns=now_ns, last=detail[:1000])
        with self._engine.begin() as connection:
            if not connection.execute(more).rowcount:
                first = {"peer": self._peer, "by": by, "code": code, "times": 1}
                row = {**first, "last_ns": now_ns, "last": detail[:1000]}
                connection.execute(insert(REFUSALS).values(row))

    def state(self) -> PeerState:
        """What is known now."""
        with self._engine.connect() as connection:
            row = connection.execute(select(PEERS).where(PEERS.c.peer == self._peer)).first()
        if row is None:
            return PeerState()
        return PeerState(row.heard_ns, row.answered_ns, row.skew_ns, msgspec.json.decode(row.lanes))

    def refusals(self) -> list[Refused]:
        """What was refused, by either."""
        table = REFUSALS.c
        found = select(REFUSALS).where(table.peer == self._peer).order_by(table.by, table.code)
        with self._engine.connect() as connection:
            rows = connection.execute(found).all()
        return [Refused(row.by, row.code, row.times, row.last_ns, row.last) for row in rows]
