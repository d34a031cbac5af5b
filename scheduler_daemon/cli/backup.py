"""The commands ``backup`` and ``restore``: a copy of everything in one file, and everything as it was in one."""

import shlex
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

import click

from scheduler_daemon.cli import completion, show, text, times
from scheduler_daemon.cli.client import Refused, Unreachable
from scheduler_daemon.cli.command import Choices, Command
from scheduler_daemon.cli.options import place
from scheduler_daemon.cli.sizes import size

PATIENCE = 120.0
"""Seconds in which a daemon whose record was replaced answers again; with thousands of runs it has some to write."""
_LOOK = 0.1
"""Seconds between two tries."""


class Counts(TypedDict):
    """How many there are of each."""

    jobs: int
    tasks: int
    profiles: int
    runs: int


class Backup(Counts):
    """A backup that was made, by ``daemon.backup``."""

    file: str
    size: int
    created_at: str
    logs: int
    static_secrets: int


class Restoration(Counts):
    """A backup that takes the place of the record, or would, by ``daemon.restore``."""

    dry_run: bool
    file: str
    created_at: str
    ccsched: str | None
    home: str | None
    logs: int
    unfinished: int
    present: Counts
    live: list[str]
    kept: str


@click.command(cls=Command)
@click.argument("file", shell_complete=completion.files)
@click.option("--logs", is_flag=True, help="With the runs' logs.")
@click.option("-f", "--force", is_flag=True, help="Overwrite FILE.")
@click.pass_obj
def backup(choices: Choices, file: str, logs: bool, force: bool) -> None:
    """Write a copy of everything to FILE.

    Jobs, tasks, profiles, settings, runs and what is due, as they are at one moment, while the daemon goes on. FILE
    is a gzipped tar, readable by you alone; - is standard output.
    """
    if file == "-":
        _to_standard_output(choices, logs)
        return
    made = _backed_up(choices, place("FILE", file), logs, force)
    if choices.as_json:
        show.document(made)
        return
    with_logs = f" with {text.count(made['logs'], 'log')}" if logs else ""
    show.write(f"Backed up {_counted(made)}{with_logs} to {text.line(made['file'])}, {size(made['size'])}.")
    _warn(made)


def _warn(made: Backup) -> None:
    if made["static_secrets"]:
        secrets = text.count(made["static_secrets"], "secret")
        show.write(f"It holds {secrets} of your profiles as they are: keep it where nobody else reads.", sys.stderr)


def _backed_up(choices: Choices, file: str, logs: bool, force: bool) -> Backup:
    try:
        with choices.connect() as daemon:
            daemon.call("daemon.health")  # a backup may take its time, and one that is stuck would never answer
            made: Backup = daemon.call(
                "daemon.backup", patient=True, file=file, logs=logs or None, force=force or None
            )
            return made
    except Unreachable as problem:
        raise _without_daemon(choices, problem, "--backup", file) from None


def _without_daemon(choices: Choices, problem: Unreachable, option: str, file: str) -> Unreachable:
    """What to do where no daemon runs; one that is there and does not answer has to do it itself."""
    from scheduler_daemon.holder import OutOfSight, holder

    with suppress(OSError, OutOfSight):
        if holder(choices.home) is not None:
            return problem
    return Unreachable(f"{problem.message}\nIt can be done without it, too: {choices.home.ccschedd(option, file)}")


