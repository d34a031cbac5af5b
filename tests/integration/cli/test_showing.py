"""What a person sees on a terminal."""

import re
from collections.abc import Callable

import pytest

from scheduler_daemon.cli import text
from tests.integration.cli import objects
from tests.integration.cli.conftest import Completed
from tests.integration.cli.fake_daemon import FakeDaemon

Ccsched = Callable[..., Completed]
Terminal = Callable[..., tuple[int, str]]

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def test_names_of_any_kind_keep_the_table_straight(terminal: Terminal, daemon: FakeDaemon) -> None:
    """Emoji and wide characters are counted as they are drawn; a newline shows as one."""
    names = ["plain", "naïve 🎉", "日本語", "two\nlines", "\x1b[2Jwiped"]
    daemon.answers["jobs.list"] = {"jobs": [objects.job(number, name=name) for number, name in enumerate(names)]}
    _, shown = terminal("jobs", "list")
    lines = COLOUR.sub("", shown).splitlines()
    assert len(lines) == 1 + len(names)
    starts = {text.width(line[: line.index("pending")]) for line in lines[1:]}
    assert len(starts) == 1
    assert starts == {lines[0].index("STATUS")}
    assert r"two\nlines" in shown
    assert r"\x1b[2Jwiped" in shown


@pytest.mark.parametrize("columns", [60, 100])
def test_a_table_fits_the_terminal(terminal: Terminal, daemon: FakeDaemon, columns: int) -> None:
    """The widest texts are cut, and only as much as needed; the id and status never are."""
    long = objects.job(name="n" * 200, working_directory={**objects.job()["working_directory"], "path": "/p" * 100})
    daemon.answers["jobs.list"] = {"jobs": [long]}
    _, shown = terminal("jobs", "list", columns=columns)
    header, line = COLOUR.sub("", shown).splitlines()
    assert text.width(line) == columns
    assert line.count("…") == 2
    assert line.startswith("00000001  n")
    assert "pending" in line
    assert header.split() == ["ID", "NAME", "STATUS", "TASKS", "DIRECTORY"]


