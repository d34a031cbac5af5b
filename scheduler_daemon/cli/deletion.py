"""Before something is deleted for good: does the person mean it?"""

import sys
from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import text
from scheduler_daemon.cli.client import Client

if TYPE_CHECKING:
    from scheduler_daemon.cli.answers import Run

_COUNTED_RUNS = 100
"""How many runs are looked at to say how many there are."""


def runs_of(daemon: Client, job: str | None = None, task: str | None = None) -> "list[Run]":
    """The newest runs of a job or a task, as many as are counted."""
    found: list[Run] = daemon.call("runs.list", limit=_COUNTED_RUNS, job=job, task=task)["runs"]
    return found


def demand_a_person(what: str, goes_with_it: str) -> None:
    """Refuse where nobody can confirm.

    Raises:
        click.ClickException: standard input is no terminal.
    """
    if not sys.stdin.isatty():
        raise click.ClickException(
            f"Nothing was deleted: {what} goes with {goes_with_it}, and nobody is there to confirm it.\n"
            "Add --force to delete it unasked."
        )


def confirm(what: str, runs: "list[Run]") -> None:
    """Ask the person whether to delete it, with its runs.

    Raises:
        click.ClickException: on any answer but yes.
    """
    counted = text.count(len(runs), "run")
    if len(runs) == _COUNTED_RUNS:
        counted = f"{_COUNTED_RUNS} or more runs"
    if not click.confirm(f"Delete {what} {counted} and their logs?", err=True):
        raise click.ClickException("Nothing was deleted.")
