"""Which tasks run one after another: the rules of a job's ``task_order``."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import uuid4

from scheduler_daemon.model.enums import JobStatus, Outcome, RunStatus, ScheduleType, Trigger
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task


def ordered(job: Job, tasks: Iterable[Task]) -> list[Task]:
    """A job's tasks in its order; a task the order does not name comes after those it names."""
    place = {task_id: position for position, task_id in enumerate(job.task_order)}
    return sorted(tasks, key=lambda task: place.get(task.id, len(place)))


def whole_job(tasks: Sequence[Task]) -> list[Task]:
    """What running a job runs: every enabled task, whatever its schedule, in the job's order."""
    return [task for task in tasks if task.enabled]


def from_due(tasks: Sequence[Task], due: Task) -> list[Task]:
    """What a due task starts: itself, and the sequential tasks that follow it in the job's order.

    The first enabled task with a schedule of its own ends the sequence: it waits for its own time.
    """
    sequence = [due]
    position = next(index for index, task in enumerate(tasks) if task.id == due.id)
    for task in tasks[position + 1 :]:
        if not task.enabled:
            continue
        if task.schedule.type is not ScheduleType.SEQUENTIAL:
            break
        sequence.append(task)
    return sequence


def runs_of(job: Job, tasks: Sequence[Task], scheduled_time: datetime, trigger: Trigger) -> list[Run]:
    """The upcoming runs of a sequence; they share an id, and each waits for the one before it."""
    sequence_id = uuid4()
    return [
        Run(
            task_id=task.id,
            task_name=task.name,
            job_id=job.id,
            job_name=job.name,
            scheduled_time=scheduled_time,
            trigger=Trigger.SEQUENCE if position and trigger is Trigger.SCHEDULE else trigger,
            sequence_id=sequence_id,
            sequence_position=position,
        )
        for position, task in enumerate(tasks)
    ]


def job_status(sequence: Iterable[Run]) -> JobStatus:
    """What a sequence's runs make of their job; a run left out because its task was disabled harms nothing.

    Nor does one that another continues: that one has the last word.
    """
    runs = [run for run in sequence if run.continued_by is None]
    if any(not run.status.ended for run in runs):
        return JobStatus.IN_PROGRESS
    broken = any(
        run.status is RunStatus.FAILED
        or run.outcome is Outcome.STOPPED
        or (run.status is RunStatus.CANCELLED and run.continues is not None)
        for run in runs
    )
    return JobStatus.FAILED if broken else JobStatus.COMPLETED


def asked_for_by_itself(run: Run) -> bool:
    """Whether a person asked for just this run, or for the first of those that it continues."""
    trigger = run.first_trigger or run.trigger
    return trigger is Trigger.TASK or (trigger is Trigger.RESTART and run.sequence_position == 0)
