"""Due times of a schedule, whatever its type."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduler_daemon.model.enums import ScheduleType
from scheduler_daemon.model.task import ScheduleConfig
from scheduler_daemon.schedule.cron import CronExpression
from scheduler_daemon.schedule.interval import interval, latest_until, next_after
from scheduler_daemon.schedule.zone import find_zone

_SECOND = timedelta(seconds=1)

_KEPT = 2048
"""How many cron expressions are kept: working one out takes longer than to find it."""

_parse = lru_cache(maxsize=_KEPT)(CronExpression.parse)


class _Calendar:
    """When a cron expression is due in a zone; for the stretch of time it was last asked about, it knows."""

    def __init__(self, text: str, zone: ZoneInfo) -> None:
        self._cron = _parse(text)
        self._zone = zone
        self._stretch: tuple[datetime, datetime] | None = None
        """An instant and the first due one after it: for all those in between, that is the first, too."""

    def after(self, instant: datetime) -> datetime:
        """The first due instant strictly after ``instant``, in UTC."""
        if self._stretch and self._stretch[0] <= instant < self._stretch[1]:
            return self._stretch[1]
        due = self._cron.after(instant, self._zone)
        self._stretch = instant, due
        return due


_calendar = lru_cache(maxsize=_KEPT)(_Calendar)


def check(schedule: ScheduleConfig) -> None:
    """Refuse a schedule that could not be kept from now on.

    Raises:
        ScheduleError: naming the field.
    """
    if schedule.timezone is not None:
        find_zone(schedule.timezone)
    if schedule.type is ScheduleType.CALENDAR:
        _cron(schedule).after(datetime.now(UTC))


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
            return _cron(schedule).after(after)
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
    cron = _cron(schedule)
    latest = cron.after(after)
    if latest > until:
        return None
    # Nothing is due in (none_from, until]; due instants are whole seconds.
    none_from = until
    while none_from - latest >= _SECOND:
        middle = latest + (none_from - latest) / 2
        due = cron.after(middle)
        if due <= until:
            latest = due
        else:
            none_from = middle
    return latest


def _interval(schedule: ScheduleConfig) -> timedelta:
    assert schedule.interval_value is not None, "the model sees to it"
    assert schedule.interval_type is not None, "the model sees to it"
    return interval(schedule.interval_value, schedule.interval_type)


def _cron(schedule: ScheduleConfig) -> _Calendar:
    assert schedule.cron_expression is not None, "the model sees to it"
    return _calendar(schedule.cron_expression, find_zone(schedule.timezone))
