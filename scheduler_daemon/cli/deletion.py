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


def counted(runs: "list[Run]") -> str:
    """How many runs there are, in words."""
    return f"{_COUNTED_RUNS} or more runs" if len(runs) == _COUNTED_RUNS else text.count(len(runs), "run")


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


def confirm(what: str) -> None:
    """Ask the person whether to delete it.

    Raises:
        click.ClickException: on any answer but yes.
    """
    if not click.confirm(f"Delete {what}?", err=True):
        raise click.ClickException("Nothing was deleted.")
