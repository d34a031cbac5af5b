"""SQLite, with what goes wrong told in one way."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID


class StoreUnavailable(Exception):
    """The record cannot be read or written now: a full or read-only disk, or a damaged file."""


class StoreDamaged(StoreUnavailable):
    """The file is no sound record, and waiting does not make it one."""


_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def unavailable(message: str, error: sqlite3.Error) -> StoreUnavailable:
    """What SQLite had to say, as the exception that says whether the file is damaged."""
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the extended codes have more above
    return (StoreDamaged if primary in _DAMAGE else StoreUnavailable)(message)


class Connection(sqlite3.Connection):
    """A connection whose statements raise ``StoreUnavailable`` for whatever SQLite has to say."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """See ``sqlite3.connect``."""
        super().__init__(*arguments, **named)
        self.known: dict[tuple[str, UUID], Any] = {}
        """Objects as they are on record, by table and id: most are read far more often than they change."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """See ``sqlite3.Connection.execute``."""
        try:
            return super().execute(*arguments)
        except sqlite3.Error as error:
            raise unavailable(f"the record cannot be written: {error}", error) from error

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """All rows of a query."""
        try:
            return super().execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise unavailable(f"the record cannot be read: {error}", error) from error

    def each(self, statement: str, values: Sequence[object] = ()) -> Iterator[Any]:
        """The rows of a query one at a time: all of them together may be large."""
        try:
            yield from super().execute(statement, values)
        except sqlite3.Error as error:
            raise unavailable(f"the record cannot be read: {error}", error) from error


def connect(path: Path) -> Connection:
    """Open the record, or make an empty one that is its user's alone.

    Raises:
        StoreUnavailable: when the file cannot be opened, written or read as a record.
    """
    try:
        # The file is made by us first, for SQLite would give it the umask's mode.
        path.touch(mode=0o600)
        connection = sqlite3.connect(path, isolation_level=None, factory=Connection)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(f"cannot open {path}: {error}") from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA busy_timeout = 5000")
    except StoreUnavailable as error:
        connection.close()
        raise type(error)(f"cannot use {path}: {error.__cause__}") from error
    return connection
