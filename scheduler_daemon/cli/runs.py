"""The commands about runs."""

import sys
from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import completion, show, text, times
from scheduler_daemon.cli.command import Choices, Group, on_terminal
from scheduler_daemon.cli.record import ENDED, ending, has_log, never_started
from scheduler_daemon.cli.show import Column

if TYPE_CHECKING:
    from scheduler_daemon.cli.answers import Run

_STARTED_BY = {
    "task": "tasks run",
    "job": "jobs run",
    "schedule": "its schedule",
    "sequence": "the task before it",
    "restart": "runs restart",
}
"""What asked for a run, by its trigger."""

_RAW_LINES = 3
"""How many of the last lines of a log stand in the record that is shown."""
_BESIDE = 16
"""Columns that the names of a run's fields take."""


@click.group(cls=Group)
def runs() -> None:
    """Runs: what happened, and how each ended.

    RUN is an id or the first characters of one (at least 4).
    """


@runs.command("list")
@click.option("--limit", type=click.IntRange(min=1), help="How many of the newest; 20 if not given.")
@click.option("--job", shell_complete=completion.jobs, help="Only runs of this job.")
@click.option("--task", shell_complete=completion.tasks_of_job, help="Only runs of this task.")
@click.option(
    "--status",
    type=click.Choice(["upcoming", "running", "success", "failed", "cancelled"]),
    help="Only runs that stand so.",
)
@click.pass_obj
def list_(choices: Choices, limit: int | None, job: str | None, task: str | None, status: str | None) -> None:
    """List runs, the newest first."""
    with choices.connect() as daemon:
        answer = daemon.call("runs.list", limit=limit, job=job, task=task, status=status)
    if choices.as_json:
        show.document(answer)
    elif answer["runs"]:
        show_runs(answer["runs"])
    elif job is None and task is None and status is None:
        show.empty("There are no runs.", "Start some: " + choices.typed("jobs run JOB"))
    else:
        show.empty("There are no such runs.", "All of them: " + choices.typed("runs list"))


@runs.command("get")
@click.argument("run", shell_complete=completion.runs)
@click.pass_obj
def get(choices: Choices, run: str) -> None:
    """Show a run's record."""
    with choices.connect() as daemon:
        found: Run = daemon.call("runs.get", run=run)
    _show_run(choices, found)


@runs.command("stop")
@click.argument("run", shell_complete=completion.runs)
@click.pass_obj
def stop(choices: Choices, run: str) -> None:
    """Stop a run, and wait until it has ended."""
    with choices.connect() as daemon:
        found: Run = daemon.call("runs.stop", patient=True, run=run)
    _show_run(choices, found)


@runs.command("restart")
@click.argument("run", shell_complete=completion.runs)
@click.option("--wait", is_flag=True, help="Wait for the end; exit 0 only if every run is a success.")
@click.option("--follow", is_flag=True, help="Show what the agent does as well, run after run; waits too.")
@click.pass_context
def restart(context: click.Context, run: str, wait: bool, follow: bool) -> None:
    """Do a run over, and those that followed it in its sequence.

    The new runs are of the tasks as they are now; the old records stay.
    """
    from scheduler_daemon.cli.started import show_sequence

    choices: Choices = context.obj
    with choices.connect() as daemon:
        show_sequence(context, daemon, daemon.call("runs.restart", run=run), wait=wait, follow=follow)


