"""What a daemon that runs makes of a wall clock that is stepped, and of a zone that is another one all at once."""

import contextlib
import json
import shutil
import sys
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import House, house, until
from tests.support.wall_clock import WallClock

stepped = pytest.mark.skipif(sys.platform != "linux", reason="another clock can be put into a process only there")
HOURLY = {"type": "calendar", "cron_expression": "0 * * * *", "timezone": "UTC"}
EVERY_SECOND = {"type": "calendar", "cron_expression": "* * * * * *", "timezone": "UTC"}
DAY = datetime(2031, 5, 17, tzinfo=UTC)


def at(hour: int, minute: int = 0, second: int = 0, days: int = 0) -> datetime:
    """A time of that day, or of one so many days after it."""
    return DAY + timedelta(days=days, hours=hour, minutes=minute, seconds=second)


def text(instant: datetime) -> str:
    """As answers have it."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Machine:
    """A daemon and the wall clock that it goes by."""

    house: House
    clock: WallClock
    folder: Path

    def __post_init__(self) -> None:
        self._looks = (f"look-{number}" for number in count())

    def task(self, name: str, command: str = "say x", **more: object) -> dict[str, Any]:
        """A new task in a job of its own, for which nothing else is in the way."""
        directory = self.folder / name
        directory.mkdir()
        return self.house.task(self.house.job(directory, name), name, command, **more)

    def step(self, instant: datetime) -> None:
        """Step the clock, and return when the daemon has certainly gone by it: it met what was due a second later."""
        self.clock.set(instant)
        look = self.task(next(self._looks), schedule=EVERY_SECOND, running_hours="03:00-03:01")
        until(lambda: self.has_met(look), "the daemon looks at the clock")
        self.house.call("tasks.disable", task=look["id"])

    def has_met(self, task: dict[str, Any]) -> bool:
        """Whether a task was due, and its run was put on record."""
        lines = [json.loads(line) for line in self.house.log.read_text().splitlines()]
        return any(line["event"] == "due" and line["task"] == task["name"] for line in lines)

    def met(self, task: dict[str, Any]) -> list[str]:
        """The due times of a task for which there is a run, one for each run, once those have ended."""
        runs = self.house.call("runs.list", task=task["id"], limit=100)["runs"]
        return sorted(self.house.ended(run)["scheduled_time"] for run in runs)

    def history(self, task: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
        """Of each entry of a task's history the first due time, the last, and the reason why there was no run."""
        entries = self.house.call("scheduler.history", task=task["id"])["due_times"]
        return [(each["due"], each["until"], each["reason"]) for each in entries]


@contextlib.contextmanager
def machine(folder: Path, now: datetime) -> Iterator[Machine]:
    """A machine on which it is now then."""
    clock = WallClock(folder / "clock", now)
    with house(folder) as made:
        made.environment.update(clock.environment)
        made.start()
        yield Machine(made, clock, folder)
        assert made.end() == 0


