"""What the options of ``jobs create`` and ``jobs update`` are, and what they mean together."""

from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import completion, profile_options, spending_options
from scheduler_daemon.cli.options import OVERLAP, OVERLAPS, default, place

if TYPE_CHECKING:
    from scheduler_daemon.cli.given import Job


def parameters(*, creating: bool) -> list[click.Parameter]:
    """The options themselves."""
    return [
        click.Option(["--name"], required=creating, help="What you call it."),
        click.Option(["--description"], help="What it is for."),
        click.Option(
            ["--working-directory"],
            required=creating,
            metavar="PATH",
            shell_complete=completion.directories,
            help="Where its runs work.",
        ),
        click.Option(
            ["--use-worktree" if creating else "--use-worktree/--no-worktree", "--use-git-worktree", "use_worktree"],
            is_flag=True,
            default=None,
            help="Work in a git worktree made from that directory."
            if creating
            else "Whether they work in a git worktree made from that directory.",
        ),
        click.Option(
            ["--worktree-name"],
            help=default("The worktree's folder and branch", "the job's name", creating),
        ),
        click.Option(
            ["--worktree-branch"],
            help=default("The branch the worktree starts from", "main", creating),
        ),
        *profile_options.parameters(creating=creating),
        click.Option(["--overlap"], type=OVERLAPS, help=default(OVERLAP, "skip", creating)),
        *spending_options.parameters(creating=creating),
    ]


def fields_of(given: "Job", *, creating: bool) -> dict[str, object]:
    """The fields of a job that the options say, and no other; None where an option takes something away.

    Raises:
        click.UsageError: when options contradict each other, or need one that is not given.
    """
    same = {"name": given["name"], "description": given["description"], "overlap": given["overlap"]}
    directory = _working_directory(given, creating)
    return {
        **{name: value for name, value in same.items() if value is not None},
        **({"working_directory": directory} if directory else {}),
        **profile_options.fields_of(given),
        **spending_options.fields_of(given),
    }


def _working_directory(given: "Job", creating: bool) -> dict[str, object]:
    path, worktree = given["working_directory"], given["use_worktree"]
    of_worktree = {"worktree_name": given["worktree_name"], "worktree_branch": given["worktree_branch"]}
    said = {name: value for name, value in of_worktree.items() if value is not None}
    if said and worktree is None and creating:
        raise click.UsageError("--worktree-name and --worktree-branch go with --use-worktree; add it.")
    if said and worktree is False:
        raise click.UsageError(
            "--worktree-name and --worktree-branch go with --use-worktree, not with --no-worktree."
        )
    return {
        **({} if path is None else {"path": place("--working-directory", path)}),
        **({} if worktree is None else {"use_git_worktree": worktree}),
        **said,
    }
