"""The daemon: which parts there are, and how they are wired together."""

import asyncio
import contextlib
import faulthandler
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click
import structlog

from scheduler_daemon import __version__, at_rest, custody
from scheduler_daemon.control.admission import admit_edit
from scheduler_daemon.control.discover import register_discover
from scheduler_daemon.control.methods.backup import BackupMethods
from scheduler_daemon.control.methods.daemon import DaemonMethods
from scheduler_daemon.control.methods.diff import DiffMethods
from scheduler_daemon.control.methods.events import EventMethods
from scheduler_daemon.control.methods.examination import ExaminationMethods
from scheduler_daemon.control.methods.jobs import JobMethods
from scheduler_daemon.control.methods.logs import logs_before, remove_logs
from scheduler_daemon.control.methods.profiles import ProfileMethods
from scheduler_daemon.control.methods.runs import RunMethods
from scheduler_daemon.control.methods.scheduler import SchedulerMethods
from scheduler_daemon.control.methods.settings import SettingsMethods
from scheduler_daemon.control.methods.tasks import TaskMethods
from scheduler_daemon.control.methods.transfer import TransferMethods
from scheduler_daemon.control.methods.worktrees import WorktreeMethods
from scheduler_daemon.control.registry import Registry
from scheduler_daemon.control.server import CannotListen, ControlServer
from scheduler_daemon.daemon_output import FORMATS, Output, open_standard_streams
from scheduler_daemon.engine.engine import Engine
from scheduler_daemon.engine.events import Changed, Deleted, Event, Events, Final, Stalled
from scheduler_daemon.engine.retention import Retention
from scheduler_daemon.engine.watching import Watching
from scheduler_daemon.holder import InTheWay, OutOfSight, hold, holder, pid_file
from scheduler_daemon.home import Home, NoSocketPath
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.record import now
from scheduler_daemon.model.task import Task
from scheduler_daemon.profile.ready_made import ready_made
from scheduler_daemon.run.agent_version import agent_version
from scheduler_daemon.run.local import LocalLauncher
from scheduler_daemon.run.notification import Notifications
from scheduler_daemon.run.preparation import RUN_VARIABLE
from scheduler_daemon.run.supervisor import fault
from scheduler_daemon.schedule.local import local_text
from scheduler_daemon.service_manager import ServiceManager
from scheduler_daemon.store.connection import StoreUnavailable
from scheduler_daemon.store.face import Face, FaceUnreadable, Intake
from scheduler_daemon.store.opening import RecordUnusable
from scheduler_daemon.store.replacement import put_in_place
from scheduler_daemon.store.store import Store
from scheduler_daemon.watch import Watcher
from scheduler_daemon.workspace.place import exclusion_key

log = structlog.get_logger()

HEARTBEAT = 2.0
"""Seconds at most between two looks at the clock and the files: a stepped clock is noticed by nothing else."""
FACE_DELAY = 0.25
"""Seconds that changes are gathered before the JSON files are written."""
FACE_PAUSE = 6.0
"""How many times as long as it took to write the JSON files they are left alone: of thousands of tasks, megabytes."""
FACE_LONGEST_PAUSE = 1.5
"""Seconds."""
STOP_SLACK = 15.0
"""Seconds beyond their grace in which runs that are stopped with the daemon may end."""
FACE_RETRY = 5.0
"""Seconds until files that the disk refused are written again."""
RETENTION_FIRST = 300.0
"""Seconds from the start until it is looked through what may be forgotten."""
RETENTION_EVERY = 3600.0
"""Seconds between two such looks."""
RETENTION_PACE = 2.0
"""Seconds between two steps of such a look, and from a run's end to a look at its task."""


