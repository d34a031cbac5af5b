"""Makes a run's directory ready; a worktree is made once and used again, however it was left."""

import os
import shutil
from pathlib import Path

from scheduler_daemon.model.job import JobWorkingDirectory
from scheduler_daemon.workspace import WorkspaceRefused, branch, layout, place
from scheduler_daemon.workspace.git import Git, GitError
from scheduler_daemon.workspace.lock import hold
from scheduler_daemon.workspace.regular import open_regular

_EXCLUDED = f"/{place.WORKTREES}/"
_BEING_MADE = "initializing"
"""The lock reason that ``git worktree add`` sets first and takes away last."""


def prepare(config: JobWorkingDirectory, job_name: str, lock_folder: Path) -> Path:
    """The directory the run works in, ready for it. The repository's own work tree is not touched.

    A worktree that does not exist is made from ``worktree_branch``, on a branch named like it. One that
    exists is used as it is, on whatever branch an earlier run left it.

    Raises:
        WorkspaceRefused: the directory cannot be used, or the worktree cannot be made.
    """
    place.existing_directory(config)
    directory = place.directory_of(config, job_name)
    try:
        with hold(lock_folder, place.exclusion_key(config, job_name)) as descriptor:
            if config.use_git_worktree:
                _ensure_worktree(config, job_name, lock_folder, descriptor)
    except (GitError, OSError) as error:
        raise WorkspaceRefused(f"{directory} cannot be made ready: {error}") from error
    if not os.path.isdir(directory):  # noqa: PTH112 (Path.is_dir fails where one may not look)
        raise WorkspaceRefused(
            f"the worktree has no folder {directory}, though {config.path} is one; "
            f"commit it on the worktree's branch, or let the job work at the top of the repository"
        )
    return directory


def foresee(config: JobWorkingDirectory, job_name: str) -> str:
    """What ``prepare`` would find or do now, in a few words; nothing is changed, and no lock is waited for.

    Raises:
        WorkspaceRefused: it would refuse.
    """
    place.existing_directory(config)
    directory = place.directory_of(config, job_name)
    if not config.use_git_worktree:
        return f"{directory} is there"
    try:
        return _foreseen(config, job_name)
    except (GitError, OSError) as error:
        raise WorkspaceRefused(f"{directory} cannot be made ready: {error}") from error


def _foreseen(config: JobWorkingDirectory, job_name: str) -> str:
    name = place.worktree_name(config, job_name)
    branch.refuse_bad_name(name)
    tree = place.repository_of(config)
    folder = place.worktree_folder(tree, config, job_name)
    git = Git(tree.top)
    registered = layout.registration(tree.common_dir, folder)
    if _is_ready(tree, folder):
        return f"the worktree {folder} is there"
    if registered is not None and layout.lock_reason(registered) == _BEING_MADE:
        _refuse_being_made(git, folder, name)
    elif registered is not None and layout.git_dir_of(folder) == registered:
        _refuse_anothers(git, folder, name)
        return f"the worktree {folder} is there"
    elif registered is not None:
        _refuse_locked(git, registered, folder)
    elif layout.git_dir_of(folder) is not None:
        return f"the worktree {folder} is there, and belonged to another place; it is repaired or made anew"
    elif folder.exists() and any(folder.iterdir()):
        raise _in_the_way(folder)
    branch.refuse_bad_branch_name(git, name)
    start = _start_of(git, folder, name, config.worktree_branch)
    place.refuse_without_folder(git, config, start or name)
    return f"the worktree {folder} is to be made from {name if start is None else config.worktree_branch!r}"


def _ensure_worktree(config: JobWorkingDirectory, job_name: str, lock_folder: Path, descriptor: int) -> None:
    name = place.worktree_name(config, job_name)
    branch.refuse_bad_name(name)
    tree = place.repository_of(config)
    folder = place.worktree_folder(tree, config, job_name)
    if _is_ready(tree, folder):
        return
    with hold(lock_folder, str(tree.common_dir)) as shared:
        git = Git(tree.top, lock_fds=(descriptor, shared))
        branch.refuse_bad_branch_name(git, name)
        if not _took_over(git, tree, folder, name):
            _exclude(tree.common_dir)
            _make(git, tree, folder, name, config.worktree_branch)


def _is_ready(tree: layout.WorkTree, folder: Path) -> bool:
    registered = layout.git_dir_of(folder)
    return (
        registered is not None
        and registered.parent == tree.common_dir / "worktrees"
        and (registered / layout.OURS).exists()
        and layout.belongs_to(registered, folder)
    )


def _took_over(git: Git, tree: layout.WorkTree, folder: Path, name: str) -> bool:
    """Whether a complete worktree is there; otherwise what is left of one is out of the way after this."""
    registered = layout.registration(tree.common_dir, folder)
    if registered is None and layout.git_dir_of(folder) is not None:
        # The repository was moved together with its worktrees: their links name the old place.
        git.out("worktree", "repair", str(folder), accept=range(256))
        registered = layout.registration(tree.common_dir, folder)
    if registered is not None and layout.lock_reason(registered) == _BEING_MADE:
        _refuse_being_made(git, folder, name)
        _clear_half_made(git, folder)
    elif registered is not None and layout.git_dir_of(folder) == registered:
        _refuse_anothers(git, folder, name)
        (registered / layout.OURS).touch()
        return True
    elif registered is not None:
        _forget(git, registered, folder)
    elif layout.git_dir_of(folder) is not None:
        _set_aside(folder)
    _clear_empty(folder)
    return False


