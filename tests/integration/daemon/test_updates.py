"""Objects that are changed over the socket: what is given changes, and nothing else."""

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from scheduler_daemon.model.limits import AccountLimits, UsageWindow
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.record import instant_text, now
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.store.store import Store
from tests.support.house import House, RpcFailed, house, repository, until


def times_apart(thing: dict[str, Any]) -> dict[str, Any]:
    """All of an object but the time of its last change."""
    return {name: value for name, value in thing.items() if name != "updated_at"}


def test_only_what_is_given_changes(daemon: House, tmp_path: Path) -> None:
    """Each field of a task on its own; the rest stays, and the time of the change moves on."""
    job = daemon.job(tmp_path)
    other = daemon.job(tmp_path, name="other")
    profile = daemon.call("profiles.create", name="work")
    task = daemon.task(job, "t", "say hello", schedule={"type": "calendar", "cron_expression": "0 2 * * *"})
    retry, verify = task["retry"], task["verify"]
    changes: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"name": "t2"}, {"name": "t2"}),
        (
            {"command": "status", "command_type": "slash_command"},
            {"command": "status", "command_type": "slash_command"},
        ),
        ({"model": "opus"}, {"model": "opus"}),
        ({"profile": "work"}, {"profile": profile["id"]}),
        ({"profile": None}, {"profile": None}),
        ({"permissions": "acceptEdits"}, {"permissions": "acceptEdits"}),
        ({"session_mode": "resume"}, {"session_mode": "resume"}),
        ({"allowed_tools": ["Read"]}, {"allowed_tools": ["Read"]}),
        ({"disallowed_tools": ["Bash"]}, {"disallowed_tools": ["Bash"]}),
        ({"enabled": False}, {"enabled": False}),
        ({"commit_on_success": False}, {"commit_on_success": False}),
        ({"time_limit": 60}, {"time_limit": 60}),
        ({"time_limit": None}, {"time_limit": None}),
        ({"retry": {"max_retries": 2}}, {"retry": {**retry, "max_retries": 2}}),
        ({"retry": {"retry_delay": 5}}, {"retry": {**retry, "max_retries": 2, "retry_delay": 5}}),
        ({"retry": {"max_retry_delay": 9}}, {"retry": {"max_retries": 2, "retry_delay": 5, "max_retry_delay": 9}}),
        ({"verify": {"command": "make"}}, {"verify": {**verify, "command": "make"}}),
        ({"verify": {"time_limit": 60}}, {"verify": {**verify, "command": "make", "time_limit": 60}}),
        (
            {"verify": {"command": None, "max_fix_rounds": 0}},
            {"verify": {**verify, "time_limit": 60, "max_fix_rounds": 0}},
        ),
        ({"max_turns": 9}, {"max_turns": 9}),
        ({"max_turns": None}, {"max_turns": None}),
        ({"max_budget_usd": 0.5}, {"max_budget_usd": 0.5}),
        ({"wait_for_limit": False}, {"wait_for_limit": False}),
        ({"max_limit_wait": 60}, {"max_limit_wait": 60}),
        ({"stall_after": 60}, {"stall_after": 60}),
        ({"stop_when_stalled": True}, {"stop_when_stalled": True}),
        ({"run_retention_count": 5}, {"run_retention_count": 5}),
        ({"notifications": {"on_failure": True}}, {"notifications": {"on_success": False, "on_failure": True}}),
        ({"job": "other"}, {"job_id": other["id"]}),
    ]
    for given, wanted in changes:
        changed = daemon.call("tasks.update", task=task["id"], changes=given)
        assert times_apart(changed) == times_apart({**task, **wanted})
        assert changed["updated_at"] > task["updated_at"]
        assert daemon.call("tasks.get", task=task["id"]) == changed
        task = changed
    assert daemon.call("jobs.get", job=job["id"])["task_order"] == []
    assert daemon.call("jobs.get", job="other")["task_order"] == [task["id"]]


