"""What is taken over from the earlier application, and what is here before."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from scheduler_daemon.exchange.found import Place
from scheduler_daemon.exchange.notes import Note
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.documents import Path, Unacceptable


@dataclass(frozen=True)
class Present:
    """What is here already, and stays as it is."""

    jobs: Sequence[Job] = ()
    tasks: Sequence[Task] = ()
    runs: Collection[UUID] = ()
    profiles: Sequence[Profile] = ()
    settings: Settings = field(default_factory=Settings)


@dataclass
class Takeover:
    """What is to be put on record, with the ids it had."""

    profiles: list[Profile] = field(default_factory=list)
    """New ones, and ready-made ones that nobody has filled in here, filled in."""
    jobs: list[Job] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    """Oldest first."""
    settings: Settings | None = None
    """None if they stay as they are."""
    lines: list[Note] = field(default_factory=list)
    """What was taken over, changed or left out, file by file."""
    places: dict[UUID, Place] = field(default_factory=dict, repr=False)

    def refuse(self, record_id: UUID, path: Path, message: str) -> Unacceptable:
        """The reason why a profile, job or task cannot be taken, with file, line and field."""
        return self.places[record_id].refuse(path, message)
