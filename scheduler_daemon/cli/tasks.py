"""The commands about tasks."""

import sys
from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import completion, names, show, task_options, text, times, unfilled, unheeded
from scheduler_daemon.cli.client import Client, Refused
from scheduler_daemon.cli.command import Choices, Group
from scheduler_daemon.cli.options import demand_a_change, naming_options
from scheduler_daemon.cli.sections import Sectioned
from scheduler_daemon.cli.show import Column

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from scheduler_daemon.cli import given as given_options
    from scheduler_daemon.cli.answers import Job, Notifications, Retry, Run, Schedule, Task, Verify, Why


@click.group(cls=Group)
def tasks() -> None:
    """Tasks: what the agent is to do, and when.

    TASK is an id, the first characters of one (at least 4), or a name.

    A task that is due --every 1d is due every 24 hours, whatever the clocks do; --cron goes by the clocks.

    With --verify, a run is a success only if that command is one after the agent; if not, the agent is asked to mend
    what it found. A run that meets the account's usage limit goes on in its session after the reset. Another failure
    that may be none the next time is tried again, --max-retries times.
    """


@tasks.command("create", cls=Sectioned, sections=task_options.sections(creating=True))
@click.pass_context
def create(context: click.Context, **given: "Unpack[given_options.Task]") -> None:
    """Create a task, as the last one of its job."""
    choices: Choices = context.obj
    fields = task_options.fields_of(given, creating=True)
    with choices.connect() as daemon:
        with naming_options(context):
            task: Task = daemon.call("tasks.create", patient=False, **fields)
        _show_task(choices, daemon, task)
        unfilled.note(choices, daemon, fields)
        unheeded.note(task, fields)
        if given["schedule"] == "sequential":
            _note_that_it_is_first(choices, daemon, task)


@tasks.command("update", cls=Sectioned, sections=task_options.sections(creating=False))
@click.argument("task", shell_complete=completion.tasks)
@click.pass_context
def update(context: click.Context, task: str, **given: "Unpack[given_options.Task]") -> None:
    """Change a task; what is not named stays as it is.

    Of a schedule, too: --timezone alone leaves the cron expression, --cron alone the time zone. A run under way
    ends as it began.
    """
    changes = task_options.fields_of(given, creating=False)
    demand_a_change(context, changes)
    choices: Choices = context.obj
    with choices.connect() as daemon:
        with naming_options(context):
            updated: Task = daemon.call("tasks.update", task=task, changes=changes)
        _show_task(choices, daemon, updated)
        unfilled.note(choices, daemon, changes)
        unheeded.note(updated, changes)
        if given["schedule"] == "sequential":
            _note_that_it_is_first(choices, daemon, updated)


@tasks.command("list")
@click.option("--job", shell_complete=completion.jobs, help="Only the tasks of this job.")
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
@click.argument("task", shell_complete=completion.tasks)
@click.pass_obj
def get(choices: Choices, task: str) -> None:
    """Show a task."""
    with choices.connect() as daemon:
        found: Task = daemon.call("tasks.get", task=task)
        _show_task(choices, daemon, found)


@tasks.command("why")
@click.argument("task", shell_complete=completion.tasks)
@click.pass_obj
def why(choices: Choices, task: str) -> None:
    """Say why a task is not running, and what will change that."""
    with choices.connect() as daemon:
        answer: Why = daemon.call("tasks.why", task=task)
    if choices.as_json:
        show.document(answer)
    else:
        show.write(f"{text.line(answer['task_name'])}: {text.line(answer['message'])}")


@tasks.command("run")
@click.argument("task", shell_complete=completion.tasks)
@click.option("--wait", is_flag=True, help="Wait for the end; exit 0 only if the run is a success.")
@click.option("--follow", is_flag=True, help="Show what the agent does as well; waits too.")
@click.pass_context
def run(context: click.Context, task: str, wait: bool, follow: bool) -> None:
    """Run a task now."""
    from scheduler_daemon.cli.started import show_started

    choices: Choices = context.obj
    with choices.connect() as daemon:
        started: Run = daemon.call("tasks.run", task=task)
        show_started(context, daemon, [started], lambda runs: runs[0], wait=wait, follow=follow)


@tasks.command("enable")
@click.argument("task", shell_complete=completion.tasks)
@click.pass_obj
def enable(choices: Choices, task: str) -> None:
    """Let a task's schedule count."""
    with choices.connect() as daemon:
        found: Task = daemon.call("tasks.enable", task=task)
        _show_task(choices, daemon, found)


@tasks.command("disable")
@click.argument("task", shell_complete=completion.tasks)
@click.pass_obj
def disable(choices: Choices, task: str) -> None:
    """Let a task rest, whatever its schedule says."""
    with choices.connect() as daemon:
        found: Task = daemon.call("tasks.disable", task=task)
        _show_task(choices, daemon, found)


@tasks.command("delete")
@click.argument("task", shell_complete=completion.tasks)
@click.option("-f", "--force", is_flag=True, help="Do not ask.")
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
                its_runs = deletion.counted(deletion.runs_of(daemon, task=task))
                deletion.confirm(f"{named} with {its_runs} and their logs")
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
        Column("ENABLED", lambda task: _yes(task["enabled"]), rank=2),
        Column("SCHEDULE", lambda task: due_in_words(task["schedule"]), flexible=True, rank=1),
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


