"""Cron expressions: the instants at which one is due in a time zone.

The rules are those of Debian's cron 3.0pl1 and its manual page cron(8):

- A job whose minute or hour field begins with ``*`` is a *wildcard* job; any other is a *fixed-time* job.
- Clocks that go forward by less than three hours: a fixed-time job that was skipped is due once, at the
  first instant after the gap; a wildcard job is not due at times that never were.
- Clocks that go back by less than three hours: a fixed-time job is due in the first pass only, a wildcard
  job in both.
- A change of three hours or more is a correction: nothing is caught up and nothing is held back.
- Day of month and day of week: where either field begins with ``*`` both must match, otherwise either.

croniter walks the calendar in plain wall-clock time; the way from wall-clock time to instants is here.
"""

import copy
import dataclasses
import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

from scheduler_daemon.schedule import field
from scheduler_daemon.schedule.error import ScheduleError, shown
from scheduler_daemon.schedule.field import DAY, HOUR, MINUTE, MONTH, SECOND, WEEKDAY, Field, Fields, Values

_CORRECTION = timedelta(hours=3)
"""The least change of the clocks that cron(8) calls a correction."""

_SPAN = timedelta(days=2)
"""No zone moves its clocks by more than 24 hours, nor twice in so short a time (zone database 2026)."""

_SECOND = timedelta(seconds=1)

_LONGEST_WAIT = 100
"""Years. Each date falls on each day of the week in them, so what is not due by then never is."""

_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001  wall-clock time has no zone
"""The 28 years from here hold each date on each day of the week, so what is not due in them never is."""


