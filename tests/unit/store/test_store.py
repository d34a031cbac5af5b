"""Every change of the record is one transaction, or none."""

import os
import resource
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler_daemon.model.enums import ScheduleType
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import ScheduleConfig, Task
from scheduler_daemon.store.connection import StoreUnavailable
from scheduler_daemon.store.migrations import STEPS
from scheduler_daemon.store.opening import RecordUnusable
from scheduler_daemon.store.schedules import Plan
from scheduler_daemon.store.store import Store

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


def a_job(name: str = "nightly") -> Job:
    """A job."""
    return Job(name=name, working_directory=JobWorkingDirectory(path="/tmp"))


def fill(store: Store) -> tuple[Job, Task, Run]:
    """A job with a planned task that has run once."""
    job = a_job()
    schedule = ScheduleConfig(type=ScheduleType.CALENDAR, cron_expression="0 2 * * *")
    task = Task(job_id=job.id, name="lint", command="go", schedule=schedule)
    run = Run(task_id=task.id, task_name="lint", job_id=job.id, job_name="nightly", scheduled_time=NOON)
    with store.transaction():
        store.jobs.put(job)
        store.tasks.put(task)
        store.runs.put(run)
        store.schedules.put(Plan(task.id, "0 2 * * *", NOON, NOON, NOON, NOON))
    return job, task, run


def test_everything_comes_back_after_a_restart(store: Store, tmp_path: Path) -> None:
    """What was put is the same when the file is opened again."""
    job, task, run = fill(store)
    profile, settings = Profile(name="work"), Settings(max_concurrent_runs=9)
    with store.transaction():
        store.profiles.put(profile)
        store.put_settings(settings)
    store.close()
    with closing(Store(tmp_path / "state.db")) as again:
        assert again.jobs.all() == [job]
        assert again.tasks.of_job(job.id) == [task]
        assert again.runs.newest(5, task_id=task.id) == [run]
        assert again.profiles.get(profile.id) == profile
        assert again.settings() == settings
        assert again.schedules.soonest(NOON - timedelta(seconds=1)) == NOON
        assert again.schedules.soonest(NOON) is None


