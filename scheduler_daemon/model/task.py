"""A task: one command for the agent, and when and how it is run."""

import re
from typing import Annotated
from uuid import UUID, uuid4

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from scheduler_daemon.model.enums import (
    CommandType,
    IntervalType,
    Missed,
    Overlap,
    Permissions,
    RunStatus,
    ScheduleType,
    SessionMode,
)
from scheduler_daemon.model.job import Name
from scheduler_daemon.model.record import Instant, Record, now

_NEEDED = {
    ScheduleType.INTERVAL: ("interval_value", "interval_type"),
    ScheduleType.CALENDAR: ("cron_expression",),
    ScheduleType.FILE_WATCH: ("watch_path",),
}
_WATCH = ("watch_patterns", "watch_recursive", "watch_debounce", "watch_max_wait")

Command = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
"""What the agent is told: any text with something to see in it."""
AgentModel = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s-]\S*$")]
"""An alias such as ``sonnet`` or a model's full name; never something that looks like an option."""
Seconds = Annotated[int, Field(ge=1, le=7 * 86400)]


MissedWithin = Annotated[int, Field(ge=60, le=366 * 86400)]
Jitter = Annotated[int, Field(ge=0, le=86400)]


def _running_hours(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError("must be two times of the day, such as 22:00-06:00")
    if text[:5] == text[6:]:
        raise ValueError("begins and ends at the same time; leave it out for any time of the day")
    return text


RunningHours = Annotated[str, AfterValidator(_running_hours)]
"""Such as ``22:00-06:00``: from the first time until the second, over midnight where that is earlier."""


class ScheduleConfig(Record):
    """When a task is due. Only the fields of its type may be set."""

    type: ScheduleType = ScheduleType.MANUAL
    interval_value: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    interval_type: IntervalType | None = None
    cron_expression: str | None = None
    watch_path: str | None = None
    watch_patterns: list[str] = Field(default_factory=list)
    watch_recursive: bool | None = None
    """Whether what lies in folders below is watched; yes if not given."""
    watch_debounce: Annotated[float, Field(ge=0, le=3600)] | None = None
    """Seconds without a change after which a burst of them is over; 2 if not given."""
    watch_max_wait: Annotated[float, Field(ge=0, le=86400)] | None = None
    """Seconds after which changes that do not end are no longer waited out; 30 if not given."""
    timezone: str | None = None
    """An IANA name; the machine's own zone if not given."""

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> "ScheduleConfig":
        for kind, fields in _NEEDED.items():
            for field in fields:
                given = getattr(self, field) is not None
                if kind is self.type and not given:
                    raise ValueError(f"a schedule of type {kind} needs {field}")
                if kind is not self.type and given:
                    raise ValueError(f"{field} belongs to a schedule of type {kind}, not {self.type}")
        for field in _WATCH:
            if getattr(self, field) not in (None, []) and self.type is not ScheduleType.FILE_WATCH:
                raise ValueError(f"{field} belongs to a schedule of type file_watch, not {self.type}")
        return self


class RetryConfig(Record):
    """How often and after what wait a failed run is tried again."""

    max_retries: Annotated[int, Field(ge=0, le=100)] = 0
    retry_delay: Annotated[int, Field(ge=0, le=7 * 86400)] = 60
    """Seconds before the first retry; each further one waits twice as long as the one before."""
    max_retry_delay: Annotated[int, Field(ge=0, le=7 * 86400)] = 3600
    """Seconds; no retry waits longer."""


class VerifyConfig(Record):
    """What has to succeed after the agent before its run is a success."""

    command: Command | None = None
    """For ``sh``, in the directory of the run; nothing is checked if not given."""
    time_limit: Seconds = 900
    """Seconds that it may take."""
    max_fix_rounds: Annotated[int, Field(ge=0, le=20)] = 2
    """How often the agent is told what went wrong and asked to mend it."""


class NotificationConfig(Record):
    """Which endings a person is told of."""

    on_success: bool = False
    on_failure: bool = False


class Task(Record):
    """A command for the agent with its configuration."""

    id: UUID = Field(default_factory=uuid4)
    job_id: UUID
    name: Name
    enabled: bool = True
    model: AgentModel = "sonnet"
    profile: UUID | None = None
    schedule: ScheduleConfig = Field(default_factory=ScheduleConfig)
    command_type: CommandType = CommandType.PROMPT
    command: Command
    permissions: Permissions = Permissions.BYPASS
    session_mode: SessionMode = SessionMode.NEW
    allowed_tools: list[str] = Field(default_factory=list)
    disallowed_tools: list[str] = Field(default_factory=list)
    retry: RetryConfig = Field(default_factory=RetryConfig)
    notifications: NotificationConfig = Field(default_factory=NotificationConfig)
    created_at: Instant = Field(default_factory=now)
    updated_at: Instant = Field(default_factory=now)
    last_run_status: RunStatus | None = None

    commit_on_success: bool = True
    """Whether what a successful run changed is committed; only where the directory is in a git work tree."""
    time_limit: Seconds | None = None
    """Seconds a run may take; the setting of the same name if not given."""
    max_turns: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """How many turns the agent may take."""
    max_budget_usd: Annotated[float, Field(gt=0, le=1_000_000)] | None = None
    """What one run may cost, in US dollars."""
    verify: VerifyConfig = Field(default_factory=VerifyConfig)
    wait_for_limit: bool = True
    """Whether it waits for the reset of a usage limit, and goes on then."""
    max_limit_wait: Annotated[int, Field(ge=0, le=31 * 86400)] | None = None
    """Seconds; the setting of the same name if not given."""
    stall_after: Seconds | None = None
    """Seconds; the setting of the same name if not given."""
    stop_when_stalled: bool = False
    """Whether a run that says nothing for so long is ended."""
    run_retention_count: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """How many of its runs are kept; the setting of the same name if not given."""
    missed: Missed = Missed.RUN_ONCE
    missed_within: MissedWithin = 86400
    """Seconds after which a missed due time is not made up for."""
    overlap: Overlap | None = None
    """The job's if not given."""
    jitter: Jitter = 0
    """Its runs start up to so many seconds after they are due, each time by the same amount."""
    running_hours: RunningHours | None = None
    """When what its schedule asks for may start, by the schedule's time zone; at any time if not given."""