@dataclass(frozen=True)
class CronExpression:
    """When a job is due, as five fields, six (seconds first) or a name such as ``@daily`` say it."""

    fields: Fields
    _patterns: tuple[croniter, ...] = dataclasses.field(repr=False, compare=False)
    """Due where any of these matches; never moved, only copied."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The expression that a text stands for.

        Raises:
            ScheduleError: when the text is no cron expression, or names only dates that never come.
        """
        fields = field.fields(text)
        coming = tuple(pattern for pattern in _patterns(fields) if _comes(pattern))
        if not coming:
            raise ScheduleError(
                field.FIELD,
                f"{shown(text)} is never due: no year has such a date; change the day of month, the month or "
                "the day of week",
            )
        return cls(fields, coming)

    @property
    def fixed_time(self) -> bool:
        """Neither the minute nor the hour field begins with ``*``."""
        return not (self.fields.minute.starred or self.fields.hour.starred)

    def after(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """The first due instant strictly after ``instant`` where clocks show the time of ``zone``, in UTC.

        Raises:
            ScheduleError: when clocks skip the time whenever it comes, and it is not one that is made up for.
        """
        now = instant.astimezone(UTC)
        last_year = now.year + _LONGEST_WAIT
        local = now.astimezone(zone)
        offset = _offset(local)
        wall = self._next_wall(self._passed(now, local, zone))
        while wall.year <= last_year:
            due = (wall - offset).replace(tzinfo=UTC)
            change = _first_change(now, offset, min(due, now + _SPAN), zone)
            if change is not None:
                before, now, offset = offset, change, _offset(change.astimezone(zone))
                if not self.fixed_time or abs(offset - before) >= _CORRECTION:
                    wall = self._next_wall(_wall(now, offset) - _SECOND)
                elif wall < _wall(now, offset):
                    return now
            elif due <= now + _SPAN:
                return due
            else:
                # Changes of the clocks further from `wall` than this do not matter: what they skip or repeat
                # lies before it, and `wall` is the first time that matches. Of a time that comes twice, take
                # the second: the first may lie behind.
                local = (wall - _SPAN).replace(tzinfo=zone, fold=1)
                now, offset = local.astimezone(UTC), _offset(local)
        raise ScheduleError(
            field.FIELD,
            f"such a time is never due in {zone.key}, where clocks skip it whenever it comes; choose another hour, "
            "or write minute and hour without * to have it run right after the gap",
        )

    def caught_up(self, due: datetime, zone: ZoneInfo) -> list[datetime]:
        """The wall-clock times that clocks skipped, and that are made up for at the due instant ``due``."""
        now = due.astimezone(UTC)
        offset, before = _offset(now.astimezone(zone)), _offset((now - _SECOND).astimezone(zone))
        if not self.fixed_time or not timedelta(0) < offset - before < _CORRECTION:
            return []
        skipped = []
        wall = self._next_wall(_wall(now, before) - _SECOND)
        while wall < _wall(now, offset):
            skipped.append(wall)
            wall = self._next_wall(wall)
        return skipped

    def comes_twice(self, due: datetime, zone: ZoneInfo) -> bool:
        """Whether clocks show the time of the due instant ``due`` once more, when it is not due again."""
        local = due.astimezone(zone)
        back = _offset(local) - _offset(local.replace(fold=1))
        return self.fixed_time and timedelta(0) < back < _CORRECTION

    def _passed(self, now: datetime, local: datetime, zone: ZoneInfo) -> datetime:
        """The wall-clock time that is behind us; for a fixed-time job that includes an hour's second pass."""
        if self.fixed_time and local.fold:
            before = _offset(local.replace(fold=0))
            size = before - _offset(local)
            change = _first_change(now - size, before, now, zone)
            if change is not None and size < _CORRECTION:
                return _wall(change, before) - _SECOND
        return local.replace(tzinfo=None)

    def _next_wall(self, wall: datetime) -> datetime:
        """The first matching wall-clock time strictly after ``wall``."""
        # croniter counts in floating-point seconds, whose fractions are not exact in times far from now.
        wall = wall.replace(microsecond=0)
        found = []
        for pattern in self._patterns:
            walker = copy.copy(pattern)
            found.append(walker.get_next(datetime, start_time=wall))
        return min(found)


def _patterns(fields: Fields) -> list[croniter]:
    """What croniter takes, which together make up an expression."""
    time = [_listed(SECOND, fields.second), _listed(MINUTE, fields.minute), _listed(HOUR, fields.hour)]
    months = _listed(MONTH, fields.month)
    days, weekdays = _apart(DAY, fields.day), _apart(WEEKDAY, fields.weekday)
    if fields.both_days:
        dates = [*itertools.product(days, weekdays)]
    else:
        dates = [*((day, "*") for day in days), *(("*", weekday) for weekday in weekdays)]
    return [
        croniter(" ".join([*time, day, months, weekday]), _EPOCH, day_or=False, second_at_beginning=True)
        for day, weekday in dates
    ]


def _apart(of: Field, values: Values) -> list[str]:
    """A field's plain numbers and its calendar days: together, croniter takes ``2-31,L`` for every day."""
    numbers = [_listed(of, values)] if values.numbers else []
    return [*numbers, ",".join(sorted(values.calendar_days))] if values.calendar_days else numbers


def _listed(of: Field, values: Values) -> str:
    """A field's numbers one by one: what croniter reads into other spellings of them is not always cron's."""
    return "*" if values.numbers == field.all_numbers(of) else ",".join(map(str, sorted(values.numbers)))


def _comes(pattern: croniter) -> bool:
    try:
        copy.copy(pattern).get_next(datetime)
    except CroniterBadDateError:
        return False
    return True


def _offset(local: datetime) -> timedelta:
    offset = local.utcoffset()
    assert offset is not None, "a ZoneInfo knows its offset at any time"
    return offset


def _wall(instant: datetime, offset: timedelta) -> datetime:
    return instant.replace(tzinfo=None) + offset


def _first_change(after: datetime, offset: timedelta, until: datetime, zone: ZoneInfo) -> datetime | None:
    """The instant in (after, until], at most ``_SPAN`` apart, at which clocks leave ``offset``."""
    if _offset(until.astimezone(zone)) == offset:
        return None
    # Zones change at whole seconds.
    low, high = after.replace(microsecond=0), until.replace(microsecond=0)
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if _offset(middle.astimezone(zone)) == offset:
            low = middle
        else:
            high = middle
    return high
