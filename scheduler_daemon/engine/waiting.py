"""What keeps a run waiting that is no other run: its time, its running hours, the limits of its account, money."""

from datetime import datetime, timedelta
from uuid import UUID

from scheduler_daemon.engine import accounts
from scheduler_daemon.engine.continuation import longest_wait, patience
from scheduler_daemon.engine.eligibility import Held, Hold
from scheduler_daemon.engine.hours import opens
from scheduler_daemon.model.enums import Trigger
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.limits import AccountLimits
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.schedule import ScheduleError
from scheduler_daemon.store.store import Store

_BY_ITSELF = (Trigger.SCHEDULE, Trigger.SEQUENCE)


class Waiting:
    """For one look at the runs: what is read of the record is read once."""

    def __init__(self, store: Store, now: datetime) -> None:
        self._store = store
        self._now = now
        self._settings = store.settings()
        self._limits: dict[UUID | None, AccountLimits] = {}
        self._costs: dict[tuple[UUID | None, UUID | None], datetime | None] = {}

    def held(self, run: Run) -> Held | None:
        """What a run waits for, or None."""
        task = self._store.tasks.get(run.task_id)
        job = self._store.jobs.get(run.job_id)
        if task is None or job is None:
            return None  # it is started, and comes to nothing with a word on why
        if run.trigger is Trigger.RETRY and self._now < run.scheduled_time <= self._now + longest_wait(task.retry):
            return Held(Hold.TIME, until=run.scheduled_time, detail="its next try")
        by_itself = (run.first_trigger or run.trigger) in _BY_ITSELF
        if by_itself and (until := self._opens(task)):
            return Held(Hold.HOURS, until=until)
        profile = task.profile or job.profile
        return (self._limited(run, task, profile, by_itself) if task.wait_for_limit else None) or self._costly(
            job, profile
        )

    def _opens(self, task: Task) -> datetime | None:
        """When the running hours of a task begin."""
        try:
            return opens(task, self._now)
        except ScheduleError:
            return None  # its zone is gone, and a run that waits for ever helps nobody

    def _limited(self, run: Run, task: Task, profile: UUID | None, by_itself: bool) -> Held | None:
        if profile not in self._limits:
            self._limits[profile] = self._store.limits.get(profile)
        limits = self._limits[profile]
        if until := accounts.held_until(limits, task.model, self._now):
            # A run that waits for the reset has counted that already.
            begin = max(self._now, run.scheduled_time) if run.trigger is Trigger.LIMIT_RESET else self._now
            waited = timedelta(seconds=run.limit_waited) + max(until - begin, timedelta(0))
            hopeless = waited > patience(task, self._settings)
            return Held(Hold.LIMIT, until=until, detail=self._name(profile), hopeless=hopeless)
        if by_itself and (reserved := accounts.reserved_until(limits, task.model, self._settings.reserve, self._now)):
            until, used = reserved
            return Held(Hold.RESERVE, until=until, detail=f"{self._name(profile)}: {used}")
        return None

    def _costly(self, job: Job, profile_id: UUID | None) -> Held | None:
        profile = self._store.profiles.get(profile_id) if profile_id else None
        holds = [
            (self._spent(None, None, self._settings.max_usd_per_day), "all runs"),
            (self._spent(job.id, None, job.max_usd_per_day), f"the runs of job {job.name!r}"),
            *self._of_profile(profile),
        ]
        until = max(((until, whose) for until, whose in holds if until), default=None)
        return Held(Hold.COST, until=until[0], detail=until[1]) if until else None

    def _of_profile(self, profile: Profile | None) -> list[tuple[datetime | None, str]]:
        if profile is None:
            return []
        return [(self._spent(None, profile.id, profile.max_usd_per_day), f"the runs with profile {profile.name!r}")]

    def _spent(self, job: UUID | None, profile: UUID | None, limit: float | None) -> datetime | None:
        """When less than a limit was spent in the 24 hours before; None if that is so already, or there is none."""
        if limit is None:
            return None
        if (job, profile) not in self._costs:
            spent = self._store.spending.since(self._now - accounts.DAY, self._now, job_id=job, profile_id=profile)
            self._costs[job, profile] = accounts.below(spent, limit)
        return self._costs[job, profile]

    def _name(self, profile_id: UUID | None) -> str:
        profile = self._store.profiles.get(profile_id) if profile_id else None
        return f"profile {profile.name!r}" if profile else "no profile"
