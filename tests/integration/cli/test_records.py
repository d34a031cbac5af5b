"""What ``get`` shows a person: every field of a record that is set."""

import re
from collections.abc import Callable
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from scheduler_daemon.model.job import Job
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from tests.integration.cli import objects
from tests.integration.cli.conftest import Completed
from tests.integration.cli.fake_daemon import Failure, FakeDaemon, Message

Ccsched = Callable[..., Completed]
Terminal = Callable[..., tuple[int, str]]
Shown = tuple[Message, str]
"""What is set in a record, and the line that shows it, without the spaces between name and value."""

ID, OTHER = objects.identifier(0xABCD), objects.identifier(0xABCE)

JOB_FIELDS: dict[str, Shown] = {
    "id": ({"id": ID}, f"id {ID}"),
    "name": ({"name": "größer"}, "name größer"),
    "description": ({"description": "what for"}, "description what for"),
    "status": ({"status": "in_progress"}, "status in_progress"),
    "profile": ({"profile": ID}, f"profile ZAI  {ID}"),
    "working_directory.path": ({"working_directory": {"path": "/p"}}, "directory /p"),
    "working_directory.use_git_worktree": (
        {"working_directory": {"use_git_worktree": True}},
        "worktree on branch named after the job, from main",
    ),
    "working_directory.worktree_name": (
        {"working_directory": {"worktree_name": "w"}},
        "worktree not used; if it were, on branch w, from main",
    ),
    "working_directory.worktree_branch": (
        {"working_directory": {"use_git_worktree": True, "worktree_branch": "b"}},
        "worktree on branch named after the job, from b",
    ),
    "task_order": ({"task_order": [objects.identifier(0x10)]}, "tasks 00000010  add-tests"),
    "overlap": ({"overlap": "queue"}, "overlap queue"),
    "max_usd_per_day": ({"max_usd_per_day": 20.0}, "spending limit $20.00 in any 24 hours"),
    "created_at": ({"created_at": "2026-01-02T03:04:05.000000Z"}, "created 2026-01-02 03:04:05 UTC"),
    "updated_at": ({"updated_at": "2026-01-02T03:04:05.000000Z"}, "changed 2026-01-02 03:04:05 UTC"),
}