def test_a_schedule_changes_by_the_field_and_begins_anew_with_its_type(daemon: House, tmp_path: Path) -> None:
    """Another expression keeps the zone; another type keeps nothing, and the due time follows."""
    task = daemon.task(
        daemon.job(tmp_path),
        "t",
        "say hello",
        schedule={"type": "calendar", "cron_expression": "0 2 * * *", "timezone": "Asia/Tokyo"},
    )

    def update(**schedule: object) -> dict[str, Any]:
        changed: dict[str, Any] = daemon.call("tasks.update", task=task["id"], changes={"schedule": schedule})
        return {name: value for name, value in changed["schedule"].items() if value not in (None, [])}

    assert update(cron_expression="0 3 * * *") == {
        "type": "calendar",
        "cron_expression": "0 3 * * *",
        "timezone": "Asia/Tokyo",
    }
    assert daemon.call("scheduler.list")["scheduled"][0]["next_due"].endswith("T18:00:00.000000Z")
    assert update(type="interval", interval_value=2, interval_type="hours") == {
        "type": "interval",
        "interval_value": 2,
        "interval_type": "hours",
    }
    before = daemon.call("scheduler.list")["scheduled"][0]["next_due"]
    daemon.call("tasks.update", task=task["id"], changes={"command": "say something else"})
    assert daemon.call("scheduler.list")["scheduled"][0]["next_due"] == before
    assert update(type="manual") == {"type": "manual"}
    assert daemon.call("scheduler.list")["scheduled"] == []


def test_running_hours_keep_their_zone(daemon: House, tmp_path: Path) -> None:
    """Another type of schedule does not move them to the machine's."""
    schedule = {"type": "calendar", "cron_expression": "0 2 * * *", "timezone": "Asia/Tokyo"}
    task = daemon.task(daemon.job(tmp_path), "t", "say hello", schedule=schedule, running_hours="22:00-06:00")
    every = {"type": "interval", "interval_value": 2, "interval_type": "hours"}
    changed = daemon.call("tasks.update", task=task["id"], changes={"schedule": every})
    assert changed["schedule"]["timezone"] == "Asia/Tokyo"


def test_what_comes_to_nothing_changes_nothing(daemon: House, tmp_path: Path) -> None:
    """The time of the last change included."""
    job = daemon.job(tmp_path)
    task = daemon.task(job, "t", "say hello")
    job = daemon.call("jobs.get", job=job["id"])
    assert daemon.call("jobs.update", job=job["id"], changes={"name": job["name"]}) == job
    assert daemon.call("tasks.update", task=task["id"], changes={}) == task


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("tasks.update", {"task": "t", "changes": {"nam": "x"}}, "changes.nam: no such field; did you mean name?"),
        ("tasks.update", {"task": "t", "changes": {"name": None}}, "changes.name: must be a text"),
        ("tasks.update", {"task": "t", "changes": {"id": "x"}}, "changes.id: no such field"),
        ("tasks.update", {"task": "t", "changes": {"permissions": "all"}}, "must be one of 'default', 'bypass', "),
        ("tasks.update", {"task": "t", "changes": {"schedule": {"type": "interval"}}}, "needs interval_value"),
        ("tasks.update", {"task": "t", "changes": {"schedule": {"timezone": "Mars/Base"}}}, "Mars/Base"),
        ("tasks.update", {"task": "t", "changes": {"schedule": {"cron_expression": "x"}}}, "cron_expression"),
        (
            "tasks.update",
            {"task": "t", "changes": {"profile": "nobody"}},
            "no profile has the id or the name 'nobody'",
        ),
        ("tasks.update", {"task": "t", "changes": {"job": "nobody"}}, "no job has the id or the name 'nobody'"),
        (
            "tasks.update",
            {"task": "t", "changes": {"retry": {"max_retries": -1}}},
            "retry.max_retries: must be at least 0",
        ),
        ("tasks.update", {"task": "u", "changes": {}}, "no task has the id or the name 'u'"),
        (
            "tasks.update",
            {"task": "t", "changes": {"running_hours": "22-6"}},
            "running_hours: must be two times of the",
        ),
        ("tasks.update", {"task": "t", "changes": {"running_hours": "10:00-10:00"}}, "begins and ends at the same"),
        ("jobs.update", {"job": "job", "changes": {"status": "completed"}}, "changes.status: no such field"),
        ("jobs.update", {"job": "job", "changes": {"working_directory": {"path": "/nowhere"}}}, "/nowhere"),
        ("jobs.update", {"job": "job", "changes": {"working_directory": {"use_git_worktree": True}}}, "git"),
        ("settings.set", {"changes": {"max_concurrent": 3}}, "did you mean max_concurrent_runs?"),
        ("settings.set", {"changes": {"max_concurrent_runs": 0}}, "max_concurrent_runs: must be at least 1"),
        ("settings.set", {"changes": {"agent_command": []}}, "agent_command: must not be empty"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    daemon: House, tmp_path: Path, method: str, params: dict[str, object], message: str
) -> None:
    """The error names the field."""
    job = daemon.job(tmp_path)
    daemon.task(job, "t", "say hello", schedule={"type": "calendar", "cron_expression": "0 2 * * *"})
    before = [daemon.call("jobs.list"), daemon.call("tasks.list"), daemon.call("settings.get")]
    with pytest.raises(RpcFailed) as refused:
        daemon.call(method, **params)
    assert message in refused.value.message
    assert [daemon.call("jobs.list"), daemon.call("tasks.list"), daemon.call("settings.get")] == before


