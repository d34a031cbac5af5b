"""``daemon.*``: the daemon itself."""

import asyncio
import os
import platform
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from scheduler_daemon import __version__
from scheduler_daemon.control import Json
from scheduler_daemon.control.methods.scheduler import scheduled
from scheduler_daemon.control.methods.translation import add
from scheduler_daemon.control.origin import started_by
from scheduler_daemon.control.registry import Caller, NoParams, Params, Registry
from scheduler_daemon.engine import accounts
from scheduler_daemon.engine.engine import Engine
from scheduler_daemon.home import Home
from scheduler_daemon.installed import installed_version
from scheduler_daemon.model.enums import JobStatus, RunStatus
from scheduler_daemon.model.record import instant_text, now
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.store.face import Intake
from scheduler_daemon.store.migrations import LATEST
from scheduler_daemon.store.store import Store

DAY = timedelta(days=1)
SOONEST = 5
"""How many due times ``daemon.state`` names."""


class StopDaemon(Params):
    """What becomes of the live runs; they go on if it is not said."""

    stop_runs: bool = False


class DaemonMethods:
    """The methods about the daemon."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        home: Home,
        started_at: datetime,
        reload: Callable[[], Intake],
        stop: Callable[[bool], float],
        agent_version: Callable[[Sequence[str]], str | None],
    ) -> None:
        """Methods of one daemon.

        Args:
            store: its record.
            engine: what it does.
            home: its files.
            started_at: when it was started.
            reload: takes in what was edited.
            stop: has it end, with its live runs or without them; gives the seconds that the runs may take.
            agent_version: is asked in a thread: it may take its time.
        """
        self._agent_version = agent_version
        self._store = store
        self._engine = engine
        self._home = home
        self._started_at = started_at
        self._reload = reload
        self._stop = stop

    def register(self, registry: Registry) -> None:
        """Add them all."""
        add(registry, "daemon.health", NoParams, self.health, summary="Is the daemon there, and is its record?")
        add(registry, "daemon.state", NoParams, self.state, summary="Everything at a glance")
        add(registry, "daemon.reload", NoParams, self.reload, summary="Take in what was edited in the JSON files")
        add(registry, "daemon.stop", StopDaemon, self.stop, summary="End the daemon, and its live runs if asked to")

    async def health(self, params: NoParams, caller: Caller) -> Json:
        """Fails where the record cannot be read."""
        return {
            "status": "ok",
            **self._who(),
            "started_at": instant_text(self._started_at),
            "live_runs": self._store.runs.live(),
        }

    async def state(self, params: NoParams, caller: Caller) -> Json:
        """Counts, live runs and the next due times."""
        jobs = self._store.jobs.all()
        by_status = Counter(job.status for job in jobs)
        tasks = self._store.tasks.all()
        counts = self._store.runs.counts()
        settings = self._store.settings()
        live = [run for run in self._store.runs.unfinished() if run.status is RunStatus.RUNNING]
        today = now()
        return {
            **self._who(),
            "jobs": {"total": len(jobs), **{status.value: by_status[status] for status in JobStatus}},
            "tasks": {"total": len(tasks), "enabled": sum(task.enabled for task in tasks)},
            "runs": {status.value: counts.get(status, 0) for status in RunStatus},
            "live": [self._engine.with_progress(run).to_dict() for run in live],
            "next_due": scheduled(self._store, self._store.schedules.all()[:SOONEST]),
            "limits": {
                "max_concurrent_runs": settings.max_concurrent_runs,
                "time_limit": settings.time_limit,
                "stop_grace": settings.stop_grace,
            },
            "accounts": self._accounts(),
            "spent": self._spent(settings, today),
            "versions": await self._versions(settings),
        }

    def _spent(self, settings: Settings, today: datetime) -> Json:
        """What all runs of the last 24 hours have cost, and those of each job and profile that has a limit."""
        spending, since = self._store.spending, today - DAY
        limited: list[Json] = []
        for job in self._store.jobs.all():
            if job.max_usd_per_day is not None:
                spent = spending.since(since, today, job_id=job.id)
                limited.append({"kind": "job", "name": job.name, **_against(spent, job.max_usd_per_day)})
        for profile in self._store.profiles.all():
            if profile.max_usd_per_day is not None:
                spent = spending.since(since, today, profile_id=profile.id)
                limited.append({"kind": "profile", "name": profile.name, **_against(spent, profile.max_usd_per_day)})
        everything = _against(spending.since(since, today), settings.max_usd_per_day)
        return {"last_24_hours_usd": everything.pop("usd"), **everything, "limits": limited}

    def _accounts(self) -> list[Json]:
        """What is known of the usage limits of each profile's account, as far as it still counts."""
        names = {profile.id: profile.name for profile in self._store.profiles.all()}
        today = now()
        found: list[Json] = []
        for profile_id, limits in self._store.limits.all().items():
            windows = [window for window in limits.windows if window.resets_at is None or window.resets_at > today]
            held_until = limits.held_until if limits.held_until and limits.held_until > today else None
            if windows or held_until:
                found.append(
                    {
                        "profile_id": str(profile_id) if profile_id else None,
                        "profile_name": names.get(profile_id) if profile_id else None,
                        "held_until": instant_text(held_until) if held_until else None,
                        "windows": [window.to_dict() for window in windows],
                    }
                )
        return found

    async def _versions(self, settings: Settings) -> dict[str, Json]:
        return {
            "ccsched": __version__,
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "record": LATEST,
            "agent": await asyncio.to_thread(self._agent_version, settings.agent_command),
        }

    async def reload(self, params: NoParams, caller: Caller) -> Json:
        """Does at once what the daemon does by itself within seconds."""
        intake = self._reload()
        return {
            "taken": list(intake.taken),
            "changes": intake.counts(),
            "rejected": [{"file": each.file, "problem": each.problem} for each in intake.rejected],
        }

    async def stop(self, params: StopDaemon, caller: Caller) -> Json:
        """Answers at once; ``patience`` is the seconds that live runs may take to end."""
        return {**self._who(), "live_runs": self._store.runs.live(), "patience": self._stop(params.stop_runs)}

    def _who(self) -> dict[str, Json]:
        return {
            "version": __version__,
            "installed_version": installed_version(),
            "started_by": started_by(self._home),
            "pid": os.getpid(),
            "home": str(self._home.path),
            "uptime_seconds": round((now() - self._started_at).total_seconds(), 3),
        }


def _against(spent: Sequence[tuple[datetime, float]], limit: float | None) -> dict[str, Json]:
    """What was spent, what may be, and until when new runs wait if that is reached."""
    held_until = None if limit is None else accounts.below(spent, limit)
    return {
        "usd": sum(usd for _, usd in spent),
        "limit_usd": limit,
        "held_until": instant_text(held_until) if held_until else None,
    }
