"""``jobs.export``, ``jobs.import`` and ``daemon.migrate``: jobs that leave, and jobs that come in."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field

from scheduler_daemon.control import Json
from scheduler_daemon.control.admission import Inadmissible, admit_job, admit_task
from scheduler_daemon.control.methods.translation import add
from scheduler_daemon.control.references import find
from scheduler_daemon.control.registry import Caller, Params, Registry
from scheduler_daemon.engine.engine import Engine
from scheduler_daemon.engine.events import Changed, Events
from scheduler_daemon.exchange.earlier.directory import migrate
from scheduler_daemon.exchange.earlier.takeover import Present, Takeover
from scheduler_daemon.exchange.export import document
from scheduler_daemon.exchange.incoming import Incoming, read
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.record import now
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.store import Store
from scheduler_daemon.workspace.place import exclusion_key


class ExportJobs(Params):
    """Which jobs; all of them if not given."""

    jobs: list[Annotated[str, Field(min_length=1)]] | None = None
    """Each by id, unique prefix or unique name."""


class ImportJobs(Params):
    """An export's text."""

    content: str
    file: Annotated[str, Field(min_length=1, max_length=4096)] = "import"
    """What errors call it."""
    dry_run: bool = False
    """Whether to tell only what would be made."""
    working_directory: Annotated[str, Field(min_length=1)] | None = None
    """Where all the jobs are to work; where the export says if not given."""


class Migrate(Params):
    """The data directory of the earlier desktop application."""

    directory: Annotated[str, Field(min_length=1)]
    dry_run: bool = False
    """Whether to tell only what would be taken over."""


class TransferMethods:
    """The methods by which jobs leave and come in."""

    def __init__(self, store: Store, engine: Engine, events: Events, threads: ThreadPoolExecutor) -> None:
        """``threads`` are for questions to git, which may never be answered."""
        self._store = store
        self._engine = engine
        self._events = events
        self._threads = threads
        self._migrating = asyncio.Lock()

    def register(self, registry: Registry) -> None:
        """Add them all."""
        add(registry, "jobs.export", ExportJobs, self.export, summary="Jobs with their tasks, as one document")
        add(registry, "jobs.import", ImportJobs, self.take_in, summary="Make the jobs and tasks of an export anew")
        add(
            registry,
            "daemon.migrate",
            Migrate,
            self.migrate,
            summary="Take over what the earlier desktop application remembers",
        )

    async def export(self, params: ExportJobs, caller: Caller) -> Json:
        """Each job once, in the order asked for."""
        if params.jobs is None:
            jobs = self._store.jobs.all()
        else:
            asked = (find(self._store.jobs, each) for each in params.jobs)
            jobs = list({job.id: job for job in asked}.values())
        return document(jobs, self._store.tasks.all(), self._store.profiles.all(), now())

    async def take_in(self, params: ImportJobs, caller: Caller) -> Json:
        """All of them or none, each with an id of its own."""
        content = params.content.encode("utf-8", "surrogatepass")
        loop = asyncio.get_running_loop()
        profiles = self._store.profiles.all()
        incoming = await loop.run_in_executor(
            self._threads, read, params.file, content, profiles, params.working_directory
        )
        await asyncio.gather(
            *(loop.run_in_executor(self._threads, _admit, incoming, job, admit_job) for job in incoming.jobs)
        )
        for task in incoming.tasks:
            _admit(incoming, task, admit_task)
        if self._store.profiles.all() != profiles:
            # One may have gone that the jobs refer to.
            return await self.take_in(params, caller)
        notes = self._shared(incoming.jobs)
        if not params.dry_run:
            with self._store.transaction():
                self._put(incoming.jobs, incoming.tasks)
            self._tell(incoming.jobs, incoming.tasks)
        return {
            "dry_run": params.dry_run,
            "jobs": [job.to_dict() for job in incoming.jobs],
            "tasks": [task.to_dict() for task in incoming.tasks],
            "notes": [*incoming.notes, *notes],
        }

    async def migrate(self, params: Migrate, caller: Caller) -> Json:
        """What is here already stays as it is, so that it can be done again; one at a time."""
        async with self._migrating:
            return await self._migrate(params)

    async def _migrate(self, params: Migrate) -> Json:
        loop = asyncio.get_running_loop()
        taken = await loop.run_in_executor(self._threads, migrate, Path(params.directory), self._present())
        for task in taken.tasks:
            _admit(taken, task, admit_task)
        if not params.dry_run:
            with self._store.transaction():
                for profile in taken.profiles:
                    self._store.profiles.put(profile)
                self._put(taken.jobs, taken.tasks)
                for run in taken.runs:
                    self._store.runs.put(run)
                if taken.settings:
                    self._store.put_settings(taken.settings)
            self._tell(taken.jobs, taken.tasks)
            self._events.tell(*(Changed("profile", profile) for profile in taken.profiles))
            self._events.tell(*(Changed("run", run) for run in taken.runs))
        return {
            "dry_run": params.dry_run,
            "lines": [{**line.to_dict()} for line in taken.lines],
            "created": {
                "jobs": len(taken.jobs),
                "tasks": len(taken.tasks),
                "runs": len(taken.runs),
                "profiles": len(taken.profiles),
            },
        }

    def _shared(self, jobs: list[Job]) -> list[str]:
        """What the new jobs share with those that are here: names, and worktrees."""
        here = self._store.jobs.all()
        names = {job.name for job in here}
        worktrees = {exclusion_key(job.working_directory, job.name): job for job in here}
        notes = [f"another job is called {job.name!r} too: use their ids" for job in jobs if job.name in names]
        for job in jobs:
            other = worktrees.get(exclusion_key(job.working_directory, job.name))
            if other and job.working_directory.use_git_worktree:
                notes.append(
                    f"job {job.name!r} works in the same worktree as job {other.name!r} ({str(other.id)[:8]}), so "
                    f"they take turns; for one of its own: ccsched jobs update {str(job.id)[:8]} --worktree-name NAME"
                )
        return notes

    def _put(self, jobs: list[Job], tasks: list[Task]) -> None:
        for job in jobs:
            self._store.jobs.put(job)
        for task in tasks:
            self._store.tasks.put(task)
            self._engine.planner.plan(task)

    def _tell(self, jobs: list[Job], tasks: list[Task]) -> None:
        self._events.tell(*(Changed("job", job) for job in jobs), *(Changed("task", task) for task in tasks))

    def _present(self) -> Present:
        return Present(
            jobs=self._store.jobs.all(),
            tasks=self._store.tasks.all(),
            runs=self._store.runs.ids(),
            profiles=self._store.profiles.all(),
            settings=self._store.settings(),
        )


T = TypeVar("T", Job, Task)


def _admit(source: Incoming | Takeover, thing: T, admit: Callable[[T], None]) -> None:
    """Admit a thing, or refuse it by its place in its file."""
    try:
        admit(thing)
    except Inadmissible as error:
        raise source.refuse(thing.id, tuple(error.field.split(".")), str(error)) from error
