"""What the earlier application wrote: its fields, its words, and its defaults where a field is missing.

A value that it would not have taken either is refused here, in its own words. What is merely unknown is kept
aside (``model_extra``) and noted.
"""

from datetime import UTC, datetime, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, JsonValue, StringConstraints

from scheduler_daemon.model.enums import JobStatus, RunStatus
from scheduler_daemon.model.profile import MASK
from scheduler_daemon.model.record import Record
from scheduler_daemon.model.task import AgentModel


class Shape(Record):
    """Anything that it wrote."""

    model_config = ConfigDict(extra="allow")


def _in_utc(value: datetime) -> datetime:
    # It wrote the time of the machine's clock, mostly without an offset.
    return value.astimezone(UTC)


def _listed(value: JsonValue) -> JsonValue:
    return [value] if isinstance(value, str) and value else value or []


def _not_masked(value: str) -> str:
    if value == MASK:
        raise ValueError(f"{MASK} stands for a value that is not shown; give the value itself")
    return value


def _as_directory(value: JsonValue) -> JsonValue:
    return {"path": value} if isinstance(value, str) and value else value or {}


Instant = Annotated[datetime, AfterValidator(_in_utc)]
Name = Annotated[str, StringConstraints(max_length=500)]
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
Texts = Annotated[list[str], BeforeValidator(_listed)]
Seconds = Annotated[int, Field(ge=0, le=7 * 86400)]
Retries = Annotated[int, Field(ge=0, le=100)]


class WorkingDirectory(Shape):
    """Where a job works."""

    path: Annotated[str, StringConstraints(min_length=1)] = "~/projects"
    use_git_worktree: bool = False
    worktree_name: str | None = None
    worktree_branch: str | None = None


class Job(Shape):
    """A job."""

    id: UUID
    name: Name = ""
    description: Text = ""
    status: JobStatus = JobStatus.PENDING
    profile: str | None = None
    working_directory: Annotated[WorkingDirectory, BeforeValidator(_as_directory)] = Field(
        default_factory=WorkingDirectory
    )
    task_order: list[UUID] = Field(default_factory=list)
    created_at: Instant | None = None
    updated_at: Instant | None = None


class Schedule(Shape):
    """When a task is due."""

    schedule_type: Literal["manual", "interval", "calendar", "startup", "file_watch", "sequential"] = "manual"
    timezone: str | None = None

    calendar_frequency: Literal["daily", "weekly", "monthly"] | None = None
    calendar_time: time | None = None
    calendar_days_of_week: list[Annotated[int, Field(ge=0, le=6)]] | None = None
    """Monday is 0."""
    calendar_day_of_month: Annotated[int, Field(ge=1, le=31)] | None = None

    interval_type: Literal["simple", "custom", "cron"] | None = None
    interval_preset: str | None = None
    """Such as ``15min`` or ``1hour``; in older files ``15 minutes``."""
    interval_value: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    interval_unit: Literal["minutes", "hours", "days"] | None = None
    interval_cron: str | None = None

    watch_directory: str | None = None
    watch_recursive: bool | None = True
    watch_debounce_seconds: Annotated[float, Field(ge=0, le=3600)] | None = None

    seq_max_retries: Retries = 0
    seq_retry_delay_seconds: Seconds = 60


class Retry(Shape):
    """What happens after a failure; ``max_attempts`` counts the retries, without the first attempt."""

    enabled: bool = False
    max_attempts: Retries = 3
    delay_seconds: Seconds = 60
    backoff_multiplier: float = 2.0


class Notifications(Shape):
    """What a person is told."""

    on_start: bool = False
    on_end: bool = True
    on_failure: bool = True


class Task(Shape):
    """A task."""

    id: UUID
    job_id: UUID | None = None
    name: Name = ""
    enabled: bool = True
    commit_on_success: bool = True
    model: Annotated[AgentModel | None, BeforeValidator(lambda value: value or None)] = None
    profile: str | None = None
    schedule: Schedule = Field(default_factory=Schedule)
    prompt_type: str | None = None
    prompt: str | None = None
    command_type: str | None = None
    """The name of ``prompt_type`` in older files."""
    command: str | None = None
    """The name of ``prompt`` in older files."""
    permissions: Texts = Field(default_factory=list)
    """One; in some files a list of one."""
    session_mode: str | None = None
    last_session_id: str | None = None
    allowed_tools: Texts = Field(default_factory=list)
    disallowed_tools: Texts = Field(default_factory=list)
    retry: Retry = Field(default_factory=Retry)
    notifications: Notifications = Field(default_factory=Notifications)
    created_at: Instant | None = None
    updated_at: Instant | None = None
    last_run_status: str | None = None


class Export(Shape):
    """One job with its tasks."""

    version: str
    exported_at: JsonValue = None
    metadata: JsonValue = None
    """Counts of what is in it."""
    job: Job
    tasks: list[Task] = Field(default_factory=list)


class EnvVar(Shape):
    """A variable of a profile."""

    name: str
    source: Literal[
        "static",
        "env",
        "environment",
        "keychain",
        "aws_sm",
        "aws_secrets_manager",
        "aws_ssm",
        "command",
        "unset",
    ]
    value: Annotated[Text, AfterValidator(_not_masked)] = ""
    config: dict[str, JsonValue] | None = None


class Profile(Shape):
    """A profile."""

    id: UUID
    name: Name = ""
    description: Text = ""
    env_vars: list[EnvVar] = Field(default_factory=list)
    created_at: Instant | None = None
    updated_at: Instant | None = None


class Run(Shape):
    """A run."""

    id: UUID
    task_id: UUID
    task_name: Text = ""
    status: RunStatus = RunStatus.UPCOMING
    scheduled_time: Instant
    start_time: Instant | None = None
    end_time: Instant | None = None
    duration: float | None = None
    """Seconds."""
    session_id: str | None = None
    output: Text = ""
    raw_output: Text = ""
    errors: Texts = Field(default_factory=list)
    exit_code: int | None = None


class Settings(Shape):
    """What has an equivalent here; the rest is unknown."""

    max_concurrent_tasks: Annotated[int, Field(ge=1, le=1000)] | None = None
    run_retention_count: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    log_retention_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    claude_cli_path: str | None = None
