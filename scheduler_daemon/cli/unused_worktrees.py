"""Worktrees that no job works in any more, and what to type to be rid of them."""

from typing import TypedDict

from scheduler_daemon.cli import show, text
from scheduler_daemon.cli.command import Choices
from scheduler_daemon.cli.show import Column
from scheduler_daemon.cli.sizes import size


class Worktree(TypedDict):
    """A worktree, in the answer of ``worktrees.list``, as far as it is shown."""

    path: str
    repository: str
    exists: bool
    ours: bool
    branch: str | None
    locked: str | None
    size: int
    uncommitted: int
    unmerged: int
    problem: str | None
    commands: list[str]


def show_unused(choices: Choices) -> None:
    """List them. Nothing is removed."""
    with choices.connect() as daemon:
        answer = daemon.call("worktrees.list", patient=True, unused=True)
    if choices.as_json:
        show.document(answer)
        return
    found: list[Worktree] = answer["worktrees"]
    if not found:
        show.write("There is no worktree that no job works in.")
        return
    columns: list[Column[Worktree]] = [
        Column("WORKTREE", lambda each: each["path"], flexible=True),
        Column("BRANCH", lambda each: each["branch"] or "", flexible=True, rank=1),
        Column("SIZE", lambda each: size(each["size"]), right=True),
        Column("STATE", _state, flexible=True),
    ]
    show.table(columns, found)
    show.write(
        f"\n{text.count(len(found), 'worktree')}, {size(sum(each['size'] for each in found))}. To remove them:"
    )
    for each in found:
        for command in each["commands"]:
            show.write(f"  {text.line(command)}")


def _state(worktree: Worktree) -> str:
    if worktree["problem"] is not None:
        return worktree["problem"]
    if not worktree["exists"]:
        return "its folder is gone"
    uncommitted, unmerged = worktree["uncommitted"], worktree["unmerged"]
    parts = [
        "clean" if not uncommitted else text.count(uncommitted, "uncommitted path"),
        "merged" if not unmerged else text.count(unmerged, "unmerged commit"),
    ]
    if worktree["locked"] is not None:
        parts.append(f"locked ({worktree['locked'] or 'no reason given'})")
    if not worktree["ours"]:
        parts.append("not made by ccsched")
    return ", ".join(parts)
