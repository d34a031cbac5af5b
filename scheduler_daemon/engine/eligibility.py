"""May this run start now, and if not, what holds it?"""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from scheduler_daemon.model.run import Run


class Hold(StrEnum):
    """Why an upcoming run does not start; each ends by an event that makes the engine look again."""

    SEQUENCE = "waits for the run before it in its sequence"
    TASK = "its task has another live run"
    DIRECTORY = "another run works in its directory"
    SLOT = "all slots are taken"


@dataclass
class Occupancy:
    """What live runs have taken."""

    slots: int
    """How many runs may live at the same time."""
    live: set[UUID] = field(default_factory=set)
    tasks: set[UUID] = field(default_factory=set)
    directories: set[str] = field(default_factory=set)

    def take(self, run: Run, directory: str) -> None:
        """Count a run as live."""
        self.live.add(run.id)
        self.tasks.add(run.task_id)
        self.directories.add(directory)


def hold(run: Run, directory: str, waits: bool, occupancy: Occupancy) -> Hold | None:
    """What keeps an upcoming run from starting, or None if it may start now.

    ``waits`` says that an earlier run of its sequence has not ended; ``directory`` is the key of the work tree
    that only one run may change at a time.
    """
    if waits:
        return Hold.SEQUENCE
    if run.task_id in occupancy.tasks:
        return Hold.TASK
    if directory in occupancy.directories:
        return Hold.DIRECTORY
    if len(occupancy.live) >= occupancy.slots:
        return Hold.SLOT
    return None
