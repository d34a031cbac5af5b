"""A record that any released version has written still opens, with everything in it."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from scheduler_daemon.model.enums import CommandType, JobStatus, Outcome, RunStatus, ScheduleType, Trigger
from scheduler_daemon.store.migrations import STEPS
from scheduler_daemon.store.store import Store
from tests.migration.conftest import OLD

NIGHT = datetime(2025, 6, 1, 2, tzinfo=UTC)


def an_id(number: int) -> UUID:
    """The ids in the old records, in the order the objects were made."""
    return UUID(f"{number:08x}-0000-4000-8000-000000000000")


def schema(path: Path) -> list[tuple[str, str]]:
    """All tables and indexes of a record."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()


def test_there_is_a_record_of_each_version() -> None:
    """A step that is added brings an old record to be tested with."""
    assert [path.stem for path in OLD] == [f"record_{number + 1}" for number in range(len(STEPS))]


def test_an_old_record_is_brought_up_to_date(record: Path, tmp_path: Path) -> None:
    """It ends sound, at the newest version, with the same tables as a new record."""
    Store(record).close()
    fresh = tmp_path / "fresh.db"
    Store(fresh).close()
    with closing(sqlite3.connect(record)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    assert schema(record) == schema(fresh)


def test_all_data_of_an_old_record_is_there(record: Path) -> None:
    """Every object is what it was."""
    with closing(Store(record)) as store:
        (job,) = store.jobs.all()
        assert (job.id, job.name, job.status) == (an_id(2), "nightly 'quoted' 🐈", JobStatus.COMPLETED)
        assert job.task_order == [an_id(4), an_id(3)]
        assert job.working_directory.use_git_worktree
        lint, types = store.tasks.all()
        assert (lint.command, lint.schedule.type) == ("fix\nall", ScheduleType.CALENDAR)
        assert lint.last_run_status is RunStatus.SUCCESS
        assert (types.command_type, types.enabled, types.time_limit) == (CommandType.SLASH_COMMAND, False, 60)
        (profile,) = store.profiles.all()
        assert [variable.name for variable in profile.env_vars] == ["A", "B"]
        assert profile.env_vars[1].config == {"timeout": 3}
        running, ended = store.runs.newest(10)
        assert (ended.outcome, ended.cost_usd, ended.duration) == (Outcome.DONE, 0.25, 1.5)
        assert (running.status, running.trigger) == (RunStatus.RUNNING, Trigger.SEQUENCE)
        assert [run.id for run in store.runs.sequence(an_id(7))] == [running.id]
        execution = store.runs.execution(running.id)
        assert execution is not None
        assert execution.supervisor_pid == 4711
        assert store.settings().max_concurrent_runs == 5
        assert [plan.next_due for plan in store.schedules.due(NIGHT)] == [NIGHT]
        assert store.written.all()["jobs.json"].digest == "0" * 64


def test_opening_twice_changes_nothing(record: Path) -> None:
    """An up-to-date record is left as it is."""
    Store(record).close()
    with closing(sqlite3.connect(record)) as connection:
        before = list(connection.iterdump())
    Store(record).close()
    with closing(sqlite3.connect(record)) as connection:
        assert list(connection.iterdump()) == before
