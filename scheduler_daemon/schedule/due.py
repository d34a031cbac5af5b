"""Due times of a schedule, whatever its type."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from scheduler_daemon.model.enums import ScheduleType
from scheduler_daemon.model.task import ScheduleConfig
from scheduler_daemon.schedule.cron import CronExpression
from scheduler_daemon.schedule.interval import interval, latest_until, next_after
from scheduler_daemon.schedule.zone import find_zone

_SECOND = timedelta(seconds=1)

_parse = lru_cache(maxsize=256)(CronExpression.parse)


def check(schedule: ScheduleConfig) -> None:
    """Refuse a schedule that could not be kept from now on.

    Raises:
        ScheduleError: naming the field.
    """
    if schedule.timezone is not None:
        find_zone(schedule.timezone)
    if schedule.type is ScheduleType.CALENDAR:
        _cron(schedule).after(datetime.now(UTC), find_zone(schedule.timezone))


def next_due(schedule: ScheduleConfig, anchor: datetime, after: datetime) -> datetime | None:
    """The first due instant strictly after ``after``, in UTC; None where no clock makes a task due.

    ``anchor`` is the instant an interval is counted from.

    Raises:
        ScheduleError: as ``check()``.
    """
    match schedule.type:
        case ScheduleType.INTERVAL:
            return next_after(_interval(schedule), anchor, after)
        case ScheduleType.CALENDAR:
            return _cron(schedule).after(after, find_zone(schedule.timezone))
        case _:
            return None


def latest_due(schedule: ScheduleConfig, anchor: datetime, after: datetime, until: datetime) -> datetime | None:
    """The last due instant in (``after``, ``until``], in UTC, or None; its cost is that of some 30 due times.

    Raises:
        ScheduleError: as ``check()``.
    """
    match schedule.type:
        case ScheduleType.INTERVAL:
            latest = latest_until(_interval(schedule), anchor, until)
            return latest if latest is not None and latest > after else None
        case ScheduleType.CALENDAR:
            return _latest_by_cron(schedule, after, until)
        case _:
            return None


def _latest_by_cron(schedule: ScheduleConfig, after: datetime, until: datetime) -> datetime | None:
    cron, zone = _cron(schedule), find_zone(schedule.timezone)
    latest = cron.after(after, zone)
    if latest > until:
        return None
    # Nothing is due in (none_from, until]; due instants are whole seconds.
    none_from = until
    while none_from - latest >= _SECOND:
        middle = latest + (none_from - latest) / 2
        due = cron.after(middle, zone)
        if due <= until:
            latest = due
        else:
            none_from = middle
    return latest


def _interval(schedule: ScheduleConfig) -> timedelta:
    assert schedule.interval_value is not None, "the model sees to it"
    assert schedule.interval_type is not None, "the model sees to it"
    return interval(schedule.interval_value, schedule.interval_type)


def _cron(schedule: ScheduleConfig) -> CronExpression:
    assert schedule.cron_expression is not None, "the model sees to it"
    return _parse(schedule.cron_expression)
