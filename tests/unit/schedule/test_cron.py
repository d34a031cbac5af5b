"""Cron expressions against a clock that is stepped minute by minute, and what is refused."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler_daemon.schedule import CronExpression, ScheduleError

_MINUTE = timedelta(minutes=1)
_CORRECTION = timedelta(hours=3)

_CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Europe/Dublin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("America/Sao_Paulo", datetime(2018, 11, 4, 3, tzinfo=UTC)),
    ("America/Nuuk", datetime(2024, 3, 31, 1, tzinfo=UTC)),
    ("America/St_Johns", datetime(2010, 3, 14, 3, 31, tzinfo=UTC)),
    ("Asia/Almaty", datetime(2024, 2, 29, 18, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2024, 4, 6, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2024, 10, 5, 15, 30, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2024, 3, 31, 1, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2024, 10, 27, 1, tzinfo=UTC)),
    ("Antarctica/Casey", datetime(2018, 3, 10, 17, tzinfo=UTC)),
    ("Antarctica/Casey", datetime(2018, 10, 6, 20, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ("Pacific/Kwajalein", datetime(1969, 9, 30, 13, tzinfo=UTC)),
]
"""Zones, and an instant at which each changes: forward, back, by half an hour, by a day."""


@dataclass(frozen=True)
class _Field:
    text: str
    values: frozenset[int]
    calendar_days: tuple[tuple[str, int], ...] = ()
    """("L", 0), ("nth", weekday * 10 + n), ("last", weekday)."""

    @property
    def starred(self) -> bool:
        return self.text.startswith("*")


@st.composite
def _fields(draw: st.DrawFn, low: int, high: int, special: str = "") -> _Field:
    items: list[str] = []
    values: set[int] = set()
    days: list[tuple[str, int]] = []
    shapes = ["star", "one", "one", "range", "from", *([special] if special else [])]
    for _ in range(draw(st.integers(1, 3))):
        shape = draw(st.sampled_from(shapes))
        first = draw(st.integers(low, high))
        last = draw(st.integers(first, high))
        step = draw(st.integers(1, 12))
        suffix = "" if step == 1 else f"/{step}"
        if shape == "star":
            items.append(f"*{suffix}")
            values.update(range(low, high + 1, step))
        elif shape == "range":
            items.append(f"{first}-{last}{suffix}")
            values.update(range(first, last + 1, step))
        elif shape == "from":
            items.append(f"{first}/{step}")
            values.update(range(first, high + 1, step))
        elif shape == "L":
            items.append("L")
            days.append(("L", 0))
        elif shape == "weekday":
            nth = draw(st.integers(1, 5))
            last_one = draw(st.booleans())
            items.append(f"{first}L" if last_one else f"{first}#{nth}")
            days.append(("last", first % 7) if last_one else ("nth", first % 7 * 10 + nth))
        else:
            items.append(str(first))
            values.add(first)
    return _Field(",".join(items), frozenset(values), tuple(days))


@dataclass(frozen=True)
class _Job:
    minute: _Field
    hour: _Field
    day: _Field
    month: _Field
    weekday: _Field

    @property
    def text(self) -> str:
        fields = (self.minute, self.hour, self.day, self.month, self.weekday)
        return " ".join(field.text for field in fields)

    def matches(self, wall: datetime) -> bool:
        if wall.minute not in self.minute.values or wall.hour not in self.hour.values:
            return False
        if wall.month not in self.month.values:
            return False
        on_day, on_weekday = self._on_day(wall), self._on_weekday(wall)
        return on_day and on_weekday if self.day.starred or self.weekday.starred else on_day or on_weekday

    def _on_day(self, wall: datetime) -> bool:
        last = calendar.monthrange(wall.year, wall.month)[1]
        return wall.day in self.day.values or bool(self.day.calendar_days and wall.day == last)

    def _on_weekday(self, wall: datetime) -> bool:
        weekday = wall.isoweekday() % 7
        if weekday in {value % 7 for value in self.weekday.values}:
            return True
        last = calendar.monthrange(wall.year, wall.month)[1]
        nth = weekday * 10 + (wall.day + 6) // 7
        is_last = wall.day + 7 > last
        return ("nth", nth) in self.weekday.calendar_days or (
            is_last and ("last", weekday) in self.weekday.calendar_days
        )


_ALL_MONTHS = st.just(_Field("*", frozenset(range(1, 13))))
_ALL_DAYS = st.just(_Field("*", frozenset(range(1, 32))))
_ALL_WEEKDAYS = st.just(_Field("*", frozenset(range(8))))


def _jobs(hour: st.SearchStrategy[_Field]) -> st.SearchStrategy[_Job]:
    return st.builds(
        _Job,
        minute=_fields(0, 59),
        hour=hour,
        day=st.one_of(_ALL_DAYS, _ALL_DAYS, _fields(1, 31, "L")),
        month=st.one_of(_ALL_MONTHS, _ALL_MONTHS, _fields(1, 12)),
        weekday=st.one_of(_ALL_WEEKDAYS, _ALL_WEEKDAYS, _fields(0, 7, "weekday")),
    )


@st.composite
def _around_a_change(draw: st.DrawFn) -> tuple[_Job, ZoneInfo, datetime]:
    """A job that is likely due where a zone's clocks change, and an instant some hours before that."""
    name, change = draw(st.sampled_from(_CHANGES))
    zone = ZoneInfo(name)
    near = (change + draw(st.integers(-240, 240)) * _MINUTE).astimezone(zone).hour
    hour = st.one_of(st.just(_Field(str(near), frozenset({near}))), _fields(0, 23))
    return draw(_jobs(hour)), zone, change - draw(st.integers(0, 30)) * timedelta(hours=1)


