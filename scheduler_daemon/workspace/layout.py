"""Where git keeps what belongs to a directory, read from its files without starting git.

The layout is that of gitrepository-layout(5).
"""

import os
from dataclasses import dataclass
from pathlib import Path

from scheduler_daemon.workspace.regular import open_regular

_LONGEST_LINE = 2**16


@dataclass(frozen=True)
class WorkTree:
    """A work tree; all paths are real ones, free of symbolic links."""

    top: Path
    git_dir: Path
    """Its own HEAD and index."""
    common_dir: Path
    """Configuration and branches, shared with the repository's other work trees."""

    @property
    def main_top(self) -> Path:
        """The top of the repository's first work tree; this tree's own top where there is none."""
        linked = self.git_dir != self.common_dir
        return self.common_dir.parent if linked and self.common_dir.name == ".git" else self.top


def find(directory: Path) -> WorkTree | None:
    """The work tree a directory lies in; None if it lies in none."""
    real = Path(os.path.realpath(directory))
    for folder in (real, *real.parents):
        git_dir = git_dir_of(folder)
        if git_dir is not None:
            common = _line(git_dir / "commondir")
            return WorkTree(folder, git_dir, _real(git_dir, common) if common else git_dir)
    return None


def git_dir_of(folder: Path) -> Path | None:
    """What the ``.git`` in a folder is or names, whether that still exists or not."""
    dot_git = folder / ".git"
    if os.path.isfile(dot_git / "HEAD"):  # noqa: PTH113 (Path.is_file fails where one may not look)
        return Path(os.path.realpath(dot_git))
    line = _line(dot_git)
    if line is not None and line.startswith("gitdir: "):
        return _real(folder, line.removeprefix("gitdir: "))
    return None


def registration(common_dir: Path, folder: Path) -> Path | None:
    """The folder in which a repository keeps the linked work tree ``folder``, if it has one."""
    registered = sorted((common_dir / "worktrees").glob("*"))
    return next((each for each in registered if belongs_to(each, folder)), None)


def belongs_to(registered: Path, folder: Path) -> bool:
    """Whether a registration is that of the linked work tree ``folder``."""
    named = _line(registered / "gitdir")
    return named is not None and os.path.realpath(registered / named) == os.path.realpath(folder / ".git")


def lock_reason(registered: Path) -> str | None:
    """Why a linked work tree is locked; None if it is not."""
    return (_line(registered / "locked") or "") if (registered / "locked").exists() else None


def _line(path: Path) -> str | None:
    try:
        with open_regular(path) as file:
            return os.fsdecode(file.read(_LONGEST_LINE)).rstrip("\n")
    except (OSError, ValueError):
        return None


def _real(base: Path, named: str) -> Path:
    return Path(os.path.realpath(base / named))