def due_in_words(schedule: "Schedule") -> str:
    """When a task is due, as short as it can be said."""
    kind = schedule["type"]
    if kind == "interval":
        number, unit = schedule["interval_value"], schedule["interval_type"] or ""
        return f"every {number} {unit}" if number != 1 else f"every {unit.removesuffix('s')}"
    if kind == "calendar":
        return " ".join(part for part in (schedule["cron_expression"], schedule["timezone"]) if part)
    if kind == "file_watch":
        return f"when {schedule['watch_path']} changes"
    return kind


def _show_task(choices: Choices, daemon: Client, task: "Task") -> None:
    if choices.as_json:
        show.document(task)
        return
    schedule = task["schedule"]
    show.facts(
        [
            ("id", task["id"]),
            ("name", text.line(task["name"])),
            ("job", names.job(daemon, task["job_id"])),
            ("enabled", _yes(task["enabled"])),
            ("schedule", text.line(_schedule(schedule))),
            ("time zone", text.line(schedule["timezone"] or "")),
            ("watch patterns", "\n".join(text.line(pattern) for pattern in schedule["watch_patterns"])),
            ("watch below", _yes_or_nothing(schedule["watch_recursive"])),
            ("watch debounce", times.duration(schedule["watch_debounce"])),
            ("watch max wait", times.duration(schedule["watch_max_wait"])),
            ("missed", _missed(task)),
            ("overlap", task["overlap"] or ""),
            ("jitter", times.spelled(task["jitter"]) if task["jitter"] else ""),
            ("running hours", task["running_hours"] or ""),
            ("model", text.line(task["model"])),
            ("profile", names.profile(daemon, task["profile"])),
            ("permissions", task["permissions"]),
            ("session mode", task["session_mode"]),
            ("allowed tools", text.line(", ".join(task["allowed_tools"]))),
            ("disallowed tools", text.line(", ".join(task["disallowed_tools"]))),
            ("time limit", _spelled(task["time_limit"])),
            ("most turns", str(task["max_turns"] or "")),
            ("budget", "" if task["max_budget_usd"] is None else times.dollars(task["max_budget_usd"])),
            ("usage limits", _usage_limits(task)),
            ("stalled", _stalled(task)),
            ("verify", _verify(task["verify"])),
            ("commits", _yes(task["commit_on_success"])),
            ("retries", _retries(task["retry"])),
            ("notifies", _notifies(task["notifications"])),
            ("keeps", text.count(task["run_retention_count"], "run") if task["run_retention_count"] else ""),
            ("last run", show.status(task["last_run_status"] or "")),
            ("created", times.exact(task["created_at"])),
            ("changed", times.exact(task["updated_at"])),
            (task["command_type"].replace("_", " "), text.excerpt(task["command"])),
        ]
    )
    reference = text.short(task["id"])
    show.hints(
        (choices.typed(f"tasks run {reference}"), "run it now"),
        (choices.typed(f"tasks why {reference}"), "why it is not running"),
        (choices.typed(f"runs list --task {reference}"), "its runs"),
        (choices.typed(f"tasks enable {reference}"), "let its schedule count")
        if not task["enabled"]
        else (choices.typed(f"tasks disable {reference}"), "let it rest"),
    )


def _schedule(schedule: "Schedule") -> str:
    """The type of a schedule, and what makes it due."""
    kind = schedule["type"]
    details = {
        "interval": due_in_words(schedule),
        "calendar": schedule["cron_expression"] or "",
        "file_watch": due_in_words(schedule),
    }
    return f"{kind}: {details[kind]}" if kind in details else kind


def _missed(task: "Task") -> str:
    """What becomes of missed due times; nothing where the clock makes none."""
    if task["schedule"]["type"] not in unheeded.TIMED:
        return ""
    within = "" if task["missed"] == "skip" else f", within {times.spelled(task['missed_within'])}"
    return f"{task['missed']}{within}"


def _usage_limits(task: "Task") -> str:
    """What it does at one, where that is not what it does by itself."""
    if not task["wait_for_limit"]:
        return "a run that meets one is not gone on with"
    longest = task["max_limit_wait"]
    if longest == 0:
        return "does not wait for their resets"
    return "" if longest is None else f"waits for their resets for {times.spelled(longest)}, all in all"


def _stalled(task: "Task") -> str:
    """What becomes of a silent agent, where that is not what does by itself."""
    after = task["stall_after"]
    silent = "the setting stall_after" if after is None else times.spelled(after)
    if task["stop_when_stalled"]:
        return f"ended after {silent} without a word"
    return "" if after is None else f"told after {silent} without a word"


def _verify(verify: "Verify") -> str:
    if verify["command"] is None:
        return ""
    limit, rounds = times.spelled(verify["time_limit"]), text.count(verify["max_fix_rounds"], "round")
    return f"{text.excerpt(verify['command'])}\nwithin {limit}, {rounds} to mend what it finds"


def _retries(retry: "Retry") -> str:
    most, delay, longest = retry["max_retries"], retry["retry_delay"], retry["max_retry_delay"]
    if not most:
        return "none"
    if delay >= longest or most == 1:
        return f"{most}, {'each ' if most > 1 else ''}after {times.spelled(delay)}"
    first, last = times.spelled(delay), times.spelled(longest)
    return f"{most}, the first after {first}, each further one after twice as long, {last} at most"


def _notifies(notifications: "Notifications") -> str:
    told = [
        word
        for word, wanted in (("success", notifications["on_success"]), ("failure", notifications["on_failure"]))
        if wanted
    ]
    return "on " + " and ".join(told) if told else "no"


def _spelled(amount: int | None) -> str:
    return "" if amount is None else times.spelled(amount)


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _yes_or_nothing(holds: bool | None) -> str:
    return "" if holds is None else _yes(holds)
