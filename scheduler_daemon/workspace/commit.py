"""Commits what a run changed, and nothing else, once."""

import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scheduler_daemon.workspace import WorkspaceRefused, index, snapshot, status
from scheduler_daemon.workspace.branch import checked_out
from scheduler_daemon.workspace.git import Git, GitError
from scheduler_daemon.workspace.layout import WorkTree
from scheduler_daemon.workspace.lock import hold
from scheduler_daemon.workspace.printable import printable
from scheduler_daemon.workspace.snapshot import Changes, Snapshot

RUN_TRAILER = "Run"
"""The trailer whose value tells a run's commit from all others."""
_ATTEMPTS = 2
_LOOKS = 3
"""How often the work tree is looked at anew, because somebody else moved HEAD meanwhile."""
_UNDER_WAY = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}
_LINE_ENDERS = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TRAILER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


@dataclass(frozen=True)
class CommitResult:
    """What became of a run's changes."""

    commit: str | None
    """The commit that holds them: ours, or the newest that the run made itself."""
    branch: str | None
    """The branch that is checked out, fit for showing."""
    left: list[str]
    """Paths the run changed that are not committed, fit for showing."""
    changed: bool
    """Whether the run has changed anything; true as well where git could not tell."""
    problem: str | None
    """Why there is no commit although there is something to commit."""


def commit(
    directory: Path, before: Snapshot, message: str, trailers: Mapping[str, str], lock_folder: Path
) -> CommitResult:
    """Commit what has changed in a work tree since a snapshot; safe to repeat.

    Paths that were changed before the snapshot are left alone, in the files and in the index. A commit
    with the same ``Run`` trailer made since the snapshot is taken for this one. Hooks run; a second try
    is made if one refuses but has changed the run's files, as formatters do.

    Nothing is committed, and ``problem`` says so, where the snapshot's work tree is not there any more.

    Raises:
        ValueError: the name of a trailer is none.
    """
    text = _text(message, trailers)
    try:
        with hold(lock_folder, printable(before.top)) as descriptor:
            tree = snapshot.same_tree(directory, before)
            git = Git(tree.top, lock_fds=(descriptor,))
            for _ in range(_LOOKS):
                # A checkout under way shows half of one branch and half of another.
                index.wait_until_free(tree)
                try:
                    return _Work(git, tree, before).commit(text, _folded(trailers.get(RUN_TRAILER, "")))
                except _Moved:
                    continue
            raise WorkspaceRefused(f"somebody else is at work in {tree.top}: its branch moves all the time")
    except (GitError, WorkspaceRefused, OSError) as error:
        return CommitResult(None, None, [], True, printable(f"not committed: {error}"))


def obstacle(tree: WorkTree, branch: str | None) -> str | None:
    """Why nothing can be committed in a work tree, whatever has changed; ``branch`` is what is checked out there."""
    for name, what in _UNDER_WAY.items():
        if (tree.git_dir / name).exists():
            ending = "reset" if what == "bisect" else "abort"
            dash = "" if what == "bisect" else "--"
            return f"a {what} is under way in {tree.top}; end it, for example with `git {what} {dash}{ending}`"
    if branch is None:
        return f"HEAD is on no branch in {tree.top}, so a commit would be lost; switch to one with `git switch`"
    return None


class _Moved(Exception):
    """Somebody else has moved HEAD since the status was read, so what was made of it is out of date."""


