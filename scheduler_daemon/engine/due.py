"""A task is due: is there to be a run, or a reason why not?"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from scheduler_daemon.model.enums import Missed, Overlap, RunStatus
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task

LATE = timedelta(seconds=60)
"""A due time that is met later than this was missed: the daemon was away, or the machine asleep."""


def too_late(task: Task, due: datetime, now: datetime) -> str | None:
    """Why a due time that was missed gets no run, or None if it gets one."""
    late = now - due
    if late <= LATE:
        return None
    if task.missed is Missed.SKIP:
        return "nobody was there to meet it, and the task skips what it has missed"
    if late > timedelta(seconds=task.missed_within):
        return (
            f"nobody was there to meet it for longer than the {task.missed_within} s within which it is made up for"
        )
    return None


@dataclass(frozen=True)
class Clash:
    """Runs that have not ended, in the way of new ones of the same tasks."""

    runs: tuple[Run, ...]
    """All of their sequences."""
    first: Run
    """The first of one of the tasks themselves."""
    waiting: Run | None
    """One of a sequence of which none has begun."""


def clash(tasks: Iterable[Task], unfinished: Iterable[Run], launching: Collection[UUID]) -> Clash | None:
    """What is in the way of new runs of these tasks, if anything: the sequences that have one of them."""
    wanted = {task.id for task in tasks}
    runs = list(unfinished)
    touched = {run.sequence_id for run in runs if run.task_id in wanted}
    in_the_way = tuple(run for run in runs if run.sequence_id in touched)
    if not in_the_way:
        return None
    # Where its first run is no longer among the unfinished, a sequence has begun.
    begun = touched - {run.sequence_id for run in in_the_way if run.sequence_position == 0 and not run.continues}
    begun |= {run.sequence_id for run in in_the_way if run.status is RunStatus.RUNNING or run.id in launching}
    waiting = next((run for run in in_the_way if run.sequence_id not in begun), None)
    first = next(run for run in in_the_way if run.task_id in wanted)
    return Clash(in_the_way, first, waiting)


def in_the_way(overlap: Overlap, clashing: Clash) -> Run | None:
    """The run for whose sake there are to be no new ones; None if there are."""
    if overlap is Overlap.SKIP:
        return clashing.first
    return clashing.waiting if overlap is Overlap.QUEUE else None


def refusal(run: Run, overlap: Overlap) -> str:
    """That a run is in the way, in plain words with what to do."""
    state = "waits for its turn already" if overlap is Overlap.QUEUE else f"is {run.status.value}"
    return (
        f"task {run.task_name!r} has a run that {state}: {run.id}; "
        f"wait for it, or stop it with: ccsched runs stop {run.id}"
    )


def in_hindsight(run: Run, task: Task) -> str:
    """That a run was in the way of one of the task, for whoever reads of it later."""
    whose = "" if run.task_id == task.id else f" of task {run.task_name!r}"
    state = "running" if run.status is RunStatus.RUNNING else "waiting for its turn"
    return f"run {str(run.id)[:8]}{whose} was still {state}"


def policy(task: Task, job: Job) -> Overlap:
    """What is done about a clash: as the task says, else as its job says."""
    return task.overlap or job.overlap
