"""API tokens: who may do what until when. The token itself is not kept, only its hash."""

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table

from interfaces.store.database import metadata

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
