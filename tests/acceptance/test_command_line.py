"""Every command as a person types it, against a real daemon, with the stand-in for the agent."""

import json
import os
import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scheduler_daemon.cli.shortcuts import BEDROCK, ZAI
from tests.support.house import BIN, PATIENCE, House, git, house, repository, until


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[House]:
    """A house whose daemon runs."""
    with house(tmp_path) as made:
        made.start()
        yield made
        assert made.end() == 0


def typed(made: House, line: str, stdin: str = "") -> Any:
    """What a line prints into a pipe; it must go well."""
    done = made.ccsched(*shlex.split(line), stdin=stdin)
    assert done.returncode == 0, (line, done.stderr)
    return json.loads(done.stdout)


def refused(made: House, line: str, code: int) -> str:
    """What a line says on standard error; it must fail with this code and print nothing else."""
    done = made.ccsched(*shlex.split(line))
    assert done.returncode == code, (line, done.stdout, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_the_whole_line_from_a_job_to_its_logs(daemon: House, tmp_path: Path) -> None:
    """Every command of the client, each with the answer a script can read."""
    repo = repository(tmp_path / "repo")
    job = typed(daemon, f"jobs create --name nightly --working-directory {repo} --use-worktree --worktree-name night")
    assert typed(daemon, "jobs list") == {"jobs": [job]}
    first = typed(daemon, "tasks create --job nightly --name first --prompt 'write a.txt: a' --cron '0 2 * * *'")
    second = typed(
        daemon, f"tasks create --job {job['id'][:8]} --name second --prompt-file - --schedule sequential", "say b"
    )
    third = typed(daemon, "tasks create --job nightly --name third --prompt 'say c' --every 2h --disabled")
    assert [task["id"] for task in typed(daemon, "jobs tasks nightly")] == [first["id"], second["id"], third["id"]]
    assert [task["name"] for task in typed(daemon, "tasks list --job nightly")["tasks"]] == [
        "first",
        "second",
        "third",
    ]
    assert typed(daemon, "tasks get second")["command"] == "say b"
    assert typed(daemon, "tasks get third")["schedule"]["interval_type"] == "hours"
    assert [each["task_name"] for each in typed(daemon, "scheduler")["scheduled"]] == ["first"]
    assert typed(daemon, "tasks enable third")["enabled"] is True
    assert {each["task_name"] for each in typed(daemon, "scheduler")["scheduled"]} == {"first", "third"}
    assert typed(daemon, "tasks disable third")["enabled"] is False
    runs = typed(daemon, "jobs run nightly --wait")["runs"]
    assert [(run["task_name"], run["status"], run["outcome"]) for run in runs] == [
        ("first", "success", "done"),
        ("second", "success", "no_change"),
    ]
    assert [run["id"] for run in typed(daemon, "runs list --job nightly")["runs"]] == [runs[1]["id"], runs[0]["id"]]
    assert typed(daemon, f"runs get {runs[0]['id'][:8]}") == runs[0]
    logs = daemon.ccsched("runs", "logs", runs[0]["id"])
    assert logs.stdout == Path(runs[0]["log_path"]).read_text()
    pretty = daemon.ccsched("runs", "logs", "--pretty", runs[0]["id"])
    assert "Write a.txt" in pretty.stdout
    assert git(repo, "log", "--format=%s", "main..night") == "task: first"
    assert typed(daemon, "jobs get nightly")["status"] == "completed"
    assert typed(daemon, "health")["status"] == "ok"
    state = typed(daemon, "state")
    assert (state["jobs"]["total"], state["tasks"]["total"], state["runs"]["success"]) == (1, 3, 2)
    folder = f"{repo}/.claude/worktrees/night"
    assert typed(daemon, "jobs delete nightly --force") == {
        "job_id": job["id"],
        "tasks": 3,
        "runs": 2,
        "worktree": {
            "path": folder,
            "branch": "night",
            "removed": False,
            "commands": [f"git -C {repo} worktree remove {folder}", f"git -C {repo} branch -D night"],
        },
    }
    assert typed(daemon, "runs list") == {"runs": []}


def test_a_job_is_stopped_from_the_command_line(daemon: House, tmp_path: Path) -> None:
    """The live run and those that wait; `runs stop` says that one is over."""
    typed(daemon, f"jobs create --name long --working-directory {tmp_path}")
    for name in ("one", "two"):
        typed(daemon, f"tasks create --job long --name {name} --prompt 'wait 60'")
    runs = typed(daemon, "jobs run long")["runs"]
    until(daemon.claim(runs[0]).exists, "the agent is started")
    assert set(typed(daemon, "jobs stop long")["stopped"]) == {run["id"] for run in runs}
    assert {run["status"] for run in typed(daemon, "runs list")["runs"]} == {"cancelled"}
    assert "ended already" in refused(daemon, f"runs stop {runs[0]['id']}", 1)


def test_a_failed_run_makes_waiting_for_it_fail(daemon: House, tmp_path: Path) -> None:
    """So that a script can go by it."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    typed(daemon, "tasks create --job j --name bad --prompt 'fail it broke'")
    done = daemon.ccsched("tasks", "run", "bad", "--wait")
    assert done.returncode == 1


def test_following_a_run_shows_it_as_it_goes(daemon: House, tmp_path: Path) -> None:
    """What the agent says is there before the run has ended."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    typed(daemon, "tasks create --job j --name slow --prompt-file -", "say the beginning\nwait 2\nsay the end")
    run = typed(daemon, "tasks run slow")
    with subprocess.Popen(
        [BIN / "ccsched", "runs", "logs", "-f", "--pretty", run["id"]],
        env=daemon.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as follower:
        assert follower.stdout
        seen = ""
        while "the beginning" not in seen:
            seen += follower.stdout.readline()
        assert daemon.run(run)["status"] == "running"
        seen += follower.stdout.read()
        assert follower.wait(PATIENCE) == 0
    assert "the end" in seen
    assert "success" in seen


def test_what_is_wrong_is_said_and_the_exit_code_says_which_kind(daemon: House, tmp_path: Path) -> None:
    """1 refused, 2 usage; each message names the thing and what to do."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    typed(daemon, f"jobs create --name twin --working-directory {tmp_path}")
    typed(daemon, f"jobs create --name twin --working-directory {tmp_path}")
    for line, code, words in (
        ("jobs create --name x --working-directory /no/such/place", 1, "/no/such/place"),
        (f"jobs create --name x --working-directory {tmp_path} --use-worktree", 1, "git repository"),
        ("jobs create --name x", 2, "--working-directory"),
        ("jobs get nobody", 1, "ccsched jobs list"),
        ("jobs get twin", 1, "2 jobs answer"),
        ("jobs get abc", 1, "4 characters"),
        ("jobs run j", 1, "ccsched tasks create"),
        ("jobs delete j", 1, "--force"),
        ("tasks create --name t --prompt x", 2, "--job"),
        ("tasks create --job nobody --name t --prompt x", 1, "no job has"),
        ("tasks create --job j --name t --prompt ''", 1, "empty"),
        ("tasks create --job j --name t --prompt x --cron '61 * * * *'", 1, "61"),
        ("tasks create --job j --name t --prompt x --cron '0 0 31 6 *'", 1, "never"),
        ("tasks create --job j --name t --prompt x --cron '0 2 * * *' --timezone Mars/Base", 1, "Mars/Base"),
        ("tasks create --job j --name t --prompt x --profile nobody", 1, "no profile has"),
        ("tasks create --job j --name t --prompt x --prompt-file y", 2, "--prompt"),
        ("tasks create --job j --name t --prompt x --schedule sometimes", 2, "sequential"),
        ("runs get 00000000", 1, "no run has"),
        ("runs list --status done", 2, "success"),
        ("jobs lst", 2, "list"),
        ("--output xml jobs list", 2, "table"),
    ):
        assert words in refused(daemon, line, code), line
    assert len(typed(daemon, "jobs list")["jobs"]) == 3
    assert typed(daemon, "tasks list") == {"tasks": []}


def test_without_a_daemon_it_says_how_to_start_one(tmp_path: Path) -> None:
    """Exit code 3, for each command alike; help needs no daemon."""
    made = House(tmp_path / "home")
    for line in ("health", "jobs list", "runs logs -f abcd"):
        assert "daemon start" in refused(made, line, 3)
    assert made.ccsched("jobs", "create", "--help").returncode == 0


def test_a_socket_that_a_killed_daemon_left_is_no_daemon(daemon: House) -> None:
    """Exit code 3; the next daemon takes its place."""
    daemon.kill()
    assert "daemon start" in refused(daemon, "health", 3)
    daemon.start()
    assert typed(daemon, "health")["status"] == "ok"


def test_a_home_too_deep_for_a_socket_works_all_the_same(tmp_path: Path) -> None:
    """The socket is in the runtime directory then, and the client finds it there."""
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        deep = tmp_path / ("deep" * 30)
        deep.mkdir()
        with house(deep) as made:
            made.environment["XDG_RUNTIME_DIR"] = short
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("XDG_RUNTIME_DIR", short)
                made.start()
                assert typed(made, "health")["home"] == str(made.home.path)
                assert made.home.socket().parent == Path(short) / "ccsched"
                assert made.end() == 0


def test_no_place_for_a_socket_is_said(tmp_path: Path) -> None:
    """Both by the daemon, that cannot start, and by the client, that cannot reach it."""
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    made = House(deep / "home", {"XDG_RUNTIME_DIR": str(deep)})
    assert made.spawn().wait(PATIENCE) == os.EX_CONFIG
    assert "longer than" in made.log.read_text()
    assert "longer than" in refused(made, "health", 3)


def test_the_long_name_is_the_same_program(daemon: House, tmp_path: Path) -> None:
    """`claude-code-scheduler cli ARGS` is `ccsched ARGS`."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    done = subprocess.run(
        [BIN / "claude-code-scheduler", "cli", "jobs", "list"],
        env=daemon.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == typed(daemon, "jobs list")


def test_a_prompt_of_five_megabytes_comes_from_a_file(daemon: House, tmp_path: Path) -> None:
    """A command line could not hold it; the run gets all of it."""
    prompt = tmp_path / "prompt.md"
    prompt.write_text("write big.txt: " + "x" * 5_000_000)
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    typed(daemon, f"tasks create --job j --name big --prompt-file {prompt}")
    assert typed(daemon, "tasks run big --wait")["status"] == "success"
    assert (tmp_path / "big.txt").stat().st_size >= 5_000_000


def test_a_job_is_changed_from_the_command_line(daemon: House, tmp_path: Path) -> None:
    """What is named changes, what is not stays."""
    repo = repository(tmp_path / "repo")
    job = typed(daemon, f"jobs create --name old --description d --working-directory {repo} --zai")
    assert job["profile"] == ZAI
    changed = typed(daemon, "jobs update old --name new --use-worktree --worktree-name night --bedrock")
    place = {**job["working_directory"], "use_git_worktree": True, "worktree_name": "night"}
    expected = {**job, "name": "new", "profile": BEDROCK, "working_directory": place}
    assert changed == {**expected, "updated_at": changed["updated_at"]}
    back = typed(daemon, f"jobs update new --no-worktree --no-profile --working-directory {tmp_path}")
    place = {**place, "use_git_worktree": False, "path": str(tmp_path)}
    assert back == {**expected, "profile": None, "working_directory": place, "updated_at": back["updated_at"]}
    assert typed(daemon, "jobs get new") == back
    assert "no profile has" in refused(daemon, "jobs update new --profile nobody", 1)
    assert "/no/such/place" in refused(daemon, "jobs update new --working-directory /no/such/place", 1)
    assert "ccsched jobs update --help" in refused(daemon, "jobs update new", 2)
    assert typed(daemon, "jobs get new") == back


def test_the_shortcuts_name_profiles_that_are_there_from_the_start(daemon: House) -> None:
    """Those of the documents, by their ids."""
    assert {each["id"]: each["name"] for each in daemon.call("profiles.list")["profiles"]} == {
        ZAI: "ZAI",
        BEDROCK: "AWS Bedrock",
    }


def test_a_task_is_changed_from_the_command_line(daemon: House, tmp_path: Path) -> None:
    """Every option of an update, and what it leaves alone."""
    for name in ("j", "other"):
        typed(daemon, f"jobs create --name {name} --working-directory {tmp_path}")
    task = typed(daemon, "tasks create --job j --name t --prompt p --cron '0 2 * * *' --timezone Asia/Tokyo")
    updates: list[tuple[str, dict[str, Any]]] = [
        ("--name u", {"name": "u"}),
        ("--cron '0 3 * * *'", {"schedule": {"cron_expression": "0 3 * * *"}}),
        ("--timezone Europe/Berlin", {"schedule": {"timezone": "Europe/Berlin"}}),
        ("--no-timezone", {"schedule": {"timezone": None}}),
        ("--command /review --command-type slash_command", {"command": "/review", "command_type": "slash_command"}),
        ("--prompt 'do it'", {"command": "do it", "command_type": "prompt"}),
        ("--zai", {"profile": ZAI}),
        ("--no-profile", {"profile": None}),
        ("--model opus", {"model": "opus"}),
        *((f"--permissions {each}", {"permissions": each}) for each in ("acceptEdits", "plan", "dontAsk", "auto")),
        ("--session-mode resume", {"session_mode": "resume"}),
        ("--allowed-tool Read --allowed-tool Edit", {"allowed_tools": ["Read", "Edit"]}),
        ("--no-allowed-tools --disallowed-tool Bash", {"allowed_tools": [], "disallowed_tools": ["Bash"]}),
        ("--no-disallowed-tools", {"disallowed_tools": []}),
        ("--no-commit-on-success", {"commit_on_success": False}),
        ("--time-limit 90m", {"time_limit": 5400}),
        ("--no-time-limit", {"time_limit": None}),
        ("--max-retries 3", {"retry": {"max_retries": 3}}),
        ("--retry-delay 5m", {"retry": {"retry_delay": 300}}),
        ("--max-retry-delay 2h", {"retry": {"max_retry_delay": 7200}}),
        (
            "--verify 'make test' --verify-time-limit 5m --max-fix-rounds 1",
            {"verify": {"command": "make test", "time_limit": 300, "max_fix_rounds": 1}},
        ),
        ("--no-verify", {"verify": {"command": None}}),
        (
            "--max-turns 40 --max-budget-usd 2.5 --max-limit-wait 6h --stall-after 10m --run-retention-count 5",
            {
                "max_turns": 40,
                "max_budget_usd": 2.5,
                "max_limit_wait": 21600,
                "stall_after": 600,
                "run_retention_count": 5,
            },
        ),
        (
            "--no-max-turns --no-max-budget-usd --no-max-limit-wait --no-stall-after --no-run-retention-count",
            dict.fromkeys(["max_turns", "max_budget_usd", "max_limit_wait", "stall_after", "run_retention_count"]),
        ),
        ("--no-wait-for-limit --stop-when-stalled", {"wait_for_limit": False, "stop_when_stalled": True}),
        ("--notify-on-success", {"notifications": {"on_success": True}}),
        ("--notify-on-failure --no-notify-on-success", {"notifications": {"on_success": False, "on_failure": True}}),
        ("--missed skip", {"missed": "skip"}),
        ("--missed run_once --missed-within 6h", {"missed": "run_once", "missed_within": 21600}),
        *((f"--overlap {each}", {"overlap": each}) for each in ("skip", "queue", "replace")),
        ("--no-overlap", {"overlap": None}),
        ("--jitter 10m", {"jitter": 600}),
        ("--jitter 0", {"jitter": 0}),
        (
            "--running-hours 9:00-17:30 --timezone Asia/Tokyo",
            {
                "running_hours": "09:00-17:30",
                "schedule": {"timezone": "Asia/Tokyo"},
            },
        ),
        (
            "--running-hours 22:00-06:00 --no-timezone",
            {"running_hours": "22:00-06:00", "schedule": {"timezone": None}},
        ),
        ("--no-running-hours", {"running_hours": None}),
        ("--disabled", {"enabled": False}),
    ]
    for options, changes in updates:
        changed = typed(daemon, f"tasks update {task['id'][:8]} {options}")
        for field, value in changes.items():
            task[field] = {**task[field], **value} if isinstance(value, dict) else value
        assert changed == {**task, "updated_at": changed["updated_at"]}, options
        task = changed
    assert typed(daemon, f"tasks update {task['id']} --job other")["job_id"] == typed(daemon, "jobs get other")["id"]
    assert typed(daemon, "jobs tasks j") == []
    interval = typed(daemon, "tasks update u --every 2h --enabled")["schedule"]
    assert (interval["type"], interval["interval_value"], interval["cron_expression"]) == ("interval", 2, None)
    assert [each["schedule"] for each in typed(daemon, "scheduler")["scheduled"]] == ["every 2 hours"]
    assert "never" in refused(daemon, "tasks update u --cron '0 0 31 6 *'", 1)
    assert "--max-fix-rounds: must be at most 20" in refused(daemon, "tasks update u --max-fix-rounds 21", 2)
    assert "--max-retries: must be at most 100" in refused(daemon, "tasks update u --max-retries 101", 2)
    assert "--missed-within: must be at least 1m" in refused(daemon, "tasks update u --missed-within 59", 2)
    assert "--jitter: must be at most 1d, not 2d" in refused(daemon, "tasks update u --jitter 2d", 2)
    assert "watch_recursive belongs to" in refused(daemon, "tasks update u --no-watch-recursive", 1)


def test_a_task_is_created_with_what_becomes_of_its_due_times(daemon: House, tmp_path: Path) -> None:
    """As it was said; what was not said is as the documents have it."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path} --overlap queue")
    new = "tasks create --job j --name t --prompt p"
    task = typed(
        daemon,
        f"{new} --every 2h --running-hours 22:00-06:00 --timezone Asia/Tokyo --jitter 5m --missed skip "
        "--overlap replace",
    )
    assert (task["schedule"]["interval_value"], task["schedule"]["timezone"]) == (2, "Asia/Tokyo")
    said = {"running_hours": "22:00-06:00", "jitter": 300, "missed": "skip", "overlap": "replace"}
    assert {name: task[name] for name in said} == said
    task = typed(daemon, f"{new} --every 1d --missed-within 2h")
    said = {"running_hours": None, "jitter": 0, "missed": "run_once", "missed_within": 7200, "overlap": None}
    assert {name: task[name] for name in said} == said
    assert typed(daemon, new)["missed_within"] == 86400
    assert typed(daemon, "jobs get j")["overlap"] == "queue"


def test_a_task_watches_as_it_was_told_to(daemon: House, tmp_path: Path) -> None:
    """How far below and how patiently; `tasks why` says that it watches."""
    (tmp_path / "inbox" / "below").mkdir(parents=True)
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    task = typed(
        daemon,
        f"tasks create --job j --name t --prompt 'say x' --watch-path {tmp_path}/inbox --watch-pattern '*.txt' "
        "--no-watch-recursive --watch-debounce 0.2 --watch-max-wait 5",
    )
    said = {"watch_recursive": False, "watch_debounce": 0.2, "watch_max_wait": 5.0}
    assert {name: task["schedule"][name] for name in said} == said
    changed = typed(daemon, "tasks update t --watch-recursive --watch-debounce 0")["schedule"]
    assert changed == {**task["schedule"], "watch_recursive": True, "watch_debounce": 0.0}
    assert "not with a schedule that is manual" in refused(
        daemon, "tasks update t --schedule manual --watch-recursive", 2
    )
    assert typed(daemon, "tasks why t")["reason"] == "watching"


def test_a_job_says_what_becomes_of_overlaps_unless_its_task_does(daemon: House, tmp_path: Path) -> None:
    """Runs asked for by hand wait their turn, are refused, or take the place of the one before them."""
    assert typed(daemon, f"jobs create --name j --working-directory {tmp_path}")["overlap"] == "skip"
    typed(daemon, "tasks create --job j --name t --prompt 'wait 60'")
    first = typed(daemon, "tasks run t")
    until(daemon.claim(first).exists, "the agent is started")
    assert "has a run that is running" in refused(daemon, "tasks run t", 1)
    assert typed(daemon, "jobs update j --overlap queue")["overlap"] == "queue"
    queued = typed(daemon, "tasks run t")
    assert queued["status"] == "upcoming"
    assert typed(daemon, "tasks update t --overlap replace")["overlap"] == "replace"
    third = typed(daemon, "tasks run t")
    assert {daemon.ended(run)["status"] for run in (first, queued)} == {"cancelled"}
    until(daemon.claim(third).exists, "the agent is started anew")
    typed(daemon, "jobs stop j")


def test_it_is_said_why_a_task_is_not_running(daemon: House, tmp_path: Path) -> None:
    """In one line for a person, with a word and an id for a program."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    task = typed(daemon, "tasks create --job j --name t --prompt 'wait 60'")
    reference = task["id"][:8]

    def told() -> str:
        return daemon.ccsched("tasks", "why", "t", "--output", "table").stdout

    assert told() == f"t: it runs only when it is asked to: ccsched tasks run {reference}\n"
    typed(daemon, "tasks disable t")
    assert told() == f"t: it is disabled; enable it with: ccsched tasks enable {reference}\n"
    typed(daemon, "tasks update t --enabled --cron '0 2 1 1 *'")
    assert re.fullmatch(r"t: it is next due at \d{4}-01-01 02:00:00 [A-Z]+\n", told())
    assert "no task has" in refused(daemon, "tasks why nobody", 1)
    run = typed(daemon, "tasks run t")
    until(daemon.claim(run).exists, "the agent is started")
    why = typed(daemon, "tasks why t")
    assert (why["task_id"], why["reason"], why["run_id"]) == (task["id"], "running", run["id"])
    typed(daemon, f"runs stop {run['id']}")


def test_a_task_waits_for_its_running_hours(daemon: House, tmp_path: Path) -> None:
    """By the clocks of its own zone; `tasks why` says when they begin."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    tokyo = datetime.now(ZoneInfo("Asia/Tokyo"))
    begin, end = ((tokyo + timedelta(hours=hours)).strftime("%H:00") for hours in (3, 5))
    typed(
        daemon,
        f"tasks create --job j --name t --prompt 'say x' --cron '* * * * * *' --timezone Asia/Tokyo "
        f"--running-hours {begin}-{end}",
    )
    until(lambda: bool(daemon.runs()), "it is due")
    [run] = daemon.runs()
    assert run["status"] == "upcoming"
    why = typed(daemon, "tasks why t")
    assert (why["reason"], datetime.fromisoformat(why["until"]).astimezone(tokyo.tzinfo).strftime("%H:%M")) == (
        "hours",
        begin,
    )
    typed(daemon, "tasks update t --no-running-hours")
    assert daemon.ended(run)["status"] == "success"
    typed(daemon, "tasks disable t")
    daemon.all_ended()


def test_the_due_times_of_a_task_are_told_with_what_became_of_them(daemon: House, tmp_path: Path) -> None:
    """Each with its run, or why there is none; the newest first, as many as are asked for."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    task = typed(daemon, "tasks create --job j --name t --prompt 'wait 60' --disabled --cron '* * * * * *'")
    empty = {"task_id": task["id"], "task_name": "t", "due_times": []}
    assert typed(daemon, "scheduler --history t") == empty
    assert "No due time of t" in daemon.ccsched("scheduler", "--history", "t", "--output", "table").stdout
    typed(daemon, "tasks enable t")

    def skipped() -> list[Any]:
        due_times = daemon.call("scheduler.history", task="t")["due_times"]
        return [each for each in due_times if each["reason"] == "overlap" and each["until"]]

    until(lambda: bool(skipped()), "it was due again and again")
    typed(daemon, "tasks disable t")
    [run] = daemon.runs()
    until(daemon.claim(run).exists, "the agent is started")
    told = typed(daemon, "scheduler --history t")["due_times"]
    [met] = [each for each in told if each["run_id"]]
    assert met == {**dict.fromkeys(met), "due": run["scheduled_time"], "run_id": run["id"], "status": "running"}
    assert [each["due"] for each in told] == sorted((each["due"] for each in told), reverse=True)
    assert all(each["reason"] for each in told if each is not met)
    assert typed(daemon, f"scheduler --history {task['id']} -n 1")["due_times"] == told[:1]
    shown = daemon.ccsched("scheduler", "--history", "t", "--output", "table").stdout
    assert re.match(r"DUE \([A-Z]+\) +RUN +STATUS/REASON +DETAIL\n", shown)
    assert re.search(r"\n[-0-9]+ [:0-9]+ … .* overlap +run [0-9a-f]{8} was still", shown)
    assert re.search(rf"\n[-0-9]+ [:0-9]+ +{run['id'][:8]} +running(\n|$)", shown)
    assert "no task has" in refused(daemon, "scheduler --history nobody", 1)
    assert "-n goes with --history" in refused(daemon, "scheduler -n 3", 2)
    typed(daemon, "jobs stop j")


def test_the_tasks_of_a_job_are_put_in_order(daemon: House, tmp_path: Path) -> None:
    """Each of them once, by id or name; the job then runs them so."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    ids = [typed(daemon, f"tasks create --job j --name {name} --prompt 'say x'")["id"] for name in "abc"]
    assert typed(daemon, f"jobs set-order j c {ids[0]} {ids[1][:8]}")["task_order"] == [ids[2], ids[0], ids[1]]
    assert [run["task_name"] for run in typed(daemon, "jobs run j --wait")["runs"]] == ["c", "a", "b"]
    assert "'c'" in refused(daemon, "jobs set-order j a b", 1)
    assert "twice" in refused(daemon, "jobs set-order j a b c a", 1)


def test_a_sequence_is_restarted_where_it_failed(daemon: House, tmp_path: Path) -> None:
    """The run and those after it, not those before; the old records stay until they are deleted."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    for name, prompt in (("first", "say x"), ("second", "fail it broke"), ("third", "say y")):
        typed(daemon, f"tasks create --job j --name {name} --prompt '{prompt}'")
    assert daemon.ccsched("jobs", "run", "j", "--wait").returncode == 1
    third, second, first = typed(daemon, "runs list")["runs"]
    assert [run["status"] for run in (first, second, third)] == ["success", "failed", "cancelled"]
    typed(daemon, "tasks update second --prompt 'say better'")
    again = typed(daemon, f"runs restart {second['id'][:8]} --wait")["runs"]
    assert [(run["task_name"], run["status"]) for run in again] == [("second", "success"), ("third", "success")]
    assert [run["restarted_from"] for run in again] == [second["id"], third["id"]]
    assert len(typed(daemon, "runs list")["runs"]) == 5
    log = Path(second["log_path"])
    assert log.exists()
    assert "--force" in refused(daemon, f"runs delete {second['id']}", 1)
    assert typed(daemon, f"runs delete {second['id']} -f") == {"run_id": second["id"]}
    assert not log.exists()
    assert "no run has" in refused(daemon, f"runs get {second['id']}", 1)
    assert len(typed(daemon, "runs list")["runs"]) == 4


def test_a_live_run_that_is_deleted_is_stopped_first(daemon: House, tmp_path: Path) -> None:
    """Nothing of it goes on."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    typed(daemon, "tasks create --job j --name long --prompt 'wait 60'")
    run = typed(daemon, "tasks run long")
    until(daemon.claim(run).exists, "the agent is started")
    typed(daemon, f"runs delete {run['id']} --force")
    assert typed(daemon, "runs list") == {"runs": []}
    assert typed(daemon, "health")["live_runs"] == 0


def test_what_is_seen_at_a_glance_says_limits_and_versions(daemon: House, tmp_path: Path) -> None:
    """In the document, and in the table with the time until what comes next."""
    typed(daemon, f"jobs create --name j --working-directory {tmp_path}")
    typed(daemon, "tasks create --job j --name t --prompt x --every 2h")
    state = typed(daemon, "state")
    assert state["limits"] == {"max_concurrent_runs": 3, "time_limit": 14400, "stop_grace": 1.0}
    assert set(state["versions"]) == {"ccsched", "python", "sqlite", "record", "agent"}
    shown = daemon.ccsched("state", "--output", "table").stdout
    assert f"Python {state['versions']['python']}" in shown
    assert "4h a run" in shown
    assert "in 1h 59m" in shown or "in 2h 0m" in shown


def test_five_hundred_jobs_are_listed_at_once(daemon: House, tmp_path: Path) -> None:
    """In either form, in about the time that one takes."""
    with daemon.connect() as connection, connection.makefile("rwb") as file:
        for number in range(500):
            params = {"name": f"job {number}", "working_directory": {"path": str(tmp_path)}}
            request = {"jsonrpc": "2.0", "id": number, "method": "jobs.create", "params": params}
            file.write(json.dumps(request).encode() + b"\n")
            file.flush()
            assert "result" in json.loads(file.readline())
    begun = time.monotonic()
    assert len(typed(daemon, "jobs list")["jobs"]) == 500
    assert len(daemon.ccsched("jobs", "list", "--output", "table").stdout.splitlines()) == 501
    assert time.monotonic() - begun < 5


def test_a_job_goes_to_another_machine_as_a_file(daemon: House, tmp_path: Path) -> None:
    """Exported with its tasks, imported with new ids, to work in another directory."""
    (tmp_path / "there").mkdir()
    repo = repository(tmp_path / "repo")
    job = typed(daemon, f"jobs create --name j --working-directory {repo} --use-worktree --worktree-name w --zai")
    typed(daemon, "tasks create --job j --name a --prompt x --cron '0 2 * * *' --timezone Asia/Tokyo")
    typed(daemon, "tasks create --job j --name b --prompt y --schedule sequential")
    typed(daemon, "jobs set-order j b a")
    tasks = typed(daemon, "jobs tasks j")
    file = tmp_path / "j.json"
    assert typed(daemon, f"jobs export j -o {file}") == {"file": str(file), "jobs": 1, "tasks": 2}
    document = json.loads(file.read_bytes())
    assert document["tasks"] == tasks
    assert {**typed(daemon, "jobs export --all"), "exported_at": document["exported_at"]} == document
    dry = typed(daemon, f"jobs import {file} --dry-run")
    assert (dry["dry_run"], len(dry["jobs"]), len(dry["tasks"])) == (True, 1, 2)
    assert len(typed(daemon, "jobs list")["jobs"]) == 1
    made = typed(daemon, f"jobs import {file}")
    [copy] = made["jobs"]
    assert copy["id"] != job["id"]
    assert (copy["name"], copy["profile"]) == ("j", ZAI)
    copies = typed(daemon, f"jobs tasks {copy['id']}")
    assert [task["name"] for task in copies] == ["b", "a"]
    assert copies[1]["schedule"] == tasks[1]["schedule"]
    assert not {task["id"] for task in copies} & {task["id"] for task in tasks}
    elsewhere = f"jobs import - --working-directory {tmp_path / 'there'}"
    document["jobs"][0]["working_directory"]["use_git_worktree"] = False
    [moved] = typed(daemon, elsewhere, json.dumps(document))["jobs"]
    assert moved["working_directory"]["path"] == str(tmp_path / "there")
    file.write_text(file.read_text()[:-50])
    assert f"{file}, line" in refused(daemon, f"jobs import {file}", 1)
    assert len(typed(daemon, "jobs list")["jobs"]) == 3


def test_the_earlier_application_is_taken_over(daemon: House, tmp_path: Path) -> None:
    """A dry run tells the same and does nothing; a second run finds that all is here."""
    old = tmp_path / "old"
    old.mkdir()
    job = {
        "id": "11111111-0000-4000-8000-000000000001",
        "name": "garden",
        "working_directory": {"path": str(tmp_path), "use_git_worktree": False},
        "created_at": "2030-12-01T10:00:00",
        "updated_at": "2030-12-01T10:00:00",
    }
    task = {
        "id": "22222222-0000-4000-8000-000000000001",
        "job_id": job["id"],
        "name": "weed",
        "model": "opus",
        "schedule": {"schedule_type": "manual"},
        "prompt_type": "prompt",
        "prompt": "say it is done",
        "permissions": "bypass",
        "created_at": "2030-12-01T10:00:00",
        "updated_at": "2030-12-01T10:00:00",
    }
    (old / "jobs.json").write_text(json.dumps([job]))
    (old / "tasks.json").write_text(json.dumps([task]))
    dry = typed(daemon, f"migrate {old} --dry-run")
    assert (dry["dry_run"], dry["created"]) == (True, {"jobs": 1, "tasks": 1, "runs": 0, "profiles": 0})
    assert typed(daemon, "jobs list") == {"jobs": []}
    taken = daemon.ccsched("migrate", old, "--output", "table").stdout
    assert 'taken     task "weed" (tasks.json, line 1): in job "garden"' in taken
    assert taken.endswith("Took over 1 job, 1 task, 0 runs and 0 profiles.\n")
    assert typed(daemon, "tasks run weed --wait")["status"] == "success"
    again = typed(daemon, f"migrate {old}")
    assert again["created"] == {"jobs": 0, "tasks": 0, "runs": 0, "profiles": 0}
    assert "/no/such/place" in refused(daemon, "migrate /no/such/place", 1)
    (old / "tasks.json").write_text('[\n{"id": 1')
    assert "tasks.json, line 2" in refused(daemon, f"migrate {old}", 1)
