"""Retention forgets what is beyond the limits, and nothing that somebody may still need."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from scheduler_daemon.engine.events import Changed, Deleted, Event, Events
from scheduler_daemon.engine.retention import AT_ONCE, TASKS_AT_ONCE, Retention
from scheduler_daemon.model.enums import RunStatus, SessionMode
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def log_path(run_id: UUID) -> str:
    """Where the log of a run is."""
    return f"/logs/run_{run_id}.log"


class Record:
    """A record, and what becomes of it."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path / "state.db")
        self.events = Events()
        self.heard: list[Event] = []
        self.events.subscribe(self.heard.append)
        self.asked = 0
        self.retention = Retention(self.store, self.events, lambda: NOW, log_path, self._ask)
        self.retention.start()
        self.job = Job(name="job", working_directory=JobWorkingDirectory(path="/job"))
        self.minutes = count()
        with self.store.transaction():
            self.store.jobs.put(self.job)
        self.keep(2)

    def _ask(self) -> None:
        self.asked += 1

    def keep(self, runs: int, days: int = 30) -> None:
        """Set how much is kept."""
        with self.store.transaction():
            self.store.put_settings(Settings(run_retention_count=runs, log_retention_days=days))

    def task(self, **more: Any) -> Task:
        """A task on record."""
        task = Task(job_id=self.job.id, name="task", command="x", **more)
        with self.store.transaction():
            self.store.tasks.put(task)
        return task

    def run(self, task: Task, status: RunStatus = RunStatus.SUCCESS, *, age: float = 1, **more: Any) -> Run:
        """A new run of a task that ended so many days ago, with a log."""
        ended = NOW - timedelta(days=age) + timedelta(minutes=next(self.minutes))
        run = Run(
            task_id=task.id,
            task_name=task.name,
            job_id=self.job.id,
            job_name=self.job.name,
            scheduled_time=ended,
            status=status,
            **{"end_time": ended if status.ended else None, **more},
        )
        run = run.model_copy(update={"log_path": more.get("log_path", log_path(run.id))})
        self.put(run)
        return run

    def put(self, run: Run) -> None:
        """Put a run on record."""
        with self.store.transaction():
            self.store.runs.put(run)

    def see(self, *runs: Run) -> None:
        """A person sees how runs have ended."""
        with self.store.transaction():
            self.store.runs.see([run.id for run in runs])

    def all_steps(self, old_logs: list[UUID] | None = None) -> list[UUID]:
        """Look at everything; the logs that are to be removed."""
        self.retention.begin(old_logs or [])
        return self.steps()

    def steps(self) -> list[UUID]:
        """Take the steps there are; the logs that are to be removed."""
        removable = []
        while (some := self.retention.step()) is not None:
            removable += some
        return removable

    def left(self, *runs: Run) -> list[int]:
        """Which of some runs are on record, by their place."""
        return [place for place, run in enumerate(runs) if self.store.runs.get(run.id)]


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """An empty record that keeps two runs of each task."""
    made = Record(tmp_path)
    yield made
    made.store.close()


def test_the_newest_runs_of_each_task_are_kept(record: Record) -> None:
    """Of each task so many as the settings say, or as it says itself; the logs of the others are to be removed."""
    tasks = [record.task(), record.task(run_retention_count=4), record.task()]
    runs = [[record.run(task) for _ in range(6)] for task in tasks]
    removed = record.all_steps()
    assert [record.left(*each) for each in runs] == [[4, 5], [2, 3, 4, 5], [4, 5]]
    gone = [*runs[0][:4], *runs[1][:2], *runs[2][:4]]
    assert sorted(removed) == sorted(run.id for run in gone)
    assert {event.id for event in record.heard if isinstance(event, Deleted)} == set(removed)


def test_what_has_not_ended_is_kept(record: Record) -> None:
    """However old a run is, it is not forgotten before its end."""
    task = record.task()
    runs = [record.run(task, status) for status in (RunStatus.UPCOMING, RunStatus.RUNNING, *[RunStatus.SUCCESS] * 4)]
    record.all_steps()
    assert record.left(*runs) == [0, 1, 4, 5]


