"""Looks at everything as it happens, and cries out at what must never be."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from scheduler_daemon.engine.events import Changed, Event
from scheduler_daemon.model.enums import Missed, Outcome, Overlap, RunStatus, Trigger
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.run import Run
from scheduler_daemon.run.order import Order
from scheduler_daemon.store.store import Store
from tests.unit.engine.simulation.due_times import within
from tests.unit.engine.simulation.known import Known
from tests.unit.engine.simulation.machine import Absence, Machine
from tests.unit.engine.simulation.story import Story
from tests.unit.engine.simulation.zones import Zones

LATE = timedelta(seconds=60)
"""A due time that is met later than this was missed."""
PROMPT = timedelta(seconds=1)
"""What is met later than this, and not by an absence, was met too late."""
_DISABLED = "its task was disabled"
_BY_CLOCK = (Trigger.SCHEDULE, Trigger.SEQUENCE)


@dataclass(frozen=True)
class _Active:
    """A run that a launcher has begun, and whose end it has not reported: an agent may be at work."""

    task_id: UUID
    directory: str


class Watch:
    """Sees what the engine tells, and what it has its launcher do."""

    def __init__(self, machine: Machine, zones: Zones, known: Known, story: Story) -> None:
        self._machine = machine
        self._zones = zones
        self._known = known
        self._story = story
        self.unfinished: dict[UUID, Run] = {}
        """As last told, oldest first."""
        self.delays: dict[tuple[UUID, int], timedelta] = {}
        """By task and jitter: how much later than it is due it starts, as first seen."""
        self.jitter_changed: dict[UUID, list[datetime]] = {}
        """When the jitter of a task was changed, by the clock."""
        self._ids: set[UUID] = set()
        self._active: dict[UUID, _Active] = {}
        self._met: set[tuple[UUID, datetime]] = set()
        self._made_up: set[tuple[UUID, int]] = set()
        """The tasks that have had their run for what was missed, by absence."""
        self._sequences: dict[UUID, list[Run]] = {}
        """Those that have not ended, with all their runs."""
        self._begun: set[UUID] = set()
        """The sequences of which a run was launched."""
        self._fresh: list[UUID] = []
        """The sequences that were made just now."""
        self._told_to_stop: set[UUID] = set()
        """The runs that this daemon has told its launcher to stop."""
        self._unwanted: set[UUID] = set()
        """Those that people have stopped, and that this daemon knows of."""

    # What the launcher is told to do

    def launch(self, order: Order) -> None:
        """A run is to begin: is it its turn?"""
        run, now = order.run, self._machine.now()
        directory = order.job.working_directory.path
        self._story.tell(run.task_id, "launched: {} in {}", run.id, directory)
        known = self.unfinished.get(run.id)
        if known is None or known.status is not RunStatus.UPCOMING or run.id in self._active:
            raise self._wrong(run, f"it is launched, being {known.status if known else 'over'}")
        for other, active in self._active.items():
            if active.directory == directory or active.task_id == run.task_id:
                raise self._wrong(run, f"it is launched in {directory} while run {other} of {active} lives")
        if len(self._active) >= self._known.settings.max_concurrent_runs:
            raise self._wrong(run, f"{len(self._active)} runs live, and it is launched all the same")
        task = order.task
        if run.trigger in _BY_CLOCK and not within(task.running_hours, self._zones.of(task.schedule.timezone), now):
            raise self._wrong(run, f"it is launched outside {task.running_hours}")
        for before in self._sequences[_sequence(run)]:
            if before.sequence_position < run.sequence_position and not _lets_go_on(before):
                raise self._wrong(run, f"it is launched, and {before.id} before it is {before.status}")
        self._check_turn(run)
        self._active[run.id] = _Active(run.task_id, directory)
        self._begun.add(_sequence(run))

    def _check_turn(self, run: Run) -> None:
        """All of a sequence comes before any of another that shares a task with it."""
        if _sequence(run) in self._begun:
            return
        tasks = {each.task_id for each in self._sequences[_sequence(run)]}
        for other in self.unfinished.values():
            if other.task_id in tasks and _sequence(other) in self._begun:
                raise self._wrong(run, f"its sequence begins amidst that of {other.id}")

    def stop(self, run_id: UUID) -> None:
        """A run is to be stopped."""
        self._told_to_stop.add(run_id)

    def adopt(self, order: Order, execution: Execution) -> None:
        """A run is taken over."""
        run = order.run
        self._story.tell(run.task_id, "taken over: {}", run.id)
        if run.id not in self._active:
            self._active[run.id] = _Active(run.task_id, execution.directory)

    def begin(self, order: Order, again: bool) -> None:
        """An agent starts."""
        self._story.tell(order.run.task_id, "begun: {}", order.run.id)
        if again:
            raise self._wrong(order.run, "its agent is started a second time")
        if order.run.id in self._unwanted:
            raise self._wrong(order.run, "it was stopped, and is started")

    def gone(self, run_id: UUID) -> None:
        """No agent is at work any more, nor will be."""
        self._active.pop(run_id, None)

    def swept(self, run_id: UUID, done: bool) -> None:
        """What is left of a run that is not on record as live any more is removed."""
        if not done:
            raise self._story.violated(f"run {run_id} is over on record, and its agent is at work")
        self.gone(run_id)

    # What the engine tells

    def heard(self, event: Event) -> None:
        """Something has changed."""
        if isinstance(event, Changed) and isinstance(event.object, Run):
            self._seen(event.object)

    def unwanted(self, run: Run) -> None:
        """Somebody has stopped a run."""
        self._unwanted.add(run.id)
        if run.status is RunStatus.UPCOMING and run.id not in self._active and run.id in self.unfinished:
            raise self._wrong(run, "it was stopped before it was launched, and waits on")

    def catch_up(self, store: Store) -> None:
        """The daemon died, and may not have told all that it had put on record."""
        self._told_to_stop.clear()
        self._unwanted.clear()
        on_record = {run.id: run for run in store.runs.unfinished()}
        for run in on_record.values():
            if self.unfinished.get(run.id) != run:
                self._seen(run)
        for run_id in [run_id for run_id in self.unfinished if run_id not in on_record]:
            ended = store.runs.get(run_id)
            if ended is None:
                raise self._wrong(self.unfinished[run_id], "it is no longer on record")
            self._seen(ended)
        # They are whole on record, but what was in their way may have ended in the same moment.
        self._fresh.clear()

    def forget(self, task_id: UUID) -> None:
        """A task was deleted."""
        for run in [run for run in self.unfinished.values() if run.task_id == task_id]:
            raise self._wrong(run, "its task is gone, and it has not ended")

    def excused(self, instant: datetime, awake: timedelta) -> Absence | None:
        """Why nobody may have done what was to be done then, by what was known at a time awake."""
        for absence in reversed(self._machine.absences):
            if absence.holds(instant, awake):
                return absence
        return None

    def _seen(self, run: Run) -> None:
        before = self.unfinished.get(run.id)
        if before is None and run.id in self._ids:
            raise self._wrong(run, "it had ended, and is told of again")
        if before is None:
            self._made(run)
        self._story.tell(run.task_id, "{}: {} {} {}", run.id, run.status, run.outcome or "", "; ".join(run.errors))
        if run.outcome is Outcome.INTERRUPTED:
            raise self._wrong(run, "nothing has interrupted it")
        if run.errors == [_DISABLED] and _asked_for_by_itself(run):
            raise self._wrong(run, "it was asked for by hand, and ends as its task is disabled")
        if run.status.ended:
            self.unfinished.pop(run.id, None)
        else:
            self.unfinished[run.id] = run
        sequence = self._sequences[_sequence(run)]
        sequence[:] = [run if each.id == run.id else each for each in sequence]
        if all(each.status.ended for each in sequence):
            del self._sequences[_sequence(run)]
            self._begun.discard(_sequence(run))

    def _made(self, run: Run) -> None:
        self._ids.add(run.id)
        self._story.tell(run.task_id, "made: {} {} for {}", run.id, run.trigger, run.scheduled_time)
        if _sequence(run) not in self._sequences:
            self._sequences[_sequence(run)] = []
            self._fresh.append(_sequence(run))
        self._sequences[_sequence(run)].append(run)
        if run.trigger is Trigger.SCHEDULE and self._known.tasks[run.task_id].schedule.watch_path is None:
            self._made_for_due_time(run)

    def _made_for_due_time(self, run: Run) -> None:
        task, due = self._known.tasks[run.task_id], run.scheduled_time
        if (task.id, due) in self._met:
            raise self._wrong(run, "it is the second for this due time")
        self._met.add((task.id, due))
        planned = due + self.delays.get((task.id, task.jitter), timedelta(0))
        late = self._machine.now() - planned
        if late < timedelta(0):
            raise self._wrong(run, f"it is made {-late} before it should be at {planned}")
        if late > LATE and (task.missed is Missed.SKIP or late > timedelta(seconds=task.missed_within)):
            raise self._wrong(run, f"it is made {late} late: {task.missed}, within {task.missed_within} s")
        if late <= PROMPT or self.jitter_was_changed(task.id, due):
            return
        absence = self.excused(planned, self._machine.awake)
        if absence is None:
            raise self._wrong(run, f"it is made {late} after {planned}, when somebody was there")
        made_up = (task.id, self._machine.absences.index(absence))
        if made_up in self._made_up:
            raise self._wrong(run, f"it is the second for what was missed when: {absence}")
        self._made_up.add(made_up)

    def jitter_was_changed(self, task_id: UUID, since: datetime) -> bool:
        """Whether a task's starts were moved by hand since the clock said so."""
        return any(changed >= since for changed in self.jitter_changed.get(task_id, []))

    # What must be so whenever the engine has nothing left to do

    def made_by_now(self, store: Store) -> None:
        """What was made is whole, and what was in its way is dealt with."""
        fresh, self._fresh = self._fresh, []
        for sequence in fresh:
            runs = self._sequences.get(sequence)
            if not runs:
                continue
            head = runs[0]
            if head.trigger is Trigger.SCHEDULE and [run.task_id for run in runs] != self._known.following(
                head.task_id
            ):
                raise self._wrong(head, f"its sequence is {[run.task_name for run in runs]}")
            self._check_overlap(runs, store)

    def _check_overlap(self, runs: list[Run], store: Store) -> None:
        head, tasks = runs[0], {run.task_id for run in runs}
        by_job = head.trigger in (Trigger.JOB, Trigger.RESTART)
        policy = self._known.jobs[head.job_id].overlap if by_job else self._known.policy(head.task_id)
        for run in self.unfinished.values():
            if run.id == head.id:
                return
            if run.task_id not in tasks or _sequence(run) == _sequence(head):
                continue
            if policy is Overlap.SKIP:
                raise self._wrong(head, f"it is made, and run {run.id} has not ended")
            first = self._sequences[_sequence(run)][0]
            if policy is Overlap.QUEUE and _sequence(run) not in self._begun and not first.status.ended:
                raise self._wrong(head, f"it is made, and run {run.id} waits already")
            execution = store.runs.execution(run.id)
            asked = execution and execution.stop_requested
            if policy is Overlap.REPLACE and not (asked and run.id in self._told_to_stop):
                raise self._wrong(head, f"it is made, and run {run.id}, which it replaces, goes on")

    def all_waits_have_reasons(self) -> None:
        """Nothing waits that may start, or that was to follow a schedule which is switched off."""
        for run in self.unfinished.values():
            waits = run.id not in self._active and not _asked_for_by_itself(run)
            if waits and not self._known.tasks[run.task_id].enabled:
                raise self._wrong(run, "it waits, and its task is disabled")
        if len(self._active) >= self._known.settings.max_concurrent_runs:
            return
        now = self._machine.now()
        directories = {active.directory for active in self._active.values()}
        for run in self.unfinished.values():
            if run.id in self._active or self._job(run).working_directory.path in directories:
                continue
            task = self._known.tasks[run.task_id]
            if run.trigger in _BY_CLOCK and not within(
                task.running_hours, self._zones.of(task.schedule.timezone), now
            ):
                continue
            tasks = {each.task_id for each in self._sequences[_sequence(run)] if not each.status.ended}
            if any(self._goes_before(other, run, tasks) for other in self.unfinished.values()):
                continue
            raise self._wrong(run, "it waits, and nothing is in its way")

    def _goes_before(self, other: Run, run: Run, tasks: Iterable[UUID]) -> bool:
        if _sequence(other) == _sequence(run):
            return other.sequence_position < run.sequence_position
        return other.task_id in tasks

    def _job(self, run: Run) -> Job:
        return self._known.jobs[run.job_id]

    def _wrong(self, run: Run, what: str) -> BaseException:
        text = f"run {run.id} of {run.task_name!r}, {run.trigger} for {run.scheduled_time}: {what}"
        return self._story.violated(text, run.task_id)


def _sequence(run: Run) -> UUID:
    return run.sequence_id or run.id


def _asked_for_by_itself(run: Run) -> bool:
    return run.trigger is Trigger.TASK or (run.trigger is Trigger.RESTART and run.sequence_position == 0)


def _lets_go_on(run: Run) -> bool:
    released = run.outcome is Outcome.NOT_STARTED and run.errors == [_DISABLED]
    return run.status is RunStatus.SUCCESS or (run.status is RunStatus.CANCELLED and released)
