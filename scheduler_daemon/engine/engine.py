"""The scheduler: makes runs of due times, starts those that may start, and knows why the others do not."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from uuid import UUID

import structlog

from scheduler_daemon.engine.beginnings import Beginnings
from scheduler_daemon.engine.eligibility import Occupancy, held, occupancy
from scheduler_daemon.engine.events import Events
from scheduler_daemon.engine.ledger import Ledger
from scheduler_daemon.engine.planner import CORRECTION, Planner
from scheduler_daemon.engine.reports import Reports
from scheduler_daemon.engine.requests import Requests
from scheduler_daemon.engine.restored import let_go
from scheduler_daemon.engine.sequence import ordered
from scheduler_daemon.engine.settlement import given_up, interrupted, not_started
from scheduler_daemon.engine.underway import Underway, about
from scheduler_daemon.engine.waiting import Waiting
from scheduler_daemon.engine.why import Why, of_idle, of_live, of_run
from scheduler_daemon.model.enums import RunStatus, SessionMode
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.run.order import Launcher, Order
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
        self._clock = clock
        self._exclusion = exclusion
        self._underway = Underway()
        self._last_look = clock()
        self._zones = zones
        self._known_zones = zones()
        self._failing: set[UUID] = set()
        """Tasks that are due and whose schedule cannot be read just now."""
        self.planner = Planner(store, clock, zones)
        self._ledger = ledger = Ledger(store, events, clock)
        self._beginnings = Beginnings(store, ledger, self.planner, clock, self._underway.launching, launcher.stop)
        self.reports = Reports(store, ledger, events, self._underway, clock)
        """Where the launcher tells what becomes of runs."""
        self.requests = Requests(store, ledger, self._beginnings, self._underway, self.reports.ended, launcher.stop)
        """What a person asks for."""

    def start(self) -> None:
        """Take over what the daemon before this one left: its live runs and its due times."""
        self.replan()
        let_go(self._store, self._ledger, self.planner, self._clock)
        for run in self._store.runs.unfinished():
            if run.status is not RunStatus.RUNNING:
                continue
            execution = self._store.runs.execution(run.id)
            order = self._order(run, execution)
            if execution is None or order is None:
                self.reports.ended(run.id, interrupted("its task, or the record of its process, is missing"))
            else:
                log.info("taking over a run", **about(run), pid=execution.supervisor_pid)
                place = JobWorkingDirectory(path=execution.directory)  # its job may have another by now
                self._underway.places[run.id] = self._exclusion(
                    order.job.model_copy(update={"working_directory": place})
                )
                self._launcher.adopt(order, execution, self.reports)

    def replan(self) -> None:
        """Bring every due time in line with its task, after tasks were changed behind the engine's back."""
        with self._store.transaction():
            self.planner.plan_all()
        for task_id in {run.task_id for run in self._store.runs.unfinished()}:
            task = self._store.tasks.get(task_id)
            if task and not task.enabled:
                self.requests.release(task)

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
        live = sum(run.status is RunStatus.RUNNING or run.id in self._underway.launching for run in runs)
        if live == len(runs) or live >= self._store.settings().max_concurrent_runs or self._underway.closing:
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
                self.reports.ended(run.id, given_up(f"{by.detail} has reached its usage limit", by.until))
            elif by.until:
                openings.append(by.until)
        return min(openings, default=None)

    def _keys(self, runs: Iterable[Run]) -> dict[UUID, str]:
        """By run, the key of the directory in which it works or is to; its job may have been given another since."""
        of_jobs: dict[UUID, str] = {}
        for run in runs:
            if run.id not in self._underway.places and run.job_id not in of_jobs:
                job = self._store.jobs.get(run.job_id)
                of_jobs[run.job_id] = self._exclusion(job) if job else ""
        return {run.id: self._underway.places.get(run.id) or of_jobs[run.job_id] for run in runs}

    def _with_launching(self, unfinished: list[Run]) -> list[Run]:
        """With those that were replaced as they were launched: ended on record, and at work all the same."""
        known = {run.id for run in unfinished}
        return [*unfinished, *(run for run in self._underway.launching.values() if run.id not in known)]

    def _occupancy(self, unfinished: list[Run], keys: Mapping[UUID, str]) -> Occupancy:
        live = {run.id for run in unfinished if run.status is RunStatus.RUNNING} | self._underway.launching.keys()
        return occupancy(self._store.settings().max_concurrent_runs, unfinished, live, keys)

    def _launch(self, run: Run, place: str) -> None:
        order = self._order(run)
        if order is None:
            self.reports.ended(run.id, not_started("its task, its job or its profile is gone"))
            return
        self._underway.launching[run.id] = run
        self._underway.places[run.id] = place
        self._underway.accounts[run.id] = order.profile.id if order.profile else None
        self._launcher.launch(order, self.reports)

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

    def with_progress(self, run: Run) -> Run:
        """A run as it is this moment: a live one with what its stream has shown so far."""
        progress = self._underway.progress.get(run.id)
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
            starting = own[0].id in self._underway.launching
            waiting = Waiting(self._store, self._clock())
            by = None if starting else held(own[0], keys[own[0].id], waiting.held, taken)
            return of_run(own[0], by, taken.live)
        tasks = ordered(self.requests.job_of(task), self._store.tasks.of_job(task.job_id))
        before = [each for each in tasks[: tasks.index(task)] if each.enabled]
        return of_idle(task, self._store.schedules.get(task.id), before, watching)
