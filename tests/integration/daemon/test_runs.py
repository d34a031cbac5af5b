"""Runs from the request to the record, with the stand-in for the agent."""

import json
from pathlib import Path

import pytest

from tests.support.house import House, RpcFailed, git, until


def test_a_job_in_a_worktree_leaves_commits_and_nothing_else(daemon: House, repo: Path) -> None:
    """Three tasks, three commits on the branch; the person's branch, index and files are as they were."""
    (repo / "README.md").write_text("half a change\n")
    (repo / "mine.txt").write_text("unfinished\n")
    before = git(repo, "status", "--porcelain", "--branch"), git(repo, "rev-parse", "main")
    job = daemon.job(repo, name="nightly", use_git_worktree=True, worktree_name="nightly")
    for name in ("one", "two", "three"):
        daemon.task(job, name, f"write {name}.txt: {name}", schedule={"type": "sequential"})
    daemon.call("jobs.run", job="nightly")
    runs = daemon.all_ended()
    assert [run["status"] for run in runs] == ["success"] * 3, runs
    assert (git(repo, "status", "--porcelain", "--branch"), git(repo, "rev-parse", "main")) == before
    assert git(repo, "log", "--format=%s", "main..nightly").split("\n") == ["task: three", "task: two", "task: one"]
    for run in runs:
        assert run["branch"] == "nightly"
        assert run["working_directory"] == str(repo / ".claude" / "worktrees" / "nightly")
        trailers = git(repo, "log", "-1", "--format=%(trailers:only,unfold)", run["commit"])
        assert trailers.split("\n") == [f"Run: {run['id']}", f"Session: {run['session_id']}"]
        files = git(repo, "show", "--format=", "--name-only", run["commit"])
        assert files == f"{run['task_name']}.txt"
        assert run["cost_usd"] > 0
        assert run["num_turns"] >= 1
        assert run["exit_code"] == 0
        assert Path(run["log_path"]).read_text().endswith(run["raw_output"])
    assert daemon.call("jobs.get", job="nightly")["status"] == "completed"


def test_each_job_has_a_worktree_of_its_own(daemon: House, repo: Path) -> None:
    """Names that make the same branch are told apart, and the record says which branch it is."""
    names = ("My job", "my-job", "🎉")
    jobs = [daemon.job(repo, name=name, use_git_worktree=True) for name in names]
    branches = [job["working_directory"]["worktree_name"] for job in jobs]
    assert branches[:2] == ["my-job", "my-job-2"]
    assert len(set(branches)) == 3
    for job in jobs:
        daemon.call("tasks.run", task=daemon.task(job, "t", "write a.txt: a")["id"])
    assert {run["branch"] for run in daemon.all_ended()} == set(branches)


def test_the_files_show_what_is_on_record(daemon: House, tmp_path: Path) -> None:
    """Jobs, tasks and runs, within a second of the change."""
    task = daemon.task(daemon.job(tmp_path), "hello", "say hello")
    run = daemon.ended(daemon.call("tasks.run", task=task["id"]))

    def shown() -> bool:
        files = {
            name: json.loads((daemon.home.path / f"{name}.json").read_text()) for name in ("jobs", "tasks", "runs")
        }
        return files == {
            "jobs": daemon.call("jobs.list")["jobs"],
            "tasks": daemon.call("tasks.list")["tasks"],
            "runs": [run],
        }

    until(shown, "the files show the record", 5)


def test_a_failing_task_ends_its_sequence(daemon: House, tmp_path: Path) -> None:
    """The first success stays, the failure says why, the rest is not started."""
    job = daemon.job(tmp_path)
    for name, command in (("good", "say fine"), ("bad", "fail it broke"), ("late", "say never")):
        daemon.task(job, name, command)
    daemon.call("jobs.run", job=job["id"])
    late, bad, good = daemon.all_ended()
    assert (good["status"], good["outcome"]) == ("success", "done")
    assert (bad["status"], bad["outcome"]) == ("failed", "agent_error")
    assert any("it broke" in error for error in bad["errors"])
    assert (late["status"], late["outcome"]) == ("cancelled", "not_started")
    assert bad["id"] in late["errors"][0]
    assert daemon.call("jobs.get", job=job["id"])["status"] == "failed"


@pytest.mark.parametrize(
    ("command", "status", "outcome"),
    [
        ("deny Bash", "failed", "denied"),
        ("no result", "failed", "interrupted"),
        ("exit 3", "failed", "agent_error"),
        ("say nothing to do", "success", "no_change"),
    ],
)
def test_a_status_comes_from_evidence(daemon: House, repo: Path, command: str, status: str, outcome: str) -> None:
    """What the stream proves decides, not the exit status alone."""
    run = daemon.ended(daemon.call("tasks.run", task=daemon.task(daemon.job(repo), "task", command)["id"]))
    assert (run["status"], run["outcome"]) == (status, outcome)
    assert bool(run["errors"]) is (status == "failed")
    assert run["commit"] is None