class CannotStart(Exception):
    """The daemon cannot start; the message says why and what to do."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final
        """Whether it cannot start later either, unless a person does something."""


class _Taken(CannotStart):
    """Another daemon holds the home."""


class Daemon:
    """One home's daemon, in one event loop."""

    def __init__(self, home: Home, store: Store, *, stop_runs: bool = False, ready: Callable[[], None]) -> None:
        """A daemon that is yet to run.

        Args:
            home: its files.
            store: its record.
            stop_runs: whether the runs that live when it ends are stopped, rather than left to the next daemon.
            ready: called as soon as it answers.
        """
        self._stop_runs = stop_runs
        self._ready = ready
        self._manager = ServiceManager(os.environ)
        self._home = home
        self._store = store
        self._started_at: datetime = now()
        self._events = Events()
        self._notifications = Notifications(store.settings)
        self._launcher = LocalLauncher(home)
        self._engine = Engine(store, self._launcher, self._events, now, _exclusion)
        self._face = Face(home, store, admit_edit, ready_made=ready_made())
        self._threads = ThreadPoolExecutor(max_workers=32, thread_name_prefix="ask")
        self._look = asyncio.Event()
        self._face_dirty = asyncio.Event()
        self._forgetting = asyncio.Event()
        self._stopping = asyncio.Event()
        self.again = False
        """Whether another daemon is to follow in this process: the record is to be replaced."""
        self._watching = Watching(
            store, self._engine, self._events, now, self._in_loop, lambda fired: Watcher(fired, self._in_loop)
        )
        self._retention = Retention(
            store, self._events, now, lambda run_id: str(home.log(run_id)), self._forgetting.set
        )
        self._server = ControlServer(home.socket(), self._registry())

    def _registry(self) -> Registry:
        registry = Registry()
        for methods in (
            JobMethods(self._store, self._engine, self._events, self._home, self._threads),
            TaskMethods(self._store, self._engine, self._events, self._home, self._watching),
            RunMethods(self._store, self._engine, self._events, self._home),
            DiffMethods(self._store, self._home, self._threads),
            WorktreeMethods(self._store, self._home, self._threads),
            ProfileMethods(self._store, self._events, self._threads),
            SettingsMethods(self._store, self._events),
            TransferMethods(self._store, self._engine, self._events, self._threads),
            EventMethods(self._events),
            SchedulerMethods(self._store),
            ExaminationMethods(self._store, self._home, self._watching, self._threads, self._launcher.live),
            DaemonMethods(
                self._store, self._engine, self._home, self._started_at, self.reload, self.stop, agent_version
            ),
            BackupMethods(self._store, self._engine, self._events, self._home, self._threads, self._start_again),
        ):
            methods.register(registry)
        register_discover(registry)
        return registry

    async def run(self) -> None:
        """Serve until a signal ends it; live runs go on without it."""
        self._loop = asyncio.get_running_loop()
        _tell(self._face.start())
        self._store.on_commit(lambda _: self._face_dirty.set())
        self._events.subscribe(self._heard)
        await self._server.start()
        self._handle_signals()
        self._launcher.sweep({run.id for run in self._store.runs.unfinished()})
        self._engine.start()
        self._watching.start()
        self._retention.start()
        # What is there now stays; to look through all of it for garbage takes tens of milliseconds each time, with
        # thousands of tasks, and a run may be due in just that moment.
        gc.collect()
        gc.freeze()
        log.info(
            "ready", version=__version__, pid=os.getpid(), home=str(self._home.path), socket=str(self._server.path)
        )
        self._manager.ready()
        self._ready()
        loops = [asyncio.create_task(loop) for loop in (self._schedule(), self._show(), self._forget())]
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait([*loops, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not self.again:
                self._manager.stopping()
            for task in [*loops, stopping]:
                task.cancel()
            ended = await asyncio.gather(*loops, stopping, return_exceptions=True)
            if self._stop_runs:
                await self._end_runs()
            await self._server.close()
            self._watching.close()
            await self._launcher.detach()
            await self._notifications.close()
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._write_face_once()
            log.info("ended", live_runs=self._store.runs.live())
        for failure in ended:
            # A loop ends only by its cancellation; anything else is to be seen, and the service manager to act on.
            if isinstance(failure, BaseException) and not isinstance(failure, asyncio.CancelledError):
                raise failure

    async def _end_runs(self) -> None:
        """Stop all live runs and see their ends recorded; those that will not end are left to the next daemon."""
        try:
            patience = self._patience()
            self._manager.busy(patience + STOP_SLACK)
            self._engine.requests.close()
            async with asyncio.timeout(patience):
                await self._launcher.ended()
        except (StoreUnavailable, TimeoutError) as error:
            log.error("live runs could not be stopped, and go on", problem=str(error) or "not in time")

    def _in_loop(self, work: Callable[[], None]) -> None:
        """Have something done in the loop's thread; nothing of it once the loop is gone."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(work)

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)

    def _heard(self, event: Event) -> None:
        if isinstance(event, Changed | Deleted):
            self._look.set()
        elif isinstance(event, Final):
            self._notifications.ended(event.run, event.task)
        elif isinstance(event, Stalled):
            self._notifications.stalled(event.run, event.task)

    def _start_again(self) -> None:
        log.info("ends and starts again, for another record is to be put in place")
        self.again = True
        self._stopping.set()

    def _hang_up(self) -> None:
        try:
            self._take_in(patient=False)
        except (StoreUnavailable, OSError) as error:
            log.error("the JSON files cannot be taken in now", problem=str(error))

    async def _schedule(self) -> None:
        """Look when something is due, when something has changed, and at every heartbeat."""
        longest = min(HEARTBEAT, self._manager.interval or HEARTBEAT)
        healthy = True
        while True:
            self._look.clear()
            soonest = None
            try:
                soonest = self._engine.wake()
                if self._face.edited():
                    self._take_in(patient=True)
                if self._manager.listens:
                    self._manager.status(self._standing())
                healthy = True
            except (StoreUnavailable, OSError) as error:
                if healthy:
                    log.error("nothing can be started while the disk does not take the record", problem=str(error))
                    self._manager.status(f"nothing can be started: {error}")
                healthy = False
            # Here and nowhere else: what is to be alive is this loop, and all it calls.
            self._manager.alive()
            delay = longest if soonest is None else min(longest, max(0.0, (soonest - now()).total_seconds()))
            await _set_within(self._look, delay if healthy else longest)

    def _standing(self) -> str:
        """How many runs live, and what comes next, in a line."""
        running = f"{self._store.runs.live()} running"
        plan = self._store.schedules.first()
        task = plan and self._store.tasks.get(plan.task_id)
        job = task and self._store.jobs.get(task.job_id)
        if not plan or not task or not job:
            return f"{running}, nothing scheduled"
        return f"{running}, next {local_text(plan.fires_at)} {job.name}/{task.name}"

    def stop(self, stop_runs: bool) -> float:
        """End soon, with ``stop_runs`` after all live runs; the seconds that those may take."""
        self._stop_runs = self._stop_runs or stop_runs
        self._stopping.set()
        return self._patience() if self._stop_runs else 0.0

    def _patience(self) -> float:
        return self._store.settings().stop_grace + STOP_SLACK

    def reload(self) -> Intake:
        """Take in what a person has edited in the JSON files, now: they say that they are done."""
        return self._take_in(patient=False)

    def _take_in(self, *, patient: bool) -> Intake:
        intake = self._face.take_in(patient=patient)
        _tell(intake)
        if intake.taken:
            self._engine.replan()
            self._events.tell(*self._events_of(intake))
            self._look.set()
        if intake.rejected:
            # At once, for the person is told that the file is as it was.
            self._write_face_once()
        self._face_dirty.set()
        return intake

    def _events_of(self, intake: Intake) -> Iterator[Event]:
        find: dict[str, Callable[[UUID], Job | Task | Profile | None]] = {
            "job": self._store.jobs.get,
            "task": self._store.tasks.get,
            "profile": self._store.profiles.get,
        }
        for change in intake.changes:
            if change.kind in find and change.id is not None:
                thing = find[change.kind](change.id)
                yield Changed(change.kind, thing) if thing else Deleted(change.kind, change.id)

    async def _show(self) -> None:
        """Write the JSON files some moments after a change."""
        while True:
            await self._face_dirty.wait()
            await asyncio.sleep(FACE_DELAY)
            self._face_dirty.clear()
            begun = self._loop.time()
            try:
                pending = self._face.render()
            except StoreUnavailable as error:
                log.error("the JSON files cannot be brought up to date", problem=str(error))
                self._face_dirty.set()
                await asyncio.sleep(FACE_RETRY)
                continue
            if pending is None:
                continue
            try:
                await asyncio.to_thread(self._face.write, pending)
            except OSError as error:
                log.error("the JSON files cannot be written", problem=str(error))
                self._face_dirty.set()
                await asyncio.sleep(FACE_RETRY)
            else:
                await asyncio.sleep(min(FACE_PAUSE * (self._loop.time() - begun), FACE_LONGEST_PAUSE))

    async def _forget(self) -> None:
        """Forget what is no longer kept, a little at a time: after a run has ended, and all of it every so often."""
        next_round = self._loop.time() + RETENTION_FIRST
        while True:
            await _set_within(self._forgetting, max(0.0, next_round - self._loop.time()))
            await asyncio.sleep(RETENTION_PACE)
            try:
                if self._loop.time() >= next_round:
                    next_round = self._loop.time() + RETENTION_EVERY
                    old_logs = await asyncio.to_thread(logs_before, self._home.logs, self._retention.oldest_log())
                    self._retention.begin(old_logs)
                    self._forgetting.set()
                removable = self._retention.step()
            except (StoreUnavailable, OSError) as error:
                log.error("what is no longer kept cannot be forgotten now", problem=str(error))
                continue
            if removable is None:
                self._forgetting.clear()
            else:
                await asyncio.to_thread(remove_logs, [self._home.log(run_id) for run_id in removable])

    def _write_face_once(self) -> None:
        try:
            pending = self._face.render()
            if pending:
                self._face.write(pending)
        except (StoreUnavailable, OSError) as error:
            log.error("the JSON files are behind the record until the next start", problem=str(error))


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    """Return when an event is set, or after so many seconds."""
    # Not asyncio.wait_for(): before Python 3.12 it lost a cancellation that came with the event, and the daemon,
    # which ends its loops by that, never ended.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _tell(intake: Intake) -> None:
    for file in intake.taken:
        log.info("taken in what was edited", file=file, **intake.counts())
    for rejection in intake.rejected:
        log.error("an edit was rejected", file=rejection.file, problem=rejection.problem)


def _exclusion(job: Job) -> str:
    return exclusion_key(job.working_directory, job.name)


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
            raise _Taken(_who_holds(home), final=True)
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
    os.umask(0o077)
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
    os.umask(0o077)
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
