"""When each task is due next, kept on record so that a due time is neither lost nor met twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from scheduler_daemon.model.enums import ScheduleType
from scheduler_daemon.model.task import Task
from scheduler_daemon.schedule import ScheduleError
from scheduler_daemon.schedule.due import latest_due, next_due
from scheduler_daemon.store.schedules import Plan
from scheduler_daemon.store.store import Store

log = structlog.get_logger()

CORRECTION = timedelta(hours=3)
"""A clock that is set back by this much was wrong before; by less, what was due stays met (as in Debian's cron)."""
TIMED = frozenset({ScheduleType.INTERVAL, ScheduleType.CALENDAR})
"""The schedules that the clock alone decides."""


class Planner:
    """Keeps the plans in step with the tasks. Every method that writes is called inside a transaction."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def plan(self, task: Task) -> None:
        """Bring a task's plan in line with its schedule; an unchanged schedule keeps its due time and anchor.

        Unless it was made by a clock that has since been put right.
        """
        current = self._store.schedules.get(task.id)
        if not task.enabled or task.schedule.type not in TIMED:
            if current:
                self._store.schedules.delete(task.id)
            return
        schedule = task.schedule.model_dump_json()
        anchor = self._clock()
        if current and current.schedule == schedule and current.planned_at < anchor + CORRECTION:
            return
        try:
            due = next_due(task.schedule, anchor, anchor)
        except ScheduleError as error:
            # Refused when it was saved, so this is a zone that has since left the system's database.
            log.error("not scheduled any more", task=task.name, task_id=str(task.id), problem=str(error))
            self._store.schedules.delete(task.id)
            return
        if due:
            self._store.schedules.put(Plan(task.id, schedule, anchor, due, anchor))

    def meet(self, plan: Plan, task: Task) -> datetime:
        """The newest due time that has come, after which the plan moves on to the next.

        Due times before it that were missed, while the daemon was down or the machine asleep, are one with it.

        Raises:
            ScheduleError: when the schedule can no longer be read; the plan is left as it is.
        """
        now = self._clock()
        before = plan.next_due - timedelta(microseconds=1)
        due = latest_due(task.schedule, plan.anchor, before, now) or plan.next_due
        following = next_due(task.schedule, plan.anchor, due)
        if following:
            self._store.schedules.put(replace(plan, next_due=following, planned_at=now))
        else:
            self._store.schedules.delete(task.id)
        return due
