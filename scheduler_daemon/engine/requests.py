"""What a person asks for: that runs begin, or that they end."""

from collections.abc import Callable
from uuid import UUID

import structlog

from scheduler_daemon.engine import Refused
from scheduler_daemon.engine.beginnings import Beginnings
from scheduler_daemon.engine.due import policy
from scheduler_daemon.engine.ledger import Ledger
from scheduler_daemon.engine.sequence import asked_for_by_itself, ordered, whole_job
from scheduler_daemon.engine.settlement import not_started, stopped
from scheduler_daemon.engine.underway import Underway, about
from scheduler_daemon.model.enums import RunStatus, Trigger
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.run.order import Ending
from scheduler_daemon.store.store import Store

log = structlog.get_logger()


class Requests:
    """Puts on record what was asked for; the engine acts on it when it looks next."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        beginnings: Beginnings,
        underway: Underway,
        ended: Callable[[UUID, Ending], None],
        stop: Callable[[UUID], None],
    ) -> None:
        """``ended`` puts the end of a run on record that has not begun; ``stop`` ends a live one."""
        self._store = store
        self._ledger = ledger
        self._beginnings = beginnings
        self._underway = underway
        self._ended = ended
        self._stop = stop

    def run_task(self, task: Task) -> Run:
        """Run one task now, enabled or not.

        Raises:
            Refused: when a run of it has not ended.
        """
        job = self.job_of(task)
        return self._beginnings.request(job, [task], Trigger.TASK, policy(task, job))[0]

    def run_job(self, job: Job) -> list[Run]:
        """Run a job's enabled tasks now, one after another.

        Raises:
            Refused: when it has none, or a run of one of them has not ended.
        """
        tasks = ordered(job, self._store.tasks.of_job(job.id))
        if not tasks:
            raise Refused(f"job {job.name!r} has no tasks; add one with: ccsched tasks create --job {job.id}")
        enabled = whole_job(tasks)
        if not enabled:
            raise Refused(
                f"all tasks of job {job.name!r} are disabled; enable one with: ccsched tasks enable {tasks[0].id}"
            )
        return self._beginnings.request(job, enabled, Trigger.JOB, job.overlap)

    def restart(self, run: Run, *, only: bool = False, resume: bool = False) -> list[Run]:
        """Do a run over now, and after it, unless it ``only`` is wanted, those that followed it in its sequence.

        With ``resume`` it goes on in the same session. Tasks that have since been deleted, disabled or moved to
        another job are left out, but for the run's own.

        Raises:
            Refused: when it has not ended, a run of one of the tasks has not, or it has no session to go on with.
        """
        if not run.status.ended:
            raise Refused(
                f"run {run.id} is {run.status.value}; wait for it, or stop it with: ccsched runs stop {run.id}"
            )
        task = self._store.tasks.get(run.task_id)
        if task is None:
            raise Refused(f"the task of run {run.id} is gone")
        if resume and not run.session_id:
            raise Refused(
                f"run {run.id} had no session to go on with; do it over with: ccsched runs restart {run.id}"
            )
        job = self.job_of(task)
        of_each = {task.id: {"restarted_from": run.id, "resumes": run.id if resume else None}}
        tasks = [task]
        for later in self._store.runs.sequence(run.sequence_id) if run.sequence_id and not only else []:
            follower = self._store.tasks.get(later.task_id)
            if later.sequence_position <= run.sequence_position or later.continued_by or follower is None:
                continue
            if follower.enabled and follower.job_id == job.id:
                tasks.append(follower)
                of_each[follower.id] = {"restarted_from": later.id, "resumes": None}
        return self._beginnings.request(job, tasks, Trigger.RESTART, job.overlap, of_each)

    def stop_run(self, run: Run, reason: str | None = None) -> None:
        """End a run and the sequence it is part of; one that has not started never will.

        ``reason`` is why, where that is not a person's wish.

        Raises:
            Refused: when it has ended already.
        """
        if run.status.ended:
            raise Refused(f"run {run.id} has ended already: {run.status.value}")
        if run.status is RunStatus.UPCOMING and run.id not in self._underway.launching:
            self._ended(run.id, stopped())
            return
        if run.status is RunStatus.RUNNING:
            execution = self._store.runs.execution(run.id)
            if execution and (execution.stalled or not execution.stop_requested):
                with self._store.transaction():
                    wish = {"stop_requested": True, "stop_reason": reason, "stalled": False}
                    stopping = execution.model_copy(update=wish)
                    self._store.runs.put_execution(run.id, stopping)
        self._underway.unwanted.add(run.id)
        log.info("stopping", **about(run))
        self._stop(run.id)

    def close(self) -> None:
        """Stop all live runs, and start no more; those that were about to start are left to the next daemon."""
        self._underway.closing = True
        for run in self._store.runs.unfinished():
            if run.status is RunStatus.RUNNING:
                self.stop_run(run, "stopped as the daemon ended, which was told to take its runs with it")

    def stop_job(self, job: Job) -> list[Run]:
        """End every run of a job that has not ended; returns them. Those that live end a little later."""
        # By its tasks, too, for one may have come from another job with a run under way, or have gone to one.
        tasks = {task.id for task in self._store.tasks.of_job(job.id)}
        unfinished = [run for run in self._store.runs.unfinished() if run.task_id in tasks or run.job_id == job.id]
        waiting = [
            run for run in unfinished if run.status is RunStatus.UPCOMING and run.id not in self._underway.launching
        ]
        with self._store.transaction():
            for run in waiting:
                self._ledger.settle(run, stopped())
        self._ledger.tell(job.id, *(ended for run in waiting if (ended := self._store.runs.get(run.id))))
        for run in unfinished:
            if run not in waiting:
                self.stop_run(run)
        return unfinished

    def release(self, task: Task) -> None:
        """Let go of the upcoming runs of a task that was disabled; the sequences they are in go on without them.

        One that a person asked for by itself stays: it never depended on the task's being enabled.
        """
        runs = [
            run
            for run in self._store.runs.unfinished()
            if run.task_id == task.id
            and run.status is RunStatus.UPCOMING
            and not asked_for_by_itself(run)
            and run.id not in self._underway.launching
        ]
        with self._store.transaction():
            for run in runs:
                # What continues another is not left out: the one before it has failed, and that stands now.
                ending = not_started("its task was disabled", RunStatus.CANCELLED)
                self._ledger.settle(run, ending, breaks=run.continues is not None)
        self._ledger.tell(task.job_id, *(ended for run in runs if (ended := self._store.runs.get(run.id))))

    def job_of(self, task: Task) -> Job:
        """The job a task belongs to.

        Raises:
            Refused: when it is gone.
        """
        job = self._store.jobs.get(task.job_id)
        if job is None:
            raise Refused(f"the job of task {task.name!r} is gone")
        return job
