"""How the night is shown: what is due, whether it would run, and what is in its way."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from scheduler_daemon.cli import diagnosis, show, text, times
from scheduler_daemon.cli.command import Choices
from scheduler_daemon.cli.diagnosis import Finding
from scheduler_daemon.cli.show import Column


class Coming(TypedDict):
    """A task that is due, by ``daemon.examine``."""

    task_id: str
    task_name: str
    job_id: str
    job_name: str
    due: str
    starts_at: str
    follows: str | None
    """The name of the task that it comes after."""
    run_id: str | None
    status: str
    problems: list[Finding]


class Asleep(TypedDict):
    """A task that looks as if it should run by itself, and does not."""

    task_id: str
    task_name: str
    job_name: str
    why: str
    fix: str | None


class Night(TypedDict):
    """The hours to come."""

    hours: int
    until: str
    tasks: list[Coming]
    asleep: list[Asleep]
    watching: int
    """How many tasks are due when files change."""
    next_due: str | None
    """After these hours."""


def well(night: Night) -> bool:
    """Whether everything that is due would run."""
    return all(task["status"] != "failed" for task in night["tasks"])


def show_night(choices: Choices, checks: Sequence[Finding], night: Night | None, *, verbose: bool) -> None:
    """Show what is due and what is in its way, then what else is not well, then in a line how it stands."""
    told = _show_tasks(night["tasks"], verbose=verbose) if night and night["tasks"] else []
    others = [check for check in checks if check not in told]
    if any(check["status"] in ("warning", "failed") for check in others):
        show.write("Apart from that" if told else "What is not well")
        diagnosis.show_problems(others, verbose=verbose)
        show.write("")
    if night is None:
        show.write("What is due cannot be rehearsed without the daemon.")
        return
    for asleep in night["asleep"]:
        words = f"{_named(asleep)} {asleep['why']}; if it is to run, type:"
        diagnosis.show_line("warning", text.line(words), asleep["fix"])
    if night["asleep"]:
        show.write("")
    show.write(_last_word(choices, night, checks))


def _show_tasks(tasks: Sequence[Coming], *, verbose: bool) -> list[Finding]:
    """Write the table and what is in the way of its tasks, each thing once; returns these."""
    zone = times.zones(task["due"] for task in tasks)
    late = any(task["starts_at"] != task["due"] for task in tasks)
    starts: Column[Coming] = Column(
        "STARTS", lambda each: _clock(each["starts_at"]) if each["starts_at"] != each["due"] else "", rank=1
    )
    columns: list[Column[Coming]] = [
        Column("", lambda each: diagnosis.mark(each["status"])),
        Column(f"DUE ({zone})", lambda each: "then" if each["follows"] else _clock(each["due"])),
        *([starts] if late else []),
        Column("TASK", lambda each: each["task_name"], flexible=True),
        Column("JOB", lambda each: each["job_name"], flexible=True),
        Column("ID", lambda each: text.short(each["task_id"]), rank=2),
    ]
    show.table(columns, tasks)
    show.write("")
    problems: list[Finding] = []
    for task in tasks:
        problems += [problem for problem in task["problems"] if problem not in problems]
    for problem in problems:
        names = dict.fromkeys(_named(task) for task in tasks if problem in task["problems"])
        words = f"{', '.join(names)}: {problem['summary']}"
        diagnosis.show_line(problem["status"], text.line(words), problem["fix"], problem["detail"] if verbose else "")
    if problems:
        show.write("")
    return problems


def _last_word(choices: Choices, night: Night, checks: Sequence[Finding]) -> str:
    tasks, until = night["tasks"], _clock(night["until"])
    more = f" {night['watching']} more when files change." if night["watching"] else ""
    if not tasks:
        if night["next_due"]:
            return f"Nothing is due until {until}; the next is due at {times.brief(night['next_due'])}.{more}"
        typed = choices.typed("tasks update TASK --cron '0 2 * * *'")
        return f"Nothing is due until {until}, nor later.{more} To give a task a time: {typed}"
    count = "1 task is" if len(tasks) == 1 else f"{len(tasks)} tasks are"
    due = f"{count} due by {until}, the first at {_clock(tasks[0]['due'])} ({text.line(_named(tasks[0]))}).{more}"
    failing = sum(task["status"] == "failed" for task in tasks)
    if failing:
        return f"Not yet: {due} As things are, {failing} of {len(tasks)} would fail."
    if not diagnosis.well(checks):
        return f"Not yet: {due} Each would run, but something above has failed."
    return f"Good night: {due}"


def _named(task: Coming | Asleep) -> str:
    return f"{task['job_name']}/{task['task_name']}"


def _clock(instant: str) -> str:
    """A time of these hours: its day of the week and its minute; where it is later, its date as well."""
    then = times.instant(instant)
    near = then - datetime.now(UTC) < timedelta(days=6)
    return then.strftime("%a %H:%M" if near else "%a %Y-%m-%d %H:%M")
