"""Between which two trees a run's changes lie, for git to show: of a run that has ended, and of one under way."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scheduler_daemon.workspace import WorkspaceRefused, branch, index, layout, snapshot, status
from scheduler_daemon.workspace.git import Git
from scheduler_daemon.workspace.lock import hold
from scheduler_daemon.workspace.printable import printable
from scheduler_daemon.workspace.snapshot import Snapshot


@dataclass(frozen=True)
class Difference:
    """Two trees that git can compare."""

    repository: str
    """A work tree of the repository that has both."""
    before: str
    after: str
    """Ids of commits or trees; the same if nothing has changed between them."""
    left: list[str]
    """Paths the run changed whose content is not in ``after``, fit for showing."""


def of_commit(directories: Iterable[str], base: str | None, commit: str) -> Difference:
    """What a run committed: all from where it began, or its last commit where that is not known.

    Args:
        directories: where the repository may be found, the likeliest first; they need not exist any more.
        base: the commit at which the run began.
        commit: the newest commit of the run.

    Raises:
        WorkspaceRefused: the repository is gone, or the commit is.
        GitError: git cannot tell.
    """
    tops: list[Path] = []
    for directory in directories:
        tree = layout.find(Path(directory))
        if tree is not None and tree.top not in tops:
            tops.append(tree.top)
    for top in tops:
        git = Git(top)
        if branch.commit_of(git, commit):
            return Difference(printable(str(top)), _began_at(git, base, commit), commit, [])
    if not tops:
        raise WorkspaceRefused(f"the repository is gone, and with it the commit {commit[:12]} that holds the changes")
    places = " and ".join(map(str, tops))
    raise WorkspaceRefused(
        f"the commit {commit[:12]} that holds the changes is not in {places} any more: "
        "git removes what no branch has some weeks after its branch was deleted or rewritten"
    )


def of_work_tree(directory: Path, before: Snapshot, lock_folder: Path) -> Difference:
    """What has changed in a work tree since a snapshot, as far as it can be committed.

    The files are put into the repository as objects, as for a commit, and nothing else of it changes.

    Raises:
        WorkspaceRefused: the snapshot's work tree is not there any more, or another git is at work in it.
        GitError: git cannot tell, for example because a file changes while it is read.
    """
    with hold(lock_folder, printable(before.top)) as descriptor:
        tree = snapshot.same_tree(directory, before)
        git = Git(tree.top, lock_fds=(descriptor,))
        now = status.read(git)
        found = snapshot.compare(tree.top, before, now, [])
        with index.beside(git, tree, now.head) as own:
            after = index.stage(own, *now.divided(found.paths))
        began = _empty_tree(git) if before.head is None else git.text("rev-parse", f"{before.head}^{{tree}}")
        return Difference(printable(str(tree.top)), began, after, [printable(path) for path in found.left])


def _began_at(git: Git, base: str | None, commit: str) -> str:
    # The run may have switched to another branch, whose history is not its work.
    if base is not None and branch.commit_of(git, base) and git.says_yes("merge-base", "--is-ancestor", base, commit):
        return base
    return branch.commit_of(git, f"{commit}^") or _empty_tree(git)


def _empty_tree(git: Git) -> str:
    return git.text("hash-object", "-t", "tree", "--stdin")
