"""Copies of the record: each in one file, checked, and safe on the disk before anybody relies on it."""

import contextlib
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from scheduler_daemon.model.record import now
from scheduler_daemon.store import files
from scheduler_daemon.store.connection import StoreDamaged

KEPT = 3
"""How many of the copies of each kind are kept; the older ones go."""
_BEFORE_STEPS = re.compile(r"state-v(\d+)-(\d{8}T\d{6}\.\d{3}Z)\.db")
_BEFORE_RESTORE = re.compile(r"before-restore-\d{8}T\d{6}\.\d{3}Z")


def stamp(instant: datetime) -> str:
    """An instant as the names of copies have it; no two are made within a millisecond."""
    return f"{instant:%Y%m%dT%H%M%S}.{instant.microsecond // 1000:03}Z"


def copy_record(source: sqlite3.Connection, target: Path) -> None:
    """Copy a record as it is this moment into one file, for its owner's eyes alone, in place of what was there.

    Others may go on writing to the record meanwhile; nobody waits for the copy. What of it is not whole has no name.

    Raises:
        StoreDamaged: when the record is not sound, so that its copy is not either.
        OSError, sqlite3.Error: when it cannot be read, or there is no room for it.
    """
    temporary = files.temporary(target)
    try:
        temporary.unlink(missing_ok=True)
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with contextlib.closing(sqlite3.connect(temporary, isolation_level=None)) as copy:
            source.backup(copy)
            # One file, whatever the source was: who moves it must not have to know of a second.
            copy.execute("PRAGMA journal_mode = DELETE")
            _check(source, copy)
        give_name(temporary, target)
    except BaseException:
        for left in (temporary, temporary.with_name(f"{temporary.name}-journal")):
            left.unlink(missing_ok=True)
        raise


def _check(source: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    versions = [each.execute("PRAGMA user_version").fetchone() for each in (source, copy)]
    findings = [finding for (finding,) in copy.execute("PRAGMA quick_check(1)")]
    if findings != ["ok"] or versions[0] != versions[1]:
        raise StoreDamaged(f"the record is damaged: {findings[0]}")


def give_name(temporary: Path, target: Path) -> None:
    """Give a finished file its name, both safe on the disk."""
    files.sync(temporary)
    temporary.replace(target)
    files.sync_directory(target.parent)


def keep_before_steps(source: sqlite3.Connection, folder: Path, version: int) -> Path:
    """Copy a record of this version to a folder, before steps change it; the oldest of such copies make room.

    Raises:
        StoreDamaged, OSError, sqlite3.Error: see ``copy_record``.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    for left in folder.glob(".state-v*.tmp*"):
        left.unlink(missing_ok=True)  # of a process that was killed
    kept = folder / f"state-v{version}-{stamp(now())}.db"
    copy_record(source, kept)
    for old in sorted(_named(folder, _BEFORE_STEPS), key=_when)[:-KEPT]:
        old.unlink(missing_ok=True)
    return kept


def newest_copy(folder: Path, version: int) -> Path | None:
    """The newest copy, made before steps or before a restore, of a record of this version or of an older one."""
    of_versions = [path for path in _named(folder, _BEFORE_STEPS) if _version(path) <= version]
    return max(of_versions, key=_when, default=None)


def place_before_restore(folder: Path) -> Path:
    """Where a record that is about to be replaced will be kept, with its JSON files."""
    return folder / f"before-restore-{stamp(now())}"


def forget_before_restores(folder: Path) -> None:
    """Remove all but the newest of what was kept before restores."""
    for old in sorted(_named(folder, _BEFORE_RESTORE))[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _named(folder: Path, pattern: re.Pattern[str]) -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        yield from (path for path in folder.iterdir() if pattern.fullmatch(path.name))


def _version(path: Path) -> int:
    found = _BEFORE_STEPS.fullmatch(path.name)
    return int(found[1]) if found else 0


def _when(path: Path) -> str:
    found = _BEFORE_STEPS.fullmatch(path.name)
    return found[2] if found else ""