def test_a_piped_table_is_not_cut(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """Where there is no terminal, nothing is left out and nothing is coloured."""
    daemon.answers["jobs.list"] = {"jobs": [objects.job(name="n" * 500)]}
    assert "n" * 500 in ccsched("jobs", "list", "--output", "table").stdout


def test_status_is_coloured_unless_no_colour_is_wanted(terminal: Terminal, daemon: FakeDaemon) -> None:
    """Colours are for terminals, and NO_COLOR is honoured."""
    daemon.answers["runs.list"] = {"runs": [objects.run(status="failed")]}
    assert "\x1b[31mfailed\x1b[0m" in terminal("runs", "list")[1]
    assert "\x1b" not in terminal("runs", "list", NO_COLOR="1")[1]
    assert "\x1b" not in terminal("runs", "list", TERM="dumb")[1]


def test_times_are_local_and_the_zone_is_named_once(terminal: Terminal, daemon: FakeDaemon) -> None:
    """A table of runs says when, in the reader's zone, and how long."""
    daemon.answers["runs.list"] = {"runs": [objects.run(), objects.run(0x101, "upcoming")]}
    _, shown = terminal("runs", "list", TZ="Europe/Berlin")
    assert shown.count("CET") == 1
    assert "2026-11-21 03:00" in shown
    assert "1m 20s" in shown


def test_a_run_shows_why_it_failed_and_what_to_type(terminal: Terminal, daemon: FakeDaemon) -> None:
    """Errors stand in the record, and the next command below it, for the same home."""
    daemon.answers["runs.get"] = objects.run(
        status="failed", errors=["Write was denied", "second\x1b[2J"], uncommitted=["a\nb"], cost_usd=0.5
    )
    code, shown = terminal("runs", "get", "0000")
    assert code == 0
    assert "errors         Write was denied\n               second\n" in shown
    assert r"not committed  a\nb" in shown
    assert "$0.5000" in shown
    assert "ccsched runs logs 00000100" in shown
    assert objects.identifier(0x100) in shown


def test_a_hint_names_the_home_that_was_named(terminal: Terminal, daemon: FakeDaemon, home: object) -> None:
    """What is offered to type works as it is."""
    daemon.answers["jobs.get"] = objects.job(task_order=[objects.identifier(9)])
    _, shown = terminal("jobs", "get", "0000", "--home", str(home), CCSCHED_HOME="/nonexistent")
    assert f"ccsched --home {home} jobs run 00000001" in shown


@pytest.mark.parametrize(
    ("command", "method", "answer", "next_command"),
    [
        ("jobs list", "jobs.list", {"jobs": []}, "ccsched jobs create"),
        ("jobs tasks abcd", "jobs.tasks", [], "ccsched tasks create --job abcd"),
        ("tasks list", "tasks.list", {"tasks": []}, "ccsched tasks create --job JOB"),
        ("runs list", "runs.list", {"runs": []}, "ccsched jobs run"),
        ("runs list --status failed", "runs.list", {"runs": []}, "ccsched runs list"),
        ("scheduler", "scheduler.list", {"scheduled": []}, "ccsched tasks create --cron"),
    ],
)
def test_an_empty_list_says_what_to_type(
    terminal: Terminal, daemon: FakeDaemon, command: str, method: str, answer: object, next_command: str
) -> None:
    """Nothing to show is not nothing to say."""
    daemon.answers[method] = answer
    code, shown = terminal(*command.split())
    assert code == 0
    assert next_command in shown


SCHEDULED = {
    "task_id": objects.identifier(0x10),
    "task_name": "nightly",
    "job_id": objects.identifier(1),
    "job_name": "feature-auth",
    "schedule": "0 2 * * *",
    "timezone": "Asia/Tokyo",
    "next_due": "2026-11-21T17:00:00.000000Z",
}


def test_the_state_is_seen_at_a_glance(terminal: Terminal, daemon: FakeDaemon) -> None:
    """Counts, what is live and what comes next are on one screen."""
    daemon.answers["daemon.state"] = {
        "version": "0.1.0",
        "pid": 42,
        "home": "/h",
        "uptime_seconds": 400.0,
        "jobs": {"total": 3, "pending": 0, "in_progress": 1, "completed": 2},
        "tasks": {"total": 7, "enabled": 6},
        "runs": {"success": 12, "failed": 1},
        "live": [objects.run(0x105, "running")],
        "next_due": [SCHEDULED],
        "max_concurrent_runs": 3,
    }
    _, shown = terminal("state")
    for told in ("6m 40s", "3 (1 in progress, 2 completed)", "7 (6 enabled)", "12 success, 1 failed", "00000105"):
        assert told in shown
    assert "2026-11-21 17:00  nightly" in shown


def test_tasks_say_when_they_are_due(terminal: Terminal, daemon: FakeDaemon) -> None:
    """Each kind of schedule is told in words."""
    schedules = [
        {"type": "interval", "interval_value": 2, "interval_type": "hours"},
        {"type": "interval", "interval_value": 1, "interval_type": "days"},
        {"type": "calendar", "cron_expression": "0 2 * * *", "timezone": "Asia/Tokyo"},
        {"type": "sequential"},
    ]
    daemon.answers["tasks.list"] = {
        "tasks": [objects.task(number, schedule=schedule) for number, schedule in enumerate(schedules)]
    }
    _, shown = terminal("tasks", "list")
    for told in ("every 2 hours", "every day", "0 2 * * * Asia/Tokyo", "sequential"):
        assert told in shown


@pytest.mark.parametrize(("typed", "code", "deleted"), [("y\n", 0, True), ("n\n", 1, False)])
def test_a_deletion_is_asked_for(
    terminal: Terminal, daemon: FakeDaemon, typed: str, code: int, deleted: bool
) -> None:
    """On a terminal the person sees what would go, and only a yes deletes it."""
    daemon.answers["jobs.get"] = objects.job(task_order=[objects.identifier(9)])
    daemon.answers["runs.list"] = {"runs": [objects.run(), objects.run()]}
    daemon.answers["jobs.delete"] = {"job_id": objects.identifier(1), "tasks": 1, "runs": 2}
    exit_code, shown = terminal("jobs", "delete", "feature-auth", typed=typed)
    assert "Delete job feature-auth with 1 task, 2 runs and their logs?" in shown
    assert exit_code == code
    assert (("jobs.delete", {"job": objects.identifier(1)}) in daemon.requests) is deleted
    assert ("Deleted job 00000001 with 1 task and 2 runs." in shown) is deleted
