"""What a file held, and where in it each record stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from scheduler_daemon.exchange.notes import Entry, Note
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.documents import Document, Path, Unacceptable


@dataclass(frozen=True)
class Place:
    """Where a record stands in its file."""

    document: Document
    path: Path
    fields: Mapping[Path, Path] = field(default_factory=dict)
    """The fields that have another name or place in the file."""

    def refuse(self, path: Path, message: str) -> Unacceptable:
        """The reason why a field of the record cannot be taken, in the words of the file."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.fields:
                path = (*self.fields[path[:length]], *path[length:])
                break
        return self.document.refuse((*self.path, *path), message)

    def entry(self, object_: str, notes: list[Note]) -> Entry:
        """What is noted of the record goes to ``notes``."""
        return Entry(self.document, self.path, object_, notes)


@dataclass
class Found:
    """The jobs and tasks of a file, with the ids they have there."""

    jobs: list[Job]
    tasks: list[Task]
    places: dict[UUID, Place]
    notes: list[str] = field(default_factory=list)
    """What was changed or left out, in plain words."""


def named(kind: str, name: str) -> str:
    """A thing as messages call it."""
    return f'{kind} "{name}"'
