"""Opens the record: brought up to date, with a way back, or with word on why not and what to do."""

import shlex
import sqlite3
from pathlib import Path

from scheduler_daemon import __version__
from scheduler_daemon.home import Home
from scheduler_daemon.store.connection import Connection, StoreDamaged, StoreUnavailable, connect, unavailable
from scheduler_daemon.store.copies import keep_before_steps, newest_copy
from scheduler_daemon.store.migrations import LATEST, NewerRecord, StepFailed, migrate, version_of


class RecordUnusable(Exception):
    """The record cannot be used, and later it cannot either; the message says what to do."""


def open_record(path: Path) -> Connection:
    """Open the record of a home, make it if there is none, and bring it up to date.

    Before that it is copied to ``Home.backups``: steps without a way back are not begun.

    Raises:
        StoreUnavailable: when the file cannot be opened, copied, written or read now.
        RecordUnusable: when it is damaged, of a newer version, or a step failed on it.
    """
    home = Home(path.parent)
    try:
        connection = connect(path)
    except StoreDamaged as error:
        raise RecordUnusable(_damaged(home, str(error))) from error
    try:
        _bring_up_to_date(connection, path, home)
    except StoreDamaged as error:
        connection.close()
        raise RecordUnusable(_damaged(home, f"cannot use {path}: {error}")) from error
    except sqlite3.Error as error:
        connection.close()
        raise unavailable(f"cannot use {path}: {error}", error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up_to_date(connection: Connection, path: Path, home: Home) -> None:
    try:
        version = version_of(connection)
    except NewerRecord as error:
        raise RecordUnusable(_newer(home, path, error)) from error
    kept = None if version in (0, LATEST) else _kept(connection, path, home, version)
    try:
        migrate(connection)
    except StepFailed as error:
        if error.passing:
            problem = f"{path} cannot be brought up to date now: {error}. It is as it was"
            raise StoreUnavailable(f"{problem}; make room there, and start again") from error
        raise RecordUnusable(_failed(path, version, kept, error)) from error


def _kept(connection: Connection, path: Path, home: Home, version: int) -> Path:
    try:
        return keep_before_steps(connection, home.backups, version)
    except StoreDamaged:
        raise
    except (OSError, sqlite3.Error) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
        raise StoreUnavailable(
            f"{path} has version {version} and is to be brought to version {LATEST}, but the copy that is made of it "
            f"before cannot be written to {home.backups}: {problem}. Nothing was changed. "
            f"Make room there, {(path.stat().st_size >> 20) + 1} MiB at least, and start again"
        ) from error


def _newer(home: Home, path: Path, error: NewerRecord) -> str:
    said = (
        f"{path} has version {error.version}: a newer ccsched has brought it there, and this one, {__version__}, "
        f"knows versions up to {LATEST}. Nothing was changed. Install the newer ccsched again"
    )
    copy = newest_copy(home.backups, LATEST)
    if copy is None:
        return said
    return f"{said}; or go back to what was there before it, without what has happened since: {_restore(home, copy)}"


def _failed(path: Path, version: int, kept: Path | None, error: StepFailed) -> str:
    said = f"{path} cannot be brought up to date: {error}. It is as it was"
    if kept is None:
        return said
    return (
        f"{said}, of version {version}, and there is a copy of it: {kept}. "
        "Install the ccsched again that you had before, and start that"
    )


def _damaged(home: Home, problem: str) -> str:
    copy = newest_copy(home.backups, LATEST)
    file = "FILE, one that `ccsched backup` has written" if copy is None else shlex.quote(str(copy))
    return (
        f"{problem}. Put a backup in its place: {home.ccschedd('--restore')} {file}; or move {home.state_db} away, "
        "and what the JSON files beside it hold is taken in"
    )


def _restore(home: Home, copy: Path) -> str:
    return home.ccschedd("--restore", str(copy))
