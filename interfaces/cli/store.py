"""The store that a command works on."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from interfaces.cli.say import EXIT_BAD_INPUT, complain
from interfaces.store.database import Database, StoreError


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """The database of this URL with all its tables; ends the command where it cannot be opened."""
    try:
        database = Database(url)
        database.create_all()
    except StoreError as error:
        complain(str(error))
        raise typer.Exit(EXIT_BAD_INPUT) from None
    try:
        yield database
    finally:
        database.close()