def _to_standard_output(choices: Choices, logs: bool) -> None:
    import shutil
    import tempfile

    if sys.stdout.isatty():
        raise click.UsageError("A backup is nothing for a terminal; name a file, or send it on: ccsched backup - | …")
    # The daemon writes files; in its home it can, and nobody else looks.
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=_existing(choices)) as folder:
        path = Path(folder) / "backup"
        made = _backed_up(choices, str(path), logs, force=False)
        with path.open("rb") as content:
            shutil.copyfileobj(content, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    _warn(made)


def _existing(choices: Choices) -> str | None:
    """The home; None where there is none, so that asking for the daemon says what is wrong."""
    return str(choices.home.path) if choices.home.path.is_dir() else None


@click.command(cls=Command)
@click.argument("file", shell_complete=completion.files)
@click.option("--dry-run", is_flag=True, help="Say what is in FILE, and change nothing.")
@click.option("--stop-runs", is_flag=True, help="Stop live runs first.")
@click.option(
    "--catch-up",
    is_flag=True,
    help="Start what had yet to start in it, and make up for what was missed since, as after a power cut.",
)
@click.option("-f", "--force", is_flag=True, help="Do not ask.")
@click.pass_obj
def restore(choices: Choices, file: str, dry_run: bool, stop_runs: bool, catch_up: bool, force: bool) -> None:
    """Put what is in FILE in the place of everything there is.

    FILE is one that `ccsched backup` has written, or a copy in the home's folder `backups`. It is looked through
    whole before anything is changed, and what there was is kept in that folder.

    Nothing starts at once: runs that were under way in FILE are ended, and what was due since is passed over, for it
    may have been done meanwhile.
    """
    if file == "-":
        raise click.UsageError("A restore reads its file twice, which standard input does not allow; name a file.")
    path = place("FILE", file)
    try:
        with choices.connect() as daemon:
            before = daemon.call("daemon.health")
            found: Restoration = daemon.call("daemon.restore", patient=True, file=path, dry_run=True)
            if dry_run:
                _show(choices, found)
                return
            _confirm(found, force, stop_runs)
            done: Restoration = daemon.call(
                "daemon.restore", patient=True, file=path, stop_runs=stop_runs or None, catch_up=catch_up or None
            )
    except Unreachable as problem:
        raise _without_daemon(choices, problem, "--restore", path) from None
    _until_back(choices, before["started_at"], done)
    _show(choices, done)


def _confirm(found: Restoration, force: bool, stop_runs: bool) -> None:
    if found["live"] and not stop_runs:
        return  # the daemon refuses, and says which
    if force:
        return
    present = found["present"]
    if not sys.stdin.isatty():
        raise click.ClickException(
            f"Nothing was restored: {_counted(present)} would be replaced, and nobody is there to confirm it.\n"
            "Add --force to restore it unasked."
        )
    stopped = f"{text.count(len(found['live']), 'live run')} would be stopped. " if found["live"] else ""
    question = f"{stopped}Put {_described(found)} in the place of the {_counted(present)} there are?"
    if not click.confirm(question, err=True):
        raise click.ClickException("Nothing was restored.")


def _until_back(choices: Choices, started_at: str, done: Restoration) -> None:
    """Return when the daemon answers anew."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(Unreachable, Refused), choices.connect() as daemon:
            if daemon.call("daemon.health")["started_at"] != started_at:
                return
        time.sleep(_LOOK)
    raise Unreachable(
        f"The daemon took the backup, and has not answered since; its log says why.\n"
        f"What there was before is in {text.line(done['kept'])}"
    )


def _show(choices: Choices, found: Restoration) -> None:
    if choices.as_json:
        show.document(found)
        return
    if found["dry_run"]:
        show.facts(
            [
                ("made", times.exact(found["created_at"])),
                ("by", f"ccsched {text.line(found['ccsched'])}" if found["ccsched"] else ""),
                ("of", text.line(found["home"] or "")),
                ("holds", f"{_counted(found)}, {text.count(found['logs'], 'log')}"),
                ("under way", text.count(found["unfinished"], "run") if found["unfinished"] else ""),
                ("replaces", _counted(found["present"])),
            ]
        )
        show.write("Nothing was restored: this was a dry run.")
        return
    show.write(f"Restored {_described(found)}.")
    show.write(f"What there was before is in {text.line(found['kept'])}")
    show.hints(
        (choices.typed(f"restore {text.line(shlex.quote(found['kept'] + '/state.db'))}"), "undo this"),
        (choices.typed("scheduler"), "what comes next"),
        (choices.typed("runs list"), "how runs that were under way in it have ended"),
    )


def _described(found: Restoration) -> str:
    return f"{_counted(found)} as of {times.exact(found['created_at'])}"


def _counted(counts: Counts) -> str:
    jobs, tasks = text.count(counts["jobs"], "job"), text.count(counts["tasks"], "task")
    profiles, runs = text.count(counts["profiles"], "profile"), text.count(counts["runs"], "run")
    return f"{jobs}, {tasks}, {profiles} and {runs}"
