"""What becomes of a deleted job's worktree and branch, which may hold work nobody has looked at."""

from typing import TypedDict

from scheduler_daemon.cli import show, text


class Fate(TypedDict):
    """A job's worktree, in the answer of ``jobs.delete``."""

    path: str | None
    branch: str | None
    removed: bool
    commands: list[str]
    """What to type to remove what is still there."""


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
    show.write(f"Its worktree {text.line(path or '')} and the branch {text.line(branch or '')} stay. To remove them:")
    for command in fate["commands"]:
        show.write(f"  {text.line(command)}")
