"""The scheduler: makes runs of due times and requests, starts those that may start, and records how they end."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import structlog

from scheduler_daemon.engine import Refused
from scheduler_daemon.engine.accounts import Told, learned
from scheduler_daemon.engine.beginnings import Beginnings
from scheduler_daemon.engine.continuation import Decision, continuation
from scheduler_daemon.engine.due import policy
from scheduler_daemon.engine.eligibility import Occupancy, held, occupancy
from scheduler_daemon.engine.events import Events, Final, Progressed, Stalled
from scheduler_daemon.engine.ledger import Ledger
from scheduler_daemon.engine.planner import CORRECTION, Planner
from scheduler_daemon.engine.sequence import ordered, whole_job
from scheduler_daemon.engine.settlement import given_up, interrupted, not_started, stopped
from scheduler_daemon.engine.waiting import Waiting
from scheduler_daemon.engine.why import Why, of_idle, of_live, of_run
from scheduler_daemon.model.enums import Outcome, RunStatus, SessionMode, Trigger
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.limits import AccountLimits
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.run.order import Ending, Launched, Launcher, Order, Progress
from scheduler_daemon.schedule.zone_data import zone_data
from scheduler_daemon.store.connection import StoreUnavailable
from scheduler_daemon.store.store import Store

log = structlog.get_logger()


class Engine:
    """Decides, on the clock and the record it is given. All its state but what is being launched is on record."""

    def __init__(
        self,
        store: Store,
        launcher: Launcher,
        events: Events,
        clock: Callable[[], datetime],
        exclusion: Callable[[Job], str],
        zones: Callable[[], str] = zone_data,
    ) -> None:
        """``exclusion`` gives the key of the directory that a job's runs may not share with other runs.

        ``zones`` tells the state of the time zones, by which due times are computed.
        """
        self._store = store
        self._launcher = launcher
        self._events = events
        self._clock = clock
        self._exclusion = exclusion
        self._launching: dict[UUID, Run] = {}
        """Those that were launched and are not known to have started, nor to have come to nothing."""
        self._places: dict[UUID, str] = {}
        """By run that was launched or taken over: the key of the directory in which it works."""
        self._accounts: dict[UUID, UUID | None] = {}
        """By run that was launched: the profile whose variables it gets."""
        self._closing = False
        self._unwanted: set[UUID] = set()
        self._progress: dict[UUID, Progress] = {}
        self._last_look = clock()
        self._zones = zones
        self._known_zones = zones()
        self._failing: set[UUID] = set()
        """Tasks that are due and whose schedule cannot be read just now."""
        self.planner = Planner(store, clock, zones)
        self._ledger = Ledger(store, events, clock)
        self._beginnings = Beginnings(store, self._ledger, self.planner, clock, self._launching, launcher.stop)

    # What happens by itself

    def start(self) -> None:
        """Take over what the daemon before this one left: its live runs and its due times."""
        self.replan()
        for run in self._store.runs.unfinished():
            if run.status is not RunStatus.RUNNING:
                continue
            execution = self._store.runs.execution(run.id)
            order = self._order(run, execution)
            if execution is None or order is None:
                self.ended(run.id, interrupted("its task, or the record of its process, is missing"))
            else:
                log.info("taking over a run", **_about(run), pid=execution.supervisor_pid)
                place = JobWorkingDirectory(path=execution.directory)  # its job may have another by now
                self._places[run.id] = self._exclusion(order.job.model_copy(update={"working_directory": place}))
                self._launcher.adopt(order, execution, self)

    def replan(self) -> None:
        """Bring every due time in line with its task, after tasks were changed behind the engine's back."""
        with self._store.transaction():
            self.planner.plan_all()
        for task_id in {run.task_id for run in self._store.runs.unfinished()}:
            task = self._store.tasks.get(task_id)
            if task and not task.enabled:
                self.release(task)

    def wake(self) -> datetime | None:
        """Do what is due, start what may start; returns the next instant at which the clock has something to say."""
        now = self._clock()
        if now < self._last_look - CORRECTION:
            log.warning("the clock was set back; due times are computed anew", by=str(self._last_look - now))
            self.replan()
        elif (zones := self._zones()) != self._known_zones:
            self.replan()
            log.info("other time zones; due times are computed anew", before=self._known_zones, now=zones)
            self._known_zones = zones
        self._last_look = now
        for plan in self._store.schedules.due(now):
            try:
                self._beginnings.fire(plan)
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

    def changed(self, task: Task, what: str, also: Callable[[], None]) -> None:
        """What a task watches has changed: a run of it is due now.

        ``what`` says what has changed, for the log; ``also`` writes what goes on record together with the run.
        """
        if not task.enabled:
            return
        log.info("watched files have changed", task=task.name, changes=what)
        self._beginnings.changed(task, also)

    def _start_eligible(self, now: datetime) -> datetime | None:
        """Start what may start; returns the next instant that a run waits for."""
        unfinished = self._store.runs.unfinished()
        runs = self._with_launching(unfinished)
        live = sum(run.status is RunStatus.RUNNING or run.id in self._launching for run in runs)
        if live == len(runs) or live >= self._store.settings().max_concurrent_runs or self._closing:
            return None  # the end of a live one makes the engine look again
        keys = self._keys(runs)
        taken = self._occupancy(runs, keys)
        waiting = Waiting(self._store, now)
        openings = []
        for run in unfinished:
            if run.id in taken.live:
                continue
            by = held(run, keys[run.id], waiting.held, taken)
            if by is None:
                taken.take(run, keys[run.id])
                self._launch(run, keys[run.id])
            elif by.hopeless:
                self.ended(run.id, given_up(f"{by.detail} has reached its usage limit", by.until))
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

    def _launch(self, run: Run, place: str) -> None:
        order = self._order(run)
        if order is None:
            self.ended(run.id, not_started("its task, its job or its profile is gone"))
            return
        self._launching[run.id] = run
        self._places[run.id] = place
        self._accounts[run.id] = order.profile.id if order.profile else None
        self._launcher.launch(order, self)

    def _order(self, run: Run, execution: Execution | None = None) -> Order | None:
        """What a run is launched with; with its ``execution``, what it is taken over with."""
        task = self._store.tasks.get(run.task_id)
        job = self._store.jobs.get(run.job_id)
        if task is None or job is None:
            return None
        profile_id = execution.profile if execution else task.profile or job.profile
        profile = self._store.profiles.get(profile_id) if profile_id else None
        if profile_id and profile is None and run.status is RunStatus.UPCOMING:
            return None
        earlier = self._store.runs.newest(20, task_id=task.id) if task.session_mode is SessionMode.RESUME else []
        resumed = self._store.runs.get(run.resumes) if run.resumes else None
        return Order(
            run=run,
            task=task,
            job=job,
            profile=profile,
            settings=self._store.settings(),
            last_session=next((run for run in earlier if run.session_id), None),
            resumes=resumed if resumed and resumed.session_id else None,
            carried=self._store.runs.carried(run.id),
        )

    # What a person asks for

    def run_task(self, task: Task) -> Run:
        """Run one task now, enabled or not.

        Raises:
            Refused: when a run of it has not ended.
        """
        job = self._job_of(task)
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
        job = self._job_of(task)
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
        if run.status is RunStatus.UPCOMING and run.id not in self._launching:
            self.ended(run.id, stopped())
            return
        if run.status is RunStatus.RUNNING:
            execution = self._store.runs.execution(run.id)
            if execution and (execution.stalled or not execution.stop_requested):
                with self._store.transaction():
                    wish = {"stop_requested": True, "stop_reason": reason, "stalled": False}
                    stopping = execution.model_copy(update=wish)
                    self._store.runs.put_execution(run.id, stopping)
        self._unwanted.add(run.id)
        log.info("stopping", **_about(run))
        self._launcher.stop(run.id)

    def close(self) -> None:
        """Stop all live runs, and start no more; those that were about to start are left to the next daemon."""
        self._closing = True
        for run in self._store.runs.unfinished():
            if run.status is RunStatus.RUNNING:
                self.stop_run(run, "stopped as the daemon ended, which was told to take its runs with it")

    def stop_job(self, job: Job) -> list[Run]:
        """End every run of a job that has not ended; returns them. Those that live end a little later."""
        # By its tasks, too, for one may have come from another job with a run under way, or have gone to one.
        tasks = {task.id for task in self._store.tasks.of_job(job.id)}
        unfinished = [run for run in self._store.runs.unfinished() if run.task_id in tasks or run.job_id == job.id]
        waiting = [run for run in unfinished if run.status is RunStatus.UPCOMING and run.id not in self._launching]
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
            and not _asked_for_by_itself(run)
            and run.id not in self._launching
        ]
        with self._store.transaction():
            for run in runs:
                # What continues another is not left out: the one before it has failed, and that stands now.
                ending = not_started("its task was disabled", RunStatus.CANCELLED)
                self._ledger.settle(run, ending, breaks=run.continues is not None)
        self._ledger.tell(task.job_id, *(ended for run in runs if (ended := self._store.runs.get(run.id))))

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
                return of_live(run)
        if own:
            runs = self._with_launching(unfinished)
            keys = self._keys(runs)
            taken = self._occupancy(runs, keys)
            starting = own[0].id in self._launching
            waiting = Waiting(self._store, self._clock())
            by = None if starting else held(own[0], keys[own[0].id], waiting.held, taken)
            return of_run(own[0], by, taken.live)
        tasks = ordered(self._job_of(task), self._store.tasks.of_job(task.job_id))
        before = [each for each in tasks[: tasks.index(task)] if each.enabled]
        return of_idle(task, self._store.schedules.get(task.id), before, watching)

    # What becomes of runs: the launcher reports here

    def launched(self, run_id: UUID, launched: Launched) -> bool:
        """Put ``running`` on record; the agent starts only after this returns True."""
        run = self._store.runs.get(run_id)
        if run is None or run.status is not RunStatus.UPCOMING or run_id in self._unwanted or self._closing:
            return False
        execution = launched.execution.model_copy(update={"profile": self._accounts.get(run_id)})
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
        self._launching.pop(run_id, None)
        log.info("started", **_about(run), pid=launched.execution.supervisor_pid)
        self._ledger.tell(None, started)
        return True

    def progressed(self, run_id: UUID, progress: Progress) -> None:
        """Something new was seen of a live run."""
        self._progress[run_id] = progress
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
        log.warning("the agent has not said a word", **_about(run), seconds=seconds, ends=stops)
        self._ledger.tell(None, silent)
        if not stops:
            self._events.tell(Stalled(silent, task))  # else its end is told of soon
        return stops

    def ended(self, run_id: UUID, ending: Ending) -> None:
        """Put the end of a run on record, and with it what that means for its sequence, task and job."""
        run = self._store.runs.get(run_id)
        if run is not None and run.status is RunStatus.UPCOMING and self._closing and run_id in self._launching:
            log.info("not started any more; the next daemon starts it", **_about(run))
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
            log.info("ended", **_about(run), status=ending.status.value, outcome=ending.outcome.value)
            new = [continued] if continued else []
            self._ledger.tell(run.job_id, *settled, *new, tool_times=ending.tool_times)
            if task and continued is None:
                self._events.tell(Final(settled[0], task))
        self._forget(run_id)

    def _stopping(self, run_id: UUID, execution: Execution | None) -> bool:
        """Whether a run is to end because somebody wants it to."""
        return run_id in self._unwanted or bool(execution and execution.stop_requested and not execution.stalled)

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
            if task and (task.enabled or _asked_for_by_itself(run)) and not self._stopping(run.id, execution):
                return continuation(run, task, ending, self._store.settings(), limits, now)
        elif task and (task.enabled or _asked_for_by_itself(run)) and ending.outcome is not Outcome.USAGE_LIMIT:
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
            self._ledger.tell(None, again)
        self._forget(run_id)

    def _forget(self, run_id: UUID) -> None:
        self._launching.pop(run_id, None)
        self._places.pop(run_id, None)
        self._accounts.pop(run_id, None)
        self._unwanted.discard(run_id)
        self._progress.pop(run_id, None)

    def _job_of(self, task: Task) -> Job:
        job = self._store.jobs.get(task.job_id)
        if job is None:
            raise Refused(f"the job of task {task.name!r} is gone")
        return job


def _asked_for_by_itself(run: Run) -> bool:
    """Whether a person asked for just this run, or for the first of those that it continues."""
    trigger = run.first_trigger or run.trigger
    return trigger is Trigger.TASK or (trigger is Trigger.RESTART and run.sequence_position == 0)


def _about(run: Run) -> dict[str, str]:
    return {"job": run.job_name, "task": run.task_name, "run": str(run.id)}
