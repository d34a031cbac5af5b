"""What is to run now that something is due or asked for: the runs of a sequence, or the reason why there are none."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

import structlog

from scheduler_daemon.engine import Refused
from scheduler_daemon.engine.due import clash, in_hindsight, in_the_way, policy, refusal, too_late
from scheduler_daemon.engine.ledger import Ledger
from scheduler_daemon.engine.planner import Planner, delay
from scheduler_daemon.engine.sequence import from_due, ordered, runs_of
from scheduler_daemon.engine.settlement import stopped
from scheduler_daemon.model.enums import Overlap, RunStatus, SkipReason, Trigger
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.run.supervisor.fault import step
from scheduler_daemon.schedule.local import local_text
from scheduler_daemon.store.schedules import Plan
from scheduler_daemon.store.skipped import Skipped
from scheduler_daemon.store.store import Store

log = structlog.get_logger()


@dataclass
class Begun:
    """What the beginning of a sequence has come to."""

    runs: list[Run] = field(default_factory=list)
    settled: list[Run] = field(default_factory=list)
    """Runs that ended for it, not having begun."""
    stopping: list[Run] = field(default_factory=list)
    """Live runs that are to be stopped for it."""
    in_the_way: Run | None = None
    """The run for whose sake there is no beginning."""


class Beginnings:
    """Puts the runs of sequences on record."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        planner: Planner,
        clock: Callable[[], datetime],
        launching: Collection[UUID],
        stop: Callable[[UUID], None],
    ) -> None:
        """``launching`` are the runs that have been launched, as they are at any moment; ``stop`` ends a live one."""
        self._store = store
        self._ledger = ledger
        self._planner = planner
        self._clock = clock
        self._launching = launching
        self._stop = stop

    def fire(self, plan: Plan) -> None:
        """The due time of a plan has come."""
        task = self._store.tasks.get(plan.task_id)
        job = self._store.jobs.get(task.job_id) if task else None
        if task is None or job is None:
            return
        now = self._clock()
        with self._store.transaction():
            due = self._planner.meet(plan, task)
            for first, last in due.older:
                self._skip(task, first, last, SkipReason.MISSED, "nobody was there to meet it; a newer one was met")
            if due.met:
                return
            if reason := too_late(task, due.newest + delay(task), now):
                self._skip(task, due.newest, due.newest, SkipReason.MISSED, reason)
                return
            begun = self._due(job, task, due.newest)
        self._carry_on(job, begun)

    def changed(self, task: Task, also: Callable[[], None]) -> None:
        """A run of a task is due now; ``also`` writes what goes on record together with it."""
        job = self._store.jobs.get(task.job_id)
        if job is None:
            return
        with self._store.transaction():
            begun = self._due(job, task, self._clock())
            also()
        self._carry_on(job, begun)

    def request(
        self,
        job: Job,
        tasks: list[Task],
        trigger: Trigger,
        overlap: Overlap,
        of_each: Mapping[UUID, Mapping[str, object]] = MappingProxyType({}),
    ) -> list[Run]:
        """Somebody asks for a sequence; ``of_each`` has, by task, further fields of its run.

        Raises:
            Refused: when runs that have not ended are in its way.
        """
        with self._store.transaction():
            begun = self._begin(job, tasks, self._clock(), trigger, overlap, of_each)
        if begun.in_the_way:
            raise Refused(refusal(begun.in_the_way, overlap))
        log.info("asked for", job=job.name, tasks=[task.name for task in tasks])
        self._carry_on(job, begun)
        return begun.runs

    def _due(self, job: Job, task: Task, due: datetime) -> Begun:
        """Put the runs of a due task on record, inside a transaction; or that there are none, and why."""
        tasks = from_due(ordered(job, self._store.tasks.of_job(job.id)), task)
        begun = self._begin(job, tasks, due, Trigger.SCHEDULE, policy(task, job))
        about = {"job": job.name, "task": task.name, "due": due.isoformat()}
        if begun.in_the_way:
            reason = in_hindsight(begun.in_the_way, task)
            self._skip(task, due, due, SkipReason.OVERLAP, reason)
            log.warning("due, but skipped", **about, reason=reason)
        else:
            log.info("due", **about, runs=len(begun.runs))
        return begun

    def _begin(
        self,
        job: Job,
        tasks: list[Task],
        due: datetime,
        trigger: Trigger,
        overlap: Overlap,
        of_each: Mapping[UUID, Mapping[str, object]] = MappingProxyType({}),
    ) -> Begun:
        """Put the runs of a sequence on record, inside a transaction, in place of those in its way if so wanted."""
        clashing = clash(tasks, self._store.runs.unfinished(), self._launching)
        if clashing and (other := in_the_way(overlap, clashing)):
            return Begun(in_the_way=other)
        runs = runs_of(job, tasks, due, trigger)
        begun = Begun([run.model_copy(update=dict(of_each.get(run.task_id, {}))) for run in runs])
        if clashing and overlap is Overlap.REPLACE:
            reason = f"replaced by a run that was due at {local_text(due)}"
            for run in clashing.runs:
                execution = self._store.runs.execution(run.id)
                if run.status is RunStatus.RUNNING and execution:
                    stopping = execution.model_copy(update={"stop_requested": True, "stop_reason": reason})
                    self._store.runs.put_execution(run.id, stopping)
                    begun.stopping.append(run)
                else:
                    begun.settled += self._ledger.settle(run, stopped(reason), breaks=False)
        self._ledger.add(job, begun.runs)
        for run in begun.runs:
            if run.restarted_from and (carried := self._store.runs.carried(run.restarted_from)):
                # What the other left in the directory is this one's to commit.
                self._store.runs.put_carried(run.id, carried)
        return begun

    def _carry_on(self, job: Job, begun: Begun) -> None:
        """What follows once the beginning is on record."""
        step("due-recorded")
        for run in begun.stopping:
            self._stop(run.id)
        self._ledger.tell(job.id, *begun.settled, *begun.runs)

    def _skip(self, task: Task, first: datetime, last: datetime, reason: SkipReason, detail: str) -> None:
        self._store.skipped.add(Skipped(task.id, first, last, reason, detail, self._clock()))
