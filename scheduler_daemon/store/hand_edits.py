"""A person's edit of the JSON files as one change of the record: taken in whole or not at all."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeVar
from uuid import UUID

from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.record import now
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.differences import Check, Difference, checked, compare, merge
from scheduler_daemon.store.documents import Document
from scheduler_daemon.store.store import Store
from scheduler_daemon.store.tables import Table
from scheduler_daemon.store.three_way import Base, closest, in_short

Kind = Literal["job", "task", "profile", "run", "settings"]
Action = Literal["created", "changed", "deleted"]

N = TypeVar("N", Job, Task, Profile)


@dataclass(frozen=True)
class Change:
    """One object that an edit made, changed or deleted."""

    kind: Kind
    action: Action
    id: UUID | None
    """None for the settings."""


@dataclass
class Edit:
    """What the edited files of jobs, tasks and profiles come to, taken together."""

    jobs: Difference[Job] = field(default_factory=Difference)
    tasks: Difference[Task] = field(default_factory=Difference)
    profiles: Difference[Profile] = field(default_factory=Difference)

    def bases(self) -> dict[str, Base]:
        """What each edited file holds."""
        differences = (self.jobs, self.tasks, self.profiles)
        return {one.document.file: one.base for one in differences if one.document is not None}

    def changes(self) -> list[Change]:
        """Every object it touches."""
        return [
            *_changes("profile", self.profiles),
            *_changes("job", self.jobs),
            *_changes("task", self.tasks),
        ]

    def apply(self, store: Store) -> None:
        """Make the change, in the caller's transaction."""
        # Profiles have unique names, so one must be free before another takes it, and an exchange of two
        # names needs a third. A task moves out of its job before that is deleted with all it holds.
        for id_ in self.profiles.deleted:
            store.profiles.delete(id_)
        for profile in self.profiles.changed.values():
            store.profiles.put(profile.model_copy(update={"name": str(profile.id)}))
        _put(store.profiles, self.profiles)
        _put(store.jobs, self.jobs)
        _put(store.tasks, self.tasks)
        for id_ in self.tasks.deleted:
            store.tasks.delete(id_)
        for id_ in self.jobs.deleted:
            store.jobs.delete(id_)


def _changes(kind: Kind, difference: Difference[N]) -> Iterator[Change]:
    sets: dict[Action, dict[UUID, N] | set[UUID]] = {
        "created": difference.created,
        "changed": difference.changed,
        "deleted": difference.deleted,
    }
    for action, ids in sets.items():
        yield from (Change(kind, action, id_) for id_ in ids)


def _put(table: Table[N], difference: Difference[N]) -> None:
    for record in difference.wanted.values():
        table.put(record)


def plan(store: Store, documents: dict[str, Document], bases: dict[str, list[Base]], check: Check) -> Edit:
    """What the edited files ask of the record as it is now.

    Raises:
        Unacceptable: when any of it cannot be taken.
    """
    jobs = {job.id: job for job in store.jobs.all()}
    tasks = {task.id: task for task in store.tasks.all()}
    profiles = {profile.id: profile for profile in store.profiles.all()}
    edit = Edit()
    if "profiles.json" in documents:
        edit.profiles = compare(documents["profiles.json"], profiles, bases["profiles.json"], Profile)
    if "jobs.json" in documents:
        edit.jobs = compare(documents["jobs.json"], jobs, bases["jobs.json"], Job)
    if "tasks.json" in documents:
        edit.tasks = compare(documents["tasks.json"], tasks, bases["tasks.json"], Task)
    _refuse_doubtful(edit, jobs, tasks, profiles)
    settle(edit, jobs, tasks, profiles)
    _refuse_loss(edit, store, tasks)
    check_all(edit, check)
    return edit


def _refuse_doubtful(
    edit: Edit, jobs: dict[UUID, Job], tasks: dict[UUID, Task], profiles: dict[UUID, Profile]
) -> None:
    """A file that was open in an editor while an object was made must neither delete it nor half be taken."""
    # A task whose job is deleted goes with it, in whichever file it is missing.
    of_deleted = {id_ for id_ in edit.tasks.doubtful if tasks[id_].job_id in edit.jobs.deleted}
    _refuse_unseen("profile", edit.profiles, edit.profiles.doubtful, profiles)
    _refuse_unseen("job", edit.jobs, edit.jobs.doubtful, jobs)
    _refuse_unseen("task", edit.tasks, edit.tasks.doubtful - of_deleted, tasks)


def _refuse_unseen(kind: Kind, difference: Difference[N], doubtful: set[UUID], current: dict[UUID, N]) -> None:
    missing = [record for id_, record in current.items() if id_ in doubtful]
    if not missing or difference.document is None:
        return
    names = ", ".join(f'"{record.name}" ({record.id})' for record in missing[:3])
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    command = f"ccsched {kind}s delete {missing[-1].id}, or " if kind != "profile" else ""
    message = (
        f"the {kind}{'s' if len(missing) > 1 else ''} {names}{more} would be deleted, but may have been made after "
        f"this file was opened; to delete: {command}take the last one alone out "
        f"of the file as it is now and save; to keep: make the edit again in the file as it is now"
    )
    raise difference.document.refuse((), message)


