"""What a run's record says: whether it was ever started, where its log is, and how it ended."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import text, times
from scheduler_daemon.home import Home

if TYPE_CHECKING:
    from scheduler_daemon.cli.answers import Run

ENDED = ("success", "failed", "cancelled")
"""The statuses after which nothing more happens."""


def never_started(run: "Run") -> bool:
    """Whether a run has ended without an agent; a time of a start may be on record all the same."""
    return run["outcome"] == "not_started" or (run["status"] in ENDED and not run["start_time"])


def cost_of(run: "Run") -> float | None:
    """What a run has cost in US dollars; None where its agent was never started."""
    return None if never_started(run) else run["cost_usd"]


def duration_of(run: "Run") -> float | None:
    """The seconds that a run took, or has taken so far; None where its agent was never started."""
    if never_started(run):
        return None
    return times.since(run["start_time"]) if run["status"] == "running" else run["duration"]


def log_path(home: Home, run: "Run") -> Path:
    """Where a run's log is, or will be."""
    return Path(os.fspath(run["log_path"] or home.log(run["id"])))


def has_log(home: Home, run: "Run") -> bool:
    """Whether there is a log to show; the empty one of a run that was never started is none."""
    try:
        size = log_path(home, run).stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # reading it will say what is wrong
    return size > 0 or not never_started(run)


def why_not_started(run: "Run") -> str:
    """That a run was not started, and why, in a sentence or with a line for each reason."""
    said = [text.printable(error).strip().removeprefix("not started: ") for error in run["errors"]]
    lines = [line for error in said for line in error.splitlines()]
    what = f"{named(run)} was not started"
    if not lines:
        return f"{what}."
    return f"{what}: {lines[0]}" if len(lines) == 1 else "\n  ".join([f"{what}:", *lines])


def named(run: "Run") -> str:
    """A run, as the subject of a sentence."""
    return f"Run {text.short(run['id'])} of {text.line(run['task_name'])}"


def titled(run: "Run") -> str:
    """A run among others: its job, its task and enough of its id to type."""
    return f"{text.line(run['job_name'])} / {text.line(run['task_name'])} {text.short(run['id'])}"


def ending(
    run: "Run", coloured: bool, name: str = "", told: Callable[[str], bool] = lambda _error: False
) -> list[str]:
    """How a run ended, in lines: status, outcome, turns, cost and time; the errors; the commit.

    An error that the reader has been ``told`` already is left out.
    """
    good, turns = run["status"] == "success", run["num_turns"]
    parts = [
        " ".join(part for part in ("✓" if good else "✗", name, run["status"]) if part),
        run["outcome"] if run["outcome"] != "done" else None,
    ]
    if not never_started(run):
        parts += [
            None if turns is None else text.count(turns, "turn"),
            times.cost(run["cost_usd"]),
            times.duration(run["duration"]),
        ]
    first = " · ".join(part for part in parts if part)
    lines = [click.style(first, fg="green" if good else "red", bold=True) if coloured else first]
    for error in run["errors"]:
        if not told(error):
            lines += [f"  {line}" for line in text.printable(error).splitlines()]
    if run["continued_by"]:
        lines.append(f"  run {text.short(run['continued_by'])} goes on with it")
    if run["commit"]:
        branch = f" on {text.line(run['branch'])}" if run["branch"] else ""
        lines.append(f"  commit {run['commit'][:12]}{branch}")
    if run["uncommitted"]:
        lines.append(f"  not committed: {', '.join(text.line(path) for path in run['uncommitted'])}")
    return lines
