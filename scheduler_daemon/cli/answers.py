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
    overlap: str
    max_usd_per_day: float | None
    created_at: str
    updated_at: str


class Schedule(TypedDict):
    """When a task is due."""

    type: str
    interval_value: int | None
    interval_type: str | None
    cron_expression: str | None
    watch_path: str | None
    watch_patterns: list[str]
    watch_recursive: bool | None
    watch_debounce: float | None
    watch_max_wait: float | None
    timezone: str | None


class Retry(TypedDict):
    """How often a failed run is tried again, and after how many seconds."""

    max_retries: int
    retry_delay: int
    max_retry_delay: int


class Verify(TypedDict):
    """What has to succeed before a run is a success."""

    command: str | None
    time_limit: int
    max_fix_rounds: int


class Notifications(TypedDict):
    """Which endings a person is told of."""

    on_success: bool
    on_failure: bool


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
    retry: Retry
    notifications: Notifications
    commit_on_success: bool
    time_limit: int | None
    max_turns: int | None
    max_budget_usd: float | None
    verify: Verify
    wait_for_limit: bool
    max_limit_wait: int | None
    stall_after: int | None
    stop_when_stalled: bool
    run_retention_count: int | None
    missed: str
    missed_within: int
    overlap: str | None
    jitter: int
    running_hours: str | None
    last_run_status: str | None
    created_at: str
    updated_at: str


class VerifyRound(TypedDict):
    """One time that the verify command was run."""

    passed: bool
    exit_code: int | None
    timed_out: bool
    duration: float
    output: str


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
    sequence_id: str | None
    sequence_position: int
    restarted_from: str | None
    continues: str | None
    continued_by: str | None
    attempt: int
    first_run: str | None
    first_trigger: str | None
    first_scheduled: str | None
    limit_waited: float
    resumes: str | None
    created_at: str
    scheduled_time: str
    start_time: str | None
    end_time: str | None
    duration: float | None
    session_id: str | None
    output: str
    raw_output: str
    errors: list[str]
    exit_code: int | None
    working_directory: str | None
    num_turns: int | None
    cost_usd: float | None
    model: str | None
    commit: str | None
    branch: str | None
    uncommitted: list[str]
    base_commit: str | None
    verify_rounds: list[VerifyRound]
    leftovers: list[str]
    stalled_at: str | None
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
    starts_at: str


class DueTime(TypedDict):
    """A due time that has come, with its run or the reason why there is none; with ``until`` all up to that one."""

    due: str
    until: str | None
    run_id: str | None
    status: str | None
    outcome: str | None
    reason: str | None
    detail: str | None


class History(TypedDict):
    """A task's due times that have come, newest first, by ``scheduler.history``."""

    task_id: str
    task_name: str
    due_times: list[DueTime]


class Why(TypedDict):
    """Why a task is not running, by ``tasks.why``."""

    task_id: str
    task_name: str
    reason: str
    message: str
    until: str | None
    run_id: str | None


class Sequence(TypedDict):
    """The runs that ``jobs.run`` or ``runs.restart`` asked for, in the order they are to start."""

    sequence_id: str
    runs: list[Run]


class Limits(TypedDict):
    """What the daemon keeps to, by ``daemon.state``; times are seconds."""

    max_concurrent_runs: int
    time_limit: int
    stop_grace: float


class UsageWindow(TypedDict):
    """One of the usage limits of an account; how much of it is used is from 0 to 1."""

    type: str
    status: str
    utilization: float | None
    resets_at: str | None
    seen_at: str


class Account(TypedDict):
    """What is known of the usage limits of a profile's account, by ``daemon.state``."""

    profile_id: str | None
    profile_name: str | None
    held_until: str | None
    windows: list[UsageWindow]


class SpendingLimit(TypedDict):
    """What a job or a profile has spent in 24 hours, what it may, and until when it is held if that is reached."""

    kind: str
    name: str
    usd: float
    limit_usd: float
    held_until: str | None


class Spent(TypedDict):
    """What was spent, and what may be, by ``daemon.state``."""

    last_24_hours_usd: float
    limit_usd: float | None
    held_until: str | None
    limits: list[SpendingLimit]


class Versions(TypedDict):
    """What the daemon is made of, by ``daemon.state``."""

    ccsched: str
    python: str
    sqlite: str
    record: int
    agent: str | None
    """None where the agent's program does not say, or is not there."""


class Export(TypedDict):
    """The document that ``jobs.export`` gives."""

    version: str
    jobs: list[Job]
    tasks: list[Task]


class Import(TypedDict):
    """What ``jobs.import`` made, or would make."""

    dry_run: bool
    jobs: list[Job]
    tasks: list[Task]
    notes: list[str]


class Moved(TypedDict):
    """What became of one thing of the earlier application: ``taken``, ``changed`` or ``left_out``."""

    file: str
    line: int | None
    object: str
    result: str
    message: str


class Created(TypedDict):
    """How many objects were made."""

    jobs: int
    tasks: int
    runs: int
    profiles: int


class Migration(TypedDict):
    """What ``daemon.migrate`` took over, or would."""

    dry_run: bool
    lines: list[Moved]
    created: Created
