"""What is examined: the record as it was at one moment, for checks that look in other threads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from scheduler_daemon.engine.sequence import ordered
from scheduler_daemon.engine.watching import Watching
from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import RunStatus, ScheduleType
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.limits import AccountLimits
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.store import Store
from scheduler_daemon.watch import Status


@dataclass(frozen=True)
class Subject:
    """What is on record, and what the daemon knows beside."""

    home: Home
    now: datetime
    settings: Settings
    jobs: Mapping[UUID, Job]
    tasks: Mapping[UUID, Task]
    profiles: Mapping[UUID, Profile]
    running: Mapping[UUID, tuple[Run, Execution | None]]
    attended: frozenset[UUID]
    """The runs that this daemon sees through."""
    limits: Mapping[UUID | None, AccountLimits]
    watches: Mapping[UUID, Status]
    """How well is seen what changes in the files of the tasks that watch some."""

    def enabled(self) -> list[Task]:
        """The tasks that are not disabled."""
        return [task for task in self.tasks.values() if task.enabled and task.job_id in self.jobs]

    def profile_of(self, task: Task) -> UUID | None:
        """Which profile a run of a task gets."""
        return task.profile or self.jobs[task.job_id].profile

    @cached_property
    def by_job(self) -> Mapping[UUID, Sequence[Task]]:
        """The tasks of each job, in its order."""
        found: dict[UUID, list[Task]] = {job_id: [] for job_id in self.jobs}
        for task in self.tasks.values():
            if task.job_id in found:
                found[task.job_id].append(task)
        return {job_id: ordered(self.jobs[job_id], tasks) for job_id, tasks in found.items()}

    def named(self, task: Task) -> str:
        """A task, as it is told of: with its job."""
        return f"{self.jobs[task.job_id].name}/{task.name}"


def subject(store: Store, home: Home, watching: Watching, attended: Iterable[UUID], now: datetime) -> Subject:
    """All of it, as it is now; called in the thread that uses the store."""
    tasks = {task.id: task for task in store.tasks.all()}
    watchers = [task.id for task in tasks.values() if task.schedule.type is ScheduleType.FILE_WATCH]
    return Subject(
        home=home,
        now=now,
        settings=store.settings(),
        jobs={job.id: job for job in store.jobs.all()},
        tasks=tasks,
        profiles={profile.id: profile for profile in store.profiles.all()},
        running={
            run.id: (run, store.runs.execution(run.id))
            for run in store.runs.unfinished()
            if run.status is RunStatus.RUNNING
        },
        attended=frozenset(attended),
        limits=store.limits.all(),
        watches={task_id: status for task_id in watchers if (status := watching.seen(task_id))},
    )
