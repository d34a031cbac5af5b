"""What a person sees on a terminal."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

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


def runs_of_all_kinds() -> list[dict[str, object]]:
    """Runs with long names, as they may stand in one table."""
    names = {"task_name": "implement-the-login", "job_name": "feature-authentication"}
    return [
        objects.run(0x101, "upcoming", **names),
        objects.run(0x102, "running", **names),
        objects.run(0x103, "failed", outcome="not_logged_in", **names),
        objects.run(0x104, "cancelled", outcome="not_started", **names),
    ]


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100])
@pytest.mark.parametrize("listed", ["jobs", "tasks", "runs", "scheduler"])
def test_a_narrow_table_leaves_columns_out(terminal: Terminal, daemon: FakeDaemon, columns: int, listed: str) -> None:
    """No line overflows; names keep room to be read, for less important columns go first."""
    place = {**objects.job()["working_directory"], "use_git_worktree": True, "path": "/srv/projects/application"}
    job = objects.job(name="feature-authentication", status="in_progress", working_directory=place)
    schedule = {"type": "calendar", "cron_expression": "*/5 0 2 * * 1-5", "timezone": "America/Argentina/Ushuaia"}
    daemon.answers["jobs.list"] = {"jobs": [job]}
    daemon.answers["tasks.list"] = {
        "tasks": [objects.task(name="implement-the-login", schedule=schedule, last_run_status="cancelled")]
    }
    daemon.answers["runs.list"] = {"runs": runs_of_all_kinds()}
    daemon.answers["scheduler.list"] = {
        "scheduled": [{**SCHEDULED, "task_name": "implement-the-login", "timezone": schedule["timezone"]}]
    }
    _, shown = terminal(*([listed] if listed == "scheduler" else [listed, "list"]), columns=columns)
    lines = COLOUR.sub("", shown).splitlines()
    assert max(map(text.width, lines)) <= columns
    if columns >= 40:
        name = "feature-a" if listed == "jobs" else "implement"
        assert all(name in line for line in lines[1:])


def test_a_table_of_runs_has_both_names_and_the_time_on_80_columns(terminal: Terminal, daemon: FakeDaemon) -> None:
    """The rest gives way; how a run ended stays."""
    daemon.answers["runs.list"] = {"runs": runs_of_all_kinds()[2:]}
    _, shown = terminal("runs", "list", columns=80)
    header, failed, cancelled = COLOUR.sub("", shown).splitlines()
    assert header.split() == ["ID", "STATUS", "OUTCOME", "TASK", "JOB", "START", "(UTC)"]
    assert failed.split()[:3] == ["00000103", "failed", "not_logged_in"]
    assert failed.endswith("2026-11-21 02:00:00")
    assert "feature-a" in failed
    assert "2026" not in cancelled


def test_texts_are_not_cut_for_what_matters_little(terminal: Terminal, daemon: FakeDaemon) -> None:
    """A name is shown whole before a cost is."""
    daemon.answers["runs.list"] = {"runs": [objects.run(task_name="implement-login")]}
    header, line = COLOUR.sub("", terminal("runs", "list", columns=80)[1]).splitlines()
    assert "implement-login  feature-auth" in line
    assert "COST" not in header
    header, line = COLOUR.sub("", terminal("runs", "list", columns=100)[1]).splitlines()
    assert "COST" in header


def test_a_start_is_when_the_agent_started(terminal: Terminal, daemon: FakeDaemon) -> None:
    """One to come says when it is due; one that was never started has no start, duration or cost."""
    daemon.answers["runs.list"] = {"runs": runs_of_all_kinds()}
    _, shown = terminal("runs", "list", columns=150, NO_COLOR="1")
    upcoming, running, failed, left_out = shown.splitlines()[1:]
    assert "due 2026-11-21 02:00:00" in upcoming
    assert "  2026-11-21 02:00:00  " in running
    assert failed.endswith("  2026-11-21 02:00:00        1m 20s  $0.0123")
    assert left_out.endswith("feature-authentication")
    daemon.answers["runs.list"] = {"runs": runs_of_all_kinds()[3:]}
    assert "START  DURATION" in terminal("runs", "list", columns=150, NO_COLOR="1")[1]


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
    assert "2026-11-21 03:00:00" in shown
    assert "1m 20s" in shown


def test_a_run_shows_why_it_failed_and_what_to_type(terminal: Terminal, daemon: FakeDaemon, tmp_path: Path) -> None:
    """Errors stand in the record, and the next command below it, for the same home."""
    log = tmp_path / "log"
    log.touch()
    daemon.answers["runs.get"] = objects.run(
        status="failed",
        errors=["Write was denied", "second\x1b[2J"],
        uncommitted=["a\nb"],
        cost_usd=0.5,
        log_path=str(log),
    )
    code, shown = terminal("runs", "get", "0000")
    assert code == 0
    assert "errors         Write was denied\n               second\n" in shown
    assert r"not committed  a\nb" in shown
    assert "$0.5000" in shown
    assert "ccsched runs logs 00000100" in shown
    assert objects.identifier(0x100) in shown
    log.unlink()
    assert "ccsched runs logs" not in terminal("runs", "get", "0000")[1]


@pytest.mark.parametrize(
    ("trigger", "told"),
    [
        ("task", "tasks run"),
        ("job", "jobs run"),
        ("schedule", "its schedule"),
        ("sequence", "the task before it"),
        ("new", "new"),
    ],
)
def test_a_run_says_what_started_it(ccsched: Ccsched, daemon: FakeDaemon, trigger: str, told: str) -> None:
    """In words; a word that is not known is passed on."""
    daemon.answers["runs.get"] = objects.run(trigger=trigger)
    shown = ccsched("runs", "get", "0000", "--output", "table").stdout
    assert re.search(rf"^started by +{told}$", shown, re.MULTILINE)


def test_a_run_that_was_not_started_shows_nothing_of_an_agent(terminal: Terminal, daemon: FakeDaemon) -> None:
    """No turns, session, start or log, though the record has numbers for them."""
    daemon.answers["runs.get"] = objects.run(
        status="failed",
        outcome="not_started",
        errors=["no such directory"],
        num_turns=0,
        session_id="12345678",
        log_path="/nonexistent/log",
    )
    _, shown = terminal("runs", "get", "0000")
    names = [line.split("  ")[0] for line in shown.splitlines()]
    assert "errors" in names
    assert not {"turns", "session", "start", "duration", "cost", "log"} & set(names)
    assert "ccsched runs logs" not in shown


def test_a_hint_names_the_home_that_was_named(terminal: Terminal, daemon: FakeDaemon, home: object) -> None:
    """What is offered to type works as it is."""
    daemon.answers["jobs.get"] = objects.job(task_order=[objects.identifier(9)])
    daemon.answers["jobs.tasks"] = [objects.task(9)]
    _, shown = terminal("jobs", "get", "0000", "--home", str(home), CCSCHED_HOME="/nonexistent")
    assert f"ccsched --home {home} jobs run 00000001" in shown


def test_a_job_shows_its_tasks_and_its_branch(terminal: Terminal, daemon: FakeDaemon) -> None:
    """By name and in their order, which of them rest, and where the worktree's commits go."""
    place = {**objects.job()["working_directory"], "use_git_worktree": True, "worktree_name": "night"}
    daemon.answers["jobs.get"] = objects.job(task_order=["x", "y"], working_directory=place)
    daemon.answers["jobs.tasks"] = [objects.task(2, name="imple\nment"), objects.task(1, name="test", enabled=False)]
    _, shown = terminal("jobs", "get", "0000")
    assert "tasks      00000002  imple\\nment\n           00000001  test  (disabled)\n" in shown
    assert "worktree   on branch night, from main\n" in shown


