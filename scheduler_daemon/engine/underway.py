"""What the engine knows of runs between their launch and their end, besides what is on record."""

from dataclasses import dataclass, field
from uuid import UUID

from scheduler_daemon.model.run import Run
from scheduler_daemon.run.order import Progress


@dataclass
class Underway:
    """The runs that have been launched, as they are at any moment."""

    launching: dict[UUID, Run] = field(default_factory=dict)
    """Those that were launched and are not known to have started, nor to have come to nothing."""
    places: dict[UUID, str] = field(default_factory=dict)
    """By run that was launched or taken over: the key of the directory in which it works."""
    accounts: dict[UUID, UUID | None] = field(default_factory=dict)
    """By run that was launched: the profile whose variables it gets."""
    unwanted: set[UUID] = field(default_factory=set)
    """Those that somebody has stopped."""
    progress: dict[UUID, Progress] = field(default_factory=dict)
    closing: bool = False
    """Whether nothing is started any more: the daemon is about to end."""

    def forget(self, run_id: UUID) -> None:
        """A run has ended, or come to nothing."""
        for known in (self.launching, self.places, self.accounts, self.progress):
            known.pop(run_id, None)
        self.unwanted.discard(run_id)


def about(run: Run) -> dict[str, str]:
    """A run, as the daemon's log names it."""
    return {"job": run.job_name, "task": run.task_name, "run": str(run.id)}
