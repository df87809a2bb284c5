"""API tokens: who may do what until when. The token itself is not kept, only its hash."""

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Literal, get_args

import msgspec
from sqlalchemy import BigInteger, Column, LargeBinary, String, Table, insert, select, update

from interfaces.store.database import Database, metadata

Role = Literal[
    "viewer", "enterprise", "operator", "customs", "supervisor", "border_guard", "quarantine",
    "engineer",
]  # fmt: skip
ROLES: tuple[Role, ...] = get_args(Role)
ALL_SIDES = "*"
"""The side of a token that commands devices of all sides, and decides about no consignment."""
PREFIX = "bg_"
"""So that people and programs that look for secrets see what it is."""

TOKENS = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("role", String(32), nullable=False),
    Column("side", String(8), nullable=False),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("created_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger, nullable=False),
    Column("revoked_ns", BigInteger, nullable=False, server_default="0"),
)
"""Times are UTC by the wall's clock; `revoked_ns` is 0 while the token is good."""
SHOWN = [column for column in TOKENS.c if column.name != "hash"]


class Token(msgspec.Struct, frozen=True):
    """Who holds a token, and what is known of it."""

    id: str
    name: str
    role: str
    side: str
    """Whose devices and consignments it commands; `*`: devices of all sides."""
    created_ns: int
    expires_ns: int
    revoked_ns: int = 0

    def is_good(self, now_ns: int) -> bool:
        """Whether it is neither expired nor revoked."""
        return not self.revoked_ns and now_ns < self.expires_ns


class Tokens:
    """The tokens of one gate; `now_ns` is the wall's clock [UTC, ns]."""

    def __init__(self, database: Database, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._database, self._now_ns = database, now_ns

    def create(self, name: str, role: str, side: str, hours: float) -> tuple[Token, str]:
        """A new token, and its text, which is to be had only here."""
        text = PREFIX + secrets.token_urlsafe(32)
        now_ns = self._now_ns()
        token = Token(
            secrets.token_hex(4), name, role, side, now_ns, now_ns + round(hours * 3600e9)
        )
        row = {**msgspec.structs.asdict(token), "hash": _hash(text)}
        with self._database.begin() as connection:
            connection.execute(insert(TOKENS), row)
        return token, text

    def find(self, text: str) -> Token | None:
        """The token of this text, if it is one and still good."""
        with self._database.read() as connection:
            row = connection.execute(select(*SHOWN).where(TOKENS.c.hash == _hash(text))).first()
        token = Token(*row) if row is not None else None
        return token if token is not None and token.is_good(self._now_ns()) else None

    def all(self) -> list[Token]:
        """All tokens that were ever made, the oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(*SHOWN).order_by(TOKENS.c.created_ns, TOKENS.c.id))
            return [Token(*row) for row in rows]

    def revoke(self, id: str) -> bool:
        """End a token now; whether there is one of that id. A repeat changes nothing."""
        with self._database.begin() as connection:
            known = connection.execute(select(TOKENS.c.id).where(TOKENS.c.id == id)).first()
            connection.execute(
                update(TOKENS)
                .where(TOKENS.c.id == id, TOKENS.c.revoked_ns == 0)
                .values(revoked_ns=self._now_ns())
            )
        return known is not None


def _hash(text: str) -> bytes:
    # 256 random bits cannot be guessed from their hash: no slow or salted one is needed.
    return hashlib.sha256(text.encode()).digest()
