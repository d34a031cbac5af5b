"""Why a run has not started yet, as the daemon tells of its task."""

import sys
from typing import TYPE_CHECKING

from scheduler_daemon.cli import show, text
from scheduler_daemon.cli.client import Client, Refused

if TYPE_CHECKING:
    from scheduler_daemon.cli.answers import Run, Why


def reason(daemon: Client, run: "Run") -> str:
    """Why an upcoming run does not start, in words; nothing if it has started or is gone in the meantime."""
    try:
        why: Why = daemon.call("tasks.why", task=run["task_id"])
    except Refused:
        return ""
    if why["reason"] != "running":
        return text.line(why["message"])
    if why["run_id"] in (None, run["id"]):
        return ""
    return f"it is queued behind run {text.short(why['run_id'])} of the same task"


class Queued:
    """Says on standard error why a run that is waited for has not started, and again when that changes."""

    def __init__(self, daemon: Client) -> None:
        self._daemon = daemon
        self._said = ""

    def look(self, run: "Run") -> None:
        """Ask, and say what is new."""
        found = reason(self._daemon, run)
        if found and found != self._said:
            self._said = found
            show.write(f"{text.line(run['task_name'])} has not started yet: {found}", sys.stderr)
