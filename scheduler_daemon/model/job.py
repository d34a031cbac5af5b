"""A job: tasks that share a working directory and an order."""

from typing import Annotated
from uuid import UUID, uuid4

from pydantic import Field, StringConstraints, model_validator

from scheduler_daemon.model.enums import JobStatus, Overlap
from scheduler_daemon.model.limits import UsdPerDay
from scheduler_daemon.model.record import Instant, Record, now

Name = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"\S")]
"""What a person calls a thing: any text with something to see in it."""


class JobWorkingDirectory(Record):
    """Where a job's runs work: a directory, or a git worktree made from the repository there."""

    path: Annotated[str, StringConstraints(min_length=1)]
    use_git_worktree: bool = False
    worktree_name: str | None = None
    """The worktree's folder under ``.claude/worktrees/`` and its branch; the job's name if not given."""
    worktree_branch: str = "main"
    """The branch the worktree's own branch starts from."""


class Job(Record):
    """A container for related tasks."""

    id: UUID = Field(default_factory=uuid4)
    name: Name
    description: str = ""
    status: JobStatus = JobStatus.PENDING
    profile: UUID | None = None
    working_directory: JobWorkingDirectory
    task_order: list[UUID] = Field(default_factory=list)
    overlap: Overlap = Overlap.SKIP
    """What happens when it is to run, by its schedules or by hand, and its last runs have not ended."""
    max_usd_per_day: UsdPerDay | None = None
    """What its runs of any 24 hours may cost before new ones wait."""
    created_at: Instant = Field(default_factory=now)
    updated_at: Instant = Field(default_factory=now)

    @model_validator(mode="after")
    def _order_names_each_task_once(self) -> "Job":
        if len(set(self.task_order)) != len(self.task_order):
            raise ValueError("task_order names a task twice")
        return self
