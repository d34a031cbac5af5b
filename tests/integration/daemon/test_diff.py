"""``runs diff`` tells what a run changed, while it goes on and long after."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.house import House, RpcFailed, git, until


def test_a_runs_commit_is_shown(daemon: House, repo: Path) -> None:
    """As a patch that applies where the run began; also when the job has been given another directory since."""
    job = daemon.job(repo, use_git_worktree=True, worktree_name="night")
    run = daemon.ended(daemon.call("tasks.run", task=daemon.task(job, "t", "write a.txt: a")["id"]))
    patch = daemon.ccsched("runs", "diff", run["id"]).stdout
    subprocess.run(["git", "-C", repo, "apply", "--index"], input=patch.encode(), check=True)
    assert git(repo, "diff", "--cached", "--name-only") == "a.txt"
    git(repo, "reset", "--quiet", "--hard")
    shutil.rmtree(run["working_directory"])
    elsewhere = {"path": str(repo.parent), "use_git_worktree": False}
    daemon.call("jobs.update", job=job["id"], changes={"working_directory": elsewhere})
    assert daemon.ccsched("runs", "diff", run["id"]).stdout == patch
    shutil.rmtree(repo)
    done = daemon.ccsched("runs", "diff", run["id"])
    assert (done.returncode, done.stdout) == (1, "")
    assert "the repository is gone" in done.stderr


def test_what_the_agent_committed_by_itself_is_shown_too(daemon: House, repo: Path) -> None:
    """All from where the run began, and nothing of the run before it."""
    job = daemon.job(repo)
    daemon.ended(daemon.call("tasks.run", task=daemon.task(job, "before", "write before.txt: x")["id"]))
    steps = "write own.txt: x\nbash git add own.txt && git commit --quiet -m own\nwrite last.txt: x"
    run = daemon.ended(daemon.call("tasks.run", task=daemon.task(job, "t", steps)["id"]))
    assert daemon.ccsched("runs", "diff", run["id"], "--name-only").stdout == "last.txt\nown.txt\n"


def test_a_run_under_way_is_shown_so_far(daemon: House, repo: Path) -> None:
    """What it has made, not what a person had changed before; nothing of the tree changes by it."""
    (repo / "mine.txt").write_text("mine\n")
    job = daemon.job(repo)
    run = daemon.call("tasks.run", task=daemon.task(job, "t", "write a.txt: a\nwait 60")["id"])
    until((repo / "a.txt").exists, "the run has written its file")
    assert daemon.ccsched("runs", "diff", run["id"], "--name-only").stdout == "a.txt\n"
    assert git(repo, "status", "--porcelain").split() == ["??", "a.txt", "??", "mine.txt"]
    waiting = daemon.call("tasks.run", task=daemon.task(job, "later", "say x")["id"])
    told = daemon.call("runs.diff", run=waiting["id"])
    assert (told["changed"], told["note"]) == (False, "it has not started yet")
    daemon.call("jobs.stop", job=job["id"])
    done = daemon.ccsched("runs", "diff", run["id"])
    assert (done.returncode, done.stdout) == (1, "")
    assert "it committed nothing; what it changed was left in the work tree" in done.stderr
    assert "a.txt" in done.stderr
    assert "mine.txt" not in done.stderr


@pytest.mark.parametrize(
    ("command", "changed", "note"),
    [
        ("say x", False, "it changed nothing"),
        ("append README.md: x", True, "it committed nothing; what it changed was left in the work tree"),
    ],
    ids=["no change", "left"],
)
def test_a_run_without_a_commit_says_why(daemon: House, repo: Path, command: str, changed: bool, note: str) -> None:
    """It changed nothing, or only what a person had changed before."""
    (repo / "README.md").write_text("a person's\n")
    run = daemon.ended(daemon.call("tasks.run", task=daemon.task(daemon.job(repo), "t", command)["id"]))
    told = daemon.call("runs.diff", run=run["id"])
    assert (told["changed"], told["note"]) == (changed, note)
    assert told["uncommitted"] == (["README.md"] if changed else [])
    see = [f"git -C {repo} status", f"git -C {repo} diff HEAD -- README.md"]
    assert told["commands"] == (see if changed else [])


def test_outside_git_a_run_under_way_cannot_be_told(daemon: House, tmp_path: Path) -> None:
    """And one that is on no record is not found."""
    run = daemon.call("tasks.run", task=daemon.task(daemon.job(tmp_path), "t", "write a.txt: a\nwait 60")["id"])
    until((tmp_path / "a.txt").exists, "the run is under way")
    told = daemon.call("runs.diff", run=run["id"])
    assert (told["changed"], told["note"]) == (None, f"it works in {tmp_path}, which is in no git work tree")
    daemon.call("runs.delete", run=run["id"])
    with pytest.raises(RpcFailed, match="no run has the id"):
        daemon.call("runs.diff", run=run["id"])
