"""What another gate has told, on disk before it is answered, each letter once and in order."""

from typing import Any, Literal

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from interfaces.store.database import metadata

INBOX = Table(
    "exchange_inbox",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("peer", String(2), nullable=False),
    Column("id", String(200), nullable=False),
    Column("consignment", String(100), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("taken_ns", BigInteger, nullable=False),
    Column("passed_on_ns", BigInteger, nullable=False),
    UniqueConstraint("peer", "id"),
    UniqueConstraint("peer", "consignment", "sequence"),
    Index("exchange_inbox_open", "peer", "passed_on_ns", "number"),
)
Outcome = Literal["new", "same", "conflict", "out_of_order"]


class Taken(msgspec.Struct, frozen=True):
    """A letter that is to be passed on."""

    number: int
    kind: str
    body: dict[str, Any]


class Inbox:
    """The letters of one peer."""

    def __init__(self, engine: Engine, peer: str) -> None:
        self._engine, self._peer = engine, peer
        # Made once: to make a statement takes longer than to carry it out.
        table = INBOX.c
        self._last = select(func.max(table.sequence)).where(
            table.peer == peer, table.consignment == bindparam("about")
        )
        self._known = select(table.digest).where(table.peer == peer, table.id == bindparam("name"))
        self._insert = insert(INBOX)
        self._waiting = (
            select(table.number, table.kind, table.body)
            .where(table.peer == peer, table.passed_on_ns == 0)
            .order_by(table.number)
            .limit(bindparam("most"))
        )
        self._passed = (
            update(INBOX)
            .where(table.number == bindparam("which"))
            .values(passed_on_ns=bindparam("at_ns"))
        )

    def take(
        self,
        id: str,
        place: tuple[str, int],
        kind: str,
        body: dict[str, Any],
        digest: str,
        now_ns: int,
    ) -> tuple[Outcome, int]:
        """Keep a letter, if it is the next one of its consignment; `place`: that, and sequence.

        Returns:
            What came of it, and the sequence that is expected next.
        """
        try:
            return self._take(id, place, kind, body, digest, now_ns)
        except IntegrityError:  # the same one arrives twice at once: now it is there
            return self._take(id, place, kind, body, digest, now_ns)

    def _take(
        self,
        id: str,
        place: tuple[str, int],
        kind: str,
        body: dict[str, Any],
        digest: str,
        now_ns: int,
    ) -> tuple[Outcome, int]:
        consignment, sequence = place
        with self._engine.begin() as connection:
            last = connection.execute(self._last, {"about": consignment}).scalar() or 0
            known = connection.execute(self._known, {"name": id}).scalar()
            if known is not None:
                return ("same" if known == digest else "conflict"), last + 1
            if sequence != last + 1:
                return "out_of_order", last + 1
            row = {
                "peer": self._peer,
                "id": id,
                "consignment": consignment,
                "sequence": sequence,
                "kind": kind,
                "body": msgspec.json.encode(body).decode(),
                "digest": digest,
                "taken_ns": now_ns,
                "passed_on_ns": 0,
            }
            connection.execute(self._insert, row)
        return "new", sequence + 1

    def waiting(self, most: int = 100) -> list[Taken]:
        """Letters that have not been passed on, in the order in which they were taken."""
        with self._engine.connect() as connection:
            rows = connection.execute(self._waiting, {"most": most}).all()
        return [Taken(row.number, row.kind, msgspec.json.decode(row.body)) for row in rows]

    def passed_on(self, numbers: list[int], now_ns: int) -> None:
        """Note that those letters have been passed on."""
        if not numbers:
            return
        noted = [{"which": number, "at_ns": now_ns} for number in numbers]
        with self._engine.begin() as connection:
            connection.execute(self._passed, noted)

    def count(self) -> int:
        """How many letters have been taken."""
        counted = select(func.count()).select_from(INBOX).where(INBOX.c.peer == self._peer)
        with self._engine.connect() as connection:
            return connection.execute(counted).scalar() or 0

    def prune(self, before_ns: int) -> int:
        """Forget letters passed on before this, but the last one of each consignment; how many."""
        table = INBOX.c
        last = (
            select(func.max(table.number))
            .where(table.peer == self._peer)
            .group_by(table.consignment)
        )
        old = and_(table.peer == self._peer, table.passed_on_ns > 0, table.passed_on_ns < before_ns)
        with self._engine.begin() as connection:
            gone = connection.execute(delete(INBOX).where(old, table.number.not_in(last)))
        return gone.rowcount
