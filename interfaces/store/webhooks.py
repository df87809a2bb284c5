"""Webhooks of enterprises, and what each of them has been told about which consignment.

What is told is how a consignment stands, whole. So there is one row for a webhook and a
consignment, however much happens while its receiver is away: what is owed is the newest state.
"""

import secrets
from base64 import b64encode

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from interfaces.store.database import Database, metadata

HOOKS_MAX = 5
"""Of one enterprise [ours]."""
SECRET_BYTES = 32
"""Standard Webhooks asks for 24 to 64."""

HOOKS = Table(
    "webhooks",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("owner", String(100), nullable=False),
    Column("side", String(8), nullable=False),
    Column("id", String(64), nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", String(100), nullable=False),
    Column("given_up_ns", BigInteger, nullable=False),
    UniqueConstraint("owner", "side", "id"),
)
"""The secret stands here as it is: each message is signed with it. `given_up_ns` is 0 while it is
told."""
DELIVERIES = Table(
    "webhook_deliveries",
    metadata,
    Column("hook", Integer, ForeignKey("webhooks.number", ondelete="CASCADE"), primary_key=True),
    Column("consignment", String(100), primary_key=True),
    Column("wanted", String(64), nullable=False),
    Column("told", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("since_ns", BigInteger, nullable=False),
    Column("due_ns", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("trouble", Text, nullable=False),
)
"""`wanted` and `told` are digests of states: of what is owed, and of what its receiver has taken.
`version` counts the states that were owed, for a consignment may come back to one it has been in.
Times are UTC by the wall's clock."""
OWED = DELIVERIES.c.wanted != DELIVERIES.c.told


class Hook(msgspec.Struct, frozen=True):
    """A webhook: who is told where."""

    number: int
    owner: str
    side: str
    id: str
    url: str
    secret: str
    given_up_ns: int


class Owed(msgspec.Struct, frozen=True):
    """A state that is to be told."""

    hook: Hook
    consignment: str
    version: int
    since_ns: int
    tries: int
    """How often it was tried since its receiver took something about this consignment."""


class Backlog(msgspec.Struct, frozen=True):
    """What one webhook is owed."""

    waiting: int
    oldest_ns: int | None
    trouble: str
    """What came of the last try that failed."""


class Hooks:
    """All webhooks of a gate; for any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, owner: str, side: str, id: str, url: str, now_ns: int
    ) -> tuple[Hook, bool] | None:
        """Make it, or let it go to another URL; whether it is new. None: the owner has enough.

        What it is owed is due from now on, also if it was given up.
        """
        with self._database.begin() as connection:
            known = self._of(connection, owner, side)
            same = next((hook for hook in known if hook.id == id), None)
            if same is not None:
                connection.execute(
                    update(HOOKS)
                    .where(HOOKS.c.number == same.number)
                    .values(url=url, given_up_ns=0)
                )
                connection.execute(
                    update(DELIVERIES)
                    .where(DELIVERIES.c.hook == same.number)
                    .values(since_ns=now_ns, due_ns=now_ns, tries=0, trouble="")
                )
            elif len(known) >= HOOKS_MAX:
                return None
            else:
                secret = "whsec_" + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
                connection.execute(
                    insert(HOOKS).values(
                        owner=owner, side=side, id=id, url=url, secret=secret, given_up_ns=0
                    )
                )
            [made] = [hook for hook in self._of(connection, owner, side) if hook.id == id]
            return made, same is None

    def of(self, owner: str, side: str) -> list[Hook]:
        """Those of one enterprise, the oldest first."""
        with self._database.read() as connection:
            return self._of(connection, owner, side)

    def remove(self, owner: str, side: str, id: str) -> bool:
        """Forget it, with all it is owed; whether there was one."""
        with self._database.begin() as connection:
            gone = connection.execute(
                delete(HOOKS).where(HOOKS.c.owner == owner, HOOKS.c.side == side, HOOKS.c.id == id)
            )
            return bool(gone.rowcount)

    def active(self) -> list[Hook]:
        """Those that are told."""
        with self._database.read() as connection:
            rows = connection.execute(select(HOOKS).where(HOOKS.c.given_up_ns == 0))
            return [_hook(row) for row in rows]

    def note(self, hook: Hook, consignment: str, digest: str, now_ns: int) -> None:
        """A consignment of the hook's owner stands so."""
        here = and_(DELIVERIES.c.hook == hook.number, DELIVERIES.c.consignment == consignment)
        there = select(HOOKS.c.number).where(HOOKS.c.number == hook.number)
        with self._database.begin() as connection:
            if connection.execute(there).first() is None:
                return  # it was removed meanwhile
            row = connection.execute(select(DELIVERIES).where(here)).one_or_none()
            if row is None:
                connection.execute(
                    insert(DELIVERIES).values(
                        hook=hook.number, consignment=consignment, wanted=digest, told="",
                        version=1, since_ns=now_ns, due_ns=now_ns, tries=0, trouble="",
                    )
                )  # fmt: skip
                return
            if row.wanted == digest:
                return
            changes: dict[str, object] = {"wanted": digest, "version": row.version + 1}
            if row.wanted == row.told:  # else it is owed something already, and waits for its turn
                changes |= {"since_ns": now_ns, "due_ns": now_ns, "tries": 0}
            connection.execute(update(DELIVERIES).where(here).values(changes))

    def due(self, now_ns: int, most: int) -> list[Owed]:
        """What is to be told now, the longest due first."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(HOOKS, DELIVERIES)
                .join(DELIVERIES, DELIVERIES.c.hook == HOOKS.c.number)
                .where(OWED, HOOKS.c.given_up_ns == 0, DELIVERIES.c.due_ns <= now_ns)
                .order_by(DELIVERIES.c.due_ns)
                .limit(most)
            )
            return [
                Owed(_hook(row), row.consignment, row.version, row.since_ns, row.tries)
                for row in rows
            ]

    def taken(self, owed: Owed, digest: str) -> None:
        """Its receiver has this state, which may be newer than the one that was noted."""
        self._change(owed, told=digest, wanted=digest, tries=0, trouble="")

    def again(self, owed: Owed, due_ns: int, trouble: str) -> None:
        """It is to be tried once more."""
        self._change(owed, due_ns=due_ns, tries=owed.tries + 1, trouble=trouble[:500])

    def give_up(self, hook: Hook, now_ns: int) -> None:
        """Tell it nothing more, until its owner puts it again."""
        with self._database.begin() as connection:
            connection.execute(
                update(HOOKS).where(HOOKS.c.number == hook.number).values(given_up_ns=now_ns)
            )

    def backlog(self, hook: Hook) -> Backlog:
        """What it is owed now."""
        mine = DELIVERIES.c.hook == hook.number
        with self._database.read() as connection:
            waiting, oldest_ns = connection.execute(
                select(func.count(), func.min(DELIVERIES.c.since_ns)).where(mine, OWED)
            ).one()
            trouble = connection.execute(
                select(DELIVERIES.c.trouble)
                .where(mine, DELIVERIES.c.trouble != "")
                .order_by(DELIVERIES.c.due_ns.desc())
                .limit(1)
            ).scalar()
        return Backlog(waiting, oldest_ns, trouble or "")

    def _of(self, connection: Connection, owner: str, side: str) -> list[Hook]:
        rows = connection.execute(
            select(HOOKS)
            .where(HOOKS.c.owner == owner, HOOKS.c.side == side)
            .order_by(HOOKS.c.number)
        )
        return [_hook(row) for row in rows]

    def _change(self, owed: Owed, **values: object) -> None:
        with self._database.begin() as connection:
            connection.execute(
                update(DELIVERIES)
                .where(
                    DELIVERIES.c.hook == owed.hook.number,
                    DELIVERIES.c.consignment == owed.consignment,
                )
                .values(**values)
            )


def _hook(row: Row[tuple[object, ...]]) -> Hook:
    return Hook(row.number, row.owner, row.side, row.id, row.url, row.secret, row.given_up_ns)
