"""A record that is replaced: whoever is killed at whatever instruction, there is the old one or the new one."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from scheduler_daemon.home import Home
from scheduler_daemon.store.backup import back_up
from scheduler_daemon.store.replacement import put_in_place
from scheduler_daemon.store.restoration import make_ready
from scheduler_daemon.store.store import Store
from tests.integration.store.conftest import a_job

SYSTEM_CALLS = ("link", "rename", "replace", "unlink", "rmdir", "mkdir")
LOG = "run_00000001-0000-4000-8000-000000000000.log"


class Killed(BaseException):
    """The process is gone."""


def names(record: Path) -> list[str]:
    """The jobs on a record, found without us."""
    with closing(sqlite3.connect(f"file:{record}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [name for (name,) in connection.execute("SELECT name FROM jobs")]


def put(home: Home, name: str) -> None:
    """Have one job on record, and a file that shows something."""
    with closing(Store(home.state_db)) as store, store.transaction():
        for job in store.jobs.all():
            store.jobs.delete(job.id)
        store.jobs.put(a_job(name))
    (home.path / "jobs.json").write_text(name)


@pytest.fixture
def announced(tmp_path: Path) -> Home:
    """A home with a job `new`, for which a restore has made ready what it was with a job `old`."""
    home = Home(tmp_path / "home")
    home.logs.mkdir(parents=True)
    (home.logs / LOG).write_text("old")
    put(home, "old")
    back_up(home, tmp_path / "backup", logs=True)
    (home.logs / LOG).unlink()
    put(home, "new")
    make_ready(home, tmp_path / "backup").replacement.announce()
    return home


def dying(monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    """Be killed at a system call, counted from one."""
    left = iter(range(calls - 1))

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*arguments: Any, **named: Any) -> Any:
            if next(left, None) is None:
                raise Killed
            return call(*arguments, **named)

        return instead

    for name in SYSTEM_CALLS:
        monkeypatch.setattr(os, name, counted(getattr(os, name)))


def test_a_kill_at_any_instruction(announced: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next start has the restored record, and what was there before is kept with its JSON files, whole."""
    survived, seen = 0, set()
    for calls in range(1, 200):
        home = Home(tmp_path / f"home-{calls}")
        shutil.copytree(announced.path, home.path)
        with monkeypatch.context() as patched:
            dying(patched, calls)
            try:
                put_in_place(home)
            except Killed:
                survived += 1
            else:
                break
        seen.add(tuple(names(home.state_db)))
        put_in_place(home)
        assert names(home.state_db) == ["old"]
        (kept,) = home.backups.iterdir()
        assert names(kept / "state.db") == ["new"]
        assert (kept / "jobs.json").read_text() == "new"
        assert not (home.path / "jobs.json").exists()
        assert (home.logs / LOG).read_text() == "old"
        assert not home.replacement.exists()
        shutil.rmtree(home.path)
    assert survived > 10
    assert seen == {("new",), ("old",)}


def test_a_restore_that_was_cut_off_changes_nothing(
    announced: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was made ready in part is gone with the next start."""
    put_in_place(announced)
    put(announced, "newest")
    for calls in range(1, 5):
        with monkeypatch.context() as patched:
            dying(patched, calls)
            with pytest.raises(Killed):
                make_ready(announced, tmp_path / "backup").replacement.announce()
        assert put_in_place(announced) is None
        assert names(announced.state_db) == ["newest"]
    assert [path.name for path in announced.path.glob(".*")] == []


def test_the_newest_of_what_was_replaced_is_kept(announced: Home, tmp_path: Path) -> None:
    """Each in a folder of its own, also where restores follow one another within a second."""
    for number in range(5):
        put_in_place(announced)
        put(announced, f"after {number}")
        make_ready(announced, tmp_path / "backup").replacement.announce()
    put_in_place(announced)
    kept = [names(folder / "state.db") for folder in sorted(announced.backups.iterdir())]
    assert kept == [["after 2"], ["after 3"], ["after 4"]]


def test_a_file_system_without_hard_links(announced: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is copied instead."""

    def refuse(*_arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    kept = put_in_place(announced)
    assert kept is not None
    assert (names(announced.state_db), names(kept / "state.db")) == (["old"], ["new"])
