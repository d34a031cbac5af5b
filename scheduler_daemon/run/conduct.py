"""Sees one run through, from its supervisor's start to its recorded end."""

import asyncio
import contextlib
import contextvars
import errno
import os
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import structlog

from scheduler_daemon.home import Home
from scheduler_daemon.installed import replaced
from scheduler_daemon.model.enums import Outcome, RunStatus
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.run import process
from scheduler_daemon.run.conclusion import conclude, verdict_on
from scheduler_daemon.run.exit_record import make_folder, orders_document, remove_folder
from scheduler_daemon.run.legs import CutShort, Leg, Legs, following
from scheduler_daemon.run.log_reader import LogReader
from scheduler_daemon.run.order import Ending, Launched, Observer, Order, Progress
from scheduler_daemon.run.preparation import NotPrepared, Prepared, inherited_environment, prepare, prepare_leg
from scheduler_daemon.run.strays import end_strays
from scheduler_daemon.run.supervisor.fault import step
from scheduler_daemon.store.connection import StoreUnavailable

log = structlog.get_logger()

T = TypeVar("T")

LOG_INTERVAL = 0.2
"""Seconds between two looks at a live run's log: a growing file gives no event that is to be had everywhere."""
RECORD_RETRY = 5.0
"""Seconds until an ending is offered to the record again after the disk refused it."""
PATIENCE = 60.0
"""Seconds in which what is needed to examine a run has to come back."""
PATIENCE_PAUSE = 1.0
"""Seconds between two looks whether it has."""
PASSING = {errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
"""What may be otherwise a little later: permissions taken away, a full disk, no descriptor to be had."""
MOST_ATTEMPTS = 3
"""How often a supervisor may end before it has started the agent, until the run is given up."""
ATTEMPT_PAUSE = 1.0
"""Seconds before a second attempt; a third waits twice as long."""


class _SupervisorGone(Exception):
    """A supervisor has ended before it had its orders: nothing of the run has begun."""


class _Silence:
    """Notices, once each time, when the log has not grown for too long."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._position = -1
        self._since = 0.0
        self._told = False

    def noticed(self, position: int) -> bool:
        """Whether that is so now, and was not before."""
        now = time.monotonic()
        if position != self._position:
            self._position, self._since, self._told = position, now, False
        if self._told or now < self._since + self._patience:
            return False
        self._told = True
        return True


class Conduct:
    """One live run. Whatever goes wrong, it gets an end: a run that never ends keeps its slot and its directory."""

    def __init__(
        self,
        order: Order,
        observer: Observer,
        home: Home,
        threads: ThreadPoolExecutor,
        attempts: dict[UUID, int],
        cgroup: Path | None,
    ) -> None:
        """``cgroup`` is where its processes are to be, if they may have one of their own."""
        self.order = order
        self.execution: Execution | None = None
        """Known once the run is on record as running."""
        self._run_id = order.run.id
        self._observer = observer
        self._home = home
        self._folder = home.run_folder(self._run_id)
        self._legs = Legs(self._folder, home.log(self._run_id))
        self._threads = threads
        self._attempts = attempts
        self._cgroup = cgroup
        self._supervisor: subprocess.Popen[bytes] | None = None
        """None for a run that was taken over: its supervisor is not our child."""

    def stop(self) -> None:
        """End the run: somebody wants it to. One that has not come so far is not let start; see ``start``."""
        if self.execution:
            self.execution = self.execution.model_copy(update={"stop_requested": True, "stalled": False})
        self._end_supervised()

    def _end_supervised(self) -> None:
        """Tell the supervisor to end what it supervises."""
        execution = self.execution
        if execution and process.identity(execution.supervisor_pid) == execution.supervisor_identity:
            with contextlib.suppress(ProcessLookupError):
                os.kill(execution.supervisor_pid, signal.SIGTERM)

    async def start(self) -> None:
        """Begin the run and see it through."""
        try:
            # The supervisor starts while the rest is made ready; it does nothing before it has its orders.
            self._supervisor = process.spawn_supervisor(self._home.program)
            step("supervisor-spawned")
            prepared = await self._in_thread(
                lambda: prepare(self.order, self._home, inherited_environment(), self._cgroup)
            )
            make_folder(self._folder)
            step("made-ready")
            execution = self._execution(prepared)
            log_path = str(self._home.log(self._run_id))
            wanted = self._observer.launched(self._run_id, Launched(execution, prepared.session_id, log_path))
        except StoreUnavailable as error:
            self._abandon()
            log.error("a run cannot start while the record cannot be written", problem=str(error))
            await self._report(lambda: self._observer.never_started(self._run_id))
            return
        except _SupervisorGone:
            self._abandon()
            await self._start_again()
            return
        except Exception as error:
            self._abandon()
            if not isinstance(error, NotPrepared | OSError):
                log.exception("a run cannot be started")
            refused = isinstance(error, NotPrepared)
            errors = error.args if refused else [f"it cannot be started: {error}"]
            texts = [str(each) for each in errors]
            # What the machine has none of just now (room on a disk, memory) it may have later.
            await self._end(Ending(RunStatus.FAILED, Outcome.NOT_STARTED, texts, retriable=not refused))
            return
        except BaseException:
            self._abandon()
            raise
        if not wanted:
            self._abandon()
            await self._end(Ending(RunStatus.CANCELLED, Outcome.STOPPED, ["stopped as it started"]))
            return
        self.execution = execution
        step("running-recorded")
        await self._in_thread(lambda: self._send(prepared.orders))
        step("orders-sent")
        await self.attend()

    async def attend(self) -> None:
        """See the run through from where it is, be it started by this daemon or by the one before."""
        try:
            await self._attend()
        except Exception as error:
            log.exception("a run cannot be seen through")
            # On record it may end only when nothing of it goes on.
            self._end_supervised()
            if self.execution:
                await self._until_gone(self.execution)
            problem = CutShort(problem=f"it could not be seen through to its end: {error}")
            await self._end(await self._concluded(self._reader(), problem))

    async def _attend(self) -> None:
        assert self.execution is not None
        if self.execution.stop_requested:
            self._end_supervised()
        reader = self._reader()
        cut_short: CutShort | None = None
        while cut_short is None:
            await self._follow(self.execution, reader)
            if self._supervisor:
                await self._in_thread(self._supervisor.wait)
            step("end-seen")
            if not self._legs.never_began(self.execution.leg):
                self._attempts.pop(self._run_id, None)
            elif self.execution.leg == 0:
                # Its folder stays until the next attempt empties it: without a folder nobody could tell what has
                # happened.
                await self._start_again()
                return
            elif problem := await self._given_up():
                cut_short = CutShort(problem=problem)
                break
            cut_short = await self._go_on(reader)
        ending = await self._concluded(reader, cut_short)
        step("weighed")
        await self._end(ending)
        step("end-recorded")
        remove_folder(self._folder)
        step("folder-removed")

    def _reader(self) -> LogReader:
        assert self.execution is not None
        reader = LogReader(self._home.log(self._run_id))
        reader.called_again_at(self._legs.calls(self.execution.leg))
        return reader

    async def _start_again(self) -> None:
        """The supervisor has ended before it started the agent for the first time: it may start again."""
        if problem := await self._given_up():
            await self._end(Ending(RunStatus.FAILED, Outcome.NOT_STARTED, [problem]))
        else:
            await self._report(lambda: self._observer.never_started(self._run_id))

    async def _go_on(self, reader: LogReader) -> CutShort | None:
        """Start the leg that follows the one that has ended; why not, where none does."""
        while True:
            leg = await self._patiently(lambda: self._following(reader))
            if isinstance(leg, CutShort):
                return leg
            try:
                return await self._begin(leg, reader)
            except _SupervisorGone:
                if problem := await self._given_up():
                    return CutShort(problem=problem)

    def _following(self, reader: LogReader) -> Leg | CutShort:
        """The leg that follows the one that has ended, if any does; one that never began follows again."""
        assert self.execution is not None
        latest = self._legs.began(self.execution.leg)
        reader.called_again_at(self._legs.calls(latest))
        stream = reader.finish()
        verdict = verdict_on(self.order, self.execution, self._legs.record(latest - latest % 2), stream)
        return following(self.order, self.execution, self._legs, verdict, stream)

    async def _begin(self, leg: Leg, reader: LogReader) -> CutShort | None:
        """Start another process of the run, as it was started itself: on record before it has its orders."""
        assert self.execution is not None
        directory = Path(self.execution.directory)
        try:
            self._supervisor = process.spawn_supervisor(self._home.program)
            orders = await self._in_thread(
                lambda: prepare_leg(self.order, self._home, inherited_environment(), self._cgroup, directory, leg)
            )
            await self._in_thread(lambda: self._legs.make_ready(leg))
            execution = self._with_supervisor(self._with_leg(self.execution, leg.number))
        except NotPrepared as error:
            self._abandon()
            return CutShort(problem="; ".join(str(each) for each in error.args))
        except OSError as error:
            self._abandon()
            return CutShort(problem=str(error))
        except BaseException:
            self._abandon()
            raise
        wanted = await self._report(lambda: self._observer.goes_on(self._run_id, execution))
        if not wanted:
            self._abandon()
            return CutShort(stopped=True)
        self.execution = execution
        reader.called_again_at(self._legs.calls(leg.number))
        step("leg-recorded")
        await self._in_thread(lambda: self._send(orders))
        step("leg-orders-sent")
        return None

    async def _follow(self, execution: Execution, reader: LogReader) -> None:
        """Return when the supervisor has ended, and not for any other reason."""
        gone = asyncio.ensure_future(self._until_gone(execution))
        patience = self.order.task.stall_after or self.order.settings.stall_after
        silence = _Silence(patience)
        try:
            while not gone.done():
                await asyncio.wait({gone}, timeout=LOG_INTERVAL)
                if execution.leg % 2 == 0 and silence.noticed(reader.position):
                    await self._stalled(patience)
                if reader.grown():
                    await self._in_thread(reader.read_on)
                    seen = reader.summary
                    progress = Progress(seen.session_id, seen.num_turns or 0, reader.position)
                    self._observer.progressed(self._run_id, progress)
            gone.result()
        finally:
            gone.cancel()

    async def _stalled(self, seconds: float) -> None:
        assert self.execution is not None
        if await self._report(lambda: self._observer.stalled(self._run_id, seconds)):
            self.execution = self.execution.model_copy(update={"stop_requested": True, "stalled": True})
            self._end_supervised()

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

    async def _given_up(self) -> str | None:
        """The supervisor has ended without a claim: its process was certainly never started, so it may be now.

        Unless that has happened too often: then why that is.
        """
        attempt = self._attempts[self._run_id] = self._attempts.get(self._run_id, 0) + 1
        status = f" (exit status {self._supervisor.returncode})" if self._supervisor else ""
        if attempt >= MOST_ATTEMPTS:
            why = replaced() or "; memory may be short"
            return f"its supervisor ended {attempt} times before it could start anything{status}{why}"
        if self._supervisor:
            log.warning("a run's supervisor ended before it started anything", attempt=attempt, ended_with=status)
            await asyncio.sleep(ATTEMPT_PAUSE * attempt)
        return None

    async def _concluded(self, reader: LogReader, cut_short: CutShort) -> Ending:
        """How the run ended. Whatever it is, a record that says so is better than a run that never ends."""
        execution = self.execution
        assert execution is not None
        try:
            return await self._patiently(
                lambda: conclude(self.order, execution, self._legs, reader, self._home, cut_short)
            )
        except Exception as error:
            log.exception("the end of a run cannot be examined")
            problem = cut_short.problem or f"its end could not be examined: {error}"
        retriable = cut_short.problem is not None and not execution.stop_requested
        return await self._in_thread(lambda: self._unexamined(reader, execution, problem, retriable))

    def _unexamined(self, reader: LogReader, execution: Execution, problem: str, retriable: bool) -> Ending:
        with contextlib.suppress(Exception):  # unless it is this that fails
            reader.finish()
        seen = reader.summary
        return Ending(
            RunStatus.FAILED,
            Outcome.INTERRUPTED,
            [problem],
            session_id=seen.session_id,
            num_turns=seen.num_turns,
            cost_usd=seen.cost_usd,
            model=seen.model,
            leftovers=end_strays(self._run_id, execution.cgroup),
            retriable=retriable,
        )

    async def _patiently(self, work: Callable[[], T]) -> T:
        """Do something in a thread, and again for a while where the system just does not let us."""
        give_up_at = time.monotonic() + PATIENCE
        while True:
            try:
                return await self._in_thread(work)
            except OSError as error:
                if error.errno not in PASSING or time.monotonic() >= give_up_at:
                    raise
                log.error("the end of a run cannot be examined yet", problem=str(error))
                await asyncio.sleep(PATIENCE_PAUSE)

    async def _end(self, ending: Ending) -> None:
        try:
            await self._report(lambda: self._observer.ended(self._run_id, ending))
        except Exception as error:
            log.exception("the end of a run cannot be recorded as it was")
            plain = Ending(RunStatus.FAILED, Outcome.INTERRUPTED, [f"its end could not be recorded: {error!r}"])
            await self._report(lambda: self._observer.ended(self._run_id, plain))
        self._attempts.pop(self._run_id, None)

    async def _report(self, report: Callable[[], T]) -> T:
        while True:
            try:
                return report()
            except StoreUnavailable as error:
                log.error("what became of a run cannot be recorded yet", problem=str(error))
                await asyncio.sleep(RECORD_RETRY)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, work)

    def _execution(self, prepared: Prepared) -> Execution:
        return self._with_supervisor(
            Execution(
                supervisor_pid=0,
                supervisor_identity="",
                verify=self.order.task.verify,
                directory=str(prepared.directory),
                snapshot=dict(prepared.snapshot.to_dict()) if prepared.snapshot else None,
            )
        )

    @staticmethod
    def _with_leg(execution: Execution, number: int) -> Execution:
        """An execution as it goes on with another leg; nobody wants that one to end."""
        # Whether the agent's last call was ended for its silence counts until it is called again.
        stalled = execution.stalled and number % 2 == 1
        return execution.model_copy(update={"leg": number, "stop_requested": False, "stalled": stalled})

    def _with_supervisor(self, execution: Execution) -> Execution:
        """An execution with the supervisor that was just started."""
        assert self._supervisor is not None
        pid = self._supervisor.pid
        identity = process.identity(pid)
        if identity is None:
            raise _SupervisorGone
        return execution.model_copy(
            update={
                "supervisor_pid": pid,
                "supervisor_identity": identity,
                "cgroup": str(self._cgroup) if self._cgroup else None,
            }
        )

    def _send(self, orders: dict[str, Any]) -> None:
        assert self._supervisor is not None
        assert self._supervisor.stdin is not None
        # A supervisor that is gone is seen by whoever follows it.
        with contextlib.suppress(BrokenPipeError), self._supervisor.stdin as pipe:
            pipe.write(orders_document(orders))

    def _abandon(self) -> None:
        """Let a supervisor go that is not to start anything: it has no orders."""
        if self._supervisor is not None:
            assert self._supervisor.stdin is not None
            self._supervisor.stdin.close()
            self._supervisor.kill()
            self._supervisor.wait()
