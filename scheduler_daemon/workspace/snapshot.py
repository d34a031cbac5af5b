"""What a work tree was like before a run, and what the run has changed since."""

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self, TypedDict
from urllib.parse import quote, unquote_to_bytes

from scheduler_daemon.workspace import WorkspaceRefused, layout, status
from scheduler_daemon.workspace.git import Git, GitError
from scheduler_daemon.workspace.layout import WorkTree
from scheduler_daemon.workspace.regular import open_regular

_READ_OF_ONE = 10 * 2**20
_READ_OF_ALL = 64 * 2**20
"""Bytes read for fingerprints when a run starts, which waits for them; past that, size and time must do."""
_BY_STAT = "stat "
"""What a fingerprint begins with that is not of the content."""
_COMMITS = 1000


class SnapshotData(TypedDict):
    """A snapshot as JSON values; paths and the branch are percent-encoded, for they need not be text."""

    top: str
    git_dir: str
    head: str | None
    branch: str | None
    dirty: dict[str, str]
    ignored: list[str]


@dataclass(frozen=True)
class Snapshot:
    """A work tree before a run."""

    top: str
    git_dir: str
    """With ``top``, which work tree it is: where both are as before, the run's is still there."""
    head: str | None
    """The commit; None before the first one."""
    branch: str | None
    """None if HEAD is on no branch."""
    dirty: Mapping[str, str]
    """A fingerprint of the content of each path that differs from HEAD or is untracked."""
    ignored: frozenset[str] = frozenset()
    """Files and whole folders that git is told to ignore: a run may change what is ignored, not whose they are."""

    def holds_ignored(self, path: str) -> bool:
        """Whether the path was ignored before the run, by itself or with a folder it is in."""
        return path in self.ignored or any(str(folder) in self.ignored for folder in PurePosixPath(path).parents)

    def theirs(self, path: str) -> bool:
        """Whether the path was changed, untracked or ignored before the run: it is a person's."""
        return path in self.dirty or self.holds_ignored(path)

    def to_dict(self) -> SnapshotData:
        """The snapshot as JSON values."""
        return {
            "top": _encoded(self.top),
            "git_dir": _encoded(self.git_dir),
            "head": self.head,
            "branch": None if self.branch is None else _encoded(self.branch),
            "dirty": {_encoded(path): print_ for path, print_ in self.dirty.items()},
            "ignored": [_encoded(path) for path in sorted(self.ignored)],
        }

    @classmethod
    def from_dict(cls, data: SnapshotData) -> Self:
        """The snapshot that ``to_dict()`` wrote."""
        return cls(
            top=_decoded(data["top"]),
            git_dir=_decoded(data["git_dir"]),
            head=data["head"],
            branch=None if data["branch"] is None else _decoded(data["branch"]),
            dirty={_decoded(path): print_ for path, print_ in data["dirty"].items()},
            ignored=frozenset(_decoded(path) for path in data["ignored"]),
        )


@dataclass(frozen=True)
class Commit:
    """A commit made since a snapshot."""

    id: str
    runs: frozenset[str]
    """The values of its ``Run`` trailers."""


@dataclass(frozen=True)
class Changes:
    """What a run changed; paths are relative to the top of the work tree, sorted."""

    head: str | None
    moved: bool
    """Whether HEAD is another commit than before, be it a newer one or not."""
    commits: list[str]
    """The commits made since the snapshot, oldest first, the newest 1,000 at most."""
    paths: list[str]
    """Changed by the run, and as in HEAD before it."""
    left: list[str]
    """Changed by the run, but changed by somebody else or ignored before it; or a repository of its own."""

    @property
    def any(self) -> bool:
        """Whether there is a trace of the run, in commits or in files git does not ignore."""
        return self.moved or bool(self.paths or self.left)


def take(directory: Path) -> Snapshot | None:
    """The state of the work tree a directory lies in; None if it lies in none.

    Raises:
        GitError: git cannot tell.
    """
    tree = layout.find(directory)
    if tree is None:
        return None
    now = status.read(Git(tree.top))
    left_to_read = _READ_OF_ALL
    dirty = {}
    for path, entry in now.entries.items():
        size = _size(tree.top / path)
        by_content = size <= min(_READ_OF_ONE, left_to_read)
        left_to_read -= size if by_content else 0
        dirty[path] = _fingerprint(tree.top, path, entry, by_content)
    return Snapshot(str(tree.top), str(tree.git_dir), now.head, now.branch, dirty, now.ignored)


def carried(before: Snapshot, left: Snapshot, now: Snapshot) -> Snapshot:
    """What a run is to be compared with that goes on where an earlier one left off, so that it has the work of both.

    What is as the earlier run left it counts as it was before that run. What differs was changed by a person in
    between, and counts as it is now, and so do commits that were added to the branch in between. Where HEAD has gone
    elsewhere, or the work tree is another, all of it does.

    Args:
        before: what the earlier run was compared with.
        left: the work tree when the earlier run had ended.
        now: the work tree as it is at this moment: fingerprints of two kinds are compared by looking at the file.
    """
    places = {(each.top, each.git_dir) for each in (before, left, now)}
    if len(places) > 1 or left.branch != now.branch or not _leads_to(left.head, now):
        return now
    dirty: dict[str, str] = {}
    for path in before.dirty.keys() | left.dirty.keys() | now.dirty.keys():
        untouched = _same(Path(now.top) / path, left.dirty.get(path), now.dirty.get(path))
        state = (before if untouched else now).dirty.get(path)
        if state is not None:
            dirty[path] = state
    # Commits of the earlier run's own count as made by both, unless somebody has put others on top of them.
    head = before.head if left.head == now.head else now.head
    # Of what is ignored the content is not known, so whether a person has changed it is not either.
    return Snapshot(now.top, now.git_dir, head, now.branch, dirty, before.ignored | now.ignored)


