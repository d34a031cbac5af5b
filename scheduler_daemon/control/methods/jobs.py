"""``jobs.*``: containers of tasks, and the sequences of runs they make."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated
from uuid import UUID

from pydantic import Field

from scheduler_daemon.control import Json
from scheduler_daemon.control.admission import admit_job
from scheduler_daemon.control.changes import JobChanges, changed
from scheduler_daemon.control.errors import Refused, invalid
from scheduler_daemon.control.methods.logs import remove_logs
from scheduler_daemon.control.methods.translation import add
from scheduler_daemon.control.methods.waiting import until_ended
from scheduler_daemon.control.methods.worktrees import kept, removed
from scheduler_daemon.control.references import find
from scheduler_daemon.control.registry import Caller, NoParams, Params, Registry
from scheduler_daemon.engine.engine import Engine
from scheduler_daemon.engine.events import Changed, Deleted, Events
from scheduler_daemon.engine.sequence import ordered
from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import Overlap
from scheduler_daemon.model.job import Job, JobWorkingDirectory, Name
from scheduler_daemon.model.limits import UsdPerDay
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.store import Store
from scheduler_daemon.workspace.place import exclusion_key, worktree_name


class JobReference(Params):
    """A job by id, unique prefix of an id, or unique name."""

    job: Annotated[str, Field(min_length=1)]


class CreateJob(Params):
    """What a new job is made of."""

    name: Name
    working_directory: JobWorkingDirectory
    description: str = ""
    profile: str | None = None
    """By id, unique prefix or unique name."""
    overlap: Overlap = Overlap.SKIP
    max_usd_per_day: UsdPerDay | None = None


class UpdateJob(Params):
    """A job and what of it is to change."""

    job: Annotated[str, Field(min_length=1)]
    changes: JobChanges


class SetOrder(Params):
    """A job, and all of its tasks in the order they are to run."""

    job: Annotated[str, Field(min_length=1)]
    tasks: list[Annotated[str, Field(min_length=1)]]
    """Each by id, unique prefix or unique name; each once."""


class DeleteJob(JobReference):
    """A job, and what is to become of its worktree."""

    worktree: bool = False
    """Whether its worktree and the worktree's branch are removed too, if nothing is lost with them."""
    force: bool = False
    """Whether they are removed with whatever is in them."""


