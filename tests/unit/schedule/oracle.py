"""When a cron expression is due, by brute force: every minute of every day in question is looked at.

A reading of the rule of its own, which shares nothing with what it is to judge:

- What clocks show is what zoneinfo says.
- A wildcard job is due whenever clocks show a time that matches.
- A fixed-time job is due when clocks show such a time and have not shown it within the last three hours; and at the
  first instant after a gap of less than three hours in which such a time lies.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

_DAY = 86_400
_QUARTER = 900
_THREE_HOURS = 3 * 3600
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_ALL_KINDS_OF_YEAR = [
    date.fromordinal(day) for day in range(date(2000, 1, 1).toordinal(), date(2028, 1, 1).toordinal())
]
"""In 28 years without a century in between each date falls on each day of the week."""

_MONTHS = ("", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


@dataclass(frozen=True)
class Stretch:
    """A time in which clocks keep one offset; all in seconds, the instants since 1970 began in UTC."""

    begin: int
    end: int
    """The first second that is no part of it."""
    offset: int
    before: int
    """The offset just before it began."""


class Clocks:
    """What the clocks of a zone show."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self.day = lru_cache(maxsize=None)(self._day)

    def offset(self, second: int) -> int:
        """Seconds by which the clocks are ahead of UTC."""
        offset = (EPOCH + timedelta(seconds=second)).astimezone(self._zone).utcoffset()
        assert offset is not None
        return offset // timedelta(seconds=1)

    def stretch(self, second: int) -> Stretch:
        """The stretch in which an instant lies."""
        return next(stretch for stretch in self.day(second // _DAY) if stretch.begin <= second < stretch.end)

    def _day(self, day: int) -> list[Stretch]:
        """The stretches of a day in UTC, counted from 1970; no zone changes twice within a quarter of an hour."""
        marks = range(day * _DAY, (day + 1) * _DAY + 1, _QUARTER)
        begins = {marks[0]: self.offset(marks[0])}
        for mark, following in pairwise(marks):
            if self.offset(mark) != self.offset(following):
                begins |= {second: self.offset(second) for second in self._changes(mark, following)}
        begins.pop(marks[-1], None)
        ends = [*list(begins)[1:], marks[-1]]
        return [
            Stretch(begin, end, offset, self.offset(begin - 1))
            for (begin, offset), end in zip(begins.items(), ends, strict=True)
        ]

    def _changes(self, first: int, last: int) -> Iterator[int]:
        for second in range(first + 1, last + 1):
            if self.offset(second) != self.offset(second - 1):
                yield second


class Expression:
    """A cron expression."""

    def __init__(self, text: str) -> None:
        fields = _NAMED.get(text.strip().lower(), text).split()
        if len(fields) == 5:
            fields.insert(0, "0")
        second, minute, hour, self._day, self._month, self._weekday = fields
        self._wildcard = minute.startswith("*") or hour.startswith("*")
        self.seconds = sorted(_numbers(second, 0, 59))
        """Of the minute."""
        self.minutes = {
            60 * hours + minutes for hours in _numbers(hour, 0, 23) for minutes in _numbers(minute, 0, 59)
        }
        """Of the day."""
        self._on: dict[int, bool] = {}

    @cached_property
    def comes(self) -> bool:
        """Whether any year has a date on which it is due."""
        return any(map(self.on, _ALL_KINDS_OF_YEAR))

    def on(self, day: date) -> bool:
        """Whether it is due on that date."""
        if day.month not in _numbers(self._month, 1, 12, _MONTHS):
            return False
        of_month = any(_is_day_of_month(item, day) for item in self._day.split(","))
        of_week = any(_is_day_of_week(item, day) for item in self._weekday.split(","))
        if self._day.startswith("*") or self._weekday.startswith("*"):
            return of_month and of_week
        return of_month or of_week

    def after(self, instant: datetime, clocks: Clocks) -> datetime | None:
        """The first instant after another at which it is due, found by going through the days; None if there is none.

        It is looked for in a hundred years, in which each date falls on each day of the week.
        """
        first = (instant - EPOCH) // timedelta(seconds=1) + 1
        for day in range(first // _DAY, first // _DAY + 36_525):
            if self._on_day(day - 1) or self._on_day(day) or self._on_day(day + 1):
                for stretch in clocks.day(day):
                    due = self._first_in(stretch, first, clocks)
                    if due is not None:
                        return EPOCH + timedelta(seconds=due)
        return None

    def made_up_for(self, due: datetime, clocks: Clocks) -> list[datetime]:
        """The times that clocks skipped right before a due time, and that count as this one."""
        second = (due - EPOCH) // timedelta(seconds=1)
        stretch = clocks.stretch(second)
        return [_plain(shown) for shown in self._skipped(stretch)] if stretch.begin == second else []

    def comes_again(self, due: datetime, clocks: Clocks) -> bool:
        """Whether clocks show the same time once more, and it is not due then."""
        second = (due - EPOCH) // timedelta(seconds=1)
        offset = clocks.offset(second)
        return not self._wildcard and any(
            stretch.begin <= second + offset - stretch.offset < stretch.end
            for day in (second // _DAY, second // _DAY + 1)
            for stretch in clocks.day(day)
            if 0 < offset - stretch.offset < _THREE_HOURS
        )

    def _first_in(self, stretch: Stretch, first: int, clocks: Clocks) -> int | None:
        if stretch.begin >= first and any(self._skipped(stretch)):
            return stretch.begin
        instants = range(max(stretch.begin, first), stretch.end)
        for shown in self._shown(range(instants.start + stretch.offset, instants.stop + stretch.offset)):
            due = shown - stretch.offset
            if self._wildcard or not _shown_before(due, stretch.offset, clocks):
                return due
        return None

    def _skipped(self, stretch: Stretch) -> Iterator[int]:
        if not self._wildcard and 0 < stretch.offset - stretch.before < _THREE_HOURS:
            yield from self._shown(range(stretch.begin + stretch.before, stretch.begin + stretch.offset))

    def _shown(self, shown: range) -> Iterator[int]:
        """Those that match of the times that clocks show, in seconds; each minute is looked at."""
        for minute in range(shown.start // 60, -(-shown.stop // 60)):
            if minute % 1440 in self.minutes and self._on_day(minute // 1440):
                for second in self.seconds:
                    if 60 * minute + second in shown:
                        yield 60 * minute + second

    def _on_day(self, day: int) -> bool:
        if day not in self._on:
            self._on[day] = self.on(_plain(day * _DAY).date())
        return self._on[day]


def _plain(shown: int) -> datetime:
    """What clocks show."""
    return EPOCH.replace(tzinfo=None) + timedelta(seconds=shown)


def _shown_before(instant: int, offset: int, clocks: Clocks) -> bool:
    """Whether clocks have shown the same time before, less than three hours ago."""
    for day in (instant // _DAY - 1, instant // _DAY):
        for stretch in clocks.day(day):
            back = stretch.offset - offset
            if 0 < back < _THREE_HOURS and stretch.begin <= instant - back < stretch.end:
                return True
    return False


def _is_day_of_month(item: str, day: date) -> bool:
    if item.upper() == "L":
        return day.day == calendar.monthrange(day.year, day.month)[1]
    return day.day in _numbers(item, 1, 31)


def _is_day_of_week(item: str, day: date) -> bool:
    weekday = day.isoweekday() % 7
    if "#" in item:
        name, nth = item.split("#")
        return weekday == _number(name, _WEEKDAYS) % 7 and (day.day + 6) // 7 == int(nth)
    if "L" in item.upper():
        last_week = day.day + 7 > calendar.monthrange(day.year, day.month)[1]
        return last_week and weekday == _number(item.upper().replace("L", ""), _WEEKDAYS) % 7
    return weekday in {number % 7 for number in _numbers(item, 0, 7, _WEEKDAYS)}


@lru_cache(maxsize=4096)
def _numbers(text: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    numbers: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        begin = low if first == "*" else _number(first, names)
        end = _number(last, names) if last else high if first == "*" or step else begin
        numbers.update(range(begin, end + 1, int(step or 1)))
    return frozenset(numbers)


def _number(text: str, names: tuple[str, ...]) -> int:
    return int(text) if text.isdigit() else names.index(text.upper())
