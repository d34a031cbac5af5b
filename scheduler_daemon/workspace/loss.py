"""What is in a worktree and nowhere else, and would be lost with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scheduler_daemon.workspace import branch, layout, status
from scheduler_daemon.workspace.git import Git
from scheduler_daemon.workspace.printable import printable

_SHOWN = 5


@dataclass(frozen=True)
class Loss:
    """What goes with a worktree, fit for showing; false if that is nothing."""

    uncommitted: Sequence[str] = ()
    """Paths whose content is in no commit; ignored files do not count."""
    commits: int = 0
    """Commits that are in none of the branches that stay."""
    submodules: bool = False
    """Whether it has submodules: their commits are kept with the worktree."""

    def __bool__(self) -> bool:
        return bool(self.uncommitted or self.commits or self.submodules)

    def in_words(self) -> str:
        """All of it, as one phrase."""
        parts = []
        if self.uncommitted:
            more = f" and {len(self.uncommitted) - _SHOWN} more" if len(self.uncommitted) > _SHOWN else ""
            parts.append(f"uncommitted changes ({', '.join(self.uncommitted[:_SHOWN])}{more})")
        if self.commits:
            parts.append("1 unmerged commit" if self.commits == 1 else f"{self.commits} unmerged commits")
        if self.submodules:
            parts.append("its submodules, whose commits may be nowhere else")
        return " and ".join(parts)

    def with_commits(self, count: int) -> "Loss":
        """The same with more commits."""
        return replace(self, commits=self.commits + count)


def of_files(folder: Path, registered: Path) -> Loss:
    """What is in the folder of a worktree and in no commit.

    Raises:
        GitError: git cannot tell.
    """
    entries = status.read(Git(folder)).entries
    return Loss([printable(path) for path in sorted(entries)], submodules=(registered / "modules").is_dir())


def commits_apart(git: Git, tip: str, branches: Sequence[str]) -> int:
    """How many commits ``tip`` has that none of the branches has.

    Raises:
        GitError: git cannot tell.
    """
    return int(git.text("rev-list", "--count", tip, "--not", *branches, "--"))


def destinations(git: Git, name: str, start: str) -> list[str]:
    """Where the commits of a worktree's branch are to go: the branch it began at, and what is upstream of both."""
    revisions = (f"refs/heads/{start}", f"refs/remotes/{start}", f"{start}@{{upstream}}", f"{name}@{{upstream}}")
    return [found for each in revisions if (found := branch.commit_of(git, each))]


def all_others(name: str | None) -> list[str]:
    """Every branch but one, be it local or remote-tracking, as arguments of git."""
    return [*([] if name is None else [f"--exclude={name}"]), "--branches", "--remotes"]


def inside(tree: layout.WorkTree, folder: Path) -> Path | None:
    """Another work tree of the repository that lies in the folder: git does not count it as the folder's content."""
    for registered in layout.registrations(tree.common_dir):
        place = layout.place_of(registered)
        if place is not None and place != folder and place.is_relative_to(folder) and place.exists():
            return place
    return None