def _refuse_being_made(git: Git, folder: Path, name: str) -> None:
    if not branch.is_ours(git, name):
        raise WorkspaceRefused(
            f"another git is making the worktree {folder}, or was ended while it did; "
            f"try again, or remove it with `git -C {git.directory} worktree remove -f -f {folder}`"
        )


def _clear_half_made(git: Git, folder: Path) -> None:
    """Remove what a killed ``git worktree add`` left; no run has worked in it."""
    shutil.rmtree(folder, ignore_errors=True)
    git.change("worktree", "remove", "--force", "--force", str(folder))


def _refuse_anothers(git: Git, folder: Path, name: str) -> None:
    """A complete worktree is taken for ours if it is on the branch we made for it."""
    current = branch.checked_out(Git(folder, git.lock_fds))
    if current != name or not branch.is_ours(git, name):
        raise WorkspaceRefused(
            f"the worktree {folder} exists already, on {current or 'no branch'}, and was not made by ccsched; "
            f"choose another worktree name, or remove it with "
            f"`git -C {git.directory} worktree remove {folder}`"
        )


def _forget(git: Git, registered: Path, folder: Path) -> None:
    """End the registration of a worktree whose folder is gone.

    Not ``git worktree prune``, which would forget others too: those on a disk that is not mounted now.
    """
    _refuse_locked(git, registered, folder)
    _clear_empty(folder)
    git.change("worktree", "remove", "--force", str(folder))


def _refuse_locked(git: Git, registered: Path, folder: Path) -> None:
    reason = layout.lock_reason(registered)
    if reason is not None:
        raise WorkspaceRefused(
            f"the worktree {folder} is gone but locked ({reason or 'no reason given'}); "
            f"unlock it with `git -C {git.directory} worktree unlock {folder}`"
        )


def _set_aside(folder: Path) -> None:
    """Rename a worktree that git no longer knows: there may be work in it that is nowhere else."""
    number = 1
    while (aside := folder.with_name(f"{folder.name}.aside-{number}")).exists():
        number += 1
    folder.rename(aside)


def _clear_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _in_the_way(folder) from error


def _in_the_way(folder: Path) -> WorkspaceRefused:
    if not os.access(folder, os.R_OK | os.X_OK):
        return WorkspaceRefused(f"the worktree {folder} cannot be entered; see `ls -ld {folder}`")
    return WorkspaceRefused(
        f"{folder} is in the way of the worktree: it holds something, but no worktree of this repository; "
        f"move it away or choose another worktree name"
    )


def _make(git: Git, tree: layout.WorkTree, folder: Path, name: str, start: str) -> None:
    start_point = _start_of(git, folder, name, start)
    if start_point is not None:
        if branch.is_ours(git, name):
            # Claimed before and still not there: a git of ours was killed as it made the branch, and may have
            # left its lock. None of ours is at work now, for we hold the repository's lock.
            (tree.common_dir / "refs" / "heads" / f"{name}.lock").unlink(missing_ok=True)
        branch.claim(git, name)
        arguments = ["--no-track", "-b", name, str(folder), start_point]
    else:
        arguments = [str(folder), name]
    try:
        git.change("worktree", "add", *arguments)
    except GitError:
        # A post-checkout hook that fails makes git fail too, but the worktree is there and complete.
        made = layout.registration(tree.common_dir, folder)
        if made is None or layout.lock_reason(made) is not None:
            raise
    registered = layout.registration(tree.common_dir, folder)
    assert registered is not None, "git has just registered it"
    (registered / layout.OURS).touch()


def _start_of(git: Git, folder: Path, name: str, start: str) -> str | None:
    """Where the branch of a worktree that is not there starts from; None if the branch is there."""
    elsewhere = branch.checked_out_at(git, name)
    if elsewhere is None:
        return branch.start_point(git, start)
    branch.refuse_foreign(git, name)
    if elsewhere and os.path.realpath(elsewhere) != os.path.realpath(folder):
        raise WorkspaceRefused(
            f"the branch {name!r} is checked out in {elsewhere}, so the worktree {folder} cannot have it; "
            f"check out another branch there, or choose another worktree name"
        )
    return None


def _exclude(common_dir: Path) -> None:
    """Keep the worktrees out of the status of the work tree they lie in."""
    exclude = common_dir / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    try:
        with open_regular(exclude) as file:
            text = file.read()
    except FileNotFoundError:
        text = b""
    line = _EXCLUDED.encode()
    if line not in text.splitlines():
        with exclude.open("ab") as added:
            added.write((b"\n" if text and not text.endswith(b"\n") else b"") + line + b"\n")
