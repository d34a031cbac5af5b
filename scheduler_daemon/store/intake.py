"""What came of looking at the JSON files: which edits were taken in, which were rejected, and why."""

from collections import Counter
from dataclasses import dataclass, field

from scheduler_daemon.store.hand_edits import Change


@dataclass(frozen=True)
class Rejection:
    """A file that was not taken, and why, for a person to read."""

    file: str
    problem: str


@dataclass
class Intake:
    """What came of the files that were found edited."""

    taken: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many objects were created, changed and deleted."""
        actions = Counter(change.action for change in self.changes)
        return {"created": actions["created"], "changed": actions["changed"], "deleted": actions["deleted"]}
