"""What a cron expression says, in plain words: ``at 02:00, Monday to Friday``.

The words come from the values of the fields, not from their spelling: two expressions with the same words are due on
the same days at the same times. They do not tell what becomes of a time that a change of the clocks skips or repeats.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise

from scheduler_daemon.schedule.field import LAST_DAY, Fields, Values

_MOST_TIMES = 4
"""Times of day that are told one by one; more are told by hours and minutes."""
_FEWEST_STEPS = 5
"""Numbers in even steps that are told as steps; fewer are told one by one."""
_FEWEST_IN_A_ROW = 3

_WEEKDAYS = ("", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("", "January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NTH = ("", "first", "second", "third", "fourth", "fifth", "last")

_Shown = Callable[[int], str]


def in_words(fields: Fields) -> str:
    """When an expression is due, as a part of a sentence."""
    time, days = _time(fields), _days(fields)
    return time if days == "every day" and time.startswith("every") else f"{time}, {days}"


def _time(fields: Fields) -> str:
    seconds, minutes, hours = fields.second.numbers, fields.minute.numbers, fields.hour.numbers
    if len(seconds) == 1 and len(hours) * len(minutes) <= _MOST_TIMES:
        ending = "" if seconds == {0} else f":{min(seconds):02}"
        times = [f"{hour:02}:{minute:02}{ending}" for hour in sorted(hours) for minute in sorted(minutes)]
        return f"at {_listed(times)}"
    if seconds == {0}:
        return _minutes(minutes, hours)
    parts = _parts(seconds, "second")
    told = parts or _series(seconds, "second", str, "at second" if len(seconds) == 1 else "at seconds")
    if len(minutes) < 60 or len(hours) < 24:
        return f"{_minutes(minutes, hours)}, {told} of the minute"
    return parts or f"{told} of every minute"


def _minutes(minutes: frozenset[int], hours: frozenset[int]) -> str:
    if len(hours) == 1:
        return _series(minutes, "minute", lambda minute: f"{min(hours):02}:{minute:02}")
    if minutes == {0} and len(hours) == 24:
        return "every hour"
    if len(minutes) == 1 and len(hours) < 24:
        return _series(hours, "hour", lambda hour: f"{hour:02}:{min(minutes):02}")
    parts = _parts(minutes, "minute")
    if parts and len(hours) == 24:
        return parts
    if parts and not _step(hours):
        spans = [f"from {first:02}:00 to {last:02}:{max(minutes):02}" for first, last in _rows(hours)]
        return f"{parts} {_listed(spans)}"
    told = parts or _series(minutes, "minute", lambda minute: f":{minute:02}")
    if len(hours) == 24:
        return f"{told} of every hour"
    if step := _step(hours):
        return f"{told} of every {_ordinal(step)} hour from {min(hours)} to {max(hours)}"
    return f"{told} of the hours {_listed(_spans(hours, str))}"


def _parts(numbers: frozenset[int], unit: str) -> str:
    """``every 15 minutes``, where that is all of an hour or a minute in even parts; else nothing."""
    step = 60 // len(numbers)
    if len(numbers) == 1 or numbers != frozenset(range(0, 60, step)):
        return ""
    return f"every {unit}" if step == 1 else f"every {step} {unit}s"


def _series(numbers: frozenset[int], unit: str, shown: _Shown, at: str = "at") -> str:
    """``every 2 hours from 08:05 to 18:05``, or ``at :05 and every minute from :10 to :20``."""
    if step := _step(numbers):
        return f"every {step} {unit}s from {shown(min(numbers))} to {shown(max(numbers))}"
    rows = [row for row in _rows(numbers) if _is_long(row)]
    single = [number for row in _rows(numbers) if not _is_long(row) for number in sorted({*row})]
    told = [f"{at} {_listed(map(shown, single))}"] if single else []
    return " and ".join([*told, *(f"every {unit} from {shown(first)} to {shown(last)}" for first, last in rows)])


def _days(fields: Fields) -> str:
    months = fields.month.numbers
    named = "" if len(months) == 12 else _listed(_spans(months, _MONTHS.__getitem__))
    of, within = f" of {named or 'the month'}", f" in {named}" if named else ""
    any_day, any_weekday = len(fields.day.numbers) == 31, len(fields.weekday.numbers) == 7
    if (any_day and any_weekday) or ((any_day or any_weekday) and not fields.both_days):
        return f"every day{within}"
    if any_weekday:
        return _on_days(fields.day, of)
    if any_day:
        return _on_weekdays(fields.weekday, of, within)
    if fields.both_days:
        return f"{_on_days(fields.day, of)}, if that is {' or '.join(_weekdays(fields.weekday, of, 'or'))}"
    return f"{_on_days(fields.day, of)}, and {_on_weekdays(fields.weekday, of, within)}"


def _on_days(day: Values, of: str) -> str:
    last = ["last day"] if LAST_DAY in day.calendar_days else []
    if step := _step(day.numbers):
        first, end = _ordinal(min(day.numbers)), _ordinal(max(day.numbers))
        stepped = f"on every {_ordinal(step)} day from the {first} to the {end}"
        return " and on the ".join([stepped, *last]) + of
    return f"on the {_listed([*_spans(day.numbers, _ordinal), *last])}{of}"


def _on_weekdays(weekday: Values, of: str, within: str) -> str:
    told = _weekdays(weekday, of, "and")
    if weekday.calendar_days:
        told[-1] = f"on {told[-1]}"
    if weekday.numbers:
        rows = _rows(_from_monday(weekday))
        every = "" if len(rows) == 1 and _is_long(rows[0]) else "every "
        told[0] = f"{every}{told[0]}{within}"
    return ", and ".join(told)


def _weekdays(weekday: Values, of: str, last: str) -> list[str]:
    """The plain days of the week, and those that only a calendar can tell."""
    told = []
    if weekday.numbers:
        told.append(_listed(_spans(_from_monday(weekday), _WEEKDAYS.__getitem__), last))
    if weekday.calendar_days:
        days = sorted(map(_nth, weekday.calendar_days))
        told.append(f"the {_listed((f'{_NTH[nth]} {_WEEKDAYS[day]}' for nth, day in days), last)}{of}")
    return told


def _from_monday(weekday: Values) -> list[int]:
    """The days of the week from Monday, 1, to Sunday, 7."""
    return [number or 7 for number in weekday.numbers]


def _nth(calendar_day: str) -> tuple[int, int]:
    """Which one in the month, 6 for the last, and which day of the week."""
    day, _, nth = calendar_day.lstrip(LAST_DAY).partition("#")
    return int(nth or 6), int(day) or 7


def _step(numbers: frozenset[int]) -> int:
    """The step in which all of the numbers follow each other, if it is more than 1 and they are many; else 0."""
    ordered = sorted(numbers)
    steps = {later - earlier for earlier, later in pairwise(ordered)}
    return min(steps) if len(ordered) >= _FEWEST_STEPS and len(steps) == 1 and steps != {1} else 0


def _rows(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """First and last of the numbers that follow each other one by one."""
    rows: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if rows and number == rows[-1][1] + 1:
            rows[-1] = (rows[-1][0], number)
        else:
            rows.append((number, number))
    return rows


def _is_long(row: tuple[int, int]) -> bool:
    return row[1] - row[0] + 1 >= _FEWEST_IN_A_ROW


def _spans(numbers: Iterable[int], shown: _Shown) -> list[str]:
    """``Monday to Friday``, ``Sunday``: each row, or each number where a row is short."""
    spans: list[str] = []
    for row in _rows(numbers):
        spans += [f"{shown(row[0])} to {shown(row[1])}"] if _is_long(row) else map(shown, sorted({*row}))
    return spans


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number // 10 != 1 else "th"
    return f"{number}{ending}"


def _listed(items: Iterable[str], last: str = "and") -> str:
    *most, end = items
    return f"{', '.join(most)} {last} {end}" if most else end