@pytest.fixture(scope="module")
def slept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with hourly tasks that was suspended at half past ten, and woke up at ten past six."""
    with machine(tmp_path_factory.mktemp("slept"), at(22, 30, days=-1)) as made:
        hourly = made.task("hourly", schedule=HOURLY)
        every = made.task(
            "every-two-hours", schedule={"type": "interval", "interval_value": 2, "interval_type": "hours"}
        )
        made.task("skips", schedule=HOURLY, missed="skip")
        made.task("within", schedule=HOURLY, missed_within=300)
        made.house.call("daemon.health")  # by now it sleeps until the first of them is due
        made.clock.set(at(6, 10))
        until(lambda: made.has_met(hourly) and made.has_met(every), "the daemon notices by itself")
        made.house.all_ended()
        yield made


@stepped
@pytest.mark.cc
def test_what_a_suspended_machine_missed_is_one_run(slept: Machine) -> None:
    """For the newest due time, within seconds of waking up; those before it are on record as missed."""
    task = slept.house.call("tasks.get", task="hourly")
    assert slept.history(task) == [
        (text(at(6)), None, None),
        (text(at(23, days=-1)), text(at(5)), "missed"),
    ]
    (run,) = slept.house.call("runs.list", task="hourly")["runs"]
    assert run["status"] == "success"
    assert text(at(6, 10)) <= run["start_time"] < text(at(6, 10, 30))


@stepped
@pytest.mark.cc
def test_an_interval_that_was_slept_through_goes_on_as_before(slept: Machine) -> None:
    """It has one run, too, and is due next as if nothing had been missed."""
    task = slept.house.call("tasks.get", task="every-two-hours")
    (newest,) = slept.met(task)
    assert text(at(4, 30)) <= newest < text(at(4, 32))
    assert [reason for _, _, reason in slept.history(task)] == [None, "missed"]
    (due,) = [
        each["next_due"] for each in slept.house.call("scheduler.list")["scheduled"] if each["task_id"] == task["id"]
    ]
    assert datetime.fromisoformat(due) - datetime.fromisoformat(newest) == timedelta(hours=2)


@stepped
@pytest.mark.cc
@pytest.mark.parametrize(("name", "why"), [("skips", "the task skips what it has missed"), ("within", "300 s")])
def test_what_was_slept_through_may_be_left_out(slept: Machine, name: str, why: str) -> None:
    """There is no run, as the task says, and the record says why."""
    task = slept.house.call("tasks.get", task=name)
    assert slept.met(task) == []
    newest, older = slept.house.call("scheduler.history", task=task["id"])["due_times"]
    assert (newest["due"], newest["reason"]) == (text(at(6)), "missed")
    assert why in newest["detail"]
    assert (older["due"], older["until"]) == (text(at(23, days=-1)), text(at(5)))


@stepped
@pytest.mark.cc
def test_a_clock_set_back_a_little_repeats_nothing(tmp_path: Path) -> None:
    """Two hours are lived through again; what was due in them has had its run, and what comes after is on time."""
    with machine(tmp_path, at(12, 30)) as made:
        task = made.task("hourly", schedule=HOURLY)
        made.step(at(13, 0, 5))
        assert made.met(task) == [text(at(13))]
        made.step(at(10, 59, 59))
        made.step(at(12, 59, 59))
        made.step(at(14, 0, 5))
        assert made.met(task) == [text(at(13)), text(at(14))]
        assert [reason for _, _, reason in made.history(task)] == [None, None]


@stepped
@pytest.mark.cc
def test_a_clock_set_back_a_day_counts_and_repeats_nothing(tmp_path: Path) -> None:
    """What is due on the day before has a run; on the day itself, what has had one has no other."""
    with machine(tmp_path, at(11, 30)) as made:
        task = made.task("hourly", schedule=HOURLY)
        made.step(at(12, 0, 5))
        assert made.met(task) == [text(at(12))]
        made.step(at(11, 59, 59, days=-1))
        assert made.met(task) == [text(at(12, days=-1)), text(at(12))]
        made.step(at(12, 0, 5))
        made.step(at(13, 0, 5))
        assert made.met(task) == [text(at(12, days=-1)), text(at(12)), text(at(13))]
        assert (text(at(13, days=-1)), text(at(11)), "missed") in made.history(task)
        assert "the clock was set back; due times are computed anew" in made.house.log.read_text()


def under_way(made: Machine, name: str, command: str, time_limit: int) -> dict[str, Any]:
    """A run whose agent is at work."""
    task = made.task(name, command, time_limit=time_limit)
    run: dict[str, Any] = made.house.call("tasks.run", task=task["id"])
    until(made.house.claim(run).exists, "the agent is started")
    return run


@stepped
@pytest.mark.cc
@pytest.mark.parametrize(("to", "shown"), [(20, timedelta(hours=8)), (10, timedelta(0))], ids=["forward", "back"])
def test_a_live_run_takes_as_long_as_it_takes(tmp_path: Path, to: int, shown: timedelta) -> None:
    """A step adds nothing to its duration and its time limit, and takes nothing from them."""
    with machine(tmp_path, at(12)) as made:
        gates = [made.folder / "first", made.folder / "second"]
        command = "\n".join(f"bash until [ -e {gate} ]; do sleep 0.2; done" for gate in gates)
        run = under_way(made, "long", command, time_limit=3600)
        endless = under_way(made, "endless", "hang", time_limit=2)
        made.step(at(to))
        log = made.house.home.log(run["id"])
        before = log.stat().st_size
        gates[0].touch()
        until(lambda: log.stat().st_size > before, "the supervisor has heard from the agent since")
        gates[1].touch()
        ended = made.house.ended(run)
        assert (ended["status"], ended["outcome"]) == ("success", "done")
        assert 0 < ended["duration"] < 60
        took = datetime.fromisoformat(ended["end_time"]) - datetime.fromisoformat(ended["start_time"])
        assert abs(took - shown) < timedelta(seconds=60)
        limited = made.house.ended(endless)
        assert limited["outcome"] == "timed_out"
        assert 1.9 < limited["duration"] < 60


def put_zone(database: Path, name: str, of: str) -> None:
    """Install a zone's file in a database as a package manager does: whole, under another name first."""
    found = next(file for each in zoneinfo.TZPATH if (file := Path(each, of)).exists())
    file = database / name
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.new")
    shutil.copyfile(found, new)
    new.replace(file)


