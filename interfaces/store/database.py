"""The one database of a gate: a SQLite file, or another server by its URL (SQLAlchemy Core).

Each table stands in a file of its own beside this one and is declared on `metadata`. What a
transaction has committed is on the disk: SQLite writes ahead (WAL) and waits for the disk at each
commit (synchronous=FULL). One writer works at a time; others wait for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

BUSY_S = 10.0
"""So long a writer waits for another one [ours]; each transaction takes milliseconds."""
BACKENDS = ("sqlite", "postgresql")

metadata = MetaData()
"""All tables of the gate; a table is created once its file has been imported."""


class StoreError(RuntimeError):
    """The database cannot be used: which, and why."""


def file_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return URL.create("sqlite", database=str(path.absolute())).render_as_string()


class Database:
    """A gate's database; may be used by all threads of a process, and by many processes.

    Raises:
        StoreError: the URL is none of a database that the gate can use.
    """

    def __init__(self, url: str) -> None:
        try:
            self._url = make_url(url)
            backend = self._url.get_backend_name()
        except ArgumentError:
            raise StoreError(
                f"store: given {url[:200]!r}, allowed: a URL such as sqlite:////var/lib/gate.sqlite"
            ) from None
        if backend not in BACKENDS:
            allowed = ", ".join(f"{name}://" for name in BACKENDS)
            raise StoreError(f"store: given {self.shown}, allowed: {allowed}")
        try:
            self.engine = create_engine(self._url)
        except (ImportError, NoSuchModuleError) as error:
            raise StoreError(f"store: {self.shown}: {error}; install the driver") from None
        if backend == "sqlite":
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_writing)

    @property
    def url(self) -> str:
        """The URL, with its password if it has one: not for people or logs."""
        return self._url.render_as_string(hide_password=False)

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return self._url.render_as_string(hide_password=True)

    def create_all(self) -> None:
        """Create the tables that are not there yet.

        Raises:
            StoreError: the database cannot be reached, or written.
        """
        try:
            metadata.create_all(self.engine)
        except SQLAlchemyError as error:
            raise StoreError(f"store: {self.shown}: {error.__cause__ or error}") from None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction: committed at the end of the block, rolled back if it raises."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and waits for nobody who writes."""
        with self.engine.connect().execution_options(reads_only=True) as connection:
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_writing` says
    for pragma in (
        f"busy_timeout = {round(BUSY_S * 1000)}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_writing(connection: Connection) -> None:
    # A transaction that reads first and writes later may find that another has written meanwhile,
    # and fails at once, whatever the time-out: so each takes its turn as a writer from its start.
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