def test_a_stopped_run_is_gone_with_its_processes(daemon: House, tmp_path: Path) -> None:
    """The answer comes when it has ended; what was to follow is not started."""
    job = daemon.job(tmp_path)
    daemon.task(job, "long", "wait 60")
    daemon.task(job, "next", "say never")
    long, following = daemon.call("jobs.run", job=job["id"])["runs"]
    until(daemon.claim(long).exists, "the agent is started")
    stopped = daemon.call("runs.stop", run=long["id"])
    assert (stopped["status"], stopped["outcome"]) == ("cancelled", "stopped")
    assert daemon.run(following)["status"] == "cancelled"
    assert len(daemon.processes()) == 1


def test_a_task_over_its_time_limit_is_ended(daemon: House, tmp_path: Path) -> None:
    """The supervisor sees to it."""
    task = daemon.task(daemon.job(tmp_path), "long", "wait 60", time_limit=1)
    run = daemon.ended(daemon.call("tasks.run", task=task["id"]))
    assert (run["status"], run["outcome"]) == ("failed", "timed_out")
    assert 0.9 < run["duration"] < 30


def test_the_clock_starts_a_task_again_and_again(daemon: House, tmp_path: Path) -> None:
    """Each run is scheduled for a second of its own."""
    schedule = {"type": "calendar", "cron_expression": "* * * * * *", "timezone": "Europe/Amsterdam"}
    task = daemon.task(daemon.job(tmp_path), "tick", "say tick", schedule=schedule)
    (scheduled,) = daemon.call("scheduler.list")["scheduled"]
    assert (scheduled["schedule"], scheduled["timezone"]) == ("* * * * * *", "Europe/Amsterdam")
    until(lambda: len([run for run in daemon.runs() if run["status"] == "success"]) >= 3, "three runs")
    daemon.call("tasks.disable", task=task["id"])
    times = [run["scheduled_time"] for run in daemon.all_ended()]
    assert len(set(times)) == len(times)
    assert all(time.endswith(".000000Z") for time in times)
    assert daemon.call("scheduler.list")["scheduled"] == []


def test_following_a_run_tells_of_its_output_and_its_end(daemon: House, tmp_path: Path) -> None:
    """The last notification is the ended run."""
    task = daemon.task(daemon.job(tmp_path), "slow", "say first\nwait 0.5\nsay last")
    run = daemon.call("tasks.run", task=task["id"])
    request = {"jsonrpc": "2.0", "id": 1, "method": "runs.follow", "params": {"run": run["id"]}}
    with daemon.connect() as connection, connection.makefile("rwb") as file:
        file.write(json.dumps(request).encode() + b"\n")
        file.flush()
        heard = [json.loads(file.readline())]
        while heard[-1].get("params", {}).get("run", {}).get("status") != "success":
            heard.append(json.loads(file.readline()))
    assert heard[0]["result"]["id"] == run["id"]
    sizes = [each["params"]["size"] for each in heard[1:] if each["method"] == "runs.output"]
    assert sizes == sorted(sizes)
    assert sizes[-1] == Path(heard[-1]["params"]["run"]["log_path"]).stat().st_size


def test_deleting_a_job_takes_everything_with_it(daemon: House, tmp_path: Path) -> None:
    """A live run is stopped first; tasks, runs and logs are gone."""
    job = daemon.job(tmp_path)
    daemon.call("tasks.run", task=daemon.task(job, "short", "say done")["id"])
    daemon.all_ended()
    run = daemon.call("tasks.run", task=daemon.task(job, "long", "wait 60")["id"])
    until(daemon.claim(run).exists, "the agent is started")
    assert daemon.call("jobs.delete", job=job["id"]) == {"job_id": job["id"], "tasks": 2, "runs": 2, "worktree": None}
    assert daemon.runs() == []
    assert daemon.call("tasks.list")["tasks"] == []
    assert list(daemon.home.logs.iterdir()) == []
    assert len(daemon.processes()) == 1


def test_what_a_person_had_changed_is_not_committed(daemon: House, repo: Path) -> None:
    """In their own tree a run's commit has only what the run changed, and the record names the rest."""
    (repo / "README.md").write_text("half a change\n")
    (repo / "mine.txt").write_text("unfinished\n")
    command = "write new.txt: new\nwrite README.md: from the run"
    run = daemon.ended(daemon.call("tasks.run", task=daemon.task(daemon.job(repo), "both", command)["id"]))
    assert run["status"] == "success", run
    assert git(repo, "show", "--format=", "--name-only", run["commit"]) == "new.txt"
    assert run["uncommitted"] == ["README.md"]
    assert git(repo, "status", "--porcelain").split("\n") == ["M README.md", "?? mine.txt"]


