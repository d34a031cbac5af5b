"""A person's files, branches, jobs and logs outlast what runs, hooks, editors and moved tasks do around them."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scheduler_daemon.home import Home
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.store.face import Face
from scheduler_daemon.store.store import Store
from tests.support.house import House, git, house, repository, until


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[House]:
    """A started daemon whose agent is the stand-in."""
    with house(tmp_path) as started:
        started.start()
        yield started


def run_of(daemon: House, directory: Path, script: str) -> dict[str, Any]:
    """A run of a new task in a new job, ended."""
    task = daemon.task(daemon.job(directory), "task", script)
    return daemon.ended(daemon.call("tasks.run", task=task["id"]))


def committed(repo: Path) -> list[str]:
    """The paths in the newest commit."""
    return git(repo, "show", "--format=", "--name-only", "HEAD").split()


def save(daemon: House, name: str, content: object) -> None:
    """Save one of the JSON files as an editor does, and say so."""
    draft = daemon.home.path / f"{name}.swp"
    draft.write_text(json.dumps(content))
    draft.replace(daemon.home.path / name)
    assert daemon.call("daemon.reload")["taken"] == [name]


def move(daemon: House, task: dict[str, Any], job: dict[str, Any]) -> None:
    """Give a task to another job, by hand."""
    file = daemon.home.path / "tasks.json"
    until(lambda: task["id"] in file.read_text(), "the task is shown")
    rows = json.loads(file.read_text())
    save(daemon, "tasks.json", [row | {"job_id": job["id"]} if row["id"] == task["id"] else row for row in rows])


def test_a_file_the_run_no_longer_ignores_is_not_committed(daemon: House, tmp_path: Path) -> None:
    """A person's ignored file stays out of the commit when the run rewrites .gitignore."""
    repo = repository(tmp_path / "repo")
    (repo / ".gitignore").write_text(".env\n")
    git(repo, "add", ".")
    git(repo, "commit", "--quiet", "--message", "Ignore")
    (repo / ".env").write_text("SECRET=1\n")
    assert run_of(daemon, repo, "write .gitignore: *.pyc\nwrite code: x")["status"] == "success"
    assert committed(repo) == [".gitignore", "code"]


def test_a_hook_that_stages_does_not_commit_a_persons_changes(daemon: House, tmp_path: Path) -> None:
    """A pre-commit hook that says `git add -u` does not bring a person's unstaged change into the run's commit."""
    repo = repository(tmp_path / "repo")
    hook = repo / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\ngit add -u\n")
    hook.chmod(0o755)
    (repo / "README.md").write_text("half a thought\n")
    run_of(daemon, repo, "write code: x")
    assert git(repo, "show", "HEAD:README.md") == "# app"


def test_a_branch_that_a_person_is_switching_to_gets_no_mixed_commit(daemon: House, tmp_path: Path) -> None:
    """A slow checkout of an older branch, under way when the run ends, does not lead to a commit of half of it."""
    repo = repository(tmp_path / "repo")
    (repo / ".gitattributes").write_text("big filter=slow\n")
    for state in ("old", "new"):
        (repo / "big").write_text(state)
        (repo / "z").write_text(state)
        git(repo, "add", ".")
        git(repo, "commit", "--quiet", "--message", state)
        if state == "old":
            git(repo, "branch", "release")
    git(repo, "config", "filter.slow.smudge", "sleep 1.5; cat")
    task = daemon.task(daemon.job(repo), "task", "write code: x\nbash until test -e .git/index.lock; do :; done")
    run = daemon.call("tasks.run", task=task["id"])
    until((repo / "code").exists, "the run is at work")
    subprocess.run(["git", "-C", repo, "switch", "--quiet", "release"], check=True)
    daemon.ended(run)
    assert git(repo, "diff", "--name-only", "release~", "release").split() in (
        ["code"],
        [".gitattributes", "big", "z"],
    )


def test_a_log_outlasts_the_job_that_its_task_was_moved_out_of(daemon: House, tmp_path: Path) -> None:
    """The log of a run that stays on record is not removed with the job its task once belonged to."""
    first, second = daemon.job(tmp_path, "first"), daemon.job(tmp_path, "second")
    task = daemon.task(first, "task", "say hello")
    run = daemon.ended(daemon.call("tasks.run", task=task["id"]))
    move(daemon, task, second)
    daemon.call("jobs.delete", job=first["id"])
    assert daemon.run(run)["status"] == "success"
    assert daemon.home.log(run["id"]).exists()


def test_a_live_run_of_a_task_that_was_moved_ends_with_its_new_job(daemon: House, tmp_path: Path) -> None:
    """Deleting the job a task was moved to ends the task's live run; no agent is left without a record."""
    first, second = daemon.job(tmp_path, "first"), daemon.job(tmp_path, "second")
    task = daemon.task(first, "task", "hang")
    run = daemon.call("tasks.run", task=task["id"])
    until(daemon.claim(run).exists, "the agent is started")
    move(daemon, task, second)
    daemon.call("jobs.delete", job=second["id"])
    assert not [process for process in daemon.processes() if "--session-id" in process.cmdline()]


@pytest.mark.parametrize("meanwhile", ["a restart", "many writes"])
def test_an_editor_left_open_deletes_nothing_that_it_never_showed(tmp_path: Path, meanwhile: str) -> None:
    """A job made after a person opened jobs.json stays, however long ago that was."""
    home, place = Home(tmp_path), JobWorkingDirectory(path=str(tmp_path))
    store = Store(home.state_db)
    face = Face(home, store, lambda _: None)
    face.start()

    def put(job: Job) -> None:
        with store.transaction():
            store.jobs.put(job)
        if pending := face.render():
            face.write(pending)
        face.edited()

    shown = Job(name="shown", working_directory=place)
    put(shown)
    open_editor = json.loads((tmp_path / "jobs.json").read_text())
    put(Job(name="made meanwhile", working_directory=place))
    if meanwhile == "a restart":
        store.close()
        store = Store(home.state_db)
        face = Face(home, store, lambda _: None)
        face.start()
    else:
        for number in range(800):
            put(shown.model_copy(update={"description": str(number)}))
    open_editor[0]["name"] = "renamed"
    (tmp_path / "jobs.json").write_text(json.dumps(open_editor))
    face.take_in(patient=False)
    names = {job.name for job in store.jobs.all()}
    store.close()
    assert "made meanwhile" in names
