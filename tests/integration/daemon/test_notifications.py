"""A person is told how runs ended, by a real program that the daemon starts."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest

from scheduler_daemon.model.enums import RunStatus, Trigger
from scheduler_daemon.model.record import now
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import NotificationConfig, Task
from scheduler_daemon.run.notification import Notifications
from tests.support.house import House, house, until

TELLS = """#!/bin/sh
[ "$1" = --app-name=ccsched ] && shift 2
printf '%s\\n' "$@" > "{told}.new"
cat > "{told}.json"
mv "{told}.new" "{told}"
"""
"""A program that writes down what it is told: its arguments, a line each, and its standard input."""


def is_gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def complaint(daemon: House, run: dict[str, Any]) -> dict[str, Any]:
    """The line of the daemon's log that says that nobody could be told of a run."""
    found: list[dict[str, Any]] = []

    def logged() -> bool:
        lines = (json.loads(line) for line in daemon.log.read_text().splitlines() if run["id"] in line)
        found[:] = [line for line in lines if line["event"] == "a person could not be told"]
        return bool(found)

    until(logged, "it is in the log")
    [line] = found
    return line


class Person:
    """Who is told, by a program of theirs."""

    def __init__(self, path: Path, name: str) -> None:
        self._told = path / "told"
        self.program = path / name
        self.program.write_text(TELLS.format(told=self._told))
        self.program.chmod(0o755)

    def hears(self) -> tuple[list[str], dict[str, Any]]:
        """What is told next: the lines and the run."""
        until(self._told.exists, "a person is told")
        lines = self._told.read_text().splitlines()
        self._told.unlink()
        text = Path(f"{self._told}.json").read_text()
        return lines, json.loads(text) if text else {}


@pytest.fixture
def person(tmp_path: Path) -> Person:
    """Somebody with a program that tells them."""
    return Person(tmp_path, "tell")


@pytest.fixture
def daemon(tmp_path: Path, person: Person) -> Iterator[House]:
    """A house whose daemon starts that program."""
    with house(tmp_path, notify_command=[str(person.program), "urgent"]) as made:
        made.start()
        yield made


def test_a_person_is_told_what_they_want_to_hear(daemon: House, person: Person, tmp_path: Path) -> None:
    """Of failures, of successes, of both or of nothing; with the run's record."""
    task = daemon.task(daemon.job(tmp_path, "nightly"), "lint", "fail no luck", notifications={"on_failure": True})
    failed = daemon.ended(daemon.call("tasks.run", task=task["id"]))
    lines, run = person.hears()
    assert lines == ["urgent", "nightly / lint failed (agent error)", failed["errors"][0]]
    assert (run["id"], run["errors"]) == (failed["id"], failed["errors"])
    daemon.call("tasks.update", task=task["id"], changes={"command": "say all is well"})
    daemon.ended(daemon.call("tasks.run", task=task["id"]))
    daemon.call("tasks.update", task=task["id"], changes={"notifications": {"on_success": True}})
    told = daemon.ended(daemon.call("tasks.run", task=task["id"]))
    lines, run = person.hears()
    assert lines[1] == "nightly / lint succeeded"
    assert run["id"] == told["id"], "not the success before it, which nobody wanted to hear of"


def test_a_person_is_told_once_of_what_is_tried_again(daemon: House, person: Person, tmp_path: Path) -> None:
    """Of the last try."""
    task = daemon.task(
        daemon.job(tmp_path),
        "t",
        "status 529",
        notifications={"on_failure": True},
        retry={"max_retries": 1, "retry_delay": 0},
    )
    first = daemon.ended(daemon.call("tasks.run", task=task["id"]))
    _, run = person.hears()
    assert (run["continues"], run["attempt"]) == (first["id"], 2)


def test_a_program_that_fails_is_a_line_in_the_log(daemon: House, tmp_path: Path) -> None:
    """Each time, with the run; the run itself is none the worse."""
    task = daemon.task(daemon.job(tmp_path), "t", "say x", notifications={"on_success": True})
    for command, problem in ((["false"], "it ended with 1"), (["/nowhere/tell"], "No such file or directory")):
        daemon.call("settings.set", changes={"notify_command": command})
        run = daemon.ended(daemon.call("tasks.run", task=task["id"]))
        assert run["status"] == "success"
        assert complaint(daemon, run)["problem"] == problem


def test_the_desktop_is_asked_if_no_program_is_named(tmp_path: Path) -> None:
    """By the program that every desktop of the platform has."""
    on_a_mac = sys.platform == "darwin"
    (tmp_path / "bin").mkdir()
    person = Person(tmp_path / "bin", "osascript" if on_a_mac else "notify-send")
    with house(tmp_path) as daemon:
        daemon.environment["PATH"] = f"{tmp_path / 'bin'}:{daemon.environment['PATH']}"
        daemon.start()
        task = daemon.task(daemon.job(tmp_path, "j"), "t", "say <x>", notifications={"on_success": True})
        daemon.ended(daemon.call("tasks.run", task=task["id"]))
        lines, _ = person.hears()
    title, body = "j / t succeeded", "<x>" if on_a_mac else "&lt;x&gt;"
    said = ["-e", f'display notification "{body}" with title "{title}"'] if on_a_mac else [title, body]
    assert lines == said


def test_a_program_that_does_not_end_is_ended(tmp_path: Path) -> None:
    """With what it has started, when its time is over; nobody waits for it."""
    noted = tmp_path / "pid"
    command = ["sh", "-c", f"sleep 60 & echo $! > {noted}.new; mv {noted}.new {noted}; wait"]
    run = Run(
        task_id=uuid4(),
        task_name="t",
        job_id=uuid4(),
        job_name="j",
        status=RunStatus.SUCCESS,
        trigger=Trigger.TASK,
        scheduled_time=now(),
    )
    task = Task(job_id=run.job_id, name="t", command="x", notifications=NotificationConfig(on_success=True))

    async def tell() -> None:
        notifications = Notifications(lambda: Settings(notify_command=command), time_limit=0.5)
        notifications.ended(run, task)
        await asyncio.to_thread(until, lambda: noted.exists() and is_gone(int(noted.read_text())), "it is gone")
        await notifications.close()

    asyncio.run(tell())