def test_a_commit_that_is_refused_is_no_success(daemon: House, repo: Path) -> None:
    """The work is there, the hook's words are in the record, and the sequence does not go on over it."""
    hook = repo / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'line too long' >&2\nexit 1\n")
    hook.chmod(0o755)
    run = daemon.ended(daemon.call("tasks.run", task=daemon.task(daemon.job(repo), "t", "write a.txt: a")["id"]))
    assert (run["status"], run["outcome"]) == ("failed", "unverified")
    assert "line too long" in run["errors"][0]
    assert run["errors"][0].count("not committed") == 1
    assert (repo / "a.txt").exists()


def test_without_commit_on_success_nothing_is_committed(daemon: House, repo: Path) -> None:
    """The change is left in the tree."""
    task = daemon.task(daemon.job(repo), "t", "write a.txt: a", commit_on_success=False)
    run = daemon.ended(daemon.call("tasks.run", task=task["id"]))
    assert (run["status"], run["outcome"], run["commit"]) == ("success", "done", None)
    assert git(repo, "status", "--porcelain") == "?? a.txt"


def test_an_agent_that_is_not_there_is_named(daemon: House, tmp_path: Path) -> None:
    """The record says what to install or set."""
    path = daemon.home.path / "settings.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "agent_command": ["no-such-claude"]}))
    until(lambda: "settings.json" in str(daemon.call("daemon.reload")["taken"]), "the edit is taken in")
    run = daemon.ended(daemon.call("tasks.run", task=daemon.task(daemon.job(tmp_path), "t", "say x")["id"]))
    assert (run["status"], run["outcome"]) == ("failed", "not_started")
    assert "no-such-claude" in run["errors"][0]


def test_a_directory_that_has_gone_fails_the_run(daemon: House, tmp_path: Path) -> None:
    """The record says which, and the daemon goes on."""
    gone = tmp_path / "gone"
    gone.mkdir()
    task = daemon.task(daemon.job(gone), "t", "say x")
    gone.rmdir()
    run = daemon.ended(daemon.call("tasks.run", task=task["id"]))
    assert (run["status"], run["outcome"]) == ("failed", "not_started")
    assert str(gone) in run["errors"][0]


def test_a_profile_gives_the_run_its_environment(daemon: House, tmp_path: Path) -> None:
    """A value from a command is masked in the log; one that fails fails the run, and is not shown."""
    profile = {
        "name": "secrets",
        "env_vars": [
            {"name": "TOKEN", "source": "command", "value": "printf topsecret"},
            {"name": "PLAIN", "source": "static", "value": "visible", "config": {"plain": True}},
        ],
    }
    path = daemon.home.path / "profiles.json"
    path.write_text(json.dumps([*json.loads(path.read_text()), profile]))
    until(lambda: "profiles.json" in str(daemon.call("daemon.reload")["taken"]), "the edit is taken in")
    task = daemon.task(daemon.job(tmp_path), "t", 'bash echo "$TOKEN $PLAIN" | tee seen.txt', profile="secrets")
    run = daemon.ended(daemon.call("tasks.run", task=task["id"]))
    assert (tmp_path / "seen.txt").read_text() == "topsecret visible\n"
    log = Path(run["log_path"]).read_text()
    assert "topsecret" not in log
    assert "visible" in log
    with pytest.raises(RpcFailed, match="no profile has the id"):
        daemon.task(daemon.job(tmp_path), "t", "say x", profile="nobody")


def test_a_prompt_of_five_megabytes_reaches_the_agent(daemon: House, tmp_path: Path) -> None:
    """It goes over stdin, whole."""
    prompt = "write big.txt: " + "x" * 5_000_000
    run = daemon.ended(daemon.call("tasks.run", task=daemon.task(daemon.job(tmp_path), "big", prompt)["id"]))
    assert run["status"] == "success", run["errors"]
    assert (tmp_path / "big.txt").stat().st_size >= 5_000_000


@pytest.mark.parametrize("name", ['it\'s "quoted"', "two\nlines", "🌙 night 夜", "-n", "%s $HOME `id`"])
def test_any_name_works(daemon: House, repo: Path, name: str) -> None:
    """In the record, as a reference, and as a commit's subject on one line."""
    job = daemon.job(repo, name=name)
    daemon.task(job, name, "write a.txt: a")
    assert daemon.call("jobs.get", job=name)["id"] == job["id"]
    daemon.call("jobs.run", job=name)
    (run,) = daemon.all_ended()
    assert run["status"] == "success", run
    assert run["task_name"] == name
    assert git(repo, "log", "-1", "--format=%s") == f"task: {' '.join(name.split())}"


def test_a_session_is_resumed_in_its_own_directory(daemon: House, tmp_path: Path) -> None:
    """The task's last one; where the job works elsewhere by now, a new one begins."""
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    job = daemon.job(tmp_path / "here")
    task = daemon.task(job, "t", "say hello", session_mode="resume")

    def session() -> str:
        run = daemon.ended(daemon.call("tasks.run", task=task["id"]))
        assert run["status"] == "success", run
        return str(run["session_id"])

    first = session()
    assert session() == first
    daemon.call("jobs.update", job=job["id"], changes={"working_directory": {"path": str(tmp_path / "there")}})
    second = session()
    assert second != first
    assert session() == second
