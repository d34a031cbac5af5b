"""Where runs work: can each job's directory be used, and what changes there be committed?"""

import contextlib
import os
import shlex
from functools import partial
from pathlib import Path
from uuid import UUID

from scheduler_daemon.examination.finding import Check, Finding, failed, ok, skipped, warning
from scheduler_daemon.examination.subject import Subject
from scheduler_daemon.model.job import Job
from scheduler_daemon.workspace import WorkspaceRefused, layout, place
from scheduler_daemon.workspace.branch import checked_out
from scheduler_daemon.workspace.commit import obstacle, stand_in_identity
from scheduler_daemon.workspace.git import Git, GitError
from scheduler_daemon.workspace.worktree import foresee

GROUP = "jobs"
_LIMIT = 20.0
_EXAMPLES = {"user.name": "'Ada Lovelace'", "user.email": "ada@example.org"}
_AUTHOR = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")


def of_directories(subject: Subject) -> list[Check]:
    """A check of each job that has an enabled task."""
    commits: dict[UUID, bool] = {}
    for task in subject.enabled():
        commits[task.job_id] = commits.get(task.job_id, False) or task.commit_on_success
    return [
        Check(
            GROUP,
            subject.jobs[job_id].name,
            partial(_look, subject.jobs[job_id], committing),
            limit=_LIMIT,
            about=("job", job_id),
        )
        for job_id, committing in commits.items()
    ]


def of_identities(subject: Subject) -> Check:
    """The check of whose name the commits bear, repository by repository."""

    def look() -> list[Finding]:
        trees = [layout.find(path) for path in repositories(subject)]
        tops = sorted({tree.main_top for tree in trees if tree})
        return [_identity(top) for top in tops] or [skipped("no run commits anything")]

    return Check("programs", "git identity", look, limit=_LIMIT)


def repositories(subject: Subject) -> list[Path]:
    """The directories whose repositories runs commit to; none that cannot be used."""
    jobs = dict.fromkeys(task.job_id for task in subject.enabled() if task.commit_on_success)
    found = []
    for job_id in jobs:
        with contextlib.suppress(WorkspaceRefused):
            found.append(place.existing_directory(subject.jobs[job_id].working_directory))
    return found


def _identity(top: Path) -> Finding:
    git = Git(top)
    try:
        missing = stand_in_identity(git)
        name, address = (_configured(git, key) for key in ("user.name", "user.email"))
    except GitError as error:
        return failed(str(error), f"git -C {shlex.quote(str(top))} status")
    if missing and not all(name in os.environ for name in _AUTHOR):
        return warning(
            f"{top}: no {' and no '.join(missing)} is configured, so commits are by {' '.join(missing.values())}",
            "; ".join(f"git config --global {key} {_EXAMPLES[key]}" for key in missing),
        )
    return ok(f"{top}: {os.environ.get('GIT_AUTHOR_NAME', name)} <{os.environ.get('GIT_AUTHOR_EMAIL', address)}>")


def _configured(git: Git, key: str) -> str:
    return os.fsdecode(git.out("config", "--get", key, accept=(0, 1))).strip()


def _look(job: Job, committing: bool) -> list[Finding]:
    config = job.working_directory
    try:
        foreseen = foresee(config, job.name)
        directory = place.directory_of(config, job.name)
        tree = layout.find(directory) if directory.exists() else None
        in_its_way = obstacle(tree, checked_out(Git(tree.top))) if tree and committing else None
    except (WorkspaceRefused, GitError) as error:
        return [failed(str(error), command_in(str(error)) or f"ccsched jobs get {str(job.id)[:8]}")]
    if directory.exists() and not os.access(directory, os.W_OK | os.X_OK):
        return [failed(f"{directory} cannot be written", f"ls -ld {shlex.quote(str(directory))}")]
    if tree and in_its_way:
        command = (command_in(in_its_way) or "git status").removeprefix("git ")
        fix = f"git -C {shlex.quote(str(tree.top))} {command}"
        return [failed(f"nothing can be committed: {in_its_way}", fix)]
    if tree is not None and (tree.git_dir / "index.lock").exists():
        lock = shlex.quote(str(tree.git_dir / "index.lock"))
        return [warning(f"another git is at work in {tree.top}, or was ended while it was", f"ls -l {lock}")]
    without = "" if tree or config.use_git_worktree else ", without git: nothing is committed"
    return [ok(f"{foreseen}{without}")]


def command_in(words: str) -> str | None:
    """The command that a refusal ends in, where it has one between backticks; the last, for it is the safest."""
    return words.split("`")[-2] if words.count("`") >= 2 else None
