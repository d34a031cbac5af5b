"""Due times of each type of schedule."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler_daemon.model.enums import IntervalType
from scheduler_daemon.model.task import ScheduleConfig
from scheduler_daemon.schedule import ScheduleError
from scheduler_daemon.schedule.due import check, latest_due, next_due

_MICROSECOND = timedelta(microseconds=1)
_ANCHOR = datetime(2026, 3, 28, 12, 0, 0, 250_000, tzinfo=UTC)


def _schedule(**fields: Any) -> ScheduleConfig:
    return ScheduleConfig.model_validate(fields)


def _every(value: int, unit: IntervalType) -> ScheduleConfig:
    return _schedule(type="interval", interval_value=value, interval_type=unit)


def _cron(expression: str, timezone: str | None = "Europe/Berlin") -> ScheduleConfig:
    return _schedule(type="calendar", cron_expression=expression, timezone=timezone)


@pytest.mark.parametrize(
    "schedule",
    [
        _schedule(),
        _schedule(type="sequential"),
        _schedule(type="file_watch", watch_path="/srv/inbox"),
    ],
    ids=lambda schedule: str(schedule.type),
)
def test_no_clock_makes_it_due(schedule: ScheduleConfig) -> None:
    """Manual, sequential and file-watch schedules have no due time of their own."""
    check(schedule)
    later = _ANCHOR + timedelta(days=9)
    assert next_due(schedule, _ANCHOR, _ANCHOR) is None
    assert latest_due(schedule, _ANCHOR, _ANCHOR, later) is None


def test_intervals_are_counted_from_the_anchor() -> None:
    """The first is one interval after the anchor, and none drifts by when the last was asked for."""
    schedule = _every(90, IntervalType.MINUTES)
    step = timedelta(minutes=90)
    long_before = _ANCHOR - timedelta(days=400)
    assert next_due(schedule, _ANCHOR, long_before) == _ANCHOR + step
    assert next_due(schedule, _ANCHOR, _ANCHOR) == _ANCHOR + step
    assert next_due(schedule, _ANCHOR, _ANCHOR + step) == _ANCHOR + 2 * step
    assert next_due(schedule, _ANCHOR, _ANCHOR + 7.5 * step) == _ANCHOR + 8 * step


def test_a_day_is_24_hours() -> None:
    """An interval of a day does not follow the clocks when they change."""
    due = next_due(_every(1, IntervalType.DAYS), _ANCHOR, _ANCHOR)
    assert due == _ANCHOR + timedelta(hours=24)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Pacific/Apia"])
def test_an_interval_is_the_time_that_passes(zone: str) -> None:
    """In whatever zone its instants are written, an interval is not longer or shorter where clocks change."""
    local, schedule = ZoneInfo(zone), _every(1, IntervalType.DAYS)
    for anchor in (_ANCHOR, datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2011, 12, 29, 12, tzinfo=UTC)):
        written = anchor.astimezone(local)
        for days in range(4):
            due = anchor + (days + 1) * timedelta(hours=24)
            after = (anchor + days * timedelta(hours=24)).astimezone(local)
            assert next_due(schedule, written, after) == due
            assert latest_due(schedule, written, after, due.astimezone(local)) == due
            assert latest_due(schedule, written, after, (due - _MICROSECOND).astimezone(local)) is None


@given(
    value=st.integers(1, 1_000_000),
    unit=st.sampled_from(IntervalType),
    steps=st.lists(st.timedeltas(timedelta(hours=-30), timedelta(days=30)), min_size=1, max_size=20),
)
@settings(deadline=None, database=None)
def test_an_interval_keeps_its_beat_whatever_the_clock_does(
    value: int, unit: IntervalType, steps: list[timedelta]
) -> None:
    """On a clock that is stepped forward and back, each due time is a whole number of intervals from the anchor."""
    schedule, hours = _every(value, unit), {"minutes": 1 / 60, "hours": 1, "days": 24}[unit]
    seconds = round(value * hours * 3600)
    now = _ANCHOR
    for step in steps:
        now += step
        due = next_due(schedule, _ANCHOR, now)
        assert due is not None
        passed = (due - _ANCHOR) / _MICROSECOND
        assert passed % (seconds * 1_000_000) == 0
        assert passed >= seconds * 1_000_000
        assert now < due <= max(now, _ANCHOR) + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("value", "unit", "due"),
    [
        (1_000_000, IntervalType.DAYS, datetime(4764, 2, 23, 12, 0, 0, 250_000, tzinfo=UTC)),
        (1_000_000, IntervalType.HOURS, datetime(2140, 4, 26, 4, 0, 0, 250_000, tzinfo=UTC)),
        (1, IntervalType.MINUTES, datetime(2026, 3, 28, 12, 1, 0, 250_000, tzinfo=UTC)),
    ],
    ids=["longest", "hours", "shortest"],
)
def test_the_longest_interval_comes_to_the_microsecond(value: int, unit: IntervalType, due: datetime) -> None:
    """Nothing is rounded, and nothing overflows."""
    assert next_due(_every(value, unit), _ANCHOR, _ANCHOR) == due
    assert next_due(_every(value, unit), _ANCHOR, due - _MICROSECOND) == due
    assert latest_due(_every(value, unit), _ANCHOR, _ANCHOR, due - _MICROSECOND) is None


@given(
    value=st.integers(1, 200),
    unit=st.sampled_from(IntervalType),
    after=st.timedeltas(timedelta(days=-3), timedelta(days=40)),
    gap=st.timedeltas(timedelta(0), timedelta(days=40)),
)
@settings(deadline=None, database=None)
def test_the_latest_interval_has_none_after_it(
    value: int, unit: IntervalType, after: timedelta, gap: timedelta
) -> None:
    """The latest due time lies in the window, and the one after it does not."""
    schedule = _every(value, unit)
    start, until = _ANCHOR + after, _ANCHOR + after + gap
    latest = latest_due(schedule, _ANCHOR, start, until)
    following = next_due(schedule, _ANCHOR, start if latest is None else latest)
    assert following is not None
    assert following > until
    assert latest is None or start < latest <= until


@pytest.mark.parametrize(
    "expression",
    ["*/7 * * * *", "0 * * * *", "30 2 * * *", "*/20 * 2 * * *", "0 0 13 * 5", "59 1,2,3 * * SUN"],
)
@given(
    minutes=st.integers(0, 60 * 24 * 365),
    gap=st.one_of(st.timedeltas(timedelta(0), timedelta(hours=30)), st.timedeltas(timedelta(0), timedelta(days=9))),
)
@settings(max_examples=12, deadline=None, database=None)
def test_the_latest_by_cron_is_the_last_of_all(expression: str, minutes: int, gap: timedelta) -> None:
    """The latest due time is the last one that counting them one by one comes to."""
    schedule = _cron(expression)
    after = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    until = after + gap
    last, due = None, next_due(schedule, _ANCHOR, after)
    while due is not None and due <= until:
        last, due = due, next_due(schedule, _ANCHOR, due)
    assert latest_due(schedule, _ANCHOR, after, until) == last


def test_the_window_opens_after_and_closes_at() -> None:
    """A due time at the window's start is not in it; one at its end is."""
    schedule = _cron("0 12 * * *", "UTC")
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    day = timedelta(days=1)
    assert latest_due(schedule, _ANCHOR, noon - day, noon) == noon
    assert latest_due(schedule, _ANCHOR, noon, noon + day - timedelta(microseconds=1)) is None


