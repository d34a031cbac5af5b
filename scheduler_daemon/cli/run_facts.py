"""A run's record, as a person reads it: every fact that there is, and what to type next."""

import sys
from typing import TYPE_CHECKING

from scheduler_daemon.cli import show, text, times
from scheduler_daemon.cli.command import Choices
from scheduler_daemon.cli.record import cost_of, duration_of, has_log, never_started

if TYPE_CHECKING:
    from scheduler_daemon.cli.answers import Run, VerifyRound

_STARTED_BY = {
    "task": "tasks run",
    "job": "jobs run",
    "schedule": "its schedule",
    "sequence": "the task before it",
    "restart": "runs restart",
    "retry": "the failure of the run before it",
    "limit_reset": "the reset of a usage limit",
}
"""What asked for a run, by its trigger."""

_LAST_LINES = 3
"""How many of the last lines of a log, or of what was said, stand in the record that is shown."""
_BESIDE = 17
"""Columns that the names of a run's fields take."""


def show_run(choices: Choices, run: "Run", waits: str = "") -> None:
    """Write a run's record: as one JSON document, or as facts and hints; ``waits`` is why it has not started."""
    if choices.as_json:
        show.document(run)
        return
    show.facts([*_what_it_is(run, waits), *_how_it_went(choices, run)])
    _show_hints(choices, run)


def _what_it_is(run: "Run", waits: str) -> list[tuple[str, str]]:
    place = run["sequence_position"] + 1
    return [
        ("id", run["id"]),
        ("task", f"{text.line(run['task_name'])}  {run['task_id']}"),
        ("job", f"{text.line(run['job_name'])}  {run['job_id']}"),
        ("status", show.status(run["status"])),
        ("not yet", waits),
        ("outcome", run["outcome"] or ""),
        ("errors", text.printable("\n".join(run["errors"]))),
        ("started by", _started_by(run["trigger"])),
        ("attempt", _attempt(run)),
        ("continues", run["continues"] or ""),
        ("continued by", run["continued_by"] or ""),
        ("first run", _first_run(run)),
        ("restarted from", run["restarted_from"] or ""),
        ("resumes", f"the session of run {run['resumes']}" if run["resumes"] else ""),
        ("sequence", f"{run['sequence_id']}, place {place}" if run["sequence_id"] else ""),
        ("created", times.exact(run["created_at"])),
        ("first scheduled", times.exact(run["first_scheduled"])),
        ("scheduled", times.exact(run["scheduled_time"])),
        ("limits waited", times.duration(run["limit_waited"]) if run["limit_waited"] else ""),
    ]


def _how_it_went(choices: Choices, run: "Run") -> list[tuple[str, str]]:
    turns, exit_code, ran = run["num_turns"], run["exit_code"], not never_started(run)
    return [
        ("start", times.exact(run["start_time"]) if ran else ""),
        ("stalled since", times.exact(run["stalled_at"])),
        ("end", times.exact(run["end_time"])),
        ("duration", times.duration(duration_of(run))),
        ("turns", "" if turns is None or not ran else str(turns)),
        ("cost", times.cost(cost_of(run))),
        ("model", text.line(run["model"] or "")),
        ("exit code", "" if exit_code is None else str(exit_code)),
        ("session", text.line(run["session_id"] or "") if ran else ""),
        ("directory", text.line(run["working_directory"] or "")),
        ("branch", text.line(run["branch"] or "")),
        ("base commit", run["base_commit"] or ""),
        ("commit", run["commit"] or ""),
        ("not committed", _lines(run["uncommitted"])),
        ("verified", "\n".join(map(_verified, run["verify_rounds"]))),
        ("verify said", _end_of(run["verify_rounds"][-1]["output"]) if run["verify_rounds"] else ""),
        ("had to be ended", _lines(run["leftovers"])),
        ("log", text.line(run["log_path"] or "") if ran or has_log(choices.home, run) else ""),
        ("result", text.excerpt(run["output"])),
    ]


def _show_hints(choices: Choices, run: "Run") -> None:
    reference = text.short(run["id"])
    if run["status"] in ("upcoming", "running"):
        show.hints(
            (choices.typed(f"runs logs -f {reference}"), "watch it"),
            (choices.typed(f"runs stop {reference}"), "stop it"),
        )
        return
    hints = []
    if run["commit"] or run["uncommitted"]:
        hints.append(diff_hint(choices, run))
    if has_log(choices.home, run):
        hints.append((choices.typed(f"runs logs {reference}"), "what the agent did"))
    if run["continued_by"]:
        hints.append((choices.typed(f"runs get {text.short(run['continued_by'])}"), "the run that goes on with it"))
    elif run["status"] != "success":
        hints.append((choices.typed(f"runs restart {reference}"), "do it over, and what follows it"))
        if run["session_id"] and not never_started(run):
            hints.append((choices.typed(f"runs restart --resume {reference}"), "go on in its session"))
    if hints:
        show.hints(*hints)


def diff_hint(choices: Choices, run: "Run") -> tuple[str, str]:
    """How to see what a run changed."""
    return choices.typed(f"runs diff {text.short(run['id'])}"), "what it changed"


def _started_by(trigger: str) -> str:
    return _STARTED_BY.get(trigger, trigger)


def _first_run(run: "Run") -> str:
    """The first of those that it continues, and what asked for that."""
    if not run["first_run"]:
        return ""
    return run["first_run"] + (f", started by {_started_by(run['first_trigger'])}" if run["first_trigger"] else "")


def _attempt(run: "Run") -> str:
    """Which try it is, and of which run; nothing for the first."""
    if run["attempt"] == 1:
        return ""
    of_what = f" of run {text.short(run['continues'])}" if run["continues"] else ""
    return f"{times.ordinal(run['attempt'])} try{of_what}"


def _verified(verify: "VerifyRound") -> str:
    """How it went once, and in what time."""
    code = verify["exit_code"]
    if verify["passed"]:
        found = "passed"
    elif verify["timed_out"]:
        found = "not done within its time"
    elif code is None:
        found = "could not be started"
    else:
        found = f"ended by signal {-code}" if code < 0 else f"failed with exit status {code}"
    return f"{found} ({times.duration(verify['duration'])})"


def _lines(values: list[str]) -> str:
    return "\n".join(map(text.line, values))


def _end_of(said: str) -> str:
    """The last lines of what was said, each cut to what the terminal has room for beside its name."""
    lines = text.printable(said).splitlines()[-_LAST_LINES:]
    columns = show.columns_of(sys.stdout)
    return "\n".join(line if columns is None else text.cut(line, columns - _BESIDE) for line in lines)
