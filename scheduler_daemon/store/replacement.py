"""A record that takes the place of the present one, which is kept.

A restore makes it ready beside the record while that is in use. It is put in place when no daemon uses the record, by
steps that can be taken again: whoever is killed between two of them leaves the rest to the next start. At any moment
the record is the old one or the new one, and whole.
"""

import contextlib
import os
import shutil
from pathlib import Path

from scheduler_daemon.home import Home
from scheduler_daemon.store import files
from scheduler_daemon.store.connection import StoreDamaged, StoreUnavailable, connect
from scheduler_daemon.store.copies import forget_before_restores, give_name, place_before_restore
from scheduler_daemon.store.rendering import FILES

RESTORED = "restored_from"
"""The note of a record that was restored, until what was under way in it has been let go: of when the backup is."""
_KEPT_AS = "kept-as"
"""Names the folder, in ``Home.backups``, to which the present record goes."""
RECORD = "state.db"
LOGS = "logs"


class Replacement:
    """A record that is made ready: ``state.db`` in one piece, and the logs that come with it."""

    def __init__(self, home: Home) -> None:
        """Begin with an empty folder, in place of one that was never finished.

        Raises:
            OSError: when there can be none.
        """
        self._home = home
        self._folder = _unfinished(home)
        shutil.rmtree(self._folder, ignore_errors=True)
        self.logs.mkdir(parents=True, mode=0o700)
        self.kept = place_before_restore(home.backups)
        """Where the present record will be kept."""

    @property
    def record(self) -> Path:
        """Where the record is made ready."""
        return self._folder / RECORD

    @property
    def logs(self) -> Path:
        """Where the logs are made ready."""
        return self._folder / LOGS

    def announce(self) -> None:
        """Have it put in place when the daemon starts next.

        Raises:
            OSError: when the disk does not take it; nothing is replaced then.
        """
        (self._folder / _KEPT_AS).write_text(self.kept.name)
        for path in (*self.logs.iterdir(), self._folder / _KEPT_AS, self.record):
            files.sync(path)
        for folder in (self.logs, self._folder):
            files.sync_directory(folder)
        shutil.rmtree(self._home.replacement, ignore_errors=True)
        self._folder.rename(self._home.replacement)
        files.sync_directory(self._home.path)

    def discard(self) -> None:
        """Leave everything as it is."""
        shutil.rmtree(self._folder, ignore_errors=True)


def put_in_place(home: Home) -> Path | None:
    """Replace the record by one that was announced, if any was.

    Called by who holds the home, before the record is open. Returns the folder in which the record that was there
    before is kept, with its JSON files; None if none was announced.

    Raises:
        StoreUnavailable, OSError: when that cannot be done now; to be called again.
    """
    shutil.rmtree(_unfinished(home), ignore_errors=True)
    folder = home.replacement
    try:
        kept = home.backups / (folder / _KEPT_AS).read_text()
    except FileNotFoundError:
        # None, or all is done but for the last of the folder.
        shutil.rmtree(folder, ignore_errors=True)
        return None
    if (folder / RECORD).exists():
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        _keep(home, kept)
        # What a person has edited in these was meant for the record that goes, and they are written anew.
        for name in FILES:
            with contextlib.suppress(FileNotFoundError):
                (home.path / name).replace(kept / name)
        files.sync_directory(kept)
        (folder / RECORD).replace(home.state_db)
        files.sync_directory(home.path)
    for log in (folder / LOGS).iterdir():
        # Of a run that is known here the log that is here is the whole one.
        if not (home.logs / log.name).exists():
            log.replace(home.logs / log.name)
    (folder / _KEPT_AS).unlink()
    shutil.rmtree(folder, ignore_errors=True)
    forget_before_restores(home.backups)
    return kept


def _unfinished(home: Home) -> Path:
    return files.temporary(home.replacement)


def _keep(home: Home, kept: Path) -> None:
    """Give the present record a second name, under which it stays when another takes its place."""
    record = home.state_db
    if not record.exists():
        return
    damaged = not _folded(record)
    if not (kept / RECORD).exists():
        _link(record, kept / RECORD)
        files.sync_directory(kept)
    # A log of what was written before would be taken for one of the new record.
    for suffix in ("-wal", "-shm"):
        beside = record.with_name(f"{record.name}{suffix}")
        if damaged and beside.exists():
            beside.replace(kept / beside.name)
        beside.unlink(missing_ok=True)


def _folded(record: Path) -> bool:
    """Have all of a record in its one file; False where it is damaged, so that nothing can be had from it."""
    try:
        with contextlib.closing(connect(record)) as connection:
            ((busy, _, _),) = connection.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    except StoreDamaged:
        return False
    if busy:
        raise StoreUnavailable(f"another program has {record} open; end that, and start again")
    return True


def _link(record: Path, kept: Path) -> None:
    try:
        os.link(record, kept)
    except OSError:
        # A file system without hard links.
        temporary = files.temporary(kept)
        shutil.copyfile(record, temporary)
        give_name(temporary, kept)
