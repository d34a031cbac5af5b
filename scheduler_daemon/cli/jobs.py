"""The commands about jobs."""

from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import completion, job_options, names, show, text, times, transfer, unfilled
from scheduler_daemon.cli.client import Client
from scheduler_daemon.cli.command import Choices, Group
from scheduler_daemon.cli.options import demand_a_change, naming_options
from scheduler_daemon.cli.show import Column

if TYPE_CHECKING:
    from typing import Unpack

    from scheduler_daemon.cli import given as given_options
    from scheduler_daemon.cli.answers import Job, Task


@click.group(cls=Group)
def jobs() -> None:
    """Jobs: tasks that share a directory and an order.

    JOB is an id, the first characters of one (at least 4), or a name.
    """


@jobs.command("create", params=job_options.parameters(creating=True))
@click.pass_context
def create(context: click.Context, **given: "Unpack[given_options.Job]") -> None:
    """Create a job."""
    choices: Choices = context.obj
    fields = job_options.fields_of(given, creating=True)
    with choices.connect() as daemon:
        with naming_options(context):
            job: Job = daemon.call("jobs.create", patient=False, **fields)
        _show_job(choices, daemon, job)
        unfilled.note(choices, daemon, fields)


@jobs.command("update", params=job_options.parameters(creating=False))
@click.argument("job", shell_complete=completion.jobs)
@click.pass_context
def update(context: click.Context, job: str, **given: "Unpack[given_options.Job]") -> None:
    """Change a job; what is not named stays as it is.

    Runs under way end as they began.
    """
    changes = job_options.fields_of(given, creating=False)
    demand_a_change(context, changes)
    choices: Choices = context.obj
    with choices.connect() as daemon:
        with naming_options(context):
            updated: Job = daemon.call("jobs.update", job=job, changes=changes)
        _show_job(choices, daemon, updated)
        unfilled.note(choices, daemon, changes)


@jobs.command("list")
@click.pass_obj
def list_(choices: Choices) -> None:
    """List all jobs."""
    with choices.connect() as daemon:
        answer = daemon.call("jobs.list")
    if choices.as_json:
        show.document(answer)
        return
    found: list[Job] = answer["jobs"]
    if not found:
        show.empty(
            "There are no jobs.",
            "Create one: " + choices.typed("jobs create --name NAME --working-directory PATH"),
        )
        return
    columns: list[Column[Job]] = [
        Column("ID", lambda job: text.short(job["id"])),
        Column("NAME", lambda job: job["name"], flexible=True),
        Column("STATUS", lambda job: job["status"], is_status=True),
        Column("TASKS", lambda job: str(len(job["task_order"])), right=True, rank=1),
        Column("DIRECTORY", lambda job: job["working_directory"]["path"], flexible=True, rank=2),
    ]
    if any(map(_worktree, found)):
        columns.append(Column("WORKTREE", _worktree, flexible=True, rank=3))
    show.table(columns, found)


@jobs.command("get")
@click.argument("job", shell_complete=completion.jobs)
@click.pass_obj
def get(choices: Choices, job: str) -> None:
    """Show a job."""
    with choices.connect() as daemon:
        found: Job = daemon.call("jobs.get", job=job)
        _show_job(choices, daemon, found)


@jobs.command("tasks")
@click.argument("job", shell_complete=completion.jobs)
@click.pass_obj
def tasks(choices: Choices, job: str) -> None:
    """List a job's tasks in their order."""
    with choices.connect() as daemon:
        found: list[Task] = daemon.call("jobs.tasks", job=job)
    if choices.as_json:
        show.document(found)
        return
    from scheduler_daemon.cli.tasks import show_tasks

    show_tasks(choices, found, job)


@jobs.command("set-order")
@click.argument("job", shell_complete=completion.jobs)
@click.argument("task", nargs=-1, required=True, shell_complete=completion.tasks_of_job)
@click.pass_obj
def set_order(choices: Choices, job: str, task: tuple[str, ...]) -> None:
    """Put a job's tasks in order.

    Name every TASK of it once, the first to run first.
    """
    with choices.connect() as daemon:
        updated: Job = daemon.call("jobs.set_order", job=job, tasks=list(task))
        _show_job(choices, daemon, updated)


@jobs.command("run")
@click.argument("job", shell_complete=completion.jobs)
@click.option("--wait", is_flag=True, help="Wait for the end; exit 0 only if every run is a success.")
@click.option("--follow", is_flag=True, help="Show what the agent does as well, run after run; waits too.")
@click.pass_context
def run(context: click.Context, job: str, wait: bool, follow: bool) -> None:
    """Run all tasks of a job in their order."""
    from scheduler_daemon.cli.started import show_sequence

    choices: Choices = context.obj
    with choices.connect() as daemon:
        show_sequence(context, daemon, daemon.call("jobs.run", job=job), wait=wait, follow=follow)


