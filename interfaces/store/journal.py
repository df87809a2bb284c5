"""The journal: all that durable machines were told, in its order, and their state at one point.

Each row of a machine names the hash of the row before it, so that a row that was changed, taken out
or put in is found. What stands before a machine's snapshot has been deleted.
"""

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table

from interfaces.store.database import metadata

INPUTS = Table(
    "journal",
    metadata,
    Column("machine", String(100), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("message", LargeBinary, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)
"""`number` counts a machine's inputs upwards from 1 without gaps; `message` is MessagePack."""

SNAPSHOTS = Table(
    "snapshots",
    metadata,
    Column("machine", String(100), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("input_hash", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)
"""The state after input `number`, whose hash is `input_hash`; `hash` is over the whole row."""
