"""The values of the options of ``create`` and ``update``, as they are handed to the commands.

What is NotRequired is an option of ``update`` alone.
"""

from collections.abc import Sequence
from typing import NotRequired, TypedDict


class Profile(TypedDict):
    """Which profile."""

    profile: str | None
    zai: bool
    bedrock: bool
    no_profile: NotRequired[bool]


class Spending(TypedDict):
    """What the runs of a day may cost."""

    max_usd_per_day: float | None
    no_max_usd_per_day: NotRequired[bool]


class Job(Profile, Spending):
    """The options of a job."""

    name: str | None
    description: str | None
    working_directory: str | None
    use_worktree: bool | None
    worktree_name: str | None
    worktree_branch: str | None
    overlap: str | None


class Schedule(TypedDict):
    """When a task is due."""

    schedule: str | None
    every: str | None
    interval_value: int | None
    interval_type: str | None
    cron: str | None
    timezone: str | None
    watch_path: str | None
    watch_patterns: Sequence[str]
    watch_recursive: bool | None
    watch_debounce: float | None
    watch_max_wait: float | None
    no_timezone: NotRequired[bool]
    no_watch_patterns: NotRequired[bool]


class Due(TypedDict):
    """What becomes of due times."""

    running_hours: str | None
    jitter: str | None
    missed: str | None
    missed_within: str | None
    overlap: str | None
    no_running_hours: NotRequired[bool]
    no_overlap: NotRequired[bool]


class Limits(TypedDict):
    """How much a run may take."""

    time_limit: str | None
    max_turns: int | None
    max_budget_usd: float | None
    wait_for_limit: bool | None
    max_limit_wait: str | None
    stall_after: str | None
    stop_when_stalled: bool | None
    no_time_limit: NotRequired[bool]
    no_max_turns: NotRequired[bool]
    no_max_budget_usd: NotRequired[bool]
    no_max_limit_wait: NotRequired[bool]
    no_stall_after: NotRequired[bool]


class After(TypedDict):
    """What follows when the agent has ended."""

    verify: str | None
    verify_time_limit: str | None
    max_fix_rounds: int | None
    commit_on_success: bool | None
    max_retries: int | None
    retry_delay: str | None
    max_retry_delay: str | None
    notify_on_success: bool | None
    notify_on_failure: bool | None
    run_retention_count: int | None
    no_verify: NotRequired[bool]
    no_run_retention_count: NotRequired[bool]


class Task(Profile, Schedule, Due, Limits, After):
    """The options of a task."""

    name: str | None
    job: str | None
    prompt: str | None
    prompt_file: str | None
    command_text: str | None
    command_type: str | None
    model: str | None
    permissions: str | None
    session_mode: str | None
    allowed_tools: Sequence[str]
    disallowed_tools: Sequence[str]
    enabled: bool | None
    no_allowed_tools: NotRequired[bool]
    no_disallowed_tools: NotRequired[bool]
