"""Makes a backup ready to take the place of the record: looked through whole before anything is changed."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import RunStatus
from scheduler_daemon.model.record import instant_text, now
from scheduler_daemon.store import archive
from scheduler_daemon.store.archive import Manifest, NoBackup
from scheduler_daemon.store.connection import StoreDamaged, connect
from scheduler_daemon.store.migrations import STEPS, NewerRecord, StepFailed, migrate, version_of
from scheduler_daemon.store.opening import RecordUnusable
from scheduler_daemon.store.replacement import RESTORED, Replacement
from scheduler_daemon.store.store import Store
from scheduler_daemon.store.tables import Table


@dataclass(frozen=True)
class Contents:
    """What a backup holds."""

    manifest: Manifest | None
    """None for a plain SQLite file."""
    made_at: datetime
    """When it was made; of a plain SQLite file, when that was last written."""
    version: int
    """Of its record, before it was brought up to date."""
    counts: dict[str, int]
    """How many jobs, tasks, profiles, runs and logs are in it."""
    unfinished: int
    """How many of the runs had not ended."""


@dataclass(frozen=True)
class Restoration:
    """A backup that can be put in place."""

    contents: Contents
    replacement: Replacement


def make_ready(home: Home, file: Path, *, catch_up: bool = False) -> Restoration:
    """Unpack a backup beside the record and look through all of it; what is there already is not touched.

    Unless it is to ``catch_up``, what was under way in it or became due since is not started when it is in place: it
    may have been done since. May take long, so it is called in a thread.

    Raises:
        NoBackup: when it cannot be restored, and why.
        StoreUnavailable, OSError: when it cannot be read, or the disk does not take it.
    """
    replacement = Replacement(home)
    try:
        manifest = archive.unpack(file, replacement.record, replacement.logs)
        made_at = manifest.created_at if manifest else _written(file)
        try:
            version = _up_to_date(replacement.record)
            with closing(Store(replacement.record)) as store:
                contents = Contents(manifest, made_at, version, *_looked_through(store, replacement))
                if not catch_up:
                    _let_go(store, made_at)
        except NewerRecord as error:
            by = f" by ccsched {manifest.ccsched}" if manifest else ""
            raise NoBackup(
                f"{file} was made{by} for a newer version of ccsched: {error}; install that first"
            ) from error
        except (StoreDamaged, StepFailed, RecordUnusable) as error:
            raise NoBackup(f"{file}: {error}") from error
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(str(part) for part in problem["loc"])
            raise NoBackup(
                f"{file}: a {error.title.lower()} in it cannot be read: {where}: {problem['msg']}"
            ) from error
        except ValueError as error:
            raise NoBackup(f"{file}: its record cannot be read: {error}") from error
    except BaseException:
        replacement.discard()
        raise
    return Restoration(contents, replacement)


def _written(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, now().tzinfo)


def _up_to_date(record: Path) -> int:
    """See that a file is a sound record of ours, and bring it up to date; returns the version it had."""
    with closing(connect(record)) as connection:
        findings = connection.rows("PRAGMA quick_check(1)")
        if findings != [("ok",)]:
            raise StoreDamaged(f"its record is damaged: {findings[0][0]}")
        version = version_of(connection)
        if version == 0 or _schema(connection) != _schema_of(version):
            raise StoreDamaged("it is an SQLite file, but no record of ccsched")
        migrate(connection)
        if orphans := connection.rows("PRAGMA foreign_key_check"):
            raise StoreDamaged(f"its record is damaged: a row of {orphans[0][0]} belongs to nothing")
    return version


def _schema(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    return connection.execute(
        "SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY name"
    ).fetchall()


@cache
def _schema_of(version: int) -> list[tuple[str, str, str]]:
    """The schema of a record of this version."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for step in STEPS[:version]:
            connection.executescript(step)
        return _schema(connection)


def _looked_through(store: Store, replacement: Replacement) -> tuple[dict[str, int], int]:
    """Read every object; how many there are, and how many of the runs have not ended."""
    counts = {table.name: _read(table) for table in (store.jobs, store.tasks, store.profiles, store.runs)}
    counts["logs"] = sum(1 for _ in replacement.logs.iterdir())
    unfinished = store.runs.unfinished()
    for run in unfinished:
        if run.status is RunStatus.RUNNING:
            store.runs.execution(run.id)
    store.settings()
    store.limits.all()
    store.schedules.all()
    return counts, len(unfinished)


def _read(table: Table[Any]) -> int:
    # One by one, for all of them may be large.
    ids = table.order()
    for id_ in ids:
        table.get(UUID(id_))
    return len(ids)


def _let_go(store: Store, made_at: datetime) -> None:
    with store.transaction():
        store.notes.put(RESTORED, instant_text(made_at))
        for task in store.tasks.each():
            store.watches.delete(task.id)  # what has changed since is no news