def test_of_two_updates_at_once_neither_is_lost(daemon: House, tmp_path: Path) -> None:
    """One asks git about a new directory for a while, and the others change what they change meanwhile."""
    job = daemon.job(tmp_path)
    repos = [repository(tmp_path / f"repo{number}") for number in range(4)]

    def directory(repo: Path) -> None:
        daemon.call("jobs.update", job=job["id"], changes={"working_directory": {"path": str(repo)}})

    def texts(number: int) -> None:
        daemon.call("jobs.update", job=job["id"], changes={"description": f"d{number}"})
        daemon.call("jobs.update", job=job["id"], changes={"name": f"n{number}"})

    def branch(name: str) -> None:
        daemon.call("jobs.update", job=job["id"], changes={"working_directory": {"worktree_branch": name}})

    for number, repo in enumerate(repos):
        threads = [
            threading.Thread(target=directory, args=(repo,)),
            threading.Thread(target=texts, args=(number,)),
            threading.Thread(target=branch, args=(f"b{number}",)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        now = daemon.call("jobs.get", job=job["id"])
        assert (now["name"], now["description"]) == (f"n{number}", f"d{number}")
        assert now["working_directory"]["path"] == str(repo)
        assert now["working_directory"]["worktree_branch"] == f"b{number}"


def test_a_job_called_something_else_keeps_its_worktree(daemon: House, repo: Path) -> None:
    """The branch it has worked on is where it goes on."""
    job = daemon.job(repo, name="old name", use_git_worktree=True)
    renamed = daemon.call("jobs.update", job=job["id"], changes={"name": "new name"})
    assert renamed["working_directory"] == job["working_directory"]
    late = daemon.job(repo, name="late")
    late = daemon.call("jobs.update", job=late["id"], changes={"working_directory": {"use_git_worktree": True}})
    assert late["working_directory"]["worktree_name"] == "late"


def test_a_job_takes_the_order_it_is_given(daemon: House, tmp_path: Path) -> None:
    """By ids or names, and its runs follow it."""
    job = daemon.job(tmp_path)
    tasks = [daemon.task(job, name, "say hello") for name in ("a", "b", "c")]
    daemon.task(daemon.job(tmp_path, name="other"), "b", "say hello")
    ordered = daemon.call("jobs.set_order", job=job["id"], tasks=["c", tasks[0]["id"], "b"])
    assert ordered["task_order"] == [tasks[2]["id"], tasks[0]["id"], tasks[1]["id"]]
    assert [run["task_name"] for run in daemon.call("jobs.run", job=job["id"])["runs"]] == ["c", "a", "b"]
    daemon.all_ended()


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (["a", "b", "a"], "tasks.2: task 'a'"),
        (["a"], "every task of the job is to be named, and these are not: 'b'"),
        (["a", "b", "foreign"], "belongs to another job than 'job'"),
        (["a", "b", "nobody"], "no task has the id or the name 'nobody'"),
        ([], "every task of the job is to be named"),
    ],
)
def test_an_order_that_is_none_is_refused(daemon: House, tmp_path: Path, order: list[str], message: str) -> None:
    """Named twice, left out, another job's, nobody's."""
    job = daemon.job(tmp_path)
    for name in ("a", "b"):
        daemon.task(job, name, "say hello")
    daemon.task(daemon.job(tmp_path, name="other"), "foreign", "say hello")
    before = daemon.call("jobs.get", job=job["id"])
    with pytest.raises(RpcFailed) as refused:
        daemon.call("jobs.set_order", job=job["id"], tasks=order)
    assert message in refused.value.message
    assert daemon.call("jobs.get", job=job["id"]) == before


