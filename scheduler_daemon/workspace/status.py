"""What git says differs between HEAD, the index and the files of a work tree."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scheduler_daemon.workspace.git import Git
from scheduler_daemon.workspace.place import WORKTREES

_COMMAND = (
    "status",
    "--porcelain=v2",
    "--branch",
    "-z",
    "--untracked-files=all",
    "--ignored=matching",
    "--no-renames",
    "--no-ahead-behind",
)


@dataclass(frozen=True)
class Entry:
    """How one path differs; the letters are those of git-status(1), ``.`` for no difference."""

    index: str = "."
    files: str = "."
    untracked: bool = False
    repository: bool = False
    """Whether it is a submodule, or a repository that lies in this one."""
    repository_moved: bool = False
    """Whether a commit can record it: a submodule with another commit, a new or a removed submodule."""

    @property
    def unmerged(self) -> bool:
        """Whether the path has a conflict that nobody has resolved."""
        return self.index == "u"

    @property
    def removed(self) -> bool:
        """Whether the path is to leave the repository: the file is gone, or git is to forget it.

        A path that was taken out of the index but is there and not ignored was written anew.
        """
        return not self.untracked and (self.files == "D" or self.index == "D")


@dataclass(frozen=True)
class Status:
    """A work tree at one moment; paths are relative to its top."""

    head: str | None
    """The commit; None before the first one."""
    branch: str | None
    """None if HEAD is on no branch."""
    entries: Mapping[str, Entry]
    ignored: frozenset[str] = frozenset()
    """What git is told to ignore: files, and folders of which everything is."""

    def divided(self, paths: Iterable[str]) -> tuple[list[str], list[str]]:
        """Those of the paths that are to leave the repository, and those that are to be recorded as they are."""
        removed: list[str] = []
        written: list[str] = []
        for path in paths:
            (removed if self.entries[path].removed else written).append(path)
        return removed, written


def read(git: Git) -> Status:
    """The status of the work tree at whose top ``git`` is; worktrees inside it are no part of it.

    Raises:
        GitError: git cannot tell.
    """
    head: str | None = None
    branch: str | None = None
    entries: dict[str, Entry] = {}
    ignored: set[str] = set()
    for record in git.out(*_COMMAND).split(b"\0"):
        match record[:2]:
            case b"# ":
                _, name, value = os.fsdecode(record).split(" ", 2)
                if name == "branch.oid" and value != "(initial)":
                    head = value
                if name == "branch.head" and value != "(detached)":
                    branch = value
            case b"1 " | b"u ":
                fields = 8 if record[:1] == b"1" else 10
                columns = os.fsdecode(record).split(" ", fields)
                path = columns[fields]
                before = entries.get(path, Entry())
                entries[path] = Entry(
                    index="u" if record[:1] == b"u" else columns[1][0],
                    files=columns[1][1],
                    untracked=before.untracked,
                    repository=before.repository or columns[2].startswith("S") or "160000" in columns[3:6],
                    repository_moved=columns[2].startswith("SC") or columns[1] not in (".M", ".."),
                )
            case b"? ":
                path = os.fsdecode(record[2:])
                tracked = entries.get(path.rstrip("/"), Entry())
                entries[path.rstrip("/")] = Entry(
                    index=tracked.index,
                    files=tracked.files,
                    untracked=True,
                    repository=path.endswith("/"),
                )
            case b"! ":
                ignored.add(os.fsdecode(record[2:]).rstrip("/"))
            case _:
                pass
    embedded = {path for path, entry in entries.items() if entry.repository and entry.index == "A"}
    for path in embedded - _submodules(git) if embedded else ():
        # Added by name only, as `git add` does with a clone inside the tree: a commit of it leads nowhere.
        entries[path] = replace(entries[path], repository_moved=False)
    inside = f"{WORKTREES}/"
    entries = {path: entry for path, entry in entries.items() if not path.startswith(inside)}
    return Status(head, branch, entries, frozenset(ignored))


def _submodules(git: Git) -> set[str]:
    listed = git.out("config", "-z", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$", accept=(0, 1))
    return {os.fsdecode(item).partition("\n")[2] for item in listed.split(b"\0") if item}
