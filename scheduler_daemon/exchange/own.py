"""Our own export read: strictly, for nothing else has written it."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from pydantic import Field

from scheduler_daemon.exchange.found import Found, Place, named
from scheduler_daemon.exchange.profiles import Profiles, not_here
from scheduler_daemon.model.job import Job, Name
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.record import Instant, Record
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.differences import validated
from scheduler_daemon.store.documents import Document, Path


class _NamedProfile(Record):
    id: UUID
    name: Name


class _Export(Record):
    version: Literal["2.0"]
    exported_at: Instant | None = None
    exported_by: str = ""
    jobs: list[Job]
    tasks: list[Task]
    profiles: list[_NamedProfile] = Field(default_factory=list)


def read(document: Document, profiles: Sequence[Profile]) -> Found:
    """The jobs and tasks of an export, each with a profile that is here.

    Raises:
        Unacceptable: when it contradicts itself, or names a profile that is not here.
    """
    assert isinstance(document.value, dict)
    _refuse_repeated_order(document)
    export = validated(_Export, document.value, document, ())
    _refuse_repeated_ids(document, export)
    places = {job.id: Place(document, ("jobs", at)) for at, job in enumerate(export.jobs)}
    places |= {task.id: Place(document, ("tasks", at)) for at, task in enumerate(export.tasks)}
    found = Found(export.jobs, export.tasks, places)
    _settle_orders(found)
    _settle_profiles(found, {profile.id: profile.name for profile in export.profiles}, Profiles.of(profiles))
    return found


def _refuse_repeated_order(document: Document) -> None:
    # The model refuses it too, but can name only the job.
    jobs = document.value.get("jobs") if isinstance(document.value, dict) else None
    for at, job in enumerate(jobs if isinstance(jobs, list) else []):
        order = job.get("task_order") if isinstance(job, dict) else None
        seen: set[str] = set()
        for position, id_ in enumerate(order if isinstance(order, list) else []):
            if str(id_).lower() in seen:
                raise document.refuse(("jobs", at, "task_order", position), f"the task {id_} is named twice")
            seen.add(str(id_).lower())


def _refuse_repeated_ids(document: Document, export: _Export) -> None:
    seen: dict[UUID, Path] = {}
    rows: list[tuple[Path, UUID]] = [(("jobs", at), job.id) for at, job in enumerate(export.jobs)]
    rows += [(("tasks", at), task.id) for at, task in enumerate(export.tasks)]
    for path, id_ in rows:
        if id_ in seen:
            message = f"the object in line {document.line(seen[id_])} has the same id"
            raise document.refuse((*path, "id"), message)
        seen[id_] = path


def _settle_orders(found: Found) -> None:
    """Give each job an order of all its tasks."""
    of_job: dict[UUID, list[Task]] = {job.id: [] for job in found.jobs}
    for task in found.tasks:
        if task.job_id not in of_job:
            raise found.places[task.id].refuse(("job_id",), f"there is no job {task.job_id} in this file")
        of_job[task.job_id].append(task)
    for at, job in enumerate(found.jobs):
        ids = {task.id for task in of_job[job.id]}
        for position, id_ in enumerate(job.task_order):
            if id_ not in ids:
                message = f"this job has no task {id_} in this file"
                raise found.places[job.id].refuse(("task_order", position), message)
        listed = set(job.task_order)
        late = [task for task in of_job[job.id] if task.id not in listed]
        if late:
            order = [*job.task_order, *(task.id for task in late)]
            found.jobs[at] = job.model_copy(update={"task_order": order})
            found.notes += [
                f"{named('task', task.name)}: its job's order did not name it; it is last" for task in late
            ]


def _settle_profiles(found: Found, names: dict[UUID, str], here: Profiles) -> None:
    """Give each job and task the profile here that has the id, or else the name, of the file's."""
    replaced: dict[UUID, str] = {}

    def settled(thing: Job | Task) -> UUID | None:
        if thing.profile is None or thing.profile in here.by_id:
            return thing.profile
        name = names.get(thing.profile)
        if name is None or name not in here.by_name:
            raise found.places[thing.id].refuse(("profile",), not_here(thing.profile, name))
        replaced[thing.profile] = name
        return here.by_name[name]

    for at, job in enumerate(found.jobs):
        if (profile := settled(job)) != job.profile:
            found.jobs[at] = job.model_copy(update={"profile": profile})
    for at, task in enumerate(found.tasks):
        if (profile := settled(task)) != task.profile:
            found.tasks[at] = task.model_copy(update={"profile": profile})
    found.notes += [f"{named('profile', name)}: the one of this name here is used" for name in replaced.values()]
