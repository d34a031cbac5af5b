"""Settles accounts: for each due time there is exactly one run or one reason why not.

A task's due times are those of its periods. A period is a time in which the task is enabled with one schedule and one
anchor; it begins and ends when somebody changes that. Of the due times of a period

- those after it began and not after it ended, as the clock said, are owed: one run or one reason for each. Of a
  period that is not over, those that have come, and whose jitter is over.
- others may come, if the clock was set back in the period, or was ahead in it: one run or one reason at the most.
- those that a later period begins before, by its clock, are no longer owed: they have not come yet, after all, and it
  is for the later period to say whether they will. So it is, too, with those of a past period that come after an
  instant to which the clock was set back by three hours or more.

Where the zone of a period changes, or its rules do, what had come and was not met stays as it was, and the new ones
count from there; else from when the daemon takes note.

A task is owed nothing for the times at which it is disabled, and nothing by a schedule that it no longer has. A due
time that comes again, because the clock was set back, is the same due time: it has one run or one reason altogether.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from scheduler_daemon.model.enums import ScheduleType, SkipReason, Trigger
from scheduler_daemon.model.task import ScheduleConfig, Task
from scheduler_daemon.store.schedules import Plan
from scheduler_daemon.store.skipped import Skipped
from scheduler_daemon.store.store import Store
from tests.unit.engine.simulation.due_times import Oracle
from tests.unit.engine.simulation.known import Known
from tests.unit.engine.simulation.machine import CORRECTION, NOTICED, Machine
from tests.unit.engine.simulation.story import Story
from tests.unit.engine.simulation.watch import Watch
from tests.unit.engine.simulation.zones import Zones

_ALL = 10**9
_JITTER = timedelta(days=1)
"""The most that there is."""
_TIMED = (ScheduleType.INTERVAL, ScheduleType.CALENDAR)


@dataclass
class _Period:
    """A task is enabled with one schedule, one zone and one anchor; instants are what the clock said."""

    schedule: ScheduleConfig
    zone: ZoneInfo
    anchor: datetime
    begin: datetime
    begin_awake: timedelta
    low: datetime
    """Until then none of its due times may be met."""
    high: datetime | None = None
    """Nor after that, once it has ended."""
    end: datetime | None = None
    end_awake: timedelta | None = None


@dataclass
class _Book:
    """One task's."""

    periods: list[_Period] = field(default_factory=list)
    asked: dict[datetime, bool] = field(default_factory=dict)
    """When what it watches changed, and whether the engine has surely taken note."""

    @property
    def open(self) -> _Period | None:
        """The period that is not over."""
        return self.periods[-1] if self.periods and self.periods[-1].end is None else None


