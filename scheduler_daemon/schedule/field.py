"""The fields of a cron expression: which values each may hold, and what a person's text says of them.

The grammar is that of crontab(5) with four additions: a first field of seconds, ``L`` (last day of the
month), ``5L`` or ``L5`` (last Friday of the month) and ``FRI#2`` (second Friday of the month).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from scheduler_daemon.schedule.error import ScheduleError, shown

FIELD = "schedule.cron_expression"

LAST_DAY = "l"
"""The last day of the month, as croniter spells it."""


@dataclass(frozen=True)
class Field:
    """One field: its name, its lowest and highest number, the names of its values, and what else it takes."""

    name: str
    low: int
    high: int
    names: dict[str, int] = field(default_factory=dict)
    calendar_days: str = ""


SECOND = Field("second", 0, 59)
MINUTE = Field("minute", 0, 59)
HOUR = Field("hour", 0, 23)
DAY = Field("day of month", 1, 31, calendar_days=", L (the last day)")
MONTH = Field(
    "month",
    1,
    12,
    {
        "JAN": 1,
        "FEB": 2,
        "MAR": 3,
        "APR": 4,
        "MAY": 5,
        "JUN": 6,
        "JUL": 7,
        "AUG": 8,
        "SEP": 9,
        "OCT": 10,
        "NOV": 11,
        "DEC": 12,
    },
)
WEEKDAY = Field(
    "day of week",
    0,
    7,  # Sunday is 0 and 7, so that MON-7 is a range
    {"SUN": 0, "MON": 1, "TUE": 2, "WED": 3, "THU": 4, "FRI": 5, "SAT": 6},
    ", FRI#1 to FRI#5, FRIL (the last Friday)",
)

ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_RANGE = re.compile(r"(?:(?P<star>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\w+))?", re.ASCII)
_NTH = re.compile(r"(?P<day>\w+)#(?P<nth>[1-5])", re.ASCII)
_LAST = re.compile(r"L(?P<after>\w+)|(?P<before>\w+)L", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


_LONGEST = 1000
"""Characters; with every field written out value by value an expression has some 500."""


@dataclass(frozen=True)
class Values:
    """What one field says: plain numbers, and days that only a calendar can tell."""

    numbers: frozenset[int]
    calendar_days: frozenset[str]
    """In croniter's spelling: ``l``, ``l5``, ``5#2``."""
    starred: bool
    """The field begins with ``*``; for cron this, not the set of values, makes a field unrestricted."""


@dataclass(frozen=True)
class Fields:
    """What all fields of an expression say."""

    second: Values
    minute: Values
    hour: Values
    day: Values
    month: Values
    weekday: Values

    @property
    def both_days(self) -> bool:
        """Whether day of month and day of week must both match; otherwise one of them is enough."""
        return self.day.starred or self.weekday.starred


def fields(text: str) -> Fields:
    """What an expression's text says.

    Raises:
        ScheduleError: when it is no cron expression.
    """
    parts = ALIASES.get(text.strip().lower(), text).split()
    if len(parts) not in (5, 6) or len(text) > _LONGEST:
        raise ScheduleError(
            FIELD,
            f"{shown(text)} is no cron expression: write five fields (minute, hour, day of month, month, "
            f"day of week), six with seconds first, or one of {', '.join(ALIASES)}",
        )
    if len(parts) == 5:
        parts.insert(0, "0")
    return Fields(*map(values, (SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY), parts))


def values(of: Field, text: str) -> Values:
    """What a field's text says.

    Raises:
        ScheduleError: when the text says nothing that this field can hold.
    """
    numbers: set[int] = set()
    calendar_days: set[str] = set()
    for item in text.split(","):
        calendar_day = _calendar_day(of, item)
        if calendar_day is not None:
            calendar_days.add(calendar_day)
        else:
            numbers.update(_range(of, item))
    return Values(_folded(of, numbers), frozenset(calendar_days), text.startswith("*"))


def all_numbers(of: Field) -> frozenset[int]:
    """Every number of a field."""
    return _folded(of, range(of.low, of.high + 1))


def _folded(of: Field, numbers: Iterable[int]) -> frozenset[int]:
    return frozenset(number % 7 for number in numbers) if of is WEEKDAY else frozenset(numbers)


def _calendar_day(of: Field, item: str) -> str | None:
    if of is DAY and item in ("L", "l"):
        return LAST_DAY
    if of is not WEEKDAY:
        return None
    if nth := _NTH.fullmatch(item):
        return f"{_number(of, nth['day'], item) % 7}#{nth['nth']}"
    if last := _LAST.fullmatch(item):
        return f"l{_number(of, last['after'] or last['before'], item) % 7}"
    return None


def _range(of: Field, item: str) -> range:
    parts = _RANGE.fullmatch(item)
    if parts is None:
        raise _refused(of, item, _allowed(of))
    first = of.low if parts["star"] else _number(of, parts["first"], item)
    last = first
    if parts["last"]:
        last = _number(of, parts["last"], item)
    elif parts["star"] or parts["step"]:
        last = of.high
    if first > last:
        # Debian's cron takes such a range and never runs the job.
        two = f"{parts['first']}-{of.high},{of.low}-{parts['last']}"
        raise _refused(of, item, f"the range runs backwards; write two ranges, such as {two}")
    step = 1
    if parts["step"]:
        if not _NUMBER.fullmatch(parts["step"]) or int(parts["step"]) == 0:
            raise _refused(of, item, "a step is a number from 1 up, as in */5")
        step = int(parts["step"])
    return range(first, last + 1, step)


def _number(of: Field, text: str, item: str) -> int:
    number = int(text) if _NUMBER.fullmatch(text) else of.names.get(text.upper())
    if number is None or not of.low <= number <= of.high:
        raise _refused(of, item, _allowed(of))
    return number


def _allowed(of: Field) -> str:
    names = list(of.names)
    named = f" or {names[0]} to {names[-1]}" if names else ""
    return f"it takes {of.low} to {of.high}{named}{of.calendar_days}, ranges (1-5), lists (1,3) and steps (*/2)"


def _refused(of: Field, item: str, advice: str) -> ScheduleError:
    return ScheduleError(FIELD, f"the {of.name} field cannot be {shown(item)}: {advice}")
