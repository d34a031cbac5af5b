"""An index beside the work tree's own, in which exactly a run's paths are staged.

The run's changes are committed from it, so what a person has staged in their own index stays as it is,
and a commit that a hook refuses has staged nothing.
"""

import os
import shutil
import time
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from scheduler_daemon.workspace.git import LOCK_WAIT, Git, GitError
from scheduler_daemon.workspace.layout import WorkTree

_NAME = "ccsched-index"


@contextmanager
def beside(git: Git, tree: WorkTree, head: str | None) -> Iterator[Git]:
    """Git with an index of its own that holds what ``head`` holds.

    It begins as a copy of the real one, for the sake of the file times in it: without them git would
    read every file of the work tree again.
    """
    path = tree.git_dir / _NAME
    lock = path.with_name(f"{_NAME}.lock")
    # Both can be there only because a git of ours was killed: we hold the lock of this work tree.
    lock.unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    own = replace(git, index=path)
    try:
        if head is None:
            own.out("read-tree", "--empty")
        else:
            if (tree.git_dir / "index").exists():
                # With its time: git trusts the file times in an index only where they are older than it.
                shutil.copy2(tree.git_dir / "index", path)
            own.out("read-tree", "--reset", head)
        yield own
    finally:
        path.unlink(missing_ok=True)


def stage(own: Git, removed: Iterable[str], written: Iterable[str]) -> str:
    """Stage paths as they are in the work tree; the id of the tree that a commit would hold now."""
    # Removals first: a file may have become a folder, or a folder a file.
    own.out("update-index", "-z", "--force-remove", "--stdin", stdin=_listed(removed))
    own.out("update-index", "-z", "--add", "--remove", "--replace", "--stdin", stdin=_listed(written))
    return own.text("write-tree")


def follow(git: Git, commit: str, keep: Container[str], only_unchanged: bool = False) -> None:
    """Give the work tree's own index what ``commit`` changed, save for the paths in ``keep``.

    With ``only_unchanged``, only paths that still are as before the commit: for repeating this later,
    when somebody may have staged something else since.
    """
    differences = _differences(git, commit)
    if only_unchanged:
        staged = _staged(git)
        differences = [d for d in differences if staged.get(d.path, "000000 absent") == d.before]
    lines = [d.line for d in differences if d.path not in keep]
    if not lines:
        return
    git.change("update-index", "-z", "--replace", "--index-info", stdin=b"".join(lines))
    # So that the next status need not read these files again. It may find a changed file (exit status 1)
    # or a locked index (128); then the next status reads them.
    git.out("update-index", "-q", "--refresh", accept=(0, 1, 128))


def changed_since(git: Git, paths: Iterable[str]) -> list[str]:
    """Those of the paths that are no longer as they are in the index: a hook has written them after being staged."""
    changed = set(os.fsdecode(git.out("diff-files", "--name-only", "-z")).split("\0"))
    return [path for path in paths if path in changed]


def wait_until_free(tree: WorkTree) -> None:
    """Wait until no other git changes the index.

    Raises:
        GitError: another one has held it all the time, or was killed while it did.
    """
    lock = tree.git_dir / "index.lock"
    deadline, pause = time.monotonic() + LOCK_WAIT, 0.02
    while lock.exists():
        if time.monotonic() + pause > deadline:
            raise GitError("commit", tree.top, f"Unable to create '{lock}': File exists.")
        # A lock file that goes away tells nobody.
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)


def changed_paths(git: Git, commit: str) -> list[str]:
    """The paths that a commit changes."""
    return [difference.path for difference in _differences(git, commit)]


@dataclass(frozen=True)
class _Difference:
    path: str
    before: str
    line: bytes


def _differences(git: Git, commit: str) -> list[_Difference]:
    raw = git.out("diff-tree", "-r", "-z", "--root", "--no-commit-id", "--no-renames", "--raw", commit)
    fields = raw.split(b"\0")
    found = []
    for columns, path in zip(fields[0::2], fields[1::2], strict=False):
        old_mode, mode, old_blob, blob, _ = columns.removeprefix(b":").split(b" ")
        before = "000000 absent" if old_mode == b"000000" else f"{old_mode.decode()} {old_blob.decode()}"
        line = mode.lstrip(b"0").rjust(1, b"0") + b" " + blob + b"\t" + path + b"\0"
        found.append(_Difference(os.fsdecode(path), before, line))
    # Removals first, as in `stage`.
    return sorted(found, key=lambda difference: not difference.line.startswith(b"0 "))


def _staged(git: Git) -> dict[str, str]:
    staged = {}
    for record in os.fsdecode(git.out("ls-files", "--stage", "-z")).split("\0"):
        columns, _, path = record.partition("\t")
        if path:
            mode, blob, _ = columns.split(" ")
            staged[path] = f"{mode} {blob}"
    return staged


def _listed(paths: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(path) + b"\0" for path in paths)
