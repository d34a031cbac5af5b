"""A job's worktree goes with the job if nothing is lost; what was left before is found."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import House, RpcFailed, git, until


def job_with_a_run(daemon: House, repo: Path, name: str, command: str) -> dict[str, Any]:
    """A job in a worktree of its own, after one run."""
    job = daemon.job(repo, name, use_git_worktree=True, worktree_name=name)
    task = daemon.task(job, "t", command)
    daemon.ended(daemon.call("tasks.run", task=task["id"]))
    return job


def refused(daemon: House, job: dict[str, Any], **more: object) -> RpcFailed:
    """Why the job is not deleted with its worktree; it is all there afterwards."""
    with pytest.raises(RpcFailed) as caught:
        daemon.call("jobs.delete", job=job["id"], worktree=True, **more)
    assert daemon.call("jobs.get", job=job["id"])["id"] == job["id"]
    return caught.value


def test_a_job_is_deleted_with_its_worktree(daemon: House, repo: Path) -> None:
    """Not while its commit is unmerged: then nothing is, and it is said how to lose it. Merged, or by force,."""
    folder = repo / ".claude/worktrees/night"
    gone = {"path": str(folder), "branch": "night", "removed": True, "commands": []}
    for way in ("merged", "by force"):
        job = job_with_a_run(daemon, repo, "night", f"write {way.replace(' ', '-')}.txt: x")
        error = refused(daemon, job)
        assert "1 unmerged commit" in error.message
        assert f"ccsched jobs delete {job['id']} --worktree --force" in error.data["hint"]
        assert len(daemon.call("runs.list", job=job["id"])["runs"]) == 1
        if way == "merged":
            git(repo, "merge", "--quiet", "night")
            deleted = daemon.call("jobs.delete", job=job["id"], worktree=True)
        else:
            done = daemon.ccsched("jobs", "delete", "night", "--worktree", "--force", "--output", "table")
            assert f"Removed its worktree {folder} and the branch night." in done.stdout
            deleted = {"worktree": gone}
        assert deleted["worktree"] == gone
        assert not folder.exists()
        assert git(repo, "branch", "--list", "night") == ""
        assert daemon.runs() == []


def test_a_worktree_in_use_stays(daemon: House, repo: Path) -> None:
    """While a run of the job goes on it is refused; by force the run is stopped first."""
    job = daemon.job(repo, "night", use_git_worktree=True, worktree_name="night")
    task = daemon.task(job, "t", "write a.txt: a\nwait 60")
    run = daemon.call("tasks.run", task=task["id"])
    folder = repo / ".claude/worktrees/night"
    until((folder / "a.txt").exists, "the run works there")
    error = refused(daemon, job)
    assert "has runs that have not ended" in error.message
    assert daemon.run(run)["status"] == "running"
    daemon.call("jobs.delete", job=job["id"], worktree=True, force=True)
    assert not folder.exists()
    assert len(daemon.processes()) == 1


def test_a_worktree_of_two_jobs_stays(daemon: House, repo: Path) -> None:
    """Not even by force: the other one works there; so do jobs that have none of their own."""
    first = job_with_a_run(daemon, repo, "night", "say x")
    second = daemon.job(repo, "second", use_git_worktree=True, worktree_name="night")
    third = daemon.job(repo / ".claude/worktrees/night", "third")
    for force in (False, True):
        assert "works in the worktree" in refused(daemon, first, force=force).message
        assert "itself, not in a worktree" in refused(daemon, third, force=force).message
    for job in (second, third):
        daemon.call("jobs.delete", job=job["id"])
    assert daemon.call("jobs.delete", job=first["id"], worktree=True)["worktree"]["removed"]


def test_two_jobs_with_one_worktree_never_run_in_it_at_once(daemon: House, repo: Path) -> None:
    """The second waits for the first, and finds what it did."""
    names = ("first", "second")
    jobs = [daemon.job(repo, name, use_git_worktree=True, worktree_name="night") for name in names]
    alone = "bash mkdir busy && sleep 0.3 && rmdir busy"
    runs = [daemon.call("tasks.run", task=daemon.task(job, "t", alone)["id"]) for job in jobs]
    ended = [daemon.ended(run) for run in runs]
    assert [run["status"] for run in ended] == ["success", "success"]
    assert ended[0]["end_time"] <= ended[1]["start_time"]
    assert {run["working_directory"] for run in ended} == {f"{repo}/.claude/worktrees/night"}


def test_what_deleted_jobs_left_is_found(daemon: House, repo: Path) -> None:
    """Though no job and no run tells of the repository any more; and what is to be typed to remove it does so.

    What a job still works in is not told of.
    """
    job = job_with_a_run(daemon, repo, "left", "write a.txt: a")
    (repo / ".claude/worktrees/left/b.txt").write_text("not committed")
    kept = daemon.call("jobs.delete", job=job["id"])["worktree"]
    assert kept["path"] == f"{repo}/.claude/worktrees/left"
    [left] = daemon.call("worktrees.list", unused=True)["worktrees"]
    assert left["path"] == kept["path"]
    assert (left["clean"], left["merged"], left["unmerged"], left["jobs"]) == (False, False, 1, [])
    assert left["size"] > 0
    used = job_with_a_run(daemon, repo, "used", "say x")
    told = {each["branch"]: each["jobs"] for each in daemon.call("worktrees.list")["worktrees"]}
    assert told == {"left": [], "used": [{"id": used["id"], "name": "used"}]}
    shown = daemon.ccsched("doctor", "--worktrees", "--output", "table").stdout
    assert "1 unmerged commit" in shown
    assert f"git -C {repo} worktree remove --force {kept['path']}" in shown
    assert "used" not in shown
    assert all(f"  {command}\n" in shown for command in kept["commands"])
    for command in kept["commands"]:
        subprocess.run(["/bin/sh", "-c", command], check=True, capture_output=True)
    assert not Path(kept["path"]).exists()
    assert git(repo, "branch", "--list", "left") == ""
    shutil.rmtree(repo)
    assert daemon.call("worktrees.list") == {"worktrees": []}
