"""What is forgotten: runs beyond those that their task keeps, logs that are too old, and logs of no run on record."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from scheduler_daemon.engine.events import Changed, Deleted, Event, Events
from scheduler_daemon.model.enums import RunStatus, SessionMode
from scheduler_daemon.model.run import Run
from scheduler_daemon.store.store import Store
from scheduler_daemon.store.tables import Standing

AT_ONCE = 16
"""Runs or logs that are dealt with in one step: some milliseconds."""
TASKS_AT_ONCE = 20
"""Tasks that are looked at in one step if they have nothing to be forgotten."""
SPENDING_COUNTS = timedelta(days=1)
"""What was spent longer ago decides nothing any more."""


@dataclass(frozen=True)
class _Surplus:
    """Where a task's runs begin to be too many."""

    newest: int
    """The position of the newest run that is one too many."""
    session: UUID | None
    """The run whose session the task's next one goes on with."""


class Retention:
    """Forgets in small steps, in the thread that uses the store; removing the files is left to its caller."""

    def __init__(
        self,
        store: Store,
        events: Events,
        clock: Callable[[], datetime],
        log_path: Callable[[UUID], str],
        ask: Callable[[], object],
    ) -> None:
        """``log_path`` says where a run's log is kept; ``ask`` asks for steps, for a run has ended."""
        self._store = store
        self._events = events
        self._clock = clock
        self._log_path = log_path
        self._ask = ask
        self._ended: dict[UUID, None] = {}
        """The tasks of which a run has ended, in that order."""
        self._round: Iterator[list[UUID]] | None = None

    def start(self) -> None:
        """Look at each task of which a run ends."""
        self._events.subscribe(self._heard)

    def _heard(self, event: Event) -> None:
        if isinstance(event, Changed) and isinstance(event.object, Run) and event.object.status.ended:
            self._ended[event.object.task_id] = None
            self._ask()

    def oldest_log(self) -> datetime:
        """Logs that were ended before this instant are too old."""
        return self._clock() - timedelta(days=self._store.settings().log_retention_days)

    def begin(self, old_logs: Sequence[UUID]) -> None:
        """Look at everything in the steps to come, unless they are at it still.

        ``old_logs`` are the ids in the names of log files that were last written before ``oldest_log``.
        """
        if self._round is None:
            self._round = self._everything(old_logs)

    def step(self) -> list[UUID] | None:
        """Forget a little; returns the runs whose logs are to be removed, None when nothing is left to be done.

        Raises:
            StoreUnavailable: when the record cannot be written. What was not done is met again by a later round.
        """
        if self._ended:
            task_id = next(iter(self._ended))
            del self._ended[task_id]
            return next(self._surplus(task_id), [])
        removable = next(self._round, None) if self._round else None
        if removable is None:
            self._round = None
        return removable

    def _everything(self, old_logs: Sequence[UUID]) -> Iterator[list[UUID]]:
        with self._store.transaction():
            self._store.spending.forget(self._clock() - SPENDING_COUNTS)
        yield []
        for number, task_id in enumerate(self._tasks(), 1):
            yield from self._surplus(task_id)
            if number % TASKS_AT_ONCE == 0:
                yield []
        yield from self._too_old()
        yield from self._of_no_run(old_logs)

    def _tasks(self) -> Iterator[UUID]:
        task_id = self._store.runs.next_task(None)
        while task_id:
            yield task_id
            task_id = self._store.runs.next_task(task_id)

    # Runs

    def _surplus(self, task_id: UUID) -> Iterator[list[UUID]]:
        """Delete the runs of a task that are too many, some at a time."""
        looked_at = 0
        # Found anew each time: the task may have run, or be gone, by now.
        while surplus := self._surplus_of(task_id):
            found = self._store.runs.forgettable(task_id, looked_at, surplus.newest, AT_ONCE)
            if not found:
                return
            looked_at = found[-1].position
            needed: set[UUID] = set()
            for each in found:
                if each.run.id not in needed:
                    needed |= self._needed(each, surplus)
            yield self._delete([each.run.id for each in found if each.run.id not in needed])

    def _surplus_of(self, task_id: UUID) -> _Surplus | None:
        task = self._store.tasks.get(task_id)
        if task is None:
            return None
        kept = task.run_retention_count or self._store.settings().run_retention_count
        newest = self._store.runs.position_of_newest(task_id, kept)
        if newest is None:
            return None
        resumes = task.session_mode is SessionMode.RESUME
        return _Surplus(newest, self._store.runs.newest_with_session(task_id) if resumes else None)

    def _needed(self, one: Standing, surplus: _Surplus) -> set[UUID]:
        """The tries that a run is one of, if any of them is kept, or another kept run is to be understood by it."""
        tries = self._tries(one)
        for each in tries:
            if any(self._stays(kept, surplus) for kept in (each, *self._store.runs.referring(each.run.id))):
                return {every.run.id for every in tries}
        return set()

    def _tries(self, one: Standing) -> list[Standing]:
        """A run, those that it continues, and those that continue it."""
        tries = [one]
        while (before := tries[0].run.continues) and (found := self._store.runs.standing(before)):
            tries.insert(0, found)
        while (after := tries[-1].run.continued_by) and (found := self._store.runs.standing(after)):
            tries.append(found)
        return tries

    def _stays(self, one: Standing, surplus: _Surplus) -> bool:
        """Whether a run is kept for its own sake."""
        run = one.run
        return (
            one.position > surplus.newest
            or not run.status.ended
            or (run.status is RunStatus.FAILED and not one.seen)
            or run.id == surplus.session
            or (run.sequence_id is not None and self._store.runs.is_under_way(run.sequence_id))
        )

    def _delete(self, ids: list[UUID]) -> list[UUID]:
        with self._store.transaction():
            for run_id in ids:
                self._store.runs.delete(run_id)
        self._events.tell(*(Deleted("run", run_id) for run_id in ids))
        return ids

    # Logs

    def _too_old(self) -> Iterator[list[UUID]]:
        """Let go of the logs that are too old, some at a time."""
        last: Standing | None = None
        while found := self._store.runs.logged(last, self.oldest_log(), AT_ONCE):
            last = found[-1]
            # A run that was taken over from elsewhere has its log there, and it is not ours to remove.
            runs = [each.run for each in found if each.run.log_path == self._log_path(each.run.id)]
            with self._store.transaction():
                for run in runs:
                    self._store.runs.put(run.model_copy(update={"log_path": None}))
            yield [run.id for run in runs]

    def _of_no_run(self, old_logs: Sequence[UUID]) -> Iterator[list[UUID]]:
        """Find the logs that belong to no run, some at a time: a daemon ended before it could remove them."""
        for start in range(0, len(old_logs), AT_ONCE):
            some = old_logs[start : start + AT_ONCE]
            belonging = self._store.runs.with_log(some)
            yield [run_id for run_id in some if run_id not in belonging]