@runs.command("delete")
@click.argument("run", shell_complete=completion.runs)
@click.option("-f", "--force", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(choices: Choices, run: str, force: bool) -> None:
    """Delete a run's record and its log.

    A run under way is stopped first. What it committed stays.
    """
    from scheduler_daemon.cli import deletion

    with choices.connect() as daemon:
        if not force:
            found: Run = daemon.call("runs.get", run=run)
            run = found["id"]
            named = f"run {text.short(run)} of {text.line(found['task_name'])}"
            deletion.demand_a_person(named, "its log")
            deletion.confirm(f"{named}, which is {found['status']}, and its log")
        deleted = daemon.call("runs.delete", patient=True, run=run)
    if choices.as_json:
        show.document(deleted)
    else:
        show.write(f"Deleted run {text.short(deleted['run_id'])} and its log.")


@runs.command("logs")
@click.argument("run", shell_complete=completion.runs)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends; waits for it to start.")
@click.option(
    "--raw/--pretty", default=None, help="The log's own bytes, or a transcript; a transcript on a terminal."
)
@click.pass_obj
def logs(choices: Choices, run: str, follow: bool, raw: bool | None) -> None:
    """Show a run's log.

    Ctrl-C ends the showing, not the run.
    """
    from scheduler_daemon.cli import follow as following

    if raw is None:
        raw = not on_terminal()
    printer: following.Printer = following.Raw() if raw else following.Pretty(sys.stdout)
    with choices.connect() as daemon:
        if follow:
            ended = following.follow(choices.home, daemon, run, printer)
            following.demand_a_start(choices.home, ended)
        else:
            found: Run = daemon.call("runs.get", run=run)
            ended = found
            following.show_log(choices, found, printer)
    if ended["status"] in ENDED:
        # Standard output is the log's bytes and nothing else where they were asked for.
        stream = sys.stderr if raw else sys.stdout
        if follow or not raw:
            for line in ending(ended, show.coloured(stream), told=printer.told):
                show.write(line, stream)
    elif not raw:
        command = choices.typed(f"runs logs -f {text.short(ended['id'])}")
        show.hints((command, f"it is {ended['status']}: go on as it goes on"))


def show_runs(found: "list[Run]") -> None:
    """Write runs as a table."""
    zone = times.zones(_when(run) for run in found)
    columns: list[Column[Run]] = [
        Column("ID", lambda run: text.short(run["id"])),
        Column("STATUS", lambda run: run["status"], is_status=True),
        Column("OUTCOME", lambda run: run["outcome"] or "", rank=2),
        Column("TASK", lambda run: run["task_name"], flexible=True),
        Column("JOB", lambda run: run["job_name"], flexible=True, rank=3),
        Column(f"START ({zone})" if zone else "START", _start, rank=1),
        Column("DURATION", lambda run: times.duration(_duration(run)), right=True, rank=4),
        Column("COST", lambda run: times.cost(_cost(run)), right=True, rank=5),
    ]
    show.table(columns, found)


def _when(run: "Run") -> str | None:
    if never_started(run):
        return None
    return run["scheduled_time"] if run["status"] == "upcoming" else run["start_time"]


def _start(run: "Run") -> str:
    return ("due " if run["status"] == "upcoming" else "") + times.moment(_when(run))


def _cost(run: "Run") -> float | None:
    return None if never_started(run) else run["cost_usd"]


def _duration(run: "Run") -> float | None:
    if never_started(run):
        return None
    return times.since(run["start_time"]) if run["status"] == "running" else run["duration"]


def _show_run(choices: Choices, run: "Run") -> None:
    if choices.as_json:
        show.document(run)
        return
    turns, exit_code, ran = run["num_turns"], run["exit_code"], not never_started(run)
    show.facts(
        [
            ("id", run["id"]),
            ("task", f"{text.line(run['task_name'])}  {run['task_id']}"),
            ("job", f"{text.line(run['job_name'])}  {run['job_id']}"),
            ("status", show.status(run["status"])),
            ("outcome", run["outcome"] or ""),
            ("errors", text.printable("\n".join(run["errors"]))),
            ("started by", _STARTED_BY.get(run["trigger"], run["trigger"])),
            ("restarted from", run["restarted_from"] or ""),
            ("sequence", f"{run['sequence_id']}, place {run['sequence_position'] + 1}" if run["sequence_id"] else ""),
            ("created", times.exact(run["created_at"])),
            ("scheduled", times.exact(run["scheduled_time"])),
            ("start", times.exact(run["start_time"]) if ran else ""),
            ("end", times.exact(run["end_time"])),
            ("duration", times.duration(_duration(run))),
            ("turns", "" if turns is None or not ran else str(turns)),
            ("cost", times.cost(_cost(run))),
            ("model", text.line(run["model"] or "")),
            ("exit code", "" if exit_code is None else str(exit_code)),
            ("session", text.line(run["session_id"] or "") if ran else ""),
            ("directory", text.line(run["working_directory"] or "")),
            ("branch", text.line(run["branch"] or "")),
            ("commit", run["commit"] or ""),
            ("not committed", "\n".join(text.line(path) for path in run["uncommitted"])),
            ("log", text.line(run["log_path"] or "") if ran or has_log(choices.home, run) else ""),
            ("result", text.excerpt(run["output"])),
            ("raw output", _end_of(run["raw_output"])),
        ]
    )
    reference = text.short(run["id"])
    if run["status"] in ("upcoming", "running"):
        show.hints(
            (choices.typed(f"runs logs -f {reference}"), "watch it"),
            (choices.typed(f"runs stop {reference}"), "stop it"),
        )
        return
    hints = []
    if has_log(choices.home, run):
        hints.append((choices.typed(f"runs logs {reference}"), "what the agent did"))
    if run["status"] != "success":
        hints.append((choices.typed(f"runs restart {reference}"), "do it over, and what follows it"))
    if hints:
        show.hints(*hints)


def _end_of(raw_output: str) -> str:
    """The last lines of a log, each cut to what the terminal has room for beside their name."""
    lines = text.printable(raw_output).splitlines()[-_RAW_LINES:]
    columns = show.columns_of(sys.stdout)
    return "\n".join(line if columns is None else text.cut(line, columns - _BESIDE) for line in lines)