def _stepped(job: _Job, zone: ZoneInfo, start: datetime, until: datetime) -> Iterator[datetime]:
    """What cron's main loop does: look at the clock each minute, and at what it showed the minute before."""
    fixed_time = not (job.minute.starred or job.hour.starred)
    held_back_until = datetime.min  # noqa: DTZ901  wall-clock time
    instant = start - timedelta(hours=12)
    shown = instant.astimezone(zone).replace(tzinfo=None)
    while instant < until:
        instant += _MINUTE
        before, shown = shown, instant.astimezone(zone).replace(tzinfo=None)
        jump = shown - before - _MINUTE
        due = job.matches(shown)
        if fixed_time and jump and abs(jump) < _CORRECTION:
            if jump > timedelta(0):
                due = due or any(job.matches(before + n * _MINUTE) for n in range(1, jump // _MINUTE + 1))
            else:
                held_back_until = before + _MINUTE
        elif jump:
            held_back_until = datetime.min  # noqa: DTZ901  wall-clock time
        if due and instant > start and not (fixed_time and shown < held_back_until):
            yield instant


@settings(max_examples=120, deadline=None, database=None)
@given(case=_around_a_change(), seconds=st.integers(0, 59))
def test_agrees_with_a_stepped_clock(case: tuple[_Job, ZoneInfo, datetime], seconds: int) -> None:
    """Around a change of the clocks, the due instants are those a minute-by-minute cron would find."""
    job, zone, start = case
    until = start + timedelta(hours=36)
    expected = list(_stepped(job, zone, start, until))
    try:
        cron = CronExpression.parse(job.text)
    except ScheduleError as refusal:
        assert "never due" in str(refusal)
        assert not expected
        return
    for instant in (start + timedelta(seconds=seconds) + 11 * n * _MINUTE for n in range(190)):
        due = cron.after(instant, zone)
        following = next((later for later in expected if later > instant), None)
        assert (due if due <= until else None) == following


@settings(max_examples=60, deadline=None, database=None)
@given(
    job=_jobs(_fields(0, 23)),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Africa/Casablanca", "Asia/Gaza", "UTC"]),
    start=st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_goes_on_from_due_to_due(job: _Job, zone: str, start: datetime) -> None:
    """Each due instant is later than the last, and asking from any time between gives the same one."""
    try:
        cron = CronExpression.parse(job.text)
    except ScheduleError:
        return
    for _ in range(12):
        due = cron.after(start, ZoneInfo(zone))
        assert due > start
        assert due.tzinfo is UTC
        assert cron.after(due - timedelta(microseconds=1), ZoneInfo(zone)) == due
        assert cron.after(start + (due - start) / 2, ZoneInfo(zone)) == due
        start = due


@pytest.mark.timeout(20)
def test_a_repeated_hour_two_days_before_the_due_time_is_passed() -> None:
    """The search for a far due time may meet a repeated hour on its way, and does not go round in it."""
    cron = CronExpression.parse("30 2 31 10 *")
    due = cron.after(datetime(2028, 9, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert due == datetime(2028, 10, 31, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        (datetime(2018, 10, 6, 12, tzinfo=UTC), datetime(2018, 10, 7, 18, 30, tzinfo=UTC)),
        (datetime(2018, 3, 10, 15, 45, tzinfo=UTC), datetime(2018, 3, 10, 18, 30, tzinfo=UTC)),
    ],
    ids=["forward", "back"],
)
def test_three_hours_are_a_correction(start: datetime, due: datetime) -> None:
    """Clocks moved by three hours exactly: a fixed time is not caught up, and is due in both passes."""
    hour = {10: 5, 3: 2}[start.month]
    assert CronExpression.parse(f"30 {hour} * * *").after(start, ZoneInfo("Antarctica/Casey")) == due


def _first(text: str, start: datetime, count: int) -> list[str]:
    cron, found = CronExpression.parse(text), []
    for _ in range(count):
        start = cron.after(start, ZoneInfo("UTC"))
        found.append(start.strftime("%d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("5-5 * * * *", ["01 00:05", "01 01:05"]),
        ("59/15 * * * *", ["01 00:59", "01 01:59"]),
        ("0 0 * * 7-7", ["07 00:00", "14 00:00"]),
        ("0 0 * * SAT-7", ["06 00:00", "07 00:00"]),
        ("0 0 7,* * 1", ["02 00:00", "03 00:00"]),
        ("0 0 * * 1#1,3", ["03 00:00", "10 00:00"]),
        ("0 0 31 2 FRI", ["02 00:00", "09 00:00"]),
        ("0 0 3 * 5L", ["03 00:00", "26 00:00"]),
        ("0 0 * * FRIL", ["26 00:00", "23 00:00"]),
        ("0 0 2-31,L * *", ["02 00:00", "03 00:00"]),
        ("0 0 1-27,29-31,L 2 *", ["01 00:00", "02 00:00"]),
        ("@Midnight", ["02 00:00", "03 00:00"]),
        ("30,30 0 0 1,1 2 *", ["01 00:00", "01 00:00"]),
    ],
)
def test_means_what_cron_means(text: str, due: list[str]) -> None:
    """Spellings that libraries read in other ways: a range of one, Sunday as 7, a star that comes later."""
    assert _first(text, datetime(2024, 1, 1, tzinfo=UTC), 2) == due


@pytest.mark.parametrize("start", ["2024-01-31T23:59:59.999999", "2588-11-30T23:59:59.999999"])
def test_a_microsecond_is_not_lost(start: str) -> None:
    """An instant just before a due time is before it, in a far century too."""
    before = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert CronExpression.parse("0 0 1 * *").after(before, ZoneInfo("UTC")) == before + timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "skipped"),
    [
        ("30 2 * * *", ["02:30"]),
        ("0,45 2,3 * * *", ["02:00", "02:45"]),
        ("*/15 2 * * *", []),
        ("0 3 * * *", []),
    ],
)
def test_what_is_made_up_for_after_a_gap_is_known(text: str, skipped: list[str]) -> None:
    """A due time right after a gap knows the times in the gap, in whatever zone the instant is written."""
    cron, due = CronExpression.parse(text), datetime(2031, 3, 30, 1, tzinfo=UTC)
    for written in (due, due.astimezone(ZoneInfo("Europe/Berlin")), due.astimezone(ZoneInfo("Asia/Tokyo"))):
        assert [f"{time:%H:%M}" for time in cron.caught_up(written, ZoneInfo("Europe/Berlin"))] == skipped


@pytest.mark.parametrize(
    ("text", "due", "again"),
    [
        ("30 2 * * *", datetime(2031, 10, 26, 0, 30, tzinfo=UTC), True),
        ("30 2 * * *", datetime(2031, 10, 25, 0, 30, tzinfo=UTC), False),
        ("*/30 2 * * *", datetime(2031, 10, 26, 0, 30, tzinfo=UTC), False),
        ("0 3 * * *", datetime(2031, 10, 26, 2, tzinfo=UTC), False),
    ],
)
def test_what_comes_twice_and_is_due_once_is_known(text: str, due: datetime, again: bool) -> None:
    """A fixed time in the first pass of a repeated hour comes again, a wildcard is due both times."""
    cron = CronExpression.parse(text)
    assert cron.after(due - timedelta(seconds=1), ZoneInfo("Europe/Berlin")) == due
    assert cron.comes_twice(due, ZoneInfo("Europe/Berlin")) == again


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("22-2 * * * *", "22-59,0-2"),
        ("*/0 * * * *", "*/5"),
        ("*/ * * * *", "0 to 59"),
        ("*/x * * * *", "*/5"),
        ("-5 * * * *", "0 to 59"),
        ("5, * * * *", "0 to 59"),
        ("٣ * * * *", "0 to 59"),
        ("99999999999999999999 * * * *", "0 to 59"),
        ("r * * * *", "0 to 59"),
        ("H H * * *", "0 to 59"),
        ("0 0 15W * *", "1 to 31"),
        ("0 0 ? * 1", "1 to 31"),
        ("0 0 L-3 * *", "1 to 31"),
        ("0 0 * * L", "SUN to SAT"),
        ("0 0 * * MON#6", "FRI#1 to FRI#5"),
        ("0 0 32 * *", "L (the last day)"),
        ("0 0 * * MON-FRI#2", "SUN to SAT"),
        ("0 0 * * 8L", "SUN to SAT"),
        ("0 0 * 13 *", "JAN to DEC"),
        ("@reboot", "@daily"),
        ("0 0 31 4,6,9,11 *", "no year has such a date"),
        ("0 0 0 1 1 * 2024", "five fields"),
        ("0," * 600 + "0 * * * *", "five fields"),
    ],
)
def test_refusals_say_what_to_write(text: str, advice: str) -> None:
    """A refusal quotes what is wrong and says what would be right, in one line."""
    with pytest.raises(ScheduleError) as refusal:
        CronExpression.parse(text)
    assert advice in str(refusal.value)
    assert len(str(refusal.value)) < 300
    assert "\n" not in str(refusal.value)