@pytest.mark.parametrize(
    ("command", "method", "answer", "next_command"),
    [
        ("jobs list", "jobs.list", {"jobs": []}, "ccsched jobs create"),
        ("jobs tasks abcd", "jobs.tasks", [], "ccsched tasks create --job abcd"),
        ("tasks list", "tasks.list", {"tasks": []}, "ccsched tasks create --job JOB"),
        ("runs list", "runs.list", {"runs": []}, "ccsched jobs run"),
        ("runs list --status failed", "runs.list", {"runs": []}, "ccsched runs list"),
        ("scheduler", "scheduler.list", {"scheduled": []}, "ccsched tasks create --cron"),
        ("scheduler --history n", "scheduler.history", {"task_name": "n", "due_times": []}, "ccsched scheduler"),
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
    "starts_at": "2026-11-21T17:00:00.000000Z",
}


PAST = "2026-01-02T03:04:05.000000Z"
WINDOW = {
    "type": "five_hour",
    "status": "allowed",
    "utilization": None,
    "resets_at": None,
    "seen_at": "2026-11-20T01:00:00.000000Z",
}
NEWER = {**WINDOW, "type": "seven_day_new", "utilization": 0.1}
REACHED = {**WINDOW, "status": "rejected", "utilization": 1.0, "resets_at": "2031-01-02T05:00:00.000000Z"}


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
        "limits": {"max_concurrent_runs": 3, "time_limit": 5400, "stop_grace": 10.0},
        "accounts": [
            {
                "profile_id": objects.identifier(0x1000),
                "profile_name": "work",
                "held_until": "2031-01-02T05:00:00.000000Z",
                "windows": [
                    {**WINDOW, "utilization": 0.824, "resets_at": "2031-01-02T05:00:00.000000Z"},
                    {**WINDOW, "type": "seven_day"},
                ],
            },
            {"profile_id": None, "profile_name": None, "held_until": None, "windows": [REACHED, NEWER]},
        ],
        "spent": {
            "last_24_hours_usd": 3.21,
            "limit_usd": 20.0,
            "held_until": None,
            "limits": [
                {
                    "kind": "job",
                    "name": "nightly",
                    "usd": 0.5,
                    "limit_usd": 0.4,
                    "held_until": "2031-01-02T06:00:00.000000Z",
                }
            ],
        },
        "versions": {"ccsched": "0.1.0", "python": "3.11.4", "sqlite": "3.45.1", "record": 2, "agent": "2.1.0"},
    }
    _, shown = terminal("state")
    for told in (
        "6m 40s",
        "3 (1 in progress, 2 completed)",
        "7 (6 enabled)",
        "12 success, 1 failed",
        "00000105",
        "at a time   3 runs",
        "time limit  1h30m a run",
        "stop grace  10.0s",
        "spent       $3.2100 of $20.00 in the last 24 hours\n",
        "            job nightly: $0.5000 of $0.40 in the last 24 hours: reached, new runs wait until 2031-01-02",
        "usage       5-hour limit 82 % used, with profile work; resets 2031-01-02 05:00\n",
        "            weekly limit not reached, with profile work\n",
        "            nothing starts with profile work until 2031-01-02 05:00\n",
        "            5-hour limit reached, without a profile; resets 2031-01-02 05:00\n",
        "            seven_day_new 10 % used, without a profile\n",
        "ccsched 0.1.0, Python 3.11.4, SQLite 3.45.1, record 2, agent 2.1.0",
    ):
        assert told in shown
    assert "2026-11-21 17:00:00" in shown