INTERVAL = {"type": "interval", "interval_value": 17, "interval_type": "hours"}
WATCH = {"type": "file_watch", "watch_path": "/p"}
RETRY = {"max_retries": 3, "retry_delay": 60, "max_retry_delay": 3600}
VERIFY = {"command": "make test", "time_limit": 900, "max_fix_rounds": 2}
TASK_FIELDS: dict[str, Shown] = {
    "id": ({"id": ID}, f"id {ID}"),
    "job_id": ({"job_id": ID}, f"job feature-auth  {ID}"),
    "name": ({"name": "größer"}, "name größer"),
    "enabled": ({"enabled": False}, "enabled no"),
    "model": ({"model": "opus"}, "model opus"),
    "profile": ({"profile": ID}, f"profile ZAI  {ID}"),
    "schedule.type": ({"schedule": {"type": "sequential"}}, "schedule sequential"),
    "schedule.interval_value": ({"schedule": INTERVAL}, "schedule interval: every 17 hours"),
    "schedule.interval_type": ({"schedule": INTERVAL}, "schedule interval: every 17 hours"),
    "schedule.cron_expression": (
        {"schedule": {"type": "calendar", "cron_expression": "0 2 * * *"}},
        "schedule calendar: 0 2 * * *",
    ),
    "schedule.watch_path": ({"schedule": WATCH}, "schedule file_watch: when /p changes"),
    "schedule.watch_patterns": ({"schedule": {**WATCH, "watch_patterns": ["*.py", "!x"]}}, "watch patterns *.py\n!x"),
    "schedule.watch_recursive": ({"schedule": {**WATCH, "watch_recursive": False}}, "watch below no"),
    "schedule.watch_debounce": ({"schedule": {**WATCH, "watch_debounce": 1.5}}, "watch debounce 1.5s"),
    "schedule.watch_max_wait": ({"schedule": {**WATCH, "watch_max_wait": 90.0}}, "watch max wait 1m 30s"),
    "schedule.timezone": ({"schedule": {"timezone": "Asia/Tokyo"}}, "time zone Asia/Tokyo"),
    "command_type": ({"command_type": "slash_command"}, "slash command Add unit tests"),
    "command": ({"command": "Do\nthis"}, "prompt Do\nthis"),
    "permissions": ({"permissions": "acceptEdits"}, "permissions acceptEdits"),
    "session_mode": ({"session_mode": "resume"}, "session mode resume"),
    "allowed_tools": ({"allowed_tools": ["Read", "Edit"]}, "allowed tools Read, Edit"),
    "disallowed_tools": ({"disallowed_tools": ["Write"]}, "disallowed tools Write"),
    "retry.max_retries": ({"retry": {**RETRY, "max_retries": 1}}, "retries 1, after 1m"),
    "retry.retry_delay": (
        {"retry": {**RETRY, "retry_delay": 90}},
        "retries 3, the first after 1m30s, each further one after twice as long, 1h at most",
    ),
    "retry.max_retry_delay": (
        {"retry": {**RETRY, "max_retry_delay": 600}},
        "retries 3, the first after 1m, each further one after twice as long, 10m at most",
    ),
    "notifications.on_success": (
        {"notifications": {"on_success": True, "on_failure": False}},
        "notifies on success",
    ),
    "notifications.on_failure": (
        {"notifications": {"on_success": True, "on_failure": True}},
        "notifies on success and failure",
    ),
    "created_at": ({"created_at": "2026-01-02T03:04:05.000000Z"}, "created 2026-01-02 03:04:05 UTC"),
    "updated_at": ({"updated_at": "2026-01-02T03:04:05.000000Z"}, "changed 2026-01-02 03:04:05 UTC"),
    "last_run_status": ({"last_run_status": "failed"}, "last run failed"),
    "commit_on_success": ({"commit_on_success": False}, "commits no"),
    "time_limit": ({"time_limit": 3661}, "time limit 1h1m1s"),
    "max_turns": ({"max_turns": 40}, "most turns 40"),
    "max_budget_usd": ({"max_budget_usd": 0.005}, "budget $0.005"),
    "verify.command": ({"verify": VERIFY}, "verify make test\nwithin 15m, 2 rounds to mend what it finds"),
    "verify.time_limit": (
        {"verify": {**VERIFY, "time_limit": 90}},
        "verify make test\nwithin 1m30s, 2 rounds to mend what it finds",
    ),
    "verify.max_fix_rounds": (
        {"verify": {**VERIFY, "max_fix_rounds": 1}},
        "verify make test\nwithin 15m, 1 round to mend what it finds",
    ),
    "wait_for_limit": ({"wait_for_limit": False}, "usage limits a run that meets one is not gone on with"),
    "max_limit_wait": ({"max_limit_wait": 21600}, "usage limits waits for their resets for 6h, all in all"),
    "stall_after": ({"stall_after": 600}, "stalled told after 10m without a word"),
    "stop_when_stalled": (
        {"stop_when_stalled": True},
        "stalled ended after the setting stall_after without a word",
    ),
    "run_retention_count": ({"run_retention_count": 20}, "keeps 20 runs"),
    "missed": ({"missed": "skip", "schedule": INTERVAL}, "missed skip"),
    "missed_within": ({"missed_within": 7200, "schedule": INTERVAL}, "missed run_once, within 2h"),
    "overlap": ({"overlap": "replace"}, "overlap replace"),
    "jitter": ({"jitter": 300}, "jitter 5m"),
    "running_hours": ({"running_hours": "22:00-06:00"}, "running hours 22:00-06:00"),
}

