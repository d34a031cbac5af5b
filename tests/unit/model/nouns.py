"""Any object of the model that there can be, for hypothesis to choose from."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import JsonValue

from scheduler_daemon.model.enums import (
    CommandType,
    EnvVarSource,
    IntervalType,
    JobStatus,
    Missed,
    Outcome,
    Overlap,
    Permissions,
    RunStatus,
    ScheduleType,
    SessionMode,
    Trigger,
)
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.limits import AccountLimits, UsageWindow
from scheduler_daemon.model.profile import MASK, EnvVar, Profile
from scheduler_daemon.model.record import Record
from scheduler_daemon.model.run import Run, VerifyRound
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import NotificationConfig, RetryConfig, ScheduleConfig, Task, VerifyConfig

T = TypeVar("T")
R = TypeVar("R", bound=Record)
Fields = dict[str, SearchStrategy[Any]]

DAY = 86400
WEEK = 7 * DAY
BOOLEANS = st.booleans()
TEXTS = st.text(max_size=40)
SOME_TEXTS = st.text(min_size=1, max_size=40)
VISIBLE = SOME_TEXTS.filter(lambda text: bool(text.strip()))
LISTS = st.lists(TEXTS, max_size=4)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON: SearchStrategy[JsonValue] = st.recursive(
    st.none() | BOOLEANS | INTEGERS | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
INSTANTS = st.datetimes(
    # The years that are written with four digits; a day less at either end, for the offset of a zone.
    datetime(1000, 1, 2),  # noqa: DTZ001 - the strategy adds the zone
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.timezones(),
    allow_imaginary=False,
)


DOLLARS = st.floats(0, 1_000_000, exclude_min=True)


def _or_none(strategy: SearchStrategy[T]) -> SearchStrategy[T | None]:
    return st.none() | strategy


def _made(model: type[R], fields: Fields) -> SearchStrategy[R]:
    return st.fixed_dictionaries(fields).map(model.model_validate)


WORKING_DIRECTORY: Fields = {
    "path": SOME_TEXTS,
    "use_git_worktree": BOOLEANS,
    "worktree_name": _or_none(TEXTS),
    "worktree_branch": TEXTS,
}
JOB: Fields = {
    "id": st.uuids(),
    "name": VISIBLE,
    "description": TEXTS,
    "status": st.sampled_from(JobStatus),
    "profile": _or_none(st.uuids()),
    "working_directory": _made(JobWorkingDirectory, WORKING_DIRECTORY),
    "task_order": st.lists(st.uuids(), max_size=4, unique=True),
    "overlap": st.sampled_from(Overlap),
    "max_usd_per_day": _or_none(DOLLARS),
    "created_at": INSTANTS,
    "updated_at": INSTANTS,
}
SCHEDULE: Fields = {
    "type": st.sampled_from(ScheduleType),
    "interval_value": st.integers(1, 1_000_000),
    "interval_type": st.sampled_from(IntervalType),
    "cron_expression": TEXTS,
    "watch_path": TEXTS,
    "watch_patterns": LISTS,
    "watch_recursive": _or_none(BOOLEANS),
    "watch_debounce": _or_none(st.floats(0, 3600)),
    "watch_max_wait": _or_none(st.floats(0, DAY)),
    "timezone": _or_none(TEXTS),
}
_OF_A_TYPE = {
    "interval_value": ScheduleType.INTERVAL,
    "interval_type": ScheduleType.INTERVAL,
    "cron_expression": ScheduleType.CALENDAR,
    "watch_path": ScheduleType.FILE_WATCH,
    "watch_patterns": ScheduleType.FILE_WATCH,
    "watch_recursive": ScheduleType.FILE_WATCH,
    "watch_debounce": ScheduleType.FILE_WATCH,
    "watch_max_wait": ScheduleType.FILE_WATCH,
}
"""The fields of a schedule that only one type of it has."""


def _of_its_type(fields: Mapping[str, object]) -> dict[str, object]:
    kind = fields["type"]
    return {name: value for name, value in fields.items() if _OF_A_TYPE.get(name, kind) is kind}


SCHEDULES = st.fixed_dictionaries(SCHEDULE).map(_of_its_type).map(ScheduleConfig.model_validate)
RETRY: Fields = {
    "max_retries": st.integers(0, 100),
    "retry_delay": st.integers(0, WEEK),
    "max_retry_delay": st.integers(0, WEEK),
}
VERIFY: Fields = {
    "command": _or_none(VISIBLE),
    "time_limit": st.integers(1, WEEK),
    "max_fix_rounds": st.integers(0, 20),
}
NOTIFICATIONS: Fields = {"on_success": BOOLEANS, "on_failure": BOOLEANS}
TASK: Fields = {
    "id": st.uuids(),
    "job_id": st.uuids(),
    "name": VISIBLE,
    "enabled": BOOLEANS,
    "model": st.from_regex(r"\A[^\s-]\S{0,40}\Z"),
    "profile": _or_none(st.uuids()),
    "schedule": SCHEDULES,
    "command_type": st.sampled_from(CommandType),
    "command": VISIBLE,
    "permissions": st.sampled_from(Permissions),
    "session_mode": st.sampled_from(SessionMode),
    "allowed_tools": LISTS,
    "disallowed_tools": LISTS,
    "retry": _made(RetryConfig, RETRY),
    "notifications": _made(NotificationConfig, NOTIFICATIONS),
    "created_at": INSTANTS,
    "updated_at": INSTANTS,
    "last_run_status": _or_none(st.sampled_from(RunStatus)),
    "commit_on_success": BOOLEANS,
    "time_limit": _or_none(st.integers(1, WEEK)),
    "max_turns": _or_none(st.integers(1, 100_000)),
    "max_budget_usd": _or_none(DOLLARS),
    "verify": _made(VerifyConfig, VERIFY),
    "wait_for_limit": BOOLEANS,
    "max_limit_wait": _or_none(st.integers(0, 31 * DAY)),
    "stall_after": _or_none(st.integers(1, WEEK)),
    "stop_when_stalled": BOOLEANS,
    "run_retention_count": _or_none(st.integers(1, 1_000_000)),
    "missed": st.sampled_from(Missed),
    "missed_within": st.integers(60, 366 * DAY),
    "overlap": _or_none(st.sampled_from(Overlap)),
    "jitter": st.integers(0, DAY),
    "running_hours": _or_none(
        st.from_regex(r"\A([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]\Z").filter(
            lambda text: text[:5] != text[6:]
        )
    ),
}
VERIFY_ROUND: Fields = {
    "passed": BOOLEANS,
    "exit_code": _or_none(INTEGERS),
    "timed_out": BOOLEANS,
    "duration": NUMBERS,
    "output": TEXTS,
}
RUN: Fields = {
    "id": st.uuids(),
    "task_id": st.uuids(),
    "task_name": TEXTS,
    "status": st.sampled_from(RunStatus),
    "scheduled_time": INSTANTS,
    "start_time": _or_none(INSTANTS),
    "end_time": _or_none(INSTANTS),
    "duration": _or_none(NUMBERS),
    "session_id": _or_none(TEXTS),
    "output": TEXTS,
    "raw_output": TEXTS,
    "errors": LISTS,
    "exit_code": _or_none(INTEGERS),
    "job_id": st.uuids(),
    "job_name": TEXTS,
    "trigger": st.sampled_from(Trigger),
    "sequence_id": _or_none(st.uuids()),
    "restarted_from": _or_none(st.uuids()),
    "sequence_position": st.integers(0, 10_000),
    "continues": _or_none(st.uuids()),
    "continued_by": _or_none(st.uuids()),
    "attempt": st.integers(1, 200),
    "first_run": _or_none(st.uuids()),
    "first_trigger": _or_none(st.sampled_from(Trigger)),
    "first_scheduled": _or_none(INSTANTS),
    "limit_waited": NUMBERS,
    "resumes": _or_none(st.uuids()),
    "outcome": _or_none(st.sampled_from(Outcome)),
    "created_at": INSTANTS,
    "working_directory": _or_none(TEXTS),
    "num_turns": _or_none(INTEGERS),
    "cost_usd": _or_none(NUMBERS),
    "model": _or_none(TEXTS),
    "commit": _or_none(TEXTS),
    "branch": _or_none(TEXTS),
    "uncommitted": LISTS,
    "base_commit": _or_none(TEXTS),
    "verify_rounds": st.lists(_made(VerifyRound, VERIFY_ROUND), max_size=3),
    "leftovers": LISTS,
    "stalled_at": _or_none(INSTANTS),
    "log_path": _or_none(TEXTS),
}
VARIABLE: Fields = {
    "name": st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,20}\Z"),
    "source": st.sampled_from(EnvVarSource),
    "value": TEXTS.filter(lambda text: text != MASK),
    "config": st.dictionaries(TEXTS, JSON, max_size=3),
}
PROFILE: Fields = {
    "id": st.uuids(),
    "name": VISIBLE,
    "description": TEXTS,
    "env_vars": st.lists(_made(EnvVar, VARIABLE), max_size=4, unique_by=lambda variable: variable.name),
    "max_usd_per_day": _or_none(DOLLARS),
    "created_at": INSTANTS,
    "updated_at": INSTANTS,
}
SETTINGS: Fields = {
    "agent_command": st.lists(SOME_TEXTS, min_size=1, max_size=4),
    "max_concurrent_runs": st.integers(1, 1000),
    "time_limit": st.integers(1, WEEK),
    "stop_grace": st.floats(0, 600),
    "runs_in_json": st.integers(1, 100_000),
    "log_limit": st.integers(65536, 2**40),
    "stall_after": st.integers(1, WEEK),
    "max_limit_wait": st.integers(0, 31 * DAY),
    "reserve": st.integers(1, 100),
    "max_usd_per_day": _or_none(DOLLARS),
    "run_retention_count": st.integers(1, 1_000_000),
    "log_retention_days": st.integers(1, 36_500),
    "notify_command": st.lists(SOME_TEXTS, max_size=4),
}
EXECUTION: Fields = {
    "supervisor_pid": INTEGERS,
    "supervisor_identity": TEXTS,
    "leg": INTEGERS,
    "profile": _or_none(st.uuids()),
    "verify": _made(VerifyConfig, VERIFY),
    "directory": TEXTS,
    "snapshot": _or_none(st.dictionaries(TEXTS, JSON, max_size=3)),
    "stop_requested": BOOLEANS,
    "stop_reason": _or_none(TEXTS),
    "cgroup": _or_none(TEXTS),
    "stalled": BOOLEANS,
}

WINDOW: Fields = {
    "type": TEXTS,
    "status": TEXTS,
    "utilization": _or_none(NUMBERS),
    "resets_at": _or_none(INSTANTS),
    "seen_at": INSTANTS,
}
LIMITS: Fields = {
    "windows": st.lists(_made(UsageWindow, WINDOW), max_size=3),
    "held_until": _or_none(INSTANTS),
    "refusals": INTEGERS,
}

FIELDS: dict[type[Record], Fields] = {
    VerifyConfig: VERIFY,
    VerifyRound: VERIFY_ROUND,
    UsageWindow: WINDOW,
    AccountLimits: LIMITS,
    JobWorkingDirectory: WORKING_DIRECTORY,
    Job: JOB,
    ScheduleConfig: SCHEDULE,
    RetryConfig: RETRY,
    NotificationConfig: NOTIFICATIONS,
    Task: TASK,
    Run: RUN,
    EnvVar: VARIABLE,
    Profile: PROFILE,
    Settings: SETTINGS,
    Execution: EXECUTION,
}
"""Every model, and what its fields may hold."""


def any_of(model: type[Record]) -> SearchStrategy[Record]:
    """Any object of a model."""
    return SCHEDULES if model is ScheduleConfig else _made(model, FIELDS[model])