def _leads_to(head: str | None, now: Snapshot) -> bool:
    """Whether the commit that is checked out now is this one, or has it among those before it."""
    if head is None or head == now.head:
        return True
    try:
        return now.head is not None and Git(Path(now.top)).says_yes("merge-base", "--is-ancestor", head, now.head)
    except GitError:  # it is not in the repository any more
        return False


def same_tree(directory: Path, snapshot: Snapshot) -> WorkTree:
    """The work tree of a snapshot, if the directory still lies in it.

    Were it gone, the next one above would be found: that of a repository around it, with a person's files.

    Raises:
        WorkspaceRefused: it lies in another one now, or in none.
    """
    tree = layout.find(directory)
    if tree is None or (str(tree.top), str(tree.git_dir)) != (snapshot.top, snapshot.git_dir):
        raise WorkspaceRefused(
            f"the work tree {snapshot.top}, in which the run began, is no longer there, so what the run changed "
            f"cannot be told; nothing around it was touched"
        )
    return tree


def changes(directory: Path, snapshot: Snapshot) -> Changes:
    """What has changed in the work tree since the snapshot.

    Raises:
        GitError: git cannot tell.
        WorkspaceRefused: the directory does not lie in the work tree of the snapshot any more.
    """
    tree = same_tree(directory, snapshot)
    git = Git(tree.top)
    now = status.read(git)
    return compare(tree.top, snapshot, now, [commit.id for commit in commits_since(git, snapshot, now.head)])


def compare(top: Path, snapshot: Snapshot, now: status.Status, commits: Iterable[str]) -> Changes:
    """What differs between a snapshot and the status the work tree has now."""
    moved = now.head != snapshot.head
    paths: list[str] = []
    left: list[str] = []
    for path, entry in now.entries.items():
        before = snapshot.dirty.get(path)
        if before is None:
            its_own = entry.repository and not entry.repository_moved
            (left if its_own or snapshot.holds_ignored(path) else paths).append(path)
        elif before != _fingerprint(top, path, entry, not before.startswith(_BY_STAT)):
            left.append(path)
    if not moved:
        # Set back to what HEAD has. Had HEAD moved, they would most likely have been committed.
        left += [path for path in snapshot.dirty if path not in now.entries]
    return Changes(now.head, moved, list(commits), sorted(paths), sorted(left))


def commits_since(git: Git, snapshot: Snapshot, head: str | None) -> list[Commit]:
    """The commits on the way from the snapshot's HEAD to ``head``, oldest first; not those of merged branches."""
    if head is None or head == snapshot.head:
        return []
    span = head if snapshot.head is None else f"{snapshot.head}..{head}"
    trailers = "%(trailers:key=Run,valueonly,separator=%x0A)"
    log = git.text(
        "log",
        "-z",
        "--no-show-signature",
        "--first-parent",
        "--reverse",
        f"--max-count={_COMMITS}",
        f"--format=%H%x0A{trailers}",
        span,
        "--",
    )
    found = [record.split("\n") for record in log.split("\0") if record]
    return [Commit(lines[0], frozenset(lines[1:])) for lines in found]


def _same(file: Path, left: str | None, now: str | None) -> bool:
    """Whether a path is as it was left; which kind of fingerprint it has depends on what else was to be read."""
    if left is not None and now is not None and left.startswith(_BY_STAT) != now.startswith(_BY_STAT):
        if _size(file) > _READ_OF_ONE:
            return False
        now = _fingerprint_of_file(file, by_content=not left.startswith(_BY_STAT))
    return left == now


def _fingerprint(top: Path, path: str, entry: status.Entry, by_content: bool) -> str:
    if entry.repository:
        return f"repository {_checked_out(top / path)} {entry.repository_moved}"
    return _fingerprint_of_file(top / path, by_content)


def _fingerprint_of_file(file: Path, by_content: bool) -> str:
    try:
        info = file.lstat()
        if stat.S_ISLNK(info.st_mode):
            return f"link {hashlib.sha256(os.fsencode(file.readlink())).hexdigest()}"
        if not stat.S_ISREG(info.st_mode):
            return "no file"
        executable = "x" if info.st_mode & stat.S_IXUSR else "-"
        if by_content and os.access(file, os.R_OK):
            with open_regular(file, follow=False) as content:
                return f"{executable} {hashlib.file_digest(content, 'sha256').hexdigest()}"
    except (FileNotFoundError, NotADirectoryError):
        return "gone"
    except OSError:
        return "unreadable"
    return f"{_BY_STAT}{executable} {info.st_size} {info.st_mtime_ns}"


def _size(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:
        return 0


def _checked_out(repository: Path) -> str:
    try:
        return Git(repository).text("rev-parse", "--verify", "--quiet", "HEAD")
    except GitError:
        return "nothing"


def _encoded(name: str) -> str:
    return quote(os.fsencode(name), safe="/ ")


def _decoded(name: str) -> str:
    return os.fsdecode(unquote_to_bytes(name))
