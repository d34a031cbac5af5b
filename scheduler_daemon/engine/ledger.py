"""Puts on record what becomes of runs, and tells of it afterwards."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from scheduler_daemon.engine.events import Changed, Events, Over
from scheduler_daemon.engine.sequence import job_status
from scheduler_daemon.engine.settlement import settle
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.run import Run
from scheduler_daemon.run.order import Ending
from scheduler_daemon.store.store import Store


class Ledger:
    """Every method that writes is called inside a transaction."""

    def __init__(self, store: Store, events: Events, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._events = events
        self._clock = clock

    def add(self, job: Job, runs: Iterable[Run]) -> None:
        """Record new runs of a job."""
        new = list(runs)
        for run in new:
            self._store.runs.put(run)
        if new:
            self._store.jobs.put(job.model_copy(update={"status": job_status(new)}))

    def settle(self, run: Run, ending: Ending, breaks: bool = True, continued: Run | None = None) -> list[Run]:
        """Record one end, and what it means for its sequence, its task and its job; returns the runs that ended.

        ``breaks``: whether an end that is no success takes the rest of its sequence with it; not where the run is
        ``continued`` by another, which is recorded as well.
        """
        sequence = self._store.runs.sequence(run.sequence_id) if run.sequence_id else []
        settled = settle(run, ending, sequence, self._clock(), breaks and continued is None)
        if continued:
            settled[0] = settled[0].model_copy(update={"continued_by": continued.id})
            self._store.runs.put(continued)
        for each in settled:
            self._store.runs.put(each)
            self._store.runs.put_execution(each.id, None)
            task = self._store.tasks.get(each.task_id)
            if task and task.last_run_status is not each.status:
                self._store.tasks.put(task.model_copy(update={"last_run_status": each.status}))
        # It is for whoever goes on from here; one that a person asks for, if nobody does by itself.
        carried = dict(ending.carried) if ending.carried else None
        if continued:
            self._store.runs.put_carried(continued.id, carried)
        if run.continues or run.restarted_from or carried:
            self._store.runs.put_carried(run.id, None if continued else carried)
        job = self._store.jobs.get(run.job_id)
        if job:
            known = {each.id: each for each in [*sequence, *settled, *([continued] if continued else [])]}
            status = job_status(known.values())
            if status is not job.status:
                self._store.jobs.put(job.model_copy(update={"status": status}))
        return settled

    def tell(self, job_id: UUID | None, *runs: Run, tool_times: Sequence[tuple[float, float]] = ()) -> None:
        """Tell of runs, and of the job whose status they may have changed.

        ``tool_times``: when the first of them, which has ended, may have changed something.
        """
        self._events.tell(*(Changed("run", run) for run in runs))
        job = self._store.jobs.get(job_id) if job_id and runs else None
        if job:
            self._events.tell(Changed("job", job))
        for run in runs:
            if run.status.ended:
                self._events.tell(Over(run, tool_times if run is runs[0] else ()))
