"""Which tasks start by themselves in the hours to come, when, and what will hold them?"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from scheduler_daemon.engine.eligibility import Held
from scheduler_daemon.engine.planner import TIMED
from scheduler_daemon.engine.sequence import from_due
from scheduler_daemon.engine.waiting import Waiting
from scheduler_daemon.examination.subject import Subject
from scheduler_daemon.model.enums import RunStatus, ScheduleType, Trigger
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.store import Store

_MOST_HOLDS = 10
"""One ends as the next begins; after so many, when it starts is as good as unknown."""
_PACE = 10
"""Tasks that are looked at before others have their turn with the store's thread."""


@dataclass(frozen=True)
class Coming:
    """A task that is to run."""

    task: Task
    job: Job
    due: datetime
    """When, or when the task is that it comes after."""
    starts: datetime
    """Not before, as far as the clock, limits and money decide that."""
    follows: Task | None
    """The task that has to be a success before."""
    holds: Sequence[Held]
    """What puts it off, one after the other."""
    sequence: UUID
    """The same for those that follow one another: the task that is due."""
    run: Run | None
    """Its run, where that is on record already: it waits for its turn, or is tried again."""


@dataclass(frozen=True)
class Asleep:
    """A task that looks as if it should run by itself, and does not."""

    task: Task
    why: str
    fix: str


@dataclass(frozen=True)
class Night:
    """The hours to come."""

    until: datetime
    coming: Sequence[Coming]
    """In the order in which they are due."""
    asleep: Sequence[Asleep]
    next_due: datetime | None
    """When the first task is due after that."""

    def profiles(self, subject: Subject) -> frozenset[UUID | None]:
        """The profiles that are needed."""
        return frozenset(subject.profile_of(each.task) for each in self.coming)


async def night(store: Store, subject: Subject, hours: int) -> Night:
    """What is to come; in the thread that uses the store, which others have their turn with now and then."""
    until = subject.now + timedelta(hours=hours)
    plans = store.schedules.all()
    coming = _on_record(store, subject, until)
    for position, plan in enumerate(plan for plan in plans if plan.fires_at <= until):
        if position % _PACE == _PACE - 1:
            await asyncio.sleep(0)
        task = subject.tasks.get(plan.task_id)
        if task is not None and task.enabled and task.job_id in subject.jobs:
            coming += _sequence(store, subject, task, plan.next_due, max(plan.fires_at, subject.now))
    coming.sort(key=lambda each: each.due)
    planned = {plan.task_id for plan in plans}
    return Night(
        until=until,
        coming=coming,
        asleep=_asleep(subject, planned),
        next_due=next((plan.next_due for plan in plans if plan.fires_at > until), None),
    )


def _on_record(store: Store, subject: Subject, until: datetime) -> list[Coming]:
    """The runs that wait for their turn, or for their next try."""
    found = []
    for run in store.runs.unfinished():
        task, job = subject.tasks.get(run.task_id), subject.jobs.get(run.job_id)
        if run.status is RunStatus.UPCOMING and run.scheduled_time <= until and task and job:
            starts, holds = _start(store, run, max(run.scheduled_time, subject.now))
            sequence = run.sequence_id or run.id
            found.append(Coming(task, job, run.scheduled_time, starts, None, holds, sequence, run))
    return found


def _sequence(store: Store, subject: Subject, task: Task, due: datetime, begin: datetime) -> list[Coming]:
    """A task that is due, and those that follow it."""
    job = subject.jobs[task.job_id]
    found: list[Coming] = []
    for each in from_due(subject.by_job[job.id], task):
        run = Run(
            task_id=each.id,
            task_name=each.name,
            job_id=job.id,
            job_name=job.name,
            scheduled_time=due,
            trigger=Trigger.SEQUENCE if found else Trigger.SCHEDULE,
        )
        begin, holds = _start(store, run, begin)
        found.append(Coming(each, job, due, begin, found[-1].task if found else None, holds, task.id, None))
    return found


def _start(store: Store, run: Run, begin: datetime) -> tuple[datetime, list[Held]]:
    """When a run can start that could at some instant, as far as is known today; and what puts it off."""
    holds: list[Held] = []
    for _ in range(_MOST_HOLDS):
        held = Waiting(store, begin).held(run)
        if held is None or held.until is None or held.until <= begin:
            break
        holds.append(held)
        if held.hopeless:
            break
        begin = held.until
    return begin, holds


def _asleep(subject: Subject, planned: set[UUID]) -> list[Asleep]:
    found = []
    for task in subject.tasks.values():
        short = str(task.id)[:8]
        by_itself = task.schedule.type in TIMED or task.schedule.type is ScheduleType.FILE_WATCH
        if task.job_id not in subject.jobs:
            continue
        if not task.enabled and by_itself:
            found.append(Asleep(task, "has a schedule, and is disabled", f"ccsched tasks enable {short}"))
        elif task.enabled and task.schedule.type in TIMED and task.id not in planned:
            why = "has a schedule that cannot be kept any more"
            found.append(Asleep(task, why, f"ccsched tasks why {short}"))
        elif task.enabled and task.schedule.type is ScheduleType.SEQUENTIAL and not _led(subject, task):
            why = "is to follow the task before it, and no task before it is ever due"
            found.append(Asleep(task, why, f"ccsched tasks why {short}"))
    return found


def _led(subject: Subject, task: Task) -> bool:
    """Whether a task before it in its job, with a schedule of its own, brings it along."""
    tasks = subject.by_job[task.job_id]
    before = [each for each in tasks[: tasks.index(task)] if each.enabled]
    leader = next((each for each in reversed(before) if each.schedule.type is not ScheduleType.SEQUENTIAL), None)
    return leader is not None and leader.schedule.type is not ScheduleType.MANUAL
