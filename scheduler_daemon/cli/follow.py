"""Following a run to its end: its log as it grows.

The daemon says when the log has grown; the client reads the file itself.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

import click

from scheduler_daemon.cli import show, text
from scheduler_daemon.cli.client import Client, Unreachable
from scheduler_daemon.cli.command import Choices
from scheduler_daemon.cli.queued import Queued
from scheduler_daemon.cli.record import (
    ENDED,
    ending,
    has_log,
    log_path,
    named,
    never_started,
    titled,
    why_not_started,
)
from scheduler_daemon.cli.transcript import Transcript
from scheduler_daemon.home import Home

if TYPE_CHECKING:
    from scheduler_daemon.cli.answers import Run

_CHUNK = 1 << 16
_SOON, _LATER = 2.0, 5.0
"""Seconds after which it is asked why a run has not started, and after which it is asked again."""


class Printer(Protocol):
    """Where a log's bytes go."""

    def take(self, chunk: bytes) -> None:
        """Show what came next in the log."""

    def end(self) -> None:
        """Show what is left: the log has no more."""

    def told(self, error: str) -> bool:
        """Whether an error of the run's record is among what was shown."""


class Raw:
    """The log's own bytes, on standard output."""

    def take(self, chunk: bytes) -> None:
        """Write them through."""
        if sys.stdout is not None:
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()

    def end(self) -> None:
        """Nothing is held back."""

    def told(self, error: str) -> bool:
        """Never: whoever reads the bytes may not be a person."""
        return False


class Pretty:
    """A transcript for people, on a stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._transcript = Transcript(show.columns_of(stream), show.coloured(stream))

    def take(self, chunk: bytes) -> None:
        """Write the lines that are whole now."""
        for line in self._transcript.feed(chunk):
            show.write(line, self._stream)

    def end(self) -> None:
        """Write an unfinished last line."""
        for line in self._transcript.end():
            show.write(line, self._stream)

    def told(self, error: str) -> bool:
        """Whether the transcript had these words already."""
        return self._transcript.has_told(error)


class Log:
    """A run's log file, read on from where the last reading stopped; it need not exist yet."""

    def __init__(self) -> None:
        self._read = 0

    def chunks(self, path: Path) -> Iterator[bytes]:
        """What the file holds beyond what was read; nothing where there is no file.

        Raises:
            click.ClickException: when the file is there but cannot be read.
        """
        try:
            with path.open("rb", buffering=0) as file:
                file.seek(self._read)
                while chunk := file.read(_CHUNK):
                    self._read += len(chunk)
                    yield chunk
        except FileNotFoundError:
            return
        except PermissionError as problem:
            raise click.ClickException(
                f"The log {text.line(str(path))} cannot be read: {problem.strerror}."
            ) from None


def watch(daemon: Client, reference: str, on_news: "Callable[[Run], None]") -> "Run":
    """Follow a run until it has ended, and return it as it is then; says why it does not start where that takes long.

    Args:
        daemon: where to ask.
        reference: the run.
        on_news: called with the run at once, whenever it changes or its log grows, and at the end.
    """
    run: Run = daemon.call("runs.follow", run=reference)
    queued, look = Queued(daemon), _SOON
    on_news(run)
    while run["status"] not in ENDED:
        told = daemon.notification(look if run["status"] == "upcoming" else None)
        if told is None:
            queued.look(run)
            look = _LATER
            continue
        method, params = told
        if method == "runs.changed" and params["run"]["id"] == run["id"]:
            run = params["run"]
        elif method != "runs.output" or params["run_id"] != run["id"]:
            continue
        on_news(run)
    return run


def follow(home: Home, daemon: Client, reference: str, printer: Printer) -> "Run":
    """Show a run's log until the run has ended, and return the run as it is then."""
    log = Log()

    def read_on(run: "Run") -> None:
        for chunk in log.chunks(log_path(home, run)):
            printer.take(chunk)

    try:
        return watch(daemon, reference, read_on)
    finally:
        printer.end()


def show_log(choices: Choices, run: "Run", printer: Printer) -> None:
    """Show what a run's log holds now.

    Raises:
        click.ClickException: when there is no log, saying why.
    """
    demand_a_start(choices.home, run)
    path = log_path(choices.home, run)
    if not has_log(choices.home, run):
        if run["status"] in ENDED:
            raise click.ClickException(f"{named(run)} has no log any more: {text.line(str(path))} is not there.")
        command = choices.typed(f"runs logs -f {text.short(run['id'])}")
        raise click.ClickException(f"{named(run)} has not started yet: no log.\nWait for it with: {command}")
    for chunk in Log().chunks(path):
        printer.take(chunk)
    printer.end()


def demand_a_start(home: Home, run: "Run") -> None:
    """Refuse to show the log of a run that has none because it was never started.

    Raises:
        click.ClickException: saying why it was not.
    """
    if never_started(run) and not has_log(home, run):
        raise click.ClickException(why_not_started(run))


def wait_for(choices: Choices, daemon: Client, runs: "list[Run]", with_log: bool) -> "list[Run]":
    """Wait until all of these runs have ended, one after another, and return them as they are then.

    In the place of one that another run goes on with, that other one is waited for and returned. Shows how each
    ended, and with ``with_log`` what the agent does; on standard error where standard output is for a JSON document.
    """
    stream = sys.stderr if choices.as_json else sys.stdout
    ended = []
    try:
        for run in runs:
            now = _see_through(choices, daemon, run, with_log, stream)
            while now["continued_by"]:
                now = _see_through(
                    choices, daemon, daemon.call("runs.get", run=now["continued_by"]), with_log, stream
                )
            ended.append(now)
    except (KeyboardInterrupt, Unreachable):
        left = " ".join(text.short(run["id"]) for run in runs[len(ended) :])
        show.write(f"Not waiting any longer; not stopped: {left}", sys.stderr)
        raise
    return ended


def _see_through(choices: Choices, daemon: Client, run: "Run", with_log: bool, stream: TextIO) -> "Run":
    """Wait until one run has ended, and show how; return it as it is then."""
    printer: Printer = Pretty(stream)
    if with_log:
        show.write(_title(titled(run), show.coloured(stream)), stream)
        now = follow(choices.home, daemon, run["id"], printer)
    else:
        now = watch(daemon, run["id"], lambda _run: None)
    if with_log or not choices.as_json:
        for line in ending(now, show.coloured(stream), "" if with_log else titled(run), printer.told):
            show.write(line, stream)
    return now


def all_succeeded(runs: "list[Run]") -> bool:
    """Whether every run ended as a success."""
    return all(run["status"] == "success" for run in runs)


def _title(name: str, coloured: bool) -> str:
    return click.style(f"── {name}", bold=True) if coloured else f"── {name}"
