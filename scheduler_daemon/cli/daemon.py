"""The commands about the daemon itself: health, state, scheduler, reload."""

from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import show, text, times
from scheduler_daemon.cli.command import Choices, Command
from scheduler_daemon.cli.show import Column

if TYPE_CHECKING:
    from scheduler_daemon.cli.answers import Limits, Run, Scheduled, Versions


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
            ("version", str(answer["version"])),
            ("process", str(answer["pid"])),
            ("home", text.line(answer["home"])),
            ("up since", times.exact(answer["started_at"])),
            ("up for", times.duration(answer["uptime_seconds"])),
            ("live runs", str(answer["live_runs"])),
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
    limits: Limits = answer["limits"]
    show.facts(
        [
            ("daemon", f"{answer['version']}, process {answer['pid']}"),
            ("home", text.line(answer["home"])),
            ("up for", times.duration(answer["uptime_seconds"])),
            ("jobs", _counts(answer["jobs"])),
            ("tasks", _counts(answer["tasks"])),
            ("runs", _counts(answer["runs"]) or "none"),
            ("at a time", text.count(limits["max_concurrent_runs"], "run")),
            ("time limit", f"{times.spelled(limits['time_limit'])} a run, if its task does not say"),
            ("stop grace", times.duration(limits["stop_grace"])),
            ("versions", _versions(answer["versions"])),
        ]
    )
    live: list[Run] = answer["live"]
    if live:
        from scheduler_daemon.cli.runs import show_runs

        show.write("\nLive")
        show_runs(live)
    if answer["next_due"]:
        show.write("\nNext")
        _show_scheduled(answer["next_due"])


@click.command(cls=Command)
@click.pass_obj
def scheduler(choices: Choices) -> None:
    """List the due times that are to come, the soonest first."""
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


def _counts(counts: dict[str, int]) -> str:
    """``7 (6 enabled)`` with a total, ``12 success, 1 failed`` without; what there is none of is left out."""
    parts = ", ".join(
        f"{number} {word.replace('_', ' ')}" for word, number in counts.items() if word != "total" and number
    )
    if "total" not in counts:
        return parts
    return f"{counts['total']} ({parts})" if parts else str(counts["total"])


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
    zone = times.zones(each["next_due"] for each in scheduled)
    columns: list[Column[Scheduled]] = [
        Column(f"NEXT DUE ({zone})", lambda each: times.moment(each["next_due"])),
        Column("FROM NOW", lambda each: times.until(each["next_due"]), rank=3),
        Column("TASK", lambda each: each["task_name"], flexible=True),
        Column("JOB", lambda each: each["job_name"], flexible=True, rank=2),
        Column("SCHEDULE", lambda each: each["schedule"], flexible=True, rank=1),
        Column("TIME ZONE", lambda each: each["timezone"] or "", rank=4),
        Column("ID", lambda each: text.short(each["task_id"]), rank=5),
    ]
    show.table(columns, scheduled)
