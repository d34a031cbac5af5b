"""Jobs as files: export and import, and the data of the earlier application."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import completion, show, text
from scheduler_daemon.cli.command import Choices, Command
from scheduler_daemon.cli.options import place
from scheduler_daemon.cli.show import Column

if TYPE_CHECKING:
    from scheduler_daemon.cli.answers import Export, Import, Migration, Moved, Task

_RESULTS = {"taken": "taken", "changed": "changed", "left_out": "left out"}
"""What became of a thing of the earlier application, in words."""


@click.command("export", cls=Command)
@click.argument("job", nargs=-1, shell_complete=completion.jobs)
@click.option("--all", "every", is_flag=True, help="All jobs.")
@click.option(
    "-o",
    "--to",
    "file",
    metavar="FILE",
    shell_complete=completion.files,
    help="Write it to this file, readable by you alone; else to standard output.",
)
@click.option("-f", "--force", is_flag=True, help="Overwrite FILE also where it is no export.")
@click.pass_obj
def export(choices: Choices, job: tuple[str, ...], every: bool, file: str | None, force: bool) -> None:
    """Write jobs and their tasks as JSON.

    `jobs import` reads it. It names the profiles that are used but holds none of their variables, and no runs.
    """
    from scheduler_daemon.cli.export_file import ExportFile

    if every and job:
        raise click.UsageError("--all means all jobs; leave it out, or the jobs.")
    if not every and not job:
        raise click.UsageError("Say which jobs: JOB, one or more of them, or --all.")
    target = None if file is None or file == "-" else ExportFile(place("-o", file), force)
    with choices.connect() as daemon:
        document: Export = daemon.call("jobs.export", jobs=list(job) or None)
    if target is None:
        show.document(document)
        return
    target.write(document)
    jobs, tasks = len(document["jobs"]), len(document["tasks"])
    if choices.as_json:
        show.document({"file": str(target.path), "jobs": jobs, "tasks": tasks})
    else:
        counted = f"{text.count(jobs, 'job')} with {text.count(tasks, 'task')}"
        show.write(f"Exported {counted} to {text.line(str(target.path))}")


@click.command("import", cls=Command)
@click.argument("file", shell_complete=completion.files)
@click.option("--dry-run", is_flag=True, help="Say what it would make, and make nothing.")
@click.option(
    "--working-directory",
    metavar="PATH",
    shell_complete=completion.directories,
    help="Where the runs of all its jobs work, not where FILE says.",
)
@click.pass_obj
def import_(choices: Choices, file: str, dry_run: bool, working_directory: str | None) -> None:
    """Make the jobs and tasks of an export anew.

    They get new ids, so that it can be read more than once. FILE is taken in whole or not at all; - is standard
    input.
    """
    content = _content(file)
    directory = None if working_directory is None else place("--working-directory", working_directory)
    with choices.connect() as daemon:
        made: Import = daemon.call(
            "jobs.import",
            patient=True,  # git is asked about the directory of every job
            content=content,
            file="standard input" if file == "-" else file,
            dry_run=dry_run or None,
            working_directory=directory,
        )
    if choices.as_json:
        show.document(made)
    else:
        _show_import(choices, made)


@click.command(cls=Command)
@click.argument("directory", shell_complete=completion.directories)
@click.option("--dry-run", is_flag=True, help="Say what it would take over, and take nothing.")
@click.pass_obj
def migrate(choices: Choices, directory: str, dry_run: bool) -> None:
    """Take over what the earlier desktop application kept.

    DIRECTORY has its jobs, tasks, runs, profiles and settings; nothing there is changed. They are taken over whole
    or not at all: what cannot be read is told with file, line and field.
    """
    directory = place("DIRECTORY", directory)
    with choices.connect() as daemon:
        answer: Migration = daemon.call("daemon.migrate", patient=True, directory=directory, dry_run=dry_run or None)
    if choices.as_json:
        show.document(answer)
        return
    for line in answer["lines"]:
        show.write(_moved(line))
    created = answer["created"]
    jobs, tasks = text.count(created["jobs"], "job"), text.count(created["tasks"], "task")
    runs, profiles = text.count(created["runs"], "run"), text.count(created["profiles"], "profile")
    counted = f"{jobs}, {tasks}, {runs} and {profiles}"
    if answer["dry_run"]:
        show.write(f"It would take over {counted}. Nothing was taken over: this was a dry run.")
        return
    show.write(f"Took over {counted}.")
    show.hints((choices.typed("jobs list"), "look at them"), (choices.typed("scheduler"), "what comes next"))


def _content(file: str) -> str:
    """What a file holds, or standard input for ``-``.

    Raises:
        click.UsageError: when it cannot be read, or is no text.
    """
    name = "Standard input" if file == "-" else text.line(file)
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = problem.object.count(b"\n", 0, problem.start) + 1
        raise click.UsageError(f"{name}, line {line}: this is not UTF-8, so it is no JSON document.") from None
    except OSError as problem:
        raise click.UsageError(f"{name} cannot be read: {problem.strerror}.") from None


def _show_import(choices: Choices, made: "Import") -> None:
    """The jobs, each with its tasks below it, and what was changed or left out on the way."""
    from scheduler_daemon.cli.tasks import due_in_words

    tasks: dict[str, list[Task]] = {}
    for task in made["tasks"]:
        tasks.setdefault(task["job_id"], []).append(task)
    rows = []
    for job in made["jobs"]:
        rows.append((text.short(job["id"]), job["name"], job["working_directory"]["path"]))
        rows += [
            (text.short(task["id"]), f"  {task['name']}", due_in_words(task["schedule"]))
            for task in tasks.get(job["id"], ())
        ]
    columns: list[Column[tuple[str, str, str]]] = [
        Column("JOB, TASK", lambda row: row[1], flexible=True),
        Column("DIRECTORY, SCHEDULE", lambda row: row[2], flexible=True, rank=1),
    ]
    if not made["dry_run"]:  # otherwise nothing has these ids
        columns.insert(0, Column("ID", lambda row: row[0]))
    if rows:
        show.table(columns, rows)
    for note in made["notes"]:
        show.write(f"Note: {text.printable(note)}")
    counted = f"{text.count(len(made['jobs']), 'job')} with {text.count(len(made['tasks']), 'task')}"
    if made["dry_run"]:
        show.write(f"It would make {counted}. Nothing was made: this was a dry run.")
        return
    show.write(f"Made {counted}.")
    if made["jobs"]:
        show.hints(
            (choices.typed(f"jobs get {text.short(made['jobs'][0]['id'])}"), "look at the first one"),
            (choices.typed("scheduler"), "what comes next"),
        )


def _moved(line: "Moved") -> str:
    """What became of one thing: ``changed   task "x" (tasks.json, line 12): why``."""
    place_of = line["file"] if line["line"] is None else f"{line['file']}, line {line['line']}"
    words = f"{_RESULTS.get(line['result'], line['result']):<8}  {line['object']} ({place_of})"
    return text.line(f"{words}: {line['message']}" if line["message"] else words)
