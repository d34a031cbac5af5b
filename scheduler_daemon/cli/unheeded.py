"""What a task is given and does not heed, or not yet: said when it is given, not found out in the morning."""

import os
import sys
from typing import TYPE_CHECKING

from scheduler_daemon.cli import show, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scheduler_daemon.cli.answers import Task

TIMED = ("interval", "calendar")
"""The types of schedules whose due times the clock makes."""
_OF_THE_CLOCK = {"jitter": "--jitter", "missed": "--missed", "missed_within": "--missed-within"}
"""Fields that say what becomes of such due times, with their options."""


def note(task: "Task", fields: "Mapping[str, object]") -> None:
    """Say on standard error, for people, which of these fields do nothing for the task, and what is not there yet."""
    schedule = task["schedule"]
    kind = schedule["type"]
    idle = [] if kind in TIMED else [option for name, option in _OF_THE_CLOCK.items() if fields.get(name)]
    if kind == "manual" and fields.get("running_hours"):
        idle.insert(0, "--running-hours")
    if idle:
        verb = "does" if len(idle) == 1 else "do"
        show.write(
            f"Note: {' and '.join(idle)} {verb} nothing for {text.line(task['name'])} "
            f"as long as its schedule is {kind}.",
            sys.stderr,
        )
    path = schedule["watch_path"]
    if fields.get("schedule") and path and not os.path.lexists(path):
        show.write(
            f"Note: there is nothing at {text.line(path)} yet; the task is due once there is, and when it changes.",
            sys.stderr,
        )
