"""The commands about the daemon itself: health, state, scheduler, reload."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import completion, show, skew, text, times
from scheduler_daemon.cli.command import Choices, Command
from scheduler_daemon.cli.show import Column

if TYPE_CHECKING:
    from scheduler_daemon.cli.answers import (
        Account,
        DueTime,
        History,
        Limits,
        Run,
        Scheduled,
        Spent,
        UsageWindow,
        Versions,
    )

_WINDOWS = {
    "five_hour": "5-hour limit",
    "seven_day": "weekly limit",
    "seven_day_opus": "weekly limit of Opus",
    "seven_day_sonnet": "weekly limit of Sonnet",
    "overage": "limit of what is paid for by use",
}
"""An account's limits in words; what newer agents tell of stays as it is."""
_WINDOW_STATES = {"allowed": "not reached", "allowed_warning": "nearly reached", "rejected": "reached"}

_MOST = 10_000
"""Due times that the daemon tells of at a time."""


@click.command(cls=Command)
@click.pass_obj
def health(choices: Choices) -> None:
    """Check that the daemon is there and well."""
    with choices.connect() as daemon:
        answer = daemon.call("daemon.health")
    if choices.as_json:
        show.document(answer)
        return
    show.facts(
        [
            ("status", str(answer["status"])),
            ("version", skew.version(choices.home, answer)),
            ("process", _told(lambda: str(answer["pid"]))),
            ("home", _told(lambda: text.line(answer["home"]))),
            ("up since", _told(lambda: times.exact(answer["started_at"]))),
            ("up for", _told(lambda: times.duration(answer["uptime_seconds"]))),
            ("live runs", _told(lambda: str(answer["live_runs"]))),
        ]
    )


@click.command(cls=Command)
@click.pass_obj
def state(choices: Choices) -> None:
    """Show counts, live runs and what comes next."""
    with choices.connect() as daemon:
        answer = daemon.call("daemon.state")
    if choices.as_json:
        show.document(answer)
        return
    limits: Limits = answer.get("limits", {})
    show.facts(
        [
            ("daemon", f"{skew.version(choices.home, answer)}, process {answer['pid']}"),
            ("home", _told(lambda: text.line(answer["home"]))),
            ("up for", _told(lambda: times.duration(answer["uptime_seconds"]))),
            ("jobs", _told(lambda: _counts(answer["jobs"]))),
            ("tasks", _told(lambda: _counts(answer["tasks"]))),
            ("runs", _told(lambda: _counts(answer["runs"]) or "none")),
            ("at a time", _told(lambda: text.count(limits["max_concurrent_runs"], "run"))),
            ("time limit", _told(lambda: f"{times.spelled(limits['time_limit'])} a run, if its task does not say")),
            ("stop grace", _told(lambda: times.duration(limits["stop_grace"]))),
            ("spent", _told(lambda: _spent(answer["spent"]))),
            ("usage", _told(lambda: "\n".join(line for each in answer["accounts"] for line in _usage(each)))),
            ("versions", _told(lambda: _versions(answer["versions"]))),
        ]
    )
    live: list[Run] = answer.get("live", [])
    if live:
        from scheduler_daemon.cli.runs import show_runs

        show.write("\nLive")
        show_runs(live)
    if answer.get("next_due"):
        show.write("\nNext")
        _show_scheduled(answer["next_due"])


@click.command(cls=Command)
@click.option(
    "--history",
    "task",
    metavar="TASK",
    shell_complete=completion.tasks,
    help="Those of this task that have come: an id or a name.",
)
@click.option(
    "-n",
    "count",
    metavar="NUMBER",
    type=click.IntRange(1, _MOST),
    help="With --history, how many of the newest; 20 if not given.",
)
@click.pass_obj
def scheduler(choices: Choices, task: str | None, count: int | None) -> None:
    """List the due times that are to come, the soonest first.

    With --history, those of a task that have come, the newest first: each with its run, or the reason why there is
    none.
    """
    if task is None and count is not None:
        raise click.UsageError("-n goes with --history TASK; add it.")
    if task is not None:
        with choices.connect() as daemon:
            history: History = daemon.call("scheduler.history", task=task, limit=count)
        _show_history(choices, history)
        return
    with choices.connect() as daemon:
        answer = daemon.call("scheduler.list")
    if choices.as_json:
        show.document(answer)
    elif answer["scheduled"]:
        _show_scheduled(answer["scheduled"])
    else:
        show.empty(
            "Nothing is scheduled.",
            "Give a task a time: "
            + choices.typed("tasks create --cron '0 2 * * *' --job JOB --name NAME --prompt TEXT"),
        )


@click.command(cls=Command)
@click.pass_context
def reload(context: click.Context) -> None:
    """Let the daemon take in the JSON files a person has edited."""
    choices: Choices = context.obj
    with choices.connect() as daemon:
        answer = daemon.call("daemon.reload")
    if choices.as_json:
        show.document(answer)
    else:
        for name in answer["taken"]:
            show.write(f"Taken in: {text.line(name)}")
        for rejected in answer["rejected"]:
            show.write(f"Rejected: {text.line(rejected['file'])}: {text.printable(rejected['problem'])}")
        if not answer["taken"] and not answer["rejected"]:
            show.write("No file was edited.")
        elif "changes" in answer:
            show.write(f"{_changes(answer['changes']) or 'Nothing changed'}.")
    if answer["rejected"]:
        context.exit(1)


