"""What becomes of a deleted job's worktree and branch, which may hold work nobody has looked at."""

from typing import TypedDict

from scheduler_daemon.cli import show, text

_WORKTREES = "/.claude/worktrees/"
"""What the path of a worktree has in it, between the repository's and the worktree's name."""


class Fate(TypedDict):
    """A job's worktree, in the answer of ``jobs.delete``."""

    path: str | None
    branch: str | None
    removed: bool


def show_what_became_of(fate: Fate | None) -> None:
    """Say what was removed of it; or that it is still there, and how to remove it and its branch."""
    if fate is None:
        return
    path, branch = fate["path"], fate["branch"]
    if fate["removed"]:
        gone = [f"its worktree {text.line(path)}"] if path else []
        gone += [f"the branch {text.line(branch)}"] if branch else []
        show.write(f"Removed {' and '.join(gone)}.")
        return
    import shlex  # only who has a worktree pays for it

    folder, name = path or "", branch or ""
    git = f"git -C {shlex.quote(folder.partition(_WORKTREES)[0])}"
    show.write(f"Its worktree {text.line(folder)} and the branch {text.line(name)} stay. To remove them:")
    show.write(text.line(f"  {git} worktree remove {shlex.quote(folder)}"))
    show.write(text.line(f"  {git} branch -d {shlex.quote(name)}") + "  # -D also where it is not merged")
