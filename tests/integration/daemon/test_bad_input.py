"""What the daemon says to requests that cannot be met."""

import subprocess
from pathlib import Path

import pytest

from tests.support.house import House, RpcFailed, git, repository, until

ABSENT = "0f0e0d0c-3731-41da-8710-fe765f2e58be"


def refusal(daemon: House, method: str, **params: object) -> RpcFailed:
    """The error of a request that must fail."""
    with pytest.raises(RpcFailed) as caught:
        daemon.call(method, **params)
    return caught.value


def test_a_directory_that_cannot_be_used_is_refused_at_once(daemon: House, repo: Path, tmp_path: Path) -> None:
    """Absent, a file, no repository, no such branch, an empty repository: each says so, and nothing is saved."""
    (tmp_path / "file").touch()
    empty = tmp_path / "empty"
    subprocess.run(["git", "init", "--quiet", empty], check=True, env=daemon.environment)
    cases = [
        ({"path": str(tmp_path / "absent")}, "absent"),
        ({"path": str(tmp_path / "file")}, "not a directory"),
        ({"path": str(tmp_path), "use_git_worktree": True}, "git repository"),
        ({"path": str(empty), "use_git_worktree": True}, "commit"),
        ({"path": str(repo), "use_git_worktree": True, "worktree_branch": "nope"}, "main"),
        ({"path": str(repo), "use_git_worktree": True, "worktree_name": "../x"}, "../x"),
    ]
    for directory, words in cases:
        error = refusal(daemon, "jobs.create", name="job", working_directory=directory)
        assert error.code == -32602
        assert words in error.message, error.message
        assert error.data["errors"][0]["field"].startswith("working_directory")
    assert daemon.call("jobs.list") == {"jobs": []}


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({"command": ""}, "command", "empty"),
        ({"command": " \n"}, "command", "blank"),
        ({"name": ""}, "name", "empty"),
        ({"schedule": {"type": "calendar", "cron_expression": "0 25 * * *"}}, "schedule.cron_expression", "25"),
        ({"schedule": {"type": "calendar", "cron_expression": "0 0 30 2 *"}}, "schedule.cron_expression", "never"),
        ({"schedule": {"type": "calendar", "cron_expression": "nonsense"}}, "schedule.cron_expression", "field"),
        ({"schedule": {"type": "calendar"}}, "schedule", "cron_expression"),
        (
            {"schedule": {"type": "calendar", "cron_expression": "0 2 * * *", "timezone": "Europe/Amsterdm"}},
            "schedule.timezone",
            "Europe/Amsterdam",
        ),
        ({"schedule": {"type": "sometimes"}}, "schedule.type", "sequential"),
        ({"schedule": {"type": "interval", "interval_value": 0, "interval_type": "hours"}}, "interval_value", "1"),
        ({"schedule": {"type": "file_watch", "watch_path": "tmp"}}, "schedule.watch_path", "is not absolute"),
        ({"permissions": "all"}, "permissions", "bypass"),
        ({"model": "--dangerous"}, "model", ""),
        ({"colour": "blue"}, "colour", "no such field"),
    ],
)
def test_a_task_that_could_never_run_is_refused(
    daemon: House, tmp_path: Path, params: dict[str, object], field: str, words: str
) -> None:
    """The error names the field and what is wrong with it."""
    job = daemon.job(tmp_path)
    error = refusal(daemon, "tasks.create", **{"job": job["id"], "name": "t", "command": "x", **params})
    assert error.code == -32602
    assert field in error.data["errors"][0]["field"]
    assert words in error.message
    assert daemon.call("tasks.list") == {"tasks": []}


def test_what_is_not_there_is_named(daemon: House, tmp_path: Path) -> None:
    """Noun and reference, and where to look."""
    job = daemon.job(tmp_path)
    for method, params, noun in (
        ("jobs.get", {"job": ABSENT}, "job"),
        ("tasks.get", {"task": "nobody"}, "task"),
        ("runs.get", {"run": ABSENT[:8]}, "run"),
        ("tasks.create", {"job": "nobody", "name": "t", "command": "x"}, "job"),
        ("tasks.create", {"job": job["id"], "name": "t", "command": "x", "profile": "nobody"}, "profile"),
        ("jobs.create", {"name": "j", "working_directory": {"path": "/"}, "profile": ABSENT}, "profile"),
    ):
        error = refusal(daemon, method, **params)
        assert error.code == -32001
        assert f"no {noun} has the id" in error.message
        assert error.data["hint"]


def test_a_name_that_two_have_is_ambiguous(daemon: House, tmp_path: Path) -> None:
    """The error lists both; each is found by its id and by a prefix of it."""
    jobs = [daemon.job(tmp_path, name="twin") for _ in range(2)]
    error = refusal(daemon, "jobs.get", job="twin")
    assert error.code == -32002
    assert [each["id"] for each in error.data["candidates"]] == [job["id"] for job in jobs]
    for job in jobs:
        assert daemon.call("jobs.get", job=job["id"][:13].upper()) == job


def test_a_prefix_of_three_characters_names_nothing(daemon: House, tmp_path: Path) -> None:
    """The answer says how many it takes."""
    job = daemon.job(tmp_path)
    assert "4 characters" in refusal(daemon, "jobs.get", job=job["id"][:3]).data["hint"]


def test_a_job_without_tasks_does_not_run(daemon: House, tmp_path: Path) -> None:
    """It is refused with the command that adds one."""
    error = refusal(daemon, "jobs.run", job=daemon.job(tmp_path)["id"])
    assert error.code == -32003
    assert "ccsched tasks create" in error.message


def test_a_task_that_runs_is_not_run_again(daemon: House, tmp_path: Path) -> None:
    """It is refused with the command that stops it."""
    task = daemon.task(daemon.job(tmp_path), "long", "wait 60")
    run = daemon.call("tasks.run", task=task["id"])
    error = refusal(daemon, "tasks.run", task=task["id"])
    assert error.code == -32003
    assert f"ccsched runs stop {run['id']}" in error.message
    daemon.call("runs.stop", run=run["id"])
    assert "ended already" in refusal(daemon, "runs.stop", run=run["id"]).message


def test_somebody_elses_branch_is_not_taken(daemon: House, repo: Path) -> None:
    """Refused when the job is made, and when the branch appeared after that, the run is; the branch stays theirs."""
    job = daemon.job(repo, use_git_worktree=True, worktree_name="nightly")
    git(repo, "branch", "nightly")
    tip = git(repo, "rev-parse", "nightly")
    directory = {"path": str(repo), "use_git_worktree": True, "worktree_name": "nightly"}
    error = refusal(daemon, "jobs.create", name="job", working_directory=directory)
    assert "not made by ccsched" in error.message
    run = daemon.ended(daemon.call("tasks.run", task=daemon.task(job, "t", "write a.txt: a")["id"]))
    assert (run["status"], run["outcome"]) == ("failed", "not_started")
    assert "not made by ccsched" in run["errors"][0]
    assert git(repo, "rev-parse", "nightly") == tip


def test_two_worktrees_of_two_repositories_run_at_the_same_time(daemon: House, tmp_path: Path) -> None:
    """Only a shared directory makes runs wait for one another."""
    runs = []
    for name in ("one", "two"):
        job = daemon.job(repository(tmp_path / name), name=name, use_git_worktree=True)
        runs.append(daemon.call("tasks.run", task=daemon.task(job, name, "wait 60")["id"]))
    until(lambda: all(daemon.run(run)["status"] == "running" for run in runs), "both run")
    for run in runs:
        daemon.call("runs.stop", run=run["id"])