PASSED = {"passed": True, "exit_code": 0, "timed_out": False, "duration": 4.0, "output": ""}
FAILED = {"passed": False, "exit_code": 2, "timed_out": False, "duration": 90.0, "output": "1\n2\n3\n4\n"}
FAILED_LINE = "failed with exit status 2 (1m 30s)"
RUN_FIELDS: dict[str, Shown] = {
    "id": ({"id": ID}, f"id {ID}"),
    "task_id": ({"task_id": ID}, f"task add-tests  {ID}"),
    "task_name": ({"task_name": "größer"}, f"task größer  {objects.identifier(0x10)}"),
    "status": ({"status": "failed"}, "status failed"),
    "scheduled_time": ({"scheduled_time": "2026-01-02T03:04:05.000000Z"}, "scheduled 2026-01-02 03:04:05 UTC"),
    "start_time": ({"start_time": "2026-01-02T03:04:05.000000Z"}, "start 2026-01-02 03:04:05 UTC"),
    "end_time": ({"end_time": "2026-01-02T03:04:05.000000Z"}, "end 2026-01-02 03:04:05 UTC"),
    "duration": ({"duration": 4.2}, "duration 4.2s"),
    "session_id": ({"session_id": ID}, f"session {ID}"),
    "output": ({"output": "It is\ndone"}, "result It is\ndone"),
    "errors": ({"errors": ["one", "two"]}, "errors one\ntwo"),
    "exit_code": ({"exit_code": -9}, "exit code -9"),
    "job_id": ({"job_id": ID}, f"job feature-auth  {ID}"),
    "job_name": ({"job_name": "größer"}, f"job größer  {objects.identifier(1)}"),
    "trigger": ({"trigger": "restart"}, "started by runs restart"),
    "sequence_id": ({"sequence_id": ID}, f"sequence {ID}, place 1"),
    "sequence_position": ({"sequence_id": ID, "sequence_position": 2}, f"sequence {ID}, place 3"),
    "restarted_from": ({"restarted_from": OTHER}, f"restarted from {OTHER}"),
    "continues": ({"continues": OTHER}, f"continues {OTHER}"),
    "continued_by": ({"continued_by": OTHER}, f"continued by {OTHER}"),
    "attempt": ({"attempt": 2, "continues": OTHER}, "attempt 2nd try of run 0000abce"),
    "first_run": ({"first_run": OTHER}, f"first run {OTHER}"),
    "first_trigger": ({"first_run": OTHER, "first_trigger": "job"}, f"first run {OTHER}, started by jobs run"),
    "first_scheduled": (
        {"first_scheduled": "2026-01-02T03:04:05.000000Z"},
        "first scheduled 2026-01-02 03:04:05 UTC",
    ),
    "limit_waited": ({"limit_waited": 7500.0}, "limits waited 2h 5m"),
    "resumes": ({"resumes": OTHER}, f"resumes the session of run {OTHER}"),
    "outcome": ({"outcome": "no_change"}, "outcome no_change"),
    "created_at": ({"created_at": "2026-01-02T03:04:05.000000Z"}, "created 2026-01-02 03:04:05 UTC"),
    "working_directory": ({"working_directory": "/p"}, "directory /p"),
    "num_turns": ({"num_turns": 7}, "turns 7"),
    "cost_usd": ({"cost_usd": 0.5}, "cost $0.5000"),
    "model": ({"model": "opus"}, "model opus"),
    "commit": ({"commit": "c" * 40}, f"commit {'c' * 40}"),
    "branch": ({"branch": "b"}, "branch b"),
    "uncommitted": ({"uncommitted": ["a", "b\n"]}, "not committed a\nb\\n"),
    "base_commit": ({"base_commit": "b" * 40}, f"base commit {'b' * 40}"),
    "verify_rounds.passed": ({"verify_rounds": [FAILED, PASSED]}, f"verified {FAILED_LINE}\npassed (4.0s)"),
    "verify_rounds.exit_code": (
        {"verify_rounds": [{**FAILED, "exit_code": -9}]},
        "verified ended by signal 9 (1m 30s)",
    ),
    "verify_rounds.timed_out": (
        {"verify_rounds": [{**FAILED, "exit_code": -15, "timed_out": True}]},
        "verified not done within its time (1m 30s)",
    ),
    "verify_rounds.duration": (
        {"verify_rounds": [{**FAILED, "exit_code": None, "duration": 0.1}]},
        "verified could not be started (0.1s)",
    ),
    "verify_rounds.output": ({"verify_rounds": [PASSED, FAILED]}, "verify said 2\n3\n4"),
    "leftovers": ({"leftovers": ["sleep 60", "a\n"]}, "had to be ended sleep 60\na\\n"),
    "stalled_at": ({"stalled_at": "2026-01-02T03:04:05.000000Z"}, "stalled since 2026-01-02 03:04:05 UTC"),
    "log_path": ({"log_path": "/p/l.log"}, "log /p/l.log"),
}