def _told(fact: Callable[[], str]) -> str:
    """A fact; nothing where a daemon of another version does not tell it, or not in this way."""
    try:
        return fact()
    except (LookupError, TypeError):
        return ""


def _counts(counts: dict[str, int]) -> str:
    """``7 (6 enabled)`` with a total, ``12 success, 1 failed`` without; what there is none of is left out."""
    parts = ", ".join(
        f"{number} {word.replace('_', ' ')}" for word, number in counts.items() if word != "total" and number
    )
    if "total" not in counts:
        return parts
    return f"{counts['total']} ({parts})" if parts else str(counts["total"])


def _spent(spent: "Spent") -> str:
    """What was spent, and what may be; nothing where neither is more than nothing."""
    dollars, limit = spent["last_24_hours_usd"], spent["limit_usd"]
    lines = [_against(dollars, limit, spent["held_until"])] if dollars or limit is not None else []
    for each in spent["limits"]:
        told = _against(each["usd"], each["limit_usd"], each["held_until"])
        lines.append(f"{each['kind']} {text.line(each['name'])}: {told}")
    return "\n".join(lines)


def _against(dollars: float, limit: float | None, held_until: str | None) -> str:
    of_limit = "" if limit is None else f" of {times.dollars(limit)}"
    reached = "" if held_until is None else f": reached, new runs wait until {times.brief(held_until)}"
    return f"{times.cost(dollars)}{of_limit} in the last 24 hours{reached}"


def _usage(account: "Account") -> list[str]:
    """How much of its limits an account has used; it is called by the profile that logs in to it."""
    name = account["profile_name"] or account["profile_id"]
    whose = "without a profile" if name is None else f"with profile {text.line(name)}"
    lines = [_window(window, whose) for window in account["windows"]]
    if account["held_until"]:
        lines.append(f"nothing starts {whose} until {times.brief(account['held_until'])}")
    return lines


def _window(window: "UsageWindow", whose: str) -> str:
    used, resets = window["utilization"], window["resets_at"]
    state = _WINDOW_STATES.get(window["status"], window["status"]) if used is None else f"{used * 100:.0f} % used"
    if window["status"] == "rejected":
        state = _WINDOW_STATES["rejected"]
    until = "" if resets is None else f"; resets {times.brief(resets)}"
    return f"{text.line(_WINDOWS.get(window['type'], window['type']))} {text.line(state)}, {whose}{until}"


def _versions(versions: "Versions") -> str:
    agent = versions["agent"]
    return ", ".join(
        [
            f"ccsched {versions['ccsched']}",
            f"Python {versions['python']}",
            f"SQLite {versions['sqlite']}",
            f"record {versions['record']}",
            "agent not found" if agent is None else f"agent {text.line(agent)}",
        ]
    )


def _changes(changes: dict[str, int]) -> str:
    """``2 created, 1 deleted``; what there is none of is left out."""
    return ", ".join(f"{number} {word}" for word, number in changes.items() if number)


def _show_scheduled(scheduled: "list[Scheduled]") -> None:
    zone = times.zones(time for each in scheduled for time in (each["next_due"], each["starts_at"]))
    starts: Column[Scheduled] = Column(
        "STARTS",
        lambda each: times.moment(each["starts_at"]) if each["starts_at"] != each["next_due"] else "",
        rank=1,
    )
    columns: list[Column[Scheduled]] = [
        Column(f"NEXT DUE ({zone})", lambda each: times.moment(each["next_due"])),
        *([starts] if any(each["starts_at"] != each["next_due"] for each in scheduled) else []),
        Column("FROM NOW", lambda each: times.until(each["starts_at"]), rank=3),
        Column("TASK", lambda each: each["task_name"], flexible=True),
        Column("JOB", lambda each: each["job_name"], flexible=True, rank=2),
        Column("SCHEDULE", lambda each: each["schedule"], flexible=True, rank=1),
        Column("TIME ZONE", lambda each: each["timezone"] or "", rank=4),
        Column("ID", lambda each: text.short(each["task_id"]), rank=5),
    ]
    show.table(columns, scheduled)


def _show_history(choices: Choices, history: "History") -> None:
    if choices.as_json:
        show.document(history)
        return
    due_times = history["due_times"]
    if not due_times:
        show.empty(
            f"No due time of {text.line(history['task_name'])} has come yet.",
            "What is to come: " + choices.typed("scheduler"),
        )
        return
    zone = times.zones(time for each in due_times for time in (each["due"], each["until"]))
    columns: list[Column[DueTime]] = [
        Column(f"DUE ({zone})", _span),
        Column("RUN", lambda each: text.short(each["run_id"] or ""), rank=1),
        Column("STATUS/REASON", lambda each: each["status"] or each["reason"] or "", is_status=True),
        Column("DETAIL", lambda each: each["detail"] or each["outcome"] or "", flexible=True, rank=2),
    ]
    show.table(columns, due_times)


def _span(due_time: "DueTime") -> str:
    """A due time; of several in one, the first and the last, whose day is left out where it is the same."""
    first, last = times.moment(due_time["due"]), times.moment(due_time["until"])
    if not last:
        return first
    day, clock = last.split(" ")
    return f"{first} … {clock if first.startswith(day) else last}"