def test_a_failure_is_kept_until_it_is_seen(record: Record) -> None:
    """It may be what a person is to be told of; others that did not succeed were their own doing."""
    task = record.task()
    failures = [record.run(task, RunStatus.FAILED) for _ in range(2)]
    cancelled = record.run(task, RunStatus.CANCELLED)
    rest = [record.run(task) for _ in range(2)]
    record.see(failures[1])
    record.all_steps()
    assert record.left(*failures, cancelled, *rest) == [0, 3, 4]
    assert record.store.runs.unseen([run.id for run in failures]) == [failures[0].id]
    record.see(failures[0])
    record.all_steps()
    assert record.left(*failures, *rest) == [2, 3]


def test_the_tries_of_one_due_time_are_kept_together(record: Record) -> None:
    """A run that was tried again is kept as long as the last of its tries, and they go together."""
    task = record.task()
    tries = [record.run(task, RunStatus.FAILED)]
    for _ in range(2):
        tries.append(record.run(task, RunStatus.FAILED, continues=tries[-1].id))
        record.put(tries[-2].model_copy(update={"continued_by": tries[-1].id}))
    record.see(*tries)
    record.run(task)
    record.all_steps()
    assert record.left(*tries) == [0, 1, 2]
    record.run(task)
    record.all_steps()
    assert record.left(*tries) == []


def test_the_first_try_keeps_those_after_it(record: Record) -> None:
    """A failure that nobody has seen is not to be understood without what became of it."""
    task = record.task()
    first = record.run(task, RunStatus.FAILED)
    second = record.run(task, continues=first.id)
    record.put(first.model_copy(update={"continued_by": second.id}))
    others = [record.run(task) for _ in range(3)]
    record.all_steps()
    assert record.left(first, second, *others) == [0, 1, 3, 4]


@pytest.mark.parametrize("field", ["resumes", "restarted_from"])
def test_what_a_kept_run_refers_to_is_kept(record: Record, field: str) -> None:
    """But not what that one refers to: a task whose runs all go on from the last one would keep them all."""
    task = record.task()
    runs = [record.run(task)]
    for _ in range(5):
        more: dict[str, Any] = {field: runs[-1].id}
        runs.append(record.run(task, **more))
    record.all_steps()
    assert record.left(*runs) == [3, 4, 5]


def test_a_sequence_under_way_is_kept(record: Record) -> None:
    """What has become of its first runs decides about the rest."""
    first, second = record.task(), record.task()
    sequence = uuid4()
    begun = record.run(first, sequence_id=sequence)
    waiting = record.run(second, RunStatus.UPCOMING, sequence_id=sequence)
    others = [record.run(first) for _ in range(3)]
    record.all_steps()
    assert record.left(begun, *others) == [0, 2, 3]
    record.put(waiting.model_copy(update={"status": RunStatus.SUCCESS, "end_time": NOW}))
    record.all_steps()
    assert record.left(begun, waiting, *others) == [1, 3, 4]


@pytest.mark.parametrize(("mode", "kept"), [(SessionMode.RESUME, [1, 3, 4]), (SessionMode.NEW, [3, 4])])
def test_the_session_to_go_on_with_is_kept(record: Record, mode: SessionMode, kept: list[int]) -> None:
    """The newest that a task has, if its next run is to go on with it."""
    task = record.task(session_mode=mode)
    sessions = ["one", "two", None, None, None]
    runs = [record.run(task, session_id=session) for session in sessions]
    record.all_steps()
    assert record.left(*runs) == kept


def test_logs_that_are_too_old_are_let_go(record: Record) -> None:
    """By the end of the run, which stays on record without it."""
    task = record.task(run_retention_count=10)
    old, newer = record.run(task, age=31), record.run(task, age=29)
    assert record.all_steps() == [old.id]
    assert record.store.runs.get(old.id) == old.model_copy(update={"log_path": None})
    assert record.store.runs.get(newer.id) == newer
    assert record.all_steps() == []


