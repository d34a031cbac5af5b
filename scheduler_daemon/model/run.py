"""A run: one execution of a task, and the evidence of how it ended."""

from typing import Annotated
from uuid import UUID, uuid4

from pydantic import Field

from scheduler_daemon.model.enums import Outcome, RunStatus, Trigger
from scheduler_daemon.model.record import Instant, Record, now


class VerifyRound(Record):
    """One time that the verify command was run."""

    passed: bool
    exit_code: int | None
    """Minus the signal's number if a signal ended it; None if it could not be started."""
    timed_out: bool = False
    duration: float
    """Seconds."""
    output: str
    """The end of what it said, at most 4 KiB of it."""


class Run(Record):
    """An execution record of a task. Its names are snapshots of the day."""

    id: UUID = Field(default_factory=uuid4)
    task_id: UUID
    task_name: str
    status: RunStatus = RunStatus.UPCOMING
    scheduled_time: Instant
    start_time: Instant | None = None
    end_time: Instant | None = None
    duration: float | None = None
    """Seconds from start to end."""
    session_id: str | None = None
    output: str = ""
    """The agent's last result, at most 64 KiB of it."""
    raw_output: str = ""
    """The last 4 KiB of the run's log; the whole of it is the file ``log_path`` names."""
    errors: list[str] = Field(default_factory=list)
    exit_code: int | None = None
    """The agent's exit status; minus the signal's number if a signal ended it."""

    job_id: UUID
    job_name: str
    trigger: Trigger = Trigger.TASK
    sequence_id: UUID | None = None
    """Shared by the runs that follow one another; a run starts when the one before it is a success."""
    restarted_from: UUID | None = None
    """The run that a person restarted, and that this one does over."""
    sequence_position: Annotated[int, Field(ge=0)] = 0
    continues: UUID | None = None
    """The run that this one tries again, or goes on from where a usage limit ended it."""
    continued_by: UUID | None = None
    """The run that does so for this one: what this one has come to is not the last word."""
    attempt: Annotated[int, Field(ge=1)] = 1
    """The how many-th try of its due time this is."""
    first_run: UUID | None = None
    """The first of the runs it continues: its turn comes by that one's."""
    first_trigger: Trigger | None = None
    """What asked for that one."""
    first_scheduled: Instant | None = None
    """When that one was scheduled."""
    limit_waited: float = 0.0
    """Seconds that it and the runs it continues were to wait for usage limits."""
    resumes: UUID | None = None
    """The run whose session it goes on with."""
    outcome: Outcome | None = None
    created_at: Instant = Field(default_factory=now)
    working_directory: str | None = None
    num_turns: int | None = None
    cost_usd: float | None = None
    """What the agent says this invocation cost, in US dollars."""
    model: str | None = None
    commit: str | None = None
    """The commit that holds what the run changed."""
    branch: str | None = None
    uncommitted: list[str] = Field(default_factory=list)
    """Paths the run changed that were not committed: a person had already changed them, or git would not."""
    base_commit: str | None = None
    """What was checked out in the work tree when the run began, or the first of those that it continues."""
    verify_rounds: list[VerifyRound] = Field(default_factory=list)
    """Each time its verify command was run, in order; the last one counts."""
    leftovers: list[str] = Field(default_factory=list)
    """The processes that had to be ended after the agent, or that would not end when they were told to."""
    stalled_at: Instant | None = None
    """When it was noticed that the agent had not said a word for too long, and it has not said one since."""
    log_path: str | None = None