def leaves(model: type[BaseModel]) -> set[str]:
    """Every field of a model that holds a value, by its dotted path."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        nested = [
            each
            for each in (field.annotation, *get_args(field.annotation))
            if isinstance(each, type) and issubclass(each, BaseModel)
        ]
        found |= {f"{name}.{leaf}" for each in nested for leaf in leaves(each)} or {name}
    return found


@pytest.mark.parametrize(
    ("model", "shown"), [(Job, JOB_FIELDS), (Task, TASK_FIELDS), (Run, RUN_FIELDS)], ids=["job", "task", "run"]
)
def test_no_field_is_forgotten(model: type[BaseModel], shown: dict[str, Shown]) -> None:
    """Each field of the model has its case; of the log's end, whoever wants it asks for the log."""
    assert set(shown) == leaves(model) - {"raw_output"}


def assert_shown(output: str, line: str) -> None:
    """Name and value stand in one line, further lines of the value below it; whatever the columns are."""
    first, *more = line.splitlines()
    pattern = r"\s+".join(re.escape(word) for word in first.split())
    below = "".join(rf"\n\s+{re.escape(each)}" for each in more)
    assert re.search(rf"^{pattern}{below}$", output, re.MULTILINE), (line, output)


@pytest.mark.parametrize("field", JOB_FIELDS)
def test_a_job_shows_every_field(ccsched: Ccsched, daemon: FakeDaemon, field: str) -> None:
    """A person need not read JSON to know."""
    fields, line = JOB_FIELDS[field]
    place = {**objects.job()["working_directory"], **fields.get("working_directory", {})}
    daemon.answers["jobs.get"] = objects.job(**{**fields, "working_directory": place})
    daemon.answers["jobs.tasks"] = [objects.task()]
    daemon.answers["profiles.get"] = {"name": "ZAI"}
    assert_shown(ccsched("jobs", "get", "abcd", "--output", "table").stdout, line)


@pytest.mark.parametrize("field", TASK_FIELDS)
def test_a_task_shows_every_field(ccsched: Ccsched, daemon: FakeDaemon, field: str) -> None:
    """Each as it was set."""
    fields, line = TASK_FIELDS[field]
    daemon.answers["tasks.get"] = objects.task(**fields)
    daemon.answers["jobs.get"] = objects.job()
    daemon.answers["profiles.get"] = {"name": "ZAI"}
    assert_shown(ccsched("tasks", "get", "abcd", "--output", "table").stdout, line)


@pytest.mark.parametrize("field", RUN_FIELDS)
def test_a_run_shows_every_field(ccsched: Ccsched, daemon: FakeDaemon, field: str) -> None:
    """Each as it went."""
    fields, line = RUN_FIELDS[field]
    daemon.answers["runs.get"] = objects.run(**fields)
    assert_shown(ccsched("runs", "get", "abcd", "--output", "table").stdout, line)


def test_what_was_said_is_cut_to_the_terminal(terminal: Terminal, daemon: FakeDaemon) -> None:
    """Lines may be long; the record stays on one screen. The log's own lines are for programs and `runs logs`."""
    daemon.answers["runs.get"] = objects.run(raw_output="raw", verify_rounds=[{**FAILED, "output": "x" * 4000}])
    _, shown = terminal("runs", "get", "0000", columns=80, NO_COLOR="1")
    [line] = [line for line in shown.splitlines() if line.startswith("verify said")]
    assert "raw" not in shown
    assert line.endswith("x…")
    assert len(line) <= 80


@pytest.mark.parametrize("noun", ["job", "task"])
def test_what_is_gone_meanwhile_is_shown_by_its_id(ccsched: Ccsched, daemon: FakeDaemon, noun: str) -> None:
    """A profile or a job that was deleted keeps nobody from seeing the rest."""
    gone = Failure(-32001, "no profile has that id")
    answers: dict[str, Any] = {"job": objects.job(profile=ID), "task": objects.task(profile=ID, job_id=OTHER)}
    daemon.answers |= {"profiles.get": gone, "jobs.get": gone, f"{noun}s.get": answers[noun]}
    done = ccsched(f"{noun}s", "get", "abcd", "--output", "table")
    assert done.returncode == 0
    assert_shown(done.stdout, f"profile {ID}")
    if noun == "task":
        assert_shown(done.stdout, f"job {OTHER}")