def next_due(made: House) -> str:
    """When the only scheduled task is due."""
    (scheduled,) = made.call("scheduler.list")["scheduled"]
    due: str = scheduled["next_due"]
    return due


NOON_IN_SUMMER = {"type": "calendar", "cron_expression": "0 12 1 7 *"}


def test_a_machine_that_comes_into_another_zone_is_followed(tmp_path: Path) -> None:
    """The link to its zone is turned, and what is due by the machine's own zone is due at another instant."""
    # By a TZ that is the path of a link: the same way as over /etc/localtime, which only root could have for a test.
    localtime = tmp_path / "localtime"
    put_zone(tmp_path / "zoneinfo", "Asia/Tokyo", of="Asia/Tokyo")
    put_zone(tmp_path / "zoneinfo", "Europe/Berlin", of="Europe/Berlin")
    localtime.symlink_to(tmp_path / "zoneinfo/Asia/Tokyo")
    with house(tmp_path) as made:
        made.environment["TZ"] = f":{localtime}"
        made.start()
        made.task(made.job(tmp_path), "t", "say x", schedule=NOON_IN_SUMMER)
        assert next_due(made).endswith("-07-01T03:00:00.000000Z")
        localtime.unlink()
        localtime.symlink_to(tmp_path / "zoneinfo/Europe/Berlin")
        until(lambda: "other time zones" in made.log.read_text(), "the daemon notices by itself")
        assert next_due(made).endswith("-07-01T10:00:00.000000Z")
        assert made.end() == 0


def test_zone_data_that_are_updated_count_at_once(tmp_path: Path) -> None:
    """A country abolishes summer time, its zone's file is replaced, and the daemon that runs goes by the new one."""
    database = tmp_path / "zones"
    put_zone(database, "Europe/Berlin", of="Europe/Berlin")
    with house(tmp_path) as made:
        made.environment["PYTHONTZPATH"] = str(database)
        made.start()
        schedule = {**NOON_IN_SUMMER, "timezone": "Europe/Berlin"}
        made.task(made.job(tmp_path), "t", "say x", schedule=schedule)
        assert next_due(made).endswith("-07-01T10:00:00.000000Z")
        put_zone(database, "Europe/Berlin", of="Africa/Lagos")
        until(lambda: "other time zones" in made.log.read_text(), "the daemon notices by itself")
        assert next_due(made).endswith("-07-01T11:00:00.000000Z")
        assert made.end() == 0
