"""What is left of a job that is deleted: its worktree and branch, which may hold work nobody has looked at."""

import os
from typing import TYPE_CHECKING

from scheduler_daemon.cli import show, text

if TYPE_CHECKING:
    from scheduler_daemon.cli.answers import Job, Run

_WORKTREES = "/.claude/worktrees/"
"""What the path of a directory in a worktree has in it, before the worktree's name."""


def show_what_stays(job: "Job", runs: "list[Run]") -> None:
    """Say that the worktree of a deleted job is still there, and how to remove it and its branch."""
    place = job["working_directory"]
    worked_in = next((path for run in runs if _WORKTREES in (path := run["working_directory"] or "")), None)
    if not place["use_git_worktree"] or worked_in is None:
        return
    above, _, below = worked_in.partition(_WORKTREES)
    name = place["worktree_name"] or below.partition("/")[0]
    folder = f"{above}{_WORKTREES}{name}"
    if not os.path.isdir(folder):  # noqa: PTH112 - a text is all that is needed
        return
    import shlex  # only who has a worktree pays for it

    git = f"git -C {shlex.quote(above)}"
    show.write(f"Its worktree {text.line(folder)} and the branch {text.line(name)} stay. To remove them:")
    show.write(text.line(f"  {git} worktree remove {shlex.quote(folder)}"))
    show.write(text.line(f"  {git} branch -d {shlex.quote(name)}") + "  # -D also where it is not merged")
