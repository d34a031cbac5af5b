"""The commands about runs."""

import sys
from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import completion, show, text, times
from scheduler_daemon.cli.command import Choices, Group, on_terminal
from scheduler_daemon.cli.options import only_one
from scheduler_daemon.cli.record import ENDED, cost_of, duration_of, ending, never_started
from scheduler_daemon.cli.run_facts import show_run
from scheduler_daemon.cli.show import Column

if TYPE_CHECKING:
    from scheduler_daemon.cli.answers import Run


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
        waits = ""
        if not choices.as_json and found["status"] == "upcoming":
            from scheduler_daemon.cli.queued import reason  # only a run that is to come pays for it

            waits = reason(daemon, found)
    show_run(choices, found, waits)


@runs.command("stop")
@click.argument("run", shell_complete=completion.runs)
@click.pass_obj
def stop(choices: Choices, run: str) -> None:
    """Stop a run, and wait until it has ended."""
    with choices.connect() as daemon:
        found: Run = daemon.call("runs.stop", patient=True, run=run)
    show_run(choices, found)


@runs.command("restart")
@click.argument("run", shell_complete=completion.runs)
@click.option("--only", is_flag=True, help="That run alone, not those that followed it.")
@click.option("--resume", is_flag=True, help="Go on in the run's session, and not in a new one.")
@click.option("--wait", is_flag=True, help="Wait for the end; exit 0 only if every run is a success.")
@click.option("--follow", is_flag=True, help="Show what the agent does as well, run after run; waits too.")
@click.pass_context
def restart(context: click.Context, run: str, only: bool, resume: bool, wait: bool, follow: bool) -> None:
    """Do a run over, and those that followed it in its sequence.

    The new runs are of the tasks as they are now; the old records stay. With --only and --resume, that run alone goes
    on where it stopped.
    """
    from scheduler_daemon.cli.started import show_sequence

    choices: Choices = context.obj
    with choices.connect() as daemon:
        again = daemon.call("runs.restart", run=run, only=only or None, resume=resume or None)
        show_sequence(context, daemon, again, wait=wait, follow=follow)


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


@runs.command("diff")
@click.argument("run", shell_complete=completion.runs)
@click.option("--stat", is_flag=True, help="How much has changed in each file.")
@click.option("--name-only", is_flag=True, help="Only which files have changed.")
@click.pass_obj
def diff(choices: Choices, run: str, stat: bool, name_only: bool) -> None:
    """Show what a run changed.

    That is all that it committed, or what it has changed so far. In a pipe it is a patch for `git apply`; --output
    json tells between which commits it lies.
    """
    from scheduler_daemon.cli.diff import show_diff

    form = only_one("what to show", {"--stat": stat, "--name-only": name_only})
    with choices.connect() as daemon:
        answer = daemon.call("runs.diff", patient=True, run=run)
    if choices.output == "json":
        show.document(answer)
    else:
        show_diff(answer, form)


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
        Column("OUTCOME", _outcome, rank=2),
        Column("TASK", lambda run: run["task_name"], flexible=True),
        Column("JOB", lambda run: run["job_name"], flexible=True, rank=3),
        Column(f"START ({zone})" if zone else "START", _start, rank=1),
        Column("DURATION", lambda run: times.duration(duration_of(run)), right=True, rank=4),
        Column("COST", lambda run: times.cost(cost_of(run)), right=True, rank=5),
    ]
    show.table(columns, found)


def _outcome(run: "Run") -> str:
    """How it ended, or since when it says nothing; and whether it is a further try of another, or goes on with it."""
    stalled = run["stalled_at"] if run["status"] == "running" else None
    goes_on = "goes on" if run["trigger"] == "limit_reset" else ""
    again = f"{times.ordinal(run['attempt'])} try" if run["attempt"] > 1 else ""
    parts = (run["outcome"], stalled and f"stalled since {times.brief(stalled)}", goes_on or again)
    return ", ".join(part for part in parts if part)


def _when(run: "Run") -> str | None:
    if never_started(run):
        return None
    return run["scheduled_time"] if run["status"] == "upcoming" else run["start_time"]


def _start(run: "Run") -> str:
    return ("due " if run["status"] == "upcoming" else "") + times.moment(_when(run))