def test_the_state_says_that_there_is_no_agent(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """Nothing can run without one."""
    daemon.answers["daemon.state"] = {
        "version": "0.1.0",
        "pid": 42,
        "home": "/h",
        "uptime_seconds": 1.0,
        "jobs": {"total": 0},
        "tasks": {"total": 0},
        "runs": {},
        "live": [],
        "next_due": [],
        "limits": {"max_concurrent_runs": 1, "time_limit": 60, "stop_grace": 0.5},
        "accounts": [],
        "spent": {"last_24_hours_usd": 0, "limit_usd": None, "held_until": None, "limits": []},
        "versions": {"ccsched": "0.1.0", "python": "3.11.4", "sqlite": "3.45.1", "record": 2, "agent": None},
    }
    shown = ccsched("state", "--output", "table").stdout
    assert "record 2, agent not found\n" in shown
    assert "at a time   1 run\n" in shown
    assert "usage" not in shown
    assert "spent" not in shown


def test_a_due_time_is_told_by_the_clock_and_from_now(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """In the reader's zone, which is named; one that has come is due now."""
    soon = datetime.now(UTC) + timedelta(hours=3, minutes=5, seconds=30)
    daemon.answers["scheduler.list"] = {
        "scheduled": [
            {**SCHEDULED, "next_due": PAST, "starts_at": PAST},
            {**SCHEDULED, "next_due": soon.isoformat(), "starts_at": soon.isoformat()},
        ]
    }
    header, first, second = ccsched("scheduler", "--output", "table", TZ="Asia/Tokyo").stdout.splitlines()
    assert header.startswith("NEXT DUE (JST)       FROM NOW  TASK")
    assert first.startswith("2026-01-02 12:04:05  now       nightly")
    assert "in 3h 5m  nightly" in second


def test_a_run_among_others_says_what_is_special_of_it(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """That it is silent, a further try, or goes on after a limit."""
    daemon.answers["runs.list"] = {
        "runs": [
            objects.run(0x1, "running", stalled_at=PAST),
            objects.run(0x2, "failed", attempt=2, trigger="retry", outcome="agent_error"),
            objects.run(0x3, "upcoming", trigger="limit_reset"),
            objects.run(0x4, "success"),
        ]
    }
    shown = ccsched("runs", "list", "--output", "table").stdout
    assert [re.split(" {2,}", line)[2] for line in shown.splitlines()[1:]] == [
        "stalled since 2026-01-02 03:04",
        "agent_error, 2nd try",
        "goes on",
        "done",
    ]


def test_a_run_that_changed_something_says_how_to_see_it(terminal: Terminal, daemon: FakeDaemon) -> None:
    """Committed or not; one that changed nothing has nothing to show."""
    for fields, hinted in (({"commit": "c" * 40}, True), ({"uncommitted": ["a"]}, True), ({}, False)):
        daemon.answers["runs.get"] = objects.run(**fields)
        shown = terminal("runs", "get", "0000")[1]
        assert ("ccsched runs diff 00000100  what it changed" in re.sub(" {2,}", "  ", shown)) is hinted


def test_a_run_that_is_to_come_says_why_it_waits(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """As its task does; a program asks for that itself."""
    daemon.answers["runs.get"] = objects.run(status="upcoming")
    why = {"task_name": "add-tests", "until": None, "run_id": objects.identifier(0x105)}
    daemon.answers["tasks.why"] = {**why, "reason": "directory", "message": "its directory is in use by run 00000105"}
    assert (
        "not yet     its directory is in use by run 00000105\n"
        in ccsched("runs", "get", "0000", "--output", "table").stdout
    )
    daemon.answers["tasks.why"] = {**why, "reason": "running", "message": "it is running"}
    assert "queued behind run 00000105 of the same task" in ccsched("runs", "get", "0000", "--output", "table").stdout
    daemon.requests.clear()
    ccsched("runs", "get", "0000")
    assert [method for method, _ in daemon.requests] == ["runs.get"]


def test_a_due_time_that_is_put_off_is_told_with_its_start(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """In a column that is there only for that."""
    daemon.answers["scheduler.list"] = {"scheduled": [{**SCHEDULED, "starts_at": "2031-11-21T22:03:00.000000Z"}]}
    header, line = ccsched("scheduler", "--output", "table").stdout.splitlines()
    assert header.startswith("NEXT DUE (UTC)       STARTS               FROM NOW")
    assert line.startswith("2026-11-21 17:00:00  2031-11-21 22:03:00  in ")
    daemon.answers["scheduler.list"] = {"scheduled": [SCHEDULED]}
    assert "STARTS" not in ccsched("scheduler", "--output", "table").stdout


def due_time(due: str, until: str | None = None, **fields: object) -> dict[str, object]:
    """A due time that has come, in November 2026."""
    nothing = dict.fromkeys(("run_id", "status", "outcome", "reason", "detail"))
    last = until and f"2026-11-{until}.000000Z"
    return {**nothing, "due": f"2026-11-{due}.000000Z", "until": last, **fields}


def history(*due_times: dict[str, object]) -> dict[str, object]:
    """The due times of a task that have come."""
    return {"task_id": objects.identifier(0x10), "task_name": "nightly", "due_times": [*due_times]}


def test_due_times_that_have_come_are_told_with_their_runs_or_reasons(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """In the reader's zone; of several that share a reason the first and the last."""
    daemon.answers["scheduler.history"] = history(
        due_time("21T17:00:00", run_id=objects.identifier(0x100), status="failed", outcome="denied"),
        due_time("20T16:00:00", "20T16:45:00", reason="overlap", detail="task 'x' has a run\nthat is running"),
        due_time("18T17:00:00", "19T17:00:00", reason="missed", detail="nobody was there"),
        due_time("17T17:00:00", run_id=objects.identifier(0x101), status="upcoming"),
    )
    shown = ccsched("scheduler", "--history", "nightly", "--output", "table", TZ="Asia/Tokyo").stdout
    assert [re.split(" {2,}", line) for line in shown.splitlines()] == [
        ["DUE (JST)", "RUN", "STATUS/REASON", "DETAIL"],
        ["2026-11-22 02:00:00", "00000100", "failed", "denied"],
        ["2026-11-21 01:00:00 … 01:45:00", "overlap", r"task 'x' has a run\nthat is running"],
        ["2026-11-19 02:00:00 … 2026-11-20 02:00:00", "missed", "nobody was there"],
        ["2026-11-18 02:00:00", "00000101", "upcoming"],
    ]


def test_a_history_over_a_clock_change_names_both_zones(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """That of the last due time of a line, too."""
    summer = due_time("01T02:00:00", "01T02:00:00", reason="missed", detail="") | {
        "due": "2026-10-24T01:00:00.000000Z"
    }
    daemon.answers["scheduler.history"] = history(summer)
    shown = ccsched("scheduler", "--history", "nightly", "--output", "table", TZ="Europe/Berlin").stdout
    assert shown.startswith("DUE (CEST/CET) ")
    assert "2026-10-24 03:00:00 … 2026-11-01 03:00:00" in shown


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_a_history_fits_the_terminal(terminal: Terminal, daemon: FakeDaemon, columns: int) -> None:
    """When, and what became of it, stay to be read."""
    daemon.answers["scheduler.history"] = history(
        due_time("21T17:00:00", run_id=objects.identifier(0x100), status="success", outcome="done"),
        due_time("20T16:00:00", "20T16:45:00", reason="overlap", detail="it is running " * 20),
    )
    _, shown = terminal("scheduler", "--history", "nightly", columns=columns)
    assert "\x1b[32msuccess\x1b[0m" in shown
    lines = COLOUR.sub("", shown).splitlines()
    assert max(map(text.width, lines)) <= columns
    assert "overlap" in lines[2]
    if columns >= 60:
        assert lines[2].startswith("2026-11-20 16:00:00 … 16:45:00  ")
    if columns >= 80:
        assert "00000100" in lines[1]
        assert "it is running" in lines[2]


def test_why_a_task_is_not_running_is_one_line(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """Its name and the daemon's words, whatever is in either."""
    daemon.answers["tasks.why"] = {
        "task_id": objects.identifier(0x10),
        "task_name": "nightly\n",
        "reason": "directory",
        "message": "its directory is in use by run 00000105 of task 'a\x1b[2J'",
        "until": None,
        "run_id": objects.identifier(0x105),
    }
    shown = ccsched("tasks", "why", "nightly", "--output", "table").stdout
    assert shown == r"nightly\n: its directory is in use by run 00000105 of task 'a\x1b[2J'" + "\n"


def test_a_task_says_how_to_ask_why_it_is_not_running(terminal: Terminal, daemon: FakeDaemon) -> None:
    """Among what there is to type next."""
    daemon.answers |= {"tasks.get": objects.task(), "jobs.get": objects.job()}
    assert "ccsched tasks why 00000010" in terminal("tasks", "get", "0000")[1]


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
    daemon.answers["jobs.list"] = {"jobs": []}
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
    gone = {"job_id": objects.identifier(1), "tasks": 1, "runs": 2, "worktree": None}
    daemon.answers["jobs.delete"] = gone
    exit_code, shown = terminal("jobs", "delete", "feature-auth", typed=typed)
    assert "Delete job feature-auth with 1 task, 2 runs and their logs?" in shown
    assert exit_code == code
    assert (("jobs.delete", {"job": objects.identifier(1)}) in daemon.requests) is deleted
    assert ("Deleted job feature-auth (00000001) with 1 task and 2 runs." in shown) is deleted


def test_a_worktree_that_goes_with_its_job_is_told_of(terminal: Terminal, daemon: FakeDaemon) -> None:
    """Before, for the person is asked, and after; a yes is no leave to lose what is in it."""
    removed = {"path": "/srv/app/.claude/worktrees/night", "branch": "night", "removed": True, "commands": []}
    gone = {"job_id": objects.identifier(1), "tasks": 0, "runs": 0, "worktree": removed}
    daemon.answers.update({"jobs.get": objects.job(), "runs.list": {"runs": []}, "jobs.delete": gone})
    code, shown = terminal("jobs", "delete", "feature-auth", "--worktree", typed="y\n")
    assert code == 0
    assert "Delete job feature-auth with 0 tasks, 0 runs and their logs, and its worktree?" in shown
    assert "Removed its worktree /srv/app/.claude/worktrees/night and the branch night." in shown
    assert ("jobs.delete", {"job": objects.identifier(1), "worktree": True, "force": False}) in daemon.requests


@pytest.mark.parametrize(("typed", "code", "deleted"), [("y\n", 0, True), ("n\n", 1, False)])
def test_a_tasks_deletion_is_asked_for(
    terminal: Terminal, daemon: FakeDaemon, typed: str, code: int, deleted: bool
) -> None:
    """With the number of its runs; what was asked about is what goes, whatever gets its name meanwhile."""
    daemon.answers["tasks.get"] = objects.task()
    daemon.answers["runs.list"] = {"runs": [objects.run()] * 100}
    daemon.answers["tasks.delete"] = {"task_id": objects.identifier(0x10), "runs": 120}
    exit_code, shown = terminal("tasks", "delete", "add-tests", typed=typed)
    assert "Delete task add-tests with 100 or more runs and their logs?" in shown
    assert exit_code == code
    assert ("runs.list", {"limit": 100, "task": objects.identifier(0x10)}) in daemon.requests
    assert (("tasks.delete", {"task": objects.identifier(0x10)}) in daemon.requests) is deleted
    assert ("Deleted task add-tests (00000010) with 120 runs." in shown) is deleted


@pytest.mark.parametrize(("typed", "code", "deleted"), [("y\n", 0, True), ("n\n", 1, False)])
def test_a_runs_deletion_is_asked_for(
    terminal: Terminal, daemon: FakeDaemon, typed: str, code: int, deleted: bool
) -> None:
    """With how it stands, for one under way is stopped first."""
    daemon.answers["runs.get"] = objects.run(status="running")
    daemon.answers["runs.delete"] = {"run_id": objects.identifier(0x100)}
    exit_code, shown = terminal("runs", "delete", "0000", typed=typed)
    assert "Delete run 00000100 of add-tests, which is running, and its log?" in shown
    assert exit_code == code
    assert (("runs.delete", {"run": objects.identifier(0x100)}) in daemon.requests) is deleted
    assert ("Deleted run 00000100 and its log." in shown) is deleted


def test_a_restart_shows_the_new_runs(terminal: Terminal, daemon: FakeDaemon) -> None:
    """And how to watch the first of them."""
    runs = [objects.run(0x105, "upcoming"), objects.run(0x106, "upcoming")]
    daemon.answers["runs.restart"] = {"sequence_id": objects.identifier(7), "runs": runs}
    code, shown = terminal("runs", "restart", "0000", NO_COLOR="1")
    assert code == 0
    assert [line.split()[0] for line in shown.splitlines()[1:3]] == ["00000105", "00000106"]
    assert "ccsched runs logs -f 00000105" in shown


def test_a_failed_run_says_how_to_do_it_over(terminal: Terminal, daemon: FakeDaemon) -> None:
    """A success does not."""
    daemon.answers["runs.get"] = objects.run(status="failed")
    assert "ccsched runs restart 00000100" in terminal("runs", "get", "0000")[1]
    daemon.answers["runs.get"] = objects.run()
    assert "ccsched runs restart" not in terminal("runs", "get", "0000")[1]


def test_the_worktree_of_a_deleted_job_is_told_of(ccsched: Ccsched, daemon: FakeDaemon, tmp_path: Path) -> None:
    """It stays, with its branch; what removes both is the daemon's to say."""
    folder = tmp_path / ".claude" / "worktrees" / "night"
    gone = {"job_id": objects.identifier(1), "tasks": 1, "runs": 2}
    daemon.answers["jobs.get"] = objects.job()
    there = {"path": str(folder), "branch": "night", "removed": False, "commands": ["git a", "git b"]}
    daemon.answers["jobs.delete"] = {**gone, "worktree": there}
    shown = ccsched("jobs", "delete", "feature-auth", "--force", "--output", "table").stdout
    first, told, *commands = shown.splitlines()
    assert first == "Deleted job feature-auth (00000001) with 1 task and 2 runs."
    assert str(folder) in told
    assert commands == ["  git a", "  git b"]
    daemon.answers["jobs.delete"] = {**gone, "worktree": None}
    again = ccsched("jobs", "delete", "feature-auth", "--force", "--output", "table").stdout
    assert again.splitlines() == [first]


def test_tasks_name_their_jobs(terminal: Terminal, daemon: FakeDaemon) -> None:
    """In the list of all; a job that is gone meanwhile is shown by its id."""
    daemon.answers["jobs.list"] = {"jobs": [objects.job()]}
    daemon.answers["tasks.list"] = {"tasks": [objects.task(), objects.task(0x11, job_id=objects.identifier(9))]}
    _, shown = terminal("tasks", "list", NO_COLOR="1")
    header, first, second = shown.splitlines()
    assert "JOB" in header
    assert "feature-auth" in first
    assert "00000009" in second
