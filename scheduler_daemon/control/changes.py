"""What of an object is to change: the fields that are given, and no others.

A field that is not given stays as it is, and so do the fields of a nested object that are not given. So two clients
that change different fields of one object at the same time do not undo each other's work.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ConfigDict
from typing_extensions import TypedDict

from scheduler_daemon.model.enums import (
    CommandType,
    IntervalType,
    Missed,
    Overlap,
    Permissions,
    ScheduleType,
    SessionMode,
)
from scheduler_daemon.model.job import Job, Name
from scheduler_daemon.model.limits import UsdPerDay
from scheduler_daemon.model.profile import EnvVar, Profile
from scheduler_daemon.model.record import now
from scheduler_daemon.model.task import AgentModel, Command, Seconds, Task

_STRICT = ConfigDict(extra="forbid")

R = TypeVar("R", Job, Task, Profile)


class DirectoryChanges(TypedDict, total=False):
    """Of a job's working directory."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]  # pydantic's way to configure a TypedDict

    path: str
    use_git_worktree: bool
    worktree_name: str | None
    worktree_branch: str


class JobChanges(TypedDict, total=False):
    """Of a job."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    name: Name
    description: str
    profile: str | None
    """By id, unique prefix or unique name; null for none."""
    working_directory: DirectoryChanges
    overlap: Overlap
    max_usd_per_day: UsdPerDay | None


class ScheduleChanges(TypedDict, total=False):
    """Of a task's schedule; another type begins with no fields set."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    type: ScheduleType
    interval_value: int | None
    interval_type: IntervalType | None
    cron_expression: str | None
    watch_path: str | None
    watch_patterns: list[str]
    watch_recursive: bool | None
    watch_debounce: float | None
    watch_max_wait: float | None
    timezone: str | None


class RetryChanges(TypedDict, total=False):
    """Of a task's retries."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    max_retries: int
    retry_delay: int
    max_retry_delay: int


class VerifyChanges(TypedDict, total=False):
    """Of what a task's runs are verified by."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    command: Command | None
    time_limit: Seconds
    max_fix_rounds: int


class NotificationChanges(TypedDict, total=False):
    """Of a task's notifications."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    on_success: bool
    on_failure: bool


class TaskChanges(TypedDict, total=False):
    """Of a task."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    job: str
    """By id, unique prefix or unique name: the task moves to the end of that job's order."""
    name: Name
    command: Command
    command_type: CommandType
    model: AgentModel
    profile: str | None
    """By id, unique prefix or unique name; null for none."""
    schedule: ScheduleChanges
    permissions: Permissions
    session_mode: SessionMode
    allowed_tools: list[str]
    disallowed_tools: list[str]
    enabled: bool
    commit_on_success: bool
    time_limit: Seconds | None
    max_turns: int | None
    max_budget_usd: float | None
    verify: VerifyChanges
    wait_for_limit: bool
    max_limit_wait: int | None
    stall_after: Seconds | None
    stop_when_stalled: bool
    run_retention_count: int | None
    missed: Missed
    missed_within: int
    overlap: Overlap | None
    jitter: int
    running_hours: str | None
    retry: RetryChanges
    notifications: NotificationChanges


class ProfileChanges(TypedDict, total=False):
    """Of a profile."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    name: Name
    description: str
    env_vars: list[EnvVar]
    """All its variables, in place of those it has."""
    max_usd_per_day: UsdPerDay | None


def changed(record: R, changes: Mapping[str, object]) -> R:
    """The object with the changes, and the time of the change; the same object where they come to nothing.

    Raises:
        pydantic.ValidationError: when there can be no such object.
    """
    before = record.to_dict()
    after = {**before}
    for name, value in changes.items():
        after[name] = _merged(name, before[name], value) if isinstance(value, Mapping) else value
    result = type(record).from_dict(after)
    return record if result == record else result.model_copy(update={"updated_at": now()})


def _merged(name: str, before: dict[str, Any], given: Mapping[str, object]) -> dict[str, object]:
    if name == "schedule" and given.get("type", before["type"]) != before["type"]:
        return {**given}
    return {**before, **given}
