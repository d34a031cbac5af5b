"""A job of the earlier application as one of ours."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from scheduler_daemon.exchange.earlier import shapes
from scheduler_daemon.exchange.earlier.takeover import Present, Takeover
from scheduler_daemon.exchange.earlier.task import place_of, task, title
from scheduler_daemon.exchange.found import Place, named
from scheduler_daemon.exchange.notes import Entry
from scheduler_daemon.exchange.profiles import Profiles
from scheduler_daemon.model.enums import JobStatus
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.record import now
from scheduler_daemon.model.task import Task
from scheduler_daemon.workspace import WorkspaceRefused
from scheduler_daemon.workspace.place import WORKTREES, existing_directory

STRAYS = "Tasks without a job"
_UNTITLED = "Untitled Job"


def take(
    jobs: Sequence[tuple[shapes.Job, Place]],
    tasks: Sequence[tuple[shapes.Task, Place]],
    present: Present,
    takeover: Takeover,
    profiles: Profiles,
    strays: UUID,
) -> None:
    """Take over the jobs that are not here, with their tasks; tasks without a job get one with the id ``strays``."""
    names = {strays: STRAYS} | {given.id: given.name for given, _ in jobs}
    of_job = _take_tasks(tasks, names, present, takeover, profiles, strays)
    here = {job.id for job in present.jobs}
    for given, place in jobs:
        entry = place.entry(named("job", given.name), takeover.lines)
        if given.id in here:
            entry.left_out("it is here already, and stays as it is")
            continue
        entry.taken(f"tasks: {len(of_job[given.id])}")
        ours = job(given, entry, of_job[given.id], _profile(given.profile, profiles, entry))
        _take_job(ours, place, entry, takeover)
    if of_job[strays]:
        place = takeover.places[of_job[strays][0].id]
        entry = place.entry(named("job", STRAYS), takeover.lines)
        _take_job(_job_of_strays(strays, of_job[strays], entry), place, entry, takeover)


def _take_tasks(
    tasks: Sequence[tuple[shapes.Task, Place]],
    jobs: Mapping[UUID, str],
    present: Present,
    takeover: Takeover,
    profiles: Profiles,
    strays: UUID,
) -> dict[UUID, list[Task]]:
    """Take over the tasks of ``jobs`` (id and name) that are not here; the result has them by their job."""
    here = {job.id for job in present.jobs}
    known = {task.id for task in present.tasks}
    of_job: dict[UUID, list[Task]] = defaultdict(list)
    for given, place in tasks:
        entry = place.entry(named("task", given.name), takeover.lines)
        job_id = given.job_id if given.job_id in jobs or given.job_id in here else strays
        assert job_id is not None
        if given.id in known:
            entry.left_out("it is here already, and stays as it is")
        elif job_id in here:
            entry.left_out("its job is here already, and stays as it is")
        else:
            entry.taken(f"in {named('job', jobs[job_id])}")
            ours = task(given, entry, job_id, _profile(given.profile, profiles, entry))
            takeover.tasks.append(ours)
            takeover.places[ours.id] = place_of(given, place)
            of_job[job_id].append(ours)
    return of_job


def _take_job(ours: Job, place: Place, entry: Entry, takeover: Takeover) -> None:
    try:
        existing_directory(ours.working_directory)
    except WorkspaceRefused as error:
        # Its disk may come back, and the rest is not lost for it.
        entry.taken(str(error), "working_directory")
    takeover.jobs.append(ours)
    takeover.places[ours.id] = place


def _profile(reference: str | None, profiles: Profiles, entry: Entry) -> UUID | None:
    if reference is None:
        return None
    if not reference.strip():
        entry.changed("an empty one is none", "profile")
        return None
    meant = profiles.meant(reference)
    if meant is None:
        entry.left_out("there is no such profile, there or here", "profile")
    return meant


def job(given: shapes.Job, entry: Entry, tasks: Sequence[Task], profile: UUID | None) -> Job:
    """The job with its own id, its tasks in order and a profile of ours; what becomes something else is noted."""
    entry.left_out_unknown(given)
    ours = Job(
        id=given.id,
        name=title(given.name, _UNTITLED, entry),
        description=given.description,
        status=_status(given, entry),
        profile=profile,
        working_directory=_working_directory(given, entry),
        task_order=_order(given, entry, tasks),
        created_at=given.created_at or now(),
        updated_at=given.updated_at or given.created_at or now(),
    )
    others = [task for task in tasks if profile and task.profile and task.profile != profile]
    if others:
        names = ", ".join(named("task", task.name) for task in others)
        entry.changed(f"a task's own comes first here, where the job's did: {names}", "profile")
    return ours


def _job_of_strays(id_: UUID, tasks: Sequence[Task], entry: Entry) -> Job:
    where = shapes.WorkingDirectory().path
    entry.changed(f"a task without a job is in this one, and works in {where} as it did", "job_id")
    directory = JobWorkingDirectory(path=where)
    return Job(id=id_, name=STRAYS, working_directory=directory, task_order=[task.id for task in tasks])


def _status(given: shapes.Job, entry: Entry) -> JobStatus:
    if given.status is JobStatus.IN_PROGRESS:
        entry.changed("its runs were cut off, so it is failed", "status")
        return JobStatus.FAILED
    return given.status


def _working_directory(given: shapes.Job, entry: Entry) -> JobWorkingDirectory:
    directory = given.working_directory
    entry.left_out_unknown(directory, "working_directory")
    if "path" not in directory.model_fields_set:
        entry.changed(f"none is given, so it is {directory.path}, as it was", "working_directory")
    name = directory.worktree_name or None
    if directory.use_git_worktree:
        name = _worktree(given, entry)
    return JobWorkingDirectory(
        path=directory.path,
        use_git_worktree=directory.use_git_worktree,
        worktree_name=name,
        worktree_branch=directory.worktree_branch or "main",
    )


def _worktree(given: shapes.Job, entry: Entry) -> str:
    """The name of its worktree; that it is a new one is noted."""
    directory = given.working_directory
    name = directory.worktree_name or f"job-{str(given.id)[:8]}"
    if not directory.worktree_name:
        entry.changed(f"none is given, so it is {name}, as it was", "working_directory", "worktree_name")
    if not directory.worktree_branch:
        entry.changed("none is given, so it is main", "working_directory", "worktree_branch")
    entry.changed(
        f"the worktree is {WORKTREES}/{name} here. Where the branch {name} is there from trees/{name}, no run will "
        f"start: remove that worktree and hand its branch over with: git config branch.{name}.ccsched true; "
        f"or choose another name with: ccsched jobs update JOB --worktree-name NAME",
        "working_directory",
        "use_git_worktree",
    )
    return name


def _order(given: shapes.Job, entry: Entry, tasks: Sequence[Task]) -> list[UUID]:
    """All the job's tasks, as its order has them; there, it was not kept in step with the tasks."""
    own = {task.id for task in tasks}
    order: dict[UUID, None] = {}
    for position, id_ in enumerate(given.task_order):
        if id_ not in own:
            entry.left_out(f"there is no task {id_} in this job", "task_order", position)
        elif id_ in order:
            entry.left_out(f"the task {id_} is named before", "task_order", position)
        else:
            order[id_] = None
    for each in tasks:
        if each.id not in order:
            entry.changed(f"{named('task', each.name)} is not named, so it is last", "task_order")
            order[each.id] = None
    return list(order)