def test_a_long_sleep_costs_little() -> None:
    """Three years of seconds are not gone through one by one."""
    until = datetime(2026, 5, 1, 12, 0, 0, 1, tzinfo=UTC)
    latest = latest_due(_cron("* * * * * *"), _ANCHOR, until - timedelta(days=1100), until)
    assert latest == until.replace(microsecond=0)


def test_without_a_zone_the_machine_s_own_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A schedule without a time zone is kept by the clock on this machine's wall."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    due = next_due(_cron("0 9 * * *", None), _ANCHOR, _ANCHOR)
    assert due == datetime(2026, 3, 29, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        (_cron("0 25 * * *"), "schedule.cron_expression"),
        (_cron("0 0 30 2 *"), "schedule.cron_expression"),
        (_cron("0 9 * * *", "Mars/Olympus"), "schedule.timezone"),
        (_schedule(timezone="Mars/Olympus"), "schedule.timezone"),
    ],
)
def test_check_names_the_field(schedule: ScheduleConfig, field: str) -> None:
    """A schedule that could not be kept is refused before it is kept, with the field at fault."""
    with pytest.raises(ScheduleError) as refusal:
        check(schedule)
    assert refusal.value.field == field


def test_check_takes_what_can_be_kept() -> None:
    """A schedule in a known zone with dates that come is accepted."""
    check(_cron("0 0 29 2 *"))
    check(_every(1, IntervalType.MINUTES))
