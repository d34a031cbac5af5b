"""Runs that were asked for: shown as they are, or seen through to their ends."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import show, text
from scheduler_daemon.cli.client import Client
from scheduler_daemon.cli.command import Choices

if TYPE_CHECKING:
    from scheduler_daemon.cli.answers import Run, Sequence


def show_sequence(context: click.Context, daemon: Client, sequence: "Sequence", *, wait: bool, follow: bool) -> None:
    """Show runs that follow one another, and wait for them if asked to; exits 1 if then one is no success."""
    show_started(context, daemon, sequence["runs"], lambda runs: {**sequence, "runs": runs}, wait=wait, follow=follow)


def show_started(
    context: click.Context,
    daemon: Client,
    runs: "list[Run]",
    document: "Callable[[list[Run]], object]",
    *,
    wait: bool,
    follow: bool,
) -> None:
    """Show runs, and wait for them if asked to; exits 1 if then one is no success.

    ``document`` makes of the runs, as they are in the end, what a program gets.
    """
    from scheduler_daemon.cli.follow import all_succeeded, wait_for
    from scheduler_daemon.cli.runs import show_runs

    choices: Choices = context.obj
    waiting = wait or follow
    if waiting:
        runs = wait_for(choices, daemon, runs, with_log=follow)
    if choices.as_json:
        show.document(document(runs))
    elif not waiting:
        show_runs(runs)
        if runs:
            watch = choices.typed(f"runs logs -f {text.short(runs[0]['id'])}")
            show.hints((watch, "watch it" if len(runs) == 1 else "watch the first one"))
    if waiting and not choices.as_json:
        _show_diff_hints(choices, runs)
    if waiting and not all_succeeded(runs):
        context.exit(1)


def _show_diff_hints(choices: Choices, runs: "list[Run]") -> None:
    from scheduler_daemon.cli.run_facts import diff_hint

    hints = [diff_hint(choices, run) for run in runs if run["commit"] or run["uncommitted"]]
    if hints:
        show.hints(*hints)
