"""Which directory a job's runs work in, and whether it can be used at all."""

import hashlib
import os
import re
import unicodedata
from pathlib import Path

from scheduler_daemon.model.job import JobWorkingDirectory
from scheduler_daemon.workspace import WorkspaceRefused, branch, layout
from scheduler_daemon.workspace.git import Git, GitError

WORKTREES = ".claude/worktrees"
"""The folder of worktrees below the top of a repository; the agent's own are kept there too."""
_LONGEST_SLUG = 50


def check(config: JobWorkingDirectory, job_name: str) -> None:
    """Refuse a working directory that no run could use, when the job is saved.

    Raises:
        WorkspaceRefused: the path is no directory, or no worktree can be made as asked.
    """
    path = existing_directory(config)
    if not config.use_git_worktree:
        return
    try:
        _check_repository(config, job_name, path)
    except GitError as error:
        raise WorkspaceRefused(str(error)) from error


def _check_repository(config: JobWorkingDirectory, job_name: str, path: Path) -> None:
    tree = layout.find(path)
    git = Git(path)
    if tree is None and _is_bare(git):
        raise WorkspaceRefused(
            f"{path} is a bare repository, without files to work on; name a clone of it that has some"
        )
    if tree is None:
        raise _no_repository(path)
    if git.text("rev-parse", "--is-inside-work-tree") != "true":
        raise WorkspaceRefused(f"{path} lies in the bare repository {tree.top}; name one of its work trees")
    at_top = Git(tree.top)
    start = branch.start_point(at_top, config.worktree_branch)
    name = worktree_name(config, job_name)
    branch.refuse_bad_branch_name(at_top, name)
    branch.refuse_foreign(at_top, name)
    below = Path(os.path.realpath(path)).relative_to(tree.top).as_posix()
    if at_top.out("cat-file", "-t", f"{start}:{'' if below == '.' else below}", accept=(0, 128)) != b"tree\n":
        raise WorkspaceRefused(
            f"the branch {config.worktree_branch!r} has no folder {below!r}, so a worktree of it has none "
            f"to work in; commit the folder there, or name {tree.top}"
        )


def directory_of(config: JobWorkingDirectory, job_name: str) -> Path:
    """The directory the job's runs work in, whether it is there yet or not.

    With a worktree: the same folder below the worktree's top as ``path`` is below its repository's.

    Raises:
        WorkspaceRefused: a worktree is asked for and the path lies in no git work tree.
    """
    path = expanded(config)
    if not config.use_git_worktree:
        return path
    tree = layout.find(path)
    if tree is None:
        raise _no_repository(path)
    return worktree_folder(tree, config, job_name) / Path(os.path.realpath(path)).relative_to(tree.top)


def exclusion_key(config: JobWorkingDirectory, job_name: str) -> str:
    """What two runs may not share: the real path of the work tree, or of a directory without git.

    Starts no process and does not fail: of a place that cannot be used it is still the path.
    """
    path = _home_expanded(config)
    tree = layout.find(path)
    if tree is None:
        return os.path.realpath(path)
    if config.use_git_worktree:
        return os.path.realpath(worktree_folder(tree, config, job_name))
    return str(tree.top)


def worktree_folder(tree: layout.WorkTree, config: JobWorkingDirectory, job_name: str) -> Path:
    """The top of the job's worktree."""
    return tree.main_top / WORKTREES / worktree_name(config, job_name)


def worktree_name(config: JobWorkingDirectory, job_name: str) -> str:
    """The name of the worktree's folder and branch; a ``/`` in it makes nested folders."""
    return _slug(job_name) if config.worktree_name is None else config.worktree_name


def existing_directory(config: JobWorkingDirectory) -> Path:
    """The path of the configuration.

    Raises:
        WorkspaceRefused: there is no directory there that can be entered.
    """
    path = expanded(config)
    if not path.exists():
        raise WorkspaceRefused(f"the working directory {path} does not exist; create it or name another")
    if not path.is_dir():
        raise WorkspaceRefused(f"the working directory {path} is not a directory; name the folder it is in")
    if not os.access(path, os.R_OK | os.X_OK):
        raise WorkspaceRefused(f"the working directory {path} cannot be entered; see `ls -ld {path}`")
    return path


def expanded(config: JobWorkingDirectory) -> Path:
    """The path with ``~`` expanded.

    Raises:
        WorkspaceRefused: it is relative, or ``~name`` is nobody's home.
    """
    path = _home_expanded(config)
    if "\0" in config.path or not path.is_absolute():
        raise WorkspaceRefused(f"the working directory {config.path!r} is not a full path; begin it with / or ~")
    return path


def _home_expanded(config: JobWorkingDirectory) -> Path:
    return Path(os.path.expanduser(config.path))  # noqa: PTH111 (Path.expanduser fails for ~nobody)


def _slug(job_name: str) -> str:
    folded = unicodedata.normalize("NFKD", job_name).lower()
    slug = re.sub(r"[^a-z0-9]+", "-", "".join(c for c in folded if not unicodedata.combining(c))).strip("-")
    lost = any(c.isalnum() and not c.isascii() for c in folded)
    if slug and not lost and len(slug) <= _LONGEST_SLUG:
        return slug
    # Two names that differ only in what a slug cannot show must not share a worktree.
    digest = hashlib.sha256(job_name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{slug[:_LONGEST_SLUG].strip('-') or 'job'}-{digest}"


def _is_bare(git: Git) -> bool:
    try:
        return git.text("rev-parse", "--is-bare-repository") == "true"
    except GitError:
        return False


def _no_repository(path: Path) -> WorkspaceRefused:
    return WorkspaceRefused(
        f"{path} is not in a git repository, so no worktree can be made of it; "
        f"run `git init` there, or do without a worktree"
    )
