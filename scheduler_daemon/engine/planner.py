"""When each task is due next, kept on record so that a due time is neither lost nor met twice."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from scheduler_daemon import __version__
from scheduler_daemon.model.enums import ScheduleType, SkipReason
from scheduler_daemon.model.task import ScheduleConfig, Task
from scheduler_daemon.schedule import ScheduleError
from scheduler_daemon.schedule.due import latest_due, next_due
from scheduler_daemon.schedule.zone import forget_zones
from scheduler_daemon.store.schedules import Plan
from scheduler_daemon.store.skipped import Skipped
from scheduler_daemon.store.store import Store

log = structlog.get_logger()

CORRECTION = timedelta(hours=3)
"""A clock that is set back by this much was wrong before; by less, what was due stays met (as in Debian's cron)."""
TIMED = frozenset({ScheduleType.INTERVAL, ScheduleType.CALENDAR})
"""The schedules that the clock alone decides."""
_INSTANT = timedelta(microseconds=1)
_MADE_BY = "zone_data"
"""The note that says by which time zones, and by which of our versions, all plans on record were made."""


@dataclass(frozen=True)
class DueTimes:
    """What has come of one task's due times since it was last looked at."""

    newest: datetime
    met: bool
    """Whether that has had its run: the clock was set back, and it has come again."""
    older: list[tuple[datetime, datetime]]
    """The first and the last of each stretch of those before it that have had no run."""


class Planner:
    """Keeps the plans in step with the tasks. Every method that writes is called inside a transaction."""

    def __init__(self, store: Store, clock: Callable[[], datetime], zones: Callable[[], str]) -> None:
        """``zones`` tells the state of the time zones; see ``zone_data()``."""
        self._store = store
        self._clock = clock
        self._zones = zones

    def plan_all(self) -> None:
        """Bring every plan in line with its task; see ``plan()``.

        As long as the time zones are the same, an unchanged schedule of thousands costs no computation.
        """
        makers = f"{self._zones()}, ccsched {__version__}"
        if self._store.notes.get(_MADE_BY) == makers:
            for task_id in self._store.schedules.out_of_step(self._clock() + CORRECTION):
                if task := self._store.tasks.get(task_id):
                    self._plan(task, same_zones=True)
            return
        forget_zones()
        for task in self._store.tasks.each():
            self.plan(task)
        self._store.notes.put(_MADE_BY, makers)

    def plan(self, task: Task) -> None:
        """Bring a task's plan in line with its schedule; an unchanged schedule keeps its due time and anchor.

        Unless it was made by a clock that has since been put right. Due times that had come and were not met go on
        record as such; what is to come after a new plan's beginning is off the record again, but for runs.
        """
        self._plan(task, same_zones=False)

    def _plan(self, task: Task, *, same_zones: bool) -> None:
        now = self._clock()
        current = self._store.schedules.get(task.id)
        if not task.enabled or task.schedule.type not in TIMED:
            if current:
                what = "its schedule was changed" if task.enabled else "the task was disabled"
                self._forgo(current, now, what)
                self._store.schedules.delete(task.id)
            return
        unchanged = current is not None and _is(current.schedule, task.schedule)
        if current and unchanged and current.planned_at < now + CORRECTION:
            still_due = current.next_due if same_zones else self._still_due(current, task, now)
            fires_at = still_due + delay(task)
            if fires_at != current.fires_at:
                self._store.schedules.put(replace(current, next_due=still_due, fires_at=fires_at))
            return
        anchor = now
        if current and unchanged:
            # The clock has been set back. Intervals go on from where they began, if that is not to come yet.
            anchor = min(current.anchor, now)
        elif current:
            self._forgo(current, now, "its schedule was changed")
        # What has come, and waits for its jitter, is still to be met.
        begin = max(anchor, now - delay(task))
        try:
            due = next_due(task.schedule, anchor, begin)
        except ScheduleError as error:
            # Refused when it was saved, so this is a zone that has since left the system's database.
            log.error("not scheduled any more", task=task.name, task_id=str(task.id), problem=str(error))
            self._store.schedules.delete(task.id)
            return
        # What has come by another zone's clocks, and is none of the new plan's, stays as it was recorded.
        self._store.skipped.take_back(task.id, min(due - _INSTANT, now) if due else now)
        if due:
            self._store.schedules.put(
                Plan(task.id, task.schedule.model_dump_json(), anchor, due, due + delay(task), now)
            )

    def _still_due(self, plan: Plan, task: Task, now: datetime) -> datetime:
        """When the task of a plan is due: its zone may be another one since, or change its clocks otherwise."""
        # What had come when this was computed may wait for its jitter, even where the clock was set back since.
        looked_at = max(now, plan.planned_at)
        if plan.next_due <= looked_at:
            return plan.next_due
        try:
            return next_due(task.schedule, plan.anchor, looked_at) or plan.next_due
        except ScheduleError:
            return plan.next_due

    def _forgo(self, plan: Plan, now: datetime, what: str) -> None:
        """Put on record that due times which have come will not be met."""
        if plan.next_due > now:
            return
        try:
            schedule = ScheduleConfig.model_validate_json(plan.schedule)
            last = latest_due(schedule, plan.anchor, plan.next_due, now) or plan.next_due
            stretches = list(self._unmet(plan, schedule, last))
        except ValueError:
            stretches = [(plan.next_due, plan.next_due)]  # its zone is gone; at least this one is certain
        reason = f"{what} before it was met"
        for first, last in stretches:
            self._store.skipped.add(Skipped(plan.task_id, first, last, SkipReason.CHANGED, reason, now))

    def meet(self, plan: Plan, task: Task) -> DueTimes:
        """The due times that have come, after which the plan moves on to the next.

        Raises:
            ScheduleError: when the schedule can no longer be read; the plan is left as it is.
        """
        now = self._clock()
        first = plan.next_due
        newest = latest_due(task.schedule, plan.anchor, first, now - delay(task)) or first
        older = []
        if newest > first:
            last = latest_due(task.schedule, plan.anchor, first, newest - _INSTANT) or first
            older = list(self._unmet(plan, task.schedule, last))
        met = self._store.schedules.met(task.id, newest, newest)
        following = next_due(task.schedule, plan.anchor, newest)
        if following:
            fires_at = following + delay(task)
            self._store.schedules.put(replace(plan, next_due=following, fires_at=fires_at, planned_at=now))
        else:
            self._store.schedules.delete(task.id)
        return DueTimes(newest, bool(met), older)

    def _unmet(self, plan: Plan, schedule: ScheduleConfig, last: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches of due times, from a plan's next to the last, that no run was made for before they came."""
        first: datetime | None = plan.next_due
        for met in self._store.schedules.met(plan.task_id, plan.next_due, last):
            if first and first < met:
                # The first may be of another time zone, in which the task was when it came.
                yield first, latest_due(schedule, plan.anchor, first - _INSTANT, met - _INSTANT) or first
            first = next_due(schedule, plan.anchor, met)
        if first and first <= last:
            yield first, last


def _is(text: str, schedule: ScheduleConfig) -> bool:
    """Whether a plan's text says this schedule, be it written before there were all of its fields."""
    try:
        return text == schedule.model_dump_json() or ScheduleConfig.model_validate_json(text) == schedule
    except ValueError:
        return False


def delay(task: Task) -> timedelta:
    """How much later than it is due a task starts: its share of its jitter, the same each time."""
    if not task.jitter:
        return timedelta(0)
    share = int.from_bytes(hashlib.sha256(task.id.bytes).digest()[:8], "big")
    return timedelta(seconds=share % (task.jitter + 1))
