"""Every so many minutes, hours or days, counted as elapsed time from an anchor."""

from datetime import UTC, datetime, timedelta

from scheduler_daemon.model.enums import IntervalType

_UNITS = {
    IntervalType.MINUTES: timedelta(minutes=1),
    IntervalType.HOURS: timedelta(hours=1),
    IntervalType.DAYS: timedelta(days=1),
}


def interval(value: int, unit: IntervalType) -> timedelta:
    """The interval as elapsed time: a day is 24 hours, whatever the clocks do."""
    return value * _UNITS[unit]


def next_after(every: timedelta, anchor: datetime, after: datetime) -> datetime:
    """The first ``anchor + k * every`` (k ≥ 1) strictly after ``after``, in UTC."""
    # In any other zone Python reckons with what clocks show, not with the time that passes.
    begin = anchor.astimezone(UTC)
    return begin + max(1, (after.astimezone(UTC) - begin) // every + 1) * every


def latest_until(every: timedelta, anchor: datetime, until: datetime) -> datetime | None:
    """The last ``anchor + k * every`` (k ≥ 1) that is not after ``until``, in UTC."""
    begin = anchor.astimezone(UTC)
    count = (until.astimezone(UTC) - begin) // every
    return begin + count * every if count >= 1 else None
