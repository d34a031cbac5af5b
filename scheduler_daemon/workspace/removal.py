"""Removes a job's worktree, if nothing is lost with it or a person wants it gone all the same."""

import os
from dataclasses import dataclass
from pathlib import Path

from scheduler_daemon.model.job import JobWorkingDirectory
from scheduler_daemon.workspace import WorkspaceRefused, branch, layout, loss, place
from scheduler_daemon.workspace.git import Git, GitError
from scheduler_daemon.workspace.lock import hold
from scheduler_daemon.workspace.loss import Loss


class WouldBeLost(WorkspaceRefused):
    """A worktree has work in it that is nowhere else; it is removed only by force."""


@dataclass(frozen=True)
class Removed:
    """What of a worktree was removed; None for what was not there, or is not ours to remove."""

    folder: Path | None
    branch: str | None


def remove(config: JobWorkingDirectory, job_name: str, lock_folder: Path, *, force: bool = False) -> Removed:
    """Remove the worktree of a job: its folder, and the branch that was made for it.

    Without ``force`` only if nothing is lost: every file is committed or ignored, and every commit is in
    ``worktree_branch``, or upstream of it or of the worktree's own branch. Whether a run works there is for the
    caller to know.

    Raises:
        WouldBeLost: saying what; nothing was removed.
        WorkspaceRefused: the worktree is not ours, locked, or cannot be removed.
    """
    name = place.worktree_name(config, job_name)
    branch.refuse_bad_name(name)
    tree = layout.find(place.expanded(config))
    if tree is None:
        raise WorkspaceRefused(f"{config.path} is in no git repository now, so no worktree of it can be removed")
    folder = place.worktree_folder(tree, config, job_name)
    try:
        with (
            hold(lock_folder, place.exclusion_key(config, job_name)) as descriptor,
            hold(lock_folder, str(tree.common_dir)) as shared,
        ):
            git = Git(tree.main_top, lock_fds=(descriptor, shared))
            registered = layout.registration(tree.common_dir, folder)
            _refuse_removal(git, tree, registered, folder)
            tip = _tip_of_ours(git, name, folder)
            lost = _lost(git, registered, folder)
            if tip is not None:
                lost = lost.with_commits(
                    loss.commits_apart(git, tip, loss.destinations(git, name, config.worktree_branch))
                )
            if lost and not force:
                raise WouldBeLost(
                    f"the worktree {folder} has work in it that is nowhere else: {lost.in_words()}; "
                    f"commit what is to stay, and merge {name!r} into {config.worktree_branch!r}"
                )
            if registered is not None:
                forced = ["--force"] if force or not folder.exists() else []
                git.change("worktree", "remove", *forced, str(folder))
            if tip is not None:
                branch.delete(git, name, tip)
            return Removed(folder if registered else None, name if tip else None)
    except (GitError, OSError) as error:
        raise WorkspaceRefused(f"the worktree {folder} cannot be removed: {error}") from error


def standing(config: JobWorkingDirectory, job_name: str) -> Path | None:
    """The folder of the job's worktree, if there is one."""
    try:
        tree = layout.find(place.expanded(config)) if config.use_git_worktree else None
        folder = tree and place.worktree_folder(tree, config, job_name)
        return folder if folder and folder.is_dir() else None
    except (WorkspaceRefused, OSError):
        return None


def _refuse_removal(git: Git, tree: layout.WorkTree, registered: Path | None, folder: Path) -> None:
    """Refuse to remove what is not only ours, by force or not."""
    if registered is None:
        if folder.exists():
            raise WorkspaceRefused(
                f"{folder} is no worktree that git knows; see what is in it, and remove it by hand"
            )
        return
    reason = layout.lock_reason(registered)
    if reason is not None:
        raise WorkspaceRefused(
            f"the worktree {folder} is locked ({reason or 'no reason given'}); "
            f"unlock it with `git -C {git.directory} worktree unlock {folder}`"
        )
    if not (registered / layout.OURS).exists():
        raise WorkspaceRefused(
            f"the worktree {folder} was not made by ccsched; "
            f"remove it with `git -C {git.directory} worktree remove {folder}`"
        )
    other = loss.inside(tree, folder)
    if other is not None:
        raise WorkspaceRefused(
            f"the worktree {folder} has another work tree in it; "
            f"remove that first with `git -C {git.directory} worktree remove {other}`"
        )


def _tip_of_ours(git: Git, name: str, folder: Path) -> str | None:
    """The commit of the worktree's branch, if the branch is ours to remove: not where it is in use elsewhere."""
    elsewhere = branch.checked_out_at(git, name)
    if not branch.is_ours(git, name) or (elsewhere and os.path.realpath(elsewhere) != str(folder)):
        return None
    return branch.commit_of(git, f"refs/heads/{name}")


def _lost(git: Git, registered: Path | None, folder: Path) -> Loss:
    """What goes with the folder itself: what is in no commit, and the commits of a detached HEAD."""
    if registered is None or not folder.exists():
        return Loss()
    lost = loss.of_files(folder, registered)
    if Git(folder).out("symbolic-ref", "--quiet", "HEAD", accept=(0, 1)):
        return lost
    head = branch.commit_of(Git(folder), "HEAD")
    return (
        lost if head is None else lost.with_commits(loss.commits_apart(git, head, [*loss.all_others(None), "--tags"]))
    )
