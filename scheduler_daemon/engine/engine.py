"""The scheduler: makes runs of due times and requests, starts those that may start, and records how they end."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from types import MappingProxyType
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from scheduler_daemon.engine.due import clash, policy, skipped_by, too_late
from scheduler_daemon.engine.eligibility import Occupancy, held, occupancy
from scheduler_daemon.engine.events import Changed, Events, Over, Progressed
from scheduler_daemon.engine.hours import opens
from scheduler_daemon.engine.planner import CORRECTION, Planner, delay
from scheduler_daemon.engine.sequence import from_due, job_status, ordered, runs_of, whole_job
from scheduler_daemon.engine.settlement import interrupted, not_started, settle, stopped
from scheduler_daemon.engine.why import Why, of_idle, of_run
from scheduler_daemon.model.enums import Outcome, Overlap, RunStatus, SessionMode, SkipReason, Trigger
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.run.order import Ending, Launched, Launcher, Order, Progress
from scheduler_daemon.schedule import ScheduleError
from scheduler_daemon.schedule.zone import find_zone
from scheduler_daemon.store.connection import StoreUnavailable
from scheduler_daemon.store.schedules import Plan
from scheduler_daemon.store.skipped import Skipped
from scheduler_daemon.store.store import Store

log = structlog.get_logger()


class Refused(Exception):
    """A request that cannot be met as things are; the message says what to do."""


@dataclass
class _Begun:
    """What the beginning of a sequence has come to."""

    runs: list[Run] = field(default_factory=list)
    settled: list[Run] = field(default_factory=list)
    """Runs that ended for it, not having begun."""
    stopping: list[Run] = field(default_factory=list)
    """Live runs that are to be stopped for it."""
    refusal: str | None = None
    """Why there is no beginning."""


class Engine:
    """Decides, on the clock and the record it is given. All its state but what is being launched is on record."""

    def __init__(
        self,
        store: Store,
        launcher: Launcher,
        events: Events,
        clock: Callable[[], datetime],
        exclusion: Callable[[Job], str],
    ) -> None:
        """``exclusion`` gives the key of the directory that a job's runs may not share with other runs."""
        self._store = store
        self._launcher = launcher
        self._events = events
        self._clock = clock
        self._exclusion = exclusion
        self._launching: dict[UUID, Run] = {}
        """Those that were launched and are not known to have started, nor to have come to nothing."""
        self._places: dict[UUID, str] = {}
        """By run that was launched or taken over: the key of the directory in which it works."""
        self._unwanted: set[UUID] = set()
        self._progress: dict[UUID, Progress] = {}
        self._last_look = clock()
        self._zone = _machine_zone()
        self._failing: set[UUID] = set()
        """Tasks that are due and whose schedule cannot be read just now."""
        self.planner = Planner(store, clock)

    # What happens by itself

    def start(self) -> None:
        """Take over what the daemon before this one left: its live runs and its due times."""
        self.replan()
        for run in self._store.runs.unfinished():
            if run.status is not RunStatus.RUNNING:
                continue
            execution = self._store.runs.execution(run.id)
            order = self._order(run)
            if execution is None or order is None:
                self.ended(run.id, interrupted("its task, or the record of its process, is missing"))
            else:
                log.info("taking over a run", **_about(run), pid=execution.supervisor_pid)
                place = JobWorkingDirectory(path=execution.directory)  # its job may have another by now
                self._places[run.id] = self._exclusion(order.job.model_copy(update={"working_directory": place}))
                self._launcher.adopt(order, execution, self)

    def replan(self) -> None:
        """Bring every due time in line with its task, after tasks were changed behind the engine's back."""
        tasks = self._store.tasks.all()
        with self._store.transaction():
            for task in tasks:
                self.planner.plan(task)
        waiting = {run.task_id for run in self._store.runs.unfinished()}
        for task in tasks:
            if not task.enabled and task.id in waiting:
                self.release(task)

    def wake(self) -> datetime | None:
        """Do what is due, start what may start; returns the next instant at which the clock has something to say."""
        now = self._clock()
        if now < self._last_look - CORRECTION:
            log.warning("the clock was set back; due times are computed anew", by=str(self._last_look - now))
            self.replan()
        elif (zone := _machine_zone()) is not self._zone:
            log.info("this machine is in another time zone; due times are computed anew", zone=str(zone))
            self._zone = zone
            self.replan()
        self._last_look = now
        for plan in self._store.schedules.due(now):
            try:
                self._fire(plan)
                self._failing.discard(plan.task_id)
            except StoreUnavailable:
                raise
            except Exception:
                # A zone whose file cannot be read just now, say. It stays due, and the others have their turn.
                if plan.task_id not in self._failing:
                    log.exception("a task is due and cannot be started", task_id=str(plan.task_id))
                self._failing.add(plan.task_id)
        opening = self._start_eligible(now)
        soonest = self._store.schedules.soonest(now)
        return min((instant for instant in (opening, soonest) if instant), default=None)

    def _fire(self, plan: Plan) -> None:
        task = self._store.tasks.get(plan.task_id)
        job = self._store.jobs.get(task.job_id) if task else None
        if task is None or job is None:
            return
        now = self._clock()
        with self._store.transaction():
            due = self.planner.meet(plan, task)
            for first, last in due.older:
                self._skip(task, first, last, SkipReason.MISSED, "nobody was there to meet it; a newer one was met")
            if due.met:
                return
            if reason := too_late(task, due.newest + delay(task), now):
                self._skip(task, due.newest, due.newest, SkipReason.MISSED, reason)
                return
            begun = self._due(job, task, due.newest)
        self._carry_on(job, begun)

    def changed(self, task: Task, what: str, also: Callable[[], None]) -> None:
        """What a task watches has changed: a run of it is due now.

        ``what`` says what has changed, for the log; ``also`` writes what goes on record together with the run.
        """
        job = self._store.jobs.get(task.job_id)
        if job is None or not task.enabled:
            return
        log.info("watched files have changed", task=task.name, changes=what)
        with self._store.transaction():
            begun = self._due(job, task, self._clock())
            also()
        self._carry_on(job, begun)

    def _due(self, job: Job, task: Task, due: datetime) -> "_Begun":
        """Put the runs of a due task on record, inside a transaction; or that there are none, and why."""
        tasks = from_due(ordered(job, self._store.tasks.of_job(job.id)), task)
        begun = self._begin(job, tasks, due, Trigger.SCHEDULE, policy(task, job))
        about = {"job": job.name, "task": task.name, "due": due.isoformat()}
        if begun.refusal:
            self._skip(task, due, due, SkipReason.OVERLAP, begun.refusal)
            log.warning("due, but skipped", **about, reason=begun.refusal)
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
        over: Mapping[UUID, UUID] = MappingProxyType({}),
    ) -> "_Begun":
        """Put the runs of a sequence on record, inside a transaction, in place of those in its way if so wanted."""
        clashing = clash(tasks, self._store.runs.unfinished(), self._launching)
        if clashing and (refusal := skipped_by(overlap, clashing)):
            return _Begun(refusal=refusal)
        runs = runs_of(job, tasks, due, trigger)
        begun = _Begun([run.model_copy(update={"restarted_from": over.get(run.task_id)}) for run in runs])
        if clashing and overlap is Overlap.REPLACE:
            reason = f"replaced by a run that was due at {due.isoformat(timespec='seconds')}"
            for run in clashing.runs:
                execution = self._store.runs.execution(run.id)
                if run.status is RunStatus.RUNNING and execution:
                    stopping = execution.model_copy(update={"stop_requested": True, "stop_reason": reason})
                    self._store.runs.put_execution(run.id, stopping)
                    begun.stopping.append(run)
                else:
                    begun.settled += self._settle(run, stopped(reason), breaks=False)
        self._add(job, begun.runs)
        return begun

    def _carry_on(self, job: Job, begun: "_Begun") -> None:
        """What follows once the beginning is on record."""
        for run in begun.stopping:
            self._launcher.stop(run.id)
        self._tell(job.id, *begun.settled, *begun.runs)

    def _skip(self, task: Task, first: datetime, last: datetime, reason: SkipReason, detail: str) -> None:
        self._store.skipped.add(Skipped(task.id, first, last, reason, detail, self._clock()))

    def _start_eligible(self, now: datetime) -> datetime | None:
        """Start what may start; returns when the next running hours begin that a run waits for."""
        unfinished = self._store.runs.unfinished()
        if all(run.status is RunStatus.RUNNING or run.id in self._launching for run in unfinished):
            return None
        runs = self._with_launching(unfinished)
        keys = self._keys(runs)
        taken = self._occupancy(runs, keys)
        openings = []
        for run in unfinished:
            if run.id in taken.live:
                continue
            by = held(run, keys[run.id], partial(self._opens, run, now), taken)
            if by is None:
                taken.take(run, keys[run.id])
                self._launch(run, keys[run.id])
            elif by.until:
                openings.append(by.until)
        return min(openings, default=None)

    def _keys(self, runs: Iterable[Run]) -> dict[UUID, str]:
        """By run, the key of the directory in which it works or is to; its job may have been given another since."""
        of_jobs: dict[UUID, str] = {}
        for run in runs:
            if run.id not in self._places and run.job_id not in of_jobs:
                job = self._store.jobs.get(run.job_id)
                of_jobs[run.job_id] = self._exclusion(job) if job else ""
        return {run.id: self._places.get(run.id) or of_jobs[run.job_id] for run in runs}

    def _with_launching(self, unfinished: list[Run]) -> list[Run]:
        """With those that were replaced as they were launched: ended on record, and at work all the same."""
        known = {run.id for run in unfinished}
        return [*unfinished, *(run for run in self._launching.values() if run.id not in known)]

    def _occupancy(self, unfinished: list[Run], keys: Mapping[UUID, str]) -> Occupancy:
        live = {run.id for run in unfinished if run.status is RunStatus.RUNNING} | self._launching.keys()
        return occupancy(self._store.settings().max_concurrent_runs, unfinished, live, keys)

    def _opens(self, run: Run, now: datetime) -> datetime | None:
        """When the running hours of a run's task begin; they are no matter to what a person asks for."""
        task = self._store.tasks.get(run.task_id) if run.trigger in (Trigger.SCHEDULE, Trigger.SEQUENCE) else None
        try:
            return opens(task, now) if task else None
        except ScheduleError:
            return None  # its zone is gone, and a run that waits for ever helps nobody

    def _launch(self, run: Run, place: str) -> None:
        order = self._order(run)
        if order is None:
            self.ended(run.id, not_started("its task, its job or its profile is gone"))
            return
        self._launching[run.id] = run
        self._places[run.id] = place
        self._launcher.launch(order, self)

    def _order(self, run: Run) -> Order | None:
        task = self._store.tasks.get(run.task_id)
        job = self._store.jobs.get(run.job_id)
        if task is None or job is None:
            return None
        profile_id = task.profile or job.profile
        profile = self._store.profiles.get(profile_id) if profile_id else None
        if profile_id and profile is None and run.status is RunStatus.UPCOMING:
            return None
        resumes = task.session_mode is SessionMode.RESUME
        earlier = self._store.runs.newest(20, task_id=task.id) if resumes else []
        return Order(
            run=run,
            task=task,
            job=job,
            profile=profile,
            settings=self._store.settings(),
            last_session=next((run for run in earlier if run.session_id), None),
        )

    # What a person asks for

    def run_task(self, task: Task) -> Run:
        """Run one task now, enabled or not.

        Raises:
            Refused: when a run of it has not ended.
        """
        job = self._job_of(task)
        return self._request(job, [task], Trigger.TASK, policy(task, job))[0]

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
        return self._request(job, enabled, Trigger.JOB, job.overlap)

    def restart(self, run: Run) -> list[Run]:
        """Do a run over now, and after it those that followed it in its sequence.

        Tasks that have since been deleted, disabled or moved to another job are left out, but for the run's own.

        Raises:
            Refused: when it has not ended, or a run of one of the tasks has not.
        """
        if not run.status.ended:
            raise Refused(
                f"run {run.id} is {run.status.value}; wait for it, or stop it with: ccsched runs stop {run.id}"
            )
        task = self._store.tasks.get(run.task_id)
        if task is None:
            raise Refused(f"the task of run {run.id} is gone")
        job = self._job_of(task)
        over = {task.id: run.id}
        tasks = [task]
        for later in self._store.runs.sequence(run.sequence_id) if run.sequence_id else []:
            follower = self._store.tasks.get(later.task_id)
            if later.sequence_position <= run.sequence_position or follower is None:
                continue
            if follower.enabled and follower.job_id == job.id:
                tasks.append(follower)
                over[follower.id] = later.id
        return self._request(job, tasks, Trigger.RESTART, job.overlap, over)

    def _request(
        self, job: Job, tasks: list[Task], trigger: Trigger, overlap: Overlap, over: Mapping[UUID, UUID] | None = None
    ) -> list[Run]:
        """``over`` has, by task, the runs that are done over."""
        with self._store.transaction():
            begun = self._begin(job, tasks, self._clock(), trigger, overlap, over or {})
        if begun.refusal:
            raise Refused(begun.refusal)
        log.info("asked for", job=job.name, tasks=[task.name for task in tasks])
        self._carry_on(job, begun)
        return begun.runs

    def stop_run(self, run: Run) -> None:
        """End a run and the sequence it is part of; one that has not started never will.

        Raises:
            Refused: when it has ended already.
        """
        if run.status.ended:
            raise Refused(f"run {run.id} has ended already: {run.status.value}")
        if run.status is RunStatus.UPCOMING and run.id not in self._launching:
            self.ended(run.id, stopped())
            return
        if run.status is RunStatus.RUNNING:
            execution = self._store.runs.execution(run.id)
            if execution and not execution.stop_requested:
                with self._store.transaction():
                    self._store.runs.put_execution(run.id, execution.model_copy(update={"stop_requested": True}))
        self._unwanted.add(run.id)
        log.info("stopping", **_about(run))
        self._launcher.stop(run.id)

    def stop_job(self, job: Job) -> list[Run]:
        """End every run of a job that has not ended; returns them. Those that live end a little later."""
        # By its tasks, too, for one may have come from another job with a run under way, or have gone to one.
        tasks = {task.id for task in self._store.tasks.of_job(job.id)}
        unfinished = [run for run in self._store.runs.unfinished() if run.task_id in tasks or run.job_id == job.id]
        waiting = [run for run in unfinished if run.status is RunStatus.UPCOMING and run.id not in self._launching]
        with self._store.transaction():
            for run in waiting:
                self._settle(run, stopped())
        self._tell(job.id, *(ended for run in waiting if (ended := self._store.runs.get(run.id))))
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
            and not _asked_for_by_itself(run)
            and run.id not in self._launching
        ]
        with self._store.transaction():
            for run in runs:
                self._settle(run, not_started("its task was disabled", RunStatus.CANCELLED), breaks=False)
        self._tell(task.job_id, *(ended for run in runs if (ended := self._store.runs.get(run.id))))

    def with_progress(self, run: Run) -> Run:
        """A run as it is this moment: a live one with what its stream has shown so far."""
        progress = self._progress.get(run.id)
        if progress is None or run.status is not RunStatus.RUNNING:
            return run
        return run.model_copy(
            update={"num_turns": progress.num_turns, "session_id": progress.session_id or run.session_id}
        )

    def why(self, task: Task, watching: str | None = None) -> Why:
        """Why a task is not running, and what will change that; ``watching`` is what is to be said of its watch."""
        unfinished = self._store.runs.unfinished()
        own = [run for run in unfinished if run.task_id == task.id]
        for run in own:
            if run.status is RunStatus.RUNNING:
                return Why("running", f"it is running: run {str(run.id)[:8]} started at", run.start_time, run.id)
        if own:
            runs = self._with_launching(unfinished)
            keys = self._keys(runs)
            taken = self._occupancy(runs, keys)
            starting = own[0].id in self._launching
            opens = partial(self._opens, own[0], self._clock())
            return of_run(own[0], None if starting else held(own[0], keys[own[0].id], opens, taken), taken.live)
        tasks = ordered(self._job_of(task), self._store.tasks.of_job(task.job_id))
        before = [each for each in tasks[: tasks.index(task)] if each.enabled]
        return of_idle(task, self._store.schedules.get(task.id), before, watching)

    # What becomes of runs: the launcher reports here

    def launched(self, run_id: UUID, launched: Launched) -> bool:
        """Put ``running`` on record; the agent starts only after this returns True."""
        run = self._store.runs.get(run_id)
        if run is None or run.status is not RunStatus.UPCOMING or run_id in self._unwanted:
            return False
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
            self._store.runs.put_execution(run_id, launched.execution)
        self._launching.pop(run_id, None)
        log.info("started", **_about(run), pid=launched.execution.supervisor_pid)
        self._tell(None, started)
        return True

    def progressed(self, run_id: UUID, progress: Progress) -> None:
        """Something new was seen of a live run."""
        self._progress[run_id] = progress
        self._events.tell(Progressed(run_id, progress))

    def ended(self, run_id: UUID, ending: Ending) -> None:
        """Put the end of a run on record, and with it what that means for its sequence, task and job."""
        run = self._store.runs.get(run_id)
        if run is not None and not run.status.ended:
            execution = self._store.runs.execution(run_id)
            if execution and execution.stop_reason and ending.outcome is Outcome.STOPPED:
                ending = replace(ending, errors=[*ending.errors, execution.stop_reason])
            with self._store.transaction():
                settled = self._settle(run, ending)
            log.info("ended", **_about(run), status=ending.status.value, outcome=ending.outcome.value)
            self._tell(run.job_id, *settled)
            self._events.tell(Over(run, ending.tool_times))
        self._forget(run_id)

    def never_started(self, run_id: UUID) -> None:
        """Back to ``upcoming``: the agent was certainly not started, so starting it is not a second time."""
        run = self._store.runs.get(run_id)
        execution = self._store.runs.execution(run_id)
        if run_id in self._unwanted or (execution and execution.stop_requested):
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
            log.info("its agent was never started; it starts again", **_about(run))
            self._tell(None, again)
        self._forget(run_id)

    def _forget(self, run_id: UUID) -> None:
        self._launching.pop(run_id, None)
        self._places.pop(run_id, None)
        self._unwanted.discard(run_id)
        self._progress.pop(run_id, None)

    # The record

    def _settle(self, run: Run, ending: Ending, breaks: bool = True) -> list[Run]:
        """Record one end, and what it means for its sequence, its task and its job."""
        sequence = self._store.runs.sequence(run.sequence_id) if run.sequence_id else []
        settled = settle(run, ending, sequence, self._clock(), breaks)
        for each in settled:
            self._store.runs.put(each)
            self._store.runs.put_execution(each.id, None)
            task = self._store.tasks.get(each.task_id)
            if task:
                self._store.tasks.put(task.model_copy(update={"last_run_status": each.status}))
        job = self._store.jobs.get(run.job_id)
        if job:
            known = {each.id: each for each in [*sequence, *settled]}
            self._store.jobs.put(job.model_copy(update={"status": job_status(known.values())}))
        return settled

    def _add(self, job: Job, runs: list[Run]) -> None:
        for run in runs:
            self._store.runs.put(run)
        if runs:
            self._store.jobs.put(job.model_copy(update={"status": job_status(runs)}))

    def _job_of(self, task: Task) -> Job:
        job = self._store.jobs.get(task.job_id)
        if job is None:
            raise Refused(f"the job of task {task.name!r} is gone")
        return job

    def _tell(self, job_id: UUID | None, *runs: Run) -> None:
        self._events.tell(*(Changed("run", run) for run in runs))
        job = self._store.jobs.get(job_id) if job_id and runs else None
        if job:
            self._events.tell(Changed("job", job))


def _machine_zone() -> ZoneInfo | None:
    """The machine's own zone; the same object as long as it is the same zone, None where it cannot be read."""
    try:
        return find_zone(None)
    except ScheduleError:
        return None


def _asked_for_by_itself(run: Run) -> bool:
    return run.trigger is Trigger.TASK or (run.trigger is Trigger.RESTART and run.sequence_position == 0)


def _about(run: Run) -> dict[str, str]:
    return {"job": run.job_name, "task": run.task_name, "run": str(run.id)}
