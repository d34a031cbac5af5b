"""Why is a task not running, and what will change that?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from scheduler_daemon.engine.eligibility import Held, Hold
from scheduler_daemon.engine.hours import opens
from scheduler_daemon.model.enums import ScheduleType
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.schedule import ScheduleError
from scheduler_daemon.schedule.local import local_text
from scheduler_daemon.store.schedules import Plan


@dataclass(frozen=True)
class Why:
    """The answer, in one line; ``until`` is the instant it ends with, where there is one."""

    reason: str
    """A stable word for programs."""
    message: str
    until: datetime | None = None
    run: UUID | None = None
    """The run that is in its way, or its own that is under way."""


def starts_at(task: Task, plan: Plan) -> datetime:
    """When what is due next starts, as far as the clock decides that: after its jitter, within its running hours."""
    try:
        return opens(task, plan.fires_at) or plan.fires_at
    except ScheduleError:
        return plan.fires_at  # its zone is gone, and its running hours hold nothing any more


def of_live(run: Run) -> Why:
    """Of a task with a run that is under way."""
    stalled = f", stalled since {local_text(run.stalled_at)}" if run.stalled_at else ""
    return Why("running", f"it is running{stalled}: run {str(run.id)[:8]} started at", run.start_time, run.id)


def of_run(run: Run, held: Held | None, live: Mapping[UUID, Run]) -> Why:
    """Of a task with an upcoming run."""
    if held is None:
        return Why("starting", "its run is about to start", run=run.id)
    other = held.run
    named = f"run {str(other.id)[:8]} of task {other.task_name!r} in job {other.job_name!r}" if other else ""
    match held.by:
        case Hold.SEQUENCE:
            message = f"its run comes after {named} in its sequence"
        case Hold.TASK:
            message = f"its run is queued behind {named}"
        case Hold.DIRECTORY:
            message = f"its directory is in use by {named}"
        case Hold.TIME:
            message = f"its run waits for {held.detail}, at"
        case Hold.LIMIT:
            message = f"the account it uses ({held.detail}) has reached its usage limit, which is reset at"
        case Hold.RESERVE:
            message = f"scheduled runs leave the account it uses a reserve ({held.detail}) until"
        case Hold.COST:
            message = f"{held.detail} have cost in a day what they may; that falls below its limit at"
        case Hold.SLOT:
            taken = ", ".join(f"{each.task_name!r} ({str(each.id)[:8]})" for each in live.values())
            message = f"all {len(live)} slots are taken, by the runs of {taken}"
        case _:
            message = "its run waits for its running hours, which begin at"
    return Why(held.by.value, message, held.until, other.id if other else None)


def of_idle(task: Task, plan: Plan | None, before: Sequence[Task], watching: str | None) -> Why:
    """Of a task without a run that is under way or to come.

    ``before`` are the enabled tasks before it in its job's order, ``watching`` what is to be said of its watch.
    """
    if not task.enabled:
        return Why("disabled", f"it is disabled; enable it with: ccsched tasks enable {str(task.id)[:8]}")
    match task.schedule.type:
        case ScheduleType.MANUAL:
            return Why("manual", f"it runs only when it is asked to: ccsched tasks run {str(task.id)[:8]}")
        case ScheduleType.SEQUENTIAL if before:
            return Why("sequential", f"it follows task {before[-1].name!r} in its job's order")
        case ScheduleType.SEQUENTIAL:
            job = str(task.job_id)[:8]
            return Why("sequential", f"it is the first of its job, so it runs only with: ccsched jobs run {job}")
        case ScheduleType.FILE_WATCH:
            return Why("watching", watching or "it waits for a change of what it watches")
    if plan is None:
        return Why("unscheduled", "its schedule cannot be kept any more: see the daemon's log, or change it")
    starts = starts_at(task, plan)
    reasons = [
        reason
        for reason, counts in (
            ("its jitter", plan.fires_at > plan.next_due),
            ("its running hours", starts > plan.fires_at),
        )
        if counts
    ]
    if not reasons:
        return Why("due", "it is next due at", plan.next_due)
    put_off = f"{' and '.join(reasons)} {'put' if len(reasons) > 1 or starts > plan.fires_at else 'puts'} that off to"
    return Why("due", f"it is next due at {local_text(plan.next_due)}, and {put_off}", starts)
