"""The shapes of the daemon's answers, as far as the client shows them.

The control socket's methods say what else is in them; JSON output passes an answer on whole.
"""

from typing import TypedDict


class WorkingDirectory(TypedDict):
    """Where a job's runs work."""

    path: str
    use_git_worktree: bool
    worktree_name: str | None
    worktree_branch: str


class Job(TypedDict):
    """A job, by ``jobs.*``."""

    id: str
    name: str
    description: str
    status: str
    profile: str | None
    working_directory: WorkingDirectory
    task_order: list[str]
    created_at: str
    updated_at: str


class Schedule(TypedDict):
    """When a task is due."""

    type: str
    interval_value: int | None
    interval_type: str | None
    cron_expression: str | None
    watch_path: str | None
    timezone: str | None


class Task(TypedDict):
    """A task, by ``tasks.*``."""

    id: str
    job_id: str
    name: str
    enabled: bool
    model: str
    profile: str | None
    schedule: Schedule
    command_type: str
    command: str
    permissions: str
    session_mode: str
    allowed_tools: list[str]
    disallowed_tools: list[str]
    commit_on_success: bool
    time_limit: int | None
    last_run_status: str | None
    created_at: str
    updated_at: str


class Run(TypedDict):
    """A run, by ``runs.*``; times are texts in UTC, durations seconds."""

    id: str
    task_id: str
    task_name: str
    job_id: str
    job_name: str
    status: str
    outcome: str | None
    trigger: str
    scheduled_time: str
    start_time: str | None
    end_time: str | None
    duration: float | None
    session_id: str | None
    output: str
    errors: list[str]
    exit_code: int | None
    working_directory: str | None
    num_turns: int | None
    cost_usd: float | None
    model: str | None
    commit: str | None
    branch: str | None
    uncommitted: list[str]
    log_path: str | None


class Scheduled(TypedDict):
    """A due time that is to come, by ``scheduler.list``."""

    task_id: str
    task_name: str
    job_id: str
    job_name: str
    schedule: str
    timezone: str | None
    next_due: str


class Sequence(TypedDict):
    """The runs that ``jobs.run`` asked for, in the order they are to start."""

    sequence_id: str
    runs: list[Run]
