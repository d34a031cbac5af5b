"""The calendar against brute force: random expressions, zones and instants, most of them where clocks change.

``CCSCHED_TEST_CALENDAR`` is how many cases are tried (20000 if not set), ``CCSCHED_TEST_SEED`` where they come from.
"""

import os
import random
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest

from scheduler_daemon.model.task import ScheduleConfig
from scheduler_daemon.schedule import CronExpression, ScheduleError
from scheduler_daemon.schedule.due import next_due
from tests.unit.schedule.author import Author
from tests.unit.schedule.oracle import EPOCH, Clocks, Expression

_CASES = int(os.environ.get("CCSCHED_TEST_CALENDAR", "20000"))
_SEED = os.environ.get("CCSCHED_TEST_SEED", "1")
_CASES_AT_A_PLACE = 40
_CASES_IN_A_PART = 1000

_ODD_ZONES = [
    "Africa/Cairo",
    "Africa/Casablanca",  # winter time is the exception, and follows the moon
    "Africa/El_Aaiun",
    "Africa/Monrovia",  # 44 minutes and 30 seconds behind until 1972
    "America/Asuncion",
    "America/Havana",  # changes at midnight
    "America/New_York",
    "America/Nuuk",  # changes on the evening before
    "America/Sao_Paulo",
    "America/Scoresbysund",
    "America/St_Johns",  # for years at one minute past midnight, once by two hours
    "Antarctica/Casey",  # by three hours
    "Antarctica/Troll",  # by two hours
    "Asia/Amman",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Kolkata",  # does not change
    "Asia/Pyongyang",  # by half an hour
    "Asia/Tehran",
    "Atlantic/Azores",
    "Australia/Adelaide",
    "Australia/Lord_Howe",  # by half an hour
    "Europe/Berlin",
    "Europe/Dublin",  # winter time is the exception
    "Europe/Lisbon",
    "Europe/Moscow",
    "Pacific/Apia",  # left out 30 December 2011
    "Pacific/Chatham",  # at a quarter to three
    "Pacific/Easter",
    "Pacific/Kiritimati",  # left out a day
    "Pacific/Kwajalein",  # left out a day in 1993, and had one twice in 1969
    "Pacific/Norfolk",
    "UTC",
]
_ALL_ZONES = sorted(zoneinfo.available_timezones() - {"Factory", "localtime", "posixrules"})
_YEARS_TO_LOOK_AT = {
    "Africa/Monrovia": [1972],
    "America/St_Johns": [1988, 2005],
    "Antarctica/Casey": range(2009, 2024),
    "Pacific/Apia": [2011],
    "Pacific/Kiritimati": [1994, 1995],
    "Pacific/Kwajalein": [1969, 1993],
}


@lru_cache(maxsize=256)
def _clocks(zone: str) -> Clocks:
    return Clocks(ZoneInfo(zone))


@dataclass(frozen=True)
class _Place:
    """A zone and an instant at which its clocks change, if they do in that year."""

    zone: str
    change: datetime

    def shown(self, chance: random.Random) -> datetime:
        """What clocks show around the change, or would show if it did not come."""
        last = (self.change - timedelta(seconds=1)).astimezone(ZoneInfo(self.zone))
        return last.replace(tzinfo=None) + timedelta(minutes=chance.randint(-90, 150))

    def start(self, chance: random.Random) -> datetime:
        """An instant at the change, or some time before or after it."""
        away = chance.choice(
            [
                timedelta(seconds=chance.randint(-2, 2)),
                timedelta(minutes=chance.randint(-180, 180)),
                timedelta(hours=chance.uniform(-30, 6)),
                timedelta(days=chance.randint(-400, 3)),
            ]
        )
        return self.change + away + timedelta(microseconds=chance.choice([0, 0, -1, 1, 500_000]))


def _place(chance: random.Random) -> _Place:
    while True:
        zone = chance.choice(_ODD_ZONES if chance.random() < 0.7 else _ALL_ZONES)
        eras = [range(1970, 2038), range(2005, 2030), range(2038, 2600), range(1880, 1970)]
        year = chance.choice(chance.choices(eras, [8, 8, 3, 1])[0])
        if zone in _YEARS_TO_LOOK_AT and chance.random() < 0.7:
            year = chance.choice(_YEARS_TO_LOOK_AT[zone])
        changes = list(_changes(zone, year))
        if changes:
            return _Place(zone, chance.choice(changes))
        if chance.random() < 0.1:
            return _Place(zone, datetime(year, chance.randint(1, 12), 1, tzinfo=UTC))


def _changes(zone: str, year: int) -> Iterator[datetime]:
    clocks = _clocks(zone)
    first = (datetime(year, 1, 1, tzinfo=UTC) - EPOCH).days
    for day in range(first, first + 365):
        if clocks.offset(86_400 * day) != clocks.offset(86_400 * (day + 1)):
            for stretch in clocks.day(day):
                if stretch.offset != stretch.before:
                    yield EPOCH + timedelta(seconds=stretch.begin)


@pytest.mark.parametrize("part", range(-(-_CASES // _CASES_IN_A_PART)))
def test_agrees_with_brute_force(part: int) -> None:
    """A schedule is next due when going through the minutes says so, and it is known if a clock change moved that."""
    chance = random.Random(f"{_SEED}, {part}")
    moved = 0
    for _ in range(_CASES_IN_A_PART // _CASES_AT_A_PLACE):
        place = _place(chance)
        for _ in range(_CASES_AT_A_PLACE):
            text, start = Author(chance).expression(place.shown(chance)), place.start(chance)
            try:
                moved += _agrees(text, place.zone, start)
            except Exception as problem:
                problem.add_note(
                    f"CCSCHED_TEST_SEED={_SEED}, part {part}; see: "
                    f"ccsched schedule explain '{text}' --timezone {place.zone} --from {start.isoformat()}"
                )
                raise
    assert moved >= 5, "too few of the cases are where clocks skip a time or show it twice"


def _agrees(text: str, zone: str, start: datetime) -> bool:
    """Compare the two; whether a change of the clocks has moved the due time."""
    oracle, clocks, own_zone = Expression(text), _clocks(zone), ZoneInfo(zone)
    try:
        cron = CronExpression.parse(text)
    except ScheduleError as refusal:
        assert "never due" in str(refusal)
        assert not oracle.comes
        return False
    schedule = ScheduleConfig.model_validate({"type": "calendar", "cron_expression": text, "timezone": zone})
    try:
        due = next_due(schedule, start, start.astimezone(own_zone))
    except ScheduleError as refusal:
        assert "never due in" in str(refusal)
        assert oracle.after(start, clocks) is None
        return True
    assert due == oracle.after(start, clocks)
    assert due is not None
    skipped, comes_twice = cron.caught_up(due, own_zone), cron.comes_twice(due, own_zone)
    assert skipped == oracle.made_up_for(due, clocks)
    assert comes_twice == oracle.comes_again(due, clocks)
    return comes_twice or bool(skipped)
