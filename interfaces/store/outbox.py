"""What is to be told to another gate, on disk before it is sent, in the order of each consignment.

A letter waits until the peer has said that it has it on its own disk (`taken`), or that it will not
have it (`dead`). Of each consignment only the oldest letter that is not taken is due: so the peer
gets them in their order. A dead letter holds those behind it back, until an officer has it sent
again, or withdraws it.
"""

from collections.abc import Collection
from typing import Any, Literal

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    Update,
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

State = Literal["waiting", "taken", "dead"]

OUTBOX = Table(
    "exchange_outbox",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("peer", String(2), nullable=False),
    Column("consignment", String(100), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(8), nullable=False),
    Column("put_ns", BigInteger, nullable=False),
    Column("due_ns", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("refusals", Integer, nullable=False),
    Column("trouble", Text, nullable=False),
    Column("taken_ns", BigInteger, nullable=False),
    UniqueConstraint("peer", "consignment", "sequence"),
    Index("exchange_outbox_open", "peer", "state", "consignment", "sequence"),
)
TAKEN = ("state", "taken_ns", "trouble")
AGAIN = ("due_ns", "trouble", "tries", "refusals")
DIES = ("state", "trouble", "tries", "refusals")
PUT_TRIES = 5
"""Two that put a letter on one consignment at once: the later one takes the next number."""


class Waiting(msgspec.Struct, frozen=True):
    """A letter as it is kept."""

    number: int
    consignment: str
    sequence: int
    kind: str
    body: dict[str, Any]
    state: State
    put_ns: int
    due_ns: int
    tries: int
    """How often it was sent."""
    refusals: int
    trouble: str
    """What came of the last time that it was sent."""


class OutboxState(msgspec.Struct, frozen=True):
    """How much waits."""

    waiting: int
    dead: int
    oldest_ns: int | None
    """Since when the oldest letter that is not taken has been here."""


class Outbox:
    """The letters to one peer."""

    def __init__(self, engine: Engine, peer: str) -> None:
        self._engine, self._peer = engine, peer
        # Made once: to make a statement takes longer than to carry it out.
        table = OUTBOX.c
        mine = and_(table.peer == peer, table.consignment == bindparam("about"))
        self._same = select(table.number).where(
            mine,
            table.state != "taken",
            table.kind == bindparam("said"),
            table.body == bindparam("told"),
        )
        self._last = select(func.max(table.sequence)).where(mine)
        self._insert = insert(OUTBOX)
        self._change: dict[tuple[str, ...], Update] = {
            names: update(OUTBOX)
            .where(table.number == bindparam("which"))
            .values({name: bindparam(f"new_{name}") for name in names})
            for names in (TAKEN, AGAIN, DIES)
        }
        self._heads = _heads(peer).order_by(table.due_ns, table.number).limit(bindparam("most"))

    def put(self, kind: str, consignment: str, body: dict[str, Any], now_ns: int) -> bool:
        """Keep a letter; whether it is new: one that waits already is not put a second time."""
        told = msgspec.json.encode(body, order="deterministic").decode()
        for _ in range(PUT_TRIES - 1):
            try:
                return self._put(kind, consignment, told, now_ns)
            except IntegrityError:
                continue
        return self._put(kind, consignment, told, now_ns)

    def _put(self, kind: str, consignment: str, told: str, now_ns: int) -> bool:
        about = {"about": consignment}
        with self._engine.begin() as connection:
            same = {**about, "said": kind, "told": told}
            if connection.execute(self._same, same).first() is not None:
                return False
            last = connection.execute(self._last, about).scalar() or 0
            row = {
                "peer": self._peer,
                "consignment": consignment,
                "sequence": last + 1,
                "kind": kind,
                "body": told,
                "state": "waiting",
                "put_ns": now_ns,
                "due_ns": now_ns,
                "tries": 0,
                "refusals": 0,
                "trouble": "",
                "taken_ns": 0,
            }
            connection.execute(self._insert, row)
            return True

    def due(
        self, now_ns: int, most: int, but: Collection[int] = ()
    ) -> tuple[list[Waiting], int | None]:
        """At most so many letters that are to be sent now, those that are longest due first.

        Args:
            now_ns: The time.
            most: No more letters than this.
            but: Numbers of letters that are being sent already.

        Returns:
            Those letters, and when there is one more: now, later, or not at all.
        """
        with self._engine.connect() as connection:
            rows = connection.execute(self._heads, {"most": most + 1 + len(but)}).all()
        rest = [row for row in rows if row.number not in but]
        found = [row for row in rest[:most] if row.due_ns <= now_ns]
        more = rest[len(found)].due_ns if len(rest) > len(found) else None
        return [_waiting(row) for row in found], more

    def taken(self, number: int, now_ns: int) -> None:
        """The peer has it."""
        self._set(number, TAKEN, ("taken", now_ns, ""))

    def again(self, letter: Waiting, due_ns: int, trouble: str, *, refused: bool) -> None:
        """It was not taken, and is to be sent again at this time."""
        refusals = letter.refusals + refused
        self._set(letter.number, AGAIN, (due_ns, trouble, letter.tries + 1, refusals))

    def dies(self, letter: Waiting, trouble: str) -> None:
        """It is not sent again unless an officer says so."""
        self._set(letter.number, DIES, ("dead", trouble, letter.tries + 1, letter.refusals + 1))

    def rewind(self, consignment: str, sequence: int, now_ns: int) -> bool:
        """Send from this letter of a consignment on again: the peer has lost what it had taken.

        Returns:
            Whether that letter is still here.
        """
        table = OUTBOX.c
        mine = and_(table.peer == self._peer, table.consignment == consignment)
        with self._engine.begin() as connection:
            found = select(table.number).where(mine, table.sequence == sequence)
            if connection.execute(found).first() is None:
                return False
            lost = and_(mine, table.sequence >= sequence, table.state == "taken")
            connection.execute(update(OUTBOX).where(lost).values(state="waiting", due_ns=now_ns))
        return True

    def requeue(self, number: int, by: str, reason: str, now_ns: int) -> bool:
        """Send a dead letter again, on an officer's word; whether there is one of that number."""
        return self._revive(number, due_ns=now_ns, trouble=f"sent again by {by}: {reason}")

    def withdraw(self, number: int, body: dict[str, Any], now_ns: int) -> bool:
        """Have a dead letter say only that it is withdrawn; whether there is one of that number."""
        told = msgspec.json.encode(body, order="deterministic").decode()
        return self._revive(number, kind="withdrawn", body=told, due_ns=now_ns)

    def _revive(self, number: int, **values: object) -> bool:
        table = OUTBOX.c
        dead = and_(table.number == number, table.peer == self._peer, table.state == "dead")
        change = update(OUTBOX).where(dead)
        with self._engine.begin() as connection:
            done = connection.execute(change.values(state="waiting", refusals=0, **values))
        return bool(done.rowcount)

    def letter(self, number: int) -> Waiting | None:
        """The letter of that number."""
        table = OUTBOX.c
        found = select(OUTBOX).where(table.number == number, table.peer == self._peer)
        with self._engine.connect() as connection:
            row = connection.execute(found).first()
        return None if row is None else _waiting(row)

    def dead(self, most: int = 100) -> list[Waiting]:
        """The dead letters, oldest first."""
        table = OUTBOX.c
        found = select(OUTBOX).where(table.peer == self._peer, table.state == "dead")
        with self._engine.connect() as connection:
            rows = connection.execute(found.order_by(table.number).limit(most)).all()
        return [_waiting(row) for row in rows]

    def state(self) -> OutboxState:
        """How much waits now."""
        table = OUTBOX.c
        counted = (
            select(table.state, func.count(), func.min(table.put_ns))
            .where(table.peer == self._peer, table.state.in_(("waiting", "dead")))
            .group_by(table.state)
        )
        with self._engine.connect() as connection:
            found = {row[0]: (row[1], row[2]) for row in connection.execute(counted)}
        waiting, dead = found.get("waiting", (0, None)), found.get("dead", (0, None))
        since = [at_ns for _, at_ns in (waiting, dead) if at_ns is not None]
        return OutboxState(waiting[0], dead[0], min(since, default=None))

    def prune(self, before_ns: int) -> int:
        """Forget letters that were taken before this; how many.

        The last one of each consignment stays: it says which number comes next.
        """
        table = OUTBOX.c
        last = (
            select(func.max(table.number))
            .where(table.peer == self._peer)
            .group_by(table.consignment)
        )
        old = and_(table.peer == self._peer, table.state == "taken", table.taken_ns < before_ns)
        with self._engine.begin() as connection:
            gone = connection.execute(delete(OUTBOX).where(old, table.number.not_in(last)))
        return gone.rowcount

    def _set(self, number: int, names: tuple[str, ...], values: tuple[object, ...]) -> None:
        new = {f"new_{name}": value for name, value in zip(names, values, strict=True)}
        with self._engine.begin() as connection:
            connection.execute(self._change[names], {"which": number, **new})


def _heads(peer: str) -> Select[Any]:
    """The first letter of each consignment that is not taken, where that one is not dead."""
    table = OUTBOX.c
    first = (
        select(table.consignment, func.min(table.sequence).label("sequence"))
        .where(table.peer == peer, table.state.in_(("waiting", "dead")))
        .group_by(table.consignment)
        .subquery()
    )
    here = and_(table.consignment == first.c.consignment, table.sequence == first.c.sequence)
    return select(OUTBOX).join(first, here).where(table.peer == peer, table.state == "waiting")


def _waiting(row: Row[Any]) -> Waiting:
    return Waiting(
        row.number, row.consignment, row.sequence, row.kind, msgspec.json.decode(row.body),
        row.state, row.put_ns, row.due_ns, row.tries, row.refusals, row.trouble,
    )  # fmt: skip
