"""Starts runs on this machine, each under a supervisor that outlives the daemon, and sees them through."""

import asyncio
import contextlib
import contextvars
import os
import signal
import subprocess
from collections.abc import Callable, Collection, Coroutine
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
from scheduler_daemon.store.store import StoreUnavailable

log = structlog.get_logger()

T = TypeVar("T")

LOG_INTERVAL = 0.2
"""Seconds between two looks at a live run's log: a growing file gives no event that is to be had everywhere."""
RECORD_RETRY = 5.0
"""Seconds until an ending is offered to the record again after the disk refused it."""


class LocalLauncher:
    """The launcher of a daemon: one asyncio task for each live run."""

    def __init__(self, home: Home) -> None:
        self._home = home
        # A thread for each live run at the most, and made when it is needed. They are not the loop's own threads: a
        # run that waits for a slow command or a locked repository must keep nothing else waiting.
        self._threads = ThreadPoolExecutor(max_workers=1000, thread_name_prefix="run")
        self._conducts: dict[UUID, asyncio.Task[None]] = {}
        self._executions: dict[UUID, Execution] = {}

    def launch(self, order: Order, observer: Observer) -> None:
        """Begin a run; see ``Launcher``."""
        self._begin(order, self._start(order, observer))

    def adopt(self, order: Order, execution: Execution, observer: Observer) -> None:
        """Take over a live run; see ``Launcher``."""
        self._begin(order, self._attend(order, execution, observer, None))

    def stop(self, run_id: UUID) -> None:
        """Tell a run's supervisor to end it. One that has not come so far is not let start; see ``_start``."""
        execution = self._executions.get(run_id)
        if execution and process.identity(execution.supervisor_pid) == execution.supervisor_identity:
            with contextlib.suppress(ProcessLookupError):
                os.kill(execution.supervisor_pid, signal.SIGTERM)

    def live(self) -> Collection[UUID]:
        """The runs that have not ended; see ``Launcher``."""
        return self._conducts.keys()

    async def detach(self) -> None:
        """Let go of all runs, and leave them alive."""
        conducts = list(self._conducts.values())
        for conduct in conducts:
            conduct.cancel()
        await asyncio.gather(*conducts, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, work)

    def sweep(self, live: set[UUID]) -> None:
        """Remove the folders of runs that are not among the ``live`` ones: a daemon ended before it could."""
        with contextlib.suppress(FileNotFoundError):
            for folder in self._home.run_folder("").iterdir():
                if folder.name not in {str(run_id) for run_id in live}:
                    remove_folder(folder)

    def _begin(self, order: Order, conduct: Coroutine[None, None, None]) -> None:
        run_id = order.run.id

        async def bound() -> None:
            structlog.contextvars.bind_contextvars(job=order.job.name, task=order.task.name, run=str(run_id))
            await conduct

        task = asyncio.get_running_loop().create_task(bound())
        self._conducts[run_id] = task

        def done(task: asyncio.Task[None]) -> None:
            self._conducts.pop(run_id, None)
            self._executions.pop(run_id, None)
            if not task.cancelled() and (error := task.exception()):
                log.error("a run cannot be followed any further", run=str(run_id), exc_info=error)

        task.add_done_callback(done)

    async def _start(self, order: Order, observer: Observer) -> None:
        run_id = order.run.id
        # The supervisor starts while the rest is made ready; it does nothing before it has its orders.
        supervisor = process.spawn_supervisor()
        try:
            prepared = await self._in_thread(lambda: prepare(order, self._home, inherited_environment()))
            make_folder(self._home.run_folder(run_id))
            execution = self._execution(prepared, supervisor.pid)
            wanted = observer.launched(run_id, Launched(execution, prepared.session_id, str(self._home.log(run_id))))
        except StoreUnavailable as error:
            _abandon(supervisor)
            log.error("a run cannot start while the record cannot be written", problem=str(error))
            observer.never_started(run_id)
            return
        except (NotPrepared, OSError) as error:
            _abandon(supervisor)
            errors = error.args if isinstance(error, NotPrepared) else [str(error)]
            await self._end(run_id, observer, Ending(RunStatus.FAILED, Outcome.NOT_STARTED, list(errors)))
            return
        except BaseException:
            _abandon(supervisor)
            raise
        if not wanted:
            _abandon(supervisor)
            await self._end(run_id, observer, Ending(RunStatus.CANCELLED, Outcome.STOPPED, ["stopped as it started"]))
            return
        self._executions[run_id] = execution
        await self._in_thread(lambda: _send(supervisor, prepared))
        await self._attend(order, execution, observer, supervisor)

    def _execution(self, prepared: Prepared, pid: int) -> Execution:
        identity = process.identity(pid)
        if identity is None:
            raise NotPrepared("the run's supervisor ended before it had its orders")
        return Execution(
            supervisor_pid=pid,
            supervisor_identity=identity,
            directory=str(prepared.directory),
            snapshot=prepared.snapshot.to_dict() if prepared.snapshot else None,
        )

    async def _attend(
        self, order: Order, execution: Execution, observer: Observer, supervisor: "subprocess.Popen[bytes] | None"
    ) -> None:
        run_id = order.run.id
        folder = self._home.run_folder(run_id)
        self._executions[run_id] = execution
        if execution.stop_requested:
            self.stop(run_id)
        reader = LogReader(self._home.log(run_id))
        await self._follow(run_id, execution, reader, observer)
        if supervisor:
            await self._in_thread(supervisor.wait)
        record = read_exit_record(folder)
        if record is None and not claimed(folder):
            # In this order: a daemon that ends between the two finds a run without a claim, and comes here again.
            remove_folder(folder)
            await self._report(lambda: observer.never_started(run_id))
            return
        ending = await self._in_thread(lambda: self._conclude(order, execution, record, reader))
        await self._end(run_id, observer, ending)
        remove_folder(folder)

    async def _follow(self, run_id: UUID, execution: Execution, reader: LogReader, observer: Observer) -> None:
        gone = asyncio.ensure_future(process.wait_gone(execution.supervisor_pid, execution.supervisor_identity))
        try:
            while not gone.done():
                await asyncio.wait({gone}, timeout=LOG_INTERVAL)
                if reader.grown():
                    await self._in_thread(reader.read_on)
                    stream = reader.summary
                    observer.progressed(run_id, Progress(stream.session_id, stream.num_turns or 0, reader.position))
        finally:
            gone.cancel()

    def _conclude(self, order: Order, execution: Execution, record: ExitRecord | None, reader: LogReader) -> Ending:
        try:
            return conclude(order, execution, record, reader, self._home)
        except Exception as error:
            # Whatever it is, the run has ended, and a record that says so is better than one that never ends.
            log.exception("the end of a run cannot be examined")
            return Ending(RunStatus.FAILED, Outcome.INTERRUPTED, [f"its end could not be examined: {error}"])

    async def _end(self, run_id: UUID, observer: Observer, ending: Ending) -> None:
        await self._report(lambda: observer.ended(run_id, ending))

    async def _report(self, report: Callable[[], None]) -> None:
        while True:
            try:
                report()
            except StoreUnavailable as error:
                log.error("the end of a run cannot be recorded yet", problem=str(error))
                await asyncio.sleep(RECORD_RETRY)
            else:
                return


def _send(supervisor: "subprocess.Popen[bytes]", prepared: Prepared) -> None:
    assert supervisor.stdin is not None
    # A supervisor that is gone is seen by whoever follows it.
    with contextlib.suppress(BrokenPipeError), supervisor.stdin as pipe:
        pipe.write(orders_document(prepared.orders))


def _abandon(supervisor: "subprocess.Popen[bytes]") -> None:
    """Let a supervisor go that is not to start anything: without orders it ends by itself, at once."""
    assert supervisor.stdin is not None
    supervisor.stdin.close()
    supervisor.kill()
    supervisor.wait()
