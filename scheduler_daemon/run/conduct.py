"""Sees one run through, from its supervisor's start to its recorded end."""

import asyncio
import contextlib
import contextvars
import os
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from uuid import UUID

import structlog

from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import Outcome, RunStatus
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.run import process
from scheduler_daemon.run.conclusion import conclude
from scheduler_daemon.run.exit_record import (
    ExitRecord,
    claimed,
    make_folder,
    orders_document,
    read_exit_record,
    remove_folder,
)
from scheduler_daemon.run.log_reader import LogReader
from scheduler_daemon.run.order import Ending, Launched, Observer, Order, Progress
from scheduler_daemon.run.preparation import NotPrepared, Prepared, inherited_environment, prepare
from scheduler_daemon.store.connection import StoreUnavailable

log = structlog.get_logger()

T = TypeVar("T")

LOG_INTERVAL = 0.2
"""Seconds between two looks at a live run's log: a growing file gives no event that is to be had everywhere."""
RECORD_RETRY = 5.0
"""Seconds until an ending is offered to the record again after the disk refused it."""
MOST_ATTEMPTS = 3
"""How often a supervisor may end before it has started the agent, until the run is given up."""
ATTEMPT_PAUSE = 1.0
"""Seconds before a second attempt; a third waits twice as long."""


