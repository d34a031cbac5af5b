"""What has left comes in again as it was, for whatever jobs and tasks there are."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler_daemon.exchange.export import document
from scheduler_daemon.exchange.incoming import read
from scheduler_daemon.model.enums import (
    CommandType,
    IntervalType,
    JobStatus,
    Missed,
    Overlap,
    Permissions,
    RunStatus,
    ScheduleType,
    SessionMode,
)
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.record import now
from scheduler_daemon.model.task import NotificationConfig, RetryConfig, ScheduleConfig, Task, VerifyConfig

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
NAMES = TEXTS.filter(lambda text: bool(text.strip()))
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
PROFILES = [Profile(name="work"), Profile(name="spare key")]
USED = st.sampled_from([None, *(profile.id for profile in PROFILES)])

MOST = 7 * 86400
USD = st.none() | st.floats(0, 1_000_000, exclude_min=True)
ZONES = st.none() | st.just("UTC")
SCHEDULES = st.one_of(
    st.builds(ScheduleConfig, type=st.sampled_from([ScheduleType.MANUAL, ScheduleType.SEQUENTIAL]), timezone=ZONES),
    st.builds(
        ScheduleConfig,
        type=st.just(ScheduleType.INTERVAL),
        interval_value=st.integers(1, 1_000_000),
        interval_type=st.sampled_from(IntervalType),
    ),
    st.builds(ScheduleConfig, type=st.just(ScheduleType.CALENDAR), cron_expression=TEXTS, timezone=ZONES),
    st.builds(
        ScheduleConfig,
        type=st.just(ScheduleType.FILE_WATCH),
        watch_path=TEXTS,
        watch_patterns=st.lists(TEXTS, max_size=2),
        watch_recursive=st.none() | st.booleans(),
        watch_debounce=st.none() | st.floats(0, 3600),
        watch_max_wait=st.none() | st.floats(0, 86400),
    ),
)
DIRECTORIES = st.builds(
    JobWorkingDirectory,
    path=TEXTS.filter(bool),
    use_git_worktree=st.booleans(),
    worktree_name=st.none() | TEXTS,
    worktree_branch=TEXTS,
)
JOB_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "id": st.uuids(),
    "name": NAMES,
    "description": TEXTS,
    "status": st.sampled_from(JobStatus),
    "profile": USED,
    "working_directory": DIRECTORIES,
    "task_order": st.just([]),
    "overlap": st.sampled_from(Overlap),
    "max_usd_per_day": USD,
    "created_at": INSTANTS,
    "updated_at": INSTANTS,
}
TASK_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "id": st.uuids(),
    "job_id": st.uuids(),
    "name": NAMES,
    "enabled": st.booleans(),
    "model": st.sampled_from(["sonnet", "claude-opus-9"]),
    "profile": USED,
    "schedule": SCHEDULES,
    "command_type": st.sampled_from(CommandType),
    "command": NAMES,
    "permissions": st.sampled_from(Permissions),
    "session_mode": st.sampled_from(SessionMode),
    "allowed_tools": st.lists(TEXTS, max_size=2),
    "disallowed_tools": st.lists(TEXTS, max_size=2),
    "retry": st.builds(
        RetryConfig,
        max_retries=st.integers(0, 100),
        retry_delay=st.integers(0, MOST),
        max_retry_delay=st.integers(0, MOST),
    ),
    "notifications": st.builds(NotificationConfig, on_success=st.booleans(), on_failure=st.booleans()),
    "created_at": INSTANTS,
    "updated_at": INSTANTS,
    "last_run_status": st.none() | st.sampled_from(RunStatus),
    "commit_on_success": st.booleans(),
    "time_limit": st.none() | st.integers(1, MOST),
    "max_turns": st.none() | st.integers(1, 100_000),
    "max_budget_usd": USD,
    "verify": st.builds(
        VerifyConfig,
        command=st.none() | NAMES,
        time_limit=st.integers(1, MOST),
        max_fix_rounds=st.integers(0, 20),
    ),
    "wait_for_limit": st.booleans(),
    "max_limit_wait": st.none() | st.integers(0, 31 * 86400),
    "stall_after": st.none() | st.integers(1, MOST),
    "stop_when_stalled": st.booleans(),
    "run_retention_count": st.none() | st.integers(1, 1_000_000),
    "missed": st.sampled_from(Missed),
    "missed_within": st.integers(60, 366 * 86400),
    "overlap": st.none() | st.sampled_from(Overlap),
    "jitter": st.integers(0, 86400),
    "running_hours": st.none() | st.just("22:00-06:00"),
}
JOBS = st.builds(Job, **JOB_FIELDS)
TASKS = st.builds(Task, **TASK_FIELDS)


def test_every_field_is_tried() -> None:
    """A field that is added to a model has to make the journey below, too."""
    assert JOB_FIELDS.keys() == Job.model_fields.keys()
    assert TASK_FIELDS.keys() == Task.model_fields.keys()


@st.composite
def jobs_with_tasks(draw: st.DrawFn) -> tuple[list[Job], list[Task]]:
    jobs, tasks = [], []
    for job in draw(st.lists(JOBS, max_size=2, unique_by=lambda each: each.id)):
        drawn = draw(st.lists(TASKS, max_size=2, unique_by=lambda each: each.id))
        own = [task.model_copy(update={"job_id": job.id}) for task in drawn]
        jobs.append(job.model_copy(update={"task_order": [task.id for task in draw(st.permutations(own))]}))
        tasks += own
    return jobs, tasks


def without(record: Job | Task, ids: dict[UUID, int]) -> dict[str, Any]:
    """What must be the same afterwards; ids are replaced by the positions of what they name."""
    fields: dict[str, Any] = record.to_dict()
    for field in ("created_at", "updated_at", "status", "last_run_status"):
        fields.pop(field, None)
    fields["id"] = ids[record.id]
    if isinstance(record, Task):
        fields["job_id"] = ids[record.job_id]
    else:
        fields["task_order"] = [ids[id_] for id_ in record.task_order]
    return fields


@settings(max_examples=60)
@given(jobs_with_tasks(), st.none() | st.integers(1, 4))
def test_what_leaves_comes_in_again(people: tuple[list[Job], list[Task]], indent: int | None) -> None:
    """Jobs and tasks are equal but for ids and times, and nothing need be said of it."""
    jobs, tasks = people
    exported = document(jobs, tasks, PROFILES, now())
    ordered = [next(task for task in tasks if str(task.id) == row["id"]) for row in exported["tasks"]]
    before = now()
    incoming = read("x.json", json.dumps(exported, indent=indent).encode(), PROFILES)
    made: list[Job | Task] = [*incoming.jobs, *incoming.tasks]
    left: list[Job | Task] = [*jobs, *ordered]
    old = {record.id: place for place, record in enumerate(left)}
    new = {record.id: place for place, record in enumerate(made)}
    assert [without(job, new) for job in incoming.jobs] == [without(job, old) for job in jobs]
    assert [without(task, new) for task in incoming.tasks] == [without(task, old) for task in ordered]
    assert not set(old) & set(new)
    assert len(new) == len(old)
    assert incoming.notes == []
    for record in made:
        assert record.created_at == record.updated_at
        assert timedelta() <= record.created_at - before < timedelta(minutes=1)
    assert {job.status for job in incoming.jobs} <= {JobStatus.PENDING}
    assert {task.last_run_status for task in incoming.tasks} <= {None}
