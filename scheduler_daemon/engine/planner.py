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

TIMED = frozenset({ScheduleType.INTERVAL, ScheduleType.CALENDAR})
"""The schedules that the clock alone decides."""


class Planner:
    """Keeps the plans in step with the tasks. Every method that writes is called inside a transaction."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def plan(self, task: Task) -> None:
        """Bring a task's plan in line with its schedule; an unchanged schedule keeps its due time and anchor."""
        current = self._store.schedules.get(task.id)
        if not task.enabled or task.schedule.type not in TIMED:
            if current:
                self._store.schedules.delete(task.id)
            return
        schedule = task.schedule.model_dump_json()
        if current and current.schedule == schedule:
            return
        anchor = self._clock()
        try:
            due = next_due(task.schedule, anchor, anchor)
        except ScheduleError as error:
            self._unschedulable(task, error)
            return
        if due:
            self._store.schedules.put(Plan(task.id, schedule, anchor, due))

    def meet(self, plan: Plan, task: Task) -> datetime | None:
        """The newest due time that has come, after which the plan moves on to the next.

        Due times before it that were missed, while the daemon was down or the machine asleep, are one with it.
        None when the schedule can no longer be read.
        """
        before = plan.next_due - timedelta(microseconds=1)
        try:
            due = latest_due(task.schedule, plan.anchor, before, self._clock()) or plan.next_due
            following = next_due(task.schedule, plan.anchor, due)
        except ScheduleError as error:
            self._unschedulable(task, error)
            return None
        if following:
            self._store.schedules.put(replace(plan, next_due=following))
        else:
            self._store.schedules.delete(task.id)
        return due

    def _unschedulable(self, task: Task, error: ScheduleError) -> None:
        # Refused when it was saved, so this is a zone that has since left the system's database.
        log.error("not scheduled any more", task=task.name, task_id=str(task.id), problem=str(error))
        self._store.schedules.delete(task.id)
