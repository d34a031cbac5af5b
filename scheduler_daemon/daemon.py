"""The daemon: which parts there are, and how they are wired together."""

import asyncio
import contextlib
import gc
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

import structlog

from scheduler_daemon import __version__
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
from scheduler_daemon.control.server import ControlServer
from scheduler_daemon.engine.engine import Engine
from scheduler_daemon.engine.events import Changed, Deleted, Event, Events, Final, Stalled
from scheduler_daemon.engine.retention import Retention
from scheduler_daemon.engine.watching import Watching
from scheduler_daemon.home import Home
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.record import now
from scheduler_daemon.model.task import Task
from scheduler_daemon.profile.ready_made import ready_made
from scheduler_daemon.run.agent_version import agent_version
from scheduler_daemon.run.local import LocalLauncher
from scheduler_daemon.run.notification import Notifications
from scheduler_daemon.schedule.local import local_text
from scheduler_daemon.service_manager import ServiceManager
from scheduler_daemon.store.connection import StoreUnavailable
from scheduler_daemon.store.face import Face, Intake
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
