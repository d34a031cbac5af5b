"""Before a record is brought up to date it is copied; whatever goes wrong, it is as it was, and the person told."""

import resource
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from scheduler_daemon.store import copies, migrations
from scheduler_daemon.store.connection import StoreUnavailable
from scheduler_daemon.store.migrations import LATEST, STEPS
from scheduler_daemon.store.opening import RecordUnusable
from scheduler_daemon.store.store import Store
from tests.migration.conftest import old_record


def dump(path: Path) -> tuple[int, list[str]]:
    """A record's version, and all that is in it."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0], list(connection.iterdump())


def kept(path: Path) -> list[Path]:
    """All that is in the folder of the copies."""
    return sorted((path.parent / "backups").glob("*")) + sorted((path.parent / "backups").glob(".*"))


def large(record: Path) -> Path:
    """A record of megabytes."""
    with closing(sqlite3.connect(record)) as connection:
        connection.execute("UPDATE jobs SET doc = json_set(doc, '$.description', ?)", ("x" * 3_000_000,))
        connection.commit()
    return record


@contextmanager
def full_beyond(limit: int) -> Iterator[None]:
    """Files may grow to so many bytes; a write beyond fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_record_is_copied_before_it_is_changed(record: Path) -> None:
    """One file, its owner's alone, with all that was there; a record that is up to date is not copied."""
    before = dump(record)
    for _ in range(2):
        Store(record).close()
    if before[0] == LATEST:
        assert kept(record) == []
        return
    (copy,) = kept(record)
    assert copy.name.startswith(f"state-v{before[0]}-")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert dump(copy) == before


def test_the_newest_copies_are_kept(tmp_path: Path) -> None:
    """Three of them, whatever version they are of; what else is in the folder is left alone."""
    folder = tmp_path / "backups"
    folder.mkdir()
    older = [folder / f"state-v{version}-2026010{day}T000000.000Z.db" for day, version in enumerate((9, 1, 1, 2), 1)]
    for path in [*older, folder / "mine.db", folder / ".state-v1-x.db.tmp"]:
        path.touch()
    record = old_record(1, tmp_path / "state.db")
    Store(record).close()
    assert {path.name for path in kept(record)} > {older[2].name, older[3].name, "mine.db"}
    assert len(kept(record)) == copies.KEPT + 1


@pytest.mark.parametrize("number", range(1, LATEST + 1))
def test_a_step_that_fails_leaves_the_record_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Also where steps before it went well; the message names the step, the copy and what to do."""
    version = max(number - 2, 0)
    record = tmp_path / "state.db"
    if version:
        old_record(version, record)
    else:
        sqlite3.connect(record).close()
    before = dump(record)
    broken = f"{STEPS[number - 1]} INSERT INTO nowhere VALUES (1);"
    monkeypatch.setattr(migrations, "STEPS", (*STEPS[: number - 1], broken, *STEPS[number:]))
    with pytest.raises(RecordUnusable, match=f"step {number} of {LATEST} failed: no such table: nowhere") as refused:
        Store(record)
    assert dump(record) == before
    if version:
        assert str(kept(record)[0]) in str(refused.value)
        assert "Install the ccsched again that you had before" in str(refused.value)
    monkeypatch.undo()
    Store(record).close()
    assert dump(record)[0] == LATEST


def test_without_room_for_the_copy_nothing_is_begun(tmp_path: Path) -> None:
    """The record is as it was, nothing half made is left, and the person is told how much room is wanted."""
    record = large(old_record(1, tmp_path / "state.db"))
    before = dump(record)
    words = r"Nothing was changed\. Make room there, 3 MiB"
    with full_beyond(1_000_000), pytest.raises(StoreUnavailable, match=words) as refused:
        Store(record)
    assert str(tmp_path / "backups") in str(refused.value)
    assert kept(record) == []
    assert dump(record) == before


def test_a_disk_that_fills_up_in_a_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is as it was, and with room again it is brought up to date."""
    record = large(old_record(LATEST - 1, tmp_path / "state.db"))
    before = dump(record)
    much = f"{STEPS[-1]} CREATE TABLE much AS SELECT doc || doc AS twice FROM jobs;"
    monkeypatch.setattr(migrations, "STEPS", (*STEPS[:-1], much))
    with full_beyond(record.stat().st_size + 4096), pytest.raises(StoreUnavailable, match="make room there"):
        Store(record)
    assert dump(record) == before
    Store(record).close()
    assert dump(record)[0] == LATEST


def test_an_older_ccsched_says_what_is_newer_and_how_to_go_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both versions, the record's path, and the command that restores the copy made before the newer one."""
    record = old_record(3, tmp_path / "state.db")
    Store(record).close()
    monkeypatch.setattr(migrations, "LATEST", 3)
    monkeypatch.setattr("scheduler_daemon.store.opening.LATEST", 3)
    (copy,) = kept(record)
    with pytest.raises(RecordUnusable) as refused:
        Store(record)
    said = str(refused.value)
    assert said.startswith(f"{record} has version {len(STEPS)}")
    assert "knows versions up to 3" in said
    assert said.endswith(f"ccschedd --home {tmp_path} --restore {copy}")
