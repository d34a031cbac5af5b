"""The record: every change is one transaction, in the order things happened."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from scheduler_daemon.model.settings import Settings
from scheduler_daemon.store.connection import StoreUnavailable
from scheduler_daemon.store.limits import Limits, Spending
from scheduler_daemon.store.notes import Notes
from scheduler_daemon.store.opening import open_record
from scheduler_daemon.store.schedules import Schedules
from scheduler_daemon.store.skipped import SkippedTimes
from scheduler_daemon.store.tables import Jobs, Profiles, Runs, Tasks
from scheduler_daemon.store.watches import Watches
from scheduler_daemon.store.written import WrittenFiles


class Store:
    """The SQLite record of one home. Used by one thread."""

    def __init__(self, path: Path) -> None:
        """Open the record, make it if there is none, and bring it up to date, with a copy beside it.

        Raises:
            StoreUnavailable: when the file cannot be opened, copied, written or read now.
            RecordUnusable: when it is damaged, of a newer version, or cannot be brought up to date.
        """
        self._touched: set[str] | None = None
        self._listeners: list[Callable[[frozenset[str]], None]] = []
        self._connection = open_record(path)
        self.jobs = Jobs(self._connection, self._writing)
        self.tasks = Tasks(self._connection, self._writing)
        self.runs = Runs(self._connection, self._writing)
        self.profiles = Profiles(self._connection, self._writing)
        self.schedules = Schedules(self._connection, self._writing)
        self.skipped = SkippedTimes(self._connection, self._writing)
        self.watches = Watches(self._connection, self._writing)
        self.limits = Limits(self._connection, self._writing)
        self.spending = Spending(self._connection, self._writing)
        self.notes = Notes(self._connection, self._writing)
        self.written = WrittenFiles(self._connection, self._writing)

    def close(self) -> None:
        """Give the file back, with the write-ahead log folded into it."""
        self._connection.close()

    def on_commit(self, listener: Callable[[frozenset[str]], None]) -> None:
        """Call ``listener`` after each commit with the names of the tables it may have changed."""
        self._listeners.append(listener)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All the writes inside, or none of them; inside another transaction, a part of that one.

        Raises:
            StoreUnavailable: when the disk does not take it. Nothing of it is remembered then.
        """
        if self._touched is not None:
            yield
            return
        self._touched = set()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
            touched = frozenset(self._touched)
        except BaseException:
            self._connection.known.clear()
            raise
        finally:
            self._touched = None
            if self._connection.in_transaction:
                # A rollback can fail only where SQLite has rolled back by itself (a full disk).
                with contextlib.suppress(StoreUnavailable):
                    self._connection.execute("ROLLBACK")
        if touched:
            for listener in self._listeners:
                listener(touched)

    def _writing(self, *tables: str) -> None:
        if self._touched is None:
            raise AssertionError("the record is written only in a transaction")
        self._touched |= set(tables)

    def empty(self) -> bool:
        """Whether nothing has ever been remembered here."""
        tables = (self.jobs, self.tasks, self.runs, self.profiles)
        settings = self._connection.rows("SELECT doc FROM settings")
        return not (any(table.count() for table in tables) or settings or self.written.all())

    def settings(self) -> Settings:
        """What a person has set, or the defaults."""
        rows = self._connection.rows("SELECT doc FROM settings")
        return Settings.model_validate_json(rows[0][0]) if rows else Settings()

    def put_settings(self, settings: Settings) -> None:
        """Remember the settings."""
        self._writing("settings")
        self._connection.execute(
            "INSERT INTO settings (id, doc) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc",
            (settings.model_dump_json(),),
        )
