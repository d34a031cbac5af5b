"""The program ``ccschedd``: holds a home, and is its daemon until a signal ends it."""

import asyncio
import contextlib
import faulthandler
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import structlog

from scheduler_daemon import __version__, at_rest, custody, umask
from scheduler_daemon.control.server import CannotListen
from scheduler_daemon.daemon import Daemon
from scheduler_daemon.daemon_output import FORMATS, Output, open_standard_streams
from scheduler_daemon.holder import InTheWay, OutOfSight, hold, holder, pid_file
from scheduler_daemon.home import Home, NoSocketPath
from scheduler_daemon.run.preparation import RUN_VARIABLE
from scheduler_daemon.run.supervisor import fault
from scheduler_daemon.store.connection import StoreUnavailable
from scheduler_daemon.store.face import FaceUnreadable
from scheduler_daemon.store.opening import RecordUnusable
from scheduler_daemon.store.replacement import put_in_place
from scheduler_daemon.store.store import Store

log = structlog.get_logger()


class CannotStart(Exception):
    """The daemon cannot start; the message says why and what to do."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final
        """Whether it cannot start later either, unless a person does something."""


class _Taken(CannotStart):
    """Another daemon holds the home."""


@contextlib.contextmanager
def _held(home: Home) -> Iterator[None]:
    """Hold the home for this process alone.

    Raises:
        CannotStart: when another daemon holds it, or it cannot be used.
    """
    try:
        custody.take(home)
        lock = custody.open_lock(home)
    except custody.NotOurs as error:
        raise CannotStart(str(error), final=True) from error
    except OSError as error:
        raise CannotStart(
            f"cannot use {error.filename or home.path}: {error.strerror}; "
            "mend that, or choose another directory with --home"
        ) from error
    try:
        if not hold(lock):
            raise _Taken(_who_holds(home))
        try:
            os.ftruncate(lock, 0)
            os.write(lock, f"{os.getpid()}\n".encode())
        except OSError as error:
            raise CannotStart(f"cannot write in {home.path}: {error.strerror}; make room there") from error
        yield
    finally:
        os.close(lock)


def _who_holds(home: Home) -> str:
    try:
        pid = holder(home)
    except OutOfSight as error:
        return str(error)
    if pid is None:
        return f"another daemon held {home.path} until just now; start this one again"
    return f"another daemon holds {home.path}: pid {pid}; end it with: kill {pid}, or choose another --home"


def _home(option: str | None) -> Home:
    try:
        return Home.find(option)
    except RuntimeError as error:
        raise CannotStart(f"{error} Set HOME, or name a directory with --home", final=True) from error


def serve(
    home: Home, *, stop_runs: bool = False, pid_path: Path | None = None, ready: Callable[[], None] = lambda: None
) -> None:
    """Be the daemon of a home until a signal ends it.

    Args:
        home: where everything is.
        stop_runs: whether the live runs are stopped at the end.
        pid_path: a file that holds the process id meanwhile.
        ready: called as soon as the daemon answers.

    Raises:
        CannotStart: when the home, its record or its socket cannot be had.
    """
    umask.restrict()
    with _held(home), _pid_in(pid_path):
        while _served(home, stop_runs, ready):
            gc.unfreeze()  # what is there now belongs to the daemon that was


@contextlib.contextmanager
def _pid_in(path: Path | None) -> Iterator[None]:
    with contextlib.ExitStack() as file:
        if path is not None:
            try:
                file.enter_context(pid_file(path))
            except InTheWay as error:
                raise CannotStart(str(error), final=True) from error
            except OSError as error:
                raise CannotStart(f"cannot write {path}: {error.strerror}; make that possible") from error
        yield


def _served(home: Home, stop_runs: bool, ready: Callable[[], None]) -> bool:
    """Serve until a signal ends it, or until the record is to be replaced; whether that is so."""
    # Until there is somebody to take in the files, it must not end the process: they are taken in at the start.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        kept = put_in_place(home)
        if kept is not None:
            log.info("another record was put in place", kept=str(kept))
        with contextlib.closing(Store(home.state_db)) as store:
            return asyncio.run(_serve(home, store, stop_runs, ready))
    except (RecordUnusable, NoSocketPath, FaceUnreadable) as error:
        raise CannotStart(str(error), final=True) from error
    except (CannotListen, StoreUnavailable) as error:
        raise CannotStart(str(error)) from error
    except OSError as error:
        raise CannotStart(f"{error.strerror}: {error.filename or home.path}") from error


async def _serve(home: Home, store: Store, stop_runs: bool, ready: Callable[[], None]) -> bool:
    daemon = Daemon(home, store, stop_runs=stop_runs, ready=ready)
    await daemon.run()
    return daemon.again


def _at_rest(home: Home, work: Callable[[Home, Path], str], name: str, file: str) -> None:
    """Do something with a home that no daemon works in, and say what came of it; where one does it has that ``name``.

    Raises:
        CannotStart: when one does, or it cannot be done.
    """
    umask.restrict()
    try:
        with _held(home):
            click.echo(work(home, Path(file).absolute()))
    except _Taken as error:
        command = home.ccsched(name, file)
        raise CannotStart(f"a daemon works in {home.path}; let it do this: {command}", final=True) from error
    except at_rest.NotDone as error:
        raise CannotStart(str(error)) from error


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    "home_path",
    metavar="PATH",
    help="Where everything is remembered. [default: CCSCHED_HOME, or ~/.claude-scheduler]",
)
@click.option(
    "--log-format",
    type=click.Choice(FORMATS),
    default="auto",
    show_default=True,
    help="Text on a terminal and in a file, journal under systemd, JSON otherwise; or one of them always.",
)
@click.option(
    "--log-file",
    metavar="PATH",
    help="Log to this file, which is rotated; as soon as the daemon answers, nothing goes to standard error.",
)
@click.option("--pid-file", "pid_path", metavar="PATH", help="Have the process id in this file as long as it runs.")
@click.option("--stop-runs", is_flag=True, help="Stop the live runs when it ends, with all their processes.")
@click.option("--backup", metavar="FILE", help="Back the record up and end; while a daemon runs: ccsched backup.")
@click.option("--restore", metavar="FILE", help="Restore a backup and end; while a daemon runs: ccsched restore.")
@click.version_option(__version__, prog_name="ccschedd")
def main(
    home_path: str | None,
    log_format: str,
    log_file: str | None,
    pid_path: str | None,
    stop_runs: bool,
    backup: str | None,
    restore: str | None,
) -> None:
    """Run the scheduler in the foreground.

    SIGTERM and SIGINT end it and leave live runs alive, unless --stop-runs is given; the next daemon takes them over.
    SIGHUP takes in what was edited in the JSON files.
    """
    if backup is not None and restore is not None:
        raise click.UsageError("--backup and --restore do not go together.")
    for option, file in (("--backup", backup), ("--restore", restore)):
        if file in ("", "-"):
            raise click.BadParameter(f"{file!r} is no file; name one.", param_hint=option)
    fault.enable(os.environ.get("CCSCHED_FAULTS", ""))
    os.environ.pop(RUN_VARIABLE, None)  # a daemon that was started from inside a run is no part of it
    open_standard_streams()
    faulthandler.enable()
    output = Output(log_format, Path(log_file) if log_file else None)
    try:
        home = _home(home_path)
        if restore:
            _at_rest(home, at_rest.restore, "restore", restore)
        elif backup:
            _at_rest(home, at_rest.back_up, "backup", backup)
        else:
            serve(home, stop_runs=stop_runs, pid_path=Path(pid_path) if pid_path else None, ready=output.ready)
        status = 0
    except Exception as error:
        output.failed(error, expected=isinstance(error, CannotStart))
        # A service manager tries again after any other.
        status = os.EX_CONFIG if isinstance(error, CannotStart) and error.final else 1
    # Everything is on record and closed. A thread may still wait for a profile's command or for git; the next daemon
    # takes up what it was about, as after a kill, so nobody has to wait for it here.
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(status)