@jobs.command("stop")
@click.argument("job", shell_complete=completion.jobs)
@click.pass_obj
def stop(choices: Choices, job: str) -> None:
    """Stop a job's runs, and wait until they have ended."""
    with choices.connect() as daemon:
        answer = daemon.call("jobs.stop", patient=True, job=job)
    if choices.as_json:
        show.document(answer)
        return
    stopped: list[str] = answer["stopped"]
    name = text.line(answer["job"]["name"])
    if stopped:
        ids = ", ".join(text.short(each) for each in stopped)
        show.write(f"Stopped {text.count(len(stopped), 'run')} of job {name}: {ids}")
    else:
        show.write(f"Job {name} had no run to stop.")


@jobs.command("delete")
@click.argument("job", shell_complete=completion.jobs)
@click.option("--worktree", "with_worktree", is_flag=True, help="Also its worktree and branch, if nothing is lost.")
@click.option("-f", "--force", is_flag=True, help="Do not ask; with --worktree, whatever is lost with it.")
@click.pass_obj
def delete(choices: Choices, job: str, with_worktree: bool, force: bool) -> None:
    """Delete a job, its tasks, their runs and logs.

    Runs under way are stopped first. A worktree and its branch stay. With --worktree they go, too, if every file is
    committed and every commit merged into the branch it began at; else nothing is deleted.
    """
    from scheduler_daemon.cli import deletion, worktree

    found: Job | None = None
    with choices.connect() as daemon:
        if not (force and choices.as_json):
            found = daemon.call("jobs.get", job=job)
            job = found["id"]
            named = f"job {text.line(found['name'])}"
            if not force:
                its_work = ", and its worktree with all that is in it" if with_worktree else ""
                deletion.demand_a_person(named, f"its tasks, their runs and logs{its_work}")
                tasks_there = text.count(len(found["task_order"]), "task")
                its_runs = deletion.counted(deletion.runs_of(daemon, job=job))
                its_logs = "their logs, and its worktree" if with_worktree else "their logs"
                deletion.confirm(f"{named} with {tasks_there}, {its_runs} and {its_logs}")
        asked = {"worktree": True, "force": force} if with_worktree else {}
        deleted = daemon.call("jobs.delete", patient=True, job=job, **asked)
    if choices.as_json or found is None:
        show.document(deleted)
        return
    show.write(
        f"Deleted job {text.line(found['name'])} ({text.short(deleted['job_id'])}) with "
        f"{text.count(deleted['tasks'], 'task')} and {text.count(deleted['runs'], 'run')}."
    )
    worktree.show_what_became_of(deleted["worktree"])


jobs.add_command(transfer.export)
jobs.add_command(transfer.import_)


def _worktree(job: "Job") -> str:
    place = job["working_directory"]
    if not place["use_git_worktree"]:
        return ""
    return f"{place['worktree_name'] or job['name']} from {place['worktree_branch']}"


def _branch(job: "Job") -> str:
    """The branch of a job's worktree, and the one it starts from."""
    place = job["working_directory"]
    name, start = place["worktree_name"], place["worktree_branch"]
    branch = f"on branch {name or 'named after the job'}, from {start}"
    if place["use_git_worktree"]:
        return branch
    return f"not used; if it were, {branch}" if name or start != "main" else ""


def _show_job(choices: Choices, daemon: Client, job: "Job") -> None:
    if choices.as_json:
        show.document(job)
        return
    tasks_there: list[Task] = daemon.call("jobs.tasks", job=job["id"]) if job["task_order"] else []
    show.facts(
        [
            ("id", job["id"]),
            ("name", text.line(job["name"])),
            ("description", text.printable(job["description"])),
            ("status", show.status(job["status"])),
            ("directory", text.line(job["working_directory"]["path"])),
            ("worktree", text.line(_branch(job))),
            ("profile", names.profile(daemon, job["profile"])),
            ("overlap", job["overlap"]),
            ("spending limit", times.dollars_a_day(job["max_usd_per_day"])),
            ("created", times.exact(job["created_at"])),
            ("changed", times.exact(job["updated_at"])),
            ("tasks", "\n".join(map(_task, tasks_there)) or "none"),
        ]
    )
    reference = text.short(job["id"])
    if job["task_order"]:
        show.hints(
            (choices.typed(f"jobs tasks {reference}"), "more about its tasks"),
            (choices.typed(f"jobs run {reference}"), "run them now"),
        )
    else:
        show.hints((choices.typed(f"tasks create --job {reference} --name NAME --prompt TEXT"), "add a task"))


def _task(task: "Task") -> str:
    rests = "" if task["enabled"] else "  (disabled)"
    return f"{text.short(task['id'])}  {text.line(task['name'])}{rests}"
