"""Makes a backup of a home: from a record that may be in use, into one file that is whole or not there."""

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from scheduler_daemon import __version__
from scheduler_daemon.home import Home
from scheduler_daemon.model.record import now
from scheduler_daemon.store import archive, files
from scheduler_daemon.store.connection import unavailable
from scheduler_daemon.store.copies import copy_record

_COUNTED = ("jobs", "tasks", "profiles", "runs")
_STATIC_SECRETS = """
    SELECT count(*) FROM profiles, json_each(profiles.doc, '$.env_vars') AS variable
    WHERE json_extract(variable.value, '$.source') = 'static'
        AND coalesce(json_extract(variable.value, '$.value'), '') <> ''
        AND NOT coalesce(json_extract(variable.value, '$.config.plain'), 0)
"""


class Refused(Exception):
    """There is to be no backup at that place; the message says why."""


class AlreadyThere(Refused):
    """A file is, which only ``force`` overwrites."""


@dataclass(frozen=True)
class Backup:
    """A backup that was made."""

    manifest: archive.Manifest
    size: int
    """Bytes."""
    counts: dict[str, int]
    """How many jobs, tasks, profiles, runs and logs are in it."""
    static_secrets: int
    """How many secrets are in it as they are; those of other sources are not."""


def back_up(home: Home, file: Path, *, logs: bool = False, force: bool = False) -> Backup:
    """Write a backup to a file, for its owner's eyes alone; with ``force`` also in the place of another file.

    The record may be in use: it is read as it is at one moment, and nobody waits for that. It may take long, so it is
    called in a thread.

    Raises:
        Refused, AlreadyThere: when something is in the way, or there is no record.
        StoreUnavailable: when the record cannot be read.
        OSError: when the disk does not take it.
    """
    file = file.resolve()  # a symbolic link stays one
    _check(file, force)
    workshop = files.temporary(file)
    shutil.rmtree(workshop, ignore_errors=True)
    try:
        workshop.mkdir(mode=0o700)
        copy = workshop / archive.RECORD
        created_at = now()
        version, counts, secrets = _copied(home, copy)
        manifest = archive.Manifest(
            format=archive.FORMAT, ccsched=__version__, record=version, created_at=created_at, home=str(home.path)
        )
        packed = workshop / "backup"
        descriptor = os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            counts["logs"] = archive.write(stream, manifest, copy, archive.run_logs(home.logs) if logs else ())
        size = packed.stat().st_size
        files.sync(packed)
        _publish(packed, file, force)
        files.sync_directory(file.parent)
    except OSError as error:
        raise OSError(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    return Backup(manifest, size, counts, secrets)


def _check(file: Path, force: bool) -> None:
    if file.is_dir():
        raise Refused(f"{file} is a directory; name a file in it")
    if file.exists() and not file.is_file():
        raise Refused(f"{file} is not a file; name another")
    if file.exists() and not force:
        raise _exists(file)
    if not file.parent.is_dir():
        raise Refused(f"there is no directory {file.parent}; make it first")


def _exists(file: Path) -> AlreadyThere:
    return AlreadyThere(f"{file} exists")


def _copied(home: Home, copy: Path) -> tuple[int, dict[str, int], int]:
    """Copy the record; its version, what is in it, and how many secrets."""
    if not home.state_db.exists():
        raise Refused(f"there is nothing to back up: {home.path} has no record")
    try:
        # A connection of our own: that of the daemon belongs to its loop.
        with closing(sqlite3.connect(f"file:{quote(str(home.state_db))}?mode=rw", uri=True)) as source:
            source.execute("PRAGMA busy_timeout = 5000")
            copy_record(source, copy)
        with closing(sqlite3.connect(copy)) as connection:
            ((version,),) = connection.execute("PRAGMA user_version")
            counts = {
                table: int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608  (our own words)
                for table in _COUNTED
            }
            ((secrets,),) = connection.execute(_STATIC_SECRETS)
    except sqlite3.Error as error:
        raise unavailable(f"the record cannot be copied: {error}", error) from error
    return int(version), counts, int(secrets)


def _publish(packed: Path, file: Path, force: bool) -> None:
    if force:
        packed.replace(file)
        return
    try:
        os.link(packed, file)  # unlike a rename, it never replaces
    except FileExistsError:
        raise _exists(file) from None
    except OSError:
        # A file system without hard links, such as that of a memory stick.
        if file.exists():
            raise _exists(file) from None
        packed.replace(file)