def test_settings_are_set_and_put_back(daemon: House) -> None:
    """At once, in the file too; null is the default."""
    assert daemon.call("settings.set", changes={"max_concurrent_runs": 7})["max_concurrent_runs"] == 7
    path = daemon.home.path / "settings.json"
    until(lambda: json.loads(path.read_text())["max_concurrent_runs"] == 7, "the file shows the setting")
    assert daemon.call("daemon.state")["limits"]["max_concurrent_runs"] == 7
    assert daemon.call("settings.set", changes={"max_concurrent_runs": None})["max_concurrent_runs"] == 3
    assert daemon.call("settings.get")["max_concurrent_runs"] == 3


def test_the_state_names_limits_and_versions(daemon: House) -> None:
    """Everything at a glance, the agent's version too."""
    state = daemon.call("daemon.state")
    assert state["limits"] == {"max_concurrent_runs": 3, "time_limit": 14400, "stop_grace": 1.0}
    assert state["versions"].keys() == {"ccsched", "python", "sqlite", "record", "agent"}
    assert state["versions"]["agent"] == "stand-in (Claude Code)"


def test_the_state_tells_of_usage_limits_and_of_what_was_spent(tmp_path: Path) -> None:
    """By profile; a window that has been reset since is told no more."""
    with house(tmp_path, max_usd_per_day=20) as daemon:
        daemon.home.path.chmod(0o700)
        past, future = now() - timedelta(hours=1), now() + timedelta(hours=3)
        profile = Profile(name="work")
        store = Store(daemon.home.state_db)
        window = UsageWindow(type="five_hour", status="allowed", utilization=0.82, resets_at=future, seen_at=past)
        over = window.model_copy(update={"type": "seven_day", "resets_at": past})
        with store.transaction():
            store.put_settings(Settings(max_usd_per_day=20))
            store.profiles.put(profile)
            store.limits.put(profile.id, AccountLimits(windows=[window, over], held_until=future))
            store.limits.put(None, AccountLimits(windows=[over], held_until=past))
            store.spending.add(uuid4(), uuid4(), profile.id, 1.25, past)
            store.spending.add(uuid4(), uuid4(), None, 7.0, now() - timedelta(days=2))
        store.close()
        daemon.start()
        state = daemon.call("daemon.state")
    assert state["spent"] == {"last_24_hours_usd": 1.25, "limit_usd": 20.0, "held_until": None, "limits": []}
    assert state["accounts"] == [
        {
            "profile_id": str(profile.id),
            "profile_name": "work",
            "held_until": instant_text(future),
            "windows": [window.to_dict()],
        }
    ]


def test_the_state_says_so_where_there_is_no_agent(daemon: House) -> None:
    """It is no reason not to answer."""
    daemon.call("settings.set", changes={"agent_command": ["/nowhere/claude"]})
    assert daemon.call("daemon.state")["versions"]["agent"] is None
