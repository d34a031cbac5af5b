"""Where git keeps what belongs to a directory, read from its files without starting git.

The layout is that of gitrepository-layout(5).
"""

import os
from dataclasses import dataclass
from pathlib import Path

from scheduler_daemon.workspace.regular import open_regular

OURS = "ccsched"
"""A file in git's registration of a worktree: the worktree is complete and made by this program."""
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
    """The work tree a directory lies in; None if it lies in none, or in a bare repository in one."""
    real = Path(os.path.realpath(directory))
    for folder in (real, *real.parents):
        if _is_bare(folder):
            return None
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


def registrations(common_dir: Path) -> list[Path]:
    """The folders in which a repository keeps its linked work trees."""
    return sorted((common_dir / "worktrees").glob("*"))


def registration(common_dir: Path, folder: Path) -> Path | None:
    """The one of them that is kept for the linked work tree ``folder``, if there is one."""
    return next((each for each in registrations(common_dir) if belongs_to(each, folder)), None)


def place_of(registered: Path) -> Path | None:
    """The top of the linked work tree that is kept there, whether it exists or not; None if that is not written."""
    named = _line(registered / "gitdir")
    return None if named is None else Path(os.path.realpath(registered / named)).parent


def belongs_to(registered: Path, folder: Path) -> bool:
    """Whether a registration is that of the linked work tree ``folder``."""
    named = _line(registered / "gitdir")
    return named is not None and os.path.realpath(registered / named) == os.path.realpath(folder / ".git")


def lock_reason(registered: Path) -> str | None:
    """Why a linked work tree is locked; None if it is not."""
    return (_line(registered / "locked") or "") if (registered / "locked").exists() else None


def _is_bare(folder: Path) -> bool:
    parts = folder / "HEAD", folder / "objects", folder / "refs"
    return folder.name != ".git" and all(map(os.path.exists, parts))


def _line(path: Path) -> str | None:
    try:
        with open_regular(path) as file:
            return os.fsdecode(file.read(_LONGEST_LINE)).rstrip("\n")
    except (OSError, ValueError):
        return None


def _real(base: Path, named: str) -> Path:
    return Path(os.path.realpath(base / named))
