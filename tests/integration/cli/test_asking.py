"""What each command asks the daemon, and what a program gets back."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler_daemon import __version__
from tests.integration.cli import objects
from tests.integration.cli.conftest import CCSCHED, Completed
from tests.integration.cli.fake_daemon import Failure, FakeDaemon

Ccsched = Callable[..., Completed]


def test_a_piped_list_is_one_json_document(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """``jobs list`` gives an object, ``jobs tasks`` a bare list, as scripts expect them."""
    daemon.answers["jobs.list"] = {"jobs": [objects.job(name="größer 🎉")]}
    daemon.answers["jobs.tasks"] = [objects.task()]
    listed = ccsched("jobs", "list").stdout
    assert json.loads(listed) == daemon.answers["jobs.list"]
    assert listed.startswith('{\n  "jobs"')
    assert "größer 🎉" in listed
    assert json.loads(ccsched("jobs", "tasks", "feature-auth").stdout) == daemon.answers["jobs.tasks"]


@pytest.mark.parametrize(
    ("arguments", "method", "params"),
    [
        ("jobs get abcd", "jobs.get", {"job": "abcd"}),
        ("jobs run abcd", "jobs.run", {"job": "abcd"}),
        ("jobs stop abcd", "jobs.stop", {"job": "abcd"}),
        ("jobs delete abcd --force", "jobs.delete", {"job": "abcd"}),
        ("jobs delete abcd -f", "jobs.delete", {"job": "abcd"}),
        ("jobs delete abcd --worktree -f", "jobs.delete", {"job": "abcd", "worktree": True, "force": True}),
        ("jobs set-order abcd two one", "jobs.set_order", {"job": "abcd", "tasks": ["two", "one"]}),
        ("jobs export abcd efgh", "jobs.export", {"jobs": ["abcd", "efgh"]}),
        ("jobs export --all", "jobs.export", {}),
        ("tasks list", "tasks.list", {}),
        ("tasks list --job abcd", "tasks.list", {"job": "abcd"}),
        ("tasks get abcd", "tasks.get", {"task": "abcd"}),
        ("tasks why abcd", "tasks.why", {"task": "abcd"}),
        ("tasks run abcd", "tasks.run", {"task": "abcd"}),
        ("tasks enable abcd", "tasks.enable", {"task": "abcd"}),
        ("tasks disable abcd", "tasks.disable", {"task": "abcd"}),
        ("tasks delete abcd --force", "tasks.delete", {"task": "abcd"}),
        ("tasks delete abcd -f", "tasks.delete", {"task": "abcd"}),
        ("runs list", "runs.list", {}),
        (
            "runs list --limit 5 --job j --task t --status failed",
            "runs.list",
            {"limit": 5, "job": "j", "task": "t", "status": "failed"},
        ),
        ("runs get abcd", "runs.get", {"run": "abcd"}),
        ("runs stop abcd", "runs.stop", {"run": "abcd"}),
        ("runs restart abcd", "runs.restart", {"run": "abcd"}),
        ("runs restart abcd --only", "runs.restart", {"run": "abcd", "only": True}),
        ("runs restart abcd --resume --only", "runs.restart", {"run": "abcd", "only": True, "resume": True}),
        ("runs delete abcd --force", "runs.delete", {"run": "abcd"}),
        ("runs delete abcd -f", "runs.delete", {"run": "abcd"}),
        ("health", "daemon.health", {}),
        ("state", "daemon.state", {}),
        ("scheduler", "scheduler.list", {}),
        ("scheduler --history abcd", "scheduler.history", {"task": "abcd"}),
        ("scheduler --history abcd -n 5", "scheduler.history", {"task": "abcd", "limit": 5}),
        ("migrate /srv/old", "daemon.migrate", {"directory": "/srv/old"}),
        ("migrate /srv/old --dry-run", "daemon.migrate", {"directory": "/srv/old", "dry_run": True}),
    ],
)
def test_a_command_asks_one_thing(
    ccsched: Ccsched, daemon: FakeDaemon, arguments: str, method: str, params: object
) -> None:
    """Each command is one request, and a program gets its answer whole."""
    daemon.answers[method] = {"the": "answer", "runs": []}
    done = ccsched(*arguments.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == daemon.answers[method]
    assert daemon.requests == [(method, params)]


def test_a_job_is_created_as_described(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """Only what was said is sent."""
    daemon.answers["jobs.create"] = objects.job()
    options = (
        "--use-worktree --worktree-name w --worktree-branch b --profile p --description d --overlap queue "
        "--max-usd-per-day 20"
    )
    ccsched("jobs", "create", "--name", "n", "--working-directory", "/srv/app", *options.split())
    ccsched("jobs", "create", "--name", "n", "--working-directory", "/srv/app")
    place = {"path": "/srv/app", "use_git_worktree": True, "worktree_name": "w", "worktree_branch": "b"}
    assert [each for each in daemon.requests if each[0].endswith(".create")] == [
        (
            "jobs.create",
            {
                "name": "n",
                "description": "d",
                "profile": "p",
                "overlap": "queue",
                "max_usd_per_day": 20.0,
                "working_directory": place,
            },
        ),
        ("jobs.create", {"name": "n", "working_directory": {"path": "/srv/app"}}),
    ]


def test_a_directory_is_sent_absolute(ccsched: Ccsched, daemon: FakeDaemon, tmp_path: Path, home: Path) -> None:
    """A home sign and a relative path are resolved here; a symbolic link stays one."""
    daemon.answers["jobs.create"] = objects.job()
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for named in ("~/app", "link/.", "../x"):
        ccsched("jobs", "create", "--name", "n", "--working-directory", named, cwd=tmp_path)
    sent = [params["working_directory"]["path"] for _, params in daemon.requests]
    assert sent == [f"{home}/app", f"{tmp_path}/link", f"{tmp_path.parent}/x"]


def test_a_task_is_created_as_described(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """Every option arrives under its own name."""
    daemon.answers["tasks.create"] = objects.task()
    options = (
        "--name n --job j --command /review --command-type slash_command --profile p --model opus "
        "--permissions default --session-mode resume --allowed-tool Read --allowed-tool Bash(git:*) "
        "--disallowed-tool Write --no-commit-on-success --time-limit 30m --disabled --every 2h "
        "--max-retries 3 --retry-delay 5m --notify-on-failure --no-notify-on-success --timezone Asia/Tokyo "
        "--running-hours 22:00-06:00 --jitter 10m --missed run_once --missed-within 2h --overlap replace "
        "--max-retry-delay 2h --verify make --verify-time-limit 5m --max-fix-rounds 1 --max-turns 9 "
        "--max-budget-usd 0.5 --no-wait-for-limit --max-limit-wait 6h --stall-after 10m --stop-when-stalled "
        "--run-retention-count 5"
    )
    ccsched("tasks", "create", *options.split())
    assert [each for each in daemon.requests if each[0].endswith(".create")] == [
        (
            "tasks.create",
            {
                "job": "j",
                "name": "n",
                "command": "/review",
                "command_type": "slash_command",
                "profile": "p",
                "model": "opus",
                "schedule": {
                    "type": "interval",
                    "interval_value": 2,
                    "interval_type": "hours",
                    "timezone": "Asia/Tokyo",
                },
                "running_hours": "22:00-06:00",
                "jitter": 600,
                "missed": "run_once",
                "missed_within": 7200,
                "overlap": "replace",
                "permissions": "default",
                "session_mode": "resume",
                "allowed_tools": ["Read", "Bash(git:*)"],
                "disallowed_tools": ["Write"],
                "commit_on_success": False,
                "time_limit": 1800,
                "enabled": False,
                "retry": {"max_retries": 3, "retry_delay": 300, "max_retry_delay": 7200},
                "verify": {"command": "make", "time_limit": 300, "max_fix_rounds": 1},
                "max_turns": 9,
                "max_budget_usd": 0.5,
                "wait_for_limit": False,
                "max_limit_wait": 21600,
                "stall_after": 600,
                "stop_when_stalled": True,
                "run_retention_count": 5,
                "notifications": {"on_success": False, "on_failure": True},
            },
        )
    ]


@pytest.mark.parametrize(
    ("options", "schedule"),
    [
        ([], None),
        (["--schedule", "manual"], {"type": "manual"}),
        (["--every", "1h30m"], {"type": "interval", "interval_value": 90, "interval_type": "minutes"}),
        (["--cron", "0 2 * * *"], {"type": "calendar", "cron_expression": "0 2 * * *"}),
        (
            ["--schedule", "calendar", "--cron", "0 2 * * *", "--timezone", "Asia/Tokyo"],
            {"type": "calendar", "cron_expression": "0 2 * * *", "timezone": "Asia/Tokyo"},
        ),
        (["--watch-path", "/srv/app/."], {"type": "file_watch", "watch_path": "/srv/app"}),
        (
            ["--watch-path", "~/x", "--schedule", "file_watch", "--watch-pattern", "*.py", "--watch-pattern", "!y"],
            {"type": "file_watch", "watch_path": "{home}/x", "watch_patterns": ["*.py", "!y"]},
        ),
        (
            ["--watch-path", "/x", "--no-watch-recursive", "--watch-debounce", "0", "--watch-max-wait", "1.5"],
            {
                "type": "file_watch",
                "watch_path": "/x",
                "watch_recursive": False,
                "watch_debounce": 0.0,
                "watch_max_wait": 1.5,
            },
        ),
        (["--running-hours", "9:00-17:00", "--timezone", "Asia/Tokyo"], {"timezone": "Asia/Tokyo"}),
    ],
)
def test_a_schedule_is_implied(
    ccsched: Ccsched, daemon: FakeDaemon, home: Path, options: list[str], schedule: dict[str, object] | None
) -> None:
    """A cron expression or a path is enough to make a schedule; nothing said is nothing sent."""
    if schedule and "watch_path" in schedule:
        schedule["watch_path"] = str(schedule["watch_path"]).format(home=home)
    daemon.answers["tasks.create"] = objects.task()
    ccsched("tasks", "create", "--name", "n", "--job", "j", "--prompt", "", *options)
    [(_, params)] = daemon.requests
    assert params.get("schedule") == schedule
    assert params["command"] == ""


def test_a_prompt_comes_from_a_file(ccsched: Ccsched, daemon: FakeDaemon, tmp_path: Path) -> None:
    """Its text arrives as it is, but for a byte order mark."""
    (tmp_path / "prompt.md").write_bytes(b"\xef\xbb\xbf# Do\r\nthis \xf0\x9f\x8e\x89\n")
    daemon.answers["tasks.create"] = objects.task()
    ccsched("tasks", "create", "--name", "n", "--job", "j", "--prompt-file", "prompt.md", cwd=tmp_path)
    assert daemon.requests[0][1]["command"] == "# Do\r\nthis 🎉\n"


def test_home_and_output_are_taken_anywhere(ccsched: Ccsched, daemon: FakeDaemon, home: Path) -> None:
    """Before the command, between its words and after them; the last one said counts."""
    daemon.answers["jobs.list"] = {"jobs": [objects.job()]}
    where = ["--home", str(home)]
    for arguments in (
        [*where, "--output", "table", "jobs", "list"],
        ["jobs", *where, "--output", "table", "list"],
        ["--output", "json", "jobs", "list", "--output", "table", *where],
    ):
        done = ccsched(*arguments, CCSCHED_HOME="/nonexistent")
        assert done.stdout.startswith("ID "), done
        assert "\x1b" not in done.stdout


def test_a_refusal_says_all_the_daemon_said(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """Message, fields, candidates and hint are on standard error; the exit code is 1."""
    daemon.answers["jobs.get"] = Failure(
        -32002,
        "'feat' may be two jobs.",
        candidates=[
            {"id": objects.identifier(1), "name": "feature\n\x1b[31mone"},
            {"id": objects.identifier(2), "name": "two", "job_name": "nightly\n"},
        ],
        errors=[{"field": "job", "message": "is ambiguous"}],
        hint="Write more of the id.",
    )
    done = ccsched("jobs", "get", "feat")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: 'feat' may be two jobs.\n"
        "  job: is ambiguous\n"
        f"  {objects.identifier(1)}  feature\\n\\x1b[31mone\n"
        f"  {objects.identifier(2)}  two  (job nightly\\n)\n"
        "Write more of the id.\n"
    )


def test_an_older_daemon_is_told_of(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """A method that the daemon does not know: which version it is, which this is, and what to type."""
    daemon.answers["daemon.health"] = {"version": "0.0.9", "installed_version": __version__, "started_by": "service"}
    done = ccsched("state")
    assert done.returncode == 1
    assert f"The daemon is ccsched 0.0.9, and this is ccsched {__version__}.\n" in done.stderr
    assert "Start it again: ccsched --home" in done.stderr
    assert "service restart" in done.stderr


def test_an_error_nobody_foresaw_is_in_the_daemons_log(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """The message is told, and where more is to be found."""
    daemon.answers["jobs.list"] = Failure(-32603, "jobs.list failed.")
    done = ccsched("jobs", "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: jobs.list failed.\nThe daemon's log says more.\n"


@pytest.mark.parametrize("noun", ["job", "task", "run"])
def test_an_unasked_deletion_needs_force(ccsched: Ccsched, daemon: FakeDaemon, noun: str) -> None:
    """Where nobody can confirm, nothing is deleted."""
    daemon.answers |= {"jobs.get": objects.job(), "tasks.get": objects.task(), "runs.get": objects.run()}
    done = ccsched(f"{noun}s", "delete", "x")
    assert done.returncode == 1
    assert "Add --force" in done.stderr
    assert [method for method, _ in daemon.requests] == [f"{noun}s.get"]


@pytest.mark.parametrize(("place", "noted"), [(0, True), (1, False)])
def test_a_sequential_task_without_one_before_it_is_noted(
    ccsched: Ccsched, daemon: FakeDaemon, place: int, noted: bool
) -> None:
    """Beside the document, for it will not be due by itself; a task that follows another is not noted."""
    order = [objects.identifier(0x10), objects.identifier(0x11)]
    daemon.answers["tasks.create"] = objects.task(0x10 + place)
    daemon.answers["jobs.get"] = objects.job(task_order=order)
    options = ("--name", "n", "--job", "j", "--prompt", "p", "--schedule", "sequential")
    done = ccsched("tasks", "create", *options)
    assert done.returncode == 0
    assert json.loads(done.stdout) == daemon.answers["tasks.create"]
    assert ("ccsched jobs run 00000001" in done.stderr) is noted
    assert bool(done.stderr) is noted


def test_a_value_that_is_refused_is_named_as_it_was_typed(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """By its option and with its unit; what is too much is wrong usage, what cannot be understood is refused."""

    def refused(field: str, message: str, *options: str) -> tuple[int, str]:
        errors = [{"field": field, "message": message}]
        daemon.answers["tasks.create"] = Failure(-32602, f"{field}: {message}", kind="invalid_params", errors=errors)
        done = ccsched("tasks", "create", "--job", "j", "--name", "n", *options)
        return done.returncode, done.stderr.splitlines()[-1]

    prompt = ("--prompt", " ")
    assert refused("jitter", "must be at most 86400, not 3456000", *prompt, "--jitter", "40d") == (
        2,
        "Error: --jitter: must be at most 1d, not 40d",
    )
    assert refused("retry.max_retries", "must be at most 100, not 101", *prompt, "--max-retries", "101") == (
        2,
        "Error: --max-retries: must be at most 100, not 101",
    )
    assert refused("schedule.cron_expression", "it has 1 field", *prompt, "--cron", "x") == (
        1,
        "Error: --cron: it has 1 field",
    )
    assert refused("command", "must not be blank", *prompt) == (1, "Error: --prompt: must not be blank")
    assert refused("changes.verify.command", "must not be blank", *prompt, "--verify", " ") == (
        1,
        "Error: --verify: must not be blank",
    )
    assert refused("schedule", "of no type", *prompt) == (1, "Error: schedule: of no type")
    assert refused("something", "is odd", *prompt) == (1, "Error: something: is odd")


@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        ("manual", ("--running-hours", "1:00-2:00", "--jitter", "5m"), "--running-hours and --jitter do nothing for"),
        ("sequential", ("--missed", "skip"), "--missed does nothing for add-tests as long as its schedule is seq"),
        ("sequential", ("--running-hours", "1:00-2:00"), None),
        ("interval", ("--jitter", "5m", "--missed", "skip"), None),
    ],
    ids=["manual", "sequential", "hours-of-a-sequential-one", "interval"],
)
def test_what_a_task_does_not_heed_is_noted(
    ccsched: Ccsched, daemon: FakeDaemon, kind: str, options: tuple[str, ...], told: str | None
) -> None:
    """When it is said, not found out at night; it counts once the schedule is another."""
    daemon.answers["tasks.update"] = objects.task(schedule={"type": kind})
    done = ccsched("tasks", "update", "t", *options)
    assert done.returncode == 0
    assert done.stderr.startswith("Note: ") is (told is not None)
    assert (told or "") in done.stderr


def test_a_watched_path_where_nothing_is_is_noted(ccsched: Ccsched, daemon: FakeDaemon, tmp_path: Path) -> None:
    """It may be made later, or be misspelt."""
    for path, noted in ((tmp_path, False), (tmp_path / "nowhere", True)):
        daemon.answers["tasks.create"] = objects.task(schedule={"type": "file_watch", "watch_path": str(path)})
        done = ccsched("tasks", "create", "--job", "j", "--name", "n", "--prompt", "p", "--watch-path", str(path))
        assert (f"Note: there is nothing at {path} yet" in done.stderr) is noted


def test_a_note_that_cannot_be_made_is_no_failure(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """The task was created, whatever became of its job since."""
    daemon.answers["tasks.create"] = objects.task()
    daemon.answers["jobs.get"] = Failure(-32001, "no job has that id")
    options = ("--name", "n", "--job", "j", "--prompt", "p", "--schedule", "sequential")
    done = ccsched("tasks", "create", *options)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_rejected_file_is_a_refusal(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """``reload`` exits 1 if the daemon kept what it had, and the answer is still whole."""
    daemon.answers["daemon.reload"] = {"taken": [], "rejected": [{"file": "jobs.json", "problem": "no JSON"}]}
    done = ccsched("reload")
    assert done.returncode == 1
    assert json.loads(done.stdout) == daemon.answers["daemon.reload"]
    assert ccsched("reload", "--output", "table").stdout == "Rejected: jobs.json: no JSON\n"


def test_a_reload_says_what_it_changed(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """How many objects came, changed and went; a daemon that does not count them is fine too."""
    counts = {"created": 2, "changed": 0, "deleted": 1}
    for answer, told in (
        ({"taken": ["jobs.json"], "rejected": [], "changes": counts}, "Taken in: jobs.json\n2 created, 1 deleted.\n"),
        (
            {"taken": ["jobs.json"], "rejected": [], "changes": {"created": 0}},
            "Taken in: jobs.json\nNothing changed.\n",
        ),
        ({"taken": ["jobs.json"], "rejected": []}, "Taken in: jobs.json\n"),
        ({"taken": [], "rejected": [], "changes": {"created": 0}}, "No file was edited.\n"),
    ):
        daemon.answers["daemon.reload"] = answer
        assert ccsched("reload", "--output", "table").stdout == told


def test_any_encoding_is_survived(ccsched: Ccsched, daemon: FakeDaemon) -> None:
    """With ASCII output a document is still JSON, and a table is still a table."""
    daemon.answers["jobs.list"] = {"jobs": [objects.job(name="größer 🎉 \udcff")]}
    for encoding in ("ascii", "utf-8"):
        piped = ccsched("jobs", "list", PYTHONIOENCODING=encoding)
        assert json.loads(piped.stdout) == daemon.answers["jobs.list"], piped
    table = ccsched("jobs", "list", "--output", "table", PYTHONIOENCODING="ascii")
    assert r"gr\xf6\xdfer \U0001f389" in table.stdout


def test_a_reader_that_leaves_is_no_error(daemon: FakeDaemon, environment: dict[str, str]) -> None:
    """``| head`` is quiet."""
    daemon.answers["jobs.list"] = {"jobs": [objects.job(number) for number in range(500)]}
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [*CCSCHED, "jobs", "list"], env=environment, stdout=pipe, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert done.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_is_told(daemon: FakeDaemon, environment: dict[str, str]) -> None:
    """What could not be written is an error, in one line."""
    daemon.answers["jobs.list"] = {"jobs": []}
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*CCSCHED, "jobs", "list"], env=environment, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert done.returncode == 1
    assert done.stderr == b"Error: [Errno 28] No space left on device\n"
