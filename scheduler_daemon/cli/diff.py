"""What a run changed, as git shows it: in the person's own way on a terminal, as a plain patch in a pipe."""

import os
import sys
from typing import TypedDict

import click

from scheduler_daemon.cli import show, text
from scheduler_daemon.cli.command import on_terminal

_STEERING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE")
"""Variables that would lead git to another repository, as where this is called from a hook."""


class Diff(TypedDict):
    """The answer of ``runs.diff``."""

    run_id: str
    changed: bool | None
    repository: str | None
    before: str | None
    after: str | None
    uncommitted: list[str]
    note: str | None
    commands: list[str]
    """What to type to see what is left of changes that cannot be shown."""


def show_diff(answer: Diff, form: str | None) -> None:
    """Have git show the changes, in place of this process; or say why there is nothing that it could show.

    Args:
        answer: the daemon's.
        form: the option by which git does not write a patch but something shorter; None for a patch.

    Raises:
        click.ClickException: when the changes cannot be told, or are not what was asked for.
    """
    repository, before, after = answer["repository"], answer["before"], answer["after"]
    if repository is None or before is None or after is None:
        _say_why_not(answer, form)
        return
    if answer["uncommitted"]:
        paths = ", ".join(map(text.line, answer["uncommitted"]))
        show.write(f"Not in it, for it is not committed: {paths}", sys.stderr)
    if on_terminal():
        options = ["diff", *([form] if form else [])]
    else:
        # Not `git diff`: what a person has set for their eyes may not be in a patch that is to be applied.
        options = ["diff-tree", "-r", "-M", *([form] if form else ["--patch", "--binary"])]
    environment = {name: value for name, value in os.environ.items() if name not in _STEERING}
    try:
        os.execvpe("git", ["git", "-C", repository, *options, before, after, "--"], environment)  # noqa: S606
    except FileNotFoundError:
        raise click.ClickException("git is not on the PATH; install git 2.30 or newer.") from None


def _say_why_not(answer: Diff, form: str | None) -> None:
    said = f"There is nothing to show of run {text.short(answer['run_id'])}: {text.line(answer['note'] or '')}."
    paths = [text.line(path) for path in answer["uncommitted"]]
    if answer["changed"] is False:
        show.write(said, sys.stderr)
    elif form == "--name-only" and paths:
        show.write("\n".join(paths))
    else:
        see = [text.line(command) for command in answer["commands"]]
        what_now = "\n  ".join(["\nWhat is there now:", *see]) if see else ""
        raise click.ClickException("\n  ".join([said, *paths]) + what_now)
