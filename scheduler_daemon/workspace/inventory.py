"""Which worktrees lie in the repositories that were worked in, how large are they, and what is in them?"""

import os
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scheduler_daemon.workspace import branch, layout, loss
from scheduler_daemon.workspace.git import Git, GitError
from scheduler_daemon.workspace.loss import Loss
from scheduler_daemon.workspace.place import WORKTREES
from scheduler_daemon.workspace.printable import printable

_BLOCK = 512
"""Bytes in the unit of ``st_blocks``, whatever the file system's own is (POSIX, sys/stat.h)."""


@dataclass(frozen=True)
class Worktree:
    """A folder below ``.claude/worktrees/``; texts are fit for showing."""

    path: str
    repository: str
    """The top of the repository's first work tree."""
    exists: bool
    """Whether its folder is there, and not only what git keeps of it."""
    registered: bool
    """Whether git knows it; one that it does not is a folder that was set aside, or whose repository is another."""
    ours: bool
    """Whether it was made by this program, and not by the agent itself or a person."""
    branch: str | None
    """The branch that is checked out; None for none."""
    locked: str | None
    """Why git is to leave it alone; None if it is not."""
    size: int
    """Bytes on disk."""
    uncommitted: int
    """How many paths have content that is in no commit."""
    unmerged: int
    """How many of its commits are in no other branch."""
    problem: str | None
    """Why the last two are not known."""

    @property
    def clean(self) -> bool | None:
        """Whether every file is committed or ignored; None where git cannot tell."""
        return None if self.problem else not self.uncommitted

    @property
    def merged(self) -> bool | None:
        """Whether every commit is in another branch as well; None where git cannot tell."""
        return None if self.problem else not self.unmerged

    @property
    def commands(self) -> list[str]:
        """What a person types to remove it, and the branch that was made for it."""
        folder, git = shlex.quote(self.path), f"git -C {shlex.quote(self.repository)}"
        if not self.registered:
            return [f"rm -rf {folder}"]
        force = "" if self.clean else " --force"
        own = self.ours and self.branch is not None and self.path.endswith(f"/{WORKTREES}/{self.branch}")
        remove = f"{git} worktree remove{force} {folder}"
        return [remove, f"{git} branch -D {shlex.quote(str(self.branch))}"] if own else [remove]


def repositories(directories: Iterable[str]) -> list[layout.WorkTree]:
    """The repositories that directories lie in, or lay in when they were there: each by its first work tree, once."""
    found: dict[Path, layout.WorkTree] = {}
    for directory in directories:
        tree = layout.find(Path(directory))
        first = tree and layout.find(tree.main_top)
        if first:
            found.setdefault(first.top, first)
    return [found[top] for top in sorted(found)]


def worktrees(tree: layout.WorkTree, passed_over: Iterable[str] = ()) -> Iterator[Worktree]:
    """The worktrees of a repository below its ``.claude/worktrees/``, but for the folders that are passed over.

    Git is asked about each, and each file is looked at for its size, so it may take minutes.
    """
    left_out, below = set(passed_over), tree.main_top / WORKTREES
    known = {}
    for registered in layout.registrations(tree.common_dir):
        folder = layout.place_of(registered)
        if folder is not None and folder.is_relative_to(below):
            known[folder] = registered
    for folder in sorted({*known, *_folders(below)}):
        if printable(str(folder)) not in left_out:
            yield _looked_at(tree, folder, known.get(folder), size_on_disk(folder))


def removal_of(folder: Path) -> list[str]:
    """What a person types to remove the worktree in a folder; nothing where there is none.

    Git is asked about it.
    """
    tree = layout.find(folder)
    first = tree and layout.find(tree.main_top)
    if first is None:
        return []
    return _looked_at(first, folder, layout.registration(first.common_dir, folder), 0).commands


def size_on_disk(folder: Path) -> int:
    """The bytes that a folder and all in it take on the disk; a file of several names counts once."""
    total, seen = 0, set()
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                found = [
                    (entry.path, entry.stat(follow_symlinks=False), entry.is_dir(follow_symlinks=False))
                    for entry in entries
                ]
        except OSError:
            continue  # gone in the meantime, or closed to us
        for path, info, is_folder in found:
            if is_folder:
                waiting.append(path)
            elif info.st_nlink > 1:
                if (info.st_dev, info.st_ino) in seen:
                    continue
                seen.add((info.st_dev, info.st_ino))
            total += info.st_blocks * _BLOCK
    return total


def _folders(above: Path) -> Iterator[Path]:
    """The work trees below a folder of worktrees, whether git knows them or not: a name may have ``/`` in it."""
    try:
        with os.scandir(above) as entries:
            folders = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return
    for folder in folders:
        if layout.git_dir_of(folder) is not None:
            yield folder
        else:
            yield from _folders(folder)


def _looked_at(tree: layout.WorkTree, folder: Path, registered: Path | None, size: int) -> Worktree:
    current, lost, problem, exists = None, Loss(), None, folder.exists()
    try:
        if registered is None:
            problem = "git does not know it as a worktree of this repository"
        elif exists:
            current, lost = _state(Git(tree.main_top), folder, registered)
    except (GitError, OSError) as error:
        problem = printable(str(error))
    return Worktree(
        path=printable(str(folder)),
        repository=printable(str(tree.main_top)),
        exists=exists,
        registered=registered is not None,
        ours=registered is not None and (registered / layout.OURS).exists(),
        branch=None if current is None else printable(current),
        locked=None if registered is None else layout.lock_reason(registered),
        size=size,
        uncommitted=len(lost.uncommitted),
        unmerged=lost.commits,
        problem=problem,
    )


def _state(git: Git, folder: Path, registered: Path) -> tuple[str | None, Loss]:
    inside = Git(folder)
    name = branch.checked_out(inside)
    lost, head = loss.of_files(folder, registered), branch.commit_of(inside, "HEAD")
    if head is not None:
        lost = lost.with_commits(loss.commits_apart(git, head, loss.all_others(name)))
    return name, lost