def test_a_failure_that_nobody_has_seen_keeps_its_log(record: Record) -> None:
    """However old it is; once it has been seen, its log is one like the others."""
    failure = record.run(record.task(), RunStatus.FAILED, age=300)
    assert record.all_steps() == []
    assert record.store.runs.get(failure.id) == failure
    record.see(failure)
    assert record.all_steps() == [failure.id]


def test_a_run_that_goes_on_keeps_its_log(record: Record) -> None:
    """Only an end can be too long ago."""
    run = record.run(record.task(), RunStatus.RUNNING, age=300)
    assert record.all_steps([run.id]) == []
    assert record.store.runs.get(run.id) == run


def test_a_log_that_lies_elsewhere_is_left_alone(record: Record) -> None:
    """It was taken over with its run, and is another program's."""
    task = record.task(run_retention_count=100)
    with record.store.transaction():
        elsewhere = [record.run(task, age=300, log_path="/elsewhere") for _ in range(AT_ONCE + 1)]
    own = record.run(task, age=299)
    assert record.all_steps() == [own.id]
    assert record.store.runs.get(elsewhere[0].id) == elsewhere[0]


def test_old_logs_of_no_run_are_removed(record: Record) -> None:
    """Those of runs that are gone, and of runs that have let go of theirs; others are somebody's."""
    task = record.task()
    owner = record.run(task, age=29)
    without = record.run(task, age=29, log_path=None)
    strays = [uuid4() for _ in range(2 * AT_ONCE)]
    assert record.all_steps([*strays, owner.id, without.id]) == [*strays, without.id]


def test_many_are_forgotten_a_few_at_a_time(record: Record) -> None:
    """Each step deletes or looks at no more than a few, and is one transaction at the most."""
    with record.store.transaction():
        task = record.task()
        others = [record.task() for _ in range(3 * TASKS_AT_ONCE)]
        for each in [*[task] * (3 * AT_ONCE + 2), *others]:
            record.run(each)
    commits: list[frozenset[str]] = []
    record.store.on_commit(commits.append)
    record.retention.begin([])
    sizes = []
    while (some := record.retention.step()) is not None:
        sizes.append(len(some))
        assert len(commits) <= 1
        commits.clear()
    assert max(sizes) == AT_ONCE
    assert sum(sizes) == 3 * AT_ONCE
    assert len(sizes) >= 3 + len(others) // TASKS_AT_ONCE


def test_a_task_is_looked_at_when_a_run_of_it_has_ended(record: Record) -> None:
    """That one alone, and at once, even where everything is being looked at."""
    task, other = record.task(), record.task()
    runs = [record.run(each) for each in (other, task, other, task, other, task)]
    record.events.tell(Changed("run", record.run(task, RunStatus.RUNNING)))
    assert (record.asked, record.retention.step()) == (0, None)
    record.retention.begin([])
    record.events.tell(Changed("run", runs[-1]))
    assert record.asked == 1
    assert record.retention.step() == [runs[1].id, runs[3].id]
    assert record.left(*runs) == [0, 2, 4, 5]
    record.steps()
    assert record.left(*runs) == [2, 4, 5]


def test_what_was_spent_long_ago_is_forgotten(record: Record) -> None:
    """It counts for a day."""
    with record.store.transaction():
        for hours in (25, 23):
            record.store.spending.add(uuid4(), record.job.id, None, 0.5, NOW - timedelta(hours=hours))
    record.all_steps()
    assert record.store.spending.since(NOW - timedelta(days=9), NOW) == [(NOW - timedelta(hours=23), 0.5)]


def test_that_a_failure_was_seen_changes_nothing_that_is_shown(record: Record) -> None:
    """No listener hears of it, so no file is written for it."""
    failure = record.run(record.task(), RunStatus.FAILED)
    commits: list[frozenset[str]] = []
    record.store.on_commit(commits.append)
    record.see(failure)
    assert commits == []
    record.put(failure)
    assert record.store.runs.unseen([failure.id]) == []
