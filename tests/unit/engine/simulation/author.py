"""Writes the jobs, tasks, schedules and settings of a world."""

import calendar
import itertools
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, time
from uuid import UUID

from scheduler_daemon.model.enums import IntervalType, Missed, Overlap, ScheduleType
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.task import ScheduleConfig, Task
from tests.unit.engine.simulation.due_times import Calendar

_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_ZONES = (
    None,
    None,
    None,
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",  # changes at midnight
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Chatham",  # at a quarter to three
    "Asia/Kolkata",
    "Asia/Tokyo",
)


@dataclass(frozen=True)
class Pace:
    """How often the tasks of a world are due: weights of the kinds of their schedules."""

    rare: int
    monthly: int
    weekly: int
    daily: int
    often: int
    interval: int
    sequential: int
    manual: int
    watched: int


class Author:
    """Writes what a seed says."""

    def __init__(self, chance: random.Random, pace: Pace) -> None:
        self._chance = chance
        self._pace = pace
        self.calendars: dict[str, Calendar] = {}
        """What each cron expression means that was written."""
        self._often: set[str] = set()

    def id(self) -> UUID:
        """An id that the seed decides: a task's jitter depends on it."""
        return UUID(int=self._chance.getrandbits(128), version=4)

    def job(self, number: int, directories: int) -> Job:
        """A job in one of so many directories."""
        return Job(
            id=self.id(),
            name=f"job {number}",
            working_directory=JobWorkingDirectory(path=self.directory(directories)),
            overlap=self._chance.choice(list(Overlap)),
        )

    def directory(self, directories: int) -> str:
        """One of so many."""
        return f"/srv/{self._chance.randrange(directories)}"

    def task(self, number: int, job: Job) -> Task:
        """A task of a job."""
        schedule = self.schedule()
        return Task(
            id=self.id(),
            job_id=job.id,
            name=f"task {number}",
            command="work",
            schedule=schedule,
            enabled=not self.is_often(schedule) and self._chance.random() < 0.95,
            missed=self.missed(),
            missed_within=self.missed_within(),
            overlap=self.overlap(),
            jitter=self.jitter(),
            running_hours=self.running_hours(),
            time_limit=self.time_limit(),
        )

    def missed(self) -> Missed:
        """Mostly one run."""
        return self._chance.choices(list(Missed), [7, 3])[0]

    def missed_within(self) -> int:
        """From a minute to a month."""
        return self._chance.choice([60, 600, 3600, 6 * 3600, 86400, 86400, 86400, 7 * 86400, 30 * 86400])

    def overlap(self) -> Overlap | None:
        """In half of all cases the job's."""
        return self._chance.choice([None, None, None, Overlap.SKIP, Overlap.QUEUE, Overlap.REPLACE])

    def jitter(self) -> int:
        """Mostly none; up to a day."""
        return self._chance.choice([0, 0, 0, 0, 0, 0, 5, 60, 600, 3600, 7200, 86400])

    def running_hours(self) -> str | None:
        """Mostly none."""
        if self._chance.random() < 0.85:
            return None
        begin, length = self._chance.randrange(1440), self._chance.randrange(30, 1440)
        end = (begin + length) % 1440
        return f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"

    def time_limit(self) -> int | None:
        """Mostly that of the settings, four hours."""
        return self._chance.choice([None, None, 600, 3600])

    def schedule(self) -> ScheduleConfig:
        """Of any type."""
        pace = self._pace
        kinds: dict[Callable[[], ScheduleConfig], int] = {
            self._rare: pace.rare,
            self._monthly: pace.monthly,
            self._weekly: pace.weekly,
            self._daily: pace.daily,
            self.often: pace.often,
            self._interval: pace.interval,
            lambda: ScheduleConfig(type=ScheduleType.SEQUENTIAL): pace.sequential,
            ScheduleConfig: pace.manual,
            self._watched: pace.watched,
        }
        return self._chance.choices(list(kinds), list(kinds.values()))[0]()

    def is_often(self, schedule: ScheduleConfig) -> bool:
        """Whether it is due so often that its task is to be enabled for hours or days only."""
        return schedule.cron_expression in self._often or schedule.interval_type is IntervalType.MINUTES

    def often(self) -> ScheduleConfig:
        """Many times a day."""
        schedule = self._many_times_a_day()
        if schedule.cron_expression:
            self._often.add(schedule.cron_expression)
        return schedule

    def _many_times_a_day(self) -> ScheduleConfig:
        chance, every = self._chance, self._chance.choice([5, 10, 15, 20, 30])
        minute, hour, second = chance.randrange(60), chance.randrange(18), chance.randrange(60)
        match chance.randrange(7):
            case 0:
                return self._cron(f"*/{every} * * * *", _every_day, _each(range(24), range(0, 60, every)))
            case 1:
                return self._cron(f"{minute} * * * *", _every_day, _each(range(24), [minute]))
            case 2:
                return self._cron(
                    f"{second} */{every} * * * *", _every_day, _each(range(24), range(0, 60, every), [second])
                )
            case 3:
                text = f"*/{every} {hour}-{hour + 5} * * *"
                return self._cron(text, _every_day, _each(range(hour, hour + 6), range(0, 60, every)))
            case 4:
                text = f"3/{every} {hour},{hour + 3} * * *"
                return self._cron(text, _every_day, _each([hour, hour + 3], range(3, 60, every)), wildcard=False)
            case 5:
                return _every(chance.randint(5, 90), IntervalType.MINUTES)
        return self._cron("@hourly", _every_day, _each(range(24), [0]))

    def _rare(self) -> ScheduleConfig:
        minute, hour = self._time()
        day, month = self._chance.randint(1, 28), self._chance.randint(1, 12)
        match self._chance.randrange(3):
            case 0:
                return self._cron(
                    f"{minute} {hour} {day} {month} *",
                    lambda date: (date.month, date.day) == (month, day),
                    _each([hour], [minute]),
                    wildcard=False,
                )
            case 1:
                return self._cron(
                    f"{minute} {hour} {day} */3 *",
                    lambda date: date.month % 3 == 1 and date.day == day,
                    _each([hour], [minute]),
                    wildcard=False,
                )
        return self._cron(
            f"{minute} {hour} * {calendar.month_abbr[month].upper()} {_NAMES[day % 7]}",
            lambda date: date.month == month and date.isoweekday() % 7 == day % 7,
            _each([hour], [minute]),
            wildcard=False,
        )

    def _monthly(self) -> ScheduleConfig:
        (minute, hour), weekday = self._time(), self._chance.randrange(7)
        day, nth = self._chance.randint(1, 31), self._chance.randint(1, 5)
        text, on = self._chance.choice(
            [
                (f"{minute} {hour} {day} * *", lambda date: date.day == day),
                (f"{minute} {hour} L * *", lambda date: date.day == _length(date)),
                (
                    f"{minute} {hour} * * {_NAMES[weekday]}#{nth}",
                    lambda date: date.isoweekday() % 7 == weekday and (date.day - 1) // 7 == nth - 1,
                ),
                (
                    f"{minute} {hour} * * {_NAMES[weekday]}L",
                    lambda date: date.isoweekday() % 7 == weekday and date.day > _length(date) - 7,
                ),
                (f"{minute} {hour} */10 * *", lambda date: date.day in (1, 11, 21, 31)),
                ("@monthly", None),
            ]
        )
        if on is None:
            return self._cron(text, lambda date: date.day == 1, (time(0),), wildcard=False)
        return self._cron(text, on, _each([hour], [minute]), wildcard=False)

    def _weekly(self) -> ScheduleConfig:
        (minute, hour), weekday = self._time(), self._chance.randrange(7)
        second, day = self._chance.randrange(60), self._chance.randint(1, 28)
        match self._chance.randrange(5):
            case 0:
                return self._cron("@weekly", lambda date: date.isoweekday() == 7, (time(0),), wildcard=False)
            case 1:
                return self._cron(
                    f"{minute} {hour} {day} * {weekday}",
                    lambda date: date.day == day or date.isoweekday() % 7 == weekday,
                    _each([hour], [minute]),
                    wildcard=False,
                )
            case 2:
                return self._cron(
                    f"{second} {minute} {hour} * * {_NAMES[weekday].lower()}",
                    lambda date: date.isoweekday() % 7 == weekday,
                    _each([hour], [minute], [second]),
                    wildcard=False,
                )
        return self._cron(
            f"{minute} {hour} * * {weekday or 7}",
            lambda date: date.isoweekday() % 7 == weekday,
            _each([hour], [minute]),
            wildcard=False,
        )

    def _daily(self) -> ScheduleConfig:
        minute, hour = self._time()
        later = hour + self._chance.randint(1, 23 - hour)
        text, on, hours = self._chance.choice(
            [
                (f"{minute} {hour} * * *", _every_day, [hour]),
                (f"{minute} {hour} * * MON-FRI", lambda date: date.isoweekday() < 6, [hour]),
                (f"{minute} {hour} * * 0,6", lambda date: date.isoweekday() > 5, [hour]),
                (f"{minute} {hour},{later} * * *", _every_day, [hour, later]),
            ]
        )
        return self._cron(text, on, _each(hours, [minute]), wildcard=False)

    def _interval(self) -> ScheduleConfig:
        if self._chance.random() < 0.7:
            return _every(self._chance.randint(3, 45), IntervalType.DAYS)
        return _every(self._chance.randint(30, 1000), IntervalType.HOURS)

    def _watched(self) -> ScheduleConfig:
        return ScheduleConfig(type=ScheduleType.FILE_WATCH, watch_path="/watched")

    def _time(self) -> tuple[int, int]:
        """A minute and an hour, most of them at night, when clocks change."""
        hour = self._chance.choice([0, 1, 2, 2, 2, 3, 4, self._chance.randrange(22)])
        return self._chance.choice([0, 0, 15, 30, self._chance.randrange(60)]), hour

    def _cron(
        self, text: str, on: Callable[[date], bool], times: tuple[time, ...], wildcard: bool = True
    ) -> ScheduleConfig:
        self.calendars[text] = Calendar(times, on, wildcard)
        zone = self._chance.choice(_ZONES)
        return ScheduleConfig(type=ScheduleType.CALENDAR, cron_expression=text, timezone=zone)


def _every(value: int, unit: IntervalType) -> ScheduleConfig:
    return ScheduleConfig(type=ScheduleType.INTERVAL, interval_value=value, interval_type=unit)


def _each(hours: Iterable[int], minutes: Iterable[int], seconds: Iterable[int] = (0,)) -> tuple[time, ...]:
    return tuple(itertools.starmap(time, itertools.product(hours, minutes, seconds)))


def _every_day(day: date) -> bool:
    return True


def _length(day: date) -> int:
    """Of its month, in days."""
    return calendar.monthrange(day.year, day.month)[1]