def settle(edit: Edit, jobs: dict[UUID, Job], tasks: dict[UUID, Task], profiles: dict[UUID, Profile]) -> None:
    """Make the edit consistent in itself: references, the tasks of deleted jobs, and each job's order.

    Raises:
        Unacceptable: when the person's files contradict each other or the record.
    """
    # The objects a person wrote; an order put right below is not their doing.
    edited_jobs = dict(edit.jobs.wanted)
    _settle_profiles(edit, jobs, tasks, profiles)
    final_jobs = edit.jobs.after(jobs)
    for task in edit.tasks.wanted.values():
        if task.job_id not in final_jobs:
            raise edit.tasks.refuse(task.id, ("job_id",), f"there is no job {task.job_id}")
    final_tasks = edit.tasks.after(tasks)
    # The tasks of a deleted job go with it, unless the person gave them another.
    edit.tasks.deleted |= {task.id for task in final_tasks.values() if task.job_id not in final_jobs}
    of_job: dict[UUID, list[UUID]] = {id_: [] for id_ in final_jobs}
    for task in edit.tasks.after(tasks).values():
        of_job[task.job_id].append(task.id)
    moved_or_gone = edit.tasks.deleted | {
        id_ for id_, task in edit.tasks.changed.items() if task.job_id != tasks[id_].job_id
    }
    affected = edited_jobs.keys() | {task.job_id for task in edit.tasks.created.values()}
    affected |= {tasks[id_].job_id for id_ in moved_or_gone if id_ in tasks}
    affected |= {edit.tasks.changed[id_].job_id for id_ in moved_or_gone if id_ in edit.tasks.changed}
    for id_ in affected & final_jobs.keys():
        job = final_jobs[id_]
        if id_ in edited_jobs:
            _refuse_bad_order(edit, job, of_job[id_], moved_or_gone)
        order = [task_id for task_id in job.task_order if task_id in of_job[id_]]
        order += [task_id for task_id in of_job[id_] if task_id not in order]
        if order != job.task_order:
            settled = job.model_copy(update={"task_order": order})
            if id_ in edit.jobs.created:
                edit.jobs.created[id_] = settled
            else:
                edit.jobs.changed[id_] = settled.model_copy(update={"updated_at": now()})


def _settle_profiles(
    edit: Edit, jobs: dict[UUID, Job], tasks: dict[UUID, Task], profiles: dict[UUID, Profile]
) -> None:
    final = edit.profiles.after(profiles)
    names = Counter(profile.name for profile in final.values())
    for profile in edit.profiles.wanted.values():
        if names[profile.name] > 1:
            message = f'another profile is called "{profile.name}" already'
            raise edit.profiles.refuse(profile.id, ("name",), message)
    for job in edit.jobs.wanted.values():
        if job.profile is not None and job.profile not in final:
            raise edit.jobs.refuse(job.id, ("profile",), f"there is no profile {job.profile}")
    for task in edit.tasks.wanted.values():
        if task.profile is not None and task.profile not in final:
            raise edit.tasks.refuse(task.id, ("profile",), f"there is no profile {task.profile}")
    users: list[tuple[str, Job | Task]] = [("job", job) for job in edit.jobs.after(jobs).values()]
    users += [("task", task) for task in edit.tasks.after(tasks).values()]
    for kind, user in users:
        if user.profile in edit.profiles.deleted and edit.profiles.document is not None:
            message = f'the profile {user.profile} cannot be deleted: the {kind} "{user.name}" uses it'
            raise edit.profiles.document.refuse((), message)


def _refuse_bad_order(edit: Edit, job: Job, own: list[UUID], moved_or_gone: set[UUID]) -> None:
    """Refuse an order that names what is not the job's, or leaves out a task that stays."""
    before = edit.jobs.started_from.get(str(job.id))
    listed = before["task_order"] if isinstance(before, dict) else []
    known = {UUID(str(id_)) for id_ in listed} if isinstance(listed, list) else set()
    for position, id_ in enumerate(job.task_order):
        # A task that was in the order the person started from may be gone by now.
        if id_ not in own and id_ not in moved_or_gone and id_ not in known:
            message = f"this job has no task {id_}"
            raise edit.jobs.refuse(job.id, ("task_order", position), message)
    for id_ in own:
        if id_ in known and id_ not in job.task_order:
            message = f"the task {id_} is left out; to delete it, delete it in tasks.json"
            raise edit.jobs.refuse(job.id, ("task_order",), message)


def _refuse_loss(edit: Edit, store: Store, tasks: dict[UUID, Task]) -> None:
    """A line less in a file is too easily written to take the record of what has happened with it."""
    for id_ in edit.tasks.deleted:
        runs = store.runs.count_of_task(id_)
        if runs:
            message = (
                f'the task "{tasks[id_].name}" cannot be taken out: {runs} of its runs are on record; '
                f"delete it with: ccsched tasks delete {id_}"
            )
            document = edit.tasks.document or edit.jobs.document
            assert document is not None
            raise document.refuse((), message)


def check_all(edit: Edit, check: Check) -> None:
    """Ask of each object that a person made or changed whether it can work.

    Raises:
        Unacceptable: when one cannot.
    """
    for difference in (edit.profiles, edit.jobs, edit.tasks):
        for id_, record in difference.wanted.items():
            # A job whose order alone was put right stands in no edited file.
            if difference.document is not None and id_ in difference.places:
                checked(check, record, difference.document, (difference.places[id_],))


def plan_settings(store: Store, document: Document, bases: list[Base], check: Check) -> tuple[Settings | None, Base]:
    """The settings with a person's changes, or None if nothing changes; and what their file holds.

    Raises:
        Unacceptable: when they cannot be taken.
    """
    if not isinstance(document.value, dict):
        raise document.refuse((), "an object, { ... }, is wanted here")
    base = closest(bases, {"": in_short(document.value)})
    settings, short = merge(document, (), document.value, base.get(""), [], store.settings())
    if settings is not None:
        checked(check, settings, document, ())
    return settings, {"": short}
