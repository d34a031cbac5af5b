"""Expressions that can never be due, and dates that are rare but come."""

import itertools
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from scheduler_daemon.model.task import ScheduleConfig
from scheduler_daemon.schedule import CronExpression, ScheduleError
from scheduler_daemon.schedule.due import check
from tests.unit.schedule.oracle import Clocks, Expression

_DAYS = ["*", "*/28", "*/29", "*/30", "*/31", "29", "30", "31", "30-31", "31,L", "L", "28/3", "31,*", "2-31,L"]
_MONTHS = ["*", "2", "4,6,9,11", "FEB-APR/2", "2/2", "4/5", "feb,nov"]
_WEEKDAYS = ["*", "*/2", "*/7", "MON", "MON#5", "5L", "1#1", "0#5,7L", "MON#5,TUE"]


def _refused(text: str) -> bool:
    try:
        check(ScheduleConfig.model_validate({"type": "calendar", "cron_expression": text}))
    except ScheduleError as refusal:
        assert refusal.field == "schedule.cron_expression"
        assert "is never due: no year has such a date" in str(refusal)
        return True
    return False


@pytest.mark.parametrize("month", _MONTHS)
def test_only_what_never_comes_is_refused(month: str) -> None:
    """A date is refused if going through all kinds of years does not come to it, and is found if it does."""
    clocks = Clocks(ZoneInfo("UTC"))
    start = datetime(2093, 6, 1, tzinfo=UTC)  # a leap year is left out soon after
    for day, weekday in itertools.product(_DAYS, _WEEKDAYS):
        text = f"0 0 {day} {month} {weekday}"
        oracle = Expression(text)
        assert _refused(text) != oracle.comes, text
        if oracle.comes:
            assert CronExpression.parse(text).after(start, ZoneInfo("UTC")) == oracle.after(start, clocks), text


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("0 0 30 2 *", True),
        ("0 0 30 2 */2", True),
        ("0 0 30 2 0-6", False),
        ("0 0 30 2 MON", False),
        ("0 0 31 4,6,9,11 *", True),
        ("0 0 31 4,6,9,11 MON#1", False),
        ("0 0 */30 2 MON#5", True),
        ("0 0 * 2 MON#5", False),
        ("0 0 */29 2 1", False),
        ("0 0 */31 2 1", False),
        ("0 0 */30 2 2L", True),
        ("0 0 29 2 *", False),
        ("0 0 29 2 */7", False),
        ("0 0 L 2 */6", False),
        ("0 0 30 2,3 *", False),
        ("* * * 30 2 *", True),
        ("*/5 * 31 6 *", True),
    ],
)
def test_both_days_or_one_of_them(text: str, never: bool) -> None:
    """Where a field begins with a star both must come on one date, otherwise one of them is enough."""
    assert _refused(text) == never


def test_a_leap_day_may_be_forty_years_away() -> None:
    """29 February on a Sunday: 2088 is the last before a century without a leap year."""
    due = CronExpression.parse("0 0 29 2 */7").after(datetime(2088, 3, 1, tzinfo=UTC), ZoneInfo("UTC"))
    assert due == datetime(2128, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["0 0 * * MON#6", "0 0 * * MON#0", "0 0 * * #2", "0 0 * * L", "0 0 LL * *", "0 0 * L *"]
)
def test_there_is_no_sixth_monday(text: str) -> None:
    """A day of the week that no month has is refused, with what the field takes."""
    with pytest.raises(ScheduleError, match="it takes"):
        CronExpression.parse(text)
