"""The journal: all that durable machines were told, in its order, and their state at one point.

Each row of a machine names the hash of the row before it, so that a row that was changed, taken out
or put in is found. What stands before a machine's snapshot has been deleted.
"""

import hashlib
from collections.abc import Iterator

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    select,
)

from actors.codec import decode_message, encode
from actors.messages import Message
from interfaces.store.database import Database, StoreError, metadata

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

FIRST_HASH = bytes(32)
"""What stands for the hash of the row before the first."""
ROWS = 1000
"""Rows that are read at once."""


class JournalError(StoreError):
    """The journal is not what the gate has written: where, and what is wrong."""


class StoreJournal:
    """The journal of one machine; see `actors.ports.Journal`.

    Raises:
        JournalError: by the methods that read, a row has been changed or is missing.
    """

    def __init__(self, database: Database, machine: str) -> None:
        self._database, self._machine = database, machine
        self.number = 0
        """Of the last input that was read or written here."""
        self._hash = FIRST_HASH

    def snapshot(self) -> bytes | None:
        """The state from which `inputs` go on."""
        with self._database.read() as connection:
            return self._read_snapshot(connection)

    def inputs(self) -> Iterator[tuple[Message, int]]:
        """The inputs after the last one that was read; of the snapshot before, if it was read."""
        while True:
            with self._database.read() as connection:
                found = self._read_inputs(connection)
            yield from found
            if len(found) < ROWS:
                return

    def news(self) -> tuple[bytes | None, list[tuple[Message, int]]]:
        """For another reader than the machine's host: what is new, at most `ROWS` inputs of it.

        With a state if inputs that were not read have been compacted: go on from that.
        """
        with self._database.read() as connection:
            stands_at = connection.execute(
                select(SNAPSHOTS.c.number).where(SNAPSHOTS.c.machine == self._machine)
            ).scalar()
            behind = stands_at is not None and stands_at > self.number
            state = self._read_snapshot(connection) if behind else None
            return state, self._read_inputs(connection)

    def write(self, message: Message, at_ns: int) -> None:
        """Add one input. Fails if another process writes for the same machine."""
        data, number = encode(message), self.number + 1
        hashed = _hash(self._hash, self._machine, number, at_ns, data)
        row = {
            "machine": self._machine, "number": number, "at_ns": at_ns, "message": data,
            "hash": hashed,
        }  # fmt: skip
        with self._database.begin() as connection:
            connection.execute(insert(INPUTS), row)
        self.number, self._hash = number, hashed

    def compact(self, state: bytes, at_ns: int) -> None:
        """Keep the state after the last input in place of all inputs so far."""
        row = {
            "machine": self._machine, "number": self.number, "at_ns": at_ns, "state": state,
            "input_hash": self._hash,
            "hash": _hash(self._hash, self._machine, self.number, at_ns, state),
        }  # fmt: skip
        with self._database.begin() as connection:
            connection.execute(delete(SNAPSHOTS).where(SNAPSHOTS.c.machine == self._machine))
            connection.execute(insert(SNAPSHOTS), row)
            connection.execute(
                delete(INPUTS).where(
                    INPUTS.c.machine == self._machine, INPUTS.c.number <= self.number
                )
            )

    def _read_snapshot(self, connection: Connection) -> bytes | None:
        row = connection.execute(
            select(SNAPSHOTS).where(SNAPSHOTS.c.machine == self._machine)
        ).one_or_none()
        if row is None:
            return None
        hashed = _hash(row.input_hash, self._machine, row.number, row.at_ns, row.state)
        if hashed != row.hash:
            raise JournalError(f"snapshot of {self._machine}: changed since it was written")
        self.number, self._hash = row.number, row.input_hash
        state: bytes = row.state
        return state

    def _read_inputs(self, connection: Connection) -> list[tuple[Message, int]]:
        rows = connection.execute(
            select(INPUTS)
            .where(INPUTS.c.machine == self._machine, INPUTS.c.number > self.number)
            .order_by(INPUTS.c.number)
            .limit(ROWS)
        )
        found = []
        for row in rows:
            where = f"journal of {self._machine}, input {row.number}"
            if row.number != self.number + 1:
                raise JournalError(f"{where}: the one before it is missing")
            hashed = _hash(self._hash, self._machine, row.number, row.at_ns, row.message)
            if hashed != row.hash:
                raise JournalError(f"{where}: it, or one before it, was changed after writing")
            try:
                found.append((decode_message(row.message), row.at_ns))
            except msgspec.DecodeError as error:
                raise JournalError(f"{where}: no message of this version: {error}") from None
            self.number, self._hash = row.number, hashed
        return found


class StoreJournals(msgspec.Struct, frozen=True):
    """Opens journals in the machines' own processes; see `actors.ports.JournalFactory`."""

    url: str

    def __call__(self, machine: str) -> StoreJournal:
        """The journal of a durable machine."""
        return StoreJournal(Database(self.url), machine)


def _hash(before: bytes, machine: str, number: int, at_ns: int, data: bytes) -> bytes:
    fields = msgspec.msgpack.encode((before, machine, number, at_ns, data))
    return hashlib.sha256(fields).digest()
