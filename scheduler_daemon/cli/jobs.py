"""The commands about jobs."""

from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import show, text, times
from scheduler_daemon.cli.client import Client
from scheduler_daemon.cli.command import Choices, Group, directory
from scheduler_daemon.cli.show import Column

if TYPE_CHECKING:
    from scheduler_daemon.cli.answers import Job, Run, Sequence, Task


@click.group(cls=Group)
def jobs() -> None:
    """Jobs: tasks that share a directory and an order.

    JOB is an id, the first characters of one (at least 4), or a name.
    """


@jobs.command("create")
@click.option("--name", required=True, help="What you call it.")
@click.option("--description", help="What it is for.")
@click.option("--working-directory", required=True, metavar="PATH", help="Where its runs work.")
@click.option("--use-worktree", is_flag=True, help="Work in a git worktree made from that directory.")
@click.option("--worktree-name", help="The worktree's folder and branch; the job's name if not given.")
@click.option("--worktree-branch", help="The branch the worktree starts from; main if not given.")
@click.option("--profile", help="The environment of its runs: a profile's id or name.")
@click.pass_obj
def create(
    choices: Choices,
    name: str,
    description: str | None,
    working_directory: str,
    use_worktree: bool,
    worktree_name: str | None,
    worktree_branch: str | None,
    profile: str | None,
) -> None:
    """Create a job."""
    if not use_worktree and (worktree_name is not None or worktree_branch is not None):
        raise click.UsageError("--worktree-name and --worktree-branch go with --use-worktree; add it.")
    place: dict[str, object] = {"path": directory(working_directory)}
    if use_worktree:
        place["use_git_worktree"] = True
    if worktree_name is not None:
        place["worktree_name"] = worktree_name
    if worktree_branch is not None:
        place["worktree_branch"] = worktree_branch
    with choices.connect() as daemon:
        job: Job = daemon.call(
            "jobs.create", name=name, description=description, profile=profile, working_directory=place
        )
        _show_job(choices, daemon, job)


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
@click.argument("job")
@click.pass_obj
def get(choices: Choices, job: str) -> None:
    """Show a job."""
    with choices.connect() as daemon:
        found: Job = daemon.call("jobs.get", job=job)
        _show_job(choices, daemon, found)


@jobs.command("tasks")
@click.argument("job")
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


@jobs.command("run")
@click.argument("job")
@click.option("--wait", is_flag=True, help="Wait for the end; exit 0 only if every run is a success.")
@click.option("--follow", is_flag=True, help="Show what the agent does as well, run after run; waits too.")
@click.pass_context
def run(context: click.Context, job: str, wait: bool, follow: bool) -> None:
    """Run all tasks of a job in their order."""
    from scheduler_daemon.cli.follow import all_succeeded, wait_for
    from scheduler_daemon.cli.runs import show_runs

    choices: Choices = context.obj
    with choices.connect() as daemon:
        answer: Sequence = daemon.call("jobs.run", job=job)
        if wait or follow:
            answer["runs"] = wait_for(choices, daemon, answer["runs"], with_log=follow)
    if choices.as_json:
        show.document(answer)
    elif not (wait or follow):
        show_runs(answer["runs"])
        if answer["runs"]:
            first = text.short(answer["runs"][0]["id"])
            show.hints((choices.typed(f"runs logs -f {first}"), "watch the first one"))
    if (wait or follow) and not all_succeeded(answer["runs"]):
        context.exit(1)


@jobs.command("stop")
@click.argument("job")
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
@click.argument("job")
@click.option("--force", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(choices: Choices, job: str, force: bool) -> None:
    """Delete a job, its tasks, their runs and logs.

    Runs under way are stopped first. A worktree and its branch stay.
    """
    from scheduler_daemon.cli import deletion, worktree

    found: Job | None = None
    its_runs: list[Run] = []
    with choices.connect() as daemon:
        if not (force and choices.as_json):
            found = daemon.call("jobs.get", job=job)
            job = found["id"]
            named = f"job {text.line(found['name'])}"
            if not force:
                deletion.demand_a_person(named, "its tasks, their runs and logs")
            its_runs = deletion.runs_of(daemon, job=job)
            if not force:
                deletion.confirm(f"{named} with {text.count(len(found['task_order']), 'task')},", its_runs)
        deleted = daemon.call("jobs.delete", patient=True, job=job)
    if choices.as_json or found is None:
        show.document(deleted)
        return
    show.write(
        f"Deleted job {text.line(found['name'])} ({text.short(deleted['job_id'])}) with "
        f"{text.count(deleted['tasks'], 'task')} and {text.count(deleted['runs'], 'run')}."
    )
    worktree.show_what_stays(found, its_runs)


def _worktree(job: "Job") -> str:
    place = job["working_directory"]
    if not place["use_git_worktree"]:
        return ""
    return f"{place['worktree_name'] or job['name']} from {place['worktree_branch']}"


def _branch(job: "Job") -> str:
    """The branch of a job's worktree, and the one it starts from."""
    place = job["working_directory"]
    if not place["use_git_worktree"]:
        return ""
    return f"on branch {place['worktree_name'] or 'named after the job'}, from {place['worktree_branch']}"


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
            ("profile", job["profile"] or ""),
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
