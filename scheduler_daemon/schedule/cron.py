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
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

from scheduler_daemon.schedule import field
from scheduler_daemon.schedule.error import ScheduleError, shown

_CORRECTION = timedelta(hours=3)
"""The least change of the clocks that cron(8) calls a correction."""

_SPAN = timedelta(days=2)
"""No zone moves its clocks by more than 24 hours, nor twice in so short a time (zone database 2026)."""

_SECOND = timedelta(seconds=1)
_JUST_BEFORE = timedelta(microseconds=1)

_LONGEST = 1000
"""Characters; with every field written out value by value an expression has some 500."""

_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001  wall-clock time has no zone
"""The 28 years from here hold each date on each day of the week, so what is not due in them never is."""


@dataclass(frozen=True)
class CronExpression:
    """When a job is due, as five fields, six (seconds first) or a name such as ``@daily`` say it."""

    text: str
    fixed_time: bool
    """Neither the minute nor the hour field begins with ``*``."""
    _patterns: tuple[croniter, ...] = dataclasses.field(repr=False, compare=False)
    """Due where any of these matches; never moved, only copied."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The expression that a text stands for.

        Raises:
            ScheduleError: when the text is no cron expression, or names only dates that never come.
        """
        fields = field.ALIASES.get(text.strip().lower(), text).split()
        if len(fields) not in (5, 6) or len(text) > _LONGEST:
            raise ScheduleError(
                field.FIELD,
                f"{shown(text)} is no cron expression: write five fields (minute, hour, day of month, month, "
                f"day of week), six with seconds first, or one of {', '.join(field.ALIASES)}",
            )
        *seconds, minute, hour, day, month, weekday = fields
        second = field.values(field.SECOND, seconds[0] if seconds else "0")
        minutes, hours = field.values(field.MINUTE, minute), field.values(field.HOUR, hour)
        time = [_listed(field.SECOND, second), _listed(field.MINUTE, minutes), _listed(field.HOUR, hours)]
        months = _listed(field.MONTH, field.values(field.MONTH, month))
        days = _days(field.values(field.DAY, day), field.values(field.WEEKDAY, weekday))
        patterns = [_pattern([*time, on_day, months, on_weekday]) for on_day, on_weekday in days]
        coming = tuple(pattern for pattern in patterns if _comes(pattern))
        if not coming:
            raise ScheduleError(
                field.FIELD,
                f"{shown(text)} is never due: no year has such a date; change the day of month, the month or "
                "the day of week",
            )
        return cls(text, not (minutes.starred or hours.starred), coming)

    def after(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """The first due instant strictly after ``instant`` where clocks show the time of ``zone``, in UTC."""
        now = instant.astimezone(UTC)
        local = now.astimezone(zone)
        offset = _offset(local)
        wall = self._next_wall(self._passed(now, local, zone))
        while True:
            due = (wall - offset).replace(tzinfo=UTC)
            change = _first_change(now, offset, min(due, now + _SPAN), zone)
            if change is not None:
                before, now, offset = offset, change, _offset(change.astimezone(zone))
                if not self.fixed_time or abs(offset - before) >= _CORRECTION:
                    wall = self._next_wall(_wall(now, offset) - _JUST_BEFORE)
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

    def _passed(self, now: datetime, local: datetime, zone: ZoneInfo) -> datetime:
        """The wall-clock time that is behind us; for a fixed-time job that includes an hour's second pass."""
        if self.fixed_time and local.fold:
            before = _offset(local.replace(fold=0))
            size = before - _offset(local)
            change = _first_change(now - size, before, now, zone)
            if change is not None and size < _CORRECTION:
                return _wall(change, before) - _JUST_BEFORE
        return local.replace(tzinfo=None)

    def _next_wall(self, wall: datetime) -> datetime:
        """The first matching wall-clock time strictly after ``wall``."""
        found = []
        for pattern in self._patterns:
            walker = copy.copy(pattern)
            found.append(walker.get_next(datetime, start_time=wall))
        return min(found)


def _days(day: field.Values, weekday: field.Values) -> list[tuple[str, str]]:
    """The day-of-month and day-of-week texts of the patterns that together make up an expression."""
    on_day = _listed(field.DAY, day)
    # croniter takes plain and calendar days of the week only apart from each other.
    on_weekday = [",".join(sorted(weekday.calendar_days))] if weekday.calendar_days else []
    if weekday.numbers:
        on_weekday.append(_listed(field.WEEKDAY, field.Values(weekday.numbers, frozenset(), False)))
    if day.starred or weekday.starred:
        return [(on_day, each) for each in on_weekday]
    return [(on_day, "*"), *(("*", each) for each in on_weekday)]


def _listed(of: field.Field, values: field.Values) -> str:
    """A field's values one by one: what croniter reads into other spellings of them is not always cron's."""
    if values.numbers == field.all_numbers(of):
        return "*"
    return ",".join([*map(str, sorted(values.numbers)), *sorted(values.calendar_days)])


def _pattern(fields: list[str]) -> croniter:
    return croniter(" ".join(fields), _EPOCH, day_or=False, second_at_beginning=True)


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
