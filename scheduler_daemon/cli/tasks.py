"""The commands about tasks."""

import sys
from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import show, task_options, text, times
from scheduler_daemon.cli.client import Client, Refused
from scheduler_daemon.cli.command import Choices, Group
from scheduler_daemon.cli.show import Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scheduler_daemon.cli.answers import Job, Run, Schedule, Task


@click.group(cls=Group)
def tasks() -> None:
    """Tasks: what the agent is to do, and when.

    TASK is an id, the first characters of one (at least 4), or a name.
    """


@tasks.command("create")
@click.option("--name", required=True, help="What you call it.")
@click.option("--job", required=True, help="The job it belongs to: an id or a name.")
@click.option("--prompt", metavar="TEXT", help="What the agent is to do.")
@click.option("--prompt-file", metavar="FILE", help="A file that holds the prompt; - is standard input.")
@click.option("--command", "command_text", metavar="TEXT", help="The command, of the type --command-type.")
@click.option(
    "--command-type",
    type=click.Choice(["prompt", "slash_command", "file"]),
    help="How --command becomes the agent's prompt; prompt if not given.",
)
@click.option("--profile", help="The environment of its runs: a profile's id or name.")
@click.option("--model", help="sonnet, opus, haiku or a model's whole name; sonnet if not given.")
@click.option(
    "--schedule",
    type=click.Choice(["manual", "interval", "calendar", "sequential"]),
    help="What makes it due; manual if not given.",
)
@click.option("--every", metavar="INTERVAL", help="Due every 30m, 2h, 1h30m or 1d; implies --schedule interval.")
@click.option("--cron", metavar="EXPR", help="Due by a cron expression; implies --schedule calendar.")
@click.option("--timezone", metavar="ZONE", help="The time zone of --cron, such as Europe/Berlin.")
@click.option("--permissions", type=click.Choice(["default", "bypass"]), help="bypass if not given.")
@click.option("--session-mode", type=click.Choice(["new", "continue", "resume"]), help="new if not given.")
@click.option("--allowed-tool", "allowed_tools", metavar="TOOL", multiple=True, help="May be repeated.")
@click.option("--disallowed-tool", "disallowed_tools", metavar="TOOL", multiple=True, help="May be repeated.")
@click.option(
    "--commit-on-success/--no-commit-on-success",
    default=None,
    help="Whether what a successful run changed is committed; yes if not given.",
)
@click.option("--time-limit", metavar="TIME", help="How long a run may take: seconds, or 30m, 2h, 1h30m.")
@click.option("--enabled/--disabled", default=None, help="Whether its schedule counts; yes if not given.")
@click.pass_obj
def create(
    choices: Choices,
    name: str,
    job: str,
    prompt: str | None,
    prompt_file: str | None,
    command_text: str | None,
    command_type: str | None,
    profile: str | None,
    model: str | None,
    schedule: str | None,
    every: str | None,
    cron: str | None,
    timezone: str | None,
    permissions: str | None,
    session_mode: str | None,
    allowed_tools: "Sequence[str]",
    disallowed_tools: "Sequence[str]",
    commit_on_success: bool | None,
    time_limit: str | None,
    enabled: bool | None,
) -> None:
    """Create a task, as the last one of its job."""
    command = task_options.command_of(prompt, prompt_file, command_text, command_type)
    due = task_options.schedule_of(schedule, every, cron, timezone)
    limit = None if time_limit is None else task_options.seconds_of(time_limit)
    with choices.connect() as daemon:
        task: Task = daemon.call(
            "tasks.create",
            job=job,
            name=name,
            command=command,
            command_type=command_type,
            profile=profile,
            model=model,
            schedule=due,
            permissions=permissions,
            session_mode=session_mode,
            allowed_tools=list(allowed_tools) or None,
            disallowed_tools=list(disallowed_tools) or None,
            commit_on_success=commit_on_success,
            time_limit=limit,
            enabled=enabled,
        )
        _show_task(choices, task)
        if schedule == "sequential":
            _note_that_it_is_first(choices, daemon, task)


@tasks.command("list")
@click.option("--job", help="Only the tasks of this job.")
@click.pass_obj
def list_(choices: Choices, job: str | None) -> None:
    """List tasks."""
    with choices.connect() as daemon:
        answer = daemon.call("tasks.list", job=job)
        if choices.as_json:
            show.document(answer)
            return
        every_job: list[Job] = daemon.call("jobs.list")["jobs"] if job is None and answer["tasks"] else []
    show_tasks(choices, answer["tasks"], job, {each["id"]: each["name"] for each in every_job})


@tasks.command("get")
@click.argument("task")
@click.pass_obj
def get(choices: Choices, task: str) -> None:
    """Show a task."""
    with choices.connect() as daemon:
        found: Task = daemon.call("tasks.get", task=task)
    _show_task(choices, found)


@tasks.command("run")
@click.argument("task")
@click.option("--wait", is_flag=True, help="Wait for the end; exit 0 only if the run is a success.")
@click.option("--follow", is_flag=True, help="Show what the agent does as well; waits too.")
@click.pass_context
def run(context: click.Context, task: str, wait: bool, follow: bool) -> None:
    """Run a task now."""
    from scheduler_daemon.cli.follow import all_succeeded, wait_for
    from scheduler_daemon.cli.runs import show_runs

    choices: Choices = context.obj
    with choices.connect() as daemon:
        started: Run = daemon.call("tasks.run", task=task)
        if wait or follow:
            [started] = wait_for(choices, daemon, [started], with_log=follow)
    if choices.as_json:
        show.document(started)
    elif not (wait or follow):
        show_runs([started])
        show.hints((choices.typed(f"runs logs -f {text.short(started['id'])}"), "watch it"))
    if (wait or follow) and not all_succeeded([started]):
        context.exit(1)


