"""What an update sends: what was given, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler_daemon.cli.shortcuts import BEDROCK, ZAI
from tests.integration.cli import objects
from tests.integration.cli.conftest import Completed
from tests.integration.cli.fake_daemon import FakeDaemon

Ccsched = Callable[..., Completed]


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ("--name n", {"name": "n"}),
        ("--description=", {"description": ""}),
        ("--working-directory /srv/./app", {"working_directory": {"path": "/srv/app"}}),
        ("--use-worktree", {"working_directory": {"use_git_worktree": True}}),
        ("--use-git-worktree", {"working_directory": {"use_git_worktree": True}}),
        ("--no-worktree", {"working_directory": {"use_git_worktree": False}}),
        ("--worktree-name w", {"working_directory": {"worktree_name": "w"}}),
        ("--worktree-branch b", {"working_directory": {"worktree_branch": "b"}}),
        ("--profile p", {"profile": "p"}),
        ("--no-profile", {"profile": None}),
        ("--zai", {"profile": ZAI}),
        ("--bedrock", {"profile": BEDROCK}),
        *((f"--overlap {word}", {"overlap": word}) for word in ("skip", "queue", "replace")),
        ("--max-usd-per-day 20", {"max_usd_per_day": 20.0}),
        ("--no-max-usd-per-day", {"max_usd_per_day": None}),
        (
            "--name n --working-directory /srv --use-worktree --worktree-name w --worktree-branch b --profile p",
            {
                "name": "n",
                "working_directory": {
                    "path": "/srv",
                    "use_git_worktree": True,
                    "worktree_name": "w",
                    "worktree_branch": "b",
                },
                "profile": "p",
            },
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_update_of_a_job_sends_what_was_given(
    ccsched: Ccsched, daemon: FakeDaemon, options: str, changes: object
) -> None:
    """So that two who update the same job at once do not undo each other."""
    daemon.answers["jobs.update"] = objects.job()
    done = ccsched("jobs", "update", "abcd", *options.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert daemon.requests[0] == ("jobs.update", {"job": "abcd", "changes": changes})


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ("--cron-expression @daily", {"schedule": {"type": "calendar", "cron_expression": "@daily"}}),
        (
            "--interval-value 2 --interval-type hours",
            {"schedule": {"type": "interval", "interval_value": 2, "interval_type": "hours"}},
        ),
        ("--allowed-tools Read", {"allowed_tools": ["Read"]}),
        ("--name n", {"name": "n"}),
        ("--job j", {"job": "j"}),
        ("--prompt p", {"command": "p", "command_type": "prompt"}),
        ("--command /review", {"command": "/review"}),
        ("--command-type file", {"command_type": "file"}),
        ("--command /x --command-type slash_command", {"command": "/x", "command_type": "slash_command"}),
        ("--profile p", {"profile": "p"}),
        ("--no-profile", {"profile": None}),
        ("--zai", {"profile": ZAI}),
        ("--bedrock", {"profile": BEDROCK}),
        ("--model opus", {"model": "opus"}),
        ("--schedule manual", {"schedule": {"type": "manual"}}),
        ("--schedule sequential", {"schedule": {"type": "sequential"}}),
        ("--every 1h30m", {"schedule": {"type": "interval", "interval_value": 90, "interval_type": "minutes"}}),
        ("--every 2d", {"schedule": {"type": "interval", "interval_value": 2, "interval_type": "days"}}),
        ("--cron @daily", {"schedule": {"type": "calendar", "cron_expression": "@daily"}}),
        (
            "--cron @daily --timezone UTC",
            {"schedule": {"type": "calendar", "cron_expression": "@daily", "timezone": "UTC"}},
        ),
        (
            "--cron @daily --no-timezone",
            {"schedule": {"type": "calendar", "cron_expression": "@daily", "timezone": None}},
        ),
        ("--timezone Asia/Tokyo", {"schedule": {"timezone": "Asia/Tokyo"}}),
        ("--no-timezone", {"schedule": {"timezone": None}}),
        ("--watch-path /srv", {"schedule": {"type": "file_watch", "watch_path": "/srv"}}),
        ("--watch-pattern *.py --watch-pattern !x", {"schedule": {"watch_patterns": ["*.py", "!x"]}}),
        ("--no-watch-patterns", {"schedule": {"watch_patterns": []}}),
        ("--watch-recursive", {"schedule": {"watch_recursive": True}}),
        ("--no-watch-recursive", {"schedule": {"watch_recursive": False}}),
        ("--watch-debounce 0.5", {"schedule": {"watch_debounce": 0.5}}),
        ("--watch-max-wait 90", {"schedule": {"watch_max_wait": 90.0}}),
        ("--missed run_once", {"missed": "run_once"}),
        ("--missed skip", {"missed": "skip"}),
        ("--missed-within 6h", {"missed_within": 21600}),
        ("--missed run_once --missed-within 90", {"missed": "run_once", "missed_within": 90}),
        *((f"--overlap {word}", {"overlap": word}) for word in ("skip", "queue", "replace")),
        ("--no-overlap", {"overlap": None}),
        ("--jitter 5m", {"jitter": 300}),
        ("--jitter 0", {"jitter": 0}),
        ("--running-hours 22:00-06:00", {"running_hours": "22:00-06:00"}),
        ("--running-hours 9:05-17:30", {"running_hours": "09:05-17:30"}),
        ("--no-running-hours", {"running_hours": None}),
        (
            "--every 2h --running-hours 0:00-6:00 --timezone Asia/Tokyo",
            {
                "schedule": {
                    "type": "interval",
                    "interval_value": 2,
                    "interval_type": "hours",
                    "timezone": "Asia/Tokyo",
                },
                "running_hours": "00:00-06:00",
            },
        ),
        (
            "--schedule sequential --running-hours 22:00-06:00 --no-timezone",
            {"schedule": {"type": "sequential", "timezone": None}, "running_hours": "22:00-06:00"},
        ),
        *((f"--permissions {word}", {"permissions": word}) for word in ("default", "bypass", "acceptEdits")),
        *((f"--permissions {word}", {"permissions": word}) for word in ("plan", "dontAsk", "auto")),
        ("--session-mode continue", {"session_mode": "continue"}),
        ("--allowed-tool Read --allowed-tool Edit", {"allowed_tools": ["Read", "Edit"]}),
        ("--no-allowed-tools", {"allowed_tools": []}),
        ("--disallowed-tool Write", {"disallowed_tools": ["Write"]}),
        ("--no-disallowed-tools", {"disallowed_tools": []}),
        ("--commit-on-success", {"commit_on_success": True}),
        ("--no-commit-on-success", {"commit_on_success": False}),
        ("--time-limit 90m", {"time_limit": 5400}),
        ("--no-time-limit", {"time_limit": None}),
        ("--max-retries 0", {"retry": {"max_retries": 0}}),
        ("--retry-delay 0", {"retry": {"retry_delay": 0}}),
        ("--max-retries 2 --retry-delay 1m", {"retry": {"max_retries": 2, "retry_delay": 60}}),
        ("--max-retry-delay 2h", {"retry": {"max_retry_delay": 7200}}),
        ("--verify make", {"verify": {"command": "make"}}),
        ("--verify=", {"verify": {"command": ""}}),
        ("--no-verify", {"verify": {"command": None}}),
        ("--verify-time-limit 5m --max-fix-rounds 0", {"verify": {"time_limit": 300, "max_fix_rounds": 0}}),
        ("--max-turns 40", {"max_turns": 40}),
        ("--no-max-turns", {"max_turns": None}),
        ("--max-budget-usd 2.5", {"max_budget_usd": 2.5}),
        ("--no-max-budget-usd", {"max_budget_usd": None}),
        ("--wait-for-limit", {"wait_for_limit": True}),
        ("--no-wait-for-limit", {"wait_for_limit": False}),
        ("--max-limit-wait 6h", {"max_limit_wait": 21600}),
        ("--no-max-limit-wait", {"max_limit_wait": None}),
        ("--stall-after 10m --stop-when-stalled", {"stall_after": 600, "stop_when_stalled": True}),
        ("--no-stall-after --no-stop-when-stalled", {"stall_after": None, "stop_when_stalled": False}),
        ("--run-retention-count 5", {"run_retention_count": 5}),
        ("--no-run-retention-count", {"run_retention_count": None}),
        ("--notify-on-success", {"notifications": {"on_success": True}}),
        ("--no-notify-on-failure", {"notifications": {"on_failure": False}}),
        ("--enabled", {"enabled": True}),
        ("--disabled", {"enabled": False}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_update_of_a_task_sends_what_was_given(
    ccsched: Ccsched, daemon: FakeDaemon, options: str, changes: object
) -> None:
    """Nothing that was not said; null where an option takes something away."""
    daemon.answers["tasks.update"] = objects.task()
    done = ccsched("tasks", "update", "abcd", *options.split())
    assert done.returncode == 0, done
    assert daemon.requests[0] == ("tasks.update", {"task": "abcd", "changes": changes})


@pytest.mark.parametrize("content", ["a new prompt\n", ""])
def test_a_prompt_is_updated_from_a_file(ccsched: Ccsched, daemon: FakeDaemon, content: str) -> None:
    """Or from standard input, even with nothing in it: the daemon says what is wrong with that."""
    daemon.answers["tasks.update"] = objects.task()
    ccsched("tasks", "update", "abcd", "--prompt-file", "-", stdin=content)
    assert daemon.requests == [
        ("tasks.update", {"task": "abcd", "changes": {"command": content, "command_type": "prompt"}})
    ]


def test_a_watched_path_is_sent_absolute(ccsched: Ccsched, daemon: FakeDaemon, tmp_path: Path) -> None:
    """As a working directory is: the daemon runs elsewhere."""
    daemon.answers["tasks.update"] = objects.task()
    ccsched("tasks", "update", "abcd", "--watch-path", "src/../docs", cwd=tmp_path)
    assert daemon.requests[0][1]["changes"] == {"schedule": {"type": "file_watch", "watch_path": f"{tmp_path}/docs"}}


@pytest.mark.parametrize("noun", ["jobs", "tasks"])
@pytest.mark.parametrize(("option", "profile"), [("--zai", ZAI), ("--bedrock", BEDROCK)], ids=["zai", "bedrock"])
def test_a_shortcut_names_a_profile(
    ccsched: Ccsched, daemon: FakeDaemon, noun: str, option: str, profile: str
) -> None:
    """By its id, which stays whatever the profile is called."""
    daemon.answers |= {"jobs.create": objects.job(), "tasks.create": objects.task()}
    needed = ["--working-directory", "/srv"] if noun == "jobs" else ["--job", "j", "--prompt", "p"]
    ccsched(noun, "create", "--name", "n", *needed, option)
    assert daemon.requests[0][1]["profile"] == profile


def test_a_task_that_becomes_sequential_is_noted_if_it_is_the_first(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """It will not be due by itself, and the note says what makes it due."""
    daemon.answers["tasks.update"] = objects.task()
    daemon.answers["jobs.get"] = objects.job(task_order=[objects.identifier(0x10)])
    done = ccsched("tasks", "update", "abcd", "--schedule", "sequential")
    assert "ccsched jobs run 00000001" in done.stderr
    assert ccsched("tasks", "update", "abcd", "--every", "1d").stderr == ""
