"""When a schedule is due, said in a way of its own: the days of the calendar and the times of a day, one by one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduler_daemon.model.enums import IntervalType
from scheduler_daemon.model.task import ScheduleConfig

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_CORRECTION = timedelta(hours=3)
_UNITS = {
    IntervalType.MINUTES: timedelta(minutes=1),
    IntervalType.HOURS: timedelta(hours=1),
    IntervalType.DAYS: timedelta(days=1),
}


@dataclass(frozen=True)
class Calendar:
    """What a cron expression means."""

    times: tuple[time, ...]
    """Of a day."""
    on: Callable[[date], bool]
    """The days."""
    wildcard: bool
    """Whether it follows what clocks show, be that shown twice or not at all."""


@dataclass(frozen=True)
class Oracle:
    """Knows when the schedules of this world are due."""

    calendars: dict[str, Calendar]
    """By cron expression."""

    def due(
        self, schedule: ScheduleConfig, zone: ZoneInfo, anchor: datetime, after: datetime, until: datetime
    ) -> list[datetime]:
        """The due times in (after, until], in order."""
        if schedule.cron_expression is not None:
            found = set(_of_calendar(self.calendars[schedule.cron_expression], zone, after, until))
        else:
            assert schedule.interval_type
            found = set(_of_interval((schedule.interval_value or 0) * _UNITS[schedule.interval_type], anchor, until))
        return sorted(instant for instant in found if after < instant <= until)


def _of_interval(every: timedelta, anchor: datetime, until: datetime) -> Iterator[datetime]:
    instant = anchor + every
    while instant <= until:
        yield instant
        instant += every


def _of_calendar(calendar: Calendar, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    day, last = after.astimezone(zone).date() - _DAY, until.astimezone(zone).date() + _DAY
    while day <= last:
        if calendar.on(day):
            for each in calendar.times:
                yield from _instants(datetime.combine(day, each), zone, calendar.wildcard)
        day += _DAY


def _instants(shown: datetime, zone: ZoneInfo, wildcard: bool) -> list[datetime]:
    """When clocks show that, or pass over it; see cron(8)."""
    first = shown.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = shown.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if first == second:
        return [first]
    if first < second:
        return [first, second] if wildcard or second - first >= _CORRECTION else [first]
    return [] if wildcard or first - second >= _CORRECTION else [_change(second, first, zone)]


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which clocks have another offset than before."""
    old = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def within(hours: str | None, zone: ZoneInfo, instant: datetime) -> bool:
    """Whether clocks of a zone show a time within hours such as ``22:00-06:00``."""
    if hours is None:
        return True
    begin, end = (60 * int(each[:2]) + int(each[3:]) for each in hours.split("-"))
    local = instant.astimezone(zone)
    minute = 60 * local.hour + local.minute
    return (minute - begin) % 1440 < (end - begin) % 1440 or begin == end
