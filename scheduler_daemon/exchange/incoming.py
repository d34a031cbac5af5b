"""A document from elsewhere as new jobs and tasks of this daemon's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from scheduler_daemon.exchange import earlier, own
from scheduler_daemon.exchange.export import VERSION
from scheduler_daemon.exchange.found import Found, Place, named
from scheduler_daemon.model.enums import JobStatus
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.record import now
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.documents import Document, Path, Unacceptable

_EARLIER = re.compile(r"[01](\D.*)?", re.DOTALL)
_LATER = re.compile(r"[1-9]\d*(\D.*)?", re.DOTALL)


@dataclass
class Incoming:
    """Jobs and tasks that are to be created, with ids that nothing has had before."""

    jobs: list[Job]
    tasks: list[Task]
    notes: list[str]
    """What was changed or left out, in plain words."""
    places: dict[UUID, Place] = field(repr=False)

    def refuse(self, record_id: UUID, path: Path, message: str) -> Unacceptable:
        """The reason why a job or task cannot be taken, with file, line and field."""
        return self.places[record_id].refuse(path, message)


def read(file: str, content: bytes, profiles: Sequence[Profile], working_directory: str | None = None) -> Incoming:
    """The jobs and tasks of an export, ours or the earlier application's, made new.

    Args:
        file: what messages call the file.
        content: what is in it.
        profiles: those that are here: the jobs and tasks refer to them afterwards.
        working_directory: where all the jobs are to work; where the file says if not given.

    Raises:
        Unacceptable: when it is no such document, contradicts itself, or names a profile that is not here.
    """
    document = Document.parse(file, content)
    _refuse_other(document)
    assert isinstance(document.value, dict)
    reader = own.read if document.value["version"] == VERSION else earlier.read
    found = reader(document, profiles)
    if working_directory is not None:
        _move(found, working_directory)
    return _made_new(found)


def _refuse_other(document: Document) -> None:
    """Refuse what is no export that can be read here."""
    if not isinstance(document.value, dict):
        raise document.refuse((), "an export, { ... }, is wanted here; ccsched jobs export writes one")
    if "version" not in document.value:
        raise document.refuse(("version",), f'this field is missing; an export says "{VERSION}" here')
    version = document.value["version"]
    if version == VERSION or (isinstance(version, str) and _EARLIER.fullmatch(version)):
        return
    if isinstance(version, str) and _LATER.fullmatch(version):
        raise document.refuse(
            ("version",),
            f"this is a later version than {VERSION}, the last that this ccsched reads; install a newer ccsched",
        )
    raise document.refuse(("version",), f'this is no version of an export; write "{VERSION}"')


def _move(found: Found, working_directory: str) -> None:
    for at, job in enumerate(found.jobs):
        before = job.working_directory.path
        if before != working_directory:
            moved = job.working_directory.model_copy(update={"path": working_directory})
            found.jobs[at] = job.model_copy(update={"working_directory": moved})
            found.notes.append(f"{named('job', job.name)}: it works in {working_directory}, not in {before}")


def _made_new(found: Found) -> Incoming:
    ids = {id_: uuid4() for id_ in found.places}
    today = now()
    jobs = [
        job.model_copy(
            update={
                "id": ids[job.id],
                "status": JobStatus.PENDING,
                "task_order": [ids[task_id] for task_id in job.task_order],
                "created_at": today,
                "updated_at": today,
            }
        )
        for job in found.jobs
    ]
    tasks = [
        task.model_copy(
            update={
                "id": ids[task.id],
                "job_id": ids[task.job_id],
                "last_run_status": None,
                "created_at": today,
                "updated_at": today,
            }
        )
        for task in found.tasks
    ]
    return Incoming(jobs, tasks, found.notes, {ids[id_]: place for id_, place in found.places.items()})