class Account:
    """The books of all tasks."""

    def __init__(
        self, machine: Machine, zones: Zones, known: Known, oracle: Oracle, watch: Watch, story: Story
    ) -> None:
        self._machine = machine
        self._zones = zones
        self._known = known
        self._oracle = oracle
        self._watch = watch
        self._story = story
        self._books: dict[UUID, _Book] = {}
        self.due_times = 0
        """How many were owed."""

    # What happens

    def asked(self, task_id: UUID, certain: bool) -> None:
        """What a task watches has changed."""
        book = self._books.setdefault(task_id, _Book())
        now = self._machine.now()
        book.asked[now] = certain

    def note(self, store: Store, task_id: UUID, taken_in: bool) -> None:
        """A task may have been changed; if in a file, the daemon may have died before it had ``taken_in`` that."""
        task = store.tasks.get(task_id)
        if task:
            self._note(task, store.schedules.get(task_id), taken_in)
        else:
            self._books.pop(task_id, None)
            self._watch.forget(task_id)

    def note_all(self, store: Store, taken_in: bool) -> None:
        """The clock was set back, which the daemon has noticed; ``taken_in`` as ever."""
        plans = {plan.task_id: plan for plan in store.schedules.all()}
        for task in self._known.tasks.values():
            plan = plans.get(task.id)
            self._note(task, plan, taken_in)
            if plan and taken_in and plan.anchor >= self._machine.now() + CORRECTION:
                raise self._story.violated(f"{task.name!r} counts from what is to come: {plan}", task.id)

    def _note(self, task: Task, plan: Plan | None, taken_in: bool) -> None:
        if not _follows(plan, task):
            if taken_in:
                raise self._story.violated(f"{task.name!r} has the plan {plan}, and not by its schedule", task.id)
            return
        book = self._books.setdefault(task.id, _Book())
        period, now = book.open, self._machine.now()
        if plan is None:
            self._close(period)
            return
        if taken_in:
            self._note_delay(task, plan)
        schedule = task.schedule
        if period and period.schedule == schedule and period.anchor == plan.anchor:
            return
        if period and period.schedule == schedule and period.anchor < now:
            raise self._story.violated(f"{task.name!r} has another anchor than {period.anchor}: {plan}", task.id)
        if plan.anchor != now:
            raise self._story.violated(f"{task.name!r} does not count from now: {plan}", task.id)
        self._close(period)
        zone = self._zones.of(schedule.timezone)
        book.periods.append(_Period(schedule, zone, plan.anchor, now, self._machine.awake, now))

    def _note_delay(self, task: Task, plan: Plan) -> None:
        delay = plan.fires_at - plan.next_due
        before = self._watch.delays.setdefault((task.id, task.jitter), delay)
        if delay != before or not timedelta(0) <= delay <= timedelta(seconds=task.jitter):
            raise self._story.violated(f"{task.name!r} is put off by {delay}, and was by {before}", task.id)

    def _close(self, period: _Period | None) -> None:
        if period:
            period.end = period.high = self._machine.now()
            period.end_awake = self._machine.awake

    def note_zones(self, before: list[Plan], changed_at: datetime) -> None:
        """Zones are other ones since ``changed_at``: the daemon has just taken note, with these plans ``before``."""
        plans = {plan.task_id: plan for plan in before}
        for task_id, book in self._books.items():
            period, plan = book.open, plans.get(task_id)
            if period is None or plan is None or period.schedule.cron_expression is None:
                continue
            if self._zones.of(period.schedule.timezone) is not period.zone:
                book.periods.append(self._in_another_zone(period, plan.next_due, changed_at))

    def _in_another_zone(self, period: _Period, next_due: datetime, changed_at: datetime) -> _Period:
        """What comes after a period that ends with its zone: what had come and was not met stays as it was."""
        now = self._machine.now()
        low = min(changed_at, now)
        self._close(period)
        pending = next_due <= now
        period.end = next_due if pending else low
        begin = next_due if pending else self._passed(now)
        zone = self._zones.of(period.schedule.timezone)
        return _Period(period.schedule, zone, period.anchor, begin, self._machine.awake, min(low, begin))

    def _passed(self, now: datetime) -> datetime:
        """Until when time counts as past: where the clock was set back by a little, until what it had said before."""
        said = [each.before for each in self._machine.set_backs if each.before < now + CORRECTION]
        return max([now, *said])

    # The settling

    def settle_all(self, store: Store) -> None:
        """Settle the accounts of all tasks."""
        for task in list(self._known.tasks.values()):
            self.settle(store, task)

    def settle(self, store: Store, task: Task) -> None:
        """Settle that of one task, which is about to be deleted or has come to the end of the year."""
        book = self._books.get(task.id, _Book())
        owed, possible = self._owed(book, task)
        self.due_times += len(owed)
        runs = Counter(
            run.scheduled_time for run in store.runs.scheduled(task.id, _ALL) if run.trigger is Trigger.SCHEDULE
        )
        lines = store.skipped.newest(task.id, _ALL)
        due = sorted(owed | possible)
        reasons = self._reasons(due, lines)
        for instant in due:
            found = runs[instant] + reasons[instant]
            if found > 1 or (found == 0 and instant in owed):
                covering = [line for line in lines if line.first_due <= instant <= line.last_due]
                text = f"{task.name!r} has {runs[instant]} runs and {reasons[instant]} reasons: {covering}"
                raise self._story.violated(text, task.id, instant)
        for instant in runs - Counter(due):
            raise self._story.violated(f"{task.name!r} has a run, and was not due", task.id, instant)
        for line in lines:
            self._check_line(task, line, due, book)

    def _owed(self, book: _Book, task: Task) -> tuple[set[datetime], set[datetime]]:
        """The due times that must be on record, and those that may be."""
        owed = {instant for instant, certain in book.asked.items() if certain}
        possible = set(book.asked) - owed
        for number, period in enumerate(book.periods):
            low, high = self._extent(period)
            come = self._come(book, number, task)
            for instant in self._oracle.due(period.schedule, period.zone, period.anchor, low, high):
                (owed if period.begin < instant <= come else possible).add(instant)
        return owed, possible - owed

    def _come(self, book: _Book, number: int, task: Task) -> datetime:
        """The instant until which the due times of a period have come for good."""
        period = book.periods[number]
        if period.end is None or period.end_awake is None:
            return self._machine.now() - self._watch.delays[task.id, task.jitter] - 2 * NOTICED
        later = [each.begin for each in book.periods[number + 1 :]]
        corrections = [
            each.after for each in self._machine.set_backs if each.awake >= period.end_awake and each.correction
        ]
        return min([period.end, *later, *corrections])

    def _extent(self, period: _Period) -> tuple[datetime, datetime]:
        """The first and the last that the clock said in a period."""
        end = period.high or self._machine.now()
        end_awake = period.end_awake if period.end_awake is not None else self._machine.awake
        within = [each for each in self._machine.set_backs if period.begin_awake <= each.awake <= end_awake]
        # What waits for its jitter is found anew, by the zone of now.
        lows = [max(each.after - _JITTER, min(each.after, period.anchor)) for each in within]
        low = min([period.low, *lows])
        return low, max([end, *(each.before for each in within)])

    def _reasons(self, due: list[datetime], lines: list[Skipped]) -> Counter[datetime]:
        reasons: Counter[datetime] = Counter()
        for line in lines:
            reasons.update(due[bisect_left(due, line.first_due) : bisect_right(due, line.last_due)])
        return reasons

    def _check_line(self, task: Task, line: Skipped, due: list[datetime], book: _Book) -> None:
        """It begins with a due time, and that nobody was there is said only where nobody was."""
        place = bisect_left(due, line.first_due)
        if line.last_due < line.first_due or due[place : place + 1] != [line.first_due]:
            raise self._story.violated(f"{task.name!r} was not due, and has {line}", task.id, line.first_due)
        if line.reason is not SkipReason.MISSED or self._watch.jitter_was_changed(task.id, line.first_due):
            return
        last = due[bisect_right(due, line.last_due) - 1]
        for instant in (line.first_due, last):
            if not self._was_missed(book, instant, self._watch.delays[task.id, task.jitter]):
                raise self._story.violated(f"{task.name!r} was not missed, and has {line}", task.id, instant)

    def _was_missed(self, book: _Book, instant: datetime, delay: timedelta) -> bool:
        for period in book.periods:
            low, high = self._extent(period)
            known = self._machine.awake if period.end_awake is None else period.end_awake
            if low < instant <= high and self._watch.excused(instant + delay, known):
                return True
        return False


def _follows(plan: Plan | None, task: Task) -> bool:
    """Whether a plan is of a task as it is."""
    if not task.enabled or task.schedule.type not in _TIMED:
        return plan is None
    return plan is not None and ScheduleConfig.model_validate_json(plan.schedule) == task.schedule