class Conduct:
    """One live run. Whatever goes wrong, it gets an end: a run that never ends keeps its slot and its directory."""

    def __init__(
        self, order: Order, observer: Observer, home: Home, threads: ThreadPoolExecutor, attempts: dict[UUID, int]
    ) -> None:
        self.order = order
        self.execution: Execution | None = None
        """Known once the run is on record as running."""
        self._run_id = order.run.id
        self._observer = observer
        self._home = home
        self._folder = home.run_folder(self._run_id)
        self._threads = threads
        self._attempts = attempts
        self._supervisor: subprocess.Popen[bytes] | None = None
        """None for a run that was taken over: its supervisor is not our child."""

    def stop(self) -> None:
        """Tell the supervisor to end the run. One that has not come so far is not let start; see ``start``."""
        execution = self.execution
        if execution and process.identity(execution.supervisor_pid) == execution.supervisor_identity:
            with contextlib.suppress(ProcessLookupError):
                os.kill(execution.supervisor_pid, signal.SIGTERM)

    async def start(self) -> None:
        """Begin the run and see it through."""
        try:
            # The supervisor starts while the rest is made ready; it does nothing before it has its orders.
            self._supervisor = process.spawn_supervisor()
            prepared = await self._in_thread(lambda: prepare(self.order, self._home, inherited_environment()))
            make_folder(self._folder)
            execution = self._execution(prepared, self._supervisor.pid)
            log_path = str(self._home.log(self._run_id))
            wanted = self._observer.launched(self._run_id, Launched(execution, prepared.session_id, log_path))
        except StoreUnavailable as error:
            self._abandon()
            log.error("a run cannot start while the record cannot be written", problem=str(error))
            await self._report(lambda: self._observer.never_started(self._run_id))
            return
        except Exception as error:
            self._abandon()
            if not isinstance(error, NotPrepared | OSError):
                log.exception("a run cannot be started")
            errors = error.args if isinstance(error, NotPrepared) else [f"it cannot be started: {error}"]
            await self._end(Ending(RunStatus.FAILED, Outcome.NOT_STARTED, [str(each) for each in errors]))
            return
        except BaseException:
            self._abandon()
            raise
        if not wanted:
            self._abandon()
            await self._end(Ending(RunStatus.CANCELLED, Outcome.STOPPED, ["stopped as it started"]))
            return
        self.execution = execution
        await self._in_thread(lambda: self._send(prepared))
        await self.attend()

    async def attend(self) -> None:
        """See the run through from where it is, be it started by this daemon or by the one before."""
        assert self.execution is not None
        if self.execution.stop_requested:
            self.stop()
        reader = LogReader(self._home.log(self._run_id))
        await self._follow(self.execution, reader)
        if self._supervisor:
            await self._in_thread(self._supervisor.wait)
        record = read_exit_record(self._folder)
        if record is None and self._folder.exists() and not claimed(self._folder):
            await self._begin_again()
            return
        ending = await self._in_thread(lambda: self._conclude(record, reader))
        await self._end(ending)
        remove_folder(self._folder)

    async def _follow(self, execution: Execution, reader: LogReader) -> None:
        """Return when the supervisor has ended, and not for any other reason."""
        gone = asyncio.ensure_future(self._until_gone(execution))
        try:
            while not gone.done():
                await asyncio.wait({gone}, timeout=LOG_INTERVAL)
                if reader.grown():
                    await self._in_thread(reader.read_on)
                    seen = reader.summary
                    progress = Progress(seen.session_id, seen.num_turns or 0, reader.position)
                    self._observer.progressed(self._run_id, progress)
            gone.result()
        finally:
            gone.cancel()

    async def _until_gone(self, execution: Execution) -> None:
        while True:
            try:
                await process.wait_gone(execution.supervisor_pid, execution.supervisor_identity)
            except OSError as error:
                # Too many open files, say. The run may well be alive, so this says nothing of it.
                log.warning("a run cannot be watched for now", problem=str(error))
                await asyncio.sleep(LOG_INTERVAL)
            else:
                return

    async def _begin_again(self) -> None:
        """The supervisor has ended without a claim: the agent was certainly never started, so it may be now."""
        attempt = self._attempts[self._run_id] = self._attempts.get(self._run_id, 0) + 1
        status = f" (exit status {self._supervisor.returncode})" if self._supervisor else ""
        if attempt >= MOST_ATTEMPTS:
            error = f"its supervisor ended {attempt} times before it could start the agent{status}; is there memory?"
            await self._end(Ending(RunStatus.FAILED, Outcome.NOT_STARTED, [error]))
            return
        if self._supervisor:
            log.warning("a run's supervisor ended before it started the agent", attempt=attempt, ended_with=status)
            await asyncio.sleep(ATTEMPT_PAUSE * attempt)
        # Its folder stays until the next attempt empties it: without a folder nobody could tell what has happened.
        await self._report(lambda: self._observer.never_started(self._run_id))

    def _conclude(self, record: ExitRecord | None, reader: LogReader) -> Ending:
        assert self.execution is not None
        try:
            return conclude(self.order, self.execution, record, reader, self._home)
        except Exception as error:
            # Whatever it is, the run has ended, and a record that says so is better than one that never ends.
            log.exception("the end of a run cannot be examined")
            return Ending(RunStatus.FAILED, Outcome.INTERRUPTED, [f"its end could not be examined: {error}"])

    async def _end(self, ending: Ending) -> None:
        try:
            await self._report(lambda: self._observer.ended(self._run_id, ending))
        except Exception as error:
            log.exception("the end of a run cannot be recorded as it was")
            plain = Ending(RunStatus.FAILED, Outcome.INTERRUPTED, [f"its end could not be recorded: {error!r}"])
            await self._report(lambda: self._observer.ended(self._run_id, plain))
        self._attempts.pop(self._run_id, None)

    async def _report(self, report: Callable[[], None]) -> None:
        while True:
            try:
                report()
            except StoreUnavailable as error:
                log.error("what became of a run cannot be recorded yet", problem=str(error))
                await asyncio.sleep(RECORD_RETRY)
            else:
                return

    async def _in_thread(self, work: Callable[[], T]) -> T:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, work)

    def _execution(self, prepared: Prepared, pid: int) -> Execution:
        identity = process.identity(pid)
        if identity is None:
            raise NotPrepared("its supervisor ended before it had its orders")
        return Execution(
            supervisor_pid=pid,
            supervisor_identity=identity,
            directory=str(prepared.directory),
            snapshot=dict(prepared.snapshot.to_dict()) if prepared.snapshot else None,
        )

    def _send(self, prepared: Prepared) -> None:
        assert self._supervisor is not None
        assert self._supervisor.stdin is not None
        # A supervisor that is gone is seen by whoever follows it.
        with contextlib.suppress(BrokenPipeError), self._supervisor.stdin as pipe:
            pipe.write(orders_document(prepared.orders))

    def _abandon(self) -> None:
        """Let a supervisor go that is not to start anything: it has no orders."""
        if self._supervisor is not None:
            assert self._supervisor.stdin is not None
            self._supervisor.stdin.close()
            self._supervisor.kill()
            self._supervisor.wait()