@tasks.command("enable")
@click.argument("task")
@click.pass_obj
def enable(choices: Choices, task: str) -> None:
    """Let a task's schedule count."""
    with choices.connect() as daemon:
        found: Task = daemon.call("tasks.enable", task=task)
    _show_task(choices, found)


@tasks.command("disable")
@click.argument("task")
@click.pass_obj
def disable(choices: Choices, task: str) -> None:
    """Let a task rest, whatever its schedule says."""
    with choices.connect() as daemon:
        found: Task = daemon.call("tasks.disable", task=task)
    _show_task(choices, found)


@tasks.command("delete")
@click.argument("task")
@click.option("--force", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(choices: Choices, task: str, force: bool) -> None:
    """Delete a task, its runs and logs.

    Runs under way are stopped first.
    """
    from scheduler_daemon.cli import deletion

    found: Task | None = None
    with choices.connect() as daemon:
        if not (force and choices.as_json):
            found = daemon.call("tasks.get", task=task)
            task = found["id"]
            if not force:
                named = f"task {text.line(found['name'])}"
                deletion.demand_a_person(named, "its runs and logs")
                deletion.confirm(f"{named} with", deletion.runs_of(daemon, task=task))
        deleted = daemon.call("tasks.delete", patient=True, task=task)
    if choices.as_json or found is None:
        show.document(deleted)
        return
    show.write(
        f"Deleted task {text.line(found['name'])} ({text.short(deleted['task_id'])}) with "
        f"{text.count(deleted['runs'], 'run')}."
    )


def show_tasks(
    choices: Choices, found: "list[Task]", job: str | None, job_names: "Mapping[str, str] | None" = None
) -> None:
    """Write tasks as a table, or say how to create one; all of them belong to ``job`` if it is given.

    If not, their jobs are named by ``job_names``, from ids.
    """
    if not found:
        import shlex  # only an empty list pays for it

        where = "JOB" if job is None else shlex.quote(text.line(job))
        show.empty(
            "There are no tasks." if job is None else "The job has no tasks.",
            "Create one: " + choices.typed(f"tasks create --job {where} --name NAME --prompt TEXT"),
        )
        return
    columns: list[Column[Task]] = [
        Column("ID", lambda task: text.short(task["id"])),
        Column("NAME", lambda task: task["name"], flexible=True),
        Column("ENABLED", lambda task: "yes" if task["enabled"] else "no", rank=2),
        Column("SCHEDULE", lambda task: _due(task["schedule"]), flexible=True, rank=1),
        Column("MODEL", lambda task: task["model"], flexible=True, rank=5),
        Column("LAST RUN", lambda task: task["last_run_status"] or "", is_status=True, rank=4),
    ]
    if job is None:
        names = job_names or {}
        job_of: Column[Task] = Column(
            "JOB", lambda task: names.get(task["job_id"], text.short(task["job_id"])), flexible=True, rank=3
        )
        columns.insert(2, job_of)
    show.table(columns, found)


def _note_that_it_is_first(choices: Choices, daemon: Client, task: "Task") -> None:
    """Say of a sequential task that has none before it what makes it due; on standard error, for people."""
    try:
        job: Job = daemon.call("jobs.get", job=task["job_id"])
    except Refused:
        return  # deleted in the meantime; the task was created, which is what was asked
    if job["task_order"][:1] == [task["id"]]:
        command = choices.typed(f"jobs run {text.short(job['id'])}")
        show.write(
            f"Note: {text.line(task['name'])} is the first task of its job, so there is none for it to follow: "
            f"it comes due only with\n{command}",
            sys.stderr,
        )


def _due(schedule: "Schedule") -> str:
    kind = schedule["type"]
    if kind == "interval":
        number, unit = schedule["interval_value"], schedule["interval_type"] or ""
        return f"every {number} {unit}" if number != 1 else f"every {unit.removesuffix('s')}"
    if kind == "calendar":
        return " ".join(part for part in (schedule["cron_expression"], schedule["timezone"]) if part)
    if kind == "file_watch":
        return f"when {schedule['watch_path']} changes"
    return kind


def _show_task(choices: Choices, task: "Task") -> None:
    if choices.as_json:
        show.document(task)
        return
    limit = task["time_limit"]
    show.facts(
        [
            ("id", task["id"]),
            ("name", text.line(task["name"])),
            ("job", task["job_id"]),
            ("enabled", "yes" if task["enabled"] else "no"),
            ("schedule", text.line(_due(task["schedule"]))),
            ("model", text.line(task["model"])),
            ("profile", task["profile"] or ""),
            ("permissions", task["permissions"]),
            ("session mode", task["session_mode"]),
            ("allowed tools", text.line(", ".join(task["allowed_tools"]))),
            ("disallowed tools", text.line(", ".join(task["disallowed_tools"]))),
            ("commits", "yes" if task["commit_on_success"] else "no"),
            ("time limit", "" if limit is None else times.duration(limit)),
            ("last run", show.status(task["last_run_status"] or "")),
            ("created", times.exact(task["created_at"])),
            ("changed", times.exact(task["updated_at"])),
            (task["command_type"].replace("_", " "), text.excerpt(task["command"])),
        ]
    )
    reference = text.short(task["id"])
    show.hints(
        (choices.typed(f"tasks run {reference}"), "run it now"),
        (choices.typed(f"runs list --task {reference}"), "its runs"),
        (choices.typed(f"tasks enable {reference}"), "let its schedule count")
        if not task["enabled"]
        else (choices.typed(f"tasks disable {reference}"), "let it rest"),
    )
