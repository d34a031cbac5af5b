"""What becomes of runs that were launched: the launcher reports it here, and it is put on record."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import structlog

from scheduler_daemon.engine.accounts import Told, learned
from scheduler_daemon.engine.continuation import Decision, continuation
from scheduler_daemon.engine.events import Events, Final, Progressed, Stalled
from scheduler_daemon.engine.ledger import Ledger
from scheduler_daemon.engine.sequence import asked_for_by_itself
from scheduler_daemon.engine.settlement import stopped
from scheduler_daemon.engine.underway import Underway, about
from scheduler_daemon.model.enums import Outcome, RunStatus
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.model.limits import AccountLimits
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.run.order import Ending, Launched, Progress
from scheduler_daemon.store.connection import StoreUnavailable
from scheduler_daemon.store.store import Store

log = structlog.get_logger()


class Reports:
    """The observer of all runs; see ``run/order.py``."""

    def __init__(
        self, store: Store, ledger: Ledger, events: Events, underway: Underway, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._events = events
        self._underway = underway
        self._clock = clock

    def launched(self, run_id: UUID, launched: Launched) -> bool:
        """Put ``running`` on record; the agent starts only after this returns True."""
        run = self._store.runs.get(run_id)
        if (
            run is None
            or run.status is not RunStatus.UPCOMING
            or run_id in self._underway.unwanted
            or self._underway.closing
        ):
            return False
        execution = launched.execution.model_copy(update={"profile": self._underway.accounts.get(run_id)})
        started = run.model_copy(
            update={
                "status": RunStatus.RUNNING,
                "start_time": self._clock(),
                "working_directory": launched.execution.directory,
                "session_id": launched.session_id,
                "log_path": launched.log_path,
            }
        )
        with self._store.transaction():
            self._store.runs.put(started)
            self._store.runs.put_execution(run_id, execution)
        self._underway.launching.pop(run_id, None)
        log.info("started", **about(run), pid=launched.execution.supervisor_pid)
        self._ledger.tell(None, started)
        return True

    def progressed(self, run_id: UUID, progress: Progress) -> None:
        """Something new was seen of a live run."""
        self._underway.progress[run_id] = progress
        self._events.tell(Progressed(run_id, progress))
        try:
            self._speaks_again(run_id)
        except StoreUnavailable as error:
            log.warning("that an agent is not silent any more cannot be recorded", problem=str(error))

    def _speaks_again(self, run_id: UUID) -> None:
        run = self._store.runs.get(run_id)
        if run and run.stalled_at and run.status is RunStatus.RUNNING:
            execution = self._store.runs.execution(run_id)
            if execution and execution.stalled:
                return  # too late: it is being ended for that
            speaking = run.model_copy(update={"stalled_at": None})
            with self._store.transaction():
                self._store.runs.put(speaking)
            self._ledger.tell(None, speaking)

    def goes_on(self, run_id: UUID, execution: Execution) -> bool:
        """Put another process of a live run on record; it starts only after this returns True."""
        known = self._store.runs.execution(run_id)
        if known is None or self._stopping(run_id, known):
            return False
        with self._store.transaction():
            self._store.runs.put_execution(run_id, execution.model_copy(update={"profile": known.profile}))
        return True

    def stalled(self, run_id: UUID, seconds: float) -> bool:
        """Put on record that a live run says nothing; True when it is to be ended for that."""
        run, execution = self._store.runs.get(run_id), self._store.runs.execution(run_id)
        task = self._store.tasks.get(run.task_id) if run else None
        if run is None or execution is None or task is None or run.status is not RunStatus.RUNNING:
            return False
        silent = run.model_copy(update={"stalled_at": self._clock()})
        stops = task.stop_when_stalled and not execution.stop_requested
        with self._store.transaction():
            self._store.runs.put(silent)
            if stops:
                stopping = execution.model_copy(update={"stop_requested": True, "stalled": True})
                self._store.runs.put_execution(run_id, stopping)
        log.warning("the agent has not said a word", **about(run), seconds=seconds, ends=stops)
        self._ledger.tell(None, silent)
        if not stops:
            self._events.tell(Stalled(silent, task))  # else its end is told of soon
        return stops

    def ended(self, run_id: UUID, ending: Ending) -> None:
        """Put the end of a run on record, and with it what that means for its sequence, task and job."""
        run = self._store.runs.get(run_id)
        if (
            run is not None
            and run.status is RunStatus.UPCOMING
            and self._underway.closing
            and run_id in self._underway.launching
        ):
            log.info("not started any more; the next daemon starts it", **about(run))
        elif run is not None and not run.status.ended:
            execution = self._store.runs.execution(run_id)
            ending = self._as_stopped(run, execution, ending)
            task = self._store.tasks.get(run.task_id)
            with self._store.transaction():
                decision = self._after(run, task, execution, ending)
                if decision:
                    ending = replace(ending, errors=[*ending.errors, decision.said])
                continued = decision.run if decision else None
                settled = self._ledger.settle(run, ending, continued=continued)
            log.info("ended", **about(run), status=ending.status.value, outcome=ending.outcome.value)
            new = [continued] if continued else []
            self._ledger.tell(run.job_id, *settled, *new, tool_times=ending.tool_times)
            if task and continued is None:
                self._events.tell(Final(settled[0], task))
        self._underway.forget(run_id)

    def _stopping(self, run_id: UUID, execution: Execution | None) -> bool:
        """Whether a run is to end because somebody wants it to."""
        return run_id in self._underway.unwanted or bool(
            execution and execution.stop_requested and not execution.stalled
        )

    def _as_stopped(self, run: Run, execution: Execution | None, ending: Ending) -> Ending:
        """The end of a run, be it stopped or whatever came of it in the moment it was to be."""
        if ending.outcome in (Outcome.INTERRUPTED, Outcome.NOT_STARTED) and self._stopping(run.id, execution):
            ending = replace(ending, status=RunStatus.CANCELLED, outcome=Outcome.STOPPED)
        if execution and execution.stop_reason and ending.outcome is Outcome.STOPPED:
            ending = replace(ending, errors=[*ending.errors, execution.stop_reason])
        return ending

    def _after(self, run: Run, task: Task | None, execution: Execution | None, ending: Ending) -> Decision | None:
        """What follows the end of a run; called inside a transaction, which takes in what it tells of its account."""
        now = self._clock()
        if execution and run.start_time:
            profile = execution.profile
            limits = self._learn(run, task, profile, ending, now)
            if task and (task.enabled or asked_for_by_itself(run)) and not self._stopping(run.id, execution):
                return continuation(run, task, ending, self._store.settings(), limits, now)
        elif task and (task.enabled or asked_for_by_itself(run)) and ending.outcome is not Outcome.USAGE_LIMIT:
            return continuation(run, task, ending, self._store.settings(), AccountLimits(), now)
        return None

    def _learn(
        self, run: Run, task: Task | None, profile: UUID | None, ending: Ending, now: datetime
    ) -> AccountLimits:
        """Record what a run has cost, and what it has told of its account."""
        if ending.cost_usd:
            self._store.spending.add(run.id, run.job_id, profile, ending.cost_usd, now)
        limits = self._store.limits.get(profile)
        refused = ending.outcome is Outcome.USAGE_LIMIT
        if refused or ending.rate_limits or ending.status is RunStatus.SUCCESS:
            told = Told(ending.rate_limits, task.model if task else "", refused, run.start_time or now)
            known = learned(limits, told, now)
            if known != limits:
                self._store.limits.put(profile, known)
                limits = known
        return limits

    def never_started(self, run_id: UUID) -> None:
        """Back to ``upcoming``: the agent was certainly not started, so starting it is not a second time."""
        run = self._store.runs.get(run_id)
        execution = self._store.runs.execution(run_id)
        if run_id in self._underway.unwanted or (execution and execution.stop_requested):
            self.ended(run_id, stopped())
            return
        if run is not None and run.status is RunStatus.RUNNING:
            again = run.model_copy(
                update={
                    "status": RunStatus.UPCOMING,
                    "start_time": None,
                    "session_id": None,
                    "log_path": None,
                }
            )
            with self._store.transaction():
                self._store.runs.put(again)
                self._store.runs.put_execution(run_id, None)
            log.info("its agent was never started; it starts again", **about(run))
            self._ledger.tell(None, again)
        self._underway.forget(run_id)
