"""Which directory a job's runs work in, and whether it can be used at all."""

import errno
import hashlib
import os
import re
import stat
import unicodedata
from pathlib import Path

from scheduler_daemon.model.job import JobWorkingDirectory
from scheduler_daemon.workspace import WorkspaceRefused, branch, layout
from scheduler_daemon.workspace.git import Git, GitError
from scheduler_daemon.workspace.printable import printable

WORKTREES = ".claude/worktrees"
"""The folder of worktrees below the top of a repository; the agent's own are kept there too."""
_LONGEST_SLUG = 50
_LONGEST_SHOWN = 200


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
    except OSError as error:
        raise WorkspaceRefused(f"git cannot be asked about {path}: {error.strerror}") from error


def _check_repository(config: JobWorkingDirectory, job_name: str, path: Path) -> None:
    tree = layout.find(path)
    git = Git(path, search_above=True)
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
    refuse_without_folder(at_top, config, start)
    directory_of(config, job_name)


def refuse_without_folder(git: Git, config: JobWorkingDirectory, start: str) -> None:
    """Refuse a worktree in which there would be no such folder; ``git`` is at the top of the repository.

    Raises:
        WorkspaceRefused: what the worktree starts from has no such folder.
    """
    below = Path(os.path.realpath(expanded(config))).relative_to(git.directory).as_posix()
    if git.out("cat-file", "-t", f"{start}:{'' if below == '.' else below}", accept=(0, 128)) != b"tree\n":
        named = start.removeprefix("refs/heads/").removeprefix("refs/remotes/")
        raise WorkspaceRefused(
            f"the branch {named!r} has no folder {below!r}, so a worktree of it has none "
            f"to work in; commit the folder there, or name {git.directory}"
        )


def directory_of(config: JobWorkingDirectory, job_name: str) -> Path:
    """The directory the job's runs work in, whether it is there yet or not.

    With a worktree: the same folder below the worktree's top as ``path`` is below its repository's.

    Raises:
        WorkspaceRefused: a worktree is asked for and the path lies in no git work tree; or it is no text.
    """
    path = expanded(config)
    if not config.use_git_worktree:
        return path
    tree = repository_of(config)
    return _text(worktree_folder(tree, config, job_name) / Path(os.path.realpath(path)).relative_to(tree.top))


def repository_of(config: JobWorkingDirectory) -> layout.WorkTree:
    """The work tree the path lies in.

    Raises:
        WorkspaceRefused: it lies in none.
    """
    path = expanded(config)
    tree = layout.find(path)
    if tree is None:
        raise _no_repository(path)
    return tree


def exclusion_key(config: JobWorkingDirectory, job_name: str) -> str:
    """What two runs may not share: the real path of the work tree, or of a directory without git.

    Starts no process and does not fail: of a place that cannot be used it is the path as it is written.
    """
    try:
        path = os.path.expanduser(config.path)  # noqa: PTH111 (Path.expanduser fails for ~nobody)
        tree = layout.find(Path(path))
        if tree is None:
            key = os.path.realpath(path)
        elif config.use_git_worktree:
            key = os.path.realpath(worktree_folder(tree, config, job_name))
        else:
            key = str(tree.top)
    except (OSError, ValueError, RuntimeError):
        key = os.path.normpath(config.path)
    return printable(key)


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
    shown = _shortened(str(path))
    try:
        info = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise WorkspaceRefused(f"the working directory {shown} does not exist; create it or name another") from None
    except OSError as error:
        raise WorkspaceRefused(f"the working directory {shown} cannot be used: {_why(error)}") from error
    if not stat.S_ISDIR(info.st_mode):
        raise WorkspaceRefused(f"the working directory {shown} is not a directory; name the folder it is in")
    if not os.access(path, os.R_OK | os.X_OK):
        raise WorkspaceRefused(f"the working directory {shown} cannot be entered; see `ls -ld {shown}`")
    return path


def expanded(config: JobWorkingDirectory) -> Path:
    """The path with ``~`` expanded.

    Raises:
        WorkspaceRefused: it is relative, ``~name`` is nobody's home, or no file can have such a name.
    """
    shown = repr(_shortened(config.path))
    if "\0" in config.path:
        raise WorkspaceRefused(f"the working directory {shown} has a NUL character in it, which no path can have")
    try:
        os.fsencode(config.path)
        path = Path(os.path.expanduser(config.path))  # noqa: PTH111 (Path.expanduser fails for ~nobody)
    except UnicodeEncodeError:
        raise WorkspaceRefused(
            f"the working directory {shown} has a character that file names cannot have here; name another"
        ) from None
    if config.path.startswith("~") and not path.is_absolute():
        user = config.path.partition("/")[0]
        raise WorkspaceRefused(
            f"the working directory {shown} is not a full path, "
            f"for {_shortened(user)!r} is nobody's home; begin it with /"
        )
    if not path.is_absolute():
        raise WorkspaceRefused(f"the working directory {shown} is not a full path; begin it with / or ~")
    return _text(path)


def _text(path: Path) -> Path:
    """The path, refused where it is no text: it is written down for as long as a run goes on."""
    if printable(str(path)) != str(path):
        raise WorkspaceRefused(f"the directory {path} has a name that is not UTF-8; rename it")
    return path


def _why(error: OSError) -> str:
    match error.errno:
        case errno.ENAMETOOLONG:
            return "the path is longer than the file system takes; name another"
        case errno.ELOOP:
            return "its symbolic links lead in a circle; mend them or name another"
        case errno.EACCES:
            return "a folder above it may not be entered; see `ls -ld` for each, or name another"
        case _:
            return str(error.strerror)


def _shortened(path: str) -> str:
    return path if len(path) <= _LONGEST_SHOWN else f"{path[:_LONGEST_SHOWN]}…"


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
