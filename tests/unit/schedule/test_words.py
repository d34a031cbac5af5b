"""Cron expressions in plain words."""

import itertools
import random
from collections.abc import Iterable
from datetime import date, datetime

import pytest

from scheduler_daemon.schedule import CronExpression, ScheduleError, in_words
from tests.unit.schedule.author import Author
from tests.unit.schedule.oracle import Expression

_DATES = [date.fromordinal(day) for day in range(date(2027, 1, 1).toordinal(), date(2029, 1, 1).toordinal())]


def _words(text: str) -> str:
    return in_words(CronExpression.parse(text).fields)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 2 * * 1-5", "at 02:00, Monday to Friday"),
        ("@daily", "at 00:00, every day"),
        ("@hourly", "every hour"),
        ("@yearly", "at 00:00, on the 1st of January"),
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("*/45 * * * *", "at :00 and :45 of every hour, every day"),
        ("*/7 * * * *", "every 7 minutes from :00 to :56 of every hour"),
        ("59/15 * * * *", "at :59 of every hour, every day"),
        ("5,10-20 * * * *", "at :05 and every minute from :10 to :20 of every hour, every day"),
        ("*/5 9-17 * * MON-FRI", "every 5 minutes from 09:00 to 17:55, Monday to Friday"),
        ("*/20 8-10,13 * * *", "every 20 minutes from 08:00 to 10:40 and from 13:00 to 13:40"),
        ("*/20 */2 * * *", "every 20 minutes of every 2nd hour from 0 to 22"),
        ("5/15 9-17 * * *", "at :05, :20, :35 and :50 of the hours 9 to 17, every day"),
        ("* 2 * * *", "every minute from 02:00 to 02:59"),
        ("0 */3 * * *", "every 3 hours from 00:00 to 21:00"),
        ("5 9-17 * * *", "every hour from 09:05 to 17:05"),
        ("30 9,12-17,20,22 * * *", "at 09:30, 20:30 and 22:30 and every hour from 12:30 to 17:30, every day"),
        ("0,30 9,17 * * *", "at 09:00, 09:30, 17:00 and 17:30, every day"),
        ("0 0 * * 7", "at 00:00, every Sunday"),
        ("0 0 * * SAT,0", "at 00:00, every Saturday and Sunday"),
        ("0 0 * * 5-7,1", "at 00:00, every Monday and Friday to Sunday"),
        ("0 0 * * MON#2,FRI#2", "at 00:00, on the second Monday and second Friday of the month"),
        ("0 0 * * TUE,0L", "at 00:00, every Tuesday, and on the last Sunday of the month"),
        ("0 0 L * *", "at 00:00, on the last day of the month"),
        ("0 0 L,15 2,8 *", "at 00:00, on the 15th and last day of February and August"),
        ("0 0 1-7,11-13,22 * *", "at 00:00, on the 1st to 7th, 11th to 13th and 22nd of the month"),
        ("0 0 1/2,L * *", "at 00:00, on every 2nd day from the 1st to the 31st and on the last day of the month"),
        ("0 0 13 * 5", "at 00:00, on the 13th of the month, and every Friday"),
        (
            "0 0 13 * 5,1#1",
            "at 00:00, on the 13th of the month, and every Friday, and on the first Monday of the month",
        ),
        ("0 0 */10 * 1", "at 00:00, on the 1st, 11th, 21st and 31st of the month, if that is Monday"),
        ("0 0 13 * */2", "at 00:00, on the 13th of the month, if that is Tuesday, Thursday, Saturday or Sunday"),
        ("0 0 7,* * 1", "at 00:00, every day"),
        ("0 0 * JAN-MAR,6 1-5", "at 00:00, Monday to Friday in January to March and June"),
        ("* * * 3 *", "every minute, every day in March"),
        ("30 0 2 * * *", "at 02:00:30, every day"),
        ("* * * * * *", "every second"),
        ("*/10 * * * * *", "every 10 seconds"),
        ("15 * * * * *", "at second 15 of every minute, every day"),
        ("30 */5 9-17 * * *", "every 5 minutes from 09:00 to 17:55, at second 30 of the minute"),
        ("5,20 0 2 * * *", "at 02:00, at seconds 5 and 20 of the minute, every day"),
    ],
)
def test_an_expression_in_words(text: str, words: str) -> None:
    """The words are what a person would say."""
    assert _words(text) == words


@pytest.mark.parametrize("text", ["5-5 2 * * *", "05 02 */1 1-12 0-6", "0 5 2 1-31 * *", "5 2 7,* * 1"])
def test_the_spelling_does_not_matter(text: str) -> None:
    """However it is written, what is due at the same times reads the same."""
    assert _words(text) == "at 02:05, every day"


def _are_told_apart(texts: Iterable[str]) -> None:
    """Those with the same words are due at the same times on the same days."""
    by_words: dict[str, tuple[str, object]] = {}
    for text in texts:
        try:
            words = _words(text)
        except ScheduleError:
            continue  # it is never due
        oracle = Expression(text)
        dates = [day for day in _DATES if oracle.on(day)]
        first, due = by_words.setdefault(words, (text, (oracle.seconds, oracle.minutes, dates)))
        assert due == (oracle.seconds, oracle.minutes, dates), f"{first!r} and {text!r} are both {words!r}"


def test_no_words_stand_for_two_times_of_day() -> None:
    """Expressions that are due at different times of day have different words."""
    seconds = ["0", "30", "0,30", "1-3", "*", "*/7"]
    minutes = [
        "*",
        "*/15",
        "*/7",
        "0",
        "5",
        "0,30",
        "5,35",
        "10-20",
        "5,10-20",
        "0-30",
        "10-40/10",
        "1-59/2",
        "5-25/5",
    ]
    hours = ["*", "*/2", "*/5", "0", "2", "9,17", "9-17", "0-22", "9-12,14-17", "8-16/2", "0,12", "22,23", "1,2,3,5"]
    _are_told_apart(f"{' '.join(each)} * * *" for each in itertools.product(seconds, minutes, hours))


def test_no_words_stand_for_two_sets_of_days() -> None:
    """Expressions that are due on different days have different words."""
    days = ["*", "*/2", "*/10", "1", "L", "1,L", "13,14", "1-7", "1-30", "2-31,L", "1-31", "1-31/2,L"]
    months = ["*", "2", "2,3", "1-3", "*/2", "1-11"]
    weekdays = ["*", "*/2", "MON", "1-5", "6,7", "5-7", "FRI#2", "5L", "MON,5L", "1#1,3#1", "0-6"]
    _are_told_apart(f"0 0 {' '.join(each)}" for each in itertools.product(days, months, weekdays))


def test_no_words_stand_for_two_of_many() -> None:
    """Of expressions by chance, too, those with the same words are due at the same times."""
    author = Author(random.Random(1))
    _are_told_apart({author.expression(datetime(2027, 3, 28, 2, 30)) for _ in range(1500)})  # noqa: DTZ001