def test_the_file_is_its_owners_alone(store: Store, tmp_path: Path) -> None:
    """Neither the record nor its log can be read by others, whatever the umask."""
    fill(store)
    for path in tmp_path.glob("state.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    """An exception inside undoes all of it, and no listener hears of it."""
    heard: list[frozenset[str]] = []
    store.on_commit(heard.append)
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.jobs.put(a_job())
        with store.transaction():
            store.profiles.put(Profile(name="inner"))
        _ = 1 / 0
    assert store.empty()
    assert heard == []
    fill(store)
    assert len(heard) == 1


def test_a_task_without_a_job_is_not_remembered(store: Store) -> None:
    """The record refuses what would belong to nothing, and all that came with it."""
    with pytest.raises(StoreUnavailable, match="FOREIGN KEY"), store.transaction():
        store.profiles.put(Profile(name="with it"))
        store.tasks.put(Task(job_id=a_job().id, name="lint", command="go"))
    assert store.empty()


def test_listeners_hear_what_may_have_changed(store: Store) -> None:
    """A put names its table, a deletion all that may lose rows by it, and reading none."""
    job, task, _ = fill(store)
    heard: list[frozenset[str]] = []
    store.on_commit(heard.append)
    with store.transaction():
        store.jobs.put(job)
    with store.transaction():
        store.jobs.all()
    with store.transaction():
        store.tasks.delete(task.id)
    assert heard == [frozenset({"jobs"}), frozenset({"tasks", "runs", "schedules", "skipped", "watches"})]


def test_a_job_goes_with_all_that_is_its(store: Store) -> None:
    """A deleted job leaves no task, no run and no plan behind."""
    job, *_ = fill(store)
    with store.transaction():
        store.jobs.delete(job.id)
    assert (store.tasks.count(), store.runs.count(), store.schedules.all()) == (0, 0, [])


def test_a_put_keeps_the_place_and_what_belongs_to_it(store: Store) -> None:
    """A changed job stays where it was among the others, and keeps its tasks."""
    job, task, _ = fill(store)
    with store.transaction():
        store.jobs.put(a_job("second"))
        store.jobs.put(job.model_copy(update={"name": "renamed"}))
    assert [kept.name for kept in store.jobs.all()] == ["renamed", "second"]
    assert store.tasks.all() == [task]


def test_a_write_outside_a_transaction_is_a_mistake(store: Store) -> None:
    """Nothing is written by accident."""
    with pytest.raises(AssertionError):
        store.jobs.put(a_job())


def test_objects_are_found_as_a_person_names_them(store: Store) -> None:
    """By whole id in any case, by a prefix of at least four characters, or by the exact name."""
    jobs = [a_job("nightly"), a_job("nightly"), a_job("abcd"), a_job("50% *?[a]")]
    with store.transaction():
        for job in jobs:
            store.jobs.put(job)
    first = str(jobs[0].id)
    assert store.jobs.matching(first) == store.jobs.matching(f" {first.upper()} ") == [jobs[0]]
    assert store.jobs.matching(first[:13]) == [jobs[0]]
    assert store.jobs.matching(first[:3]) == []
    assert store.jobs.matching("nightly") == jobs[:2]
    assert store.jobs.matching("abcd") == [jobs[2]]
    assert store.jobs.matching("50% *?[a]") == [jobs[3]]
    assert store.jobs.matching("Nightly") == store.jobs.matching("night") == store.jobs.matching("") == []
    assert store.jobs.matching("****") == store.jobs.matching("????") == []


def test_a_prefix_of_two_ids_means_both(store: Store) -> None:
    """An ambiguous prefix finds all it may mean."""
    first = a_job()
    second = first.model_copy(update={"id": type(first.id)(int=first.id.int ^ 1)})
    with store.transaction():
        store.jobs.put(first)
        store.jobs.put(second)
    assert store.jobs.matching(str(first.id)[:20]) == [first, second]
    assert store.jobs.matching(str(second.id)) == [second]


def test_runs_have_no_names_of_their_own(store: Store) -> None:
    """A run is found by its id, not by the name of its task."""
    _, _, run = fill(store)
    assert store.runs.matching("lint") == []
    assert store.runs.matching(str(run.id)[:8]) == [run]


def test_the_newest_runs_as_stored_are_the_runs(store: Store) -> None:
    """The stored texts say exactly what the objects say, newest first."""
    job, task, _ = fill(store)
    with store.transaction():
        for hour in range(5):
            store.runs.put(
                Run(
                    task_id=task.id,
                    task_name='"\n🐈',
                    job_id=job.id,
                    job_name="nightly",
                    scheduled_time=NOON + timedelta(hours=hour),
                )
            )
    texts = list(store.runs.newest_documents(3))
    assert [Run.model_validate_json(text) for text in texts] == store.runs.newest(3)
    assert all("\n" not in text for text in texts)


@pytest.mark.parametrize("content", [b"this is no database, but long enough to be taken for one" * 50])
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, content: bytes) -> None:
    """A damaged record is not written over; the message names the file."""
    path = tmp_path / "state.db"
    path.write_bytes(content)
    with pytest.raises(RecordUnusable, match=r"state\.db"):
        Store(path)
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A record is not made just anywhere."""
    with pytest.raises(StoreUnavailable, match=r"gone/state\.db"):
        Store(tmp_path / "gone" / "state.db")


def test_a_newer_record_is_refused(store: Store, tmp_path: Path) -> None:
    """A record of a later version is left alone, and the person told to install that again."""
    store.close()
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    with pytest.raises(RecordUnusable, match="Install the newer ccsched again"):
        Store(path)


def full_disk(limit: int) -> Callable[[], None]:
    """Files may grow to ``limit`` bytes; a write beyond fails, as on a full disk. Returns the way back."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_at_the_start_is_refused(tmp_path: Path) -> None:
    """A record that cannot be made is reported, not half made."""
    again = full_disk(0)
    try:
        with pytest.raises(StoreUnavailable, match=r"state\.db"):
            Store(tmp_path / "state.db")
    finally:
        again()
    with closing(Store(tmp_path / "state.db")) as store:
        fill(store)


def test_a_full_disk_undoes_the_transaction(store: Store) -> None:
    """When the disk is full, nothing of a change is remembered; when it is not any more, all works again."""
    job, _, _ = fill(store)
    again = full_disk(0)
    try:
        with pytest.raises(StoreUnavailable, match="cannot be written"), store.transaction():
            store.jobs.put(a_job("lost"))
    finally:
        again()
    assert store.jobs.all() == [job]
    with store.transaction():
        store.jobs.put(a_job("kept"))
    assert [kept.name for kept in store.jobs.all()] == ["nightly", "kept"]


READ_ONLY = """
import ctypes, os, sys
if os.geteuid() == 0:
    # Root is above file modes by two capabilities; given away, they are gone after the next exec.
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is None or prctl(24, 1, 0, 0, 0) or prctl(24, 2, 0, 0, 0):
        sys.exit(77)
os.execv(sys.executable, [sys.executable, "-c", '''
import sys
from pathlib import Path
from scheduler_daemon.store.connection import StoreUnavailable
from scheduler_daemon.store.store import Store
try:
    Store(Path(sys.argv[1]))
except StoreUnavailable as error:
    sys.exit(f"refused: {error}")
''', sys.argv[1]])
"""


@pytest.mark.parametrize("there", [False, True], ids=["new record", "old record"])
def test_a_read_only_folder_is_refused(tmp_path: Path, there: bool) -> None:
    """A home that cannot be written is reported with the record's path, whether there is a record or not."""
    path = tmp_path / "home" / "state.db"
    path.parent.mkdir()
    if there:
        Store(path).close()
        path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        result = subprocess.run(
            [sys.executable, "-c", READ_ONLY, path],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
    finally:
        path.parent.chmod(0o700)
    if result.returncode == 77:
        pytest.skip("root may write anywhere here")
    assert result.stderr.startswith("refused: ")
    assert str(path) in result.stderr
