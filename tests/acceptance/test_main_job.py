"""The main job as a person types it, with the real ``claude`` at its end."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.house import House, git, house, repository, until
from tests.support.messages_api import MessagesApi, environment

pytestmark = pytest.mark.claude


@pytest.fixture
def night(tmp_path: Path, claude: str) -> Iterator[House]:
    """A daemon whose runs call the real agent, which talks to a local stand-in for the model."""
    with MessagesApi() as api, house(tmp_path, agent_command=[claude]) as made:
        made.environment.update(environment(api.url, tmp_path / "user"))
        made.start()
        yield made
        assert made.end() == 0
        assert made.processes() == []


def told(made: House, *arguments: object) -> dict[str, object]:
    """What a command prints into a pipe."""
    done = made.ccsched(*arguments)
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_three_tasks_in_a_worktree_are_three_commits_in_the_morning(night: House, tmp_path: Path) -> None:
    """Three successes, three commits on the job's own branch; the person's branch and files are untouched."""
    repo = repository(tmp_path / "repo")
    (repo / "README.md").write_text("half a change\n")
    (repo / "mine.txt").write_text("unfinished\n")
    before = git(repo, "status", "--porcelain", "--branch"), git(repo, "rev-parse", "main")
    told(
        night,
        *("jobs", "create", "--name", "feature-auth", "--working-directory", repo),
        *("--use-worktree", "--worktree-name", "feature-auth", "--worktree-branch", "main"),
    )
    for name in ("implement", "test", "document"):
        prompt = f"Please do this:\nwrite {name}.txt: {name} is done"
        told(night, "tasks", "create", "--name", name, "--prompt", prompt, "--job", "feature-auth")
    done = night.ccsched("jobs", "run", "feature-auth", "--wait")
    assert done.returncode == 0, (done.stdout, done.stderr)
    runs = night.runs()
    assert [(run["task_name"], run["status"], run["outcome"]) for run in runs] == [
        ("document", "success", "done"),
        ("test", "success", "done"),
        ("implement", "success", "done"),
    ]
    assert git(repo, "log", "--format=%s", "main..feature-auth").split("\n") == [
        "task: document",
        "task: test",
        "task: implement",
    ]
    for run in runs:
        name = run["task_name"]
        assert git(repo, "show", "--format=", "--name-only", run["commit"]) == f"{name}.txt"
        assert git(repo, "show", f"{run['commit']}:{name}.txt") == f"{name} is done"
        assert f"Run: {run['id']}\nSession: {run['session_id']}" in git(
            repo, "log", "-1", "--format=%B", run["commit"]
        )
        assert run["cost_usd"] > 0
        assert run["num_turns"] == 2
        assert run["session_id"]
        assert '"type":"result"' in Path(run["log_path"]).read_text()
    assert (git(repo, "status", "--porcelain", "--branch"), git(repo, "rev-parse", "main")) == before
    assert (repo / "README.md").read_text() == "half a change\n"


def test_a_night_outlives_the_daemon(night: House, tmp_path: Path) -> None:
    """Killed in the middle of the first of two tasks; the next daemon ends it and starts the second, once each."""
    repo = repository(tmp_path / "repo")
    job = night.job(repo, name="night", use_git_worktree=True)
    night.task(job, "slow", "wait 3\nwrite slow.txt: slow", schedule={"type": "sequential"})
    night.task(job, "after", "write after.txt: after", schedule={"type": "sequential"})
    first, second = night.call("jobs.run", job=job["id"])["runs"]
    log = night.home.log(first["id"])
    until(lambda: log.exists() and b'"init"' in log.read_bytes(), "the agent is under way")
    night.kill()
    size = log.stat().st_size
    until(lambda: log.stat().st_size > size, "the log goes on without a daemon")
    night.start()
    assert [night.ended(run)["status"] for run in (first, second)] == ["success", "success"]
    subjects = git(repo, "log", "--format=%s", "main..night").split("\n")
    assert subjects == ["task: after", "task: slow"]


def test_a_denied_tool_is_no_success(night: House, tmp_path: Path) -> None:
    """The agent exits with 0, and the record says failed, denied, and which tool."""
    job = night.job(repository(tmp_path / "repo"), name="careful")
    night.task(job, "t", "write a.txt: a", permissions="default")
    done = night.ccsched("tasks", "run", "t", "--wait")
    assert done.returncode == 1
    (run,) = night.runs()
    assert (run["status"], run["outcome"], run["exit_code"]) == ("failed", "denied", 0)
    assert any("Write" in error for error in run["errors"])


def test_an_unknown_slash_command_is_no_success(night: House, tmp_path: Path) -> None:
    """The agent exits with 0, and the record says failed."""
    job = night.job(tmp_path, name="slash")
    night.task(job, "t", "/no-such-command", command_type="slash_command")
    (run,) = [night.ended(night.call("tasks.run", task="t"))]
    assert (run["status"], run["outcome"], run["exit_code"]) == ("failed", "agent_error", 0)


def test_stopping_a_run_ends_the_agent_in_the_middle_of_a_tool(night: House, tmp_path: Path) -> None:
    """No process of it is left, not even the tool's own."""
    job = night.job(tmp_path, name="long")
    night.task(job, "t", "bash touch started; sleep 300")
    run = night.call("tasks.run", task="t")
    until((tmp_path / "started").exists, "the tool runs")
    done = night.ccsched("runs", "stop", run["id"][:8])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "stopped"
    assert len(night.processes()) == 1