class _Work:
    """One look at the work tree and the commit that follows from it, with the lock held."""

    def __init__(self, git: Git, tree: WorkTree, before: Snapshot) -> None:
        self._git = git
        self._tree = tree
        self._before = before
        self._now = status.read(git)
        self._made = snapshot.commits_since(git, before, self._now.head)
        self._changes = snapshot.compare(tree.top, before, self._now, [made.id for made in self._made])

    def commit(self, text: bytes, run: str) -> CommitResult:
        for made in self._made:
            if run and run in made.runs:
                index.follow(self._git, made.id, keep=self._before.dirty, only_unchanged=True)
                return self._result(made.id, None, index.changed_since(self._git, self._changes.paths))
        newest = self._made[-1].id if self._made else None
        problem = self._obstacle()
        if problem is not None and (self._changes.paths or newest):
            return self._result(newest, f"not committed: {problem}", self._changes.paths)
        if not self._changes.paths:
            return self._result(newest, None)
        try:
            ours = self._commit_paths(text, run)
        except GitError as error:
            return self._result(newest, f"not committed: {_explained(error)}", self._changes.paths)
        if ours is None:
            if newest:
                # It may be ours, its trailers stripped by a hook, and a daemon that ended before the index followed.
                index.follow(self._git, newest, keep=self._before.dirty, only_unchanged=True)
            return self._result(newest, None)
        try:
            index.follow(self._git, ours, keep=self._before.dirty)
        except GitError as error:
            return self._result(
                ours,
                f"committed as {ours[:10]}, but the index is behind: {_explained(error)}; "
                f"bring it up to date with `git -C {self._tree.top} reset`",
            )
        return self._result(ours, None, index.changed_since(self._git, self._changes.paths))

    def _commit_paths(self, text: bytes, run: str) -> str | None:
        """The new commit; None if git finds nothing to record, as with changed line ends only."""
        removed, written = self._now.divided(self._changes.paths)
        head = self._now.head
        with index.beside(self._git, self._tree, head) as own:
            empty = own.text("write-tree")
            staged = index.stage(own, removed, written)
            if staged == empty:
                return None
            if self._position() != (self._now.head, self._now.branch):
                raise _Moved
            committing = replace(own, config=stand_in_identity(self._git) | {"i18n.commitEncoding": "UTF-8"})
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    committing.change("commit", "--quiet", "--cleanup=whitespace", "--file=-", stdin=text)
                    break
                except GitError:
                    last, staged = staged, index.stage(own, removed, written)
                    if attempt == _ATTEMPTS or staged == last:
                        raise
        return self._ours(run)

    def _ours(self, run: str) -> str:
        """The commit just made, if it is what it was meant to be.

        Raises:
            _Moved: somebody committed, or switched branches, after we had read HEAD; ours is taken back.
            GitError: a hook has put a person's files in it; it is taken back.
        """
        head, branch = self._position()
        parent = self._git.out("rev-parse", "--verify", "--quiet", "HEAD^", accept=(0, 1)).decode().strip() or None
        if parent != self._now.head or branch != self._now.branch:
            since = replace(self._before, head=self._now.head)
            made = [each.id for each in snapshot.commits_since(self._git, since, head) if run and run in each.runs]
            if parent is not None and (branch != self._now.branch or head in made):
                self._take_back(head, parent)
                raise _Moved
            return made[0] if made else str(head)
        assert head is not None, "it has a parent, or was just made"
        theirs = [path for path in index.changed_paths(self._git, head) if self._before.theirs(path)]
        if theirs and parent is not None:
            self._take_back(head, parent)
            raise GitError(
                "commit", self._tree.top, f"a hook added {', '.join(theirs[:5])}, which was changed before the run"
            )
        return head

    def _take_back(self, made: str | None, parent: str) -> None:
        self._git.change("update-ref", "-m", "ccsched: give way", "HEAD", parent, made or "")

    def _position(self) -> tuple[str | None, str | None]:
        """The commit and the branch that HEAD is at."""
        head = self._git.out("rev-parse", "--verify", "--quiet", "HEAD", accept=(0, 1)).decode().strip() or None
        return head, checked_out(self._git)

    def _obstacle(self) -> str | None:
        if found := obstacle(self._tree, self._now.branch):
            return found
        conflicts = [path for path in self._changes.paths if self._now.entries[path].unmerged]
        if conflicts:
            return f"there are conflicts in {', '.join(conflicts[:5])}; resolve them and commit"
        return None

    def _result(self, made: str | None, problem: str | None, uncommitted: Sequence[str] = ()) -> CommitResult:
        changes: Changes = self._changes
        branch = None if self._now.branch is None else printable(self._now.branch)
        left = [printable(path) for path in sorted({*changes.left, *uncommitted})]
        return CommitResult(made, branch, left, changes.any, None if problem is None else printable(problem))


def _explained(error: GitError) -> str:
    if error.locked:
        return f"another git holds a lock ({error.said}); if none is at work there, delete the lock file"
    return str(error)


def stand_in_identity(git: Git) -> dict[str, str]:
    """A name and an address for those who have set none; an author in the environment comes first."""
    listed = git.out("config", "-z", "--get-regexp", r"^user\.(name|email)$", accept=(0, 1))
    configured = {item.partition(b"\n")[0] for item in listed.split(b"\0")}
    identity = {}
    if b"user.name" not in configured:
        identity["user.name"] = "ccsched"
    if b"user.email" not in configured and "EMAIL" not in os.environ:
        identity["user.email"] = "ccsched@localhost"
    return identity


def _text(message: str, trailers: Mapping[str, str]) -> bytes:
    """A subject of one line and a block of trailers, as git-interpret-trailers(1) reads them."""
    lines = []
    for name, value in trailers.items():
        if not _TRAILER_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a trailer")
        if folded := _folded(value):
            lines.append(f"{name}: {folded}")
    return "\n".join([_folded(message), "", *lines, ""]).encode()


def _folded(text: str) -> str:
    """Text on one line, without control characters."""
    return " ".join("".join(" " if unicodedata.category(c) in _LINE_ENDERS else c for c in text).split())