class JobMethods:
    """The methods about jobs."""

    def __init__(self, store: Store, engine: Engine, events: Events, home: Home, threads: ThreadPoolExecutor) -> None:
        """``threads`` are for questions to git, which may never be answered."""
        self._store = store
        self._engine = engine
        self._events = events
        self._home = home
        self._threads = threads

    def register(self, registry: Registry) -> None:
        """Add them all."""
        add(registry, "jobs.create", CreateJob, self.create, summary="Create a job", result=Job)
        add(
            registry,
            "jobs.update",
            UpdateJob,
            self.update,
            summary="Change a job; what is not given stays",
            result=Job,
        )
        add(registry, "jobs.set_order", SetOrder, self.set_order, summary="Put a job's tasks in order", result=Job)
        add(registry, "jobs.list", NoParams, self.list_all, summary="All jobs, oldest first")
        add(registry, "jobs.get", JobReference, self.get, summary="One job", result=Job)
        add(registry, "jobs.tasks", JobReference, self.tasks, summary="A job's tasks, in its order")
        add(registry, "jobs.run", JobReference, self.run, summary="Run a job's enabled tasks, one after another")
        add(registry, "jobs.stop", JobReference, self.stop, summary="End every run of a job that has not ended")
        add(registry, "jobs.delete", DeleteJob, self.delete, summary="Delete a job, its tasks, runs and logs")

    async def create(self, params: CreateJob, caller: Caller) -> Json:
        """Save a job whose directory can be worked in."""
        profile = find(self._store.profiles, params.profile) if params.profile else None
        job = Job(
            name=params.name,
            description=params.description,
            profile=profile.id if profile else None,
            overlap=params.overlap,
            max_usd_per_day=params.max_usd_per_day,
            working_directory=self._with_worktree_of_its_own(params.working_directory, params.name),
        )
        await self._admit(job)
        if profile:
            find(self._store.profiles, str(profile.id))  # it may have been deleted in the meantime
        with self._store.transaction():
            self._store.jobs.put(job)
        self._events.tell(Changed("job", job))
        return job.to_dict()

    async def update(self, params: UpdateJob, caller: Caller) -> Json:
        """Changes what is given of the job as it is by then: another client may change it while git is asked."""
        job = find(self._store.jobs, params.job)
        wanted = self._changed(job, params.changes)
        while wanted.working_directory != job.working_directory:
            await self._admit(wanted)
            job = find(self._store.jobs, str(job.id))
            asked, wanted = wanted, self._changed(job, params.changes)
            if wanted.working_directory == asked.working_directory:
                break
        return self._put(job, wanted)

    def _changed(self, job: Job, changes: JobChanges) -> Job:
        fields: dict[str, object] = {**changes}
        if changes.get("profile"):
            fields["profile"] = find(self._store.profiles, str(changes["profile"])).id
        wanted = changed(job, fields)
        # A worktree that is named after its job keeps its name when the job is called something else.
        name = job.name if job.working_directory.use_git_worktree else wanted.name
        own = self._with_worktree_of_its_own(wanted.working_directory, name, job)
        return wanted if own == wanted.working_directory else changed(wanted, {"working_directory": own.to_dict()})

    async def set_order(self, params: SetOrder, caller: Caller) -> Json:
        """Refuses an order that is not of this job's tasks, each once."""
        job = find(self._store.jobs, params.job)
        own = {task.id: task for task in self._store.tasks.of_job(job.id)}
        order: list[UUID] = []
        for position, reference in enumerate(params.tasks):
            task = self._task_of(job, own, reference)
            if task.id in order:
                raise invalid(f"tasks.{position}", f"task {task.name!r} ({task.id}) is named twice")
            order.append(task.id)
        if left_out := [task for task in own.values() if task.id not in order]:
            names = ", ".join(f"{task.name!r} ({task.id})" for task in left_out)
            raise invalid("tasks", f"every task of the job is to be named, and these are not: {names}")
        return self._put(job, changed(job, {"task_order": order}))

    def _task_of(self, job: Job, own: Mapping[UUID, Task], reference: str) -> Task:
        """The job's task of that id or name; that another job has one of the same name makes no difference."""
        named = [task for task in own.values() if reference == task.name]
        if len(named) == 1:
            return named[0]
        task = find(self._store.tasks, reference)
        if task.id not in own:
            raise invalid("tasks", f"task {task.name!r} ({task.id}) belongs to another job than {job.name!r}")
        return task

    def _put(self, job: Job, wanted: Job) -> Json:
        if wanted is not job:
            with self._store.transaction():
                self._store.jobs.put(wanted)
            self._events.tell(Changed("job", wanted))
        return wanted.to_dict()

    async def _admit(self, job: Job) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, admit_job, job)

    def _with_worktree_of_its_own(
        self, directory: JobWorkingDirectory, job_name: str, of: Job | None = None
    ) -> JobWorkingDirectory:
        """Where no name is given for the worktree, one from the job's name that no other job's worktree has."""
        if not directory.use_git_worktree or directory.worktree_name:
            return directory
        others = [job for job in self._store.jobs.all() if of is None or job.id != of.id]
        taken = {exclusion_key(job.working_directory, job.name) for job in others}
        name = worktree_name(directory, job_name)
        # As many names as there are jobs, and one: not all of them can be taken. Where no worktree can be made, any
        # name will do, for the job is refused.
        names = [name, *(f"{name}-{number}" for number in range(2, len(taken) + 2))]
        named = (directory.model_copy(update={"worktree_name": each}) for each in names)
        return next((each for each in named if exclusion_key(each, job_name) not in taken), directory)

    async def list_all(self, params: NoParams, caller: Caller) -> Json:
        """Every job."""
        return {"jobs": [job.to_dict() for job in self._store.jobs.all()]}

    async def get(self, params: JobReference, caller: Caller) -> Json:
        """One job."""
        return find(self._store.jobs, params.job).to_dict()

    async def tasks(self, params: JobReference, caller: Caller) -> Json:
        """A bare list, for that is what the owner's examples pipe on."""
        job = find(self._store.jobs, params.job)
        return [task.to_dict() for task in ordered(job, self._store.tasks.of_job(job.id))]

    async def run(self, params: JobReference, caller: Caller) -> Json:
        """Ask for the sequence; it starts as soon as it may."""
        runs = self._engine.requests.run_job(find(self._store.jobs, params.job))
        return {"sequence_id": str(runs[0].sequence_id), "runs": [run.to_dict() for run in runs]}

    async def stop(self, params: JobReference, caller: Caller) -> Json:
        """Answers when all of them have ended."""
        job = find(self._store.jobs, params.job)
        stopped = await self._stop(job)
        return {
            "job": find(self._store.jobs, str(job.id)).to_dict(),
            "stopped": [str(run.id) for run in stopped],
        }

    async def delete(self, params: DeleteJob, caller: Caller) -> Json:
        """Stops what lives first, and answers when all is gone."""
        job = find(self._store.jobs, params.job)
        worktree = await self._worktree(job, params)
        job = find(self._store.jobs, str(job.id))  # it may have been deleted in the meantime
        while await self._stop(job):
            pass  # a task of it may have been due in the meantime
        tasks = self._store.tasks.of_job(job.id)
        runs = [run_id for task in tasks for run_id in self._store.runs.ids_of_task(task.id)]
        with self._store.transaction():
            self._store.jobs.delete(job.id)
        await asyncio.to_thread(remove_logs, [self._home.log(run_id) for run_id in runs])
        self._events.tell(Deleted("job", job.id))
        return {"job_id": str(job.id), "tasks": len(tasks), "runs": len(runs), "worktree": worktree}

    async def _worktree(self, job: Job, params: DeleteJob) -> Json:
        """What becomes of the job's worktree: removed if that is asked for, before anything is deleted."""
        in_thread = asyncio.get_running_loop().run_in_executor
        if params.worktree:
            self._refuse_shared(job)
            if params.force:
                while await self._stop(job):
                    pass
            elif any(run.job_id == job.id for run in self._store.runs.unfinished()):
                message = f"job {job.name!r} has runs that have not ended, so its worktree is in use"
                raise Refused(message, hint=f"stop them first: ccsched jobs stop {job.id}")
            return await in_thread(self._threads, removed, job, params.force, self._home)
        return await in_thread(self._threads, kept, job) if job.working_directory.use_git_worktree else None

    def _refuse_shared(self, job: Job) -> None:
        if not job.working_directory.use_git_worktree:
            raise Refused(
                f"job {job.name!r} works in {job.working_directory.path} itself, not in a worktree",
                hint="delete it without --worktree",
            )
        place = exclusion_key(job.working_directory, job.name)
        for other in self._store.jobs.all():
            if other.id != job.id and exclusion_key(other.working_directory, other.name) == place:
                raise Refused(
                    f"job {other.name!r} ({other.id}) works in the worktree {place} too",
                    hint="delete this one without --worktree",
                )

    async def _stop(self, job: Job) -> list[Run]:
        stopped = self._engine.requests.stop_job(job)
        await until_ended(self._store, self._events, [run.id for run in stopped])
        return stopped
